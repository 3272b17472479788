//! Louder or softer, without a click.

/// A volume that glides over one frame when it is changed, since a step in the volume is heard as a click.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gain {
    now: f32,
    target: f32,
}

/// The loudest gain: +30 dB; more only makes noise of noise.
const MAX_GAIN: f32 = 31.622_776;

impl Gain {
    /// A gain of so many decibels, held within silence and +30 dB. Not a number counts as 0 dB.
    pub fn from_db(db: f32) -> Self {
        let factor = factor_of(db);
        Gain { now: factor, target: factor }
    }

    /// Leaves everything as it is.
    pub const fn unity() -> Self {
        Gain { now: 1.0, target: 1.0 }
    }

    /// Changes to so many decibels; the next frame glides there.
    pub fn set_db(&mut self, db: f32) {
        self.target = factor_of(db);
    }

    /// Changes to silence; the next frame fades out.
    pub fn mute(&mut self) {
        self.target = 0.0;
    }

    /// Applies the gain; what is too loud is clipped.
    pub fn apply(&mut self, frame: &mut [i16]) {
        if self.now == 1.0 && self.target == 1.0 {
            return;
        }
        let step = (self.target - self.now) / frame.len().max(1) as f32;
        let mut factor = self.now;
        for sample in frame.iter_mut() {
            factor += step;
            // `as` saturates.
            *sample = (f32::from(*sample) * factor) as i16;
        }
        self.now = self.target;
    }
}

impl Default for Gain {
    fn default() -> Self {
        Gain::unity()
    }
}

fn factor_of(db: f32) -> f32 {
    if db.is_nan() { 1.0 } else { 10f32.powf(db / 20.0).min(MAX_GAIN) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_glides_over_one_frame_and_then_holds() {
        let mut gain = Gain::unity();
        gain.set_db(-6.0206);
        let mut frame = [10_000i16; 160];
        gain.apply(&mut frame);
        assert!(frame[0] > 9_900 && frame[159] > 4_990 && frame[159] < 5_010);
        assert!(frame.windows(2).all(|pair| (pair[0] - pair[1]).abs() < 60));
        let mut next = [10_000i16; 160];
        gain.apply(&mut next);
        assert!(next.iter().all(|s| (4_990..=5_010).contains(s)));
        gain.mute();
        gain.apply(&mut next);
        assert_eq!(next[159], 0);
    }

    #[test]
    fn loud_is_clipped_and_never_wraps() {
        let mut frame = [20_000i16, -20_000, 1];
        Gain::from_db(300.0).apply(&mut frame);
        assert_eq!(frame, [i16::MAX, i16::MIN, 31]);
        let mut frame = [5i16; 3];
        Gain::from_db(f32::NAN).apply(&mut frame);
        assert_eq!(frame, [5; 3]);
    }
}
