//! A room: everybody hears everybody else.
//!
//! All that is said to everybody is summed up once, in 32 bits. Who speaks hears the sum without its own part; all who are
//! silent hear the sum itself, which is limited once and, for G.711, encoded once. A whisper is added for those whom it is
//! meant for. A room runs at the rate of its highest leg. Where only one is heard, it is heard bit by bit as it spoke.

use crate::deck::Place;
use crate::playback::{PlayFrame, PlaySource, Playback};
use crate::route::OtherSide;
use crate::tap::SILENCE;
use frontdesk_audio::{
    AudioFrame, LentFrame, RateFit, SAMPLES_8K, SAMPLES_16K, SampleRate, g711, level_dbov,
};
use frontdesk_media_protocol::{Audience, RoomId};
use std::sync::Arc;

mod limit;
mod playing;
pub(crate) use playing::{RoomPlayback, Signs};

/// In rooms with more legs than this, who is as quiet as a line is not mixed: the noise of a hundred lines is loud.
const GATED_FROM: usize = 5;
/// What is softer, in dB below full scale, is the line and not its party,
const QUIET_DBOV: u8 = 55;
/// after so many ticks of it (200 ms).
const QUIET_TICKS: u8 = 10;

/// Who hears a party, by their slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hearers {
    Everybody,
    Nobody,
    Only { slots: [Option<u16>; Audience::MOST_NAMED] },
}

impl Hearers {
    fn include(&self, slot: u16) -> bool {
        matches!(self, Hearers::Only { slots } if slots.contains(&Some(slot)))
    }
}

/// A leg's place in a room. It is made where memory may be taken.
pub(crate) struct Seat {
    slot: u16,
    pub(crate) hearers: Hearers,
    pub(crate) announced: bool,
    fit: RateFit,
    /// What the party says, at the room's rate.
    says: AudioFrame,
    speaks: bool,
    quiet_ticks: u8,
    /// What it hears, if that is not what the silent ones hear.
    hears: Option<AudioFrame>,
    /// Of how many parts that is.
    parts: usize,
}

impl Seat {
    pub(crate) fn new(slot: u16, hearers: Hearers, announced: bool) -> Self {
        Seat {
            slot,
            hearers,
            announced,
            fit: RateFit::new(),
            says: AudioFrame::silence(SampleRate::Narrow),
            speaks: false,
            quiet_ticks: 0,
            hears: None,
            parts: 0,
        }
    }

    /// Takes what the party says in this tick.
    fn hear(&mut self, says: OtherSide<'_>, rate: SampleRate, gated: bool) {
        self.speaks = false;
        let OtherSide::Says(frame) = says else { return };
        if self.hearers == Hearers::Nobody {
            return;
        }
        self.says.copy_from(self.fit.fit(frame, rate));
        let quiet = gated && level_dbov(self.says.samples()) >= QUIET_DBOV;
        self.quiet_ticks = if quiet { self.quiet_ticks.saturating_add(1) } else { 0 };
        self.speaks = self.quiet_ticks < QUIET_TICKS;
    }

    fn is_heard_by_all(&self) -> bool {
        self.speaks && self.hearers == Hearers::Everybody
    }
}

/// One room of a media thread.
pub(crate) struct Room {
    pub(crate) id: RoomId,
    #[expect(
        clippy::vec_box,
        reason = "a seat comes from elsewhere and goes there, and its kilobytes are not moved"
    )]
    seats: Vec<Box<Seat>>,
    /// The first one's; all others are brought to it.
    pub(crate) spoke: Option<usize>,
    rate: SampleRate,
    sum: [i32; SAMPLES_16K],
    /// How many parts the sum has.
    parts: usize,
    /// What those hear who say nothing.
    shared: AudioFrame,
    ready: Ready,
    playing: RoomPlayback,
}

/// The shared sound at 8 kHz, and in the codecs that a leg knows nothing of the past for.
struct Ready {
    fit: RateFit,
    pcmu: [u8; SAMPLES_8K],
    pcma: [u8; SAMPLES_8K],
}

/// What a leg hears in a room.
#[derive(Clone, Copy)]
pub(crate) struct Mixed<'a> {
    pub(crate) frame: LentFrame<'a>,
    /// The same, encoded, if it is what the silent ones hear.
    pub(crate) pcmu: Option<&'a [u8]>,
    pub(crate) pcma: Option<&'a [u8]>,
}

impl Room {
    pub(crate) fn new(id: RoomId, signs: Arc<Signs>) -> Self {
        Room {
            id,
            seats: Vec::with_capacity(RoomId::MOST_LEGS),
            spoke: None,
            rate: SampleRate::Narrow,
            sum: [0; SAMPLES_16K],
            parts: 0,
            shared: AudioFrame::silence(SampleRate::Narrow),
            ready: Ready { fit: RateFit::new(), pcmu: [0; SAMPLES_8K], pcma: [0; SAMPLES_8K] },
            playing: RoomPlayback::new(signs),
        }
    }

    pub(crate) fn playing_mut(&mut self) -> &mut RoomPlayback {
        &mut self.playing
    }

