//! All sockets of SIP together.

use crate::connections::Connections;
use crate::counters::{Counters, Tally};
use crate::datagrams::Datagrams;
use crate::desk::Desk;
use crate::faults::{NotAHost, RouteFault, SendFault, TransportFault};
use crate::intake::{Full, Intake};
use crate::keep_alive::KeptAlive;
use crate::limits::Trusted;
use crate::listen_address::ListenAddress;
use crate::listener::Listener;
use crate::opening::OpenFault;
use crate::settings::TransportSettings;
use crate::tls::Tls;
use crate::tls::faults::TlsFault;
use crate::tls::files::CertificateStatus;
use crate::tls::settings::TlsSettings;
use crate::udp::UdpSocket;
use crate::udp_reader::UdpReader;
use frontdesk_sip_stack::{Flow, SipInput, Transport};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

/// The open sockets. Dropping them closes them, and every connection.
pub struct Transports {
    sockets: Vec<Arc<UdpSocket>>,
    connections: Arc<Connections>,
    kept_alive: Arc<KeptAlive>,
    /// What is listened on, in the order of the settings.
    listening: Vec<ListenAddress>,
    trusted: Arc<Trusted>,
    tally: Arc<Tally>,
}

/// One address that was opened.
enum Opened {
    Datagrams(Arc<UdpSocket>),
    Connections(Listener),
}

impl Transports {
    /// Opens a socket for each address and serves it, on the tokio runtime that this is called in, until the
    /// transports are dropped.
    ///
    /// `deliver` gets each input that is not turned away here; it must not wait. It is called from the runtime's
    /// threads, the inputs of one UDP socket or of one connection in order. An unspecified IPv6 address is passed over
    /// on a machine without IPv6, as long as another address can be had.
    ///
    /// # Errors
    /// See [`TransportFault`]; nothing is left open then.
    pub async fn start<D>(settings: &TransportSettings, deliver: D) -> Result<Transports, TransportFault>
    where
        D: Fn(SipInput) -> Result<(), Full> + Send + Sync + Clone + 'static,
    {
        let transports = Transports::open(settings, deliver.clone())?;
        for socket in &transports.sockets {
            let datagrams = transports.read_by_caller([socket.clone()]);
            let reader = UdpReader::new(socket, datagrams, deliver.clone()).map_err(|source| {
                TransportFault::of(
                    ListenAddress { transport: Transport::Udp, address: socket.bound() },
                    source,
                )
            })?;
            transports.connections.spawn(reader.read_for_ever());
        }
        Ok(transports)
    }

