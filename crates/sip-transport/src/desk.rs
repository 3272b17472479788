//! The way of a stream's messages into the desk.
//!
//! A stream has what a datagram has not: its sender can be made to wait. So nothing of it is dropped. Who sends too
//! many messages is read more slowly, and what belongs to a call waits at its connection until the desk has room.

use crate::counters::Tally;
use crate::glance::{self, Kind};
use crate::intake::{Full, OFFER_AGAIN};
use crate::limits::{Budget, Limits, RESPONSES, Trusted};
use crate::overload::{self, Refused};
use frontdesk_identifiers::Moment;
use frontdesk_sip_stack::{Flow, SipInput};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

type Deliver = dyn Fn(SipInput) -> Result<(), Full> + Send + Sync;

/// What all streams share on their way in.
pub(crate) struct Desk {
    deliver: Box<Deliver>,
    pub(crate) tally: Arc<Tally>,
    requests: Mutex<Limits>,
    responses: Mutex<Limits>,
    trusted: Arc<Trusted>,
    started: Instant,
}

impl Desk {
    pub(crate) fn new(deliver: Box<Deliver>, trusted: Arc<Trusted>, tally: Arc<Tally>) -> Self {
        let (requests, responses) = Default::default();
        Desk { deliver, tally, requests, responses, trusted, started: Instant::now() }
    }

    /// Brings one message. Comes back when the desk has taken it, or with the refusal to send back.
    pub(crate) async fn bring(&self, flow: Flow, message: Vec<u8>) -> Brought {
        let kind = glance::kind(&message);
        self.tally.received.add_one();
        if kind == Kind::KeepAlive {
            self.tally.passed_over.add_one();
            return Brought { request: false, told: false, refusal: None };
        }
        let source = flow.remote.ip();
        if kind == Kind::Response {
            self.await_share(&self.responses, source, RESPONSES).await;
        } else {
            self.await_share(&self.requests, source, self.trusted.requests_of(source)).await;
        }
        let request = matches!(kind, Kind::Beginning | Kind::Within);
        let input = SipInput::Received { flow, bytes: message };
        if matches!(kind, Kind::Response | Kind::Within) {
            self.tell(input).await;
            return Brought { request, told: true, refusal: None };
        }
        match self.try_tell(input) {
            Err(Full(SipInput::Received { bytes, .. })) => {
                Brought { request, told: false, refusal: self.turned_away(flow, &bytes) }
            }
            _ => Brought { request, told: true, refusal: None },
        }
    }

    /// Tells what must not be lost, however long it takes.
    pub(crate) async fn tell(&self, input: SipInput) {
        let Err(Full(mut waiting)) = self.try_tell(input) else { return };
        self.tally.waited.add_one();
        loop {
            tokio::time::sleep(OFFER_AGAIN).await;
            match self.try_tell(waiting) {
                Ok(()) => return,
                Err(Full(input)) => waiting = input,
            }
        }
    }

    /// Tells it now or not at all.
    pub(crate) fn try_tell(&self, input: SipInput) -> Result<(), Full> {
        (self.deliver)(input)?;
        self.tally.delivered.add_one();
        Ok(())
    }

    async fn await_share(&self, limits: &Mutex<Limits>, source: IpAddr, budget: Budget) {
        let admitted = || {
            let now =
                Moment::from_nanos(u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX));
            limits.lock().unwrap_or_else(PoisonError::into_inner).admit(source, budget, now)
        };
        if admitted() {
            return;
        }
        self.tally.slowed.add_one();
        while !admitted() {
            tokio::time::sleep(OFFER_AGAIN).await;
        }
    }

    fn turned_away(&self, flow: Flow, message: &[u8]) -> Option<Vec<u8>> {
        let refusal = overload::refusal(message, flow.remote, Refused::Busy).map(|(bytes, _)| bytes);
        let counter = if refusal.is_some() { &self.tally.refused_busy } else { &self.tally.dropped_busy };
        counter.add_one();
        refusal
    }
}

/// What became of a message.
pub(crate) struct Brought {
    /// Whether it was a request.
    pub(crate) request: bool,
    /// Whether the desk has it.
    pub(crate) told: bool,
    /// What is to be answered instead of the desk.
    pub(crate) refusal: Option<Vec<u8>>,
}
