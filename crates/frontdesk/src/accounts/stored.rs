//! The accounts file: TOML, one table an account, mode 0600, replaced whole.

use super::AccountsFault;
use frontdesk_sip_stack::Account;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Larger than any desk's; a file beyond it is not ours.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A secret and the realm that it was made for.
#[derive(Debug, Clone)]
pub(super) struct StoredAccount {
    pub(super) realm: String,
    pub(super) account: Account,
}

/// The file as it is written.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    schema: u32,
    #[serde(default)]
    account: BTreeMap<String, Entry>,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    realm: String,
    ha1_md5: String,
    ha1_sha256: String,
}

const SCHEMA: u32 = 1;

pub(super) fn load(path: &Path) -> Result<BTreeMap<String, StoredAccount>, AccountsFault> {
    let unusable = |source| AccountsFault::File { path: path.to_owned(), source };
    let damaged = |why: &str| AccountsFault::Damaged { path: path.to_owned(), why: why.to_owned() };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(unusable(error)),
    };
    let mode = file.metadata().map_err(unusable)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(AccountsFault::TooOpen { path: path.to_owned(), mode });
    }
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(unusable)?;
    let document: Document = toml::from_str(&text).map_err(|error| damaged(error.message()))?;
    if document.schema != SCHEMA {
        return Err(damaged("a newer frontdesk wrote it"));
    }
    let mut accounts = BTreeMap::new();
    for (name, entry) in document.account {
        let account = from_hex(&entry.ha1_md5).zip(from_hex(&entry.ha1_sha256));
        let (ha1_md5, ha1_sha256) =
            account.ok_or_else(|| damaged("an HA1 is not written in hexadecimal digits"))?;
        let account = Account { ha1_md5, ha1_sha256 };
        accounts.insert(name, StoredAccount { realm: entry.realm, account });
    }
    Ok(accounts)
}

/// Writes the file beside its place and moves it there, so that a crash leaves the old one or the new one.
pub(super) fn save(path: &Path, accounts: &BTreeMap<String, StoredAccount>) -> Result<(), AccountsFault> {
    let unusable = |source| AccountsFault::File { path: path.to_owned(), source };
    let account = accounts.iter().map(|(name, stored)| {
        let entry = Entry {
            realm: stored.realm.clone(),
            ha1_md5: to_hex(&stored.account.ha1_md5),
            ha1_sha256: to_hex(&stored.account.ha1_sha256),
        };
        (name.clone(), entry)
    });
    let document = Document { schema: SCHEMA, account: account.collect() };
    let body = toml::to_string(&document).map_err(|error| unusable(std::io::Error::other(error)))?;
    let text = format!(
        "# Made by frontdesk: what phones prove to know. No password stands here.\n\
         # A new password for a phone: frontdesk phones reset <number>\n{body}"
    );
    write_whole(path, &text).map_err(unusable)
}

fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let beside = path.with_extension("toml.new");
    // What a crash left behind may have another mode; a new file gets ours.
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    File::open(folder)?.sync_all()
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex<const BYTES: usize>(text: &str) -> Option<[u8; BYTES]> {
    let digits = text.as_bytes();
    if digits.len() != BYTES * 2 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut bytes = [0; BYTES];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}
