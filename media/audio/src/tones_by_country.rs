//! The signs of call progress, country by country.
//!
//! What they are for and within which bounds they lie says ITU-T E.180/Q.35 (03/98); what each country's network really
//! sends is listed in its Supplement 2 ("Various tones used in national networks"). A network may know several forms of
//! one tone; here is the one that most of its telephones hear. Where the supplement modulates a carrier, its two
//! side bands stand here, which sound the same.

use crate::prompt::Prompt;
use std::f64::consts::TAU;

/// What a tone says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ToneKind {
    /// A number may be dialled (E.180 §5).
    Dial,
    /// The other telephone rings (§6).
    Ringback,
    /// The other telephone is busy (§7).
    Busy,
    /// The network cannot put the call through (§8); North America calls it reorder.
    Congestion,
    /// The number does not exist or cannot be reached (§9): three tones, the same everywhere.
    SpecialInformation,
}

impl ToneKind {
    /// All of them.
    pub const ALL: [ToneKind; 5] = [
        ToneKind::Dial,
        ToneKind::Ringback,
        ToneKind::Busy,
        ToneKind::Congestion,
        ToneKind::SpecialInformation,
    ];
}

/// One or two frequencies in hertz, 0 for none, how long they sound, and how long it is silent after them, in
/// milliseconds.
type Beat = (u16, u16, u16, u16);

/// A country's tones. A beat without an end sounds until it is stopped.
struct Tones {
    country: &'static str,
    dial: &'static [Beat],
    ringback: &'static [Beat],
    busy: &'static [Beat],
    congestion: &'static [Beat],
}

/// Sounds without pause.
const fn steady(one: u16, other: u16) -> [Beat; 1] {
    [(one, other, 1_000, 0)]
}

const NORTH_AMERICA: Tones = Tones {
    country: "us",
    dial: &steady(350, 440),
    ringback: &[(440, 480, 2_000, 4_000)],
    busy: &[(480, 620, 500, 500)],
    congestion: &[(480, 620, 250, 250)],
};

/// E.180 §5 to §8: what the Recommendation itself prefers.
const RECOMMENDED: Tones = Tones {
    country: "",
    dial: &steady(425, 0),
    ringback: &[(425, 0, 1_000, 4_000)],
    busy: &[(425, 0, 500, 500)],
    congestion: &[(425, 0, 200, 200)],
};

/// E.180 §9.
const SPECIAL_INFORMATION: &[Beat] = &[(950, 0, 330, 0), (1_400, 0, 330, 0), (1_800, 0, 330, 1_000)];

/// Of networks that send what E.180 recommends, but for these.
const fn of(
    country: &'static str,
    ringback: &'static [Beat],
    busy: &'static [Beat],
    congestion: &'static [Beat],
) -> Tones {
    Tones { country, dial: RECOMMENDED.dial, ringback, busy, congestion }
}

const fn north_american(country: &'static str, ringback: &'static [Beat]) -> Tones {
    Tones { country, ringback, ..NORTH_AMERICA }
}

const RING_1_3: &[Beat] = &[(425, 0, 1_000, 3_000)];
const RING_1_4: &[Beat] = &[(425, 0, 1_000, 4_000)];
const RING_1_5: &[Beat] = &[(425, 0, 1_000, 5_000)];
/// Two short ones, as the British network rings.
const RING_BRITISH: &[Beat] = &[(400, 450, 400, 200), (400, 450, 400, 2_000)];
const HALF: &[Beat] = &[(425, 0, 500, 500)];
const QUARTER: &[Beat] = &[(425, 0, 250, 250)];
const FIFTH: &[Beat] = &[(425, 0, 200, 200)];
const THIRD: &[Beat] = &[(425, 0, 300, 300)];

