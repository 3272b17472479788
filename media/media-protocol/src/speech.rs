//! What the ears get, and what they report.

use crate::ListeningId;
use frontdesk_identifiers::{LegId, Moment};

/// 20 ms of what a party says, on its way from the tick to the ears.
#[derive(Clone, Copy)]
pub struct SpeechFrame {
    /// 8 kHz mono.
    pub samples: [i16; SpeechFrame::SAMPLES],
    /// Position of the first sample since the port was opened, at 8 kHz.
    pub position: u64,
    /// When the packet that this frame was decoded from came in; the tick's time for a concealed frame.
    pub arrived: Moment,
    /// Level in dB below full scale: 0 is loudest, 127 is digital silence (RFC 6464 §3).
    pub level_dbov: u8,
    /// Whether the tick's activity detector takes it for voice.
    pub active: bool,
    /// The loudest frame that a playback sent to the party within [`ECHO_FRAMES`](Self::ECHO_FRAMES), like
    /// `level_dbov`; 127 when none did. What comes back much softer may be its echo.
    pub played_dbov: u8,
    /// Whether it was made up because the packet is missing.
    pub concealed: bool,
}

impl SpeechFrame {
    /// Samples a frame: 20 ms at 8 kHz.
    pub const SAMPLES: usize = 160;
    /// How long an echo may be under way, in frames: 400 ms, which is a mobile telephone's way there and back, with
    /// both jitter buffers.
    pub const ECHO_FRAMES: usize = 20;
    /// Frames in the ring between tick and ears: 15 s. When it is full the tick drops the frame and
    /// reports [`HearingOverrun`](crate::MediaEvent::HearingOverrun).
    pub const RING_CAPACITY_FRAMES: usize = 750;
}

/// Sound of a party is not for the log: its place and level are shown.
impl std::fmt::Debug for SpeechFrame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SpeechFrame")
            .field("position", &self.position)
            .field("arrived", &self.arrived)
            .field("level_dbov", &self.level_dbov)
            .field("active", &self.active)
            .field("played_dbov", &self.played_dbov)
            .field("concealed", &self.concealed)
            .finish_non_exhaustive()
    }
}

/// One fact from the ears.
#[derive(Debug, Clone, PartialEq)]
pub struct SpeechEvent {
    /// The leg that was listened to.
    pub leg: LegId,
    /// Which listening.
    pub listening: ListeningId,
    /// What happened.
    pub outcome: SpeechOutcome,
}

/// What the ears noticed.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum SpeechOutcome {
    /// The party began to speak.
    Started {
        /// When its first voiced packet came.
        at: Moment,
    },
    /// The party's turn is over, and these are its words; empty when nothing could be recognised in it.
    Heard {
        /// The words, lower case, without punctuation.
        text: String,
        /// Mean log probability of the tokens: 0 is certain, below −0.35 is doubtful.
        mean_log_probability: f32,
        /// When what happened.
        times: TurnTimes,
    },
    /// The ears are broken: no model, or the worker died.
    Failed {
        /// Why.
        fault: SpeechFault,
    },
}

/// Words that a caller said are not for the log: only their length is shown.
impl std::fmt::Debug for SpeechOutcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            SpeechOutcome::Started { at } => f.debug_struct("Started").field("at", at).finish(),
            SpeechOutcome::Heard { text, mean_log_probability, times } => f
                .debug_struct("Heard")
                .field("characters", &text.chars().count())
                .field("mean_log_probability", mean_log_probability)
                .field("times", times)
                .finish(),
            SpeechOutcome::Failed { fault } => f.debug_struct("Failed").field("fault", fault).finish(),
        }
    }
}

/// When the stages of hearing one turn happened: the ears' part of the response-time waterfall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TurnTimes {
    /// The first voiced packet came in.
    pub first_voice: Moment,
    /// The last voiced packet came in: from here the caller waits.
    pub last_voice: Moment,
    /// The silence after it was long enough to end the turn.
    pub turn_ended: Moment,
    /// The words were there.
    pub recognised: Moment,
    /// Position of the first voiced sample since the port was opened, at 8 kHz.
    pub heard_from: u64,
    /// Position after the last voiced sample.
    pub heard_to: u64,
}

/// Why the ears cannot hear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpeechFault {
    /// No engine is loaded.
    NoEngine,
    /// The engine failed on this utterance.
    EngineFailed,
    /// The ears are asked for more at once than they can do.
    Overloaded,
}
