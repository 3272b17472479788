//! What is told to the record, from which log, metrics and history are derived.

use crate::desk::Desk;
use crate::output::SwitchboardOutput;
use frontdesk_call_record::{Fact, StampedFact};
use frontdesk_identifiers::{CallId, Moment, TenantId};

/// Numbers and stamps the facts of one call, in the order in which they happened.
#[derive(Debug)]
pub(crate) struct Chronicle {
    tenant: TenantId,
    call: CallId,
    started: Moment,
    next: u32,
}

impl Chronicle {
    pub fn new(tenant: TenantId, call: CallId, started: Moment) -> Self {
        Chronicle { tenant, call, started, next: 0 }
    }

    pub fn tell(&mut self, fact: Fact, desk: &mut Desk<'_>) {
        let stamped = StampedFact {
            tenant: self.tenant.clone(),
            call: self.call,
            number: self.next,
            at: desk.wall,
            since_start_us: self.since_start_us(desk.now),
            fact,
        };
        self.next += 1;
        desk.out.outputs.push_back(SwitchboardOutput::Record(stamped));
    }

    /// Microseconds from the first ring to this moment.
    pub fn since_start_us(&self, at: Moment) -> u64 {
        u64::try_from(at.since(self.started).as_micros()).unwrap_or(u64::MAX)
    }
}
