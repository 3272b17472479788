//! One call: its legs, what it is doing, and why it ended.
//!
//! A call never waits for anything by itself: it is told what happened and says what it wants. It is over when
//! its end is decided *and* every leg's session and port and the recording have reported their own end.

use crate::codecs;
use crate::conversation::{Conversation, Wish};
use crate::desk::Desk;
use crate::doctor::{self, Finding};
use crate::encryption::{self, Security};
use crate::facts::Chronicle;
use crate::leg::Leg;
use crate::limits::{Limits, RETRY_AFTER};
use crate::originate::Summons;
use crate::passing::Passing;
use crate::referral::Referral;
use crate::replaces::Arrival;
use crate::routing::{Party, Route};
use crate::transfer::Transfer;
use frontdesk_call_flow::{Context, FlowEvent};
use frontdesk_call_record::{AdmittedBy, Cause, EndReason, Fact, Fault, FaultCode, LegRole, Notice, Whose};
use frontdesk_identifiers::{CallId, LegId, Moment, TelephoneNumber, TenantId};
use frontdesk_media_protocol::{AgreedAudio, MediaCommand, PlaybackId};
use frontdesk_session_description::offer;
use frontdesk_sip_message::StatusCode;
use frontdesk_sip_stack::{IncomingCall, SessionId, SipCommand};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// A call, from its first ring until nothing of it is left.
#[derive(Debug)]
pub(crate) struct Call {
    pub caller: Leg,
    pub stage: Stage,
    pub serving: Serving,
    pub transfer: Option<Transfer>,
    /// What the desk itself wanted this call for.
    pub summons: Option<Summons>,
    /// What a party asked for by REFER and is not done yet.
    pub referral: Option<Referral>,
    /// Whom the trunk that brought a party was asked to put it through to.
    pub passing: Option<Passing>,
    /// A session that will take the place of one of this call's.
    pub arrival: Option<Arrival>,
    /// What the doctor has found.
    pub diagnosed: BTreeSet<(Cause, Whose)>,
    /// What it has found out about ways that failed, while others may lead there.
    pub suspicions: Vec<Finding>,
    /// When the doctor looks whether sound comes.
    pub checkup_at: Option<Moment>,
    /// The leg that the caller hears.
    pub joined: Option<LegId>,
    /// The tone that tells the caller that it rings.
    pub ringback: Option<PlaybackId>,
    /// Who hears the desk's music, because the other one holds.
    pub music: Option<(LegId, PlaybackId)>,
    /// Why the other side ended its leg, for who is to be told (RFC 3326).
    pub reason: Option<String>,
    /// Legs of transfers that are over, until they are gone.
    pub retired: Vec<Leg>,
    pub record: Chronicle,
    pub recording: Recording,
    pub ending: Option<Ending>,
    /// The longest that it may take.
    until: Moment,
    /// Who calls: the party of the caller's leg.
    pub party: Party,
}

/// How far the caller's leg is.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "a call has one, and lives in a box")]
pub(crate) enum Stage {
    /// The desk rings it, by the call's transfer.
    Summoning,
    /// Its media port is being opened. Holds the SDP offer, if the INVITE brought one.
    OpeningPort { offer: Option<Vec<u8>> },
    /// The answer is ready, and waits for somebody to answer.
    Alerting { description: Vec<u8>, audio: Option<AgreedAudio>, early: Early },
    /// 200 is out, and its ACK awaited.
    AwaitingAck,
    /// The call stands.
    Talking,
}

/// What the caller knows of the sound before the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Early {
    /// Nothing: no description went out.
    Silent,
    /// This side's offer went out in a 183, to a caller who brought none; the PRACK answers it, if it went reliably.
    Offered,
    /// It hears what comes before the answer.
    Heard,
}

/// Who serves the caller.
#[derive(Debug)]
pub(crate) enum Serving {
    /// A flow talks with the caller.
    Flow(Box<Conversation>),
    /// Nobody yet: the caller is being rung.
    Nobody,
    /// The caller dialled a telephone.
    Phone(TelephoneNumber),
}

/// Whether the call is recorded, and how far that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Recording {
    Off,
    Wanted {
        path: PathBuf,
        file: String,
    },
    /// It ends when this leg's port closes; the leg may belong to another call by then.
    Running {
        leg: LegId,
    },
}

/// Why the call is over, and until when its last words are waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ending {
    reason: EndReason,
    fault: Option<Fault>,
    until: Moment,
}

