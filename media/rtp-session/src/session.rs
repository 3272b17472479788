//! The session: both directions joined.

use crate::counters::RtpCounters;
use crate::jitter_buffer::{Content, MAX_WHOLE_BYTES};
use crate::latching::Latching;
use crate::packet::{self, HEADER_BYTES, RtpPacket};
use crate::playout::{Kept, Played, Playout};
use crate::quality::watch::{QualityWatch, Told};
use crate::rtcp::{MAX_CNAME_BYTES, ReportTimer};
use crate::secure::{ADDED_TO_RTP, Guard, Room, SecureFault, Security};
use crate::telephone_event::{Event, EventReceiver, EventSender};
use arrayvec::ArrayString;
use frontdesk_audio::{AudioFrame, Decoder, MediaTick, SampleRate};
use frontdesk_identifiers::Moment;
use std::net::SocketAddr;
use std::time::Duration;

mod quality;
mod relay;
mod send;
mod send_clock;
mod stream;
mod terms;
use relay::{PassingOn, Written};
use send_clock::SendClock;
use stream::{Placed, Standing, Stream};

pub use relay::{Passage, PassedOn};
pub use terms::{PayloadTypes, Received, Refusal, RtcpReceived, RtpRemote, RtpSettings};

/// The longest packet that a session writes, its own or passed on, encrypted or not.
pub const MAX_PACKET_BYTES: usize = HEADER_BYTES + MAX_WHOLE_BYTES + ADDED_TO_RTP;
/// The payload type of comfort noise at 8 kHz (RFC 3389 §4), also from peers that did not say that they send it.
const COMFORT_NOISE: u8 = 13;

/// One RTP stream pair. See the [crate's documentation](crate) for the way through it.
#[derive(Debug)]
pub struct RtpSession {
    ssrc: u32,
    security: Guard,
    payload_types: PayloadTypes,
    remote: RtpRemote,
    latching: Latching,
    rtcp_source: Option<SocketAddr>,
    cname: ArrayString<MAX_CNAME_BYTES>,
    // From the peer.
    stream: Option<Stream>,
    /// The name and next number that would confirm a new stream.
    candidate: Option<(u32, u16)>,
    playout: Playout,
    events: EventReceiver,
    first_packet: Option<Moment>,
    last_packet: Option<Moment>,
    /// What comes is passed on unheard.
    passing: Option<PassingOn>,
    // To the peer.
    sequence: u16,
    clock: SendClock,
    sent_tick: Option<MediaTick>,
    sent_last: Option<(Moment, u32)>,
    sent_at_report: u64,
    /// What goes is another session's, as it came.
    relayed: Option<Written>,
    digits: EventSender,
    // Reports.
    timer: ReportTimer,
    our_report: Option<(u32, Moment)>,
    /// Reports come and go on the RTP port.
    mux: bool,
    /// How many packets the peer says that it sent.
    peer_sent: Option<u32>,
    silent_at: Option<Moment>,
    told: Option<Told>,
    watch: QualityWatch,
    /// How long sound waited here of late, its own length included,
    held: Duration,
    /// and how long its packets are.
    packet_time: Duration,
    peer_report: Option<(u32, Moment)>,
    counters: RtpCounters,
    lost_in_old_streams: u64,
}

impl RtpSession {
    /// A session that begins now, whose peer's sound is read by `decoder`. All memory is taken here.
    pub fn new(settings: &RtpSettings<'_>, decoder: Decoder, now: Moment) -> Self {
        let mut cname = ArrayString::new();
        for letter in settings.cname.chars() {
            if cname.try_push(letter).is_err() {
                break;
            }
        }
        let playout = Playout::new(decoder);
        let clock = SendClock::new(playout.clock_hz(), settings.first_timestamp);
        RtpSession {
            ssrc: settings.ssrc,
            security: Guard::default(),
            payload_types: settings.payload_types,
            remote: settings.remote,
            latching: Latching::new(settings.remote.rtp, settings.remote.messages_from),
            rtcp_source: None,
            cname,
            stream: None,
            candidate: None,
            playout,
            events: EventReceiver::new(settings.payload_types.event_hz),
            first_packet: None,
            last_packet: None,
            passing: None,
            sequence: settings.first_sequence,
            clock,
            sent_tick: None,
            sent_last: None,
            sent_at_report: 0,
            relayed: None,
            digits: EventSender::new(clock.hz()),
            timer: ReportTimer::new(settings.seed, now),
            our_report: None,
            mux: false,
            peer_sent: None,
            silent_at: None,
            told: None,
            watch: QualityWatch::default(),
            held: Duration::ZERO,
            packet_time: Duration::from_millis(20),
            peer_report: None,
            counters: RtpCounters::default(),
            lost_in_old_streams: 0,
        }
    }

