//! What the simulated sound side knows of one leg.

use frontdesk_identifiers::{LegId, Moment};
use frontdesk_media_protocol::{AgreedAudio, ListeningId, PlaybackId};
use std::net::SocketAddr;

/// One leg's port.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) stage: Stage,
    pub(crate) audio: Option<AgreedAudio>,
    /// Whether a packet of the party came.
    pub(crate) spoken_to: bool,
    /// Since when packets are awaited; none on hold, and after it was told that none come.
    pub(crate) media_since: Option<Moment>,
    pub(crate) playing: Option<Playing>,
    pub(crate) listening: Option<ListeningId>,
    pub(crate) recording: Option<Moment>,
    pub(crate) partner: Option<LegId>,
}

/// Where a port is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It is there; the desk knows it from this moment on.
    Open { known: Moment },
    /// It is gone, or was never to be had. Orders for it are faults.
    Closed,
}

/// What is played.
#[derive(Debug)]
pub(crate) struct Playing {
    pub(crate) id: PlaybackId,
    pub(crate) started: Moment,
    /// The event that tells its end; none for what is repeated until it is stopped.
    pub(crate) ends: Option<(Moment, u64)>,
}

impl Port {
    pub(crate) fn opening() -> Port {
        Port {
            stage: Stage::Closed,
            audio: None,
            spoken_to: false,
            media_since: None,
            playing: None,
            listening: None,
            recording: None,
            partner: None,
        }
    }

    /// Where the party's sound comes from.
    pub(crate) fn party(&self) -> Option<SocketAddr> {
        self.audio.map(|audio| audio.remote)
    }
}
