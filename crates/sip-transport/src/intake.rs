//! The door for datagrams: what is let in and waits its turn, what is turned away.

use crate::counters::Tally;
use crate::glance::{self, Kind};
use crate::limits::{Limits, RESPONSES, Trusted};
use crate::overload::{self, Refused};
use crate::stun;
use crate::udp::UdpSocket;
use frontdesk_identifiers::Moment;
use frontdesk_sip_stack::{Flow, SipInput};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// What `deliver` says when the desk can take nothing more at this moment; it gives the input back. A desk that
/// is closing may say the same: whoever calls then is told 503.
#[derive(Debug)]
pub struct Full(pub SipInput);

/// How many inputs that came as datagrams may wait for the desk. Beyond it they are dropped and counted in
/// [`dropped_busy`](crate::Counters::dropped_busy); the other side repeats what matters (RFC 3261 §17).
pub const WAITING_MAX: usize = 2_048;
/// While so many wait, a request that would begin something new is answered 503 with `Retry-After`, here and cheaply. What
/// belongs to a call already begun still finds room. As many take the desk a tenth to a third of a second, less than the half
/// second after which others repeat themselves (RFC 3261 §17.1.1.2).
pub const BEGINNINGS_WAITING_MAX: usize = 1_024;

/// How soon the desk is asked again whether it has room.
pub(crate) const OFFER_AGAIN: Duration = Duration::from_millis(5);

/// What came as datagrams and was not taken yet, in the order in which it came.
pub(crate) struct Intake {
    waiting: VecDeque<SipInput>,
    /// The desk gave one back: nothing new begins before all that waits was taken.
    is_full: bool,
    /// How many requests a source may send, and how many responses: who floods with the ones cannot keep out the
    /// others, which calls that stand wait for.
    requests: Limits,
    responses: Limits,
    trusted: Arc<Trusted>,
    tally: Arc<Tally>,
}

impl Intake {
    pub(crate) fn new(trusted: Arc<Trusted>, tally: Arc<Tally>) -> Self {
        let (requests, responses) = Default::default();
        Intake { waiting: VecDeque::new(), is_full: false, requests, responses, trusted, tally }
    }

    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The oldest that waits.
    pub(crate) fn next(&mut self) -> Option<SipInput> {
        let next = self.waiting.pop_front()?;
        self.tally.delivered.add_one();
        Some(next)
    }

    /// Offers what waits, in order, until the desk is full; whether it took all.
    pub(crate) fn offer(&mut self, deliver: &impl Fn(SipInput) -> Result<(), Full>) -> bool {
        while let Some(input) = self.waiting.pop_front() {
            if let Err(Full(input)) = deliver(input) {
                if !self.is_full {
                    self.tally.waited.add_one();
                }
                self.is_full = true;
                self.waiting.push_front(input);
                return false;
            }
            self.tally.delivered.add_one();
        }
        self.is_full = false;
        true
    }

    /// A datagram that nobody can answer.
    pub(crate) fn pass_over(&self) {
        self.tally.passed_over.add_one();
    }

    /// The machine could not give what came.
    pub(crate) fn miss(&self) {
        self.tally.receive_failed.add_one();
    }

    /// An ICMP error.
    pub(crate) fn fail(&mut self, flow: Flow) {
        self.tally.unreachable.add_one();
        self.let_in(SipInput::TransportFailed { flow });
    }

    /// A datagram of any kind.
    pub(crate) fn take(&mut self, socket: &UdpSocket, flow: Flow, datagram: &[u8], now: Moment) {
        self.tally.received.add_one();
        let kind = glance::kind(datagram);
        let source = flow.remote.ip();
        let admitted = match kind {
            Kind::KeepAlive => return self.keep_alive(socket, flow, datagram, now),
            Kind::Response => self.responses.admit(source, RESPONSES, now),
            _ => self.requests.admit(source, self.trusted.requests_of(source), now),
        };
        if !admitted {
            self.tally.dropped_over_rate.add_one();
            return;
        }
        let begins = matches!(kind, Kind::Beginning | Kind::Strange);
        let is_busy = (self.is_full && self.is_waiting()) || self.waiting.len() >= BEGINNINGS_WAITING_MAX;
        if begins && is_busy {
            self.turn_away(socket, flow, datagram);
        } else {
            self.let_in(SipInput::Received { flow, bytes: datagram.to_vec() });
        }
    }

    fn let_in(&mut self, input: SipInput) {
        if self.waiting.len() >= WAITING_MAX {
            self.tally.dropped_busy.add_one();
            return;
        }
        if self.is_full && self.is_waiting() {
            self.tally.waited.add_one();
        }
        self.waiting.push_back(input);
    }

    /// RFC 5626 §4.4.2: STUN is answered, at the price of a request; anything else is passed over.
    fn keep_alive(&mut self, socket: &UdpSocket, flow: Flow, datagram: &[u8], now: Moment) {
        let Some(answer) = stun::answer(datagram, flow.remote) else {
            self.tally.passed_over.add_one();
            return;
        };
        let source = flow.remote.ip();
        if !self.requests.admit(source, self.trusted.requests_of(source), now) {
            self.tally.dropped_over_rate.add_one();
        } else if socket.send(&flow, &answer).is_ok() {
            self.tally.stun_answered.add_one();
        } else {
            self.tally.send_failed.add_one();
        }
    }

