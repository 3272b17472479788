//! From the party: datagrams to the stream, and once a tick 20 ms of what it says.

use super::{MediaSilence, Port, QUALITY_EACH};
use crate::orders::StreamFrame;
use crate::stage::{Probe, Stage};
use crate::tap::SILENCE;
use frontdesk_audio::{AudioFrame, LentFrame, RateFit, SAMPLES_8K, SampleRate};
use frontdesk_identifiers::Moment;
use frontdesk_media_protocol::{SpeechFrame, Strangeness};
use frontdesk_rtp_session::secure::SecureFault;
use frontdesk_rtp_session::{EndedKey, Played, Received, Refusal, RtcpReceived};
use std::net::SocketAddr;
use std::time::Duration;

/// Frames that a jitter buffer may hold: what lies in it after a stall is let go by as many playouts.
const BUFFERED_FRAMES: u64 = 32;

/// What was heard in the leg's last tick.
pub(super) struct Heard {
    /// The turn of that tick.
    pub(super) turn: Option<u64>,
    pub(super) frame: AudioFrame,
    /// A wide frame, brought down to 8 kHz for those who hear no more.
    lowered: StreamFrame,
    lowering: RateFit,
    /// Its position since the port was opened, in samples at 8 kHz.
    position: u64,
    arrived: Moment,
    pub(super) played: Played,
}

impl Heard {
    pub(super) fn nothing() -> Self {
        Heard {
            turn: None,
            frame: AudioFrame::silence(SampleRate::Narrow),
            lowered: SILENCE,
            lowering: RateFit::new(),
            position: 0,
            arrived: Moment::ZERO,
            played: Played::Silence,
        }
    }

    /// Makes the frame ready for [`narrow`](Self::narrow); once a tick.
    fn lower(&mut self) {
        let lowered = self.lowering.fit(self.frame.lend(), SampleRate::Narrow);
        if let (SampleRate::Wide, LentFrame::Narrow(samples)) = (self.frame.rate(), lowered) {
            self.lowered = *samples;
        }
    }

    /// At 8 kHz.
    fn narrow(&self) -> &StreamFrame {
        match self.frame.lend() {
            LentFrame::Narrow(samples) => samples,
            LentFrame::Wide(_) => &self.lowered,
        }
    }
}

impl<L> Port<L> {
    /// A datagram came in on the RTP socket. The key, if it is the beginning of one.
    pub(crate) fn receive(&mut self, from: SocketAddr, datagram: &mut [u8], now: Moment) -> Option<char> {
        // While nothing is awaited, as on hold, nobody is believed: a stranger would have all the time he needs to
        // become the party that the sound is sent to.
        if !self.agreed.is_some_and(|audio| audio.direction.receives()) {
            self.stream.pass_by(datagram, now);
            return None;
        }
        let received = self.stream.receive(datagram, from, now);
        match received {
            Received::Refused(refusal) => {
                self.note_strange(from, refusal);
                None
            }
            Received::Digit(key) => {
                self.note_taken(now);
                self.note_key(Some(key), now)
            }
            Received::Noted => {
                self.note_taken(now);
                self.note_key(None, now)
            }
            Received::Sound => {
                self.note_taken(now);
                None
            }
        }
    }

    /// A packet of the party was taken.
    pub(super) fn note_taken(&mut self, now: Moment) {
        if !self.spoken_to {
            self.spoken_to = true;
            self.facts.first_packet(now);
        }
        self.silence = MediaSilence::Since(now);
    }

    /// A packet of an event came; the key that begins with it, if it is taken.
    pub(super) fn note_key(&mut self, key: Option<char>, now: Moment) -> Option<char> {
        self.relay.note_event(now);
        let key = key.filter(|_| self.pace.takes(now))?;
        self.facts.digit(key, now);
        Some(key)
    }

    /// How long keys were pressed that the party has let go; to be asked after each packet. Two may end with one: a key
    /// whose end is lost, and one that a single packet tells all of.
    pub(crate) fn keys_let_go(&mut self, now: Moment) -> [Option<Duration>; 2] {
        std::array::from_fn(|_| {
            let EndedKey { key, duration } = self.stream.poll_ended_digit(now)?;
            self.facts.digit_ended(key, duration, now);
            Some(duration)
        })
    }

    /// The first datagram that is none of the stream's: a router that moves ports, a codec that nobody agreed to. What
    /// is late, doubled or doubtful is of the stream.
    pub(super) fn note_strange(&mut self, from: SocketAddr, refusal: Refusal) {
        let why = match refusal {
            Refusal::NotRtp(_) => Strangeness::NotRtp,
            Refusal::PayloadType(number) => Strangeness::PayloadType(number),
            Refusal::Source => Strangeness::Source,
            Refusal::OwnStream => Strangeness::OwnStream,
            Refusal::Secure(SecureFault::Malformed | SecureFault::NotAuthentic) => Strangeness::Insecure,
            _ => return,
        };
        if !std::mem::replace(&mut self.strange, true) {
            self.facts.strange_packet(from, why);
        }
    }

