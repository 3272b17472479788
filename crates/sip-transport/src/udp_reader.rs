//! The task that reads one UDP socket, for a desk that does not read it by itself.

use crate::datagrams::Datagrams;
use crate::intake::{Full, OFFER_AGAIN};
use crate::udp::UdpSocket;
use frontdesk_sip_stack::SipInput;
use std::io;
use tokio::io::Interest;

/// How many datagrams are brought before other tasks have their turn.
const BATCH_MAX: usize = 64;

/// The task that reads one socket.
pub(crate) struct UdpReader<D> {
    /// A second handle of the socket, which only says when there is something to read.
    bell: tokio::net::UdpSocket,
    datagrams: Datagrams,
    deliver: D,
}

impl<D: Fn(SipInput) -> Result<(), Full>> UdpReader<D> {
    pub(crate) fn new(socket: &UdpSocket, datagrams: Datagrams, deliver: D) -> io::Result<Self> {
        let bell = tokio::net::UdpSocket::from_std(socket.another_handle()?)?;
        Ok(UdpReader { bell, datagrams, deliver })
    }

    pub(crate) async fn read_for_ever(self) {
        let UdpReader { bell, mut datagrams, deliver } = self;
        loop {
            let mut full = false;
            for _ in 0..BATCH_MAX {
                // One at a time: whether the desk has room for it decides what becomes of the next.
                datagrams.gather_at_most(1);
                full = !datagrams.offer(&deliver);
                if !datagrams.has_unread() {
                    break;
                }
            }
            if datagrams.has_unread() {
                tokio::task::yield_now().await;
                continue;
            }
            tokio::select! {
                ready = bell.ready(Interest::READABLE | Interest::ERROR) => {
                    if ready.is_err() {
                        // The runtime is shutting down.
                        return;
                    }
                    hush(&bell);
                    datagrams.look_again();
                }
                () = tokio::time::sleep(OFFER_AGAIN), if full => {}
            }
        }
    }
}

/// Forgets that there was something to read, before it is read.
fn hush(bell: &tokio::net::UdpSocket) {
    for interest in [Interest::READABLE, Interest::ERROR] {
        let _ = bell.try_io(interest, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
    }
}
