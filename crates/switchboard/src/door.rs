//! Calls that were let in by right and go nowhere all the same: they too leave a record that says why.

use crate::desk::Desk;
use crate::facts::Chronicle;
use crate::limits::RETRY_AFTER;
use crate::output::{Notice, SwitchboardOutput};
use crate::routing::Party;
use frontdesk_call_record::{Cause, EndReason, Fact, Fault, FaultCode, Whose};
use frontdesk_identifiers::{CallId, Moment};
use frontdesk_sip_message::StatusCode;
use frontdesk_sip_stack::{IncomingCall, SipCommand};
use std::time::Duration;

/// Why a call is turned away at the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Nobody and nothing has the number that was dialled.
    NoSuchNumber,
    /// As many calls as allowed are there already.
    Full,
    /// As many calls as one telephone may have.
    FullForPhone,
    /// Too many answers to peers wait for their ACK.
    Unacknowledged,
    /// As many calls as the trunk may carry.
    FullForTrunk,
    /// The desk is being stopped.
    Closing,
}

/// From one record of a call that was turned away to the next, for long: what a neighbour who dials wrong numbers all
/// day may add to the disk is bounded. Beyond it there is the notice only.
const RECORD_EVERY: Duration = Duration::from_secs(1);
/// Records at once: a burst at a full desk is kept whole.
const RECORD_BURST: u32 = 120;

/// Which calls that are turned away have a record. It is the moment up to which they have used their share, which may
/// lie ahead of now by a burst.
#[derive(Debug)]
pub(crate) struct Book {
    used_until: Moment,
}

impl Book {
    pub fn new() -> Book {
        Book { used_until: Moment::ZERO }
    }

    /// Whether a call that is turned away now has a record.
    pub fn has_room(&mut self, now: Moment) -> bool {
        let begin = self.used_until.max(now);
        let room = begin.since(now) <= RECORD_EVERY * (RECORD_BURST - 1);
        if room {
            self.used_until = begin + RECORD_EVERY;
        }
        room
    }
}

/// Refuses the call, and keeps a short record, if the book has room: that it came, what is wrong, and why it ended.
pub(crate) fn turn_away(
    id: CallId,
    call: &IncomingCall,
    party: &Party,
    refusal: Refusal,
    book: &mut Book,
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
        Refusal::FullForPhone => (
            StatusCode::SERVICE_UNAVAILABLE,
            EndReason::Overloaded,
            Some(Fault::of(Whose::Caller, FaultCode::TooManyCalls)),
            "as many calls as one telephone may have",
        ),
        Refusal::Unacknowledged => (
            StatusCode::SERVICE_UNAVAILABLE,
            EndReason::Overloaded,
            Some(Fault::of(Whose::Network, FaultCode::TooManyCalls)),
            "too many answers to peers without an ACK",
        ),
        Refusal::FullForTrunk => (
            StatusCode::SERVICE_UNAVAILABLE,
            EndReason::Overloaded,
            Some(Fault::of(Whose::Operator, FaultCode::TooManyCalls)),
            "as many calls as the trunk may carry",
        ),
        Refusal::Closing => {
            (StatusCode::SERVICE_UNAVAILABLE, EndReason::DeskStopped, None, "the desk is being stopped")
        }
    };
    // Only what passes is worth another try.
    let retry_after = (refusal != Refusal::NoSuchNumber).then_some(RETRY_AFTER);
    desk.out.sip(SipCommand::Refuse { session, status, retry_after, reason: None, warning: None });
    if book.has_room(desk.now) {
        let mut record = Chronicle::open(id, call, party, desk);
        if let Some((cause, whose)) = found(refusal) {
            record.tell(Fact::Diagnosed { cause, whose, evidence: why.to_owned() }, desk);
        }
        record.tell(Fact::CallEnded { reason, fault }, desk);
    }
    let notice = Notice::CallRefused { status: status.as_u16(), why, retry_after };
    desk.out.outputs.push_back(SwitchboardOutput::Notice(notice));
}

/// What the doctor says of it. That somebody dialled a wrong number, or that a desk closes, is no illness.
fn found(refusal: Refusal) -> Option<(Cause, Whose)> {
    match refusal {
        Refusal::Full | Refusal::FullForPhone => Some((Cause::NoRoom, Whose::Operator)),
        Refusal::FullForTrunk => Some((Cause::TrunkLimit, Whose::Operator)),
        Refusal::Unacknowledged => Some((Cause::NoAck, Whose::Network)),
        Refusal::NoSuchNumber | Refusal::Closing => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neighbour_who_dials_wrong_numbers_all_day_does_not_fill_the_disk() {
        let mut book = Book::new();
        let mut kept = |from_s: u64, calls: u64| {
            (0..calls).filter(|call| book.has_room(Moment::from_millis(from_s * 1_000 + call))).count()
        };
        assert_eq!(kept(0, 120), 120, "a burst is kept whole");
        assert_eq!(kept(0, 900), 0);
        assert_eq!(kept(10, 900), 10);
        assert_eq!(kept(1_000, 5_000), 120 + 4);
    }
}
