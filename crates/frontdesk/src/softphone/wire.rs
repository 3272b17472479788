//! The telephone's way to the desk: sockets of any transport, and the mailbox that what comes in is put into.

use crate::mailbox::{Full as NoRoom, Letters, Mailbox, mailbox};
use frontdesk_sip_stack::{Flow, SipInput, Transport};
use frontdesk_sip_transport::{
    Full, ListenAddress, PemFiles, RouteFault, SendFault, TlsSettings, TransportFault, TransportSettings,
    Transports,
};
use frontdesk_speech::Rendered;
use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use tokio::runtime::Runtime;

/// What reaches the telephone's thread.
pub(crate) enum Letter {
    /// A message, or that one could not be delivered.
    Sip(SipInput),
    /// A text was rendered, or could not be.
    Rendered(Rendered),
    /// Put the telephone down.
    Stop,
}

/// Where the desk is, and how to get there.
#[derive(Debug, Clone)]
pub struct Destination {
    /// Its address.
    pub remote: SocketAddr,
    /// How messages travel.
    pub transport: Transport,
    /// The name that its certificate must prove, where TLS is spoken; none lets it prove its address.
    pub name: Option<String>,
    /// The authorities that are believed, PEM; none believes the public ones.
    pub authorities: Option<PathBuf>,
    /// What this side shows where it is asked for a certificate; none shows none.
    pub identity: Option<PemFiles>,
    /// The port on this side, where it listens; 0 for any.
    pub local_port: u16,
}

/// The open way.
pub struct Wire {
    pub(super) transports: Transports,
    pub(super) flow: Flow,
    pub(super) post: Mailbox<Letter>,
    pub(super) letters: Letters<Letter>,
    /// The sockets are read as long as it lives.
    _runtime: Runtime,
}

/// Why there is no way.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WireFault {
    /// The sockets cannot be opened.
    #[error(transparent)]
    Transport(#[from] TransportFault),
    /// Nothing leads there.
    #[error(transparent)]
    Route(#[from] RouteFault),
    /// The name of the other side can be no host's.
    #[error("`{name}` can be no host's name")]
    NotAHost {
        /// The name.
        name: String,
    },
    /// The system refused a handle or a thread.
    #[error("the system refused what a telephone needs: {0}")]
    System(#[from] std::io::Error),
}

impl Wire {
    /// Opens sockets on free ports of the address that leads there. Nothing is sent yet. Not to be called from async code.
    ///
    /// # Errors
    /// See [`WireFault`].
    pub fn open(to: &Destination) -> Result<Wire, WireFault> {
        let (post, letters) = mailbox()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let mut address = local_towards(to.remote)?;
        address.set_port(to.local_port);
        // A client of TLS or WebSocket listens to nothing with it: calls come over the connection that it opened.
        let listens = matches!(to.transport, Transport::Udp | Transport::Tcp);
        let transport = if listens { to.transport } else { Transport::Udp };
        let settings = TransportSettings {
            tls: TlsSettings {
                server_authorities: to.authorities.clone(),
                client_identity: to.identity.clone(),
                ..TlsSettings::default()
            },
            opens_websockets: true,
            ..TransportSettings::listening_on(&[ListenAddress { transport, address }])
        };
        let deliver = {
            let post = post.clone();
            move |input| {
                post.post(Letter::Sip(input)).map_err(|NoRoom(letter)| match letter {
                    Letter::Sip(input) => Full(input),
                    _ => unreachable!("what was put in comes back"),
                })
            }
        };
        let transports = runtime.block_on(Transports::start(&settings, deliver))?;
        if let Some(name) = &to.name {
            transports
                .expect_name(to.remote, name)
                .map_err(|_| WireFault::NotAHost { name: name.clone() })?;
        }
        let flow = transports.flow_to(to.remote, to.transport)?;
        Ok(Wire { transports, flow, post, letters, _runtime: runtime })
    }

    /// Where letters are put in.
    pub(crate) fn post(&self) -> Mailbox<Letter> {
        self.post.clone()
    }

    /// The next letter, if one is there.
    pub(crate) fn take(&self) -> Option<Letter> {
        self.letters.take()
    }

    /// Sends a message.
    ///
    /// # Errors
    /// When it cannot be sent; what fails later comes as a letter.
    pub(crate) fn send(&self, flow: &Flow, bytes: &[u8]) -> Result<(), SendFault> {
        self.transports.send(flow, bytes)
    }

    /// The path: its local address is the one that the desk can reach.
    pub fn flow(&self) -> Flow {
        self.flow
    }
}

/// The address from which this machine would send there: connecting a datagram socket sends nothing.
fn local_towards(remote: SocketAddr) -> std::io::Result<SocketAddr> {
    let any = if remote.is_ipv6() { "[::]:0" } else { "0.0.0.0:0" };
    let socket = UdpSocket::bind(any)?;
    socket.connect(remote)?;
    socket.local_addr()
}