impl Call {
    /// A call that is let in: its port is being opened.
    pub fn admit(id: CallId, call: IncomingCall, party: Party, route: Route, desk: &mut Desk<'_>) -> Call {
        let record = Chronicle::open(id, &call, &party, desk);
        let mut caller = Leg::open(LegRole::Caller, Some(call.session), call.flow, desk);
        caller.phone = phone_of(&party, desk);
        caller.security = Security::new(encryption::of_party(&party, desk), desk);
        caller.codecs = codecs::of_party(&party, desk);
        let (serving, recording) = match route {
            Route::Phone { number } => (Serving::Phone(number), Recording::Off),
            Route::Flow { flow, record } => {
                let context = context(&party, desk);
                let conversation = Box::new(Conversation::new(flow, context, caller.id));
                (Serving::Flow(conversation), recording(record, &party.tenant, id, desk))
            }
        };
        Call {
            caller,
            stage: Stage::OpeningPort { offer: call.offer },
            serving,
            ..Call::new(party, record, recording, desk)
        }
    }

    /// What every call begins with, however it begins.
    pub fn new(party: Party, record: Chronicle, recording: Recording, desk: &mut Desk<'_>) -> Call {
        Call {
            caller: Leg::nobody(desk),
            stage: Stage::Summoning,
            serving: Serving::Nobody,
            summons: None,
            transfer: None,
            referral: None,
            passing: None,
            arrival: None,
            diagnosed: BTreeSet::new(),
            checkup_at: None,
            suspicions: Vec::new(),
            joined: None,
            ringback: None,
            music: None,
            reason: None,
            retired: Vec::new(),
            record,
            recording,
            ending: None,
            until: desk.now + desk.rules.limits.longest,
            party,
        }
    }

    /// The legs of this call, so that the switchboard can find it by them.
    pub fn legs(&self) -> impl Iterator<Item = &Leg> {
        let referred = self.referral.iter().map(|referral| &referral.transfer);
        let called = self.transfer.iter().chain(referred).flat_map(Transfer::legs);
        let arriving = self.arrival.iter().map(|arrival| &arrival.leg);
        std::iter::once(&self.caller).chain(called).chain(arriving).chain(&self.retired)
    }

    pub fn leg_mut(&mut self, leg: LegId) -> Option<&mut Leg> {
        self.legs_mut().find(|one| one.id == leg)
    }

    fn legs_mut(&mut self) -> impl Iterator<Item = &mut Leg> {
        let referred = self.referral.iter_mut().map(|referral| &mut referral.transfer);
        let called = self.transfer.iter_mut().chain(referred).flat_map(Transfer::legs_mut);
        let arriving = self.arrival.iter_mut().map(|arrival| &mut arrival.leg);
        std::iter::once(&mut self.caller).chain(called).chain(arriving).chain(&mut self.retired)
    }

    /// The leg of a party whose session stands and that is not on its way out.
    pub fn leg_of(&mut self, session: SessionId) -> Option<&mut Leg> {
        let retired: Vec<LegId> = self.retired.iter().map(|leg| leg.id).collect();
        self.legs_mut().find(|leg| leg.session == Some(session) && !retired.contains(&leg.id))
    }

    /// When the call wants to be told that time has passed.
    pub fn deadline(&self) -> Option<Moment> {
        if let Some(ending) = &self.ending {
            return Some(ending.until);
        }
        let flow = match &self.serving {
            Serving::Flow(conversation) => conversation.deadline(),
            Serving::Phone(_) | Serving::Nobody => None,
        };
        let referred = self.referral.as_ref().and_then(|referral| referral.transfer.deadline());
        let ring = self.transfer.as_ref().and_then(Transfer::deadline);
        let passing = self.passing.as_ref().and_then(Passing::deadline);
        flow.into_iter()
            .chain(ring)
            .chain(passing)
            .chain(referred)
            .chain(self.checkup_at)
            .chain([self.until])
            .min()
    }

    /// A deadline may have come.
    pub fn tick(&mut self, desk: &mut Desk<'_>) {
        if self.ending.is_some() {
            return;
        }
        if self.until <= desk.now {
            return self.end(EndReason::TooLong, None, desk);
        }
        self.check_up_when_due(desk);
        self.end_ringing_when_due(desk);
        if let Serving::Flow(conversation) = &self.serving
            && conversation.deadline().is_some_and(|at| at <= desk.now)
        {
            self.tell_flow(FlowEvent::Tick, desk);
        }
    }

    /// The caller's port is open: the offer can be answered.
    pub fn caller_port_opened(&mut self, desk: &mut Desk<'_>) {
        let Stage::OpeningPort { offer: offered } = &self.stage else { return };
        let Some(local) = self.caller.local_audio() else { return };
        let (description, audio) = match offered {
            Some(offered) => match self.caller.answer(&local, offered) {
                Ok((description, audio)) => (description, Some(audio)),
                Err(refusal) => return self.refuse_description(&refusal, desk),
            },
            None => (offer(&local), None),
        };
        self.stage = Stage::Alerting { description, audio, early: Early::Silent };
        match &self.serving {
            Serving::Flow(_) => {
                self.ring_caller(desk);
                self.accept_caller(desk);
            }
            Serving::Phone(number) => {
                let (number, ring) = (number.clone(), desk.rules.limits.ring);
                self.begin_transfer(number, ring, desk);
            }
            Serving::Nobody => {}
        }
    }

