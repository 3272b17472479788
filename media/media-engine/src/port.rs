//! One leg's port: its line, its stream, and everything that goes on at it.

mod hear;
mod pass_on;
mod speak;

use crate::clock::SPOKES;
use crate::keys::SoundedKeys;
use crate::orders::{Codecs, LegOrder, Retired};
use crate::pace::Pace;
use crate::packets::Packets;
use crate::playback::Playback;
use crate::played::PlayedLevels;
use crate::relay::Relay;
use crate::route::OtherSide;
use crate::status::{PendingFacts, Reporter};
use crate::tap::{Listening, RecorderTap};
use crate::wire::{BATCH, Channel};
use frontdesk_audio::{ActivityDetector, Decoder, Encoder, RateFit, SampleRate, ToneDetector};
use frontdesk_identifiers::{LegId, Moment};
use frontdesk_media_protocol::{AgreedAudio, StreamCounters};
use frontdesk_rtp_session::{PayloadTypes, Played, RtpRemote, RtpSession, RtpSettings};
use hear::Heard;
use ringbuf::HeapProd;
use ringbuf::traits::{Observer, Producer};
use speak::Outgoing;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// How often a leg's quality is told.
const QUALITY_EACH: Duration = Duration::from_secs(5);

/// What a stream is called on the wire, drawn by chance (RFC 3550 §5.1).
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) ssrc: u32,
    pub(crate) first_sequence: u16,
    pub(crate) first_timestamp: u32,
    /// A short-term persistent CNAME (RFC 7022 §4.2): it names this stream and nobody behind it.
    pub(crate) cname: String,
    pub(crate) seed: [u8; 32],
}

/// A socket that has something again so soon after it was read has a backlog: no codec sends packets so close together.
const BACKLOG: Duration = Duration::from_micros(2_400);

pub(crate) struct Port<L> {
    leg: LegId,
    line: L,
    stream: RtpSession,
    /// What was agreed; nothing is heard or said before.
    agreed: Option<AgreedAudio>,
    /// The next turn of this leg.
    due: u64,
    /// Ticks since the port was opened, skipped ones too: the position in the sound, and the RTP timestamp.
    ticks: u64,
    ticks_skipped: u64,
    refused_by_wire: u64,
    /// A packet of the other side was taken.
    spoken_to: bool,
    /// A datagram that is none of the stream's was told of.
    strange: bool,
    rtp_read: Moment,
    rtcp_read: Moment,
    encoder: Encoder,
    /// What the party misses of the sound that it is sent, in percent, by its reports.
    lost_there_percent: u8,
    /// Where packets are not of one frame each.
    packets: Option<Box<Packets>>,
    /// What the party hears, at the rate of its codec.
    fit: RateFit,
    heard: Heard,
    outgoing: Outgoing,
    activity: ActivityDetector,
    playback: Option<Playback>,
    played: PlayedLevels,
    listening: Option<Listening>,
    recorder: Option<RecorderTap>,
    partner: Option<u16>,
    /// The place of the room that it is in.
    room: Option<u16>,
    keys: SoundedKeys,
    tones: ToneDetector,
    pace: Pace,
    facts: PendingFacts,
    silence: MediaSilence,
    /// When the quality is told next.
    quality_due: Moment,
    relay: Relay,
}

/// Whether the other side sends, as it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MediaSilence {
    /// Nothing was agreed, so nothing is missing.
    NotAgreed,
    /// The last packet came then, or was awaited from then on.
    Since(Moment),
    /// It was told that nothing comes.
    Told,
}

impl<L> Port<L> {
    /// A port with all its memory. The stream's name and numbers are drawn here, where it is to be sent to and in
    /// which codec is not known before [`LegOrder::Configure`].
    pub(crate) fn new(leg: LegId, line: L, identity: &Identity, now: Moment) -> Self {
        let nowhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        let settings = RtpSettings {
            ssrc: identity.ssrc,
            first_sequence: identity.first_sequence,
            first_timestamp: identity.first_timestamp,
            payload_types: PayloadTypes::both_ways(0, None),
            remote: RtpRemote { rtp: nowhere, rtcp: nowhere, messages_from: None },
            cname: &identity.cname,
            seed: identity.seed,
        };
        Port {
            leg,
            line,
            stream: RtpSession::new(&settings, Decoder::Pcmu, now),
            agreed: None,
            due: 0,
            ticks: 0,
            ticks_skipped: 0,
            refused_by_wire: 0,
            spoken_to: false,
            strange: false,
            rtp_read: Moment::ZERO,
            rtcp_read: Moment::ZERO,
            // That of G.711 has no memory.
            encoder: Encoder::Pcmu,
            lost_there_percent: 0,
            packets: None,
            fit: RateFit::new(),
            heard: Heard::nothing(),
            outgoing: Outgoing::nothing(),
            activity: ActivityDetector::new(),
            playback: None,
            played: PlayedLevels::new(),
            listening: None,
            recorder: None,
            partner: None,
            room: None,
            keys: SoundedKeys::new(),
            tones: ToneDetector::new(),
            pace: Pace::of_keys(),
            facts: PendingFacts::new(),
            silence: MediaSilence::NotAgreed,
            quality_due: now + QUALITY_EACH,
            relay: Relay::new(),
        }
    }

