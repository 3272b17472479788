//! Sound by which a packet is known again on the other side, though it was decoded and encoded between.
//!
//! µ-law survives decoding and encoding byte for byte, so that a number can be written in soft samples. It stands in the
//! frame twice: what concealment has touched does not pass for a packet that was sent.

use frontdesk_audio::{SAMPLES_8K, g711};

/// One of the sixteen softest levels but the very softest carries four bits.
const SOFT: u8 = 0xE0;
const DIGITS: usize = 6;
const PLACES: [usize; 2] = [60, 130];
/// µ-law of nothing.
pub const SILENCE: u8 = 0xFF;

/// What a payload carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Which of the streams.
    pub stream: u8,
    /// Its packets in order.
    pub number: u16,
}

impl Stamp {
    /// 20 ms with the stamp in it. People pause when they talk, and a jitter buffer shortens pauses: of each 2 s of a
    /// stream the last 0.8 s are quiet.
    pub fn payload(self, spoken: &[u8; SAMPLES_8K]) -> [u8; SAMPLES_8K] {
        let quiet = self.number % 100 >= 60;
        let mut payload = if quiet { [SILENCE; SAMPLES_8K] } else { *spoken };
        let code = u32::from(self.stream) << 16 | u32::from(self.number);
        for place in PLACES {
            for digit in 0..DIGITS {
                payload[place + digit] = SOFT | (code >> (4 * digit) & 0xF) as u8;
            }
        }
        payload
    }

    /// The stamp of a payload that came; none when it is silence or was made up.
    pub fn read(payload: &[u8]) -> Option<Stamp> {
        let code_at = |place: usize| {
            let digits = payload.get(place..place + DIGITS)?;
            digits.iter().rev().try_fold(0_u32, |code, byte| {
                (byte & 0xF0 == SOFT).then_some(code << 4 | u32::from(byte & 0xF))
            })
        };
        let code = code_at(PLACES[0])?;
        (code_at(PLACES[1])? == code).then_some(Stamp { stream: (code >> 16) as u8, number: code as u16 })
    }
}

/// 20 ms of a tone as loud as speech.
pub fn spoken() -> [u8; SAMPLES_8K] {
    let samples: [i16; SAMPLES_8K] = std::array::from_fn(|at| ((at as f32 * 0.35).sin() * 6_000.0) as i16);
    let mut payload = [0; SAMPLES_8K];
    g711::encode_ulaw(&samples, &mut payload);
    payload
}

/// That the desk's codec leaves the stamp as it is: asked before anything is measured.
pub fn survives_the_codec() -> bool {
    let spoken = spoken();
    (0..=u16::MAX).step_by(7).all(|number| {
        let stamp = Stamp { stream: number as u8, number };
        let (mut samples, mut encoded) = ([0; SAMPLES_8K], [0; SAMPLES_8K]);
        g711::decode_ulaw(&stamp.payload(&spoken), &mut samples);
        g711::encode_ulaw(&samples, &mut encoded);
        Stamp::read(&encoded) == Some(stamp)
    })
}
