//! The door of the desk: what is let in, what waits, what is turned away.

use crate::counters::Tally;
use frontdesk_sip_stack::SipInput;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// What `deliver` says when the desk can take nothing more at this moment; it gives the input back. A desk that
/// is closing may say the same: whoever calls then is told 503.
#[derive(Debug)]
pub struct Full(pub SipInput);

/// How many inputs of one socket may wait for the desk. Beyond it they are dropped and counted in
/// [`dropped_busy`](crate::Counters::dropped_busy); the other side repeats what matters (RFC 3261 §17).
pub const WAITING_MAX: usize = 512;

/// How soon the desk is asked again whether it has room.
pub(crate) const OFFER_AGAIN: Duration = Duration::from_millis(5);

/// One socket's way into the desk.
pub(crate) struct Intake<D> {
    deliver: D,
    /// What belongs to calls already begun and found no room, the oldest first.
    waiting: VecDeque<SipInput>,
    tally: Arc<Tally>,
}

impl<D: Fn(SipInput) -> Result<(), Full>> Intake<D> {
    pub(crate) fn new(deliver: D, tally: Arc<Tally>) -> Self {
        Intake { deliver, waiting: VecDeque::new(), tally }
    }

    /// Whether something waits, so that [`offer_again`](Intake::offer_again) must be called soon.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Offers what waits, in order, until the desk is full again.
    pub(crate) fn offer_again(&mut self) {
        while let Some(input) = self.waiting.pop_front() {
            if let Err(Full(input)) = (self.deliver)(input) {
                self.waiting.push_front(input);
                return;
            }
            self.tally.delivered.add_one();
        }
    }

    /// Brings what belongs to something begun: it is let in or waits behind what waits already.
    pub(crate) fn bring(&mut self, input: SipInput) {
        let input = match self.try_now(input) {
            Ok(()) => return,
            Err(input) => input,
        };
        if self.waiting.len() >= WAITING_MAX {
            self.tally.dropped_busy.add_one();
            return;
        }
        self.tally.waited.add_one();
        self.waiting.push_back(input);
    }

    /// Brings what begins something new: it is let in or given back. It never overtakes what waits.
    pub(crate) fn try_now(&mut self, input: SipInput) -> Result<(), SipInput> {
        self.offer_again();
        if self.is_waiting() {
            return Err(input);
        }
        (self.deliver)(input).map_err(|Full(input)| input)?;
        self.tally.delivered.add_one();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::{Cell, RefCell};

    /// A desk with a number of free places, which remembers who came. Inputs are told apart by their datagram.
    struct Desk {
        places: Cell<usize>,
        came: RefCell<Vec<u8>>,
    }

    fn input(number: u8) -> SipInput {
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], 5060));
        let transport = frontdesk_sip_stack::Transport::Udp;
        let flow = frontdesk_sip_stack::Flow { transport, local: address, remote: address };
        SipInput::Received { flow, bytes: vec![number] }
    }

    impl Desk {
        fn with_places(places: usize) -> Self {
            Desk { places: Cell::new(places), came: RefCell::default() }
        }

        fn deliver(&self, input: SipInput) -> Result<(), Full> {
            if self.places.get() == 0 {
                return Err(Full(input));
            }
            self.places.set(self.places.get() - 1);
            if let SipInput::Received { bytes, .. } = input {
                self.came.borrow_mut().extend(bytes);
            }
            Ok(())
        }
    }

    #[test]
    fn what_waits_keeps_its_order_and_nothing_new_overtakes_it() {
        let desk = Desk::with_places(1);
        let tally = Arc::new(Tally::default());
        let mut intake = Intake::new(|input| desk.deliver(input), tally.clone());
        for number in 1..=3 {
            intake.bring(input(number));
        }
        assert!(intake.try_now(input(9)).is_err());
        desk.places.set(1);
        assert!(intake.try_now(input(9)).is_err(), "one place, and two wait for it");
        desk.places.set(3);
        intake.bring(input(4));
        assert!(intake.try_now(input(5)).is_ok());
        assert_eq!(*desk.came.borrow(), [1, 2, 3, 4, 5]);
        let counters = tally.read();
        assert_eq!((counters.delivered, counters.waited, counters.dropped_busy), (5, 2, 0));
    }

    #[test]
    fn the_queue_is_bounded_and_its_oldest_stay() {
        let desk = Desk::with_places(0);
        let tally = Arc::new(Tally::default());
        let mut intake = Intake::new(|input| desk.deliver(input), tally.clone());
        for _ in 0..WAITING_MAX {
            intake.bring(input(1));
        }
        intake.bring(input(2));
        desk.places.set(usize::MAX);
        intake.offer_again();
        assert!(!intake.is_waiting());
        assert_eq!(*desk.came.borrow(), vec![1; WAITING_MAX]);
        assert_eq!(tally.read().dropped_busy, 1);
    }
}
