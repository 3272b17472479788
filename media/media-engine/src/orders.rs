//! What the engine is told, and what of it reaches the tick.

use crate::conference::{Hearers, Room, Seat};
use crate::packets::Packets;
use crate::playback::Playback;
use crate::port::Port;
use crate::tap::{Listening, RecorderTap};
use frontdesk_audio::{Decoder, Encoder, OpusWishes, Prompt, SAMPLES_8K};
use frontdesk_identifiers::LegId;
use frontdesk_media_protocol::{
    AgreedAudio, Audience, Codec, ListeningId, OpusTerms, PlaybackId, RoomId, SpeechFrame,
};
use frontdesk_rtp_session::secure::Security;
use ringbuf::traits::Split;
use ringbuf::{HeapCons, HeapProd, HeapRb};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// 20 ms of sound at 8 kHz on its way from a voice to the tick.
pub type StreamFrame = [i16; SAMPLES_8K];

/// Frames in the ring between a voice and the tick: 400 ms. When it is full the voice waits.
pub const STREAM_CAPACITY_FRAMES: usize = 20;

/// The longest run of keys that one [`Order::SendDigits`] sends; what is longer is cut.
pub const DIGITS_PER_ORDER: usize = 32;

/// A ring for [`Order::PlayStream`]: the voice keeps the first half, the order takes the second.
pub fn stream_ring() -> (HeapProd<StreamFrame>, HeapCons<StreamFrame>) {
    HeapRb::new(STREAM_CAPACITY_FRAMES).split()
}

/// A ring for [`Order::Listen`]: the order takes the first half, the ears keep the second.
pub fn speech_ring() -> (HeapProd<SpeechFrame>, HeapCons<SpeechFrame>) {
    HeapRb::new(SpeechFrame::RING_CAPACITY_FRAMES).split()
}

