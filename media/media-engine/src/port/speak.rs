//! To the party: where the next 20 ms come from, and the packet that carries them.

use super::Port;
use crate::packets::Packet;
use crate::playback::PlayFrame;
use crate::route::OtherSide;
use crate::stage::{Probe, Stage};
use crate::tap::SILENCE;
use crate::wire::{Channel, Wire};
use frontdesk_audio::{Encoder, FRAME_MS, LentFrame, MediaTick, level_dbov};
use frontdesk_identifiers::{Moment, WallTime};
use frontdesk_media_protocol::{AgreedAudio, Codec};
use frontdesk_rtp_session::jitter_buffer::MAX_PAYLOAD_BYTES;
use frontdesk_rtp_session::rtcp::MAX_REPORT_BYTES;
use frontdesk_rtp_session::{MAX_PACKET_BYTES, PassedOn, RtpSession};

/// The packet of this tick, until it is sent with those of the other legs.
pub(super) struct Outgoing {
    packet: [u8; MAX_PACKET_BYTES],
    length: usize,
}

impl Outgoing {
    pub(super) fn nothing() -> Self {
        Outgoing { packet: [0; MAX_PACKET_BYTES], length: 0 }
    }

    /// Makes the packet of some sound, or of what stands ready for it.
    fn put(
        &mut self,
        packet: Packet<'_>,
        ready: Option<&[u8]>,
        encoder: &mut Encoder,
        stream: &mut RtpSession,
        now: Moment,
    ) {
        let mut room = [0; MAX_PAYLOAD_BYTES];
        let payload = ready.unwrap_or_else(|| {
            let length = encoder.encode(packet.samples, &mut room);
            room.get(..length).unwrap_or_default()
        });
        // Where nothing is to be sent, times go on and numbers do not (RFC 7587 §3.1.3).
        self.length = match payload {
            [] => 0,
            payload => stream.write_packet_of(payload, packet.begins_ms, now, &mut self.packet),
        };
    }
}

/// The sound of a tick, lent by whoever has it.
struct Sound<'a> {
    frame: LentFrame<'a>,
    /// The same in the leg's codec, if it stands ready: then nothing is encoded.
    payload: Option<&'a [u8]>,
    /// It is the silence before a sound that waits for its time.
    is_awaited: bool,
}

impl<'a> Sound<'a> {
    fn of_frame(frame: LentFrame<'a>) -> Self {
        Sound { frame, payload: None, is_awaited: false }
    }

    fn of_other(other: OtherSide<'a>, codec: Codec) -> Self {
        match other {
            OtherSide::Mixed(mixed) => {
                let payload = match codec {
                    Codec::Pcmu => mixed.pcmu,
                    Codec::Pcma => mixed.pcma,
                    Codec::G722 | Codec::Opus => None,
                };
                Sound { payload, ..Sound::of_frame(mixed.frame) }
            }
            OtherSide::Says(frame) => Sound::of_frame(frame),
            OtherSide::Waits => Sound { is_awaited: true, ..Sound::of_frame(LentFrame::Narrow(&SILENCE)) },
            OtherSide::Nobody | OtherSide::PassesOn => Sound::of_frame(LentFrame::Narrow(&SILENCE)),
        }
    }

    fn of_playback(frame: PlayFrame<'a>, codec: Codec) -> Self {
        match (frame, codec) {
            (PlayFrame::Ready(ready), codec) => {
                let payload: Option<&[u8]> = match codec {
                    Codec::Pcmu => Some(ready.pcmu),
                    Codec::Pcma => Some(ready.pcma),
                    Codec::G722 | Codec::Opus => None,
                };
                Sound { payload, ..Sound::of_frame(LentFrame::Narrow(ready.pcm)) }
            }
            (PlayFrame::Samples(samples), _) => Sound::of_frame(LentFrame::Narrow(samples)),
        }
    }
}

impl<L> Port<L> {
    /// The second half of the leg's tick: what the party gets to hear, as a packet.
    ///
    /// Keys go first, then a playback, then the partner of a bridge, then silence.
    pub(crate) fn speak<P: Probe>(&mut self, turn: u64, now: Moment, other: OtherSide<'_>, probe: &mut P) {
        if !self.is_on(turn) {
            return;
        }
        self.outgoing.length = 0;
        self.played.tick();
        if matches!(other, OtherSide::PassesOn) {
            return;
        }
        let Some(audio) = self.agreed.filter(|audio| audio.direction.sends()) else {
            self.record(LentFrame::Narrow(&SILENCE));
            return;
        };
        if self.holds_back() {
            self.record(LentFrame::Narrow(&SILENCE));
            return;
        }
        if audio.telephone_event.is_some() && self.speak_key(now) {
            self.record(LentFrame::Narrow(&SILENCE));
            probe.mark(Stage::Encode);
            return;
        }
        self.speak_sound(&audio, now, other, probe);
    }

    /// Sends the next packet of a key's event instead of sound, if a key is to be sent.
    fn speak_key(&mut self, now: Moment) -> bool {
        let packet = &mut self.outgoing.packet;
        self.outgoing.length = self.stream.write_digit_packet(MediaTick(self.ticks), now, packet);
        self.outgoing.length > 0
    }