    pub fn refuse_description(
        &mut self,
        refusal: &frontdesk_session_description::Refusal,
        desk: &mut Desk<'_>,
    ) {
        self.diagnose(doctor::of_refusal(refusal, LegRole::Caller), desk);
        let status = StatusCode::new(refusal.sip_status()).unwrap_or(StatusCode::NOT_ACCEPTABLE_HERE);
        self.refuse(
            status,
            EndReason::NotAcceptable,
            Some(crate::fault::of_refusal(refusal, LegRole::Caller)),
            desk,
        );
    }

    pub fn ring_caller(&mut self, desk: &mut Desk<'_>) {
        let Some(session) = self.caller.session else { return };
        desk.out.sip(SipCommand::Ring { session, status: StatusCode::RINGING, description: None });
        self.record.tell(Fact::Ringing, desk);
    }

    /// Answers the caller, whose sound flows from here on.
    pub fn accept_caller(&mut self, desk: &mut Desk<'_>) {
        let Some(session) = self.caller.session else { return };
        let Stage::Alerting { description, audio, .. } =
            std::mem::replace(&mut self.stage, Stage::AwaitingAck)
        else {
            debug_assert!(false, "only an alerting call is answered");
            return;
        };
        self.caller.awaits_answer = audio.is_none();
        desk.out.sip(SipCommand::Accept { session, description });
        self.record.tell(Fact::Answered, desk);
        if let Some(audio) = audio {
            self.media_agreed(audio, desk);
        }
    }

    /// The ends of the caller's leg know for the first time how sound goes between them.
    pub fn media_agreed(&mut self, audio: AgreedAudio, desk: &mut Desk<'_>) {
        let notice = if self.awaits_ack_of_peer() {
            self.caller.configure_unproven(audio, desk);
            None
        } else {
            self.caller.configure(audio, desk)
        };
        self.record.tell(encryption::agreed(LegRole::Caller, &audio), desk);
        self.notice_hold(notice, desk);
        if let Recording::Wanted { path, file } = &self.recording {
            let (path, file) = (path.clone(), file.clone());
            desk.out.media(MediaCommand::Record { leg: self.caller.id, path });
            self.record.tell(Fact::RecordingStarted { file }, desk);
            self.recording = Recording::Running { leg: self.caller.id };
        }
    }

    /// Whether the caller is known by its address alone and has not shown that the answer reached it.
    pub fn awaits_ack_of_peer(&self) -> bool {
        let by_address = matches!(self.party.admitted_by, AdmittedBy::Peer(_));
        by_address && matches!(self.stage, Stage::AwaitingAck) && self.ending.is_none()
    }

    fn notice_hold(&mut self, notice: Option<Notice>, desk: &mut Desk<'_>) {
        if let Some(notice) = notice {
            self.record.tell(Fact::Noticed { notice, fault: None }, desk);
        }
    }

    /// The caller's first ACK came; it may bring the answer to this side's offer.
    pub fn caller_confirmed(&mut self, agreed: Option<Result<AgreedAudio, Fault>>, desk: &mut Desk<'_>) {
        self.stage = Stage::Talking;
        match agreed {
            Some(Ok(audio)) => self.media_agreed(audio, desk),
            Some(Err(fault)) => return self.end(EndReason::NotAcceptable, Some(fault), desk),
            None => {
                let notice = self.caller.prove(desk);
                self.notice_hold(notice, desk);
            }
        }
        self.order_checkup(desk);
        self.tell_flow(FlowEvent::Began, desk);
    }

    /// Tells the flow, if one serves the caller, and does what it wants.
    pub fn tell_flow(&mut self, event: FlowEvent, desk: &mut Desk<'_>) {
        if self.ending.is_some() {
            return;
        }
        let Serving::Flow(conversation) = &mut self.serving else { return };
        for wish in conversation.tell(event, &mut self.record, desk) {
            self.grant(wish, desk);
        }
    }

    fn grant(&mut self, wish: Wish, desk: &mut Desk<'_>) {
        use frontdesk_call_flow::{FlowEnd, TransferTarget};
        match wish {
            Wish::Transfer {
                target: TransferTarget::Phone(number) | TransferTarget::Number(number),
                ring,
            } => self.begin_transfer(number, ring, desk),
            Wish::Transfer { target: TransferTarget::Room(room), .. } => self.enter_room(&room, desk),
            Wish::Transfer { target, .. } => debug_assert!(false, "no way to {target:?}"),
            Wish::End { end } => {
                let (reason, fault) = match end {
                    FlowEnd::HungUp => (EndReason::DeskHungUp, None),
                    FlowEnd::Transferred => (EndReason::CalleeHungUp, None),
                    FlowEnd::PartyLeft => (EndReason::CallerHungUp, None),
                    FlowEnd::Exhausted => {
                        let fault = Fault::of(Whose::Operator, FaultCode::FlowExhausted);
                        (EndReason::FlowExhausted, Some(fault))
                    }
                    _ => (EndReason::DeskHungUp, None),
                };
                self.end(reason, fault, desk);
            }
        }
    }