    /// Offer and answer agreed on something new. Our stream goes on with its numbers (RFC 3264 §8.3.2). Hands back the
    /// decoder that is not needed (any more), to be dropped where memory may be given back.
    pub fn reconfigure(
        &mut self,
        payload_types: PayloadTypes,
        remote: RtpRemote,
        decoder: Decoder,
    ) -> Decoder {
        self.payload_types = payload_types;
        self.remote = remote;
        self.latching.signal(remote.rtp, remote.messages_from);
        let unused = self.playout.exchange(decoder);
        let clock_hz = self.playout.clock_hz();
        self.clock.set(clock_hz, self.sent_tick.map_or(MediaTick(0), MediaTick::next));
        self.events.set_clock(payload_types.event_hz);
        self.digits.set_clock(clock_hz);
        if let Some(stream) = &mut self.stream {
            stream.set_clock(clock_hz);
        }
        unused
    }

    /// From now on encrypted with these keys ([`crate::secure`]), or plain. What becomes superfluous is given back, to be
    /// dropped where that costs nothing.
    pub fn secure(&mut self, security: Option<Box<Security>>, now: Moment) -> Option<Box<Security>> {
        self.security.change(security, now)
    }

    /// Takes a datagram that came to the RTP socket.
    pub fn receive(&mut self, datagram: &[u8], source: SocketAddr, now: Moment) -> Received {
        let outcome = if self.security.is_on() {
            // Nothing is believed of a packet before it authenticates.
            let mut room = Room::new();
            let opened = self.security.open_rtp(datagram, now, &mut room);
            opened.map_err(Refusal::Secure).and_then(|()| self.take(&room, source, now))
        } else {
            self.take(datagram, source, now)
        };
        match outcome {
            Ok(received) => {
                self.count_taken(now);
                received
            }
            Err(refusal) => {
                self.count_refused(refusal);
                Received::Refused(refusal)
            }
        }
    }

    fn count_taken(&mut self, now: Moment) {
        self.counters.packets_received += 1;
        self.first_packet.get_or_insert(now);
        self.last_packet = Some(now);
    }

    fn count_refused(&mut self, refusal: Refusal) {
        match refusal {
            Refusal::Late => self.counters.packets_late += 1,
            Refusal::Duplicate | Refusal::Secure(SecureFault::Replayed) => {
                self.counters.packets_duplicate += 1
            }
            _ => self.counters.packets_refused += 1,
        }
    }

    /// A datagram that came while nothing is awaited, as on hold: of an encrypted stream its number is followed, or the
    /// wraps of a long hold would be missed (RFC 3711 §3.3.1).
    pub fn pass_by(&mut self, datagram: &[u8], now: Moment) {
        if self.security.is_on() {
            let _ = self.security.open_rtp(datagram, now, &mut Room::new());
        }
    }

