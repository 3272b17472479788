//! The headers that mean something to this crate, a file each.

mod auth_parameters;
pub(crate) mod challenge;
pub(crate) mod contact;
pub(crate) mod content_type;
pub(crate) mod credentials;
pub(crate) mod cseq;
pub(crate) mod reason;
pub(crate) mod via;
