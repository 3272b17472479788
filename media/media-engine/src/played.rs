//! How loud a leg's playbacks were of late: so long their echo may be under way.

use frontdesk_media_protocol::SpeechFrame;

/// What the level of a tick without a playback is.
const NOTHING_DBOV: u8 = 127;

/// The levels of the last ticks, in dB below full scale.
pub(crate) struct PlayedLevels {
    levels: [u8; SpeechFrame::ECHO_FRAMES],
    now: usize,
}

impl PlayedLevels {
    pub(crate) fn new() -> Self {
        PlayedLevels { levels: [NOTHING_DBOV; SpeechFrame::ECHO_FRAMES], now: 0 }
    }

    /// The next tick, in which nothing is played yet.
    pub(crate) fn tick(&mut self) {
        self.now = (self.now + 1) % SpeechFrame::ECHO_FRAMES;
        self.note(NOTHING_DBOV);
    }

    /// A playback has this level in this tick.
    pub(crate) fn note(&mut self, level_dbov: u8) {
        if let Some(place) = self.levels.get_mut(self.now) {
            *place = level_dbov;
        }
    }

    /// The loudest of them.
    pub(crate) fn loudest_dbov(&self) -> u8 {
        self.levels.iter().copied().min().unwrap_or(NOTHING_DBOV)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loud_frame_counts_for_as_long_as_its_echo_may_take() {
        let mut played = PlayedLevels::new();
        assert_eq!(played.loudest_dbov(), 127);
        played.tick();
        played.note(15);
        for _ in 1..SpeechFrame::ECHO_FRAMES {
            played.tick();
            played.note(40);
            assert_eq!(played.loudest_dbov(), 15);
        }
        played.tick();
        assert_eq!(played.loudest_dbov(), 40);
    }
}