    /// A datagram came in on the RTCP socket.
    pub(crate) fn receive_report(&mut self, from: SocketAddr, datagram: &mut [u8], now: Moment) {
        if self.agreed.is_none() {
            return;
        }
        if self.stream.receive_rtcp(datagram, from, now) == RtcpReceived::Report {
            self.suit_network();
        }
        // Muted, or saving packets while nobody speaks: it is there.
        if self.stream.peer_said_silent_at() == Some(now)
            && let MediaSilence::Since(since) = &mut self.silence
        {
            *since = now;
        }
    }

    /// The party said how much of what it is sent gets lost: the encoder spends its bits by that. What got lost of late is
    /// forgotten by a quarter with each report, so that a copy is still sent when the next run of losses comes.
    fn suit_network(&mut self) {
        let said = u32::from(self.stream.counters().remote_fraction_lost) * 100 / 256;
        let loss = (said as u8).max(self.lost_there_percent - self.lost_there_percent.div_ceil(4));
        if loss != self.lost_there_percent {
            self.lost_there_percent = loss;
            self.encoder.network(loss);
        }
    }

    /// Whether a datagram on the RTP socket is a report all the same (RFC 5761).
    pub(crate) fn is_report(&self, datagram: &[u8]) -> bool {
        self.stream.is_report(datagram)
    }

    /// Each 5 s, how good the sound was.
    pub(super) fn watch_quality(&mut self, now: Moment) {
        if now < self.quality_due {
            return;
        }
        self.quality_due = now + QUALITY_EACH;
        let quality = self.stream.close_quality_interval();
        if self.agreed.is_some() {
            self.facts.quality(quality);
        }
    }

    /// The first half of the leg's tick, if it has one in this turn: what the party says now.
    pub(crate) fn hear<P: Probe>(&mut self, turn: u64, now: Moment, no_media_after: Duration, probe: &mut P) {
        if self.due > turn {
            return;
        }
        self.pass_over((turn - self.due) / Self::round(), now);
        self.due = turn + Self::round();
        self.heard.turn = Some(turn);
        self.heard.position = self.ticks * SAMPLES_8K as u64;
        self.ticks += 1;
        self.watch_for_silence(now, no_media_after);
        if self.passes_on() {
            self.heard.played = Played::Silence;
            return;
        }
        self.decode(now, probe);
        if self.partner.is_none() || self.listening.is_some() {
            self.heard.lower();
        }
        self.watch_tones(now);
        self.watch_activity(probe);
    }

    /// Ticks that came too late are not made up for: their place in the sound stays empty, and what waited in
    /// the jitter buffer for them is let go, so that the delay does not grow by the stall.
    fn pass_over(&mut self, ticks: u64, now: Moment) {
        if ticks == 0 {
            return;
        }
        self.ticks += ticks;
        self.ticks_skipped += ticks;
        if let Some(recorder) = &mut self.recorder {
            recorder.skip(ticks);
        }
        if self.passes_on() {
            return;
        }
        for _ in 0..ticks.min(BUFFERED_FRAMES) {
            let _ = self.stream.playout(now, &mut self.heard.frame);
        }
    }

    pub(super) fn watch_for_silence(&mut self, now: Moment, no_media_after: Duration) {
        self.watch_quality(now);
        if let MediaSilence::Since(since) = self.silence
            && !no_media_after.is_zero()
            && now.since(since) >= no_media_after
        {
            self.silence = MediaSilence::Told;
            self.facts.no_media(since);
        }
    }

    fn decode<P: Probe>(&mut self, now: Moment, probe: &mut P) {
        self.heard.arrived = now;
        self.heard.played = Played::Silence;
        if !self.agreed.is_some_and(|audio| audio.direction.receives()) {
            self.heard.frame.silence_at(self.stream.rate());
            return;
        }
        self.heard.played = self.stream.playout(now, &mut self.heard.frame);
        if let Played::Frame { arrived, .. } = self.heard.played {
            self.heard.arrived = arrived;
        }
        probe.mark(Stage::Decode);
    }

    /// Keys in the sound, from a party that did not agree to telephone-events. Not where two talk with each other:
    /// a voice may hold a key's tones by chance, and nobody asks for keys there.
    fn watch_tones(&mut self, now: Moment) {
        let in_sound = self.agreed.is_some_and(|audio| audio.telephone_event.is_none());
        if !in_sound || self.talks_with_others() {
            return;
        }
        if let Some(key) = self.tones.frame(self.heard.narrow())
            && self.pace.takes(now)
        {
            self.facts.digit(key, now);
        }
    }

    /// Level and activity, for the ears. A leg that talks with the desk is watched before anybody listens: when they
    /// do, the detector must know the line's noise, or it would take the noise for the answer to a question that has
    /// hardly begun. Where two legs talk with each other and nobody listens, this would be a quarter of the tick.
    fn watch_activity<P: Probe>(&mut self, probe: &mut P) {
        if self.talks_with_others() && self.listening.is_none() {
            return;
        }
        let activity = self.activity.frame(self.heard.narrow());
        probe.mark(Stage::Activity);
        let Some(listening) = &mut self.listening else { return };
        let frame = SpeechFrame {
            samples: *self.heard.narrow(),
            position: self.heard.position,
            arrived: self.heard.arrived,
            level_dbov: activity.level_dbov,
            // A key's tones are no voice.
            active: activity.active && self.tones.sounding().is_none(),
            played_dbov: self.played.loudest_dbov(),
            concealed: self.heard.played == Played::Concealed,
        };
        listening.push(frame);
        probe.mark(Stage::Route);
    }
}
