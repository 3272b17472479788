//! Passing a party on: the trunk that brought it is asked by REFER (RFC 3515) to put it through to a number of the telephone
//! network, so that the call needs no leg of this desk any more (the blind transfer of RFC 5589 §6, from the
//! transferor's side).
//!
//! It is done where a flow, or a telephone by REFER, puts a party through that talks over a trunk with `refer`, to a
//! number that is neither a telephone of the house nor an emergency. A call that is recorded is bridged instead, so that
//! the recording has all of it. The party stays connected until the outcome is known:
//!
//! * The number answers, or the trunk accepted and tells nothing of it (RFC 4488): the call ends as transferred.
//! * It is busy, declines, does not answer or cannot be reached: the flow, or who referred, is told so.
//! * The trunk refuses the REFER itself: nobody was called, and the desk calls on a leg of its own.
//! * Nobody answers the REFER, or the NOTIFYs stop: unreachable. It is not called a second time, for it may ring already.
//! * The ring time is over: no answer. A REFER cannot be taken back; should the trunk put the party through after all,
//!   the call ends as transferred then.
//! * The party hangs up first: some trunks do so before they tell that the number answered (RFC 5057 §4.1), so a call of
//!   a flow waits for the word as long as it may ring.

use crate::attempt::failure_of_status;
use crate::call::{Call, Recording, Serving};
use crate::desk::Desk;
use crate::identity;
use crate::trunk;
use frontdesk_call_flow::TransferOutcome;
use frontdesk_call_record::{EndReason, Fact, TransferEnd, TransferKind};
use frontdesk_directory::Trunk;
use frontdesk_identifiers::{LegId, Moment, TelephoneNumber};
use frontdesk_sip_message::StatusCode;
use frontdesk_sip_stack::{ReferOutcome, ReferralId, SessionEnd, SessionId, SipCommand};
use std::sync::Arc;
use std::time::Duration;

/// A party that its own trunk was asked to put through.
#[derive(Debug)]
pub(crate) struct Passing {
    way: WayToPass,
    ring: Duration,
    /// Which REFER of a party this serves, and whose.
    referral: Option<(ReferralId, LegId)>,
    stage: Stage,
}

/// Who is passed on, by whom, and to whom.
#[derive(Debug, Clone)]
pub(crate) struct WayToPass {
    session: SessionId,
    trunk: Arc<Trunk>,
    target: TelephoneNumber,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The trunk is at it, and has time until then.
    Asked { until: Moment, rings: bool },
    /// The party hung up, and the trunk has not said whether it was put through.
    Left { until: Moment },
    /// Nobody waits for it any more.
    GivenUp,
}

impl Passing {
    /// When nobody waits for it any longer.
    pub fn deadline(&self) -> Option<Moment> {
        match self.stage {
            Stage::Asked { until, .. } | Stage::Left { until } => Some(until),
            Stage::GivenUp => None,
        }
    }

    fn rang(&self) -> bool {
        matches!(self.stage, Stage::Asked { rings: true, .. })
    }
}

impl Call {
    /// Whether the party of this session can be passed on to this number by the trunk that it talks over.
    pub fn way_to_pass(
        &self,
        session: Option<SessionId>,
        target: &TelephoneNumber,
        desk: &Desk<'_>,
    ) -> Option<WayToPass> {
        let session = session?;
        let trunk = desk.trunks.of_session(session).filter(|trunk| trunk.refer)?;
        let (directory, tenant) = (&desk.rules.directory, &self.party.tenant);
        let outside = target.is_e164()
            && directory.phone(tenant, target).is_none()
            && !directory.is_emergency(tenant, target);
        // One REFER at a time for each session, also one that nobody waits for any more.
        let free = self.passing.is_none() && self.recording == Recording::Off;
        (outside && free && trunk.tenant == *tenant).then(|| WayToPass {
            session,
            trunk: Arc::clone(trunk),
            target: target.clone(),
        })
    }

