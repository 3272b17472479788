//! Rooms, as the control side keeps them: which there are, and who is in them.

use super::{Control, LineSource, OUTBOX_ORDERS, RoomOrder, ThreadOrder};
use crate::conference::{Hearers, Room, RoomPlayback, Seat, Signs};
use crate::deck::MAX_ROOMS;
use frontdesk_audio::Prompt;
use frontdesk_identifiers::LegId;
use frontdesk_media_protocol::{Audience, MediaEvent, PlaybackEnd, PlaybackId, RoomId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The rooms that there are.
pub(super) struct Rooms {
    open: BTreeMap<RoomId, OpenRoom>,
    /// In which room a leg is.
    of_leg: BTreeMap<LegId, RoomId>,
    free_places: Vec<u16>,
    signs: Arc<Signs>,
}

/// One room that legs are in.
struct OpenRoom {
    place: u16,
    legs: BTreeSet<LegId>,
}

impl Rooms {
    pub(super) fn new() -> Self {
        Rooms {
            open: BTreeMap::new(),
            of_leg: BTreeMap::new(),
            free_places: (0..MAX_ROOMS as u16).rev().collect(),
            signs: Arc::new(Signs::new()),
        }
    }

    /// A room's memory came back.
    pub(super) fn give_back(&mut self, place: u16) {
        self.free_places.push(place);
    }
}

impl<S: LineSource> Control<S> {
    pub(super) fn join_room(&mut self, leg: LegId, room: RoomId, audience: &Audience, announced: bool) {
        let Some(slot) = self.legs.get(&leg).copied() else { return };
        let hearers = self.hearers(audience);
        if self.rooms.of_leg.get(&leg) == Some(&room) {
            return self.for_room(room, RoomOrder::Change { slot, hearers, announced });
        }
        let full = self.rooms.open.get(&room).is_some_and(|open| open.legs.len() >= RoomId::MOST_LEGS);
        if full || self.outbox.len() >= OUTBOX_ORDERS || !self.begin_room(room) {
            return self.told.push_back(MediaEvent::RoomFull { leg, room });
        }
        self.leave_room(leg);
        self.rooms.of_leg.insert(leg, room);
        if let Some(open) = self.rooms.open.get_mut(&room) {
            open.legs.insert(leg);
        }
        let seat = Box::new(Seat::new(slot, hearers, announced));
        self.for_room(room, RoomOrder::Join { slot, seat });
    }

    /// Whether the room is there.
    fn begin_room(&mut self, room: RoomId) -> bool {
        if self.rooms.open.contains_key(&room) {
            return true;
        }
        // Rooms that are closed but not polled yet would be missed here.
        if self.rooms.free_places.is_empty() {
            self.collect();
        }
        let Some(place) = self.rooms.free_places.pop() else { return false };
        self.rooms.open.insert(room, OpenRoom { place, legs: BTreeSet::new() });
        let memory = Box::new(Room::new(room, Arc::clone(&self.rooms.signs)));
        self.for_room(room, RoomOrder::Open(memory));
        true
    }

    /// A leg leaves the room that it is in, if it is in one; the last one closes it.
    pub(super) fn leave_room(&mut self, leg: LegId) {
        let Some(room) = self.rooms.of_leg.remove(&leg) else { return };
        if let Some(slot) = self.legs.get(&leg).copied() {
            self.for_room(room, RoomOrder::Leave { slot });
        }
        let Some(open) = self.rooms.open.get_mut(&room) else { return };
        open.legs.remove(&leg);
        if open.legs.is_empty() {
            self.for_room(room, RoomOrder::Close);
            self.rooms.open.remove(&room);
        }
    }

    pub(super) fn leave_this_room(&mut self, leg: LegId, room: RoomId) {
        if self.rooms.of_leg.get(&leg) == Some(&room) {
            self.leave_room(leg);
        }
    }

    pub(super) fn play_to_room(
        &mut self,
        room: RoomId,
        playback: PlaybackId,
        prompt: Arc<Prompt>,
        repeat: bool,
    ) {
        if !self.rooms.open.contains_key(&room) || self.outbox.len() >= OUTBOX_ORDERS {
            let end = PlaybackEnd::Failed;
            return self.told.push_back(MediaEvent::RoomPlaybackEnded { room, playback, end });
        }
        self.for_room(room, RoomOrder::Play(RoomPlayback::prompt_of(playback, prompt, repeat)));
    }

    /// Closings and leavings find their place in the outbox always, as those of legs do.
    pub(super) fn for_room(&mut self, room: RoomId, what: RoomOrder) {
        if let Some(open) = self.rooms.open.get(&room) {
            self.outbox.push_back(ThreadOrder::Room { place: open.place, what });
        }
    }

    fn hearers(&self, audience: &Audience) -> Hearers {
        match audience {
            Audience::Everybody => Hearers::Everybody,
            Audience::Nobody => Hearers::Nobody,
            Audience::Only(legs) => {
                let mut slots = [None; Audience::MOST_NAMED];
                for (place, leg) in slots.iter_mut().zip(legs) {
                    *place = self.legs.get(leg).copied();
                }
                Hearers::Only { slots }
            }
        }
    }
}
