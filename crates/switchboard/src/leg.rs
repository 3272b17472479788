//! One party's end of a call: its SIP session and its media port.

use crate::codecs;
use crate::desk::Desk;
use crate::early::Way;
use crate::encryption::Security;
use crate::fault;
use crate::keys::Keys;
use frontdesk_call_record::{Fault, FaultCode, LegRole, Notice};
use frontdesk_identifiers::{LegId, TelephoneNumber};
use frontdesk_media_protocol::{AgreedAudio, Codec, Direction, MediaCommand, Strangeness};
use frontdesk_session_description::{
    Formats, LocalAudio, Negotiated, PayloadNumbers, Refusal, answer, complete,
};
use frontdesk_sip_message::StatusCode;
use frontdesk_sip_stack::{Flow, SessionId, SipCommand, Transport};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// A leg lives until both its session and its port are gone.
#[derive(Debug)]
pub(crate) struct Leg {
    pub id: LegId,
    pub role: LegRole,
    /// None before it is placed and after [`SipEvent::Ended`](frontdesk_sip_stack::SipEvent::Ended).
    pub session: Option<SessionId>,
    pub port: Port,
    /// The path of its SIP messages; the sound uses the same local address.
    pub flow: Flow,
    /// What SDP says instead of the port's own address, behind a NAT that forwards ports.
    advertised: Option<IpAddr>,
    description_id: u64,
    description_version: u64,
    /// The numbers that its descriptions give to formats: what one meant it means as long as the session lasts.
    numbers: PayloadNumbers,
    /// Whether the session was told to end: it is told once.
    ending: bool,
    /// Whether this side's offer, sent in a 2xx, waits for its answer in the ACK (RFC 3264 §4), or in the PRACK to the
    /// 183 that brought it before.
    pub awaits_answer: bool,
    /// Whether the party does not want to hear this side now (RFC 3264 §8.4).
    held: bool,
    /// What was agreed with a party that has not shown yet that the answer reached it.
    unproven: Option<AgreedAudio>,
    /// The telephone of the house at its other end, if it is one.
    pub phone: Option<TelephoneNumber>,
    /// What was agreed last, once the call is answered.
    pub agreed: Option<AgreedAudio>,
    /// Whether any sound of its party came.
    pub arrived: bool,
    /// What came to its port that is none of its party's sound: from where, and why it is none.
    pub strange: Option<(SocketAddr, Strangeness)>,
    /// Which of its keys count.
    pub keys: Keys,
    /// With what its sound is encrypted.
    pub security: Security,
    /// What its sound may be coded in, the dearest first.
    pub codecs: Vec<Codec>,
    /// What was agreed last, or answered with.
    pub speaks: Option<Codec>,
    /// What a refusal of its party says: why its description cannot be served.
    warning: Option<String>,
}

/// Where the leg's media port is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    Opening,
    Open(SocketAddr),
    Closing,
    Closed,
}

impl Leg {
    /// A new leg whose port is being opened.
    pub fn open(role: LegRole, session: Option<SessionId>, flow: Flow, desk: &mut Desk<'_>) -> Leg {
        let id = desk.out.leg();
        desk.out.media(MediaCommand::Open { leg: id, bind: flow.local.ip() });
        let description_id = desk.out.description_number();
        Leg {
            id,
            role,
            session,
            port: Port::Opening,
            flow,
            advertised: desk.rules.sound_address,
            description_id,
            description_version: description_id,
            numbers: PayloadNumbers::default(),
            ending: false,
            awaits_answer: false,
            held: false,
            unproven: None,
            phone: None,
            agreed: None,
            arrived: false,
            strange: None,
            keys: Keys::default(),
            security: Security::default(),
            codecs: Vec::new(),
            speaks: None,
            warning: None,
        }
    }

    /// A leg that is not there: neither session nor port.
    pub fn without_port(id: LegId, role: LegRole) -> Leg {
        let nowhere = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
        let flow = Flow { transport: Transport::Udp, local: nowhere, remote: nowhere };
        Leg {
            id,
            role,
            session: None,
            port: Port::Closed,
            flow,
            advertised: None,
            description_id: 0,
            description_version: 0,
            numbers: PayloadNumbers::default(),
            ending: false,
            awaits_answer: false,
            held: false,
            unproven: None,
            phone: None,
            agreed: None,
            arrived: false,
            strange: None,
            keys: Keys::default(),
            security: Security::default(),
            codecs: Vec::new(),
            speaks: None,
            warning: None,
        }
    }

    /// What this side can do on this leg; none while the port is not open.
    pub fn local_audio(&self) -> Option<LocalAudio> {
        let Port::Open(address) = self.port else { return None };
        let ip = self.advertised.unwrap_or(address.ip());
        // What is spoken already goes on being spoken, if the other side offers it again.
        Some(LocalAudio {
            address: SocketAddr::new(ip, address.port()),
            codecs: codecs::first(self.speaks, &self.codecs),
            formats: Formats { numbers: self.numbers, preferred: self.speaks, ..Formats::default() },
            direction: Direction::SendReceive,
            session_id: self.description_id,
            session_version: self.description_version,
            security: self.security.local(),
        })
    }