    /// The same, but for datagrams: those are read by whoever holds [`Datagrams`]. `deliver` then gets what comes over
    /// streams, and [`TransportFailed`](SipInput::TransportFailed) of what [`send`](Self::send) could not send.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_apart<D>(
        settings: &TransportSettings,
        deliver: D,
    ) -> Result<(Transports, Datagrams), TransportFault>
    where
        D: Fn(SipInput) -> Result<(), Full> + Send + Sync + Clone + 'static,
    {
        let transports = Transports::open(settings, deliver)?;
        let datagrams = transports.read_by_caller(transports.sockets.iter().cloned());
        Ok((transports, datagrams))
    }

    /// Everything but the reading of datagrams.
    fn open<D>(settings: &TransportSettings, deliver: D) -> Result<Transports, TransportFault>
    where
        D: Fn(SipInput) -> Result<(), Full> + Send + Sync + 'static,
    {
        let tls = Tls::load(settings.tls.clone())?;
        let secure = settings.listen.iter().find(|listen| listen.transport.is_secure());
        if let Some(listen) = secure.filter(|_| tls.server().is_none()) {
            return Err(TransportFault::NoCertificate { address: listen.address });
        }
        let opened = open_all(&settings.listen)?;
        let tally = Arc::new(Tally::default());
        let trusted = Arc::new(Trusted::default());
        trusted.add(settings.trusted.iter().copied());
        let desk = Desk::new(Box::new(deliver), trusted.clone(), tally.clone());
        let connections = Connections::new(desk, settings, tls);
        connections.spawn(connections.tls.clone().watch_for_ever());
        let mut transports = Transports {
            sockets: Vec::new(),
            connections,
            kept_alive: Arc::default(),
            listening: Vec::new(),
            trusted,
            tally: tally.clone(),
        };
        for opened in opened {
            match opened {
                Opened::Datagrams(socket) => {
                    transports.listens(Transport::Udp, socket.bound());
                    transports.sockets.push(socket);
                }
                Opened::Connections(listener) => {
                    transports.listens(listener.transport, listener.bound);
                    let connections = transports.connections.clone();
                    transports.connections.spawn(listener.accept_for_ever(connections));
                }
            }
        }
        let keeping = transports.kept_alive.clone().send_for_ever(
            transports.sockets.clone(),
            settings.limits.ping_every,
            tally,
        );
        transports.connections.spawn(keeping);
        Ok(transports)
    }

    fn read_by_caller(&self, sockets: impl IntoIterator<Item = Arc<UdpSocket>>) -> Datagrams {
        Datagrams::new(sockets, Intake::new(self.trusted.clone(), self.tally.clone()))
    }

    fn listens(&mut self, transport: Transport, address: SocketAddr) {
        let listening = ListenAddress { transport, address };
        tracing::info!(%listening, "SIP is listened for");
        self.listening.push(listening);
    }

    /// Sends a message over a flow, from its local address. It never waits and may be called from any thread.
    ///
    /// A fault that repeating cannot mend is also delivered as
    /// [`TransportFailed`](SipInput::TransportFailed), like an ICMP error: the caller needs only log it.
    ///
    /// Over a stream the message waits for its connection, which is opened if there is none; what becomes of it is told
    /// by [`FlowClosed`](SipInput::FlowClosed) and `TransportFailed`.
    ///
    /// # Errors
    /// See [`SendFault`].
    pub fn send(&self, flow: &Flow, bytes: &[u8]) -> Result<(), SendFault> {
        let sent = if flow.transport == Transport::Udp {
            self.send_datagram(flow, bytes)
        } else {
            self.connections.send(flow, bytes)
        };
        match sent {
            Ok(()) | Err(SendFault::Busy) => {}
            Err(_) => {
                self.tally.send_failed.add_one();
                // A desk that is too full to hear of it finds out when its own timer runs out.
                let _ = self.connections.desk.try_tell(SipInput::TransportFailed { flow: *flow });
            }
        }
        sent
    }

    fn send_datagram(&self, flow: &Flow, bytes: &[u8]) -> Result<(), SendFault> {
        let socket = self.sockets.iter().find(|socket| socket.serves(flow.local));
        let sent = socket.ok_or(SendFault::NoSocket).and_then(|socket| socket.send(flow, bytes));
        match sent {
            Ok(()) => self.tally.sent.add_one(),
            Err(SendFault::Busy) => self.tally.send_busy.add_one(),
            Err(_) => {}
        }
        sent
    }

    /// What is listened on, in the order of the settings; a port 0 there is the real one here, and an unspecified
    /// address stays so.
    pub fn listening(&self) -> &[ListenAddress] {
        &self.listening
    }

    /// The addresses of [`listening`](Self::listening).
    pub fn local_addresses(&self) -> Vec<SocketAddr> {
        self.listening.iter().map(|listening| listening.address).collect()
    }

    /// The flow over which a message to `remote` goes: over a connection that stands, else from the address that the
    /// machine's routes choose, through the first listener of that transport that can send from it. A stream may also
    /// leave from where nothing of its transport is listened on; the other side then answers over it.
    ///
    /// # Errors
    /// See [`RouteFault`].
    pub fn flow_to(&self, remote: SocketAddr, transport: Transport) -> Result<Flow, RouteFault> {
        let remote = match remote.ip().to_canonical() {
            IpAddr::V4(v4) => SocketAddr::new(v4.into(), remote.port()),
            IpAddr::V6(_) => remote,
        };
        if transport != Transport::Udp
            && let Some(flow) = self.connections.standing(remote, transport)
        {
            return Ok(flow);
        }
        if !self.connections.opens(transport) {
            return Err(RouteFault::NotConnected { remote });
        }
        let routed = routed_source(remote).ok_or(RouteFault::NoRoute { remote })?;
        let listening = self.listening.iter().filter(|listening| listening.transport == transport);
        let of_its_kind = listening.map(|listening| listening.address).filter(|bound| {
            bound.is_ipv4() == remote.is_ipv4()
                && (bound.ip().is_unspecified() || bound.ip().is_loopback() == remote.ip().is_loopback())
        });
        let chosen = of_its_kind
            .clone()
            .find(|bound| bound.ip().is_unspecified() || bound.ip() == routed.ip())
            .or_else(|| of_its_kind.clone().next());
        let mut local = match chosen {
            Some(bound) if !bound.ip().is_unspecified() => bound,
            Some(_) => routed,
            None if transport == Transport::Udp => return Err(RouteFault::NoListener { remote }),
            None => routed,
        };
        local.set_port(chosen.map_or(transport.default_port(), |bound| bound.port()));
        Ok(Flow { transport, local, remote })
    }

    /// Keeps the way of a UDP flow through NATs open, until [`end_keep_alive`](Self::end_keep_alive): for registrations at
    /// another registrar. Connections that were opened from here are kept open anyway. Tells whether there was room for it
    /// ([`KEPT_ALIVE_MAX`](crate::KEPT_ALIVE_MAX)).
    pub fn keep_alive(&self, flow: &Flow) -> bool {
        flow.transport != Transport::Udp || self.kept_alive.begin(*flow)
    }

    /// Ends what [`keep_alive`](Self::keep_alive) began.
    pub fn end_keep_alive(&self, flow: &Flow) {
        self.kept_alive.end(flow);
    }

    /// Names addresses of trunks that were found meanwhile: they may send more than strangers
    /// ([`TRUSTED_REQUESTS`](crate::TRUSTED_REQUESTS)).
    pub fn trust(&self, addresses: impl IntoIterator<Item = IpAddr>) {
        self.trusted.add(addresses);
    }

    /// Says which name the other side must prove when a TLS connection to this address is opened from here (RFC 5922
    /// §7.2): the host that was located there. Whoever connects from that very address must prove it too. Without it the certificate must prove the IP address.
    ///
    /// # Errors
    /// The name can be no host's.
    pub fn expect_name(&self, remote: SocketAddr, name: &str) -> Result<(), NotAHost> {
        let name = name.trim_end_matches('.').to_owned();
        self.connections.tls.expect(remote, name.try_into().map_err(|_| NotAHost)?);
        Ok(())
    }

    /// Why the last connection to there could not be opened; none if it could, or if none was tried.
    pub fn open_fault(&self, remote: SocketAddr, transport: Transport) -> Option<OpenFault> {
        self.connections.open_fault(remote, transport)
    }

    /// This side's certificates: how long they are valid, and whether a renewal was refused.
    pub fn certificate_status(&self) -> Vec<CertificateStatus> {
        self.connections.tls.certificates()
    }

    /// Reads the certificate files anew, for connections from now on; it happens by itself too, some time after a file
    /// was written.
    ///
    /// # Errors
    /// What is wrong with them; the certificates of before are used on then.
    pub fn reload(&self) -> Result<(), TlsFault> {
        self.connections.tls.reload()
    }

    /// Uses other certificate files, for connections from now on; those that stand go on.
    ///
    /// # Errors
    /// What is wrong with them, or that there is none although it is listened with TLS; the ones before are used on then.
    pub fn replace_tls(&self, settings: TlsSettings) -> Result<(), TransportFault> {
        let secure = self.listening.iter().find(|listening| listening.transport.is_secure());
        if let Some(listening) = secure.filter(|_| settings.identity.is_none()) {
            return Err(TransportFault::NoCertificate { address: listening.address });
        }
        Ok(self.connections.tls.replace(settings)?)
    }

    /// What went through so far.
    pub fn counters(&self) -> Counters {
        self.tally.read()
    }
}

