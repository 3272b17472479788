//! Why a call is over: a closed table.

/// Why a call is over, from the desk's side. One line of a statistic, so it carries no data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The caller hung up after the answer.
    CallerHungUp,
    /// The person to whom the caller was put through hung up.
    CalleeHungUp,
    /// The flow came to its end and the desk hung up.
    DeskHungUp,
    /// The caller gave up before the answer (CANCEL).
    Cancelled,
    /// Nobody and nothing has the number that was dialled.
    NoSuchNumber,
    /// The called phone is busy, and nothing else was to be tried.
    CalleeBusy,
    /// The called phone rang, nobody answered, and nothing else was to be tried.
    CalleeNoAnswer,
    /// The called person declined, and nothing else was to be tried.
    CalleeDeclined,
    /// The called phone is not registered or cannot be reached, and nothing else was to be tried.
    CalleeUnreachable,
    /// The two ends have no sound in common: codec, encryption or a description nobody can read.
    NotAcceptable,
    /// The desk has no room: ports, legs or a limit.
    Overloaded,
    /// The ACK to the desk's answer never came (RFC 3261 §13.3.1.4).
    NoAck,
    /// No sound came for too long.
    MediaTimeout,
    /// The other side does not know the call any more (481, or no answer within the dialog).
    DialogGone,
    /// What was sent could not be delivered.
    NetworkFailed,
    /// The other side broke the rules of the protocol.
    ProtocolViolation,
    /// The flow went round in circles without the caller doing anything.
    FlowExhausted,
    /// The call reached the longest time that a call may take.
    TooLong,
    /// Its party goes on in another call: an attended transfer, or one that its own trunk put through.
    Transferred,
    /// The desk was stopped in good order.
    DeskStopped,
    /// The desk was killed or crashed; its record was closed at the next start.
    Interrupted,
    /// The desk made a mistake.
    DeskFailed,
}

impl EndReason {
    /// Every reason, in the order of the table.
    pub const ALL: [EndReason; 22] = [
        EndReason::CallerHungUp,
        EndReason::CalleeHungUp,
        EndReason::DeskHungUp,
        EndReason::Cancelled,
        EndReason::NoSuchNumber,
        EndReason::CalleeBusy,
        EndReason::CalleeNoAnswer,
        EndReason::CalleeDeclined,
        EndReason::CalleeUnreachable,
        EndReason::NotAcceptable,
        EndReason::Overloaded,
        EndReason::NoAck,
        EndReason::MediaTimeout,
        EndReason::DialogGone,
        EndReason::NetworkFailed,
        EndReason::ProtocolViolation,
        EndReason::FlowExhausted,
        EndReason::TooLong,
        EndReason::Transferred,
        EndReason::DeskStopped,
        EndReason::Interrupted,
        EndReason::DeskFailed,
    ];

    /// The stable name, as it is serialised.
    pub const fn as_str(self) -> &'static str {
        match self {
            EndReason::CallerHungUp => "caller_hung_up",
            EndReason::CalleeHungUp => "callee_hung_up",
            EndReason::DeskHungUp => "desk_hung_up",
            EndReason::Cancelled => "cancelled",
            EndReason::NoSuchNumber => "no_such_number",
            EndReason::CalleeBusy => "callee_busy",
            EndReason::CalleeNoAnswer => "callee_no_answer",
            EndReason::CalleeDeclined => "callee_declined",
            EndReason::CalleeUnreachable => "callee_unreachable",
            EndReason::NotAcceptable => "not_acceptable",
            EndReason::Overloaded => "overloaded",
            EndReason::NoAck => "no_ack",
            EndReason::MediaTimeout => "media_timeout",
            EndReason::DialogGone => "dialog_gone",
            EndReason::NetworkFailed => "network_failed",
            EndReason::ProtocolViolation => "protocol_violation",
            EndReason::FlowExhausted => "flow_exhausted",
            EndReason::TooLong => "too_long",
            EndReason::Transferred => "transferred",
            EndReason::DeskStopped => "desk_stopped",
            EndReason::Interrupted => "interrupted",
            EndReason::DeskFailed => "desk_failed",
        }
    }

    /// Whether people ended it, as calls should be ended.
    pub const fn is_ordinary(self) -> bool {
        matches!(
            self,
            EndReason::CallerHungUp
                | EndReason::CalleeHungUp
                | EndReason::DeskHungUp
                | EndReason::Cancelled
                | EndReason::Transferred
        )
    }
}

impl std::fmt::Display for EndReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}