    /// Reads a datagram and finds its place, if it is believed.
    fn admit<'a>(
        &mut self,
        datagram: &'a [u8],
        source: SocketAddr,
        now: Moment,
    ) -> Result<(RtpPacket<'a>, Kind, Placed), Refusal> {
        let packet = packet::read(datagram)?;
        // RFC 3550 §8.2: a description that names this very port makes the session hear itself for ever, and a call
        // with nobody in it would never be found silent. (A stranger's stream of the same name, one in 2³², is lost.)
        if packet.ssrc == self.ssrc {
            return Err(Refusal::OwnStream);
        }
        let kind = self.kind_of(packet.payload_type)?;
        let same_stream = self.stream.as_ref().is_none_or(|stream| stream.ssrc == packet.ssrc);
        if !self.latching.admit(source, same_stream, now) {
            return Err(Refusal::Source);
        }
        let placed = self.place(&packet, now)?;
        Ok((packet, kind, placed))
    }

    fn take(&mut self, datagram: &[u8], source: SocketAddr, now: Moment) -> Result<Received, Refusal> {
        let (packet, kind, placed) = self.admit(datagram, source, now)?;
        match kind {
            Kind::Event => Ok(
                match self.events.packet(packet.payload, packet.timestamp, placed.number, packet.marker, now)
                {
                    Event::Begun(key) => Received::Digit(key),
                    Event::Known | Event::Stale => Received::Noted,
                },
            ),
            Kind::ComfortNoise => {
                // Late or doubled, it says nothing that is missed.
                let _ = self.keep(&packet, Content::ComfortNoise, placed, now);
                Ok(Received::Noted)
            }
            Kind::Sound => self.keep(&packet, Content::Sound, placed, now),
        }
    }

    fn kind_of(&self, payload_type: u8) -> Result<Kind, Refusal> {
        let types = &self.payload_types;
        let is = |number: Option<u8>| number == Some(payload_type);
        // Our own numbers first; a peer that numbers by its own description instead is understood too.
        if payload_type == types.receive {
            Ok(Kind::Sound)
        } else if is(types.receive_event) {
            Ok(Kind::Event)
        } else if payload_type == types.send {
            Ok(Kind::Sound)
        } else if is(types.send_event) {
            Ok(Kind::Event)
        } else if payload_type == COMFORT_NOISE {
            Ok(Kind::ComfortNoise)
        } else {
            Err(Refusal::PayloadType(payload_type))
        }
    }

    /// Where the packet stands in the peer's stream, which it may begin anew.
    fn place(&mut self, packet: &RtpPacket<'_>, now: Moment) -> Result<Placed, Refusal> {
        if let Some(stream) = &mut self.stream
            && stream.ssrc == packet.ssrc
        {
            self.candidate = None;
            let placed = stream.place(packet)?;
            if placed.standing == Standing::Restarted {
                self.begin_anew();
            }
            return Ok(placed);
        }
        // RFC 3550 A.1, with two packets in order for a stream that takes the place of another. The first
        // stream of a call is believed at once, so that none of its sound is lost.
        if self.stream.is_some() && self.candidate != Some((packet.ssrc, packet.sequence)) {
            self.candidate = Some((packet.ssrc, packet.sequence.wrapping_add(1)));
            return Err(Refusal::Doubtful);
        }
        self.candidate = None;
        self.lost_in_old_streams += self.stream.as_ref().map_or(0, Stream::lost);
        self.counters.streams += 1;
        self.begin_anew();
        self.peer_report = None;
        let clock_hz = self.playout.clock_hz();
        let stream = self.stream.insert(Stream::beginning_with(packet, clock_hz, now));
        stream.place(packet)
    }

    /// What waits belongs to times that are over.
    fn begin_anew(&mut self) {
        self.pass_on_anew();
        self.playout.restart(0);
        self.events.restart();
    }

    fn keep(
        &mut self,
        packet: &RtpPacket<'_>,
        content: Content,
        placed: Placed,
        now: Moment,
    ) -> Result<Received, Refusal> {
        let (timestamp, clock_restarted) = self.time_of(packet, placed, now)?;
        if clock_restarted {
            self.playout.restart(timestamp);
        }
        match self.playout.insert(timestamp, content, packet.payload, now) {
            Kept::Waiting => {
                if let Some(units) = self.playout.duration(packet.payload) {
                    let micros = u64::from(units) * 1_000_000 / u64::from(self.playout.clock_hz());
                    self.packet_time = Duration::from_micros(micros);
                }
                Ok(Received::Sound)
            }
            Kept::Late => {
                if let Some(stream) = &mut self.stream {
                    stream.sequence.note_late(placed.number);
                }
                Err(Refusal::Late)
            }
            Kept::Duplicate => Err(Refusal::Duplicate),
            Kept::WrongLength => Err(Refusal::Length),
        }
    }

    /// A packet's time in 64 bits, and whether the sender's clock begins anew with it; its arrival is noted.
    fn time_of(
        &mut self,
        packet: &RtpPacket<'_>,
        placed: Placed,
        now: Moment,
    ) -> Result<(u64, bool), Refusal> {
        let Some(stream) = &mut self.stream else { return Err(Refusal::Doubtful) };
        let time = stream.extend_timestamp(packet.timestamp, placed.standing)?;
        if placed.standing != Standing::Earlier {
            let jitter = stream.note_arrival(packet.timestamp, now);
            self.playout.set_jitter(jitter);
            self.counters.jitter_us = u32::try_from(jitter.as_micros()).unwrap_or(u32::MAX);
        }
        Ok(time)
    }

    /// The next 20 ms of the peer's sound, into `frame`; to be called once a tick.
    pub fn playout(&mut self, now: Moment, frame: &mut AudioFrame) -> Played {
        let played = self.playout.tick(now, frame);
        if let Played::Frame { arrived, .. } = played {
            self.held = now.since(arrived) + self.packet_time;
        }
        played
    }

    /// The rate of the peer's sound.
    pub fn rate(&self) -> SampleRate {
        self.playout.rate()
    }

    /// How long before its tick a packet is wanted, as it is believed to be needed now.
    pub fn playout_margin(&self) -> Duration {
        self.playout.margin()
    }

    /// When the first packet of the peer was taken.
    pub fn first_packet_at(&self) -> Option<Moment> {
        self.first_packet
    }

    /// When the last packet of the peer was taken.
    pub fn last_packet_at(&self) -> Option<Moment> {
        self.last_packet
    }

    /// What went through so far.
    pub fn counters(&self) -> RtpCounters {
        let lost = self.lost_in_old_streams + self.stream.as_ref().map_or(0, Stream::lost);
        let playout = self.playout.counters();
        RtpCounters {
            packets_lost: lost,
            packets_overflown: playout.overflown,
            frames_concealed: playout.concealed,
            packets_recovered: playout.recovered,
            made_up: playout.made_up,
            left_out: playout.left_out,
            repeated: playout.repeated,
            ..self.counters
        }
    }
}

enum Kind {
    Sound,
    Event,
    ComfortNoise,
}

mod reports;