impl std::fmt::Debug for Transports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Transports").field(&self.listening).finish()
    }
}

impl Drop for Transports {
    fn drop(&mut self) {
        self.connections.stop();
    }
}

fn open_all(listen: &[ListenAddress]) -> Result<Vec<Opened>, TransportFault> {
    let mut all = Vec::with_capacity(listen.len());
    for (index, entry) in listen.iter().enumerate() {
        let before = listen.get(..index).unwrap_or_default();
        let ListenAddress { transport, address } = *entry;
        // All streams share the ports of TCP.
        let same_port = |other: &ListenAddress| {
            let datagrams = |transport| transport == Transport::Udp;
            other.address == address && datagrams(other.transport) == datagrams(transport)
        };
        if address.port() != 0 && before.iter().any(same_port) {
            return Err(TransportFault::Twice { address });
        }
        let opened: io::Result<Opened> = match transport {
            Transport::Udp => UdpSocket::open(address).map(|socket| Opened::Datagrams(Arc::new(socket))),
            _ => Listener::open(address, transport).map(Opened::Connections),
        };
        match opened.map_err(|source| TransportFault::of(*entry, source)) {
            Ok(opened) => all.push(opened),
            Err(TransportFault::NoSuchIpVersion { .. }) if address.ip().is_unspecified() => {
                tracing::warn!(%address, "this machine does not speak that IP version; not listening there");
            }
            Err(fault) => return Err(fault),
        }
    }
    if all.is_empty() { Err(TransportFault::NothingToListenOn) } else { Ok(all) }
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
