//! Calls that begin here: somebody is rung, and who answers is put through to a second number or to a flow.
//!
//! To the rest of the switchboard the first party is the caller of the call, though it was called: from its answer on
//! nothing differs from a call that came in. Before it, the call has no caller's leg, and its transfer is the first
//! party being rung ([`Stage::Summoning`]).

use crate::call::{Call, Recording, Serving, Stage, context};
use crate::conversation::Conversation;
use crate::desk::Desk;
use crate::facts::Chronicle;
use crate::fault;
use crate::identity::Identity;
use crate::leg::Leg;
use crate::output::SwitchboardOutput;
use crate::routing::Party;
use crate::switchboard::Switchboard;
use crate::transfer::Transfer;
use frontdesk_call_flow::{Flow, FlowEvent, TransferOutcome};
use frontdesk_call_record::{AdmittedBy, EndReason, Fact, LegRole};
use frontdesk_identifiers::{CallId, FlowId, LegId, Moment, TelephoneNumber, TenantId};
use frontdesk_media_protocol::AgreedAudio;
use std::sync::Arc;
use std::time::Duration;

/// How many hops a call has that begins here (RFC 3261 §8.1.1.6).
const HOPS: u8 = 70;

/// One call that is wanted from inside; numbered by who wants it, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OriginationId(pub u64);

/// A call that shall begin here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origination {
    /// Its name.
    pub id: OriginationId,
    /// Whose call.
    pub tenant: TenantId,
    /// Who the first party is shown: a name, if any, and a number of the tenant.
    pub shown: (Option<String>, TelephoneNumber),
    /// Who is rung first: a telephone of the tenant, or a number of the telephone network.
    pub first: TelephoneNumber,
    /// How long the first may ring.
    pub ring: Duration,
    /// With whom the first is connected when it answers.
    pub then: Then,
}

/// With whom the first party of an [`Origination`] is connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    /// A telephone of the tenant, or a number of the telephone network.
    Number(TelephoneNumber),
    /// A flow.
    Flow(FlowId),
}

/// What became of an [`Origination`], in this order; the last is [`Refused`](Self::Refused) or [`Ended`](Self::Ended).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OriginationNews {
    /// There is no such tenant, telephone or flow, there is no room, or the desk is being stopped: nobody is rung.
    Refused(OriginationRefusal),
    /// The first party is being called; the call has a record.
    Began(CallId),
    /// The first party answered.
    Answered,
    /// The call is over.
    Ended(EndReason),
}

/// Why nobody is rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OriginationRefusal {
    /// The tenant is not in the directory: who asks is wrong.
    #[error("there is no such tenant")]
    NoSuchTenant,
    /// The flow is not published: who asks is wrong, or the operator forgot it.
    #[error("there is no such flow")]
    NoSuchFlow,
    /// As many calls as allowed: worth another try.
    #[error("there are as many calls as allowed")]
    Full,
    /// The desk takes no new calls any more.
    #[error("the desk is being stopped")]
    Closing,
}

/// What the first party of a call is connected with.
#[derive(Debug, Clone)]
pub(crate) enum Next {
    Number(TelephoneNumber),
    Flow(Arc<Flow>),
}

/// The call of an [`Origination`], while it is one.
#[derive(Debug, Clone)]
pub(crate) struct Summons {
    id: OriginationId,
    first: TelephoneNumber,
    next: Next,
}

impl Switchboard {
    /// A call is wanted from inside.
    pub(crate) fn on_originate(&mut self, wanted: Origination, now: Moment) {
        let next = match self.next_of(&wanted) {
            Ok(next) => next,
            Err(refusal) => return self.tell_origination(wanted.id, OriginationNews::Refused(refusal)),
        };
        let id = self.new_call_id(now);
        self.tell_origination(wanted.id, OriginationNews::Began(id));
        self.open_call(id, now, |desk| Call::originate(id, wanted, next, desk));
        // Where there is nobody to ring the call is over already.
        self.with_call(id, now, |_, _| ());
    }

    /// A call that was wanted from inside is wanted no more. Harmless when it is over.
    pub(crate) fn on_cancel_origination(&mut self, id: OriginationId, now: Moment) {
        let found = self.calls.iter().find(|(_, call)| call.summons.as_ref().is_some_and(|one| one.id == id));
        if let Some(call) = found.map(|(call, _)| *call) {
            self.with_call(call, now, |call, desk| call.end(EndReason::Cancelled, None, desk));
        }
    }

