//! What went wrong, and whose it is to mend: a closed table.

/// Who can mend a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// The caller's telephone or carrier.
    Caller,
    /// The called telephone.
    Callee,
    /// Who runs the desk: settings, flows, models, machine.
    Operator,
    /// The network in between.
    Network,
    /// The desk itself: a bug.
    Desk,
}

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultCode {
    /// Nobody has the number that was dialled.
    NoSuchNumber,
    /// The number's flow is not there or did not pass its check.
    FlowMissing,
    /// The flow went round in circles.
    FlowExhausted,
    /// The description of the sound could not be read.
    DescriptionUnreadable,
    /// The description offers no audio.
    NoAudio,
    /// No codec in common.
    NoCommonCodec,
    /// Only encrypted sound was offered.
    SecureMediaOnly,
    /// Only plain sound was offered, where it must be encrypted.
    PlainMediaOnly,
    /// No ACK came.
    NoAck,
    /// The dialog is not known any more.
    DialogGone,
    /// No sign of life came within the session's time (RFC 4028).
    SessionExpired,
    /// No answer at all to what was sent.
    NoResponse,
    /// The network refused what was sent.
    TransportFailed,
    /// The rules of the protocol were broken.
    ProtocolViolation,
    /// No sound came.
    NoMedia,
    /// No free RTP port in the range.
    PortsExhausted,
    /// The RTP address cannot be bound.
    AddressRefused,
    /// More calls than the desk carries.
    TooManyCalls,
    /// The ears do not work.
    EarsFailed,
    /// The voice does not work.
    VoiceFailed,
    /// The recording could not be kept.
    RecordingLost,
    /// The telephone refused with a status that names no ordinary outcome.
    CalleeRefused,
    /// The desk was killed or crashed.
    Killed,
    /// The desk contradicted itself.
    Bug,
}

impl FaultCode {
    /// The stable name, as it is serialised.
    pub const fn as_str(self) -> &'static str {
        match self {
            FaultCode::NoSuchNumber => "no_such_number",
            FaultCode::FlowMissing => "flow_missing",
            FaultCode::FlowExhausted => "flow_exhausted",
            FaultCode::DescriptionUnreadable => "description_unreadable",
            FaultCode::NoAudio => "no_audio",
            FaultCode::NoCommonCodec => "no_common_codec",
            FaultCode::SecureMediaOnly => "secure_media_only",
            FaultCode::PlainMediaOnly => "plain_media_only",
            FaultCode::NoAck => "no_ack",
            FaultCode::DialogGone => "dialog_gone",
            FaultCode::SessionExpired => "session_expired",
            FaultCode::NoResponse => "no_response",
            FaultCode::TransportFailed => "transport_failed",
            FaultCode::ProtocolViolation => "protocol_violation",
            FaultCode::NoMedia => "no_media",
            FaultCode::PortsExhausted => "ports_exhausted",
            FaultCode::AddressRefused => "address_refused",
            FaultCode::TooManyCalls => "too_many_calls",
            FaultCode::EarsFailed => "ears_failed",
            FaultCode::VoiceFailed => "voice_failed",
            FaultCode::RecordingLost => "recording_lost",
            FaultCode::CalleeRefused => "callee_refused",
            FaultCode::Killed => "killed",
            FaultCode::Bug => "bug",
        }
    }
}

impl Whose {
    /// The stable name, as it is serialised.
    pub const fn as_str(self) -> &'static str {
        match self {
            Whose::Caller => "caller",
            Whose::Callee => "callee",
            Whose::Operator => "operator",
            Whose::Network => "network",
            Whose::Desk => "desk",
        }
    }
}

/// A fault and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Fault {
    /// Who can mend it.
    pub whose: Whose,
    /// What went wrong.
    pub code: FaultCode,
}

impl Fault {
    /// This fault of theirs.
    pub const fn of(whose: Whose, code: FaultCode) -> Self {
        Fault { whose, code }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.code.as_str(), self.whose.as_str())
    }
}
