//! Putting a caller through to a telephone: every place where it registered rings, the first that answers has the
//! caller, and whatever happens there is one typed outcome.
//!
//! The rules are those of a forking proxy (RFC 3261 §16.6, §16.7), kept by a desk that is the caller of each leg:
//!
//! * The contacts of the highest `q` ring at once; when all of them have failed, those of the next lower.
//! * A 6xx holds for the whole person: it ends all attempts, and its outcome stands (§16.7 step 5).
//! * Otherwise the outcome of several failures is the most telling: declined before busy before no answer before
//!   unreachable.
//! * The time that it may ring is one for all contacts together: the caller waits no longer for a telephone in two
//!   places than for one in a single place.

use crate::attempt::{Attempt, Contact, Failure};
use crate::desk::Desk;
use crate::leg::Leg;
use crate::lights::Light;
use crate::routing::Party;
use crate::trunk::{self, failover};
use frontdesk_call_flow::TransferOutcome;
use frontdesk_identifiers::{LegId, Moment, TelephoneNumber};
use frontdesk_media_protocol::{AgreedAudio, Codec};
use frontdesk_session_description::{Refusal, complete};
use frontdesk_sip_message::Replaces;
use frontdesk_sip_stack::{SessionEnd, SessionId};
use std::cmp::Reverse;
use std::time::Duration;

/// Contacts of one telephone that a transfer tries. Of more, the most wanted and among those the latest registered
/// are tried, and the others do not ring: each costs a media port and an INVITE.
const CONTACTS_MAX: usize = 8;

/// How often trunks may send one call elsewhere: more is a loop (RFC 3261 §8.1.3.4).
const REDIRECTS_MAX: u16 = 3;

/// A transfer that has not come to its end.
#[derive(Debug)]
pub(crate) struct Transfer {
    stage: Stage,
    /// Contacts that wait for those before them to fail; the most wanted first.
    waiting: Vec<Contact>,
    /// How many hops the call may take from here on: this desk is one (RFC 7332).
    hops: u8,
    ring: Duration,
    /// When the patience is over; none before the first INVITE is out.
    until: Option<Moment>,
    /// Whether the caller was told that it rings.
    rang: bool,
    /// The most telling failure so far.
    failed: TransferOutcome,
    /// Who calls, for ways that are found on the way; none where the two talk already.
    caller: Option<Box<Party>>,
    /// How often a trunk sent the call elsewhere.
    redirected: u16,
    /// The dialog at the called side whose place the call is to take (RFC 3891).
    in_place_of: Option<Replaces>,
}

/// How far the transfer is.
#[derive(Debug)]
enum Stage {
    /// These contacts are being called.
    Calling(Vec<Attempt>),
    /// The two talk.
    Talking(Box<Leg>),
}

impl Transfer {
    /// Starts the first attempts, or tells why there is nothing to attempt.
    pub fn begin(
        caller: &Party,
        target: &TelephoneNumber,
        ring: Duration,
        desk: &mut Desk<'_>,
    ) -> Result<Transfer, TransferOutcome> {
        let mut transfer = Transfer {
            stage: Stage::Calling(Vec::new()),
            waiting: reach(caller, target, desk),
            hops: caller.hops.saturating_sub(1),
            ring,
            until: None,
            rang: false,
            failed: TransferOutcome::Unreachable,
            caller: Some(Box::new(caller.clone())),
            redirected: 0,
            in_place_of: None,
        };
        if transfer.call_the_next(desk) { Ok(transfer) } else { Err(TransferOutcome::Unreachable) }
    }

    /// Two who talk already: the caller of one call and whom it takes over from another.
    pub fn talk(leg: Leg, hops: u8) -> Transfer {
        Transfer {
            stage: Stage::Talking(Box::new(leg)),
            waiting: Vec::new(),
            hops,
            ring: Duration::ZERO,
            until: None,
            rang: true,
            failed: TransferOutcome::Unreachable,
            caller: None,
            redirected: 0,
            in_place_of: None,
        }
    }

