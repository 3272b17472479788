//! The whole of what is kept, and the door to each tenant's part.

use crate::data_folder::DataFolder;
use crate::{StoreFault, TenantStore};
use frontdesk_identifiers::{CallId, TenantId, WallTime};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

/// How many tenants' files are open at once. The one that was asked for longest ago is let go for a new
/// one; it closes when nobody uses it any more, and opens again on demand.
pub const OPEN_TENANTS_MAX: usize = 64;

/// A tenant's file that is open, or that the first who asked is opening: no file is opened twice at once, and none waits
/// for another's.
type Opening = Arc<OnceCell<TenantStore>>;

/// Everything the desk keeps. Cheap to clone; the data folder is free for another desk when the last clone
/// and the last [`TenantStore`] are gone.
#[derive(Debug, Clone)]
pub struct Store {
    folder: Arc<DataFolder>,
    /// Last asked for stands last.
    open: Arc<Mutex<Vec<(TenantId, Opening)>>>,
    read_only: bool,
}

impl Store {
    /// Opens the data folder for a desk; creates it where it is missing.
    ///
    /// # Errors
    /// The folder cannot be created or written, the disk is full, or another desk uses it: each says what
    /// to do.
    pub fn open(data_folder: &Path) -> Result<Store, StoreFault> {
        Ok(Store::of(DataFolder::take(data_folder)?, false))
    }

    /// Opens a data folder to look at what is kept, also while a desk is using it. Nothing can be appended.
    ///
    /// # Errors
    /// There is no data folder, or it cannot be read.
    pub fn look(data_folder: &Path) -> Result<Store, StoreFault> {
        Ok(Store::of(DataFolder::look(data_folder)?, true))
    }

    fn of(folder: DataFolder, read_only: bool) -> Store {
        Store { folder: Arc::new(folder), open: Arc::new(Mutex::new(Vec::new())), read_only }
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// This tenant's part; its file is created, opened and migrated when it is first asked for.
    ///
    /// # Errors
    /// The file cannot be opened, is damaged, or was written by a newer frontdesk.
    pub async fn tenant(&self, tenant: &TenantId) -> Result<TenantStore, StoreFault> {
        let opening = self.opening(tenant);
        let open = || TenantStore::open(Arc::clone(&self.folder), tenant, self.read_only);
        opening.get_or_try_init(open).await.cloned()
    }

    fn opening(&self, tenant: &TenantId) -> Opening {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let found = match open.iter().position(|(of, _)| of == tenant) {
            Some(at) => open.remove(at).1,
            None => Opening::default(),
        };
        if open.len() >= OPEN_TENANTS_MAX {
            // One that is being opened stays, lest it be opened a second time beside.
            let idle = open.iter().position(|(_, opening)| Arc::strong_count(opening) == 1);
            idle.map(|at| open.remove(at));
        }
        open.push((tenant.clone(), Arc::clone(&found)));
        found
    }

    /// Every tenant of whom something is kept, in the order of their names.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn tenants(&self) -> Result<Vec<TenantId>, StoreFault> {
        self.folder.tenants()
    }

    /// Closes every record that a killed desk left open, of every tenant, as `interrupted`; says which.
    ///
    /// To be called once at the start of a desk, before its first call.
    ///
    /// # Errors
    /// A tenant's data cannot be read or written.
    pub async fn close_interrupted(&self, now: WallTime) -> Result<Vec<(TenantId, CallId)>, StoreFault> {
        let mut closed = Vec::new();
        for tenant in self.tenants()? {
            let store = self.tenant(&tenant).await?;
            let calls = store.close_interrupted(now).await?;
            closed.extend(calls.into_iter().map(|call| (tenant.clone(), call)));
        }
        Ok(closed)
    }

    /// Closes every file that is open, so that what is in the write-ahead logs stands in the databases.
    pub async fn close(self) {
        let open = std::mem::take(&mut *self.open.lock().unwrap_or_else(PoisonError::into_inner));
        for (_, opening) in open {
            if let Some(store) = opening.get() {
                store.close().await;
            }
        }
    }
}
