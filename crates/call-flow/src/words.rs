//! What a run is told, and what it wants: intentions, which a voice leg speaks and a chat writes.

use frontdesk_identifiers::{Locale, TelephoneNumber};
use std::sync::Arc;
use std::time::Duration;

/// One thing that happened to the conversation. `Debug` masks what the party said and pressed.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum FlowEvent {
    /// The conversation stands: the call is answered.
    Began,
    /// What the run wanted said was said to its end, or was stopped, or could not be said.
    SayEnded {
        /// Which.
        say: SayId,
        /// Whether the party got all of it.
        completed: bool,
    },
    /// The party began to speak.
    PartySpeaks,
    /// The party's turn is over, and these are its words; empty if nothing could be recognised.
    Heard {
        /// Lower case, no punctuation.
        text: String,
        /// 0 is certain, below −0.35 is doubtful.
        mean_log_probability: f32,
    },
    /// The party pressed a key.
    Key(char),
    /// The ears do not work.
    EarsFailed,
    /// The other telephone answered; the party talks to a person now.
    TransferAnswered,
    /// The transfer is over: it failed, or the two have finished talking.
    TransferEnded(TransferOutcome),
    /// The party is gone.
    PartyLeft,
    /// Nothing but time: what is due by [`FlowRun::deadline`](crate::FlowRun::deadline) happens.
    Tick,
}

/// What a party said or typed is not for the log: only how much it was is shown.
impl std::fmt::Debug for FlowEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            FlowEvent::Began => f.write_str("Began"),
            FlowEvent::Tick => f.write_str("Tick"),
            FlowEvent::SayEnded { say, completed } => {
                f.debug_struct("SayEnded").field("say", say).field("completed", completed).finish()
            }
            FlowEvent::PartySpeaks => f.write_str("PartySpeaks"),
            FlowEvent::Heard { text, mean_log_probability } => f
                .debug_struct("Heard")
                .field("characters", &text.chars().count())
                .field("mean_log_probability", mean_log_probability)
                .finish(),
            FlowEvent::Key(_) => f.write_str("Key"),
            FlowEvent::EarsFailed => f.write_str("EarsFailed"),
            FlowEvent::TransferAnswered => f.write_str("TransferAnswered"),
            FlowEvent::TransferEnded(outcome) => f.debug_tuple("TransferEnded").field(outcome).finish(),
            FlowEvent::PartyLeft => f.write_str("PartyLeft"),
        }
    }
}

/// One wanted saying of one run; counted up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct SayId(pub u32);

/// What became of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferOutcome {
    /// They talked, and the called person hung up.
    Completed,
    /// The telephone is busy (486, 600).
    Busy,
    /// It rang as long as the flow allows, and nobody answered (or 408, 480 after ringing).
    NoAnswer,
    /// The person declined (603).
    Declined,
    /// No telephone is registered, or it cannot be reached or spoken with.
    Unreachable,
}

/// One thing that the run wants. `Debug` masks what is to be said: it may name the party.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum FlowAction {
    /// Say this. Answered by [`FlowEvent::SayEnded`].
    Say {
        /// Its name.
        say: SayId,
        /// The words.
        text: Arc<str>,
        /// Their language.
        locale: Locale,
    },
    /// Stop saying it.
    StopSaying {
        /// Which.
        say: SayId,
    },
    /// Listen to what the party says until told otherwise.
    Listen {
        /// The language that is expected.
        locale: Locale,
    },
    /// Stop listening.
    StopListening,
    /// Put the party through. Answered by [`FlowEvent::TransferAnswered`] or [`FlowEvent::TransferEnded`].
    Transfer {
        /// To whom.
        target: TransferTarget,
        /// How long it may ring.
        ring: Duration,
    },
    /// The conversation is over.
    End {
        /// Why.
        end: FlowEnd,
    },
    /// Something for the record, the console and the tests.
    Trace(Trace),
}

