//! What a caller hears before somebody answers: the called side's own sound if it sends any (RFC 3960 §3), else the ringing
//! tone.
//!
//! * The sound goes one way. The caller's offer is answered in a 183 with the description that the 200 will bring again
//!   (RFC 6337 §3.1.1), and what the caller says reaches nobody before the answer.
//! * A caller who brought no offer is offered to in the 183, and hears it from the PRACK on that answers.
//! * Of several telephones or branches that send sound, the latest is heard.
//! * Deviation: a caller who is known by his address alone, over datagrams, gets 180 in place of early sound: he may have
//!   borrowed the address, and the sound would go to whomever his description names (see
//!   [`Leg::configure_unproven`](crate::leg::Leg::configure_unproven)).

use crate::call::{Call, Early, Serving, Stage};
use crate::desk::Desk;
use frontdesk_call_record::{AdmittedBy, Fact};
use frontdesk_identifiers::LegId;
use frontdesk_media_protocol::{MediaCommand, Source};
use frontdesk_sip_message::StatusCode;
use frontdesk_sip_stack::SipCommand;

impl Call {
    /// A called telephone tells how far it is.
    pub fn called_progress(
        &mut self,
        leg: LegId,
        status: StatusCode,
        description: Option<&[u8]>,
        desk: &mut Desk<'_>,
    ) {
        if self.ending.is_some() {
            return;
        }
        if self.is_referred_to(leg) {
            return self.referred_progress(leg, status, desk);
        }
        let heard = description.is_some_and(|description| {
            self.transfer.as_mut().is_some_and(|transfer| transfer.heard_early(leg, description, desk))
        });
        if heard && self.hears_early(desk) {
            self.called_rings_silently(leg, desk);
            self.stop_ring_tone(desk);
            if self.joined != Some(leg) {
                self.record.tell(Fact::EarlyMedia, desk);
            }
            return self.join(leg, desk);
        }
        // RFC 3261 §21.1.3, §21.1.4: forwarded, or queued.
        if matches!(status.as_u16(), 181 | 182) {
            self.relay_progress(status, desk);
        }
        self.called_rings(leg, desk);
    }

    /// Whether the caller can hear what comes before the answer; it is made able to.
    fn hears_early(&mut self, desk: &mut Desk<'_>) -> bool {
        let proven = matches!(self.party.admitted_by, AdmittedBy::Account(_))
            || self.caller.flow.transport.is_reliable();
        match &mut self.stage {
            Stage::AwaitingAck | Stage::Talking => true,
            Stage::Alerting { description, audio: Some(audio), early } if proven => {
                if std::mem::replace(early, Early::Heard) != Early::Heard {
                    let Some(session) = self.caller.session else { return false };
                    let description = Some(description.clone());
                    let status = StatusCode::SESSION_PROGRESS;
                    desk.out.sip(SipCommand::Ring { session, status, description });
                    self.caller.configure_early(*audio, Way::Out, desk);
                }
                true
            }
            // Whoever borrowed the address cannot answer this, so nothing goes anywhere.
            Stage::Alerting { description, audio: None, early: early @ Early::Silent } => {
                let Some(session) = self.caller.session else { return false };
                let description = Some(description.clone());
                let status = StatusCode::SESSION_PROGRESS;
                desk.out.sip(SipCommand::Ring { session, status, description });
                *early = Early::Offered;
                false
            }
            _ => false,
        }
    }

    fn relay_progress(&mut self, status: StatusCode, desk: &mut Desk<'_>) {
        if let (Serving::Phone(_), Stage::Alerting { .. }, Some(session)) =
            (&self.serving, &self.stage, self.caller.session)
        {
            desk.out.sip(SipCommand::Ring { session, status, description: None });
        }
    }

    /// The caller learns that it rings: by 180 while it waits for an answer, else by a tone from here.
    pub fn start_ring_tone(&mut self, desk: &mut Desk<'_>) {
        if self.joined.is_some() || self.ringback.is_some() {
            return;
        }
        match &self.stage {
            Stage::Summoning | Stage::OpeningPort { .. } => {}
            Stage::Alerting { early: Early::Silent | Early::Offered, .. } => self.ring_caller(desk),
            Stage::Alerting { early: Early::Heard, .. } | Stage::AwaitingAck | Stage::Talking => {
                let playback = desk.out.playback();
                let leg = self.caller.id;
                let tenant = desk.rules.directory.tenant(&self.party.tenant);
                let source = Source::Ringback { country: tenant.and_then(|tenant| tenant.country.clone()) };
                desk.out.media(MediaCommand::Play { leg, playback, source });
                self.ringback = Some(playback);
                if let Serving::Flow(conversation) = &mut self.serving {
                    conversation.replied_by(playback);
                }
            }
        }
    }

    pub fn stop_ring_tone(&mut self, desk: &mut Desk<'_>) {
        if let Some(playback) = self.ringback.take() {
            desk.out.media(MediaCommand::StopPlayback { leg: self.caller.id, playback });
        }
    }

    /// The caller and this leg hear each other from here on, and the caller hears nobody else.
    pub fn join(&mut self, leg: LegId, desk: &mut Desk<'_>) {
        if self.joined == Some(leg) {
            return;
        }
        self.part(desk);
        self.joined = Some(leg);
        desk.out.media(MediaCommand::Bridge { first: self.caller.id, second: leg });
    }

    pub fn part(&mut self, desk: &mut Desk<'_>) {
        self.stop_music(desk);
        if let Some(second) = self.joined.take() {
            desk.out.media(MediaCommand::Unbridge { first: self.caller.id, second });
        }
    }

    /// Whoever was heard before the answer is heard no more.
    pub fn part_from(&mut self, leg: LegId, desk: &mut Desk<'_>) {
        if self.joined == Some(leg) {
            self.part(desk);
        }
    }
}

/// Which way sound goes before the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// To the party only: it hears, and what it says reaches nobody.
    Out,
    /// From the party only.
    In,
}
