//! What the media threads report.

use crate::{LegQuality, LegSummary, ListeningId, PlaybackId, RoomId};
use frontdesk_identifiers::{LegId, Moment};
use std::net::SocketAddr;
use std::time::Duration;

/// One fact from the sound. `Copy`, so that a tick reports it without memory.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum MediaEvent {
    /// The sockets are bound; the address belongs into the SDP.
    PortOpened {
        /// The leg.
        leg: LegId,
        /// The local RTP address.
        address: SocketAddr,
    },
    /// No port could be had.
    PortFailed {
        /// The leg.
        leg: LegId,
        /// Why.
        fault: PortFault,
    },
    /// The port is gone and its sockets are free.
    PortClosed {
        /// The leg.
        leg: LegId,
        /// What went through it.
        counters: StreamCounters,
    },
    /// The first RTP packet of the other side came.
    FirstPacket {
        /// The leg.
        leg: LegId,
        /// When.
        at: Moment,
    },
    /// A datagram came to the leg's RTP port that is none of its sound, while sound is awaited. Told at most once a leg.
    StrangePacket {
        /// The leg.
        leg: LegId,
        /// Where it came from.
        from: SocketAddr,
        /// Why it is none.
        why: Strangeness,
    },
    /// A key was pressed (RFC 4733); told once a key, when it begins.
    Digit {
        /// The leg.
        leg: LegId,
        /// `0`–`9`, `*`, `#` or `A`–`D`.
        key: char,
        /// When.
        at: Moment,
    },
    /// A key that was told by [`Digit`](MediaEvent::Digit) was let go (RFC 4733); told once, unless the port closes before.
    DigitEnded {
        /// The leg.
        leg: LegId,
        /// Which.
        key: char,
        /// How long it was pressed.
        duration: Duration,
        /// When that was known.
        at: Moment,
    },
    /// How good the leg's sound was in the last seconds; told each 5 s, and not told at all while many other things are to
    /// be told. The whole life of the leg is in [`PortClosed`](MediaEvent::PortClosed).
    Quality {
        /// The leg.
        leg: LegId,
        /// Both directions, since the last time.
        quality: LegQuality,
    },
    /// The first packet of a playback left.
    PlaybackStarted {
        /// The leg.
        leg: LegId,
        /// Which playback.
        playback: PlaybackId,
        /// When.
        at: Moment,
    },
    /// A playback is over. Told exactly once for each [`Play`](crate::MediaCommand::Play), unless the port closed.
    PlaybackEnded {
        /// The leg.
        leg: LegId,
        /// Which playback.
        playback: PlaybackId,
        /// How it ended.
        end: PlaybackEnd,
        /// How much of it was sent, in samples at 8 kHz.
        sent_samples: u32,
        /// When.
        at: Moment,
    },
    /// A leg could not join a room: as many are in it as can be ([`RoomId::MOST_LEGS`]), or the engine has as many rooms as
    /// it can.
    RoomFull {
        /// The leg.
        leg: LegId,
        /// The room.
        room: RoomId,
    },
    /// A playback to a room is over. Told exactly once for each [`PlayToRoom`](crate::MediaCommand::PlayToRoom).
    RoomPlaybackEnded {
        /// The room.
        room: RoomId,
        /// Which playback.
        playback: PlaybackId,
        /// How it ended; [`Failed`](PlaybackEnd::Failed) if nobody was in the room.
        end: PlaybackEnd,
    },
    /// No RTP came for the media time-out although the other side should send, and no report of it either that says that it
    /// sends nothing, being muted or saving packets while nobody speaks.
    NoMedia {
        /// The leg.
        leg: LegId,
        /// When the last packet came, or when the port was configured.
        since: Moment,
    },
    /// The ears did not keep up; what this listening hears has a gap.
    HearingOverrun {
        /// The leg.
        leg: LegId,
        /// Which listening.
        listening: ListeningId,
    },
    /// A recording is complete and stands under its name, or could not be kept.
    RecordingEnded {
        /// The leg.
        leg: LegId,
        /// Its length in samples at 8 kHz.
        samples: u64,
        /// How many of them are silence that nobody was silent for: the disk did not keep up, or ticks were skipped.
        gap_samples: u64,
        /// How many are silence because the recording was paused.
        paused_samples: u64,
        /// Whether the file is whole and in its place.
        kept: bool,
    },
}

/// Why a datagram is no sound of its leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Strangeness {
    /// It is no RTP.
    NotRtp,
    /// Its payload type was not agreed.
    PayloadType(u8),
    /// Sound comes from elsewhere already.
    Source,
    /// This side sent it itself: the address that it was told leads back here.
    OwnStream,
    /// The stream is encrypted, and this is not, or not with the keys that were agreed.
    Insecure,
}

/// Why a playback is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaybackEnd {
    /// It was played to its end.
    Completed,
    /// It was stopped or replaced.
    Stopped,
    /// There was nothing to play: the voice failed.
    Failed,
}

/// Why a port could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PortFault {
    /// Every port of the configured range is taken.
    RangeExhausted,
    /// The address cannot be bound on this machine.
    AddressRefused,
    /// The engine carries as many legs as it can.
    EngineFull,
}

/// What went through a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StreamCounters {
    /// RTP packets received and taken.
    pub packets_received: u64,
    /// RTP packets sent.
    pub packets_sent: u64,
    /// Packets that the sequence numbers say are missing.
    pub packets_lost: u64,
    /// Packets that came too late to be played, or twice.
    pub packets_late: u64,
    /// Datagrams that were no RTP of this stream.
    pub packets_refused: u64,
    /// Interarrival jitter in microseconds (RFC 3550 §6.4.1), the last value.
    pub jitter_us: u32,
    /// Frames that had to be concealed.
    pub frames_concealed: u64,
    /// Frames that were left out to shorten the delay.
    pub frames_dropped: u64,
    /// Ticks that came more than 20 ms late and were skipped.
    pub ticks_skipped: u64,
    /// How good it was.
    pub quality: LegSummary,
}
