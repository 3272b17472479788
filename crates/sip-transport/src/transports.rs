//! All sockets of SIP together.

use crate::counters::{Counters, Tally};
use crate::faults::{RouteFault, SendFault, TransportFault};
use crate::glance::{self, Kind};
use crate::intake::{Full, Intake};
use crate::limits::Limits;
use crate::listen_address::ListenAddress;
use crate::overload;
use crate::udp::{ReadBuffer, UdpSocket, is_unreachable};
use frontdesk_identifiers::Moment;
use frontdesk_sip_stack::{Flow, SipInput, Transport};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::AbortHandle;

/// How many datagrams and how many ICMP errors are read before other tasks have their turn.
const BATCH_MAX: usize = 64;
/// How soon the desk is asked again whether it has room.
const OFFER_AGAIN: Duration = Duration::from_millis(5);

/// The open sockets. Dropping them closes them.
pub struct Transports {
    sockets: Vec<Arc<UdpSocket>>,
    readers: Vec<AbortHandle>,
    /// Where failures to send are told.
    deliver: Box<dyn Fn(SipInput) -> Result<(), Full> + Send + Sync>,
    tally: Arc<Tally>,
}

impl Transports {
    /// Opens a socket for each address and reads from it, on the tokio runtime that this is called in, until
    /// the transports are dropped.
    ///
    /// `deliver` gets each input that is not turned away here; it must not wait. It is called from the runtime's
    /// threads, a socket's inputs in order. An unspecified IPv6 address is passed over on a machine without
    /// IPv6, as long as another address can be had.
    pub async fn start<D>(listen: &[ListenAddress], deliver: D) -> Result<Transports, TransportFault>
    where
        D: Fn(SipInput) -> Result<(), Full> + Send + Sync + Clone + 'static,
    {
        let mut sockets = Vec::with_capacity(listen.len());
        for (index, ListenAddress { transport, address }) in listen.iter().copied().enumerate() {
            if transport != Transport::Udp {
                return Err(TransportFault::NotSpoken { address });
            }
            let before = listen.get(..index).unwrap_or_default();
            if address.port() != 0 && before.iter().any(|other| other.address == address) {
                return Err(TransportFault::Twice { address });
            }
            match UdpSocket::open(address).map_err(|source| TransportFault::of(address, source)) {
                Ok(socket) => sockets.push(Arc::new(socket)),
                Err(TransportFault::NoSuchIpVersion { .. }) if address.ip().is_unspecified() => {
                    tracing::warn!(%address, "this machine does not speak that IP version; not listening there");
                }
                Err(fault) => return Err(fault),
            }
        }
        if sockets.is_empty() {
            return Err(TransportFault::NothingToListenOn);
        }
        let tally = Arc::new(Tally::default());
        let readers = sockets.iter().map(|socket| {
            tracing::info!(address = %socket.bound(), "SIP is listened for on UDP");
            let reader = Reader {
                socket: socket.clone(),
                intake: Intake::new(deliver.clone(), tally.clone()),
                requests: Limits::default(),
                responses: Limits::default(),
                started: Instant::now(),
                tally: tally.clone(),
            };
            tokio::spawn(reader.read_for_ever()).abort_handle()
        });
        let readers = readers.collect();
        Ok(Transports { sockets, readers, deliver: Box::new(deliver), tally })
    }

    /// Sends a message over a flow, from its local address. It never waits and may be called from any thread.
    ///
    /// A fault that repeating cannot mend is also delivered as
    /// [`TransportFailed`](SipInput::TransportFailed), like an ICMP error: the caller needs only log it.
    pub fn send(&self, flow: &Flow, bytes: &[u8]) -> Result<(), SendFault> {
        let socket = self.sockets.iter().find(|socket| socket.serves(flow.local));
        let sent = socket.ok_or(SendFault::NoSocket).and_then(|socket| send(socket, flow, bytes));
        match sent {
            Ok(()) => self.tally.sent.add_one(),
            Err(SendFault::Busy) => self.tally.send_busy.add_one(),
            Err(_) => {
                self.tally.send_failed.add_one();
                // A desk that is too full to hear of it finds out when its own timer runs out.
                let _ = (self.deliver)(SipInput::TransportFailed { flow: *flow });
            }
        }
        sent
    }

