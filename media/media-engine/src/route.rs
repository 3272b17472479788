//! Who hears whom in this tick.

use crate::conference::{Mixed, Room};
use crate::deck::Place;
use crate::port::Port;
use frontdesk_audio::LentFrame;

/// What comes from elsewhere for a leg's party in this tick.
#[derive(Clone, Copy)]
pub(crate) enum OtherSide<'a> {
    /// There is nobody.
    Nobody,
    /// What a bridge's other leg says, lent to the one that hears it.
    Says(LentFrame<'a>),
    /// What the others in a room say.
    Mixed(Mixed<'a>),
    /// There is somebody, whose next sound still waits for its time.
    Waits,
    /// It goes to the party as it comes, and not by ticks.
    PassesOn,
}

impl<'a> OtherSide<'a> {
    /// A leg, and what its partner or its room says, if they have heard in this turn.
    pub(crate) fn find<L>(
        ports: &'a mut [Place<L>],
        rooms: &'a [Option<Box<Room>>],
        slot: u16,
        turn: u64,
    ) -> (Option<&'a mut Port<L>>, OtherSide<'a>) {
        let name = slot;
        let slot = usize::from(slot);
        let Some(Some(port)) = ports.get(slot) else { return (None, OtherSide::Nobody) };
        if let Some(room) = port.room().and_then(|place| rooms.get(usize::from(place))?.as_deref()) {
            return (ports.get_mut(slot).and_then(Option::as_deref_mut), room.heard_by(name));
        }
        let Some(partner) = port.partner().map(usize::from) else {
            return (ports.get_mut(slot).and_then(Option::as_deref_mut), OtherSide::Nobody);
        };
        match ports.get_disjoint_mut([slot, partner]) {
            Ok([port, partner]) => {
                let partner = partner.as_deref().map_or(OtherSide::Nobody, |partner| partner.says(turn));
                (port.as_deref_mut(), partner)
            }
            Err(_) => (None, OtherSide::Nobody),
        }
    }
}

/// Two legs, if both are there.
pub(crate) fn pair<L>(ports: &mut [Place<L>], one: u16, other: u16) -> Option<(&mut Port<L>, &mut Port<L>)> {
    let [one, other] = ports.get_disjoint_mut([usize::from(one), usize::from(other)]).ok()?;
    Some((one.as_deref_mut()?, other.as_deref_mut()?))
}

/// Makes two legs partners; nothing if one of them is not there.
pub(crate) fn join<L>(
    ports: &mut [Place<L>],
    first: u16,
    second: u16,
) -> Option<(&mut Port<L>, &mut Port<L>)> {
    let (one, other) = pair(ports, first, second)?;
    one.set_partner(Some(second));
    other.set_partner(Some(first));
    Some((one, other))
}
