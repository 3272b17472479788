//! Why a trunk takes no calls: a closed table.

/// Why a trunk takes no calls now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrunkTrouble {
    /// Nobody can say where it is.
    NotLocated,
    /// This side is not registered with it.
    NotRegistered,
    /// It does not answer OPTIONS.
    NoAnswer,
    /// It asked by `Retry-After` to be left alone for a while, or was just found dead.
    Resting,
    /// It failed so many calls that it is left alone for a while.
    BreakerOpen,
    /// It carries as many calls as it may.
    TooManyCalls,
    /// As many calls began within a second as may.
    TooManyCallsPerSecond,
}

impl std::fmt::Display for TrunkTrouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            TrunkTrouble::NotLocated => "its host has no address",
            TrunkTrouble::NotRegistered => "not registered",
            TrunkTrouble::NoAnswer => "it does not answer OPTIONS",
            TrunkTrouble::Resting => "it asked for a rest, or was just found dead",
            TrunkTrouble::BreakerOpen => "it failed too many calls",
            TrunkTrouble::TooManyCalls => "as many calls as it may carry",
            TrunkTrouble::TooManyCallsPerSecond => "as many calls per second as it may take",
        })
    }
}