    /// Refuses a caller that is not answered yet, and ends the call.
    pub fn refuse(
        &mut self,
        status: StatusCode,
        reason: EndReason,
        fault: Option<Fault>,
        desk: &mut Desk<'_>,
    ) {
        if self.is_unanswered() {
            let retry_after = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_AFTER);
            self.caller.refuse(status, retry_after, self.reason.clone(), desk);
        }
        self.end(reason, fault, desk);
    }

    /// Whether the caller still waits for an answer.
    fn is_unanswered(&self) -> bool {
        matches!(self.stage, Stage::OpeningPort { .. } | Stage::Alerting { .. })
    }

    /// Decides the end: every leg is told, once; the first reason stands.
    pub fn end(&mut self, reason: EndReason, fault: Option<Fault>, desk: &mut Desk<'_>) {
        if self.ending.is_some() {
            return;
        }
        let Limits { farewell, .. } = desk.rules.limits;
        self.ending = Some(Ending { reason, fault, until: desk.now + farewell });
        self.close_conversation(desk);
        self.arrival_failed(StatusCode::CALL_TRANSACTION_DOES_NOT_EXIST, desk);
        self.abandon_referral(desk);
        self.abandon_passing(desk);
        self.abandon_transfer(desk);
        if matches!(self.recording, Recording::Wanted { .. }) {
            self.recording = Recording::Off;
        }
        // What the desk itself is the reason for is no 480: another desk may take the call at once.
        let desks_own =
            matches!(reason, EndReason::DeskStopped | EndReason::Overloaded | EndReason::DeskFailed);
        if self.is_unanswered() && desks_own {
            self.caller.refuse(StatusCode::SERVICE_UNAVAILABLE, Some(RETRY_AFTER), None, desk);
        }
        self.caller.end(self.reason.clone(), desk);
        for leg in &mut self.retired {
            leg.end(None, desk);
        }
    }

    /// The flow, if there is one, has nobody to talk with any more.
    pub fn close_conversation(&mut self, desk: &mut Desk<'_>) {
        if let Serving::Flow(conversation) = &mut self.serving {
            // Its last words change nothing any more, but its trace belongs into the record.
            let _ = conversation.tell(FlowEvent::PartyLeft, &mut self.record, desk);
            conversation.close(&mut self.record, desk);
        }
    }

    /// Whether nothing of the call is left; then its record is closed.
    pub fn finish(&mut self, desk: &mut Desk<'_>) -> bool {
        // Also while the call goes on: a caller may be put through without end.
        self.retired.retain(|leg| !leg.is_gone());
        let Some(ending) = self.ending else { return false };
        let gone = self.caller.is_gone() && self.retired.is_empty() && self.recording == Recording::Off;
        if !gone && desk.now < ending.until {
            return false;
        }
        self.record.tell(Fact::CallEnded { reason: ending.reason, fault: ending.fault }, desk);
        self.tell_summons_ended(ending.reason, desk);
        true
    }
}

/// The telephone of the house that a party calls from, if it does.
pub(crate) fn phone_of(party: &Party, desk: &Desk<'_>) -> Option<TelephoneNumber> {
    let AdmittedBy::Account(account) = &party.admitted_by else { return None };
    desk.rules.directory.phone_by_account(account).map(|phone| phone.number.clone())
}

/// What a flow may say about the call.
pub(crate) fn context(party: &Party, desk: &Desk<'_>) -> Context {
    let tenant = desk.rules.directory.tenant(&party.tenant);
    let mut words = tenant.map(|tenant| tenant.words.clone()).unwrap_or_default();
    words.extend(party.identity.words());
    words.insert("party.number".to_owned(), party.number.clone());
    words.insert("party.name".to_owned(), party.name.clone().unwrap_or_default());
    let locale = tenant.map(|tenant| tenant.locale.clone());
    Context { words, locale }
}

fn recording(wanted: bool, tenant: &TenantId, id: CallId, desk: &Desk<'_>) -> Recording {
    if !wanted {
        return Recording::Off;
    }
    let sealed = if desk.rules.seal_recordings { ".sealed" } else { "" };
    let file = format!("recordings/{id}.wav{sealed}");
    let path = desk.rules.data.join("tenants").join(tenant.as_str()).join(&file);
    Recording::Wanted { path, file }
}
