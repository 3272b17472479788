//! Registrations: phones that register here, and registrars where this side registers (RFC 3261 §10).

pub(crate) mod binding;
pub(crate) mod client;
mod outbound;
pub(crate) mod registrar;
mod retry;
mod served;