    /// Asks the trunk.
    pub fn pass_on(
        &mut self,
        way: WayToPass,
        referral: Option<(ReferralId, LegId)>,
        ring: Duration,
        desk: &mut Desk<'_>,
    ) {
        let target = way.target.to_string().into();
        self.record.tell(Fact::TransferStarted { target, kind: TransferKind::Referred }, desk);
        let by = referral.map(|(_, by)| self.referring_party(by, desk));
        let by = by.as_ref().unwrap_or(&self.party);
        desk.out.sip(SipCommand::Refer {
            session: way.session,
            refer_to: trunk::target(&way.trunk, &way.target),
            referred_by: identity::on_behalf(by, &way.trunk, &desk.rules.directory),
        });
        let stage = Stage::Asked { until: desk.now + ring, rings: false };
        self.passing = Some(Passing { way, ring, referral, stage });
    }

    /// Whether a trunk is at it.
    pub fn is_passing(&self) -> bool {
        self.passing.as_ref().is_some_and(|passing| passing.stage != Stage::GivenUp)
    }

    /// The session that is passed on: it is told of after its end too.
    pub fn passed_session(&self) -> Option<SessionId> {
        self.passing.as_ref().map(|passing| passing.way.session)
    }

    /// Whether the party of this leg asked for it.
    pub fn is_passer(&self, leg: LegId) -> bool {
        let by = self.passing.as_ref().and_then(|passing| passing.referral);
        by.is_some_and(|(_, by)| by == leg)
    }

    /// The trunk tells how far the new call is.
    pub fn passing_progress(&mut self, session: SessionId, status: StatusCode, desk: &mut Desk<'_>) {
        if self.ending.is_some() {
            return;
        }
        let Some(passing) = self.passing.as_mut().filter(|passing| passing.way.session == session) else {
            return;
        };
        let Stage::Asked { rings, .. } = &mut passing.stage else { return };
        if let Some((referral, _)) = passing.referral {
            desk.out.sip(SipCommand::NotifyReferrer { referral, status });
        }
        if status == StatusCode::TRYING || std::mem::replace(rings, true) {
            return;
        }
        let waits = passing.referral.is_none();
        self.record.tell(Fact::TransferRinging, desk);
        if waits {
            self.start_ring_tone(desk);
        }
    }

    /// The REFER came to its end.
    pub fn passing_ended(&mut self, session: SessionId, outcome: ReferOutcome, desk: &mut Desk<'_>) {
        if self.ending.is_some() {
            return;
        }
        let Some(passing) = self.passing.take_if(|passing| passing.way.session == session) else { return };
        match outcome {
            ReferOutcome::Status(status) if status.is_success() => self.passed_on(&passing, true, desk),
            ReferOutcome::Unknown => self.passed_on(&passing, false, desk),
            ReferOutcome::Refused(status) => self.pass_refused(passing, status, desk),
            ReferOutcome::Status(status) => {
                let outcome = failure_of_status(status, passing.rang()).outcome;
                self.pass_failed(&passing, outcome, desk);
            }
            _ => self.pass_failed(&passing, TransferOutcome::Unreachable, desk),
        }
    }

    /// The party talks with whom it was passed on to, over its own trunk.
    fn passed_on(&mut self, passing: &Passing, answered: bool, desk: &mut Desk<'_>) {
        if passing.stage != Stage::GivenUp {
            if answered {
                self.record.tell(Fact::TransferAnswered, desk);
            }
            self.record.tell(Fact::TransferEnded { outcome: TransferEnd::Completed }, desk);
        }
        if let Some((referral, _)) = passing.referral {
            desk.out.sip(SipCommand::NotifyReferrer { referral, status: StatusCode::OK });
        }
        self.stop_ring_tone(desk);
        self.end(EndReason::Transferred, None, desk);
    }

