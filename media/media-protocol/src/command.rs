//! What the switchboard tells the sound.

use crate::{AgreedAudio, Audience, ListeningId, PlaybackId, RoomId};
use frontdesk_identifiers::{LegId, Locale};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// One order. Orders for a leg are carried out in the order in which they were given.
#[derive(Debug, Clone, PartialEq)]
pub enum MediaCommand {
    /// Bind RTP and RTCP sockets on this local address and make a port of them. Answered by
    /// [`PortOpened`](crate::MediaEvent::PortOpened) or [`PortFailed`](crate::MediaEvent::PortFailed).
    Open {
        /// The leg that the port belongs to.
        leg: LegId,
        /// The local address to bind; unspecified is allowed.
        bind: IpAddr,
    },
    /// Set or change what was agreed with the other side. Sound flows from here on.
    Configure {
        /// The leg.
        leg: LegId,
        /// What was agreed.
        audio: AgreedAudio,
    },
    /// Close the port. Its recording, playback, listening and bridge end with it. Answered by
    /// [`PortClosed`](crate::MediaEvent::PortClosed).
    Close {
        /// The leg.
        leg: LegId,
    },
    /// Play a sound towards the leg's party. A playback that is still going on is replaced.
    Play {
        /// The leg.
        leg: LegId,
        /// The name under which this playback is reported.
        playback: PlaybackId,
        /// What to play.
        source: Source,
    },
    /// Stop a playback at the next tick; silently ignored when another or none is going on.
    StopPlayback {
        /// The leg.
        leg: LegId,
        /// Which playback.
        playback: PlaybackId,
    },
    /// Have the ears listen to what the leg's party says. A listening that is still going on is replaced.
    Listen {
        /// The leg.
        leg: LegId,
        /// The name under which what is heard is reported.
        listening: ListeningId,
        /// How to listen.
        plan: ListeningPlan,
    },
    /// Stop listening; what was being said is not reported any more.
    StopListening {
        /// The leg.
        leg: LegId,
        /// Which listening.
        listening: ListeningId,
    },
    /// Send these keys (`0`–`9`, `*`, `#`, `A`–`D`) by RFC 4733, one after the other.
    SendDigits {
        /// The leg.
        leg: LegId,
        /// The keys.
        digits: String,
    },
    /// Join two legs: each hears the other. A playback on either goes first while it lasts.
    Bridge {
        /// One leg.
        first: LegId,
        /// The other leg.
        second: LegId,
    },
    /// Part two legs that were bridged.
    Unbridge {
        /// One leg.
        first: LegId,
        /// The other leg.
        second: LegId,
    },
    /// Bring a leg into a room, or change its audience there. A bridge of the leg ends, and so does its place in another
    /// room; a playback on the leg goes first while it lasts.
    JoinRoom {
        /// The leg.
        leg: LegId,
        /// The room, which this begins if nobody is in it.
        room: RoomId,
        /// Who hears what the leg's party says.
        audience: Audience,
        /// Whether the others hear a sign as the leg comes, and another one as it goes.
        announced: bool,
    },
    /// Take a leg out of its room.
    LeaveRoom {
        /// The leg.
        leg: LegId,
        /// The room.
        room: RoomId,
    },
    /// Play a sound to everybody in a room, over what they say. A playback to the room that is still going on is replaced.
    PlayToRoom {
        /// The room.
        room: RoomId,
        /// The name under which this playback is reported.
        playback: PlaybackId,
        /// What to play.
        source: Source,
    },
    /// Stop a playback to a room at the next tick; silently ignored when another or none is going on.
    StopRoomPlayback {
        /// The room.
        room: RoomId,
        /// Which playback.
        playback: PlaybackId,
    },
    /// Record the leg in stereo: left is what its party says, right is what its party hears.
    Record {
        /// The leg.
        leg: LegId,
        /// Where the finished file shall stand. While it is written, it has `.part` appended. With the suffix `.sealed` it is
        /// encrypted at rest with the key that stands in the tenant's folder above it.
        path: PathBuf,
    },
    /// Record silence from now on, for what nobody may keep, such as the number of a card.
    PauseRecording {
        /// The leg.
        leg: LegId,
    },
    /// Record again.
    ResumeRecording {
        /// The leg.
        leg: LegId,
    },
    /// End the leg's recording and publish its file.
    StopRecording {
        /// The leg.
        leg: LegId,
    },
}

/// What a playback plays. `Debug` masks the words: they may name the party.
#[derive(Clone, PartialEq, Eq)]
pub enum Source {
    /// A text, spoken by the voice of its locale, or the recorded prompt that stands for it.
    Phrase {
        /// The text.
        text: Arc<str>,
        /// Its language.
        locale: Locale,
    },
    /// The sign that the other party's telephone rings, as a country's network sends it (ISO 3166), until it is stopped.
    Ringback {
        /// Whose network; none is the sign that ITU-T E.180 prefers.
        country: Option<Arc<str>>,
    },
    /// The desk's music for whoever is held, over and over until it is stopped.
    Music,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Source::Phrase { text, locale } => f
                .debug_struct("Phrase")
                .field("characters", &text.chars().count())
                .field("locale", locale)
                .finish(),
            Source::Ringback { country } => f.debug_struct("Ringback").field("country", country).finish(),
            Source::Music => f.write_str("Music"),
        }
    }
}

/// How to listen.
#[derive(Debug, Clone, PartialEq)]
pub struct ListeningPlan {
    /// The language that is spoken.
    pub locale: Locale,
    /// How long a silence ends a turn, in milliseconds.
    pub end_of_turn_ms: u16,
    /// The longest turn, in milliseconds; what is longer is recognised in parts.
    pub longest_turn_ms: u16,
}

impl Default for ListeningPlan {
    fn default() -> Self {
        ListeningPlan { locale: Locale::default(), end_of_turn_ms: 600, longest_turn_ms: 10_000 }
    }
}