/// E.180 Supplement 2, by ISO 3166 code.
const COUNTRIES: &[Tones] = &[
    of("ar", &[(425, 0, 1_000, 4_500)], &[(425, 0, 300, 200)], &[(425, 0, 200, 300)]),
    Tones {
        country: "at",
        dial: &steady(420, 0),
        ringback: &[(420, 0, 1_000, 5_000)],
        busy: &[(420, 0, 400, 400)],
        congestion: &[(420, 0, 200, 200)],
    },
    Tones {
        country: "au",
        dial: &steady(413, 438),
        ringback: &[(413, 438, 400, 200), (413, 438, 400, 2_000)],
        busy: &[(425, 0, 375, 375)],
        congestion: &[(425, 0, 375, 375)],
    },
    of("be", RING_1_3, HALF, &[(425, 0, 167, 167)]),
    of("bg", RING_1_4, HALF, QUARTER),
    of("br", RING_1_4, QUARTER, &[(425, 0, 250, 250), (425, 0, 750, 250)]),
    north_american("ca", NORTH_AMERICA.ringback),
    of("ch", RING_1_4, HALF, FIFTH),
    Tones {
        country: "cl",
        dial: &steady(400, 0),
        ringback: &[(400, 0, 1_000, 3_000)],
        busy: &[(400, 0, 500, 500)],
        congestion: &[(400, 0, 200, 200)],
    },
    Tones {
        country: "cn",
        dial: &steady(450, 0),
        ringback: &[(450, 0, 1_000, 4_000)],
        busy: &[(450, 0, 350, 350)],
        congestion: &[(450, 0, 700, 700)],
    },
    Tones {
        dial: &[(425, 0, 330, 330), (425, 0, 660, 660)],
        ..of("cz", RING_1_4, &[(425, 0, 330, 330)], &[(425, 0, 165, 165)])
    },
    of("de", RING_1_4, &[(425, 0, 480, 480)], &[(425, 0, 240, 240)]),
    of("dk", RING_1_4, HALF, FIFTH),
    of("ee", RING_1_4, THIRD, FIFTH),
    of("es", &[(425, 0, 1_500, 3_000)], FIFTH, &[(425, 0, 200, 200), (425, 0, 200, 200), (425, 0, 200, 600)]),
    of("fi", RING_1_4, THIRD, FIFTH),
    Tones {
        country: "fr",
        dial: &steady(440, 0),
        ringback: &[(440, 0, 1_500, 3_500)],
        busy: &[(440, 0, 500, 500)],
        congestion: &[(440, 0, 250, 250)],
    },
    Tones {
        country: "gb",
        dial: &steady(350, 440),
        ringback: RING_BRITISH,
        busy: &[(400, 0, 375, 375)],
        congestion: &[(400, 0, 400, 350), (400, 0, 225, 525)],
    },
    Tones { dial: &[(425, 0, 200, 300), (425, 0, 700, 800)], ..of("gr", RING_1_4, THIRD, FIFTH) },
    north_american("hk", &[(440, 480, 400, 200), (440, 480, 400, 3_000)]),
    of("hr", RING_1_4, HALF, QUARTER),
    of("hu", &[(425, 0, 1_250, 3_750)], THIRD, THIRD),
    of("ie", RING_BRITISH, HALF, QUARTER),
    Tones {
        country: "il",
        dial: &steady(414, 0),
        ringback: &[(400, 0, 1_000, 3_000)],
        busy: &[(400, 0, 500, 500)],
        congestion: &[(400, 0, 250, 250)],
    },
    Tones {
        country: "in",
        dial: &steady(375, 425),
        ringback: &[(375, 425, 400, 200), (375, 425, 400, 2_000)],
        busy: &[(400, 0, 750, 750)],
        congestion: &[(400, 0, 250, 250)],
    },
    Tones { dial: &[(425, 0, 200, 200), (425, 0, 600, 1_000)], ..of("it", RING_1_4, HALF, FIFTH) },
    Tones {
        country: "jp",
        dial: &steady(400, 0),
        ringback: &[(384, 416, 1_000, 2_000)],
        busy: &[(400, 0, 500, 500)],
        congestion: &[(400, 0, 500, 500)],
    },
    north_american("kr", &[(440, 480, 1_000, 2_000)]),
    of("lt", RING_1_4, &[(425, 0, 350, 350)], FIFTH),
    of("lv", RING_1_4, THIRD, FIFTH),
    of("mx", RING_1_4, QUARTER, QUARTER),
    of("my", &[(425, 0, 400, 200), (425, 0, 400, 2_000)], HALF, HALF),
    of("nl", RING_1_4, HALF, QUARTER),
    of("no", RING_1_4, HALF, FIFTH),
    Tones {
        country: "nz",
        dial: &steady(400, 0),
        ringback: RING_BRITISH,
        busy: &[(400, 0, 500, 500)],
        congestion: &[(400, 0, 250, 250)],
    },
    Tones { country: "ph", dial: &steady(425, 0), ringback: &[(425, 480, 1_000, 4_000)], ..NORTH_AMERICA },
    of("pl", RING_1_4, HALF, HALF),
    of("pt", RING_1_5, HALF, FIFTH),
    of("ro", RING_1_4, HALF, HALF),
    of("ru", RING_1_4, &[(425, 0, 350, 350)], &[(425, 0, 175, 175)]),
    of("se", RING_1_5, QUARTER, &[(425, 0, 250, 750)]),
    of("sg", &[(401, 449, 400, 200), (401, 449, 400, 2_000)], &[(425, 0, 750, 750)], QUARTER),
    of("si", RING_1_4, HALF, FIFTH),
    of("sk", RING_1_4, HALF, QUARTER),
    Tones {
        country: "th",
        dial: &steady(350, 450),
        ringback: &[(420, 0, 1_000, 5_000)],
        busy: &[(400, 0, 500, 500)],
        congestion: &[(400, 0, 300, 300)],
    },
    Tones {
        country: "tr",
        dial: &steady(450, 0),
        ringback: &[(450, 0, 2_000, 4_000)],
        busy: &[(450, 0, 500, 500)],
        congestion: &[(450, 0, 200, 200), (450, 0, 200, 200), (450, 0, 200, 200), (450, 0, 600, 200)],
    },
    north_american("tw", &[(440, 480, 1_000, 2_000)]),
    NORTH_AMERICA,
    Tones {
        country: "za",
        dial: &steady(367, 433),
        ringback: &[(367, 433, 400, 200), (367, 433, 400, 2_000)],
        busy: &[(400, 0, 500, 500)],
        congestion: &[(400, 0, 250, 250)],
    },
];