    /// Every INVITE of this transfer is to take the place of this dialog. To be said before any port is open.
    pub fn in_place_of(mut self, dialog: Option<Replaces>) -> Transfer {
        self.in_place_of = dialog;
        self
    }

    /// This leg's party talks in place of who rang or talked; their legs.
    pub fn replace(&mut self, leg: Leg) -> Vec<Leg> {
        self.waiting.clear();
        match std::mem::replace(&mut self.stage, Stage::Talking(Box::new(leg))) {
            Stage::Calling(attempts) => attempts.into_iter().map(|attempt| attempt.leg).collect(),
            Stage::Talking(before) => vec![*before],
        }
    }

    /// Calls the most wanted of those that wait, all of the same preference at once. False if nobody waits.
    fn call_the_next(&mut self, desk: &mut Desk<'_>) -> bool {
        let Some(preference) = self.waiting.first().map(|contact| contact.preference) else { return false };
        let others = self.waiting.iter().position(|contact| contact.preference != preference);
        let rest = self.waiting.split_off(others.unwrap_or(self.waiting.len()));
        let group = std::mem::replace(&mut self.waiting, rest);
        self.stage = Stage::Calling(group.into_iter().map(|contact| Attempt::begin(contact, desk)).collect());
        true
    }

    /// The port of a contact is open: it is invited, first to what the caller speaks. False if it cannot be.
    pub fn invite(&mut self, leg: LegId, spoken: Option<Codec>, desk: &mut Desk<'_>) -> bool {
        let (hops, until) = (self.hops, desk.now + self.ring);
        let in_place_of = self.in_place_of.clone();
        let Some(attempt) = self.attempt(leg) else { return true };
        attempt.leg.speaks = spoken;
        let invited = attempt.invite(hops, in_place_of.as_ref(), desk);
        self.until.get_or_insert(until);
        invited
    }

    /// A contact rings. True the first time that any does.
    pub fn rings(&mut self, leg: LegId) -> bool {
        let Some(attempt) = self.attempt(leg) else { return false };
        attempt.rings();
        !std::mem::replace(&mut self.rang, true)
    }

    /// A contact lets itself be heard before it answers.
    pub fn heard_early(&mut self, leg: LegId, description: &[u8], desk: &mut Desk<'_>) -> bool {
        self.attempt(leg).is_some_and(|attempt| attempt.heard_early(description, desk))
    }

    /// A contact that lets itself be heard before it answers.
    pub fn heard(&self) -> Option<LegId> {
        let Stage::Calling(attempts) = &self.stage else { return None };
        attempts.iter().rfind(|attempt| attempt.is_heard()).map(|attempt| attempt.leg.id)
    }

    /// Whether any contact rings.
    pub fn is_ringing(&self) -> bool {
        match &self.stage {
            Stage::Calling(attempts) => attempts.iter().any(Attempt::is_ringing),
            Stage::Talking(_) => false,
        }
    }

    /// A person answered: what the sound needs to know, and the legs of the other contacts, which are not wanted any
    /// more. None if the answer cannot be used.
    pub fn answered(
        &mut self,
        leg: LegId,
        description: &[u8],
        desk: &mut Desk<'_>,
    ) -> Option<(AgreedAudio, Vec<Leg>)> {
        let audio = self.attempt(leg)?.agreed(description)?;
        let Attempt { leg: mut winner, .. } = self.take(leg)?;
        // Somebody who answers with a hold has not held anybody yet: there is nothing to notice.
        let _ = winner.configure(audio, desk);
        Some((audio, self.replace(winner)))
    }

    /// Why the description that a contact answered with cannot be served.
    pub fn refusal(&mut self, leg: LegId, description: &[u8]) -> Option<Refusal> {
        let local = self.attempt(leg)?.leg.local_audio()?;
        complete(&local, description).err()
    }