    /// What was agreed, and those codecs that are not needed any more. A codec that stays is not begun anew: the other
    /// side's does not begin anew either.
    fn configure(&mut self, audio: AgreedAudio, codecs: Codecs, now: Moment) -> Codecs {
        let payload_types = PayloadTypes {
            send: audio.payload_type,
            receive: audio.receive_payload_type,
            send_event: audio.telephone_event,
            receive_event: audio.receive_telephone_event,
            event_hz: audio.telephone_event_hz,
        };
        let AgreedAudio { remote: rtp, remote_rtcp: rtcp, messages_from, .. } = audio;
        let remote = RtpRemote { rtp, rtcp, messages_from };
        self.stream.set_rtcp_mux(audio.rtcp_mux);
        let decoder = self.stream.reconfigure(payload_types, remote, codecs.decoder);
        // A hold that ends, or a new address: from now on sound is awaited again.
        self.silence =
            if audio.direction.receives() { MediaSilence::Since(now) } else { MediaSilence::NotAgreed };
        let stays =
            self.agreed.is_some_and(|agreed| agreed.codec == audio.codec && agreed.opus == audio.opus);
        let same_length = self.agreed.is_some_and(|agreed| agreed.packet_ms == audio.packet_ms);
        self.agreed = Some(audio);
        let encoder =
            if stays { codecs.encoder } else { std::mem::replace(&mut self.encoder, codecs.encoder) };
        let packets =
            if same_length { codecs.packets } else { std::mem::replace(&mut self.packets, codecs.packets) };
        self.encoder.network(self.lost_there_percent);
        Codecs { decoder, encoder, packets }
    }

    /// What went through the port.
    pub(crate) fn counters(&self) -> StreamCounters {
        let stream = self.stream.counters();
        StreamCounters {
            packets_received: stream.packets_received,
            packets_sent: stream.packets_sent,
            packets_lost: stream.packets_lost,
            packets_late: stream.packets_late + stream.packets_duplicate,
            packets_refused: stream.packets_refused + self.refused_by_wire,
            jitter_us: stream.jitter_us,
            frames_concealed: stream.frames_concealed,
            frames_dropped: (stream.left_out.as_millis() / 20) as u64,
            ticks_skipped: self.ticks_skipped,
            quality: self.stream.quality_summary(),
        }
    }

    pub(crate) fn leg(&self) -> LegId {
        self.leg
    }

    pub(crate) fn line_mut(&mut self) -> &mut L {
        &mut self.line
    }

    pub(crate) fn due(&self) -> u64 {
        self.due
    }

    /// The port is with its thread; its first tick is this turn.
    pub(crate) fn begin(&mut self, due: u64) {
        self.due = due;
    }

    /// The port moves to a later spoke.
    pub(crate) fn postpone(&mut self, turns: u64) {
        self.due += turns;
    }

    /// The port had no ticks for a while and has them again, from this turn on. Those that it had not are none that were
    /// skipped.
    pub(crate) fn rejoin(&mut self, upcoming: u64) {
        let rounds = upcoming.saturating_sub(self.due).div_ceil(Self::round());
        self.due += rounds * Self::round();
        self.ticks += rounds;
    }

    pub(crate) fn partner(&self) -> Option<u16> {
        self.partner
    }

    pub(crate) fn set_partner(&mut self, partner: Option<u16>) {
        if partner != self.partner {
            // Whoever pressed keys here does so no more.
            self.stream.let_go_all_digits();
        }
        self.partner = partner;
    }

    pub(crate) fn agreed(&self) -> Option<AgreedAudio> {
        self.agreed
    }

    /// Whether a packet of the other side was taken.
    pub(crate) fn is_spoken_to(&self) -> bool {
        self.spoken_to
    }

    /// Whether a packet was taken just now, and the party is believed to be at this address.
    pub(crate) fn believes(&self, address: SocketAddr, now: Moment) -> bool {
        self.stream.send_to() == address && self.stream.last_packet_at() == Some(now)
    }

    pub(crate) fn room(&self) -> Option<u16> {
        self.room
    }

    pub(crate) fn set_room(&mut self, room: Option<u16>) {
        self.room = room;
    }

    /// Whether the party talks with others, and not with the desk.
    fn talks_with_others(&self) -> bool {
        self.partner.is_some() || self.room.is_some()
    }

    /// The rate of what the party says.
    pub(crate) fn rate(&self) -> SampleRate {
        self.stream.rate()
    }

    /// How many datagrams to ask a socket for: one, because one is there as a rule, or a batch if it was read just now
    /// and has something all the same.
    pub(crate) fn appetite(&mut self, channel: Channel, now: Moment) -> usize {
        let read = match channel {
            Channel::Rtp => &mut self.rtp_read,
            Channel::Rtcp => &mut self.rtcp_read,
        };
        let before = std::mem::replace(read, now);
        if now.since(before) < BACKLOG { BATCH } else { 1 }
    }

