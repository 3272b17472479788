//! All connections: who has one, how many there may be.

use crate::connection::{Connection, End};
use crate::desk::Desk;
use crate::faults::SendFault;
use crate::handshakes::{Handshake, Handshakes};
use crate::limits::network;
use crate::opening::{self, OpenFault};
use crate::outbox::{Outbox, Refusal};
use crate::settings::{ConnectionLimits, TransportSettings};
use crate::tls::{Tls, names};
use crate::websocket;
use frontdesk_sip_stack::{Flow, SipInput, Transport};
use nix::sys::socket::{setsockopt, sockopt};
use rustls::pki_types::CertificateDer;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// How soon it is looked again whether a connection is gone whose addresses a new one has.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// After how much silence the machine asks whether the other side is there, and how often it asks again.
const SILENT_SECONDS: u32 = 60;
const PROBE_SECONDS: u32 = 10;
/// How long bytes may wait to be acknowledged, about as long as a transaction waits (RFC 3261 §17.1.1.2, timer B).
const UNTAKEN_MILLIS: u32 = 30_000;
/// How many places are remembered whose connection could not be opened; another one is forgotten for one more.
const OPEN_FAULTS_MAX: usize = 256;

/// The connections of all stream transports, and the tasks that serve them.
pub(crate) struct Connections {
    pub(crate) desk: Desk,
    pub(crate) limits: ConnectionLimits,
    opens_websockets: bool,
    pub(crate) tls: Arc<Tls>,
    handshakes: Arc<Handshakes>,
    table: Mutex<Table>,
    /// None once the transports are dropped.
    tasks: Mutex<Option<JoinSet<()>>>,
    runtime: Handle,
}

#[derive(Default)]
struct Table {
    by_flow: BTreeMap<Key, Entry>,
    opened: usize,
    accepted: usize,
    /// Accepted ones by source, as [`network`] tells sources apart. As large as `accepted` at most.
    by_source: BTreeMap<IpAddr, usize>,
    /// Accepted ones that were not served when they were last looked at, the oldest first.
    strangers: BTreeMap<u64, Arc<Outbox>>,
    last_id: u64,
    /// Why connections could not be opened, the last time each.
    faults: BTreeMap<(Transport, SocketAddr), OpenFault>,
}

/// A flow, ordered so that all connections to one place stand together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key(Transport, SocketAddr, SocketAddr);

struct Entry {
    id: u64,
    opened: bool,
    outbox: Arc<Outbox>,
}

impl From<&Flow> for Key {
    fn from(flow: &Flow) -> Self {
        Key(flow.transport, flow.remote, flow.local)
    }
}

impl Connections {
    /// Must be called on the runtime that is to serve the connections.
    pub(crate) fn new(desk: Desk, settings: &TransportSettings, tls: Tls) -> Arc<Self> {
        let TransportSettings { limits, opens_websockets, .. } = *settings;
        let (tasks, table) = (Mutex::new(Some(JoinSet::new())), Mutex::default());
        let (tls, runtime) = (Arc::new(tls), Handle::current());
        let handshakes = Handshakes::new(limits.handshakes_max, limits.handshakes_per_source_max);
        Arc::new(Connections { desk, limits, opens_websockets, tls, handshakes, table, tasks, runtime })
    }

    /// Ends every connection without a word.
    pub(crate) fn stop(&self) {
        // Dropping the set aborts its tasks.
        drop(self.lock_tasks().take());
    }

