//! Payload formats: which number means which codec, what is in common, and how it is to be sent.
//!
//! A number is said by who receives it (RFC 3264 §5.1): what comes to this side is numbered as this side's description
//! says, what goes out as the other's. An answer takes over the offer's numbers, so that they are the same both ways
//! (§6.1 recommends it); an answerer may number otherwise. What a number once meant it means for the whole session
//! (§8.3.2), which is why [`PayloadNumbers`] are kept from one description to the next.

use crate::LocalAudio;
use crate::read::{Stream, number};
use frontdesk_media_protocol::{Codec, OpusTerms};

/// The length of a packet when the other side says nothing (RFC 3551 §4.2).
const PACKET_MS: u16 = 20;
/// The shortest and the longest packet that a wish can lead to, in milliseconds.
const PACKET_MS_RANGE: (u16, u16) = (10, 60);
/// The longest packets that this side takes, as its descriptions say.
pub(crate) const PACKET_MS_MAX: u16 = PACKET_MS_RANGE.1;
/// The numbers that a description may give away (RFC 3551 §6).
const DYNAMIC: std::ops::RangeInclusive<u8> = 96..=127;
/// The number of comfort noise at 8 kHz (RFC 3389 §4).
pub(crate) const COMFORT_NOISE: u8 = 13;
/// The clock of a stream's sound that is not Opus, and of telephone events beside it (RFC 4733 §2.1).
const CLOCK_HZ: u32 = 8_000;

/// What of the formats is not the choice of codecs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Formats {
    /// Which numbers this side's own offers give.
    pub numbers: PayloadNumbers,
    /// The length of the packets that this side likes to receive, in milliseconds.
    pub packet_ms: u8,
    /// Silence need not be sent to this side: comfort noise beside G.711 (RFC 3389), `usedtx` of Opus (RFC 7587).
    pub pauses: bool,
    /// Answered with, wherever it stands in the offer: what a partner speaks already.
    pub preferred: Option<Codec>,
}

impl Default for Formats {
    fn default() -> Self {
        Formats { numbers: PayloadNumbers::default(), packet_ms: 20, pauses: false, preferred: None }
    }
}

/// The numbers of those formats that have none for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayloadNumbers {
    /// Opus.
    pub opus: u8,
    /// `telephone-event/8000`.
    pub event: u8,
    /// `telephone-event/48000`.
    pub event_48k: u8,
}

impl Default for PayloadNumbers {
    /// As most descriptions give them.
    fn default() -> Self {
        PayloadNumbers { opus: 111, event: 101, event_48k: 110 }
    }
}

impl PayloadNumbers {
    /// The numbers of the formats after a description of the other side: its own where it names one, and where it gives
    /// a number of ours to something else, another that is free.
    pub(crate) fn after(self, stream: &Stream<'_>) -> Self {
        let meanings: [Meaning; 3] = [is_opus, is_event_8k, is_event_48k];
        let mut numbers = meanings.map(|meaning| named(stream, meaning));
        for (at, ours) in [self.opus, self.event, self.event_48k].into_iter().enumerate() {
            let is_free = |n: &u8| !numbers.contains(&Some(*n)) && !stream.formats_named.contains_key(n);
            let number =
                numbers[at].or_else(|| Some(ours).filter(is_free)).or_else(|| DYNAMIC.rev().find(is_free));
            // Who named every number there is gets ours, which he may not understand then.
            numbers[at] = number.or(Some(ours));
        }
        let [opus, event, event_48k] = numbers.map(Option::unwrap_or_default);
        PayloadNumbers { opus, event, event_48k }
    }

    /// The number that this side's offers give a codec.
    pub(crate) const fn of(self, codec: Codec) -> u8 {
        match codec {
            Codec::Pcmu => 0,
            Codec::Pcma => 8,
            Codec::G722 => 9,
            Codec::Opus => self.opus,
        }
    }

    /// The number that they give telephone events of this clock.
    pub(crate) const fn event_of(self, clock_hz: u32) -> u8 {
        if clock_hz == CLOCK_HZ { self.event } else { self.event_48k }
    }
}

/// What two sides have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Common {
    pub(crate) codec: Codec,
    /// The other side's number of it.
    pub(crate) number: u8,
    /// The other side's number of telephone events, and their clock.
    pub(crate) event: Option<(u8, u32)>,
    pub(crate) packet_ms: u8,
    pub(crate) opus: OpusTerms,
    pub(crate) comfort_noise: bool,
}

impl Common {
    /// The first format in the other side's order that this side speaks, unless the preferred one is among them.
    /// (RFC 3264 §6.1 leaves the choice to the answerer and recommends the offerer's order.)
    pub(crate) fn of(local: &LocalAudio, stream: &Stream<'_>) -> Option<Common> {
        let spoken = || {
            numbers(stream).filter_map(|number| {
                let codec = codec_of(stream, number).filter(|codec| local.codecs.contains(codec))?;
                Some((number, codec))
            })
        };
        let preferred = spoken().find(|(_, codec)| Some(*codec) == local.formats.preferred);
        let (number, codec) = preferred.or_else(|| spoken().next())?;
        let parameters = stream.parameters.get(&number).copied().unwrap_or_default();
        let is_g711 = matches!(codec, Codec::Pcmu | Codec::Pcma);
        Some(Common {
            codec,
            number,
            event: event(stream, codec),
            packet_ms: packet_ms(stream, codec),
            opus: if codec == Codec::Opus { opus_terms(parameters) } else { OpusTerms::default() },
            comfort_noise: local.formats.pauses && is_g711 && numbers(stream).any(|n| n == COMFORT_NOISE),
        })
    }
}

