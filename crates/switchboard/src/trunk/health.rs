//! How a trunk is, for people.

use frontdesk_call_record::TrunkTrouble;

/// How a trunk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrunkHealth {
    /// Nothing is known against it; nobody asked yet.
    Unknown,
    /// It answers, and where it registers it is registered.
    Up,
    /// Calls go over it, but something is not as it should be.
    Degraded(TrunkTrouble),
    /// No calls go over it.
    Down(TrunkTrouble),
}

impl std::fmt::Display for TrunkHealth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TrunkHealth::Unknown => f.write_str("not known yet"),
            TrunkHealth::Up => f.write_str("up"),
            TrunkHealth::Degraded(trouble) => write!(f, "degraded: {trouble}"),
            TrunkHealth::Down(trouble) => write!(f, "down: {trouble}"),
        }
    }
}
