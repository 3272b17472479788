//! The headers that mean something to this crate, a file each.

mod auth_parameters;
pub(crate) mod challenge;
pub(crate) mod contact;
pub(crate) mod content_type;
pub(crate) mod credentials;
pub(crate) mod cseq;
pub(crate) mod diversion;
pub(crate) mod event;
pub(crate) mod history_info;
pub(crate) mod privacy;
pub(crate) mod rack;
pub(crate) mod reason;
pub(crate) mod refer_to;
pub(crate) mod remote_party;
pub(crate) mod replaces;
pub(crate) mod session_expires;
pub(crate) mod subscription_state;
pub(crate) mod via;