/// The edges of a tone rise and fall over 2.5 ms, so that they do not click.
const RAMP_SAMPLES: u32 = 20;
/// The level of a tone of one frequency, and of each of two: −13 dB below full scale each, −10 together (E.180 §4.2
/// has −10 dBm0 for them).
const AMPLITUDE: f64 = 10_000.0;
const AMPLITUDE_OF_TWO: f64 = 7_000.0;
/// Samples a millisecond.
const A_MS: u32 = 8;
const FRAME_MS: u32 = crate::FRAME_MS;

impl Prompt {
    /// A sign of call progress as a country's network sends it (ISO 3166 code, in letters of any size), or as E.180
    /// recommends it where the country is not known. Whole cycles, to be repeated.
    pub fn tone(country: &str, kind: ToneKind) -> Prompt {
        let known = COUNTRIES.iter().find(|tones| tones.country.eq_ignore_ascii_case(country));
        let tones = known.unwrap_or(&RECOMMENDED);
        let beats = match kind {
            ToneKind::Dial => tones.dial,
            ToneKind::Ringback => tones.ringback,
            ToneKind::Busy => tones.busy,
            ToneKind::Congestion => tones.congestion,
            ToneKind::SpecialInformation => SPECIAL_INFORMATION,
        };
        let cycle_ms: u32 = beats.iter().map(|(.., on, off)| u32::from(*on) + u32::from(*off)).sum();
        let mut samples = Vec::new();
        // As many cycles as make whole frames.
        for _ in 0..FRAME_MS {
            beats.iter().for_each(|beat| sound(&mut samples, *beat));
            if (samples.len() as u32 / A_MS).is_multiple_of(FRAME_MS) || cycle_ms == 0 {
                break;
            }
        }
        Prompt::from_pcm_8k(samples)
    }
}

