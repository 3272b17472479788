//! What a robot does, and when.

use frontdesk_sip_message::Uri;
use std::time::Duration;

/// What a robot does in a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Says this.
    Say(&'static str),
    /// Presses this key.
    Press(char),
    /// Tells this key by INFO, whether or not it can tell keys otherwise.
    Inform(char),
    /// Hangs up; before the answer it gives up.
    HangUp,
    /// Puts the other side on hold: re-INVITE with `sendonly`.
    Hold,
    /// Wants no sound at all: re-INVITE with `inactive`.
    Freeze,
    /// Takes the other side back: re-INVITE with `sendrecv`.
    Resume,
    /// Lets the other side offer: a re-INVITE without a description.
    AskForOffer,
    /// Puts the other side on hold as old telephones do: sound is to go to 0.0.0.0.
    HoldByNull,
    /// Has the other side put through to this number: REFER.
    Refer(&'static str),
    /// Has the other side talk with the other side of its own other call: REFER with Replaces.
    Join,
}

/// From when a deed's time is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cue {
    /// The call was placed, or came in.
    Began,
    /// The call was answered.
    Answered,
    /// The desk began to listen to the robot for the how-manieth time, from 1.
    Asked(u32),
}

/// What is done so long after what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// After what.
    pub cue: Cue,
    /// How long after it.
    pub after: Duration,
    /// What.
    pub deed: Deed,
}

/// `deed`, so many milliseconds after the call began.
pub fn at(millis: u64, deed: Deed) -> Act {
    Act { cue: Cue::Began, after: Duration::from_millis(millis), deed }
}

/// `deed`, so many milliseconds after the answer.
pub fn answered(millis: u64, deed: Deed) -> Act {
    Act { cue: Cue::Answered, after: Duration::from_millis(millis), deed }
}

/// `deed`, half a second after the desk began to listen for the `turn`th time.
pub fn asked(turn: u32, deed: Deed) -> Act {
    Act { cue: Cue::Asked(turn), after: Duration::from_millis(500), deed }
}

/// What a robot does when it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhenCalled {
    /// Rings so long, answers, and does these things.
    Answer {
        /// How long it rings.
        after: Duration,
        /// What it does then.
        acts: Vec<Act>,
    },
    /// Refuses at once with this status.
    Refuse(u16),
    /// Refuses at once, and says why or when it may be tried again.
    RefuseSaying {
        /// With which status.
        status: u16,
        /// When it may be tried again.
        retry_after: Option<Duration>,
        /// What `Reason` says.
        reason: Option<&'static str>,
    },
    /// Refuses at once with this status, and names this Contact to call instead.
    Redirect(u16, &'static str),
    /// Tells of progress with sound of its own (183), answers so long after, and does these things.
    AnswerAfterSound {
        /// How long only its sound is there.
        after: Duration,
        /// What it does then.
        acts: Vec<Act>,
    },
    /// Rings so long, then refuses with this status.
    RingThenRefuse {
        /// How long it rings.
        after: Duration,
        /// With which status.
        status: u16,
    },
    /// Rings and never answers.
    Ring,
    /// Tells of progress with sound of its own (183), and never answers.
    Progress,
    /// Rings, and answers with this in place of a description.
    AnswerWith(&'static str),
}

/// What an INVITE of a robot offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offering {
    /// What it can.
    Usual,
    /// Nothing: the desk is to offer.
    Nothing,
    /// This.
    This(&'static str),
}

/// Whom a robot calls, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Dialling<'a> {
    /// The number, or the contact that the desk registered: what the Request-URI says.
    pub number: &'a str,
    /// What To says, where it is something else.
    pub to: Option<Uri>,
    /// What is offered.
    pub offering: Offering,
    /// Header lines beside the usual ones.
    pub extra: Vec<(String, String)>,
}

impl Dialling<'_> {
    /// A plain call to a number.
    pub fn plain(number: &str) -> Dialling<'_> {
        Dialling { number, to: None, offering: Offering::Usual, extra: Vec::new() }
    }
}

impl WhenCalled {
    /// Rings for so many milliseconds, then answers and does `acts`.
    pub fn answer(millis: u64, acts: Vec<Act>) -> WhenCalled {
        WhenCalled::Answer { after: Duration::from_millis(millis), acts }
    }
}

/// What a robot does when the desk asks it to call somebody else (REFER).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenReferred {
    /// Refuses with this status.
    Refuse(u16),
    /// Takes it on, and tells two seconds later that the new call came to this status.
    Tell(u16),
    /// Takes it on, and says nothing more.
    Silent,
}