    /// A datagram that the wire itself could not stand.
    pub(crate) fn refuse(&mut self) {
        self.refused_by_wire += 1;
    }

    /// A key for this leg's party: as an event if that was agreed, else in the sound. What cannot wait any
    /// more is dropped: the party is 64 keys behind already.
    pub(crate) fn send_digit(&mut self, key: char) {
        match self.agreed {
            Some(AgreedAudio { telephone_event: Some(_), .. }) => {
                let _ = self.stream.queue_digits(key.encode_utf8(&mut [0; 4]));
            }
            _ => self.keys.push(key),
        }
    }

    /// A key that the party of the other leg presses, and how long it pressed those that it let go.
    pub(crate) fn pass_on_keys(&mut self, pressed: Option<char>, let_go: [Option<Duration>; 2]) {
        match (pressed, self.agreed) {
            (Some(key), Some(AgreedAudio { telephone_event: Some(_), .. })) => {
                let _ = self.stream.hold_digit(key);
            }
            (Some(key), _) => self.keys.push(key),
            (None, _) => {}
        }
        // After the key: a single packet may tell of all of it. The first that is held is let go, which is the older.
        for duration in let_go.into_iter().flatten() {
            self.stream.let_go_digit(duration);
        }
    }

    /// Carries out an order, and hands back what became superfluous by it.
    pub(crate) fn carry_out(
        &mut self,
        what: LegOrder,
        now: Moment,
        reporter: &mut Reporter,
    ) -> Option<Retired<L>> {
        match what {
            LegOrder::Configure { audio, codecs, security } => {
                let codecs = self.configure(audio, codecs, now);
                Some(Retired::Agreed(codecs, self.stream.secure(security, now)))
            }
            LegOrder::Play(playback) => {
                let mut replaced = self.playback.replace(playback)?;
                replaced.stop();
                replaced.tell(self.leg, now, reporter);
                Some(Retired::Playback(replaced))
            }
            LegOrder::StopPlayback(id) => {
                let mut stopped = self.playback.take_if(|playback| playback.id == id)?;
                stopped.stop();
                stopped.tell(self.leg, now, reporter);
                Some(Retired::Playback(stopped))
            }
            LegOrder::Listen(listening) => self.listening.replace(listening).map(Retired::Listening),
            LegOrder::StopListening(id) => {
                self.listening.take_if(|listening| listening.id == id).map(Retired::Listening)
            }
            LegOrder::SendDigits(digits) => {
                digits.keys().for_each(|key| self.send_digit(key));
                None
            }
            LegOrder::Record(tap) => self.recorder.replace(tap).map(Retired::Recorder),
            LegOrder::PauseRecording(paused) => {
                if let Some(recorder) = &mut self.recorder {
                    recorder.pause(paused);
                }
                None
            }
            LegOrder::StopRecording => self.recorder.take().map(Retired::Recorder),
            // The deck closes ports: it has to give their places away.
            LegOrder::Close => None,
        }
    }

    /// Tells what there is to tell, and moves an ended playback out, if there is room.
    pub(crate) fn tell(&mut self, now: Moment, reporter: &mut Reporter, retired: &mut HeapProd<Retired<L>>) {
        self.facts.tell(self.leg, reporter);
        if let Some(listening) = &mut self.listening {
            listening.tell(self.leg, reporter);
        }
        if let Some(playback) = &mut self.playback {
            playback.tell(self.leg, now, reporter);
        }
        if !retired.is_full()
            && let Some(ended) = self.playback.take_if(|playback| playback.is_told())
        {
            let _ = retired.try_push(Retired::Playback(ended));
            reporter.leave();
        }
    }

    /// The port closes: all that waited is told, for which the deck made sure of room.
    pub(crate) fn tell_all(&mut self, now: Moment, reporter: &mut Reporter) {
        // What came since the last time belongs into the sum.
        self.stream.close_quality_interval();
        self.facts.tell(self.leg, reporter);
        if let Some(playback) = &mut self.playback {
            playback.stop();
            playback.tell(self.leg, now, reporter);
        }
    }

    pub(crate) fn take_recorder(&mut self) -> Option<RecorderTap> {
        self.recorder.take()
    }

    /// What this leg's party says in this turn.
    pub(crate) fn says(&self, turn: u64) -> OtherSide<'_> {
        if self.passes_on() {
            OtherSide::PassesOn
        } else if self.heard.turn != Some(turn) {
            OtherSide::Nobody
        } else if self.heard.played == Played::Silence {
            OtherSide::Waits
        } else {
            OtherSide::Says(self.heard.frame.lend())
        }
    }

    /// Has this leg a tick in this turn? Asked after [`hear`](Self::hear).
    fn is_on(&self, turn: u64) -> bool {
        self.heard.turn == Some(turn)
    }

    /// From one turn of a leg to its next.
    const fn round() -> u64 {
        SPOKES as u64
    }
}
