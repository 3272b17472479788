//! What can go wrong with kept things, whose it is, and what to do.

use frontdesk_identifiers::{CallId, TenantId};
use std::io;
use std::path::{Path, PathBuf};

/// Who can mend a fault of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Who runs the desk: settings, rights, another desk.
    Operator,
    /// The machine: a full or failing disk. It may pass by itself or with help from outside.
    Machine,
    /// The desk itself.
    Desk,
}

/// Why something could not be kept or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreFault {
    /// The data folder may not be written.
    #[error("the data folder {} cannot be written: give this user the right to it, or name another folder as `data` in `[node]`", path.display())]
    NotWritable {
        /// The folder or the file in it.
        path: PathBuf,
    },
    /// A file stands where the data folder or a folder in it should be.
    #[error("{} is a file where a folder is needed: move it away, or name another folder as `data` in `[node]`", path.display())]
    NotAFolder {
        /// The file.
        path: PathBuf,
    },
    /// Another desk uses the data folder.
    #[error("another desk{} uses the data folder {}: stop it, or name another folder as `data` in `[node]`", holder_text(holder.as_deref()), path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
        /// The other desk's process, as it wrote itself into the lock file.
        holder: Option<String>,
    },
    /// No room on the disk.
    #[error("the disk is full, so nothing can be kept in {}: make room", path.display())]
    DiskFull {
        /// The folder or file.
        path: PathBuf,
    },
    /// The disk or the file system failed.
    #[error("{} cannot be used: {source}", path.display())]
    Disk {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The tenant's file was written by a newer frontdesk, or is damaged.
    #[error("the data of tenant `{tenant}` cannot be opened ({why}): use the frontdesk that wrote it, or restore {} from a backup", path.display())]
    Unusable {
        /// Whose data.
        tenant: TenantId,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The database failed for now, such as being busy.
    #[error("the database of tenant `{tenant}` failed: {source}")]
    Database {
        /// Whose.
        tenant: TenantId,
        /// What it says.
        source: sqlx::Error,
    },
    /// A kept fact cannot be read.
    #[error("fact {number} of call {call} cannot be read: {source}")]
    UnreadableFact {
        /// Which call.
        call: CallId,
        /// Which fact.
        number: u32,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A fact cannot be written as JSON.
    #[error("a fact of call {call} cannot be written: {source}")]
    UnwritableFact {
        /// Which call.
        call: CallId,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A fact was handed to another tenant's store.
    #[error("a fact of tenant `{fact}` was handed to the store of tenant `{store}`")]
    WrongTenant {
        /// Whose store.
        store: TenantId,
        /// Whose fact.
        fact: TenantId,
    },
}

fn holder_text(holder: Option<&str>) -> String {
    holder.map(|holder| format!(" (process {holder})")).unwrap_or_default()
}

impl StoreFault {
    /// Whose it is to mend.
    pub const fn whose(&self) -> Whose {
        match self {
            StoreFault::NotWritable { .. }
            | StoreFault::NotAFolder { .. }
            | StoreFault::InUse { .. }
            | StoreFault::Unusable { .. } => Whose::Operator,
            StoreFault::DiskFull { .. } | StoreFault::Disk { .. } | StoreFault::Database { .. } => {
                Whose::Machine
            }
            StoreFault::UnreadableFact { .. }
            | StoreFault::UnwritableFact { .. }
            | StoreFault::WrongTenant { .. } => Whose::Desk,
        }
    }

    /// Whether the same may work later without anything being changed here.
    pub const fn is_retryable(&self) -> bool {
        match self {
            // Rights and rooms on disks are mended from outside while the desk goes on answering.
            StoreFault::NotWritable { .. } => true,
            _ => matches!(self.whose(), Whose::Machine),
        }
    }

    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                StoreFault::NotWritable { path }
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreFault::DiskFull { path },
            io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => StoreFault::NotAFolder { path },
            _ => StoreFault::Disk { path, source },
        }
    }

    /// Sorts what SQLite says by its primary result code (sqlite.org/rescode.html).
    pub(crate) fn database(tenant: &TenantId, path: &Path, source: sqlx::Error) -> Self {
        const READONLY: u32 = 8;
        const CORRUPT: u32 = 11;
        const FULL: u32 = 13;
        const CANTOPEN: u32 = 14;
        const NOTADB: u32 = 26;
        let code = source
            .as_database_error()
            .and_then(|error| error.code())
            .and_then(|code| code.parse::<u32>().ok())
            .map(|extended| extended & 0xFF);
        let path = path.to_owned();
        match code {
            Some(FULL) => StoreFault::DiskFull { path },
            Some(READONLY | CANTOPEN) => StoreFault::NotWritable { path },
            Some(CORRUPT | NOTADB) => StoreFault::Unusable {
                tenant: tenant.clone(),
                path,
                why: "it is damaged or no database".to_owned(),
            },
            _ => StoreFault::Database { tenant: tenant.clone(), source },
        }
    }
}
