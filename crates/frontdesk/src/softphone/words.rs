//! What the telephone is told, what it wants, and what it is for.

use frontdesk_identifiers::Locale;
use frontdesk_media_protocol::{MediaCommand, MediaEvent};
use frontdesk_sip_message::{NameAddr, StatusCode, Uri};
use frontdesk_sip_stack::{Credentials, Flow, SessionEnd, SipInput};
use std::path::PathBuf;
use std::time::Duration;

/// What the telephone is for.
#[derive(Debug, Clone)]
pub struct PhonePlan {
    /// Whom to call; none for a telephone that waits to be called.
    pub call: Option<Uri>,
    /// Who it says it is.
    pub identity: NameAddr,
    /// Name and password, for whoever asks.
    pub credentials: Option<Credentials>,
    /// At which registrar it registers, if it does.
    pub register: Option<Registration>,
    /// What it does when it is called.
    pub when_called: WhenCalled,
    /// How it tells which keys it presses.
    pub keys: KeyForm,
    /// The path to the desk.
    pub flow: Flow,
    /// Where to record: left what it hears, right what it says. The second call goes to `name-2.wav`, and so on.
    pub record: Option<PathBuf>,
    /// The language that it speaks.
    pub locale: Locale,
    /// The longest that a call may last.
    pub longest: Duration,
}

/// How a telephone tells which keys are pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyForm {
    /// As events among the sound (RFC 4733).
    #[default]
    Events,
    /// By SIP INFO with `application/dtmf-relay`; no events are offered then.
    Info,
}

/// A registration to hold.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The registrar's domain.
    pub registrar: Uri,
    /// For how long at a time.
    pub expires: Duration,
}

/// What the telephone does when it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenCalled {
    /// Rings this long, then answers.
    Answer {
        /// How long.
        after: Duration,
    },
    /// Says that it is busy: 486.
    Busy,
    /// Declines: 603.
    Decline,
    /// Rings and never answers.
    Ring,
}

/// What the telephone is told.
#[derive(Debug, Clone)]
pub enum PhoneInput {
    /// Begin: register, or call.
    Start,
    /// A datagram, or that one could not be delivered.
    Sip(SipInput),
    /// A fact from the media engine.
    Media(MediaEvent),
    /// 20 ms of the far end, and whether there is voice in it.
    Frame {
        /// Whether there is.
        active: bool,
    },
    /// A deadline may have come.
    Tick,
    /// Put down: end the call, take the registration back.
    Stop,
}

/// What the telephone wants.
#[derive(Debug, Clone)]
pub enum PhoneOutput {
    /// Send this datagram.
    Transmit {
        /// Where.
        flow: Flow,
        /// What.
        bytes: Vec<u8>,
    },
    /// An order to the sound.
    Media(MediaCommand),
    /// Something for its user.
    News(News),
}

/// Something for the telephone's user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// It is registered, and can be called.
    Registered,
    /// The registrar refused; none when it did not answer.
    NotRegistered(Option<StatusCode>),
    /// The registration is taken back.
    Unregistered,
    /// It calls.
    Calling,
    /// The far end rings, or tells something else on the way.
    Progress(StatusCode),
    /// Somebody calls.
    Called {
        /// Who, as presented.
        by: String,
    },
    /// The call stands.
    Talking,
    /// It says this.
    Says(String),
    /// It presses these keys.
    Presses(String),
    /// A key came from the far end.
    KeyHeard(char),
    /// The call is over.
    Over(CallEnd),
    /// The recording stands, or could not be kept.
    Recorded {
        /// How long it is.
        seconds: u32,
        /// Whether the file is whole and in its place.
        kept: bool,
    },
}

/// How the telephone's call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallEnd {
    /// As SIP tells.
    Session(SessionEnd),
    /// There was no port for the sound.
    NoPort,
    /// The descriptions have nothing in common.
    NothingInCommon,
}
