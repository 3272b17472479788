//! G.711: 8 bits a sample, µ-law (North America, Japan) and A-law (elsewhere). ITU-T G.711 (11/88).
//!
//! Samples are 16 bit; the 14 bits of the µ-law tables and the 13 bits of the A-law tables stand in their
//! upper part, as in the ITU's software tools (G.191). Decoding reads a table; encoding is arithmetic without
//! branches, so that its time does not depend on the sound.

/// The µ-law code of silence.
pub const ULAW_SILENCE: u8 = 0xff;
/// The A-law code of silence.
pub const ALAW_SILENCE: u8 = 0xd5;

/// µ-law's bias: segments begin at powers of two after it was added (G.711 Table 2a, 33 at 14 bits).
const ULAW_BIAS: u16 = 33 << 2;
/// The largest magnitude that does not leave the last segment (8,158 at 14 bits).
const ULAW_CLIP: u16 = 0x7fff - ULAW_BIAS;

static ULAW_DECODED: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = ulaw_value(code as u8);
        code += 1;
    }
    table
};

static ALAW_DECODED: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = alaw_value(code as u8);
        code += 1;
    }
    table
};

const fn ulaw_value(code: u8) -> i16 {
    let bits = !code;
    let segment = (bits >> 4) & 7;
    let step = (bits & 0x0f) as i16;
    let magnitude = (((step << 3) + ULAW_BIAS as i16) << segment) - ULAW_BIAS as i16;
    if bits & 0x80 == 0 { magnitude } else { -magnitude }
}

const fn alaw_value(code: u8) -> i16 {
    // Even bits are inverted on the line (G.711 §3.1 note 2).
    let bits = code ^ 0x55;
    let segment = (bits >> 4) & 7;
    let step = (bits & 0x0f) as i16;
    // The middle of the interval; the first two segments have the same step.
    let magnitude = if segment == 0 { (step << 4) + 8 } else { ((step << 4) + 0x108) << (segment - 1) };
    if bits & 0x80 == 0 { -magnitude } else { magnitude }
}

/// The magnitude of a sample with negatives by one's complement, as in G.191: −1 lies where 0 lies.
#[inline(always)]
const fn magnitude(sample: i16) -> u16 {
    (sample ^ (sample >> 15)) as u16
}

/// Segment and step of a magnitude of at least 128 in seven bits: the exponent and the four bits after the
/// leading one are the upper bits of a float, which the processor makes of several samples at once.
#[inline(always)]
const fn segment_and_step(magnitude: u16) -> u8 {
    ((magnitude as f32).to_bits() >> 19).wrapping_sub((127 + 7) << 4) as u8
}

/// The µ-law code of one sample.
#[inline(always)]
pub const fn ulaw_of(sample: i16) -> u8 {
    let clipped = magnitude(sample);
    let clipped = if clipped < ULAW_CLIP { clipped } else { ULAW_CLIP };
    let sign = (sample >> 8) as u8 & 0x80;
    !(sign | segment_and_step(clipped + ULAW_BIAS))
}

/// The A-law code of one sample.
#[inline(always)]
pub const fn alaw_of(sample: i16) -> u8 {
    let magnitude = magnitude(sample);
    // Segments 0 and 1 have the same step.
    let code = if magnitude < 256 { (magnitude >> 4) as u8 } else { segment_and_step(magnitude) };
    let sign = !((sample >> 8) as u8) & 0x80;
    (sign | code) ^ 0x55
}

/// The sample that a µ-law code stands for.
#[inline(always)]
pub fn ulaw_sample(code: u8) -> i16 {
    ULAW_DECODED[usize::from(code)]
}

/// The sample that an A-law code stands for.
#[inline(always)]
pub fn alaw_sample(code: u8) -> i16 {
    ALAW_DECODED[usize::from(code)]
}

/// Encodes as many samples as both slices hold.
pub fn encode_ulaw(samples: &[i16], payload: &mut [u8]) {
    for (code, sample) in payload.iter_mut().zip(samples) {
        *code = ulaw_of(*sample);
    }
}

/// Encodes as many samples as both slices hold.
pub fn encode_alaw(samples: &[i16], payload: &mut [u8]) {
    for (code, sample) in payload.iter_mut().zip(samples) {
        *code = alaw_of(*sample);
    }
}

/// Decodes as many codes as both slices hold.
pub fn decode_ulaw(payload: &[u8], samples: &mut [i16]) {
    for (sample, code) in samples.iter_mut().zip(payload) {
        *sample = ulaw_sample(*code);
    }
}

/// Decodes as many codes as both slices hold.
pub fn decode_alaw(payload: &[u8], samples: &mut [i16]) {
    for (sample, code) in samples.iter_mut().zip(payload) {
        *sample = alaw_sample(*code);
    }
}

#[cfg(test)]
mod tests;
