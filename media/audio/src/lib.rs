//! What 20 ms of sound is, how payload becomes samples and back, and what may be found in them.
//!
//! The way of a frame: a payload is decoded by a [`Decoder`] into samples, of which 20 ms are an [`AudioFrame`]; where
//! the payload is missing, [`Conceal`] makes the frame up, and where a silence is not sent, [`ComfortNoise`] does. [`ActivityDetector`] says how loud it is and whether somebody
//! speaks, [`ToneDetector`] whether a key sounds in it. An [`Encoder`] turns frames into payload again, those of a
//! [`ToneGenerator`] too. A [`Prompt`] is sound that stands ready in every form.
//!
//! On the other side of the clock, where memory may be taken: [`to_rate`] changes the rate of a whole sound,
//! [`wav`] reads and writes files' bytes.
//!
//! It never does I/O, never asks for the time, knows no network and no call. What is used on the 20 ms tick
//! ([`Decoder`], [`Encoder`], [`Conceal`], [`ActivityDetector`], [`ToneGenerator`], [`ToneDetector`], [`Prompt::frame`]) takes no
//! memory after it was made.

mod codec;
mod dsp;
mod frame;
mod prompt;
mod tick;
mod tones_by_country;
pub mod wav;

pub use codec::comfort_noise::ComfortNoise;
pub use codec::conceal::Conceal;
pub use codec::decoder::Decoder;
pub use codec::encoder::Encoder;
pub use codec::g711;
pub use codec::g722::{G722Decoder, G722Encoder};
pub use codec::opus::{
    OPUS_MAX_SAMPLES, OpusDecoder, OpusEncoder, OpusWishes, opus_carries_copy, opus_packet_duration,
};
pub use dsp::activity::{Activity, ActivityDetector, level_dbov};
pub use dsp::rate::RateFit;
pub use dsp::resample::{MAX_RATE_HZ, MIN_RATE_HZ, to_rate};
pub use dsp::tone_detect::ToneDetector;
pub use dsp::tone_make::{Cadence, ToneGenerator};
pub use frame::{AudioFrame, LentFrame, SAMPLES_16K, SampleRate};
pub use prompt::{Prompt, PromptFrame};
pub use tick::{FRAME_MS, MediaTick, SAMPLES_8K};
pub use tones_by_country::ToneKind;
