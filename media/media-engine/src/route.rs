//! Who hears whom in this tick.

use crate::deck::Place;
use crate::port::Port;
use frontdesk_audio::LentFrame;

/// What the other leg of a bridge says in this tick, lent to the one that hears it.
#[derive(Clone, Copy)]
pub(crate) struct Partner<'a> {
    pub(crate) frame: LentFrame<'a>,
}

impl<'a> Partner<'a> {
    /// A leg, and what its partner says, if it has one that has heard in this turn.
    pub(crate) fn find<L>(
        ports: &'a mut [Place<L>],
        slot: u16,
        turn: u64,
    ) -> (Option<&'a mut Port<L>>, Option<Partner<'a>>) {
        let slot = usize::from(slot);
        let Some(Some(port)) = ports.get(slot) else { return (None, None) };
        let Some(partner) = port.partner().map(usize::from) else {
            return (ports.get_mut(slot).and_then(Option::as_deref_mut), None);
        };
        match ports.get_disjoint_mut([slot, partner]) {
            Ok([port, partner]) => {
                let partner = partner.as_deref().and_then(|partner| partner.said(turn));
                (port.as_deref_mut(), partner.map(|frame| Partner { frame }))
            }
            Err(_) => (None, None),
        }
    }
}

/// Makes two legs partners; nothing if one of them is not there.
pub(crate) fn join<L>(
    ports: &mut [Place<L>],
    first: u16,
    second: u16,
) -> Option<(&mut Port<L>, &mut Port<L>)> {
    let [one, other] = ports.get_disjoint_mut([usize::from(first), usize::from(second)]).ok()?;
    let (one, other) = (one.as_deref_mut()?, other.as_deref_mut()?);
    one.set_partner(Some(second));
    other.set_partner(Some(first));
    Some((one, other))
}
