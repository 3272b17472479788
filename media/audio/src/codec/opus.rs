//! Opus (RFC 6716, RFC 7587) by libopus: mono, 16 kHz inside, whatever rate the other side has in mind. Nothing of
//! libopus is seen outside this file.
//!
//! libopus takes its memory when a coder or decoder is made, and none afterwards; its work space is the stack.

use audiopus::coder::{Decoder, Encoder};
use audiopus::{Application, Bandwidth, Bitrate, Channels, MutSignals, SampleRate, Signal, packet::Packet};
use std::alloc::{Layout, handle_alloc_error};

/// Samples at 16 kHz of the longest packet that there is: 120 ms (RFC 6716 §3.2.5).
pub const OPUS_MAX_SAMPLES: usize = 1_920;

/// How hard libopus tries, of 0 to 10: above 5 a voice gains little and costs twice.
const COMPLEXITY: u8 = 5;
/// Bits a second for a wideband voice on a line that loses nothing (RFC 7587 §3.1.1 has 16 to 20 for it).
const BITRATE_BPS: u32 = 24_000;
/// The same with a coarse copy of each frame in the one after it.
const BITRATE_WITH_COPIES_BPS: u32 = 32_000;
/// On a line that loses this much, part of the loss may be our own doing.
const BITRATE_ON_BAD_LINES_BPS: u32 = 20_000;
/// From this loss on copies are worth their bits, in percent.
const COPIES_FROM_PERCENT: u8 = 1;
/// From this loss on the line is taken for overfull, in percent.
const BAD_FROM_PERCENT: u8 = 20;
/// libopus makes nothing of less.
const LEAST_BITRATE_BPS: u32 = 6_000;

/// What the other side wants to be sent, of its `a=fmtp` (RFC 7587 §6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OpusWishes {
    /// `useinbandfec=1`: it can make use of copies for lost packets.
    pub copies: bool,
    /// `usedtx=1`: silence need not be sent.
    pub pauses: bool,
    /// `cbr=1`: all packets shall be of one size.
    pub constant: bool,
    /// `maxaveragebitrate`, bits a second.
    pub max_bitrate_bps: Option<u32>,
    /// `maxplaybackrate` of 8,000: it plays no more than a telephone line carries.
    pub narrow: bool,
}

/// Samples of 16 kHz → packets.
#[derive(Debug)]
pub struct OpusEncoder {
    encoder: Encoder,
    wishes: OpusWishes,
}

impl OpusEncoder {
    /// An encoder that was told nothing yet. As with any other memory, the program ends if there is none.
    pub fn new(wishes: OpusWishes) -> Self {
        let made = Encoder::new(SampleRate::Hz16000, Channels::Mono, Application::Voip);
        let Ok(encoder) = made else { handle_alloc_error(Layout::new::<Encoder>()) };
        let mut opus = OpusEncoder { encoder, wishes };
        opus.tune();
        opus.network(0);
        opus
    }

    /// What never changes. libopus refuses only what is out of range, which none of this is.
    fn tune(&mut self) {
        let encoder = &mut self.encoder;
        let _ = encoder.set_complexity(COMPLEXITY);
        let _ = encoder.set_signal(Signal::Voice);
        let _ = encoder.set_dtx(self.wishes.pauses);
        let _ = encoder.set_vbr(!self.wishes.constant);
        let widest = if self.wishes.narrow { Bandwidth::Narrowband } else { Bandwidth::Wideband };
        let _ = encoder.set_max_bandwidth(widest);
    }

    /// So many packets of a hundred get lost on the way, as the other side reports: more bits and copies for some
    /// loss, fewer bits for much.
    pub fn network(&mut self, loss_percent: u8) {
        let loss = loss_percent.min(100);
        let copies = self.wishes.copies && loss >= COPIES_FROM_PERCENT;
        let wanted = match loss {
            BAD_FROM_PERCENT.. => BITRATE_ON_BAD_LINES_BPS,
            _ if copies => BITRATE_WITH_COPIES_BPS,
            _ => BITRATE_BPS,
        };
        let most = self.wishes.max_bitrate_bps.unwrap_or(wanted).max(LEAST_BITRATE_BPS);
        let bitrate = i32::try_from(wanted.min(most)).unwrap_or(i32::MAX);
        let _ = self.encoder.set_bitrate(Bitrate::BitsPerSecond(bitrate));
        let _ = self.encoder.set_inband_fec(copies);
        let _ = self.encoder.set_packet_loss_perc(loss);
    }