    /// The trunk does not do it, and called nobody: the desk does.
    fn pass_refused(&mut self, passing: Passing, status: StatusCode, desk: &mut Desk<'_>) {
        let trunk = passing.way.trunk.name.clone();
        self.record.tell(Fact::ReferRefused { trunk, status: status.as_u16() }, desk);
        match passing.stage {
            Stage::GivenUp => {}
            Stage::Left { .. } => self.pass_failed(&passing, TransferOutcome::Unreachable, desk),
            Stage::Asked { .. } => {
                self.record.tell(Fact::TransferEnded { outcome: TransferEnd::Unreachable }, desk);
                let target = passing.way.target;
                match passing.referral {
                    None => self.begin_transfer_here(target, passing.ring, desk),
                    Some((id, by)) => self.begin_referral_here(by, id, &target, None, desk),
                }
            }
        }
    }

    /// The party was not put through: the flow, or who referred, is told why.
    fn pass_failed(&mut self, passing: &Passing, outcome: TransferOutcome, desk: &mut Desk<'_>) {
        match (passing.stage, passing.referral) {
            (Stage::GivenUp, _) => {}
            (Stage::Left { .. }, _) => {
                self.record.tell(Fact::TransferEnded { outcome: TransferEnd::CallerLeft }, desk);
                self.end(EndReason::CallerHungUp, None, desk);
            }
            (Stage::Asked { .. }, None) => self.transfer_ended(outcome, desk),
            (Stage::Asked { .. }, Some((id, _))) => self.told_referral_failed(id, outcome, desk),
        }
    }

    /// The time that it may ring is over.
    pub fn end_passing_when_due(&mut self, desk: &mut Desk<'_>) {
        let Some(passing) = &self.passing else { return };
        if passing.deadline().is_none_or(|until| desk.now < until) {
            return;
        }
        let outcome = if passing.rang() { TransferOutcome::NoAnswer } else { TransferOutcome::Unreachable };
        if let Some(passing) = self.give_up_passing() {
            self.pass_failed(&passing, outcome, desk);
        }
    }

    /// What stood till now; what the trunk tells from here on finds nobody who waits.
    fn give_up_passing(&mut self) -> Option<Passing> {
        let passing = self.passing.as_mut()?;
        let before = Passing {
            way: passing.way.clone(),
            ring: passing.ring,
            referral: passing.referral.take(),
            stage: passing.stage,
        };
        passing.stage = Stage::GivenUp;
        Some(before)
    }

    /// Nobody waits any more for whom the trunk was asked for.
    pub fn abandon_passing(&mut self, desk: &mut Desk<'_>) {
        let Some(passing) = self.give_up_passing() else { return };
        if passing.stage == Stage::GivenUp {
            return;
        }
        self.record.tell(Fact::TransferEnded { outcome: TransferEnd::CallerLeft }, desk);
        if let Some((referral, _)) = passing.referral {
            let status = StatusCode::REQUEST_TERMINATED;
            desk.out.sip(SipCommand::NotifyReferrer { referral, status });
        }
    }

    /// A party that is being passed on hung up. True if its call waits for what the trunk says of it.
    pub fn passed_hung_up(&mut self, session: SessionId, end: &SessionEnd, desk: &mut Desk<'_>) -> bool {
        let hung_up = matches!(end, SessionEnd::HungUpByPeer { .. });
        if !hung_up || self.ending.is_some() || self.caller.session != Some(session) {
            return false;
        }
        let Some(passing) = self.passing.as_mut().filter(|passing| passing.way.session == session) else {
            return false;
        };
        let Stage::Asked { until, .. } = passing.stage else { return false };
        if passing.referral.is_some() || self.transfer.is_some() {
            return false;
        }
        passing.stage = Stage::Left { until };
        self.stop_ring_tone(desk);
        self.close_conversation(desk);
        self.serving = Serving::Nobody;
        self.caller.session = None;
        self.caller.close_port(desk);
        true
    }

    /// Who asked for it hung up: who is left waits alone for what becomes of it.
    pub fn passer_left(&mut self, desk: &mut Desk<'_>) {
        let Some(passing) = &mut self.passing else { return };
        let (rings, by) = (passing.rang(), passing.referral.take());
        if let Some((_, by)) = by {
            self.leave(by, desk);
        }
        if rings {
            self.start_ring_tone(desk);
        }
    }
}