/// What a number means.
struct Format<'a> {
    encoding: &'a str,
    clock_hz: u32,
    channels: u8,
}

fn is(format: &Format<'_>, encoding: &str, clock_hz: u32, channels: u8) -> bool {
    format.encoding.eq_ignore_ascii_case(encoding)
        && (format.clock_hz, format.channels) == (clock_hz, channels)
}

type Meaning = fn(&Format<'_>) -> bool;

fn is_opus(format: &Format<'_>) -> bool {
    // RFC 7587 §7: two channels, whatever is sent. Those who write one mean the same.
    is(format, "opus", 48_000, 2) || is(format, "opus", 48_000, 1)
}

fn is_event_8k(format: &Format<'_>) -> bool {
    is(format, "telephone-event", CLOCK_HZ, 1)
}

fn is_event_48k(format: &Format<'_>) -> bool {
    is(format, "telephone-event", 48_000, 1)
}

fn is_event(clock_hz: u32) -> Meaning {
    if clock_hz == CLOCK_HZ { is_event_8k } else { is_event_48k }
}

fn format_of<'a>(stream: &Stream<'a>, number: u8) -> Option<Format<'a>> {
    let named = stream.formats_named.get(&number)?;
    Some(Format { encoding: named.encoding, clock_hz: named.clock_hz, channels: named.channels })
}

/// The numbers of the `m=` line, in its order.
fn numbers<'s>(stream: &'s Stream<'_>) -> impl Iterator<Item = u8> + use<'s> {
    stream.formats.iter().filter_map(|format| number(format)).filter(|number| *number <= 127)
}

/// The first number of the `m=` line that is given this meaning.
fn named(stream: &Stream<'_>, meaning: Meaning) -> Option<u8> {
    numbers(stream).find(|number| format_of(stream, *number).is_some_and(|format| meaning(&format)))
}

/// What a number means in this stream: by its `a=rtpmap`, or else by RFC 3551 table 4.
fn codec_of(stream: &Stream<'_>, number: u8) -> Option<Codec> {
    let fixed = [Codec::Pcmu, Codec::Pcma, Codec::G722];
    match format_of(stream, number) {
        Some(format) if is_opus(&format) => Some(Codec::Opus),
        // G.722 says 8,000, whatever it samples (RFC 3551 §4.5.2).
        Some(format) => {
            fixed.into_iter().find(|codec| is(&format, codec.encoding_name(), codec.clock_hz(), 1))
        }
        None => fixed.into_iter().find(|codec| PayloadNumbers::default().of(*codec) == number),
    }
}

/// Telephone events with the codec's clock (RFC 4733 §2.1); who offers Opus and none of its clock means those that he
/// offers.
fn event(stream: &Stream<'_>, codec: Codec) -> Option<(u8, u32)> {
    let of = |clock_hz: u32| Some((named(stream, is_event(clock_hz))?, clock_hz));
    of(codec.clock_hz()).or_else(|| of(CLOCK_HZ))
}

/// The packet length that the other side wants, within its own limit (RFC 8866 §6.4), within reason, and as the codec
/// can make it: Opus has no packets of 30 and 50 ms.
fn packet_ms(stream: &Stream<'_>, codec: Codec) -> u8 {
    let (shortest, longest) = PACKET_MS_RANGE;
    let wanted = stream.packet_ms.filter(|ms| *ms != 0).unwrap_or(PACKET_MS);
    let limit = stream.packet_ms_max.filter(|ms| *ms != 0).unwrap_or(longest);
    let whole = wanted.min(limit).clamp(shortest, longest) / 10 * 10;
    match (codec, whole as u8) {
        (Codec::Opus, 30) => 20,
        (Codec::Opus, 50) => 40,
        (_, whole) => whole,
    }
}

/// What an `a=fmtp` of Opus asks for (RFC 7587 §6.1); what is not understood is passed over.
fn opus_terms(parameters: &str) -> OpusTerms {
    let mut terms = OpusTerms::default();
    for parameter in parameters.split(';') {
        let Some((name, value)) = parameter.split_once('=') else { continue };
        let value: Option<u32> = number(value.trim());
        match name.trim().to_ascii_lowercase().as_str() {
            "useinbandfec" => terms.copies = value == Some(1),
            "usedtx" => terms.pauses = value == Some(1),
            "cbr" => terms.constant = value == Some(1),
            "maxplaybackrate" => terms.narrow = value.is_some_and(|hertz| hertz <= 8_000),
            "maxaveragebitrate" => terms.max_bitrate_bps = value,
            _ => {}
        }
    }
    terms
}
