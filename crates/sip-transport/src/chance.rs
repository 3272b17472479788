//! Chance from the system.

/// A number from `least` to `most`, every one as likely. Without chance, the middle.
pub(crate) fn between(least: f64, most: f64) -> f64 {
    let mut bytes = [0; 4];
    let part = match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    };
    least + (most - least) * part
}
