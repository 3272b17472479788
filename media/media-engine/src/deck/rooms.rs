//! Rooms on the deck: who is in them, and their turn.

use super::{Deck, Place, spoke_of};
use crate::conference::{Room, Seat};
use crate::orders::{Retired, RoomOrder};
use crate::wire::Wire;

/// Rooms that one engine has at most; a leg for which another one would have to begin is refused.
pub(crate) const MAX_ROOMS: usize = 256;

impl<W: Wire> Deck<W> {
    pub(super) fn carry_out_for_room(&mut self, place: u16, what: RoomOrder, upcoming: u64) {
        match what {
            RoomOrder::Open(room) => {
                if let Some(place) = self.rooms.get_mut(usize::from(place)) {
                    debug_assert!(place.is_none(), "a room's place is given out once");
                    *place = Some(room);
                }
            }
            RoomOrder::Join { slot, seat } => self.join_room(place, slot, seat, upcoming),
            RoomOrder::Change { slot, hearers, announced } => {
                if let Some(room) = room_at(&mut self.rooms, place) {
                    room.change(slot, hearers, announced);
                }
            }
            RoomOrder::Leave { slot } => {
                if self.room_of(slot) == Some(place) {
                    self.leave_room(slot);
                }
            }
            RoomOrder::Play(playback) => {
                let Some(room) = room_at(&mut self.rooms, place) else {
                    return self.retire(Retired::Playback(playback));
                };
                let id = room.id;
                if let Some(before) = room.playing_mut().begin(id, playback, &mut self.reporter) {
                    self.retire(Retired::Playback(before));
                }
            }
            RoomOrder::StopPlayback(which) => {
                let Some(room) = room_at(&mut self.rooms, place) else { return };
                let id = room.id;
                if let Some(stopped) = room.playing_mut().end(id, Some(which), &mut self.reporter) {
                    self.retire(Retired::Playback(stopped));
                }
            }
            RoomOrder::Close => self.close_room(place),
        }
    }

    fn close_room(&mut self, place: u16) {
        let Some(mut room) = self.rooms.get_mut(usize::from(place)).and_then(Option::take) else { return };
        debug_assert!(room.is_empty(), "the control side closes a room after its last leg");
        let id = room.id;
        if let Some(stopped) = room.playing_mut().end(id, None, &mut self.reporter) {
            self.retire(Retired::Playback(stopped));
        }
        self.retire(Retired::Room { place, room });
    }

    fn join_room(&mut self, place: u16, slot: u16, seat: Box<Seat>, upcoming: u64) {
        self.part(slot, upcoming);
        self.leave_room(slot);
        let due = self.ports.get(usize::from(slot)).and_then(Option::as_ref).map(|port| port.due());
        let room = self.rooms.get_mut(usize::from(place)).and_then(Option::as_mut);
        let (Some(due), Some(room)) = (due, room) else { return self.retire(Retired::Seat(seat)) };
        let spoke = *room.spoke.get_or_insert(spoke_of(due));
        if let Some(seat) = room.seat(seat) {
            return self.retire(Retired::Seat(seat));
        }
        if let Some(Some(port)) = self.ports.get_mut(usize::from(slot)) {
            port.set_room(Some(place));
        }
        self.move_to_spoke(slot, spoke);
    }

    pub(super) fn leave_room(&mut self, slot: u16) {
        let Some(place) = self.room_of(slot) else { return };
        if let Some(Some(port)) = self.ports.get_mut(usize::from(slot)) {
            port.set_room(None);
        }
        if let Some(seat) = room_at(&mut self.rooms, place).and_then(|room| room.unseat(slot)) {
            self.retire(Retired::Seat(seat));
        }
    }

    fn room_of(&self, slot: u16) -> Option<u16> {
        self.ports.get(usize::from(slot))?.as_ref()?.room()
    }

    /// All rooms whose legs have heard in this turn.
    pub(super) fn mix_rooms(rooms: &mut [Option<Box<Room>>], ports: &[Place<W::Line>], turn: u64) {
        for room in rooms.iter_mut().flatten().filter(|room| room.spoke == Some(spoke_of(turn))) {
            room.mix(ports, turn);
        }
    }

    /// Tells what there is to tell of the rooms of this turn.
    pub(super) fn tell_rooms(&mut self, turn: u64) {
        let Deck { rooms, reporter, retired, .. } = self;
        for room in rooms.iter_mut().flatten().filter(|room| room.spoke == Some(spoke_of(turn))) {
            let id = room.id;
            room.playing_mut().tell(id, reporter, retired);
        }
    }
}

fn room_at(rooms: &mut [Option<Box<Room>>], place: u16) -> Option<&mut Room> {
    rooms.get_mut(usize::from(place))?.as_deref_mut()
}