    /// Answers a request that finds no room; what is no request is dropped.
    fn turn_away(&self, socket: &UdpSocket, flow: Flow, datagram: &[u8]) {
        let refusal = overload::refusal(datagram, flow.remote, Refused::Busy);
        let sent = refusal.map(|(bytes, remote)| socket.send(&Flow { remote, ..flow }, &bytes));
        match sent {
            Some(Ok(())) => self.tally.refused_busy.add_one(),
            Some(Err(_)) | None => self.tally.dropped_busy.add_one(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::STRANGER_REQUESTS;
    use frontdesk_sip_stack::Transport;
    use std::cell::{Cell, RefCell};
    use std::net::SocketAddr;

    const RESPONSE: &[u8] = b"SIP/2.0 200 OK\r\n\r\n";
    const OPTIONS: &[u8] =
        b"OPTIONS sip:desk SIP/2.0\r\nVia: SIP/2.0/UDP x;rport;branch=z9hG4bK1\r\nFrom: <sip:a@b>\r\n\
        To: <sip:desk>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n\r\n";
    const BYE: &[u8] = b"BYE sip:desk SIP/2.0\r\n\r\n";

    /// An intake, and the socket that its datagrams are said to have come by.
    struct Door {
        intake: Intake,
        socket: UdpSocket,
    }

    impl Door {
        fn new() -> Door {
            let socket = UdpSocket::open(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
            Door { intake: Intake::new(Arc::default(), Arc::default()), socket }
        }

        fn comes(&mut self, from: [u8; 4], datagram: &[u8]) {
            let remote = SocketAddr::from((from, 5060));
            let flow = Flow { transport: Transport::Udp, local: self.socket.bound(), remote };
            self.intake.take(&self.socket, flow, datagram, Moment::ZERO);
        }

        fn taken(&mut self) -> usize {
            std::iter::from_fn(|| self.intake.next()).count()
        }
    }

    #[test]
    fn a_flood_of_requests_is_cut_while_responses_and_other_sources_pass() {
        let mut door = Door::new();
        let burst = STRANGER_REQUESTS.burst;
        let mut taken = 0;
        for _ in 0..burst + 10 {
            door.comes([192, 0, 2, 1], OPTIONS);
            taken += door.taken();
        }
        assert_eq!(taken, usize::try_from(burst).unwrap());
        door.comes([192, 0, 2, 1], RESPONSE);
        door.comes([192, 0, 2, 2], OPTIONS);
        assert_eq!(door.taken(), 2);
        assert_eq!(door.intake.tally.read().dropped_over_rate, 10);

        for _ in 0..RESPONSES.burst {
            door.comes([192, 0, 2, 1], RESPONSE);
            door.taken();
        }
        let dropped = door.intake.tally.read().dropped_over_rate;
        assert_eq!(dropped, 11, "responses that nobody asked for are a flood too");
    }

    #[test]
    fn a_desk_that_lags_refuses_the_new_and_keeps_what_belongs_to_calls() {
        let mut door = Door::new();
        for _ in 0..BEGINNINGS_WAITING_MAX {
            door.comes([127, 0, 0, 1], OPTIONS);
        }
        for datagram in [OPTIONS, BYE, RESPONSE, OPTIONS] {
            door.comes([127, 0, 0, 1], datagram);
        }
        let counters = door.intake.tally.read();
        assert_eq!((counters.refused_busy, counters.dropped_busy), (2, 0));
        assert_eq!(door.taken(), BEGINNINGS_WAITING_MAX + 2);
        door.comes([127, 0, 0, 1], OPTIONS);
        assert_eq!(door.taken(), 1, "it caught up");
    }

    #[test]
    fn the_queue_is_bounded_and_its_oldest_stay() {
        let mut door = Door::new();
        for _ in 0..WAITING_MAX {
            door.comes([127, 0, 0, 1], BYE);
        }
        door.comes([127, 0, 0, 1], RESPONSE);
        assert_eq!(door.intake.tally.read().dropped_busy, 1);
        let bytes = |input| match input {
            SipInput::Received { bytes, .. } => bytes,
            other => panic!("{other:?}"),
        };
        assert!(std::iter::from_fn(|| door.intake.next()).all(|input| bytes(input) == BYE));
    }

    #[test]
    fn what_a_full_desk_gives_back_keeps_its_place_and_nothing_new_overtakes_it() {
        let mut door = Door::new();
        let (places, came) = (Cell::new(0_usize), RefCell::new(Vec::new()));
        let desk = |input| match (places.get().checked_sub(1), input) {
            (Some(left), SipInput::Received { bytes, .. }) => {
                places.set(left);
                came.borrow_mut().push(bytes);
                Ok(())
            }
            (_, input) => Err(Full(input)),
        };
        for datagram in [BYE, OPTIONS, RESPONSE] {
            door.comes([127, 0, 0, 1], datagram);
            assert!(!door.intake.offer(&desk));
        }
        places.set(1);
        assert!(!door.intake.offer(&desk));
        door.comes([127, 0, 0, 1], OPTIONS);
        places.set(9);
        assert!(door.intake.offer(&desk));
        door.comes([127, 0, 0, 1], OPTIONS);
        assert!(door.intake.offer(&desk));
        assert_eq!(
            *came.borrow(),
            [BYE, RESPONSE, OPTIONS],
            "the two that came while others waited were refused"
        );
        let counters = door.intake.tally.read();
        assert_eq!((counters.refused_busy, counters.waited, counters.delivered), (2, 2, 3));
    }
}
