//! What a payload is in time, by its codec.

use crate::jitter_buffer::MAX_PAYLOAD_BYTES;
use frontdesk_audio::{Decoder, SampleRate, opus_packet_duration};

/// How a codec's payload, its clock and its samples stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// Samples a second.
    pub rate: SampleRate,
    /// Units of the RTP timestamp a second.
    pub clock_hz: u32,
    /// Where packets may be cut.
    pub cut: Cut,
}

/// Where packets may be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Between any two bytes: each stands for one unit of the clock.
    AtEachByte,
    /// Nowhere: a packet says itself how long it is (RFC 6716 §3.1).
    Nowhere,
}

impl Format {
    /// The format that a decoder reads.
    pub fn of(decoder: &Decoder) -> Self {
        match decoder {
            // RFC 3551 §4.5.2: the clock of G.722 is of 8 kHz, though it has twice as many samples.
            Decoder::Pcmu | Decoder::Pcma | Decoder::G722(_) => {
                Format { rate: decoder.rate(), clock_hz: 8_000, cut: Cut::AtEachByte }
            }
            // RFC 7587 §4.1.
            Decoder::Opus(_) => Format { rate: decoder.rate(), clock_hz: 48_000, cut: Cut::Nowhere },
        }
    }

    /// Units of the clock in 20 ms.
    pub fn tick_units(&self) -> u16 {
        (self.clock_hz / 50) as u16
    }

    /// Samples that last so many units.
    pub fn samples(&self, units: u64) -> usize {
        (units * u64::from(self.rate.hz()) / u64::from(self.clock_hz)) as usize
    }

    /// Units that so many samples last; begun ones count.
    pub fn units(&self, samples: usize) -> u64 {
        (samples as u64 * u64::from(self.clock_hz)).div_ceil(u64::from(self.rate.hz()))
    }

    /// How long a payload lasts, if it is one.
    pub fn duration(&self, payload: &[u8]) -> Option<u16> {
        match self.cut {
            Cut::AtEachByte => {
                (1..=MAX_PAYLOAD_BYTES).contains(&payload.len()).then_some(payload.len() as u16)
            }
            Cut::Nowhere => opus_units(payload),
        }
    }
}

/// The longest packet of Opus that is taken: 60 ms, in units of 1/48,000 s. Longer ones are for stored sound.
const LONGEST_OPUS_UNITS: u32 = 2_880;

fn opus_units(payload: &[u8]) -> Option<u16> {
    let units = opus_packet_duration(payload).filter(|units| *units <= LONGEST_OPUS_UNITS)?;
    u16::try_from(units).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_turns_time_into_samples_and_back() {
        let [narrow, g722, opus] =
            [Decoder::Pcma, Decoder::g722(), Decoder::opus()].map(|decoder| Format::of(&decoder));
        assert_eq!(
            [narrow, g722, opus].map(|format| format.samples(format.tick_units().into())),
            [160, 320, 320]
        );
        assert_eq!([narrow, g722, opus].map(|format| format.units(320)), [320, 160, 960]);
        assert_eq!(g722.units(3), 2);
        assert_eq!([narrow, opus].map(|format| format.duration(&[])), [None, None]);
        assert_eq!([narrow, g722].map(|format| format.duration(&[0; 480])), [Some(480); 2]);
        assert_eq!(narrow.duration(&[0; 481]), None);
        assert_eq!(
            [&[3 << 3][..], &[(3 << 3) | 1]].map(|payload| opus.duration(payload)),
            [Some(2_880), None]
        );
    }
}
