//! The folder that everything is kept in, and the lock that keeps other desks out.

use crate::StoreFault;
use frontdesk_identifiers::TenantId;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

/// The lock file's name in the data folder.
const LOCK_FILE: &str = "desk.lock";
/// How a tenant's file ends.
const DATABASE_SUFFIX: &str = ".db";

/// A data folder that belongs to this process until it is dropped or the process dies.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    /// Open is locked: the kernel gives the lock back when the file is closed, even by SIGKILL.
    _lock: Option<File>,
}

impl DataFolder {
    /// Creates the folder where it is missing, proves that it can be written, and locks it.
    pub(crate) fn take(path: &Path) -> Result<Self, StoreFault> {
        let tenants = path.join("tenants");
        create(path)?;
        create(&tenants)?;
        let file = path.join(LOCK_FILE);
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&file)
            .map_err(|source| StoreFault::io(&file, source))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // A holder that cannot be read is only less to say.
                let _ = lock.read_to_string(&mut holder);
                let holder = holder.trim().to_owned();
                let holder = (!holder.is_empty()).then_some(holder);
                return Err(StoreFault::InUse { path: path.to_owned(), holder });
            }
            Err(TryLockError::Error(source)) => return Err(StoreFault::io(&file, source)),
        }
        let written = lock
            .set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| writeln!(lock, "{}", std::process::id()))
            .and_then(|()| lock.sync_all());
        written.map_err(|source| StoreFault::io(&file, source))?;
        Ok(DataFolder { path: path.to_owned(), _lock: Some(lock) })
    }

    /// The folder as it is, without the lock, to look into while a desk may be using it.
    pub(crate) fn look(path: &Path) -> Result<Self, StoreFault> {
        let tenants = path.join("tenants");
        std::fs::read_dir(&tenants).map_err(|source| StoreFault::io(&tenants, source))?;
        Ok(DataFolder { path: path.to_owned(), _lock: None })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn database(&self, tenant: &TenantId) -> PathBuf {
        self.path.join("tenants").join(format!("{tenant}{DATABASE_SUFFIX}"))
    }

    /// Every tenant that has a file here, in the order of their names.
    pub(crate) fn tenants(&self) -> Result<Vec<TenantId>, StoreFault> {
        let folder = self.path.join("tenants");
        let entries = std::fs::read_dir(&folder).map_err(|source| StoreFault::io(&folder, source))?;
        let mut tenants = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|source| StoreFault::io(&folder, source))?;
            let name = entry.file_name();
            let tenant = name.to_str().and_then(|name| name.strip_suffix(DATABASE_SUFFIX));
            // What has another name is not ours: a backup, a folder of recordings.
            tenants.extend(tenant.and_then(|tenant| TenantId::new(tenant).ok()));
        }
        tenants.sort();
        Ok(tenants)
    }
}

fn create(path: &Path) -> Result<(), StoreFault> {
    std::fs::create_dir_all(path).map_err(|source| StoreFault::io(path, source))
}