/// One order to the engine: a [`MediaCommand`](frontdesk_media_protocol::MediaCommand) with its memory —
/// prompts found, rings made. Orders are carried out as they were given. An order for a leg that is not open
/// does nothing, except that a playback then ends at once as failed.
pub enum Order {
    /// Bind sockets and make a port of them.
    Open {
        /// The leg; a name is used once.
        leg: LegId,
        /// The local address; with an unspecified one the reported address has the port only.
        bind: IpAddr,
    },
    /// Set or change what was agreed. Sound flows from the first time on.
    Configure {
        /// The leg.
        leg: LegId,
        /// What was agreed.
        audio: AgreedAudio,
    },
    /// Close the port; all that goes on at it ends.
    Close {
        /// The leg.
        leg: LegId,
    },
    /// Play a prompt; one that is going on is replaced. While nothing may be sent (not configured, or the
    /// other side holds) it waits where it is.
    Play {
        /// The leg.
        leg: LegId,
        /// Its name.
        playback: PlaybackId,
        /// The sound, shared.
        prompt: Arc<Prompt>,
        /// Over and over until it is stopped.
        repeat: bool,
    },
    /// Play what a voice writes into the ring. It ends when the voice dropped its half and the ring is empty;
    /// while the ring is empty before that, silence is sent.
    PlayStream {
        /// The leg.
        leg: LegId,
        /// Its name.
        playback: PlaybackId,
        /// The reading half of [`stream_ring`].
        ring: HeapCons<StreamFrame>,
    },
    /// Stop a playback at the next tick. The voice sees that its ring's reader is gone.
    StopPlayback {
        /// The leg.
        leg: LegId,
        /// Which.
        playback: PlaybackId,
    },
    /// Write what the party says into the ring; a listening that is going on is replaced.
    Listen {
        /// The leg.
        leg: LegId,
        /// Its name.
        listening: ListeningId,
        /// The writing half of [`speech_ring`].
        ring: HeapProd<SpeechFrame>,
    },
    /// Stop listening. The ears see that their ring's writer is gone.
    StopListening {
        /// The leg.
        leg: LegId,
        /// Which.
        listening: ListeningId,
    },
    /// Send keys (RFC 4733), one after the other; other characters are left out. Where the other side did not
    /// agree to telephone-events, the tones are sent in the sound.
    SendDigits {
        /// The leg.
        leg: LegId,
        /// The keys, at most [`DIGITS_PER_ORDER`].
        digits: String,
    },
    /// Let two legs hear each other. Either's older bridge ends.
    Bridge {
        /// One leg.
        first: LegId,
        /// The other.
        second: LegId,
    },
    /// Part two legs, if they are bridged to each other.
    Unbridge {
        /// One leg.
        first: LegId,
        /// The other.
        second: LegId,
    },
    /// Bring a leg into a room, or change its audience there. Its bridge ends, and so does its place in another room.
    JoinRoom {
        /// The leg.
        leg: LegId,
        /// The room.
        room: RoomId,
        /// Who hears the leg.
        audience: Audience,
        /// Whether a sign is heard as the leg comes and as it goes.
        announced: bool,
    },
    /// Take a leg out of its room, if it is in this one.
    LeaveRoom {
        /// The leg.
        leg: LegId,
        /// The room.
        room: RoomId,
    },
    /// Play a prompt to everybody in a room, over what they say; one that is going on is replaced.
    PlayToRoom {
        /// The room.
        room: RoomId,
        /// Its name.
        playback: PlaybackId,
        /// The sound, shared.
        prompt: Arc<Prompt>,
        /// Over and over until it is stopped.
        repeat: bool,
    },
    /// Stop a playback to a room at the next tick.
    StopRoomPlayback {
        /// The room.
        room: RoomId,
        /// Which.
        playback: PlaybackId,
    },
    /// Record in stereo, left what the party says, right what it hears. An older recording of the leg ends.
    Record {
        /// The leg.
        leg: LegId,
        /// Where the finished file shall stand; with the suffix `.sealed` it is encrypted with the key of its tenant's folder.
        path: PathBuf,
    },
    /// Write silence in place of what is said and heard from now on, such as the number of a card.
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

/// What is moved into the media thread. Legs are named by their slot: the control side gives a slot out
/// again only after its port came back, so an order never reaches another leg than the meant one.
pub(crate) enum ThreadOrder<L> {
    Open { slot: u16, port: Box<Port<L>> },
    Leg { slot: u16, what: LegOrder },
    Bridge { first: u16, second: u16 },
    Unbridge { first: u16, second: u16 },
    Room { place: u16, what: RoomOrder },
    Common { line: L },
}

/// Rooms are named by their place, which is given out again as slots are.
pub(crate) enum RoomOrder {
    Open(Box<Room>),
    Join { slot: u16, seat: Box<Seat> },
    Change { slot: u16, hearers: Hearers, announced: bool },
    Leave { slot: u16 },
    Play(Playback),
    StopPlayback(PlaybackId),
    Close,
}

pub(crate) enum LegOrder {
    Configure { audio: AgreedAudio, codecs: Codecs, security: Option<Box<Security>> },
    Close,
    Play(Playback),
    StopPlayback(PlaybackId),
    Listen(Listening),
    StopListening(ListeningId),
    SendDigits(DigitRun),
    Record(RecorderTap),
    PauseRecording(bool),
    StopRecording,
}

/// What is moved out of the media thread, to be dropped where dropping may cost time.
pub(crate) enum Retired<L> {
    Port { slot: u16, port: Box<Port<L>> },
    Playback(Playback),
    Listening(Listening),
    Recorder(RecorderTap),
    Seat(Box<Seat>),
    Room { place: u16, room: Box<Room> },
    Agreed(Codecs, Option<Box<Security>>),
}

/// How a leg's payloads are read and written. Both take memory when they are made.
pub(crate) struct Codecs {
    pub(crate) decoder: Decoder,
    pub(crate) encoder: Encoder,
    /// Where packets are not of one frame each.
    pub(crate) packets: Option<Box<Packets>>,
}

impl Codecs {
    /// What was agreed, from its beginning.
    pub(crate) fn of(audio: &AgreedAudio) -> Self {
        let (decoder, encoder) = match audio.codec {
            Codec::Pcmu => (Decoder::Pcmu, Encoder::Pcmu),
            Codec::Pcma => (Decoder::Pcma, Encoder::Pcma),
            Codec::G722 => (Decoder::g722(), Encoder::g722()),
            Codec::Opus => (Decoder::opus(), Encoder::opus(wishes(&audio.opus))),
        };
        Codecs { decoder, encoder, packets: Packets::of(audio.packet_ms) }
    }
}

fn wishes(terms: &OpusTerms) -> OpusWishes {
    let OpusTerms { copies, pauses, constant, narrow, max_bitrate_bps } = *terms;
    OpusWishes { copies, pauses, constant, narrow, max_bitrate_bps }
}

/// Keys to send, without memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DigitRun {
    keys: [u8; DIGITS_PER_ORDER],
    length: usize,
}

impl DigitRun {
    pub(crate) fn new(digits: &str) -> Self {
        let mut run = DigitRun { keys: [0; DIGITS_PER_ORDER], length: 0 };
        let keys = digits.bytes().map(|key| key.to_ascii_uppercase());
        for (place, key) in run.keys.iter_mut().zip(keys.filter(|key| is_key(*key))) {
            *place = key;
            run.length += 1;
        }
        run
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = char> + '_ {
        self.keys.iter().take(self.length).map(|key| char::from(*key))
    }
}

fn is_key(key: u8) -> bool {
    matches!(key, b'0'..=b'9' | b'*' | b'#' | b'A'..=b'D')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_digits_has_keys_only_and_an_end() {
        let keys = |text: &str| DigitRun::new(text).keys().collect::<String>();
        assert_eq!(keys("1-2 *#aDe9"), "12*#AD9");
        assert_eq!(keys(&"5".repeat(99)).len(), DIGITS_PER_ORDER);
    }
}
