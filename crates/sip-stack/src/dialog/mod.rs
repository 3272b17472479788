//! Dialogs and INVITE sessions (RFC 3261 §12 to §15).

pub(crate) mod callee;
pub(crate) mod caller;
#[allow(clippy::module_inception, reason = "the dialog itself is the noun of this file")]
pub(crate) mod dialog;
pub(crate) mod fork;
pub(crate) mod info;
pub(crate) mod inform;
pub(crate) mod invite_session;
pub(crate) mod offer_answer;
pub(crate) mod partner;
pub(crate) mod proposal;
pub(crate) mod provisional;
pub(crate) mod referring;
pub(crate) mod reoffer;
pub(crate) mod replaces;
pub(crate) mod session_timer;
pub(crate) mod transfer;
pub(crate) mod verdict;
pub(crate) mod within;