    /// What is listened on, in the order of the configuration; a port 0 there is the real one here, and an
    /// unspecified address stays so.
    pub fn local_addresses(&self) -> Vec<SocketAddr> {
        self.sockets.iter().map(|socket| socket.bound()).collect()
    }

    /// The flow over which a call to `remote` goes: from the address that the machine's routes choose, through
    /// the first socket that can send from it.
    pub fn flow_to(&self, remote: SocketAddr) -> Result<Flow, RouteFault> {
        let remote = match remote.ip().to_canonical() {
            IpAddr::V4(v4) => SocketAddr::new(v4.into(), remote.port()),
            IpAddr::V6(_) => remote,
        };
        let routed = routed_source(remote).ok_or(RouteFault::NoRoute { remote })?;
        let of_its_kind = self.sockets.iter().map(|socket| socket.bound()).filter(|bound| {
            bound.is_ipv4() == remote.is_ipv4()
                && (bound.ip().is_unspecified() || bound.ip().is_loopback() == remote.ip().is_loopback())
        });
        let chosen = of_its_kind
            .clone()
            .find(|bound| bound.ip().is_unspecified() || bound.ip() == routed.ip())
            .or_else(|| of_its_kind.clone().next())
            .ok_or(RouteFault::NoListener { remote })?;
        let mut local = if chosen.ip().is_unspecified() { routed } else { chosen };
        local.set_port(chosen.port());
        Ok(Flow { transport: Transport::Udp, local, remote })
    }

    /// What went through so far.
    pub fn counters(&self) -> Counters {
        self.tally.read()
    }
}

impl std::fmt::Debug for Transports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Transports").field(&self.local_addresses()).finish()
    }
}

impl Drop for Transports {
    fn drop(&mut self) {
        self.readers.iter().for_each(AbortHandle::abort);
    }
}

fn send(socket: &UdpSocket, flow: &Flow, bytes: &[u8]) -> Result<(), SendFault> {
    socket.send(flow, bytes).map_err(|error| match error.raw_os_error() {
        _ if error.kind() == io::ErrorKind::WouldBlock => SendFault::Busy,
        Some(nix::libc::ENOBUFS | nix::libc::ENOMEM) => SendFault::Busy,
        Some(nix::libc::EMSGSIZE) => SendFault::TooLong,
        _ => SendFault::Unreachable,
    })
}

/// The local address from which the machine would send there: connecting a datagram socket asks the routing
/// table and sends nothing.
fn routed_source(remote: SocketAddr) -> Option<SocketAddr> {
    let anywhere: IpAddr =
        if remote.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let probe = std::net::UdpSocket::bind((anywhere, 0)).ok()?;
    probe.connect(remote).ok()?;
    probe.local_addr().ok().filter(|local| !local.ip().is_unspecified())
}

/// The task that reads one socket.
struct Reader<D> {
    socket: Arc<UdpSocket>,
    intake: Intake<D>,
    /// How many requests a source may send, and how many responses: who floods with the ones cannot keep out the
    /// others, which calls that stand wait for.
    requests: Limits,
    responses: Limits,
    started: Instant,
    tally: Arc<Tally>,
}

impl<D: Fn(SipInput) -> Result<(), Full>> Reader<D> {
    async fn read_for_ever(mut self) {
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
            self.tally.passed_over.add_one();
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

    /// Answers a request that finds no room; what is no request is dropped.
    fn turn_away(&self, flow: Flow, datagram: &[u8]) {
        let refusal = overload::refusal(datagram, flow.remote);
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

    #[tokio::test]
    async fn a_flood_of_requests_is_cut_while_responses_and_other_sources_pass() {
        let socket = Arc::new(UdpSocket::open(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap());
        let tally = Arc::new(Tally::default());
        let intake = Intake::new(|_| Ok(()), tally.clone());
        let (started, requests, responses) = (Instant::now(), Limits::default(), Limits::default());
        let mut reader =
            Reader { socket: socket.clone(), intake, requests, responses, started, tally: tally.clone() };
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
