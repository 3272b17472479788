//! What can be wrong with settings.

use frontdesk_directory::DirectoryFault;
use frontdesk_identifiers::{FlowId, NameError, TelephoneNumber};
use frontdesk_sip_transport::{ListenAddress, ListenAddressError};
use std::cell::RefCell;
use std::path::{Path, PathBuf};

/// One thing that is wrong with the settings. It is the operator's to mend, and says where and how.
#[derive(Debug)]
pub struct SettingsFault {
    /// The settings file.
    pub file: PathBuf,
    /// The line, from 1; absent when it is about the whole file.
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: Problem,
}

/// As compilers write it, so that editors find the place: `frontdesk.toml:12: …`.
impl std::fmt::Display for SettingsFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

impl std::error::Error for SettingsFault {}

/// What is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The file cannot be read at all.
    #[error("the settings cannot be read: {source}")]
    Unreadable {
        /// What the system says.
        source: std::io::Error,
    },
    /// It is no TOML.
    #[error("{message}")]
    Syntax {
        /// What the TOML reader says.
        message: String,
    },
    /// Nobody knows this key.
    #[error("unknown key `{key}` in {place}; {}", advice(nearest.as_deref(), known))]
    UnknownKey {
        /// The key.
        key: String,
        /// Where it stands: `[sip]`.
        place: String,
        /// The key that was probably meant.
        nearest: Option<String>,
        /// Every key that is known there.
        known: Vec<&'static str>,
    },
    /// A value of another kind.
    #[error("`{key}` must be {wanted}, and is {found}")]
    WrongKind {
        /// The key.
        key: String,
        /// What it must be.
        wanted: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// A value that breaks the key's rule.
    #[error("`{key}` cannot be `{text}`: it must be {rule}")]
    BadValue {
        /// The key.
        key: String,
        /// The value, cut to 64 characters.
        text: String,
        /// The rule.
        rule: &'static str,
    },
    /// A name that breaks the rule of its kind.
    #[error("`{key}`: {fault}")]
    BadName {
        /// The key.
        key: String,
        /// The rule.
        fault: NameError,
    },
    /// A key without which the entry means nothing.
    #[error("{place} needs `{key}`")]
    Missing {
        /// The key.
        key: &'static str,
        /// The entry: `[[phone]]`.
        place: String,
    },
    /// Several tenants, and an entry that does not say whose it is.
    #[error("{place} needs `tenant`, because more than one tenant is listed")]
    WhoseEntry {
        /// The entry.
        place: String,
    },
    /// Two files for one flow's name.
    #[error("the flow `{flow}` is `{}` already and cannot be `{}` too: rename one of the files", first.display(), second.display())]
    FlowTwice {
        /// The name.
        flow: FlowId,
        /// The file that has it.
        first: PathBuf,
        /// The file that wants it.
        second: PathBuf,
    },
    /// What cannot be listened on.
    #[error("`listen` cannot be `{text}`: {fault}")]
    BadListen {
        /// The value, cut to 64 characters.
        text: String,
        /// The rule.
        fault: ListenAddressError,
    },
    /// One address twice.
    #[error("`{address}` is listed twice in `listen`")]
    ListenTwice {
        /// The address.
        address: ListenAddress,
    },
    /// A file that the settings name.
    #[error("`{key}`: {} cannot be read: {source}", path.display())]
    UnreadableFile {
        /// The key that names it.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file that cannot serve.
    #[error("`{key}`: {} {why}", path.display())]
    BadFile {
        /// The key that names it.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        why: &'static str,
    },
    /// No profile of this name comes with the program.
    #[error("there is no profile `{name}`; {}", advice(nearest.as_deref(), known))]
    UnknownProfile {
        /// The name, cut to 64 characters.
        name: String,
        /// The profile that was probably meant.
        nearest: Option<String>,
        /// Every profile there is.
        known: Vec<&'static str>,
    },
    /// Something that only the customer knows.
    #[error("the profile of {profile} needs `{key}`")]
    ProfileNeeds {
        /// Whose profile.
        profile: String,
        /// The key.
        key: String,
    },
    /// Transports that need a certificate.
    #[error("`listen` has {address}, and [tls] names no `certificate` and `key`")]
    NoCertificate {
        /// What cannot be listened on.
        address: ListenAddress,
    },
    /// Something that contradicts itself.
    #[error("{0}")]
    Directory(DirectoryFault),
    /// A phone that nobody could register as.
    #[error("phone {number} has no password yet: run `frontdesk phones reset {number}`")]
    NoSecret {
        /// The phone.
        number: TelephoneNumber,
    },
}

fn advice(nearest: Option<&str>, known: &[&str]) -> String {
    match nearest {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("known are {}", known.join(", ")),
    }
}

/// Collects everything that is wrong with one file.
pub(super) struct Faults<'t> {
    file: &'t Path,
    text: &'t str,
    found: RefCell<Vec<SettingsFault>>,
}

impl<'t> Faults<'t> {
    pub(super) fn new(file: &'t Path, text: &'t str) -> Self {
        Faults { file, text, found: RefCell::new(Vec::new()) }
    }

    /// The line, from 1, of a byte of the text.
    pub(super) fn line(&self, byte: usize) -> usize {
        let before = self.text.as_bytes().get(..byte).unwrap_or(self.text.as_bytes());
        1 + before.iter().filter(|byte| **byte == b'\n').count()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.borrow().is_empty()
    }

    pub(super) fn push(&self, line: Option<usize>, problem: Problem) {
        let fault = SettingsFault { file: self.file.to_owned(), line, problem };
        self.found.borrow_mut().push(fault);
    }

    pub(super) fn extend(&self, faults: Vec<SettingsFault>) {
        self.found.borrow_mut().extend(faults);
    }

    pub(super) fn into_sorted(self) -> Vec<SettingsFault> {
        let mut found = self.found.into_inner();
        found.sort_by_key(|fault| fault.line);
        found
    }

    pub(super) fn into_result<T>(self, value: T) -> Result<T, Vec<SettingsFault>> {
        let found = self.into_sorted();
        if found.is_empty() { Ok(value) } else { Err(found) }
    }
}
