//! How long a caller waits for an answer, and where the time goes.

/// What the caller did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnKind {
    /// Spoke.
    Voice,
    /// Pressed a key.
    Key,
    /// Nothing in time.
    Silence,
}

/// The response time of one turn by stage. All times are microseconds since the call began; a stage that
/// this turn did not go through is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Waterfall {
    /// What the caller did.
    pub kind: TurnKind,
    /// The caller's last voiced packet came in, or the key's first: from here the caller waits.
    pub last_voice_us: u64,
    /// The silence after it was long enough to end the turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn_ended_us: Option<u64>,
    /// The words were there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recognised_us: Option<u64>,
    /// The flow knew what to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_us: Option<u64>,
    /// The sound of the reply was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_ready_us: Option<u64>,
    /// The first packet of the reply left.
    pub first_packet_us: u64,
}

impl Waterfall {
    /// How long the caller waited, in microseconds.
    pub const fn total_us(&self) -> u64 {
        self.first_packet_us.saturating_sub(self.last_voice_us)
    }

    /// The stages that this turn went through: their names for people, and when each was over.
    pub fn stages(&self) -> impl Iterator<Item = (&'static str, u64)> {
        [
            ("end of turn", self.turn_ended_us),
            ("recognised", self.recognised_us),
            ("decided", self.decided_us),
            ("prompt ready", self.prompt_ready_us),
            ("first packet", Some(self.first_packet_us)),
        ]
        .into_iter()
        .filter_map(|(stage, at)| at.map(|at| (stage, at)))
    }
}