    /// A leg comes; its seat is given back if there is no room.
    pub(crate) fn seat(&mut self, seat: Box<Seat>) -> Option<Box<Seat>> {
        if self.seats.len() >= RoomId::MOST_LEGS {
            return Some(seat);
        }
        if seat.announced && !self.seats.is_empty() {
            self.playing.sign_of_coming();
        }
        self.seats.push(seat);
        None
    }

    /// A leg changes who hears it.
    pub(crate) fn change(&mut self, slot: u16, hearers: Hearers, announced: bool) {
        if let Some(seat) = self.seats.iter_mut().find(|seat| seat.slot == slot) {
            (seat.hearers, seat.announced) = (hearers, announced);
        }
    }

    /// A leg goes; its seat. Whispers that were meant for it are for nobody.
    pub(crate) fn unseat(&mut self, slot: u16) -> Option<Box<Seat>> {
        let place = self.seats.iter().position(|seat| seat.slot == slot)?;
        let seat = self.seats.swap_remove(place);
        for other in &mut self.seats {
            if let Hearers::Only { slots } = &mut other.hearers {
                slots.iter_mut().filter(|named| **named == Some(slot)).for_each(|named| *named = None);
            }
        }
        if self.seats.is_empty() {
            self.spoke = None;
        } else if seat.announced {
            self.playing.sign_of_going();
        }
        Some(seat)
    }

    /// Mixes what all have said in this turn.
    pub(crate) fn mix<L>(&mut self, ports: &[Place<L>], turn: u64) {
        let port = |slot: u16| ports.get(usize::from(slot)).and_then(Option::as_deref);
        let rates = self.seats.iter().filter_map(|seat| port(seat.slot).map(|port| port.rate()));
        self.rate = rates.max().unwrap_or_default();
        let gated = self.seats.len() >= GATED_FROM;
        for seat in &mut self.seats {
            let says = port(seat.slot).map_or(OtherSide::Nobody, |port| port.says(turn));
            seat.hear(says, self.rate, gated);
        }
        self.add_up();
        self.make_shared();
        self.make_own();
    }

    fn add_up(&mut self) {
        self.sum.fill(0);
        self.parts = 0;
        for seat in self.seats.iter().filter(|seat| seat.is_heard_by_all()) {
            add(&mut self.sum, seat.says.samples());
            self.parts += 1;
        }
        self.parts += self.playing.add_to(&mut self.sum, self.rate);
    }

    fn make_shared(&mut self) {
        self.shared.silence_at(self.rate);
        limit::limit(&self.sum, self.parts, self.shared.samples_mut());
        let narrow = match self.ready.fit.fit(self.shared.lend(), SampleRate::Narrow) {
            LentFrame::Narrow(samples) => samples,
            LentFrame::Wide(_) => &SILENCE,
        };
        g711::encode_ulaw(narrow, &mut self.ready.pcmu);
        g711::encode_alaw(narrow, &mut self.ready.pcma);
    }

    /// What those hear who speak, or are whispered to.
    fn make_own(&mut self) {
        let whispered = |seat: &Seat| seat.speaks && matches!(seat.hearers, Hearers::Only { .. });
        let any_whispers = self.seats.iter().any(|seat| whispered(seat));
        for at in 0..self.seats.len() {
            let Some(seat) = self.seats.get(at) else { return };
            let slot = seat.slot;
            let own = seat.is_heard_by_all();
            let hears_whispers = |other: &Seat| other.speaks && other.hearers.include(slot);
            let whispers = any_whispers && self.seats.iter().any(|other| hears_whispers(other));
            if !own && !whispers {
                if let Some(seat) = self.seats.get_mut(at) {
                    (seat.hears, seat.parts) = (None, self.parts);
                }
                continue;
            }
            let mut sum = self.sum;
            let mut parts = self.parts;
            if own {
                subtract(&mut sum, seat.says.samples());
                parts -= 1;
            }
            for other in self.seats.iter().filter(|other| whispers && hears_whispers(other)) {
                add(&mut sum, other.says.samples());
                parts += 1;
            }
            if let Some(seat) = self.seats.get_mut(at) {
                seat.parts = parts;
                let hears = seat.hears.get_or_insert(AudioFrame::silence(self.rate));
                hears.silence_at(self.rate);
                limit::limit(&sum, parts, hears.samples_mut());
            }
        }
    }

    /// What a leg hears.
    pub(crate) fn heard_by(&self, slot: u16) -> OtherSide<'_> {
        let Some(seat) = self.seats.iter().find(|seat| seat.slot == slot) else { return OtherSide::Nobody };
        match &seat.hears {
            // Nobody else's sound has begun: a leg that was passed on to just before waits for it.
            _ if seat.parts == 0 => OtherSide::Waits,
            Some(frame) => OtherSide::Mixed(Mixed { frame: frame.lend(), pcmu: None, pcma: None }),
            None => OtherSide::Mixed(Mixed {
                frame: self.shared.lend(),
                pcmu: Some(&self.ready.pcmu),
                pcma: Some(&self.ready.pcma),
            }),
        }
    }

    /// Everything that is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }
}

fn add(sum: &mut [i32], samples: &[i16]) {
    for (sum, sample) in sum.iter_mut().zip(samples) {
        *sum += i32::from(*sample);
    }
}

fn subtract(sum: &mut [i32], samples: &[i16]) {
    for (sum, sample) in sum.iter_mut().zip(samples) {
        *sum -= i32::from(*sample);
    }
}
