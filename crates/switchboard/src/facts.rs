//! What is told to the record, from which log, metrics and history are derived.

use crate::desk::Desk;
use crate::output::SwitchboardOutput;
use crate::routing::Party;
use frontdesk_call_record::{Fact, Party as Caller, StampedFact};
use frontdesk_identifiers::{CallId, Moment, TelephoneNumber, TenantId};
use frontdesk_sip_stack::IncomingCall;

/// Facts of one call. A long day's call tells some hundreds; a party that makes its call tell more (a re-INVITE a
/// millisecond) does not fill the disk: beyond it only ends are told, and the record says how many facts it misses.
const FACTS_MAX: u32 = 20_000;

/// Numbers and stamps the facts of one call, in the order in which they happened.
#[derive(Debug)]
pub(crate) struct Chronicle {
    tenant: TenantId,
    call: CallId,
    started: Moment,
    next: u32,
}

impl Chronicle {
    /// Opens the record of a call that wants in.
    pub fn open(id: CallId, call: &IncomingCall, party: &Party, desk: &mut Desk<'_>) -> Self {
        let (tenant, started) = (party.tenant.clone(), desk.now);
        let mut record = Chronicle { tenant, call: id, started, next: 0 };
        let caller =
            Caller { name: party.name.clone().map(Into::into), number: party.number_for_record().into() };
        let called = call.called.user().unwrap_or_default().into();
        let (sip_call_id, admitted_by) = (call.call_id.clone(), party.admitted_by.clone());
        record.tell(Fact::CallStarted { caller, called, sip_call_id, admitted_by }, desk);
        if let Some(fact) = party.identity.fact() {
            record.tell(fact, desk);
        }
        record
    }

    /// Opens the record of a call that the desk places itself.
    pub fn open_own(id: CallId, party: &Party, first: &TelephoneNumber, desk: &mut Desk<'_>) -> Self {
        let (tenant, started) = (party.tenant.clone(), desk.now);
        let mut record = Chronicle { tenant, call: id, started, next: 0 };
        let caller = Caller { name: party.name.clone().map(Into::into), number: party.number.clone().into() };
        let (called, admitted_by) = (first.to_string().into(), party.admitted_by.clone());
        record.tell(Fact::CallStarted { caller, called, sip_call_id: String::new(), admitted_by }, desk);
        record
    }

    pub fn tell(&mut self, fact: Fact, desk: &mut Desk<'_>) {
        if !is_kept(self.next, &fact) {
            // The number is used up all the same: that is how a missing fact is seen.
            self.next = self.next.saturating_add(1);
            return;
        }
        let stamped = StampedFact {
            tenant: self.tenant.clone(),
            call: self.call,
            number: self.next,
            at: desk.wall,
            since_start_us: self.since_start_us(desk.now),
            fact,
        };
        self.next = self.next.saturating_add(1);
        desk.out.outputs.push_back(SwitchboardOutput::Record(stamped));
    }

    /// Microseconds from the first ring to this moment.
    pub fn since_start_us(&self, at: Moment) -> u64 {
        u64::try_from(at.since(self.started).as_micros()).unwrap_or(u64::MAX)
    }
}

/// Whether the fact of this number is still told. Of ends there is one for each thing that began.
fn is_kept(number: u32, fact: &Fact) -> bool {
    let end =
        matches!(fact, Fact::CallEnded { .. } | Fact::RecordingEnded { .. } | Fact::StreamClosed { .. });
    end || number < FACTS_MAX
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontdesk_call_record::EndReason;

    #[test]
    fn a_call_that_is_made_to_tell_without_end_still_tells_its_end() {
        let pressed = Fact::CallerPressed { key: '1' };
        let ended = Fact::CallEnded { reason: EndReason::CallerHungUp, fault: None };
        assert!(is_kept(FACTS_MAX - 1, &pressed) && !is_kept(FACTS_MAX, &pressed));
        assert!(is_kept(u32::MAX, &ended));
    }
}
