//! Every codec bridged to every other, both ways, in packets of every length: the voice at one end is the voice at the
//! other.

use frontdesk_audio::{Decoder, Encoder, OPUS_MAX_SAMPLES, OpusWishes, Prompt, opus_carries_copy};
use frontdesk_identifiers::LegId;
use frontdesk_media_engine::testing::Simulation;
use frontdesk_media_engine::{Channel, Order};
use frontdesk_media_protocol::{AgreedAudio, Codec, OpusTerms, PlaybackId};
use frontdesk_rtp_session::packet::{self, RtpPacket};
use frontdesk_rtp_session::rtcp::{self, MAX_REPORT_BYTES, Report, ReportBlock};
use party::Party;
use std::f64::consts::TAU;
use std::sync::Arc;
use std::time::Duration;

mod party;

const CODECS: [Codec; 4] = [Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus];

/// A voice: a wandering pitch with overtones below 3.4 kHz, which comes and goes.
fn voice(rate: u32, pitch: f64, millis: u32) -> Vec<i16> {
    let mut phase = 0.0f64;
    (0..millis * rate / 1_000)
        .map(|n| {
            let time = f64::from(n) / f64::from(rate);
            phase += TAU * (pitch + 25.0 * (time * 4.0).sin()) / f64::from(rate);
            let overtones: f64 = (1..=7).map(|k| (phase * f64::from(k)).sin() / f64::from(k)).sum();
            (overtones * 4_500.0 * (0.55 + 0.45 * (time * 7.0).sin())) as i16
        })
        .collect()
}

/// Somebody at the other end of a leg, who speaks and hears in his codec.
struct Talker {
    party: Party,
    audio: AgreedAudio,
    encoder: Encoder,
    decoder: Decoder,
    said: Vec<i16>,
    at: usize,
    sequence: u16,
    /// Packets that came: when, their number and time, how many samples they had.
    came: Vec<(u64, u16, u32, usize)>,
    heard: Vec<i16>,
}

impl Talker {
    /// Speaks in packets of `says_ms`, and wants such of `wants_ms`.
    fn new(leg: u64, codec: Codec, pitch: f64, wants_ms: u8) -> Self {
        let party = Party::new(leg, codec);
        let (encoder, decoder) = match codec {
            Codec::Pcmu => (Encoder::Pcmu, Decoder::Pcmu),
            Codec::Pcma => (Encoder::Pcma, Decoder::Pcma),
            Codec::G722 => (Encoder::g722(), Decoder::g722()),
            Codec::Opus => (Encoder::opus(OpusWishes::default()), Decoder::opus()),
        };
        let audio =
            AgreedAudio { packet_ms: wants_ms, telephone_event_hz: codec.clock_hz(), ..party.audio() };
        let said = voice(encoder.rate().hz(), pitch, 6_000);
        Talker {
            party,
            audio,
            encoder,
            decoder,
            said,
            at: 0,
            sequence: 7,
            came: Vec::new(),
            heard: Vec::new(),
        }
    }

    fn enters(&mut self, simulation: &mut Simulation) {
        simulation.order(Order::Open { leg: self.party.leg, bind: "127.0.0.1".parse().unwrap() });
        simulation.order(Order::Configure { leg: self.party.leg, audio: self.audio });
        simulation.tick();
    }

    fn says(&mut self, simulation: &mut Simulation, millis: usize) {
        let count = self.encoder.rate().hz() as usize * millis / 1_000;
        let samples = &self.said[self.at..self.at + count];
        let mut payload = [0; 480];
        let length = self.encoder.encode(samples, &mut payload);
        let clock = u64::from(self.audio.codec.clock_hz());
        let packet = RtpPacket {
            marker: false,
            payload_type: self.audio.receive_payload_type,
            sequence: self.sequence,
            timestamp: (self.at as u64 * clock / u64::from(self.encoder.rate().hz())) as u32,
            ssrc: 77,
            payload: &payload[..length],
        };
        let mut bytes = [0; 500];
        let length = packet::write(&packet, &mut bytes);
        self.at += count;
        self.sequence += 1;
        assert!(simulation.deliver(self.party.leg, Channel::Rtp, self.party.address, &bytes[..length]));
    }

    fn hears(&mut self, simulation: &mut Simulation) {
        for heard in self.party.hears(simulation) {
            assert_eq!(heard.payload_type, self.audio.payload_type);
            let mut room = [0; OPUS_MAX_SAMPLES];
            let count = self.decoder.decode(&heard.payload, &mut room);
            assert!(count > 0, "every packet can be decoded");
            self.came.push((heard.at_ms, heard.sequence, heard.timestamp, count));
            self.heard.extend_from_slice(&room[..count]);
        }
    }