    /// An attempt that was [taken](Self::take) out failed like this. The outcome, if nothing is left to try.
    pub fn failed(&mut self, failure: Failure, desk: &mut Desk<'_>) -> Option<TransferOutcome> {
        if failure.for_all {
            return Some(failure.outcome);
        }
        self.failed = more_telling(self.failed, failure.outcome);
        match &self.stage {
            Stage::Calling(attempts) if attempts.is_empty() => {
                (!self.call_the_next(desk)).then_some(self.failed)
            }
            _ => None,
        }
    }

    /// What it comes to if nobody is waited for any longer.
    pub fn outcome_of_patience(&self) -> TransferOutcome {
        if self.is_ringing() { more_telling(self.failed, TransferOutcome::NoAnswer) } else { self.failed }
    }

    /// What the end of a contact's session means for its attempt.
    pub fn failure(&mut self, leg: LegId, end: &SessionEnd, desk: &mut Desk<'_>) -> Failure {
        let Some(attempt) = self.attempt(leg) else { return Failure::UNREACHABLE };
        let failure = attempt.failure(end);
        let Some(over) = attempt.over.clone() else { return failure };
        desk.out.aside.push(failover::told(&over, end));
        if self.redirected < REDIRECTS_MAX
            && let Some(caller) = &self.caller
            && let Some(ways) = failover::redirected(&over, end, caller, self.redirected, desk)
        {
            self.redirected += 1;
            self.waiting.splice(0..0, ways);
            return Failure { for_all: false, ..failure };
        }
        failure
    }

    /// The trunk that carries this leg's call, if one does.
    pub fn trunk_of(&self, leg: LegId) -> Option<String> {
        let Stage::Calling(attempts) = &self.stage else { return None };
        let attempt = attempts.iter().find(|attempt| attempt.leg.id == leg)?;
        attempt.over.as_ref().map(|over| over.trunk.name.clone())
    }

    /// Somebody at the other end of this leg is there.
    pub fn speaks(&mut self, leg: LegId) {
        if let Some(attempt) = self.attempt(leg) {
            attempt.speaks();
        }
    }

    /// The legs over trunks that were silent too long, while another way waits.
    pub fn silent_too_long(&self, now: Moment) -> Vec<LegId> {
        let Stage::Calling(attempts) = &self.stage else { return Vec::new() };
        let over = attempts
            .iter()
            .filter(|one| !self.waiting.is_empty() && one.silent_until().is_some_and(|at| at <= now));
        over.map(|attempt| attempt.leg.id).collect()
    }

    fn silence_ends(&self) -> Option<Moment> {
        let Stage::Calling(attempts) = &self.stage else { return None };
        attempts.iter().filter(|_| !self.waiting.is_empty()).filter_map(Attempt::silent_until).min()
    }

    fn attempt(&mut self, leg: LegId) -> Option<&mut Attempt> {
        match &mut self.stage {
            Stage::Calling(attempts) => attempts.iter_mut().find(|attempt| attempt.leg.id == leg),
            Stage::Talking(_) => None,
        }
    }

    /// Takes an attempt out.
    pub fn take(&mut self, leg: LegId) -> Option<Attempt> {
        let Stage::Calling(attempts) = &mut self.stage else { return None };
        let at = attempts.iter().position(|attempt| attempt.leg.id == leg)?;
        Some(attempts.remove(at))
    }

    pub fn legs(&self) -> impl Iterator<Item = &Leg> {
        let (calling, talking) = match &self.stage {
            Stage::Calling(attempts) => (attempts.as_slice(), None),
            Stage::Talking(leg) => (&[][..], Some(leg)),
        };
        calling.iter().map(|attempt| &attempt.leg).chain(talking.map(Box::as_ref))
    }

    pub fn legs_mut(&mut self) -> impl Iterator<Item = &mut Leg> {
        let (calling, talking) = match &mut self.stage {
            Stage::Calling(attempts) => (attempts.as_mut_slice(), None),
            Stage::Talking(leg) => (&mut [][..], Some(leg)),
        };
        calling.iter_mut().map(|attempt| &mut attempt.leg).chain(talking.map(Box::as_mut))
    }