fn sound(samples: &mut Vec<i16>, (one, other, on_ms, off_ms): Beat) {
    let count = u32::from(on_ms) * A_MS;
    // What never pauses has no edges; its frequencies are whole, so that a second of it follows on itself.
    let steady = off_ms == 0 && on_ms == 1_000;
    let amplitude = if other == 0 { AMPLITUDE } else { AMPLITUDE_OF_TWO };
    for n in 0..count {
        let sine = |hertz: u16| (TAU * f64::from(hertz) * f64::from(n) / 8_000.0).sin();
        let edge = n.min(count - 1 - n).min(RAMP_SAMPLES);
        let envelope = if steady { 1.0 } else { f64::from(edge) / f64::from(RAMP_SAMPLES) };
        samples.push(((sine(one) + sine(other)) * amplitude * envelope) as i16);
    }
    samples.resize(samples.len() + usize::from(off_ms) * A_MS as usize, 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The amplitude of a frequency in a sound.
    fn level(sound: &[i16], hertz: u16) -> f64 {
        let (mut sine, mut cosine) = (0.0, 0.0);
        for (n, sample) in sound.iter().enumerate() {
            let phase = TAU * f64::from(hertz) * n as f64 / 8_000.0;
            sine += phase.sin() * f64::from(*sample);
            cosine += phase.cos() * f64::from(*sample);
        }
        2.0 * f64::hypot(sine, cosine) / sound.len() as f64
    }

    #[test]
    fn every_country_has_every_tone_in_whole_frames_that_repeat_without_a_click() {
        let countries: Vec<_> = COUNTRIES.iter().map(|tones| tones.country).collect();
        assert!(countries.len() >= 30 && countries.is_sorted(), "{}: {countries:?}", countries.len());
        for country in countries {
            for kind in ToneKind::ALL {
                let tone = Prompt::tone(country, kind);
                let samples = tone.pcm_8k();
                assert!(!samples.is_empty() && samples.len() <= 8_000 * 12, "{country} {kind:?}");
                assert!(level(&samples[..1_300], 425) + level(&samples[..1_300], 950) < 25_000.0);
                assert!(samples.iter().any(|sample| *sample > 7_000), "{country} {kind:?} is heard");
                // The steepest step is that of its highest frequency, over the seam too.
                let seam = samples
                    .windows(2)
                    .map(|w| (w[0], w[1]))
                    .chain([(samples[samples.len() - 1], samples[0])]);
                let steepest = seam.map(|(a, b)| (i32::from(a) - i32::from(b)).abs()).max();
                assert!(steepest < Some(13_500), "{country} {kind:?}: {steepest:?}");
                // Whole cycles: it does not end in a pause that was filled up.
                assert_eq!(samples.len() % 160, 0);
            }
        }
    }

    #[test]
    fn a_german_telephone_rings_at_425_hertz_one_second_of_five() {
        let ring = Prompt::tone("DE", ToneKind::Ringback);
        let samples = ring.pcm_8k();
        assert_eq!(samples.len(), 40_000);
        assert!((level(&samples[..8_000], 425) - 10_000.0).abs() < 200.0);
        assert!(samples[8_000..].iter().all(|sample| *sample == 0));
        let odd = Prompt::tone("cz", ToneKind::Congestion);
        assert_eq!(odd.pcm_8k().len(), 8 * 165 * 4, "two cycles make whole frames");
        let british = Prompt::tone("gb", ToneKind::Ringback);
        assert!(
            level(&british.pcm_8k()[..3_200], 400) > 6_500.0
                && level(&british.pcm_8k()[..3_200], 450) > 6_500.0
        );
    }

    #[test]
    fn an_unknown_country_hears_what_the_recommendation_prefers() {
        assert_eq!(Prompt::tone("xx", ToneKind::Busy), Prompt::tone("nl", ToneKind::Busy));
        assert_eq!(Prompt::tone("us", ToneKind::Ringback).frames(), 300);
        assert_eq!(
            Prompt::tone("us", ToneKind::SpecialInformation),
            Prompt::tone("fr", ToneKind::SpecialInformation)
        );
    }
}
