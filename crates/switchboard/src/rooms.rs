//! Rooms by their names: callers whom flows put through to the same one hear each other.

use crate::call::Call;
use crate::desk::Desk;
use frontdesk_call_flow::{FlowEvent, RoomName, TransferOutcome};
use frontdesk_call_record::{Fact, TransferKind};
use frontdesk_identifiers::{LegId, TenantId};
use frontdesk_media_protocol::{Audience, MediaCommand, RoomId};
use std::collections::{BTreeMap, BTreeSet};

/// Who is in which room of this node. Names are those that flows use; a room is forgotten with its last leg.
#[derive(Debug, Default)]
pub(crate) struct Rooms {
    open: BTreeMap<(TenantId, RoomName), Room>,
    next: u64,
}

#[derive(Debug)]
struct Room {
    id: RoomId,
    legs: BTreeSet<LegId>,
}

impl Rooms {
    /// A leg comes into a tenant's room, which begins with the first.
    fn enter(&mut self, tenant: &TenantId, name: &RoomName, leg: LegId) -> RoomId {
        let next = &mut self.next;
        let room = self.open.entry((tenant.clone(), name.clone())).or_insert_with(|| {
            *next += 1;
            Room { id: RoomId(*next), legs: BTreeSet::new() }
        });
        room.legs.insert(leg);
        room.id
    }

    /// A leg is in no room any more; the one that it was in.
    pub fn leave(&mut self, leg: LegId) -> Option<RoomId> {
        let (name, room) = self.open.iter_mut().find(|(_, room)| room.legs.contains(&leg))?;
        let (name, id) = (name.clone(), room.id);
        room.legs.remove(&leg);
        if room.legs.is_empty() {
            self.open.remove(&name);
        }
        Some(id)
    }
}

impl Call {
    /// The caller comes into a room, for as long as it stays on the line.
    pub fn enter_room(&mut self, name: &RoomName, desk: &mut Desk<'_>) {
        let leg = self.caller.id;
        let room = desk.out.rooms.enter(&self.party.tenant, name, leg);
        let target = format!("room:{name}").into();
        self.record.tell(Fact::TransferStarted { target, kind: TransferKind::Flow }, desk);
        self.record.tell(Fact::TransferAnswered, desk);
        desk.out.media(MediaCommand::JoinRoom { leg, room, audience: Audience::Everybody, announced: true });
        self.tell_flow(FlowEvent::TransferAnswered, desk);
    }

    /// There is no place in the room: the flow says what follows.
    pub fn room_full(&mut self, leg: LegId, desk: &mut Desk<'_>) {
        if desk.out.rooms.leave(leg).is_some() {
            self.transfer_ended(TransferOutcome::Unreachable, desk);
        }
    }
}