    /// Encodes 10, 20, 40 or 60 ms into one packet; its length. 0: nothing is to be sent, because the samples are
    /// silence that the other side does without, have another length, or do not fit.
    pub fn encode(&mut self, samples: &[i16], packet: &mut [u8]) -> usize {
        match self.encoder.encode(samples, packet) {
            // A lone table of contents says no more than no packet says (RFC 6716 §2.1.9).
            Ok(length) if length > 2 || !self.wishes.pauses => length,
            _ => 0,
        }
    }
}

/// Packets → samples of 16 kHz.
#[derive(Debug)]
pub struct OpusDecoder {
    decoder: Decoder,
}

impl OpusDecoder {
    /// A decoder that was told nothing yet. As with any other memory, the program ends if there is none.
    pub fn new() -> Self {
        let Ok(decoder) = Decoder::new(SampleRate::Hz16000, Channels::Mono) else {
            handle_alloc_error(Layout::new::<Decoder>())
        };
        OpusDecoder { decoder }
    }

    /// Decodes a packet of any kind, mixed down if it is of two channels; how many samples it had. 0 if it is no packet
    /// or its samples do not fit: [`OPUS_MAX_SAMPLES`] always do.
    pub fn decode(&mut self, packet: &[u8], samples: &mut [i16]) -> usize {
        self.run(Some(packet), samples, false)
    }

    /// Fills `samples`, of 10 ms or a multiple, with what may have been in a packet that did not come.
    pub fn conceal(&mut self, samples: &mut [i16]) {
        let made = self.run(None, samples, false);
        samples.iter_mut().skip(made).for_each(|sample| *sample = 0);
    }

    /// Fills `samples`, as many as the lost packet had, from the coarse copy that the packet after it may carry
    /// ([`opus_carries_copy`]); without one this is [`conceal`](Self::conceal). That packet is to be decoded next.
    pub fn recover(&mut self, next_packet: &[u8], samples: &mut [i16]) {
        let made = self.run(Some(next_packet), samples, true);
        if made == 0 {
            self.conceal(samples);
        }
    }

    fn run(&mut self, packet: Option<&[u8]>, samples: &mut [i16], copy: bool) -> usize {
        let packet = match packet.map(Packet::try_from) {
            None => None,
            Some(Ok(packet)) => Some(packet),
            Some(Err(_)) => return 0,
        };
        let most = samples.len();
        let Ok(signals) = MutSignals::try_from(samples) else { return 0 };
        self.decoder.decode(packet, signals, copy).unwrap_or(0).min(most)
    }
}

impl Default for OpusDecoder {
    fn default() -> Self {
        OpusDecoder::new()
    }
}

/// How long a packet's sound is, in samples of its 48 kHz clock, by its table of contents (RFC 6716 §3.1, §3.2). `None`
/// for what is no packet: nothing in it, no frame, or more than 120 ms.
pub const fn opus_packet_duration(packet: &[u8]) -> Option<u32> {
    let [contents, rest @ ..] = packet else { return None };
    let frame = frame_duration(*contents);
    let frames = match (*contents & 3, rest) {
        (0, _) => 1,
        (1 | 2, _) => 2,
        (_, [count, ..]) => (*count & 0x3f) as u32,
        (_, []) => return None,
    };
    let duration = frame * frames;
    if duration == 0 || duration > 5_760 { None } else { Some(duration) }
}

/// RFC 6716 table 2: the samples of one frame at 48 kHz.
const fn frame_duration(contents: u8) -> u32 {
    let size = (contents >> 3) & 3;
    match contents >> 3 {
        // SILK: 10, 20, 40, 60 ms.
        0..12 => [480, 960, 1_920, 2_880][size as usize],
        // SILK and CELT: 10, 20 ms.
        12..16 => [480, 960][size as usize & 1],
        // CELT: 2.5, 5, 10, 20 ms.
        _ => 120 << size,
    }
}

/// Whether a packet carries a coarse copy of the sound before it (RFC 6716 §2.1.7): the flag behind the activity
/// flags of its first frame (§4.2.3), of which there is one for each 20 ms. That of a second channel does not count.
pub const fn opus_carries_copy(packet: &[u8]) -> bool {
    let [contents, rest @ ..] = packet else { return false };
    let (is_silk, activity_flags) = match *contents >> 3 {
        silk @ 0..12 => (true, [1, 1, 2, 3][silk as usize & 3]),
        12..16 => (true, 1u32),
        _ => (false, 0),
    };
    let first_frame = match (*contents & 3, rest) {
        (0 | 1, [first, ..]) => Some(*first),
        // One or two bytes of length stand before it (§3.2.1).
        (2, [length, second, third, ..]) => Some(if *length < 252 { *second } else { *third }),
        // Code 3 is no telephone's, and its frames are not looked for.
        _ => None,
    };
    match first_frame {
        Some(first) => is_silk && (first >> (7 - activity_flags)) & 1 == 1,
        None => false,
    }
}

#[cfg(test)]
mod tests;