    /// The leg of this session.
    pub fn leg_of(&self, session: SessionId) -> Option<LegId> {
        self.legs().find(|leg| leg.session == Some(session)).map(|leg| leg.id)
    }

    /// Whether the caller was told that it rings.
    pub fn rang(&self) -> bool {
        self.rang
    }

    /// Every leg, and how far its call is.
    pub fn lights(&self) -> Vec<(&Leg, Light)> {
        match &self.stage {
            Stage::Calling(attempts) => attempts.iter().map(|one| (&one.leg, one.light())).collect(),
            Stage::Talking(leg) => vec![(leg, Light::Confirmed)],
        }
    }

    /// The leg of the person who answered.
    pub fn talking(&self) -> Option<&Leg> {
        match &self.stage {
            Stage::Talking(leg) => Some(leg),
            Stage::Calling(_) => None,
        }
    }

    /// The leg of the person who answered, when the rest of the transfer does not matter any more.
    pub fn into_talking(self) -> Option<Leg> {
        match self.stage {
            Stage::Talking(leg) => Some(*leg),
            Stage::Calling(_) => None,
        }
    }

    /// Every leg, when the transfer is over.
    pub fn into_legs(self) -> Vec<Leg> {
        match self.stage {
            Stage::Calling(attempts) => attempts.into_iter().map(|attempt| attempt.leg).collect(),
            Stage::Talking(leg) => vec![*leg],
        }
    }

    /// When nobody is waited for any longer.
    pub fn patience_ends(&self) -> Option<Moment> {
        self.until.filter(|_| matches!(self.stage, Stage::Calling(_)))
    }

    /// When something is due.
    pub fn deadline(&self) -> Option<Moment> {
        match self.stage {
            Stage::Calling(_) => self.until.into_iter().chain(self.silence_ends()).min(),
            Stage::Talking(_) => None,
        }
    }
}

/// What says more about the person: that it declined, or is busy, or does not answer; that a telephone cannot be
/// reached says nothing.
fn more_telling(one: TransferOutcome, other: TransferOutcome) -> TransferOutcome {
    let telling = |outcome| match outcome {
        TransferOutcome::Declined => 3,
        TransferOutcome::Busy => 2,
        TransferOutcome::NoAnswer => 1,
        TransferOutcome::Unreachable | TransferOutcome::Completed => 0,
    };
    if telling(other) > telling(one) { other } else { one }
}

/// Where the telephone registered: the most wanted first, and among those the latest.
///
/// A number that is no telephone of the house is called over the trunks of the tenant.
fn reach(caller: &Party, target: &TelephoneNumber, desk: &mut Desk<'_>) -> Vec<Contact> {
    let rules = desk.rules;
    let Some(phone) = rules.directory.phone(&caller.tenant, target) else {
        return trunk::contacts(caller, target, desk);
    };
    let bindings = desk.stack.bindings(phone.number.as_str());
    let mut contacts: Vec<Contact> = bindings
        .map(|binding| Contact {
            uri: binding.contact.clone(),
            flow: binding.flow,
            routes: binding.path.clone(),
            phone: Some(phone.number.clone()),
            from: caller.presented(binding.flow.local.ip()),
            preference: binding.preference,
            over: None,
        })
        .collect();
    // Bindings stand in the order in which they were refreshed.
    contacts.reverse();
    contacts.sort_by_key(|contact| Reverse(contact.preference));
    contacts.truncate(CONTACTS_MAX);
    contacts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_failures_the_one_that_says_more_of_the_person_stands() {
        use TransferOutcome::{Busy, Declined, NoAnswer, Unreachable};
        let order = [Unreachable, NoAnswer, Busy, Declined];
        for (less, one) in order.into_iter().enumerate() {
            for other in order.into_iter().skip(less) {
                assert_eq!((more_telling(one, other), more_telling(other, one)), (other, other));
            }
        }
    }
}