    fn next_of(&self, wanted: &Origination) -> Result<Next, OriginationRefusal> {
        let rules = self.rules.as_ref().ok_or(OriginationRefusal::Closing)?;
        if self.is_draining() {
            return Err(OriginationRefusal::Closing);
        }
        if rules.directory.tenant(&wanted.tenant).is_none() {
            return Err(OriginationRefusal::NoSuchTenant);
        }
        if self.calls.len() >= rules.limits.calls_max {
            return Err(OriginationRefusal::Full);
        }
        match &wanted.then {
            Then::Number(number) => Ok(Next::Number(number.clone())),
            Then::Flow(name) => {
                let flow = rules.flows.get(name).ok_or(OriginationRefusal::NoSuchFlow)?;
                Ok(Next::Flow(Arc::clone(flow)))
            }
        }
    }

    fn tell_origination(&mut self, id: OriginationId, news: OriginationNews) {
        self.out.outputs.push_back(SwitchboardOutput::Originated { id, news });
    }
}

impl Call {
    /// A call whose caller is to be rung.
    fn originate(id: CallId, wanted: Origination, next: Next, desk: &mut Desk<'_>) -> Call {
        let (name, number) = wanted.shown;
        let party = Party {
            tenant: wanted.tenant,
            name,
            number: number.to_string(),
            admitted_by: AdmittedBy::Desk,
            hops: HOPS,
            identity: Identity::default(),
        };
        let record = Chronicle::open_own(id, &party, &wanted.first, desk);
        let summons = Summons { id: wanted.id, first: wanted.first.clone(), next };
        let mut call = Call::new(party, record, Recording::Off, desk);
        call.summons = Some(summons);
        match Transfer::begin(&call.party, &wanted.first, wanted.ring, desk) {
            Ok(transfer) => call.transfer = Some(transfer),
            Err(outcome) => {
                call.tell_suspicions(desk);
                call.summons_failed(outcome, desk);
            }
        }
        call
    }

    /// The first party does not come.
    pub fn summons_failed(&mut self, outcome: TransferOutcome, desk: &mut Desk<'_>) {
        let (_, reason) = fault::of_failed_call(outcome);
        self.end(reason, None, desk);
    }

    /// Another telephone picked up what rang at the first party: it is the first party.
    pub fn summoned_elsewhere(
        &mut self,
        by: Option<TelephoneNumber>,
        audio: AgreedAudio,
        desk: &mut Desk<'_>,
    ) {
        if let (Some(summons), Some(by)) = (&mut self.summons, by) {
            summons.first = by;
        }
        self.summoned(audio, desk);
    }

    /// The first party answered: it is the caller from here on.
    pub fn summoned(&mut self, audio: AgreedAudio, desk: &mut Desk<'_>) {
        let Some(Summons { id, first, next }) = self.summons.clone() else { return };
        let Some(mut leg) = self.transfer.take().and_then(Transfer::into_talking) else { return };
        leg.role = LegRole::Caller;
        if let Some(phone) = desk.rules.directory.phone(&self.party.tenant, &first) {
            // What it says to others goes at its own name from here on, as if it had dialled.
            self.party.name = Some(phone.name.clone()).filter(|name| !name.is_empty());
            self.party.admitted_by = AdmittedBy::Account(phone.account().to_owned());
        }
        if matches!(next, Next::Number(_)) {
            self.party.number = first.to_string();
        }
        self.suspicions.clear();
        self.caller = leg;
        self.stage = Stage::Talking;
        self.record.tell(Fact::Answered, desk);
        self.record.tell(crate::encryption::agreed(LegRole::Caller, &audio), desk);
        desk.out.outputs.push_back(SwitchboardOutput::Originated { id, news: OriginationNews::Answered });
        match next {
            Next::Number(number) => {
                self.serving = Serving::Phone(number.clone());
                let ring = desk.rules.limits.ring;
                self.begin_transfer(number, ring, desk);
            }
            Next::Flow(flow) => {
                let context = context(&self.party, desk);
                self.serving = Serving::Flow(Box::new(Conversation::new(flow, context, self.caller.id)));
                self.tell_flow(FlowEvent::Began, desk);
            }
        }
    }

    /// Whether the first party has not answered yet.
    pub fn is_summoning(&self) -> bool {
        matches!(self.stage, Stage::Summoning)
    }

    /// Tells who wanted the call that it is over.
    pub fn tell_summons_ended(&self, reason: EndReason, desk: &mut Desk<'_>) {
        if let Some(Summons { id, .. }) = &self.summons {
            let news = OriginationNews::Ended(reason);
            desk.out.outputs.push_back(SwitchboardOutput::Originated { id: *id, news });
        }
    }
}

impl Leg {
    /// In place of a caller who has not answered yet: neither session nor port.
    pub fn nobody(desk: &mut Desk<'_>) -> Leg {
        let id: LegId = desk.out.leg();
        Leg::without_port(id, LegRole::Caller)
    }
}
