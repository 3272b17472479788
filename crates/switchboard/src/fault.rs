//! Whose fault it is, in the record's closed table.

use frontdesk_call_flow::TransferOutcome;
use frontdesk_call_record::{EndReason, Fault, FaultCode, TransferEnd, Whose};
use frontdesk_media_protocol::PortFault;
use frontdesk_session_description::Refusal;
use frontdesk_sip_message::StatusCode;
use frontdesk_sip_stack::SessionEnd;

/// A description that cannot be used is the fault of the side that wrote it.
pub(crate) fn of_refusal(refusal: &Refusal) -> Fault {
    let code = match refusal {
        Refusal::NoCommonCodec => FaultCode::NoCommonCodec,
        Refusal::NoAudio => FaultCode::NoAudio,
        Refusal::Secure => FaultCode::SecureMediaOnly,
        _ => FaultCode::DescriptionUnreadable,
    };
    Fault::of(Whose::Caller, code)
}

/// No port is the operator's to mend, or the desk is simply full.
pub(crate) fn of_port(fault: PortFault) -> Fault {
    match fault {
        PortFault::AddressRefused => Fault::of(Whose::Operator, FaultCode::AddressRefused),
        _ => Fault::of(Whose::Operator, FaultCode::PortsExhausted),
    }
}

/// Why the call ended, when it was the caller's session that ended.
pub(crate) fn of_caller_end(end: &SessionEnd) -> (EndReason, Option<Fault>) {
    let network = |code| Some(Fault::of(Whose::Network, code));
    match end {
        SessionEnd::HungUpByPeer { .. } => (EndReason::CallerHungUp, None),
        SessionEnd::CancelledByPeer => (EndReason::Cancelled, None),
        SessionEnd::NoAck => (EndReason::NoAck, network(FaultCode::NoAck)),
        SessionEnd::DialogGone => (EndReason::DialogGone, network(FaultCode::DialogGone)),
        SessionEnd::TransportFailed => (EndReason::NetworkFailed, network(FaultCode::TransportFailed)),
        SessionEnd::ProtocolViolation => {
            (EndReason::ProtocolViolation, Some(Fault::of(Whose::Caller, FaultCode::ProtocolViolation)))
        }
        _ => (EndReason::DeskHungUp, None),
    }
}

/// A transfer's outcome in the words of the record.
pub(crate) fn transfer_end(outcome: TransferOutcome) -> TransferEnd {
    match outcome {
        TransferOutcome::Completed => TransferEnd::Completed,
        TransferOutcome::Busy => TransferEnd::Busy,
        TransferOutcome::NoAnswer => TransferEnd::NoAnswer,
        TransferOutcome::Declined => TransferEnd::Declined,
        TransferOutcome::Unreachable => TransferEnd::Unreachable,
    }
}

/// What a caller who dialled a telephone is told when it came to nothing: the status and the record's reason.
pub(crate) fn of_failed_call(outcome: TransferOutcome) -> (StatusCode, EndReason) {
    match outcome {
        TransferOutcome::Busy => (StatusCode::BUSY_HERE, EndReason::CalleeBusy),
        TransferOutcome::Declined => (StatusCode::DECLINE, EndReason::CalleeDeclined),
        TransferOutcome::NoAnswer => (StatusCode::TEMPORARILY_UNAVAILABLE, EndReason::CalleeNoAnswer),
        TransferOutcome::Unreachable | TransferOutcome::Completed => {
            (StatusCode::TEMPORARILY_UNAVAILABLE, EndReason::CalleeUnreachable)
        }
    }
}