    /// From one packet to the next: one number, its own length in time, and the same distance on the wire.
    fn is_evenly_spaced(&self, millis: u64) {
        let units = self.audio.codec.clock_hz() / 1_000 * millis as u32;
        let samples = self.decoder.rate().hz() as usize / 1_000 * millis as usize;
        for pair in self.came[5..].windows(2) {
            let [before, after] = [pair[0], pair[1]];
            let name = format!("{:?} of {millis} ms: {before:?} {after:?}", self.audio.codec);
            assert_eq!(after.1, before.1.wrapping_add(1), "{name}");
            assert_eq!(after.2.wrapping_sub(before.2), units, "{name}");
            assert_eq!(after.0 - before.0, millis, "{name}");
            assert_eq!(after.3, samples, "{name}");
        }
        assert!(self.came.len() > 3);
    }
}

/// The best correlation of a second of what was said with what was heard, at delays up to 300 ms.
fn likeness(said: &[i16], heard: &[i16], rate: u32) -> f64 {
    let rate = rate as usize;
    let said = &said[rate..2 * rate];
    let correlation = |delay: usize| {
        let heard = &heard[delay..delay + said.len()];
        let dot = |one: &[i16], other: &[i16]| -> f64 {
            one.iter().zip(other).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        dot(said, heard) / (dot(said, said) * dot(heard, heard)).sqrt().max(1.0)
    };
    // Delays of 16 kHz differ little from one to the next.
    (rate..rate * 13 / 10).step_by(rate / 8_000).map(correlation).fold(0.0, f64::max)
}

fn simulation() -> Simulation {
    Simulation::new(Duration::ZERO, [3; 32]).unwrap()
}

/// Two parties talk for three seconds, each in packets as long as it likes.
fn talk(one: &mut Talker, other: &mut Talker, one_says_ms: usize, other_says_ms: usize) {
    let mut simulation = simulation();
    one.enters(&mut simulation);
    other.enters(&mut simulation);
    simulation.order(Order::Bridge { first: one.party.leg, second: other.party.leg });
    for step in 0..600usize {
        if (step * 5).is_multiple_of(one_says_ms) {
            one.says(&mut simulation, one_says_ms);
        }
        if (step * 5).is_multiple_of(other_says_ms) {
            other.says(&mut simulation, other_says_ms);
        }
        simulation.step();
        one.hears(&mut simulation);
        other.hears(&mut simulation);
    }
}

#[test]
fn a_voice_goes_from_every_codec_to_every_codec_both_ways() {
    for first in CODECS {
        for second in CODECS {
            let (mut one, mut other) = (Talker::new(1, first, 330.0, 20), Talker::new(2, second, 410.0, 20));
            talk(&mut one, &mut other, 20, 20);
            for (from, to, pitch) in [(&one, &other, 330.0), (&other, &one, 410.0)] {
                let rate = to.decoder.rate().hz();
                let likeness = likeness(&voice(rate, pitch, 3_000), &to.heard, rate);
                println!("{first:?} and {second:?}, {:?} heard: {likeness:.3}", from.audio.codec);
                assert!(likeness > 0.85, "{first:?} and {second:?}: {likeness}");
            }
        }
    }
}

#[test]
fn packets_leave_as_long_as_the_other_side_wants_them_and_at_equal_distances() {
    for (codec, lengths) in [
        (Codec::Pcmu, &[10, 20, 30, 40, 50, 60][..]),
        (Codec::G722, &[10, 20, 30, 40, 50, 60]),
        (Codec::Opus, &[10, 20, 40, 60]),
    ] {
        for (at, wants) in lengths.iter().enumerate() {
            let says = lengths[lengths.len() - 1 - at];
            let mut one = Talker::new(1, codec, 330.0, *wants);
            let mut other = Talker::new(2, Codec::Pcma, 410.0, 20);
            talk(&mut one, &mut other, usize::from(says), 20);
            one.is_evenly_spaced((*wants).into());
            other.is_evenly_spaced(20);
            for (to, pitch) in [(&one, 410.0), (&other, 330.0)] {
                let rate = to.decoder.rate().hz();
                let likeness = likeness(&voice(rate, pitch, 3_000), &to.heard, rate);
                assert!(likeness > 0.85, "{codec:?}, {wants} ms back, {says} ms there: {likeness}");
            }
        }
    }
}

#[test]
fn a_prompt_is_heard_in_every_codec() {
    for codec in CODECS {
        let mut simulation = simulation();
        let mut talker = Talker::new(1, codec, 200.0, 20);
        talker.enters(&mut simulation);
        let prompt = Arc::new(Prompt::from_pcm_8k(voice(8_000, 270.0, 3_000)));
        let (leg, playback) = (talker.party.leg, PlaybackId(1));
        simulation.order(Order::Play { leg, playback, prompt, repeat: false });
        for _ in 0..150 {
            simulation.tick();
            talker.hears(&mut simulation);
        }
        let rate = talker.decoder.rate().hz();
        let likeness = likeness(&voice(rate, 270.0, 3_000), &talker.heard, rate);
        assert!(likeness > 0.85, "{codec:?}: {likeness}");
        talker.is_evenly_spaced(20);
    }
}

#[test]
fn another_codec_in_the_middle_of_a_call_keeps_the_stream_whole() {
    let mut simulation = simulation();
    let mut talker = Talker::new(1, Codec::Pcmu, 200.0, 20);
    talker.enters(&mut simulation);
    let mut packets = Vec::new();
    for codec in [Codec::Pcmu, Codec::Opus, Codec::Opus, Codec::G722, Codec::Pcma, Codec::Opus] {
        let party = Party::new(1, codec);
        simulation.order(Order::Configure { leg: LegId(1), audio: party.audio() });
        for _ in 0..10 {
            simulation.tick();
            let heard = party.hears(&mut simulation);
            packets.extend(heard.into_iter().map(|heard| (codec, heard)));
        }
    }
    for pair in packets.windows(2) {
        let [(codec, before), (_, after)] = pair else { continue };
        assert_eq!(after.sequence, before.sequence.wrapping_add(1));
        let units = after.timestamp.wrapping_sub(before.timestamp);
        assert_eq!(units, codec.clock_hz() / 50, "one packet of {codec:?}");
    }
    assert_eq!(packets.len(), 61, "with that of the tick in which it entered");
    // Codecs that are not needed any more are moved out, and nothing is left of the leg.
    simulation.order(Order::Close { leg: LegId(1) });
    simulation.tick();
    while simulation.poll().is_some() {}
    assert_eq!(simulation.free_slots(), frontdesk_media_engine::MAX_LEGS);
}

/// What the party reports of the desk's stream: so much lost since its last report, in 1/256.
fn report_loss(simulation: &mut Simulation, party: &Party, desk_ssrc: u32, fraction_lost: u8) {
    let block = ReportBlock {
        ssrc: desk_ssrc,
        fraction_lost,
        lost: 0,
        highest: 0,
        jitter: 0,
        last_sender_report: 0,
        delay: 0,
    };
    let report =
        Report { ssrc: 7, sender: None, block: Some(block), voip: None, cname: "party", goodbye: false };
    let mut datagram = [0; MAX_REPORT_BYTES];
    let length = rtcp::write(&report, &mut datagram);
    let from = party.audio().remote_rtcp;
    assert!(simulation.deliver(party.leg, Channel::Rtcp, from, &datagram[..length]));
}

/// Of the packets that were sent to the leg: the stream's name, and how many carry a copy of the packet before.
fn copies(simulation: &mut Simulation, leg: LegId) -> (u32, usize) {
    let (mut ssrc, mut copies) = (0, 0);
    while let Some(datagram) = simulation.sent(leg) {
        if datagram.channel == Channel::Rtp {
            let packet = packet::read(datagram.bytes()).unwrap();
            ssrc = packet.ssrc;
            copies += usize::from(opus_carries_copy(packet.payload));
        }
    }
    (ssrc, copies)
}

#[test]
fn who_reports_loss_is_sent_copies_until_it_reports_none_for_a_while() {
    let mut simulation = Simulation::new(Duration::from_secs(60), [4; 32]).unwrap();
    let party = Party::new(1, Codec::Opus).enters(&mut simulation);
    let prompt = Arc::new(Prompt::from_pcm_8k(voice(8_000, 140.0, 4_000)));
    let leg = party.leg;
    let opus = OpusTerms { copies: true, ..OpusTerms::default() };
    simulation.order(Order::Configure { leg, audio: AgreedAudio { opus, ..party.audio() } });
    simulation.order(Order::Play { leg, playback: PlaybackId(1), prompt, repeat: true });
    let hear = |simulation: &mut Simulation| {
        (0..40).for_each(|_| simulation.tick());
        copies(simulation, leg)
    };
    let (ssrc, before) = hear(&mut simulation);
    assert_eq!(before, 0, "nobody reported loss");
    report_loss(&mut simulation, &party, ssrc, 26);
    let (_, after) = hear(&mut simulation);
    assert!(after > 20, "{after} of 40 packets carry a copy at 10 % of loss");
    report_loss(&mut simulation, &party, ssrc, 0);
    assert!(hear(&mut simulation).1 > 20, "one good report is not a good line");
    for _ in 0..12 {
        report_loss(&mut simulation, &party, ssrc, 0);
        simulation.tick();
    }
    copies(&mut simulation, leg);
    assert_eq!(hear(&mut simulation).1, 0);
}