impl std::fmt::Debug for FlowAction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            FlowAction::Say { say, text, locale } => f
                .debug_struct("Say")
                .field("say", say)
                .field("characters", &text.chars().count())
                .field("locale", locale)
                .finish(),
            FlowAction::StopSaying { say } => f.debug_struct("StopSaying").field("say", say).finish(),
            FlowAction::Listen { locale } => f.debug_struct("Listen").field("locale", locale).finish(),
            FlowAction::StopListening => f.write_str("StopListening"),
            FlowAction::Transfer { target, ring } => {
                f.debug_struct("Transfer").field("target", target).field("ring", ring).finish()
            }
            FlowAction::End { end } => f.debug_struct("End").field("end", end).finish(),
            FlowAction::Trace(trace) => f.debug_tuple("Trace").field(trace).finish(),
        }
    }
}

/// To whom a party is put through.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TransferTarget {
    /// A telephone of the same tenant, by its number: `phone:1001`.
    Phone(TelephoneNumber),
    /// A number of the telephone network in E.164, reached over the tenant's trunks: `number:+4930123456`.
    Number(TelephoneNumber),
    /// A room of the tenant, where all who are put through to it hear each other: `room:monday`. It is answered at once, and
    /// unreachable when it is full.
    Room(RoomName),
}

/// A room's name within its tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct RoomName(String);

impl RoomName {
    /// The longest name, in letters.
    pub const LONGEST: usize = 32;

    fn read(text: &str) -> Result<RoomName, TargetFault> {
        let fits =
            |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_".contains(letter);
        if text.is_empty() || text.len() > Self::LONGEST || !text.chars().all(fits) {
            return Err(TargetFault::RoomName);
        }
        Ok(RoomName(text.to_owned()))
    }
}

impl std::fmt::Display for RoomName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl TransferTarget {
    /// Reads `phone:1001`, `number:+4930123456` or `room:monday`.
    pub(crate) fn read(text: &str) -> Result<TransferTarget, TargetFault> {
        let (scheme, number) = text.split_once(':').ok_or(TargetFault::NoKind)?;
        match scheme {
            "phone" => Ok(TransferTarget::Phone(TelephoneNumber::new(number)?)),
            "number" => match TelephoneNumber::new(number)? {
                number if number.is_e164() => Ok(TransferTarget::Number(number)),
                _ => Err(TargetFault::NotInternational),
            },
            "room" => Ok(TransferTarget::Room(RoomName::read(number)?)),
            _ => Err(TargetFault::UnknownKind(scheme.to_owned())),
        }
    }
}

/// As a flow writes it.
impl std::fmt::Display for TransferTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TransferTarget::Phone(number) => write!(f, "phone:{number}"),
            TransferTarget::Number(number) => write!(f, "number:{number}"),
            TransferTarget::Room(name) => write!(f, "room:{name}"),
        }
    }
}

/// Why a text names no target. The author's to mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum TargetFault {
    #[error("it does not say what kind of target it is")]
    NoKind,
    #[error("`{0}:` is no kind of target")]
    UnknownKind(String),
    #[error(transparent)]
    Number(#[from] frontdesk_identifiers::NameError),
    #[error("a number of the telephone network stands in international form, with `+` and the country first")]
    NotInternational,
    #[error("a room's name is of small letters, digits, `-` and `_`, at most 32 of them")]
    RoomName,
}

/// Why a run is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FlowEnd {
    /// The flow says so.
    HungUp,
    /// The party was put through and the talk is over.
    Transferred,
    /// The party left.
    PartyLeft,
    /// The flow went round in circles without the party doing anything, and was stopped.
    Exhausted,
}

/// What the run did, for people.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Trace {
    /// A step began.
    Entered {
        /// Its name.
        step: String,
    },
    /// An answer was understood.
    Understood {
        /// The answer's name in the flow.
        answer: String,
        /// Whether by key rather than by voice.
        by_key: bool,
        /// How well the words fit, 0 to 1; 1 for a key.
        score: f32,
    },
    /// What was said or pressed is none of the answers.
    NotUnderstood,
    /// Nothing was said or pressed in time.
    NoInput,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_read_as_it_is_written() {
        for text in ["phone:1001", "number:+4930123456", "room:monday-2"] {
            assert_eq!(TransferTarget::read(text).expect(text).to_string(), text);
        }
        for text in ["room:", "room:Monday", "room:a b", "room:../x", "hall:monday", "monday"] {
            assert!(TransferTarget::read(text).is_err(), "{text}");
        }
        assert!(TransferTarget::read(&format!("room:{}", "a".repeat(33))).is_err());
    }
}