    fn speak_sound<P: Probe>(
        &mut self,
        audio: &AgreedAudio,
        now: Moment,
        other: OtherSide<'_>,
        probe: &mut P,
    ) {
        let tones = if audio.telephone_event.is_none() { self.keys.tones() } else { None };
        let mut room = SILENCE;
        let sound = match &tones {
            Some(samples) => Sound::of_frame(LentFrame::Narrow(samples)),
            None => match self.playback.as_mut().and_then(|playback| playback.next(&mut room)) {
                Some(frame) => {
                    let sound = Sound::of_playback(frame, audio.codec);
                    self.played.note(level_dbov(sound.frame.samples()));
                    sound
                }
                None => Sound::of_other(other, audio.codec),
            },
        };
        if let Some(recorder) = &mut self.recorder {
            recorder.push(self.heard.frame.lend(), sound.frame);
        }
        probe.mark(Stage::Route);
        if !sound.is_awaited {
            self.relay.has_sound();
        } else if self.relay.bears_gap() {
            return;
        }
        let begins_ms = self.ticks * u64::from(FRAME_MS);
        let frame = self.fit.fit(sound.frame, self.encoder.rate());
        let packet = match &mut self.packets {
            None => Some(Packet { samples: frame.samples(), begins_ms }),
            Some(packets) => {
                packets.take(frame, begins_ms);
                packets.with_tick()
            }
        };
        if let Some(packet) = packet {
            let ready = sound.payload.filter(|payload| payload.len() == packet.samples.len());
            self.outgoing.put(packet, ready, &mut self.encoder, &mut self.stream, now);
        }
        probe.mark(Stage::Encode);
    }

    /// Whether packets leave between this leg's ticks.
    pub(crate) fn has_halves(&self) -> bool {
        self.packets.as_ref().is_some_and(|packets| packets.has_halves())
    }

    /// Half a tick after this leg's tick: the packet that leaves between two ticks.
    pub(crate) fn send_half<W: Wire<Line = L>>(&mut self, turn: u64, now: Moment, wire: &mut W) {
        let sends = self.agreed.is_some_and(|audio| audio.direction.sends());
        if !sends || !self.has_halves() || !self.is_on(turn.wrapping_sub(Self::round() / 2)) {
            return;
        }
        self.outgoing.length = 0;
        if let Some(packet) = self.packets.as_mut().and_then(|packets| packets.half_later()) {
            self.outgoing.put(packet, None, &mut self.encoder, &mut self.stream, now);
        }
        self.send_packet(wire);
    }

    /// What waits for the rest of its packet goes as a shorter one.
    pub(super) fn send_rest<W: Wire<Line = L>>(&mut self, now: Moment, wire: &mut W) {
        if let Some(packet) = self.packets.as_mut().and_then(|packets| packets.rest()) {
            self.outgoing.put(packet, None, &mut self.encoder, &mut self.stream, now);
            self.send_packet(wire);
        }
    }

    fn record(&mut self, right: LentFrame<'_>) {
        if let Some(recorder) = &mut self.recorder {
            recorder.push(self.heard.frame.lend(), right);
        }
    }

    /// Hands the tick's packet, and a report if one is due, to the network.
    pub(crate) fn send<W: Wire<Line = L>>(&mut self, turn: u64, now: Moment, wall: WallTime, wire: &mut W) {
        if !self.is_on(turn) {
            return;
        }
        self.send_packet(wire);
        self.send_due_report(now, wall, wire);
    }

    fn send_packet<W: Wire<Line = L>>(&mut self, wire: &mut W) {
        if let Some(packet) = self.outgoing.packet.get(..self.outgoing.length)
            && !packet.is_empty()
        {
            wire.send(&mut self.line, Channel::Rtp, self.stream.send_to(), packet);
        }
    }

    /// Sends what came for another session, behind this one's header.
    pub(super) fn pass<W: Wire<Line = L>>(&mut self, packet: &PassedOn<'_>, now: Moment, wire: &mut W) {
        if !self.agreed.is_some_and(|audio| audio.direction.sends()) {
            return;
        }
        let length = self.stream.write_relayed(packet, now, &mut self.outgoing.packet);
        if let Some(bytes) = self.outgoing.packet.get(..length)
            && !bytes.is_empty()
        {
            wire.send(&mut self.line, Channel::Rtp, self.stream.send_to(), bytes);
        }
    }

    /// Sends a report if one is due.
    pub(super) fn send_due_report<W: Wire<Line = L>>(&mut self, now: Moment, wall: WallTime, wire: &mut W) {
        if self.agreed.is_some() && self.stream.rtcp_deadline() <= now {
            let mut report = [0; MAX_REPORT_BYTES];
            let length = self.stream.write_rtcp(now, wall, &mut report);
            self.send_report(report.get(..length), wire);
        }
    }

    /// RFC 3550 §6.6: the stream says that it ends.
    pub(crate) fn farewell<W: Wire<Line = L>>(&mut self, now: Moment, wall: WallTime, wire: &mut W) {
        if self.agreed.is_some() {
            let mut report = [0; MAX_REPORT_BYTES];
            let length = self.stream.write_goodbye(now, wall, &mut report);
            self.send_report(report.get(..length), wire);
        }
    }

    fn send_report<W: Wire<Line = L>>(&mut self, report: Option<&[u8]>, wire: &mut W) {
        if let Some(report) = report
            && !report.is_empty()
        {
            let channel = if self.stream.mixes_reports() { Channel::Rtp } else { Channel::Rtcp };
            wire.send(&mut self.line, channel, self.stream.rtcp_to(), report);
        }
    }
}
