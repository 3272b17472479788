//! More or less of a sound without a click: a pitch period is left out, or heard once more.

use super::queue::SampleQueue;
use frontdesk_audio::SampleRate;

/// Periods that are looked for, in samples at 8 kHz: 2.5 to 15 ms. A voice is found by its period or a multiple of it.
const SHORTEST: usize = 20;
/// The longest of them.
pub const LONGEST: usize = 120;
/// What goes over into each other, and what is compared to find a period: 5 ms, in samples at 8 kHz.
const OVERLAP: usize = 40;
/// Two sounds that resemble each other less are not joined in loud sound.
const LIKENESS: f32 = 0.6;
/// A mean magnitude below this (−47 dBov): whatever is done there, nobody hears it.
const QUIET_MAGNITUDE: u32 = 150;

/// How much of an intrusion is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// Only where nobody hears it.
    WhereQuiet,
    /// Also where a period is found.
    WherePeriodic,
    /// Wherever it resembles itself most: it lasts too long already.
    Anywhere,
}

/// Leaves out up to `most` samples from the front of the queue; how many.
pub fn shorten(queue: &mut SampleQueue, rate: SampleRate, most: usize, care: Care) -> usize {
    let factor = factor(rate);
    let Some(lags) = lags(queue, factor, SHORTEST * factor, most) else { return 0 };
    let Some(lag) = place(queue.samples(), factor, lags, lags.1, care) else { return 0 };
    queue.leave_out(lag, OVERLAP * factor);
    lag
}

/// Repeats at least `least` samples at the front of the queue, if there is a period as long; how many.
pub fn lengthen(queue: &mut SampleQueue, rate: SampleRate, least: usize, care: Care) -> usize {
    let factor = factor(rate);
    let least = least.clamp(SHORTEST * factor, LONGEST * factor / 2);
    let Some(lags) = lags(queue, factor, least, LONGEST * factor) else { return 0 };
    match place(queue.samples(), factor, lags, lags.0, care) {
        Some(lag) if queue.repeat(lag, OVERLAP * factor) => lag,
        _ => 0,
    }
}

/// Samples of a rate for each at 8 kHz.
fn factor(rate: SampleRate) -> usize {
    match rate {
        SampleRate::Narrow => 1,
        SampleRate::Wide => 2,
    }
}

/// The shortest and the longest lag that may be taken of what waits, if there is any.
fn lags(queue: &SampleQueue, factor: usize, least: usize, most: usize) -> Option<(usize, usize)> {
    let longest = (LONGEST * factor).min(most).min(queue.len().saturating_sub(OVERLAP * factor));
    (longest >= least).then_some((least, longest))
}

/// The lag at which the sound may be joined with itself; in quiet sound it is `in_quiet`.
fn place(sound: &[i16], factor: usize, lags: (usize, usize), in_quiet: usize, care: Care) -> Option<usize> {
    let looked_at = sound.get(..lags.1 + OVERLAP * factor)?;
    let sum: u32 = looked_at.iter().map(|sample| u32::from(sample.unsigned_abs())).sum();
    if sum < QUIET_MAGNITUDE * looked_at.len() as u32 {
        return Some(in_quiet);
    }
    if care == Care::WhereQuiet {
        return None;
    }
    let (likeness, lag) = most_alike(looked_at, factor, lags);
    (care == Care::Anywhere || likeness >= LIKENESS).then_some(lag)
}

/// How alike the beginning and what follows a lag later are, at the best lag.
fn most_alike(sound: &[i16], factor: usize, (least, longest): (usize, usize)) -> (f32, usize) {
    // Every second sample at 8 kHz, every fourth at 16 kHz: what is compared are periods, not timbre.
    let step = 2 * factor;
    let front = || sound.iter().take(OVERLAP * factor).step_by(step).map(|sample| i64::from(*sample));
    let energy: i64 = front().map(|sample| sample * sample).sum();
    let mut best = (f32::MIN, longest);
    for lag in (least..=longest).step_by(factor) {
        let (mut product, mut later) = (0i64, 0i64);
        let shifted = sound.iter().skip(lag).step_by(step).map(|sample| i64::from(*sample));
        for (one, other) in front().zip(shifted) {
            product += one * other;
            later += other * other;
        }
        let likeness = product as f32 / ((energy as f32) * (later as f32)).sqrt().max(1.0);
        if likeness > best.0 {
            best = (likeness, lag);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue_of(sound: impl Fn(f32) -> f32, count: usize) -> SampleQueue {
        let mut queue = SampleQueue::new();
        for (n, sample) in queue.room(count).iter_mut().enumerate() {
            *sample = sound(n as f32) as i16;
        }
        queue.push(count);
        queue
    }

    fn steepest(samples: &[i16]) -> u16 {
        samples.windows(2).map(|pair| pair[1].abs_diff(pair[0])).max().unwrap()
    }

    #[test]
    fn a_voice_is_cut_by_its_period_and_stays_as_smooth_as_it_was() {
        for (rate, factor) in [(SampleRate::Narrow, 1.0), (SampleRate::Wide, 2.0)] {
            let period = 57.0 * factor;
            let voice = move |n: f32| {
                let angle = n * std::f32::consts::TAU / period;
                6_000.0 * angle.sin() + 2_500.0 * (3.0 * angle).sin()
            };
            let count = (320.0 * factor) as usize;
            let mut queue = queue_of(voice, count);
            let before = steepest(queue.samples());
            let most = (110.0 * factor) as usize;
            assert_eq!(shorten(&mut queue, rate, most, Care::WherePeriodic), period as usize);
            assert!(steepest(queue.samples()) <= before + before / 20);
            let more = lengthen(&mut queue, rate, 50, Care::WherePeriodic);
            assert_eq!((more % period as usize, queue.len()), (0, count - period as usize + more));
            assert!(steepest(queue.samples()) <= before + before / 20);
        }
    }

    #[test]
    fn noise_is_touched_only_when_it_must_be_and_quiet_always() {
        let noise = |n: f32| (n * 7_919.0 * n).sin() * 9_000.0;
        let mut queue = queue_of(noise, 320);
        assert_eq!(shorten(&mut queue, SampleRate::Narrow, 120, Care::WherePeriodic), 0);
        assert!(shorten(&mut queue, SampleRate::Narrow, 120, Care::Anywhere) >= SHORTEST);
        let mut queue = queue_of(|n| noise(n) / 100.0, 320);
        assert_eq!(shorten(&mut queue, SampleRate::Narrow, 100, Care::WhereQuiet), 100);
        assert_eq!(shorten(&mut queue, SampleRate::Narrow, 19, Care::Anywhere), 0, "less than any period");
        assert_eq!(lengthen(&mut queue, SampleRate::Narrow, 30, Care::WhereQuiet), 30);
    }
}
