//! Everything the desk keeps, by tenant: call facts in SQLite, written behind a queue that never blocks.
//!
//! The way of a fact through this crate: the switchboard's thread hands it to a [`FactSender`], which takes
//! it or says [`Full`] but never waits; the [`Writer`]'s task for its tenant gathers what else is told within [`GATHERING`]
//! and appends all of it in one transaction to the tenant's file, `<data>/tenants/<tenant>.db`, the facts of one call in one
//! row; whoever asks a [`TenantStore`] for a record gets the fold over the call's facts. At the start of a desk
//! [`Store::close_interrupted`] closes the records that a killed desk left open.
//!
//! What is acknowledged, by [`TenantStore::append_facts`] or [`Writer::flush`], outlives the process and the power. What a
//! crash can lose is what was told in the last [`GATHERING`] and while the disk took what was told before it. A disk that
//! is slow gets fewer and larger transactions; one that stands still holds back its own tenants' facts, at most
//! [`WAITING_FACTS_MAX`], and nobody else's.
//!
//! [`Store::tenant`] is the only door to a tenant's data: no query here takes a tenant's name, and none works
//! without a [`TenantStore`]. A data folder belongs to one desk at a time, held by a lock that the kernel
//! gives back when the desk dies.
//!
//! It never decides anything, never blocks the switchboard, and never writes a fact twice: a fact is known by
//! its call and its number, so that an append may be repeated after any failure.

mod data_folder;
mod fault;
mod store;
mod telling;
mod tenant;
mod waiting;
mod writer;

pub use fault::{StoreFault, Whose};
pub use store::{OPEN_TENANTS_MAX, Store};
pub use tenant::{CallSummary, TenantStore};
pub use writer::{FactSender, FactsLost, Full, GATHERING, WAITING_FACTS_MAX, Writer, WriterStatus};