    /// Answers an offer, in the numbers of which the session goes on.
    pub fn answer(&mut self, local: &LocalAudio, offered: &[u8]) -> Result<(Vec<u8>, AgreedAudio), Refusal> {
        let negotiated = answer(local, offered);
        self.warning = negotiated.as_ref().err().map(Refusal::warning);
        let Negotiated { audio, description, numbers } = negotiated?;
        (self.numbers, self.speaks) = (numbers, Some(audio.codec));
        self.security.offered(offered);
        Ok((description, audio))
    }

    /// What descriptions say instead of the port's own address from here on.
    pub fn advertise(&mut self, address: Option<IpAddr>) {
        self.advertised = address;
    }

    /// The next description differs from the last one (RFC 3264 §8).
    pub fn renew_description(&mut self, desk: &mut Desk<'_>) {
        self.description_version += 1;
        self.security.renew(self.agreed.as_ref(), desk);
    }

    /// Has the sound go as it was agreed. What there is to notice about it, if the party holds or resumes by it.
    pub fn configure(&mut self, audio: AgreedAudio, desk: &mut Desk<'_>) -> Option<Notice> {
        (self.agreed, self.speaks) = (Some(audio), Some(audio.codec));
        self.configure_media(audio, audio.direction, desk);
        let held = !audio.direction.sends();
        let changed = std::mem::replace(&mut self.held, held) != held;
        changed.then_some(if held { Notice::Held } else { Notice::Resumed })
    }

    /// Has the sound come in, but none go out before [`prove`](Self::prove): who is known by his address alone may have
    /// borrowed it, and would have the sound sent to whomever the description names (RFC 8445 §19.5.1 calls it a voice
    /// hammer). His ACK repeats a tag that only the owner of the address was told.
    pub fn configure_unproven(&mut self, audio: AgreedAudio, desk: &mut Desk<'_>) {
        let direction = if audio.direction.receives() { Direction::ReceiveOnly } else { Direction::Inactive };
        self.configure_media(audio, direction, desk);
        self.unproven = Some(audio);
    }

    /// Has sound go before the answer, one way.
    pub fn configure_early(&mut self, audio: AgreedAudio, way: Way, desk: &mut Desk<'_>) {
        let direction = match way {
            Way::Out if audio.direction.sends() => Direction::SendOnly,
            Way::In if audio.direction.receives() => Direction::ReceiveOnly,
            Way::Out | Way::In => Direction::Inactive,
        };
        self.configure_media(audio, direction, desk);
    }

    /// Whose messages come from a host is believed to send its sound from there, too, rather than a stranger.
    fn configure_media(&mut self, audio: AgreedAudio, direction: Direction, desk: &mut Desk<'_>) {
        self.keys.agreed(audio.telephone_event.is_some());
        let messages_from = Some(self.flow.remote.ip());
        let audio = AgreedAudio { direction, messages_from, ..audio };
        desk.out.media(MediaCommand::Configure { leg: self.id, audio });
    }

    /// The party has shown that the answer reached it.
    pub fn prove(&mut self, desk: &mut Desk<'_>) -> Option<Notice> {
        let audio = self.unproven.take()?;
        self.configure(audio, desk)
    }

    /// What is agreed by an ACK, if this side's offer waits for its answer; whose fault it is if nothing is.
    pub fn take_answer(&mut self, description: Option<&[u8]>) -> Option<Result<AgreedAudio, Fault>> {
        if !std::mem::take(&mut self.awaits_answer) {
            return None;
        }
        let no_audio = Fault::of(fault::of_party(self.role), FaultCode::NoAudio);
        let answered = self.local_audio().zip(description).ok_or(no_audio);
        Some(answered.and_then(|(local, description)| {
            complete(&local, description).map_err(|refusal| fault::of_refusal(&refusal, self.role))
        }))
    }

    /// Ends the session and the port, as far as they are there. Harmless when they are ending already.
    pub fn end(&mut self, reason: Option<String>, desk: &mut Desk<'_>) {
        if let Some(session) = self.session
            && !std::mem::replace(&mut self.ending, true)
        {
            desk.out.sip(SipCommand::End { session, reason });
        }
        self.close_port(desk);
    }

    /// Refuses a caller that is not answered yet.
    pub fn refuse(
        &mut self,
        status: StatusCode,
        retry_after: Option<Duration>,
        reason: Option<String>,
        desk: &mut Desk<'_>,
    ) {
        if let Some(session) = self.session
            && !std::mem::replace(&mut self.ending, true)
        {
            let warning = self.warning.take();
            desk.out.sip(SipCommand::Refuse { session, status, retry_after, reason, warning });
        }
        self.close_port(desk);
    }

    pub fn close_port(&mut self, desk: &mut Desk<'_>) {
        // A port that is still being opened is closed when it reports.
        if let Port::Open(_) = self.port {
            self.port = Port::Closing;
            desk.out.media(MediaCommand::Close { leg: self.id });
        }
    }

    pub fn is_gone(&self) -> bool {
        self.session.is_none() && self.port == Port::Closed
    }
}
