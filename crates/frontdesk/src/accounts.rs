//! The phones' secrets: `<data>/accounts.toml`, made by the desk, readable by its user alone.
//!
//! A phone that is listed in the settings and has no secret yet gets a password, which is shown once and
//! never kept: the file holds only HA1, `H(user:realm:password)` with MD5 and SHA-256 (RFC 7616 §3.4.2). An HA1
//! is bound to its realm, so a phone whose HA1 was made for another one cannot register; that is said, and
//! what to do about it. A phone with a `password_file` takes its password from there at each start, and
//! nothing of it is kept.

mod password;
mod stored;

use crate::settings::PhoneSettings;
use frontdesk_sip_stack::{Account, ha1};
use password::new_password;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use stored::StoredAccount;

/// The file's name in the data folder.
pub const ACCOUNTS_FILE: &str = "accounts.toml";
/// The longest password file that is read.
const PASSWORD_BYTES_MAX: usize = 256;

/// Why the phones' secrets cannot be had. Each is the operator's to mend and says how.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountsFault {
    /// The file cannot be read or written.
    #[error("{} cannot be used: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Others may read the file.
    #[error("{} can be read by others (mode {mode:o}): run `chmod 600 {}`", path.display(), path.display())]
    TooOpen {
        /// Which.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file is damaged.
    #[error("{} is damaged ({why}): restore it, or remove it so that every phone gets a new password", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Secrets were made for another realm.
    #[error("the passwords of {} were made for the realm `{made_for}` and do not fit `{realm}`: set `realm = \"{made_for}\"` in `[sip]` again, or run `frontdesk phones reset <number>` for each", phones.join(", "))]
    RealmChanged {
        /// The phones' numbers.
        phones: Vec<String>,
        /// The realm of one of them.
        made_for: String,
        /// The realm of the settings.
        realm: String,
    },
    /// A password file that holds none.
    #[error("{} of phone {phone} must hold a password of 1 to 256 bytes in its first line", path.display())]
    NoPassword {
        /// The phone's number.
        phone: String,
        /// The file.
        path: PathBuf,
    },
    /// The password stands in a file of the operator's.
    #[error("the password of phone {phone} stands in {}: change it there", path.display())]
    OwnedByFile {
        /// The phone's number.
        phone: String,
        /// The file.
        path: PathBuf,
    },
    /// A number that no phone has.
    #[error("no phone {phone} is listed in the settings")]
    NoSuchPhone {
        /// The number.
        phone: String,
    },
}

/// A password that was just made: to be shown once. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct NewPassword {
    /// The user name to register with: the phone's number.
    pub account: String,
    /// The phone's name for people.
    pub name: String,
    /// The password.
    pub password: String,
}

impl std::fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewPassword").field("account", &self.account).finish_non_exhaustive()
    }
}

/// The phones' secrets.
#[derive(Debug)]
pub struct Accounts {
    file: PathBuf,
    realm: String,
    /// What the file holds, also of phones that are not listed any more: they may come back.
    stored: BTreeMap<String, StoredAccount>,
    /// What password files gave; never written.
    given: BTreeMap<String, Account>,
}

impl Accounts {
    /// Reads the file in the data folder; a folder without one has no secrets yet.
    ///
    /// # Errors
    /// The file cannot be read, is damaged, or others may read it.
    pub fn load(data: &Path, realm: &str) -> Result<Accounts, AccountsFault> {
        let file = data.join(ACCOUNTS_FILE);
        let stored = stored::load(&file)?;
        Ok(Accounts { file, realm: realm.to_owned(), stored, given: BTreeMap::new() })
    }

    /// Gives every listed phone a secret: from its password file, from the accounts file, or a new one. The
    /// new passwords are returned for showing once. `chance` fills bytes from the system's generator.
    ///
    /// # Errors
    /// A password file without a password, secrets of another realm, or a file that cannot be written;
    /// nothing is changed then.
    pub fn provide(
        &mut self,
        phones: &[PhoneSettings],
        chance: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Vec<NewPassword>, AccountsFault> {
        let mut given = BTreeMap::new();
        let mut stored = self.stored.clone();
        let (mut elsewhere, mut new) = (Vec::new(), Vec::new());
        for phone in phones {
            let number = phone.number.as_str();
            if let Some(file) = &phone.password_file {
                let password = read_password(number, file)?;
                given.insert(number.to_owned(), ha1(number, &self.realm, &password));
            } else if let Some(known) = stored.get(number) {
                if known.realm != self.realm {
                    elsewhere.push((number.to_owned(), known.realm.clone()));
                }
            } else {
                let made = make(phone, &self.realm, chance);
                stored.insert(number.to_owned(), made.1);
                new.push(made.0);
            }
        }
        if let Some((_, made_for)) = elsewhere.first().cloned() {
            let phones = elsewhere.into_iter().map(|(number, _)| number).collect();
            return Err(AccountsFault::RealmChanged { phones, made_for, realm: self.realm.clone() });
        }
        if !new.is_empty() {
            stored::save(&self.file, &stored)?;
        }
        self.stored = stored;
        self.given = given;
        Ok(new)
    }

    /// Makes a new password for a listed phone; the old one is good no more once the desk is started again.
    ///
    /// # Errors
    /// No such phone, a phone with a password file, or a file that cannot be written.
    pub fn reset(
        &mut self,
        number: &str,
        phones: &[PhoneSettings],
        chance: &mut dyn FnMut(&mut [u8]),
    ) -> Result<NewPassword, AccountsFault> {
        let listed = phones.iter().find(|phone| phone.number.as_str() == number);
        let phone = listed.ok_or_else(|| AccountsFault::NoSuchPhone { phone: number.to_owned() })?;
        if let Some(path) = phone.password_file.clone() {
            return Err(AccountsFault::OwnedByFile { phone: number.to_owned(), path });
        }
        let (new, secret) = make(phone, &self.realm, chance);
        let mut stored = self.stored.clone();
        stored.insert(number.to_owned(), secret);
        stored::save(&self.file, &stored)?;
        self.stored = stored;
        Ok(new)
    }

    /// The secret of an account, if it fits the realm.
    pub fn secret(&self, account: &str) -> Option<Account> {
        let stored = || self.stored.get(account).filter(|stored| stored.realm == self.realm);
        self.given.get(account).cloned().or_else(|| stored().map(|stored| stored.account.clone()))
    }
}

fn make(
    phone: &PhoneSettings,
    realm: &str,
    chance: &mut dyn FnMut(&mut [u8]),
) -> (NewPassword, StoredAccount) {
    let account = phone.number.as_str().to_owned();
    let password = new_password(chance);
    let secret = StoredAccount { realm: realm.to_owned(), account: ha1(&account, realm, &password) };
    (NewPassword { account, name: phone.name.clone(), password }, secret)
}

fn read_password(phone: &str, path: &Path) -> Result<String, AccountsFault> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| AccountsFault::File { path: path.to_owned(), source })?;
    // The end of the line is the editor's, everything else is the password's.
    let password = text.lines().next().unwrap_or_default();
    if password.is_empty() || password.len() > PASSWORD_BYTES_MAX {
        return Err(AccountsFault::NoPassword { phone: phone.to_owned(), path: path.to_owned() });
    }
    if password::is_guessable(phone, password) {
        tracing::warn!(phone, path = %path.display(), "a password that will be guessed: take 10 letters or more");
    }
    Ok(password.to_owned())
}

#[cfg(test)]
mod tests;
