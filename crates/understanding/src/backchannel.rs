//! Sounds of somebody who listens: they say "go on" and nothing else.

use crate::utterance::spellings;

/// Spelled as after folding. Whisper writes them with and without a hyphen, which parts words.
const LISTENING_SOUNDS: &[&str] = &[
    "aeh", "aehm", "ah", "aha", "eh", "er", "erm", "hm", "hmm", "huh", "mhm", "mm", "mmhm", "mmhmm", "mmm",
    "ok", "okay", "right", "uh", "uhhuh", "uhm", "um",
];

/// Whether there is no word in it, or none but the sounds of a listener: "mhm", "uh-huh", "okay". Asked after
/// [`choose`](crate::choose) found no answer in it: "okay" may be one.
pub fn is_backchannel(text: &str) -> bool {
    spellings(text).iter().all(|word| LISTENING_SOUNDS.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_only_listens_is_told_from_who_answers() {
        for text in ["", " … ", "mhm", "Mm-hmm.", "Uh-huh", "okay, okay", "ähm"] {
            assert!(is_backchannel(text), "{text}");
        }
        for text in ["sales", "uh sales", "no", "yes", "what", "okay sales please"] {
            assert!(!is_backchannel(text), "{text}");
        }
    }
}