    /// Runs something until the transports are dropped.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(tasks) = self.lock_tasks().as_mut() {
            while tasks.try_join_next().is_some() {}
            tasks.spawn_on(task, &self.runtime);
        }
    }

    /// Gives a message to the flow's connection, which is opened if need be and possible.
    pub(crate) fn send(self: &Arc<Self>, flow: &Flow, bytes: &[u8]) -> Result<(), SendFault> {
        let mut table = self.lock();
        if let Some(entry) = table.by_flow.get(&flow.into()) {
            return entry.outbox.push(bytes.to_vec()).map_err(|refusal| match refusal {
                Refusal::Overflowed => SendFault::TooSlow,
                Refusal::Closed => SendFault::Closed,
            });
        }
        if !self.opens(flow.transport) {
            return Err(SendFault::Closed);
        }
        if table.opened >= self.limits.opened_max {
            return Err(SendFault::TooManyConnections);
        }
        let outbox = Arc::new(Outbox::default());
        outbox.push(bytes.to_vec()).map_err(|_| SendFault::TooLong)?;
        let id = table.enter(flow, outbox.clone(), true);
        drop(table);
        let (connections, flow) = (self.clone(), *flow);
        self.spawn(async move { connections.open(Seat { flow, id, outbox }).await });
        Ok(())
    }

    /// Whether connections of this transport are opened from here.
    pub(crate) fn opens(&self, transport: Transport) -> bool {
        self.opens_websockets || !matches!(transport, Transport::Ws | Transport::Wss)
    }

    /// The flow of a connection to there that stands already.
    pub(crate) fn standing(&self, remote: SocketAddr, transport: Transport) -> Option<Flow> {
        let unspecified = |version: SocketAddr| -> SocketAddr {
            let ip: IpAddr = match version {
                SocketAddr::V4(_) => std::net::Ipv4Addr::UNSPECIFIED.into(),
                SocketAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
            };
            SocketAddr::new(ip, 0)
        };
        let table = self.lock();
        let from = Key(transport, remote, unspecified(remote));
        let (Key(transport, found, local), _) = table.by_flow.range(from..).next()?;
        (*transport == from.0 && *found == remote).then_some(Flow {
            transport: *transport,
            local: *local,
            remote,
        })
    }

    /// Serves a connection that came in, or closes it if there are too many.
    pub(crate) fn accepted(self: &Arc<Self>, stream: TcpStream, transport: Transport) {
        let (Ok(remote), Ok(local)) = (stream.peer_addr(), stream.local_addr()) else { return };
        let flow = Flow { transport, local, remote };
        prepare(&stream);
        if transport == Transport::Tcp {
            if let Some(place) = self.place_for(remote.ip()) {
                self.spawn(self.clone().talk(stream, flow, Vec::new(), place));
            }
            return;
        }
        let handshake = self.handshakes.begin(remote.ip());
        self.spawn(self.clone().shake_hands(stream, flow, handshake));
    }

    /// A place for a connection whose handshakes are made; none if there are too many.
    fn place_for(self: &Arc<Self>, source: IpAddr) -> Option<Place> {
        let place = Place::take(self, source);
        let tally = &self.desk.tally;
        let count = if place.is_some() { &tally.accepted } else { &tally.refused_connections };
        count.add_one();
        place
    }

    async fn shake_hands(self: Arc<Self>, stream: TcpStream, flow: Flow, mut handshake: Handshake) {
        if !flow.transport.is_secure() {
            return self.upgrade(stream, flow, Vec::new(), handshake).await;
        }
        let Some(config) = self.tls.server() else { return };
        let accepting = TlsAcceptor::from(config).accept(stream);
        let Some(stream) = self.in_time(&flow, &mut handshake, accepting).await else { return };
        let names = proved_names(stream.get_ref().1.peer_certificates());
        // Else what is meant for the server that is expected there would go to whoever came from there.
        if !self.tls.is_who_is_expected(flow.remote, &names) {
            return self.no_handshake(&flow, &"it does not prove the name that is expected at its address");
        }
        if flow.transport == Transport::Wss {
            return self.upgrade(stream, flow, names, handshake).await;
        }
        if let Some(place) = self.place_for(flow.remote.ip()) {
            drop(handshake);
            self.talk(stream, flow, names, place).await;
        }
    }

    /// A handshake that may take so long, and that gives way where there are too many.
    async fn in_time<T, E: std::fmt::Display>(
        &self,
        flow: &Flow,
        handshake: &mut Handshake,
        shaking: impl Future<Output = Result<T, E>>,
    ) -> Option<T> {
        tokio::select! {
            shaken = timeout(self.limits.handshake, shaking) => match shaken {
                Ok(Ok(shaken)) => return Some(shaken),
                Ok(Err(error)) => self.no_handshake(flow, &error),
                Err(_) => self.no_handshake(flow, &OpenFault::TimedOut),
            },
            () = handshake.gives_way() => {
                self.desk.tally.handshake_gave_way.add_one();
                self.no_handshake(flow, &"it gave way to others");
            }
        }
        None
    }

    fn no_handshake(&self, flow: &Flow, why: &dyn std::fmt::Display) {
        tracing::debug!(remote = %flow.remote, transport = flow.transport.via_name(), %why, "no handshake");
        self.desk.tally.handshake_failed.add_one();
    }

    /// Makes a WebSocket of a stream, and talks SIP over it until the end.
    async fn upgrade<S>(self: Arc<Self>, stream: S, flow: Flow, names: Vec<String>, mut handshake: Handshake)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin,
    {
        let accepting = websocket::accept(stream);
        let Some(socket) = self.in_time(&flow, &mut handshake, accepting).await else { return };
        let Some(_place) = self.place_for(flow.remote.ip()) else { return };
        drop(handshake);
        let Some(seat) = self.enter(flow).await else { return };
        let connection = Connection::new(self.clone(), &seat, false, names);
        let end = connection.run_websocket(socket).await;
        self.leave(seat, connection, end).await;
    }

    /// Talks SIP over a stream with whoever connected, until the end.
    async fn talk<S>(self: Arc<Self>, stream: S, flow: Flow, names: Vec<String>, _place: Place)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin,
    {
        let Some(seat) = self.enter(flow).await else { return };
        let connection = Connection::new(self.clone(), &seat, false, names);
        let end = connection.run_stream(stream).await;
        self.leave(seat, connection, end).await;
    }

    async fn open(self: Arc<Self>, seat: Seat) {
        let within = self.limits.connect;
        let stream = match opening::connect(&seat.flow, within).await {
            Ok(stream) => stream,
            Err(fault) => return self.not_opened(seat, fault).await,
        };
        prepare(&stream);
        if !seat.flow.transport.is_secure() {
            return self.talk_first(stream, seat, Vec::new()).await;
        }
        match opening::secure(stream, &seat.flow, &self.tls, within).await {
            Ok(stream) => {
                let names = proved_names(stream.get_ref().1.peer_certificates());
                self.talk_first(stream, seat, names).await;
            }
            Err(fault) => self.not_opened(seat, fault).await,
        }
    }

    /// Talks SIP with whom this side connected to, until the end.
    async fn talk_first<S>(self: Arc<Self>, stream: S, seat: Seat, names: Vec<String>)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin,
    {
        if !matches!(seat.flow.transport, Transport::Ws | Transport::Wss) {
            let connection = self.opened(&seat, names);
            let end = connection.run_stream(stream).await;
            return self.leave(seat, connection, end).await;
        }
        let host = self.tls.client(seat.flow.remote).1;
        match opening::upgrade(stream, &seat.flow, &host, self.limits.connect).await {
            Ok(socket) => {
                let connection = self.opened(&seat, names);
                let end = connection.run_websocket(socket).await;
                self.leave(seat, connection, end).await;
            }
            Err(fault) => self.not_opened(seat, fault).await,
        }
    }

    fn opened(self: &Arc<Self>, seat: &Seat, names: Vec<String>) -> Connection {
        self.desk.tally.opened.add_one();
        self.lock().faults.remove(&(seat.flow.transport, seat.flow.remote));
        Connection::new(self.clone(), seat, true, names)
    }

    async fn not_opened(&self, seat: Seat, fault: OpenFault) {
        let remote = seat.flow.remote;
        tracing::debug!(%remote, %fault, "no connection could be opened");
        self.desk.tally.open_failed.add_one();
        self.lock().note_fault((seat.flow.transport, remote), fault);
        seat.outbox.abort();
        self.desk.tell(SipInput::TransportFailed { flow: seat.flow }).await;
        self.lock().remove(&seat);
    }

    /// Why the last connection to there could not be opened.
    pub(crate) fn open_fault(&self, remote: SocketAddr, transport: Transport) -> Option<OpenFault> {
        self.lock().faults.get(&(transport, remote)).cloned()
    }

    /// A place in the table for an accepted connection. One with the same addresses that is still there is dead: the
    /// machine would not have accepted this one else.
    async fn enter(&self, flow: Flow) -> Option<Seat> {
        let looking = async {
            loop {
                if let Some(seat) = self.enter_now(flow) {
                    return seat;
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        timeout(self.limits.handshake, looking).await.ok()
    }

    fn enter_now(&self, flow: Flow) -> Option<Seat> {
        let mut table = self.lock();
        if let Some(dead) = table.by_flow.get(&(&flow).into()) {
            dead.outbox.abort();
            return None;
        }
        let outbox = Arc::new(Outbox::default());
        let id = table.enter(&flow, outbox.clone(), false);
        Some(Seat { flow, id, outbox })
    }

    /// The desk hears of the end before a new connection can stand in this one's place, so that it never takes the end
    /// of the old for the end of the new.
    async fn leave(&self, seat: Seat, connection: Connection, end: End) {
        tracing::debug!(remote = %seat.flow.remote, why = %end, "a connection is closed");
        end.count(&self.desk.tally);
        seat.outbox.abort();
        if connection.is_known() {
            self.desk.tell(SipInput::FlowClosed { flow: seat.flow }).await;
        }
        self.lock().remove(&seat);
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_tasks(&self) -> MutexGuard<'_, Option<JoinSet<()>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn enter(&mut self, flow: &Flow, outbox: Arc<Outbox>, opened: bool) -> u64 {
        self.last_id += 1;
        self.opened += usize::from(opened);
        if !opened {
            self.strangers.insert(self.last_id, outbox.clone());
        }
        self.by_flow.insert(flow.into(), Entry { id: self.last_id, opened, outbox });
        self.last_id
    }

    fn note_fault(&mut self, place: (Transport, SocketAddr), fault: OpenFault) {
        if self.faults.len() >= OPEN_FAULTS_MAX && !self.faults.contains_key(&place) {
            self.faults.pop_first();
        }
        self.faults.insert(place, fault);
    }

    /// Whether there is room for one more accepted connection, made at the cost of a stranger's where need be.
    fn makes_room(&mut self, most: usize) -> bool {
        if self.accepted < most {
            return true;
        }
        // Those that are given up are counted until they are gone.
        self.accepted < most + most / 8 && self.give_up_a_stranger()
    }

    /// Who is served stays, and is looked at no more.
    fn give_up_a_stranger(&mut self) -> bool {
        while let Some((_, outbox)) = self.strangers.pop_first() {
            if !outbox.serves() {
                outbox.abort();
                return true;
            }
        }
        false
    }

    fn remove(&mut self, seat: &Seat) {
        self.strangers.remove(&seat.id);
        let key = Key::from(&seat.flow);
        if self.by_flow.get(&key).is_some_and(|entry| entry.id == seat.id)
            && let Some(entry) = self.by_flow.remove(&key)
        {
            self.opened -= usize::from(entry.opened);
        }
    }
}

/// One connection's place in the table.
pub(crate) struct Seat {
    pub(crate) flow: Flow,
    id: u64,
    pub(crate) outbox: Arc<Outbox>,
}

/// One accepted connection's share of the bounds, from when its handshakes are made.
struct Place {
    connections: Arc<Connections>,
    source: IpAddr,
}

impl Place {
    fn take(connections: &Arc<Connections>, source: IpAddr) -> Option<Place> {
        let source = network(source);
        let mut table = connections.lock();
        let of_source = table.by_source.get(&source).copied().unwrap_or_default();
        let limits = &connections.limits;
        if of_source >= limits.accepted_per_source_max || !table.makes_room(limits.accepted_max) {
            return None;
        }
        table.accepted += 1;
        table.by_source.insert(source, of_source + 1);
        Some(Place { connections: connections.clone(), source })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = self.connections.lock();
        table.accepted -= 1;
        match table.by_source.get_mut(&self.source) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                table.by_source.remove(&self.source);
            }
        }
    }
}

fn proved_names(chain: Option<&[CertificateDer<'_>]>) -> Vec<String> {
    chain.and_then(<[_]>::first).map(|own| names::proved(own)).unwrap_or_default()
}

/// Messages leave at once. The machine asks a silent other side whether it is still there, and gives up one that takes no
/// bytes, so that nobody waits long for a telephone that was switched off.
fn prepare(stream: &TcpStream) {
    // A machine that refuses any of these serves as well.
    let _ = stream.set_nodelay(true);
    let _ = setsockopt(stream, sockopt::KeepAlive, &true);
    let _ = setsockopt(stream, sockopt::TcpKeepIdle, &SILENT_SECONDS);
    let _ = setsockopt(stream, sockopt::TcpKeepInterval, &PROBE_SECONDS);
    let _ = setsockopt(stream, sockopt::TcpUserTimeout, &UNTAKEN_MILLIS);
}
