//! The task that reads one UDP socket.

use crate::counters::Tally;
use crate::faults::SendFault;
use crate::glance::{self, Kind};
use crate::intake::{Full, Intake, OFFER_AGAIN};
use crate::limits::Limits;
use crate::overload::{self, Refused};
use crate::stun;
use crate::udp::{ReadBuffer, UdpSocket, is_unreachable};
use frontdesk_identifiers::Moment;
use frontdesk_sip_stack::{Flow, SipInput};
use std::io;
use std::sync::Arc;
use std::time::Instant;

/// How many datagrams and how many ICMP errors are read before other tasks have their turn.
const BATCH_MAX: usize = 64;

/// Sends a datagram, and says in words what the machine says in numbers.
pub(crate) fn send(socket: &UdpSocket, flow: &Flow, bytes: &[u8]) -> Result<(), SendFault> {
    socket.send(flow, bytes).map_err(|error| match error.raw_os_error() {
        _ if error.kind() == io::ErrorKind::WouldBlock => SendFault::Busy,
        Some(nix::libc::ENOBUFS | nix::libc::ENOMEM) => SendFault::Busy,
        Some(nix::libc::EMSGSIZE) => SendFault::TooLong,
        _ => SendFault::Unreachable,
    })
}

/// The task that reads one socket.
pub(crate) struct UdpReader<D> {
    pub(crate) socket: Arc<UdpSocket>,
    pub(crate) intake: Intake<D>,
    /// How many requests a source may send, and how many responses: who floods with the ones cannot keep out the
    /// others, which calls that stand wait for.
    pub(crate) requests: Limits,
    pub(crate) responses: Limits,
    pub(crate) started: Instant,
    pub(crate) tally: Arc<Tally>,
}

impl<D: Fn(SipInput) -> Result<(), Full>> UdpReader<D> {
    pub(crate) async fn read_for_ever(mut self) {
        let mut buffer = ReadBuffer::new();
        loop {
            tokio::select! {
                ready = self.socket.ready() => {
                    if ready.is_err() {
                        // The runtime is shutting down.
                        return;
                    }
                    self.read_batch(&mut buffer);
                    self.read_failures(&mut buffer);
                    tokio::task::yield_now().await;
                }
                () = tokio::time::sleep(OFFER_AGAIN), if self.intake.is_waiting() => {}
            }
            // Also after reading: a stream of datagrams must not keep the waiting ones out.
            self.intake.offer_again();
        }
    }

    fn read_batch(&mut self, buffer: &mut ReadBuffer) {
        let now = Moment::from_nanos(u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX));
        let socket = self.socket.clone();
        for _ in 0..BATCH_MAX {
            match socket.receive(buffer) {
                Ok(Some(datagram)) => {
                    self.tally.received.add_one();
                    self.take(datagram.flow, datagram.bytes, now);
                }
                Ok(None) => self.tally.passed_over.add_one(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // An ICMP error is told here too; the error queue says whom it concerns.
                Err(error) if is_unreachable(&error) => {}
                Err(_) => self.tally.receive_failed.add_one(),
            }
        }
    }

    fn read_failures(&mut self, buffer: &mut ReadBuffer) {
        for _ in 0..BATCH_MAX {
            match self.socket.receive_failure(buffer) {
                Ok(Some(flow)) => {
                    self.tally.unreachable.add_one();
                    self.intake.bring(SipInput::TransportFailed { flow });
                }
                Ok(None) => {}
                Err(_) => return,
            }
        }
    }

    fn take(&mut self, flow: Flow, datagram: &[u8], now: Moment) {
        let kind = glance::kind(datagram);
        if kind == Kind::KeepAlive {
            self.keep_alive(flow, datagram, now);
            return;
        }
        let limits = if kind == Kind::Response { &mut self.responses } else { &mut self.requests };
        if !limits.admit(flow.remote.ip(), now) {
            self.tally.dropped_over_rate.add_one();
            return;
        }
        let input = SipInput::Received { flow, bytes: datagram.to_vec() };
        match kind {
            Kind::Response | Kind::Within => self.intake.bring(input),
            Kind::Beginning | Kind::Strange | Kind::KeepAlive => {
                if self.intake.try_now(input).is_err() {
                    self.turn_away(flow, datagram);
                }
            }
        }
    }

    /// RFC 5626 §4.4.2: STUN is answered, at the price of a request; anything else is passed over.
    fn keep_alive(&mut self, flow: Flow, datagram: &[u8], now: Moment) {
        let Some(answer) = stun::answer(datagram, flow.remote) else {
            self.tally.passed_over.add_one();
            return;
        };
        if !self.requests.admit(flow.remote.ip(), now) {
            self.tally.dropped_over_rate.add_one();
        } else if send(&self.socket, &flow, &answer).is_ok() {
            self.tally.stun_answered.add_one();
        } else {
            self.tally.send_failed.add_one();
        }
    }

    /// Answers a request that finds no room; what is no request is dropped.
    fn turn_away(&self, flow: Flow, datagram: &[u8]) {
        let refusal = overload::refusal(datagram, flow.remote, Refused::Busy);
        let sent = refusal.map(|(bytes, remote)| send(&self.socket, &Flow { remote, ..flow }, &bytes));
        match sent {
            Some(Ok(())) => self.tally.refused_busy.add_one(),
            Some(Err(_)) | None => self.tally.dropped_busy.add_one(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::REQUEST_BURST;
    use frontdesk_sip_stack::Transport;
    use std::net::SocketAddr;

    #[tokio::test]
    async fn a_flood_of_requests_is_cut_while_responses_and_other_sources_pass() {
        let socket = Arc::new(UdpSocket::open(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap());
        let tally = Arc::new(Tally::default());
        let intake = Intake::new(|_| Ok(()), tally.clone());
        let (started, requests, responses) = (Instant::now(), Limits::default(), Limits::default());
        let mut reader =
            UdpReader { socket: socket.clone(), intake, requests, responses, started, tally: tally.clone() };
        let flow_from = |last: u8| Flow {
            transport: Transport::Udp,
            local: socket.bound(),
            remote: SocketAddr::from(([192, 0, 2, last], 5060)),
        };
        let (request, response) = (b"OPTIONS sip:desk SIP/2.0\r\n\r\n", b"SIP/2.0 200 OK\r\n\r\n");
        for _ in 0..REQUEST_BURST + 10 {
            reader.take(flow_from(1), request, Moment::ZERO);
        }
        assert_eq!(tally.read().dropped_over_rate, 10);
        reader.take(flow_from(1), response, Moment::ZERO);
        reader.take(flow_from(2), request, Moment::ZERO);
        let counters = tally.read();
        assert_eq!(counters.delivered, u64::from(REQUEST_BURST) + 2);
        assert_eq!(counters.dropped_over_rate, 10);

        for _ in 0..REQUEST_BURST {
            reader.take(flow_from(1), response, Moment::ZERO);
        }
        assert_eq!(tally.read().dropped_over_rate, 11, "responses that nobody asked for are a flood too");
    }
}
