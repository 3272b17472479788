//! The task that accepts connections.

use crate::connections::Connections;
use frontdesk_sip_stack::Transport;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};

/// How many connections the machine may keep for us that are not accepted yet.
const BACKLOG: u32 = 1_024;
/// How long nothing is accepted after it failed, for want of handles say.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// One address that connections come to.
#[derive(Debug)]
pub(crate) struct Listener {
    io: TcpListener,
    pub(crate) transport: Transport,
    pub(crate) bound: SocketAddr,
}

impl Listener {
    /// Opens and binds. An IPv6 socket takes IPv6 only, like those of UDP.
    pub(crate) fn open(address: SocketAddr, transport: Transport) -> io::Result<Self> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if address.is_ipv6() {
            nix::sys::socket::setsockopt(&socket, nix::sys::socket::sockopt::Ipv6V6Only, &true)?;
        }
        // Connections of before a restart that are still being forgotten do not keep the port.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let io = socket.listen(BACKLOG)?;
        let bound = io.local_addr()?;
        Ok(Listener { io, transport, bound })
    }

    pub(crate) async fn accept_for_ever(self, connections: Arc<Connections>) {
        loop {
            match self.io.accept().await {
                Ok((stream, _)) => connections.accepted(stream, self.transport),
                Err(_) => {
                    connections.desk.tally.accept_failed.add_one();
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                }
            }
        }
    }
}
