//! Whose fault it is, in the record's closed table.

use frontdesk_call_flow::TransferOutcome;
use frontdesk_call_record::{EndReason, Fault, FaultCode, LegRole, TransferEnd, Whose};
use frontdesk_media_protocol::PortFault;
use frontdesk_session_description::Refusal;
use frontdesk_sip_message::StatusCode;
use frontdesk_sip_stack::SessionEnd;

/// A description that cannot be used is the fault of the side that wrote it.
pub(crate) fn of_refusal(refusal: &Refusal, writer: LegRole) -> Fault {
    let code = match refusal {
        Refusal::NoCommonCodec => FaultCode::NoCommonCodec,
        Refusal::NoAudio => FaultCode::NoAudio,
        Refusal::Secure | Refusal::Dtls | Refusal::NoCommonSuite => FaultCode::SecureMediaOnly,
        Refusal::Plain => FaultCode::PlainMediaOnly,
        _ => FaultCode::DescriptionUnreadable,
    };
    Fault::of(of_party(writer), code)
}

/// The party of a leg, as one who can be at fault.
pub(crate) fn of_party(role: LegRole) -> Whose {
    match role {
        LegRole::Caller => Whose::Caller,
        LegRole::Callee => Whose::Callee,
    }
}

/// No port is the operator's to mend, or the desk is simply full.
pub(crate) fn of_port(fault: PortFault) -> Fault {
    match fault {
        PortFault::AddressRefused => Fault::of(Whose::Operator, FaultCode::AddressRefused),
        _ => Fault::of(Whose::Operator, FaultCode::PortsExhausted),
    }
}

/// Why the call ended, when it was the caller's session that ended.
pub(crate) fn of_caller_end(end: &SessionEnd, role: LegRole) -> (EndReason, Option<Fault>) {
    match end {
        // Who was called and then passed on is the caller's leg, and yet no caller.
        SessionEnd::HungUpByPeer { .. } if role == LegRole::Callee => (EndReason::CalleeHungUp, None),
        SessionEnd::HungUpByPeer { .. } => (EndReason::CallerHungUp, None),
        SessionEnd::CancelledByPeer { .. } => (EndReason::Cancelled, None),
        SessionEnd::NoAck => (EndReason::NoAck, Some(Fault::of(Whose::Network, FaultCode::NoAck))),
        _ => of_broken_session(end, role).unwrap_or((EndReason::DeskHungUp, None)),
    }
}

/// Why a talk ended that nobody ended: the session with one of the two broke.
pub(crate) fn of_broken_session(end: &SessionEnd, party: LegRole) -> Option<(EndReason, Option<Fault>)> {
    let (reason, whose, code) = match end {
        SessionEnd::NoAck | SessionEnd::DialogGone => {
            (EndReason::DialogGone, Whose::Network, FaultCode::DialogGone)
        }
        SessionEnd::TimerExpired => (EndReason::DialogGone, Whose::Network, FaultCode::SessionExpired),
        SessionEnd::TransportFailed => (EndReason::NetworkFailed, Whose::Network, FaultCode::TransportFailed),
        SessionEnd::ProtocolViolation => {
            (EndReason::ProtocolViolation, of_party(party), FaultCode::ProtocolViolation)
        }
        _ => return None,
    };
    Some((reason, Some(Fault::of(whose, code))))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_wrote_a_description_can_mend_it() {
        let fault = of_refusal(&Refusal::NoCommonCodec, LegRole::Callee);
        assert_eq!(fault, Fault::of(Whose::Callee, FaultCode::NoCommonCodec));
        assert_eq!(of_refusal(&Refusal::NoAudio, LegRole::Caller).whose, Whose::Caller);
    }

    #[test]
    fn a_talk_that_somebody_ends_is_not_broken() {
        let hung_up = SessionEnd::HungUpByPeer { reason: None };
        assert_eq!(of_broken_session(&hung_up, LegRole::Callee), None);
        assert_eq!(of_broken_session(&SessionEnd::EndedHere, LegRole::Callee), None);
        let broken = of_broken_session(&SessionEnd::DialogGone, LegRole::Callee);
        assert_eq!(broken.map(|(reason, _)| reason), Some(EndReason::DialogGone));
        let rude = of_broken_session(&SessionEnd::ProtocolViolation, LegRole::Callee);
        assert_eq!(rude.and_then(|(_, fault)| fault).map(|fault| fault.whose), Some(Whose::Callee));
    }

    #[test]
    fn every_end_of_the_callers_session_has_a_reason() {
        let reason = |end| of_caller_end(&end, LegRole::Caller).0;
        assert_eq!(reason(SessionEnd::HungUpByPeer { reason: None }), EndReason::CallerHungUp);
        assert_eq!(reason(SessionEnd::CancelledByPeer { reason: None }), EndReason::Cancelled);
        assert_eq!(reason(SessionEnd::NoAck), EndReason::NoAck);
        assert_eq!(reason(SessionEnd::DialogGone), EndReason::DialogGone);
        assert_eq!(reason(SessionEnd::TransportFailed), EndReason::NetworkFailed);
        assert_eq!(reason(SessionEnd::ProtocolViolation), EndReason::ProtocolViolation);
        assert_eq!(reason(SessionEnd::EndedHere), EndReason::DeskHungUp);
    }

    #[test]
    fn a_caller_of_a_telephone_is_told_what_became_of_it() {
        let told = |outcome| of_failed_call(outcome).0.as_u16();
        assert_eq!(told(TransferOutcome::Busy), 486);
        assert_eq!(told(TransferOutcome::Declined), 603);
        assert_eq!(told(TransferOutcome::NoAnswer), 480);
        assert_eq!(told(TransferOutcome::Unreachable), 480);
    }
}
