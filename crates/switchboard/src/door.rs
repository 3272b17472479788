//! Calls that were let in by right and go nowhere all the same: they too leave a record that says why.

use crate::desk::Desk;
use crate::facts::Chronicle;
use crate::limits::RETRY_AFTER;
use crate::output::{Notice, SwitchboardOutput};
use crate::routing::Party;
use frontdesk_call_record::{EndReason, Fact, Fault, FaultCode, Whose};
use frontdesk_identifiers::CallId;
use frontdesk_sip_message::StatusCode;
use frontdesk_sip_stack::{IncomingCall, SipCommand};

/// Why a call is turned away at the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Nobody and nothing has the number that was dialled.
    NoSuchNumber,
    /// As many calls as allowed are there already.
    Full,
    /// The desk is being stopped.
    Closing,
}

/// Refuses the call, and keeps a record of two facts: that it came, and why it ended.
pub(crate) fn turn_away(
    id: CallId,
    call: &IncomingCall,
    party: &Party,
    refusal: Refusal,
    desk: &mut Desk<'_>,
) {
    let session = call.session;
    let (status, reason, fault, why) = match refusal {
        Refusal::NoSuchNumber => (
            StatusCode::NOT_FOUND,
            EndReason::NoSuchNumber,
            Some(Fault::of(Whose::Caller, FaultCode::NoSuchNumber)),
            "no such number",
        ),
        Refusal::Full => (
            StatusCode::SERVICE_UNAVAILABLE,
            EndReason::Overloaded,
            Some(Fault::of(Whose::Operator, FaultCode::TooManyCalls)),
            "as many calls as allowed",
        ),
        Refusal::Closing => {
            (StatusCode::SERVICE_UNAVAILABLE, EndReason::DeskStopped, None, "the desk is being stopped")
        }
    };
    // Only what passes is worth another try.
    let retry_after = (refusal != Refusal::NoSuchNumber).then_some(RETRY_AFTER);
    let mut record = Chronicle::open(id, call, party, desk);
    desk.out.sip(SipCommand::Refuse { session, status, retry_after });
    record.tell(Fact::CallEnded { reason, fault }, desk);
    let notice = Notice::CallRefused { status: status.as_u16(), why, retry_after };
    desk.out.outputs.push_back(SwitchboardOutput::Notice(notice));
}
