//! What goes out of a socket that all legs share: by batches.

use crate::wire::{BATCH, DATAGRAM_BYTES};
use rustix::fd::{AsRawFd, BorrowedFd, RawFd};
use std::net::SocketAddr;

/// Datagrams that wait to be sent together. The headers point into the boxes beside them, which are never moved.
pub(super) struct Sending {
    headers: Box<[libc::mmsghdr; BATCH]>,
    vectors: Box<[libc::iovec; BATCH]>,
    addresses: Box<[libc::sockaddr_storage; BATCH]>,
    buffers: Box<[[u8; DATAGRAM_BYTES]; BATCH]>,
    waiting: usize,
    /// The socket of those that wait.
    socket: RawFd,
}

impl Sending {
    pub(super) fn new() -> Self {
        // SAFETY: a plain C structure, for which zeroes are a value.
        let mut headers = Box::new(unsafe { std::mem::zeroed::<[libc::mmsghdr; BATCH]>() });
        // SAFETY: as above.
        let mut vectors = Box::new(unsafe { std::mem::zeroed::<[libc::iovec; BATCH]>() });
        // SAFETY: as above.
        let mut addresses = Box::new(unsafe { std::mem::zeroed::<[libc::sockaddr_storage; BATCH]>() });
        let mut buffers = Box::new([[0; DATAGRAM_BYTES]; BATCH]);
        for (at, header) in headers.iter_mut().enumerate() {
            vectors[at].iov_base = buffers[at].as_mut_ptr().cast();
            header.msg_hdr.msg_name = (&raw mut addresses[at]).cast();
            header.msg_hdr.msg_iov = &raw mut vectors[at];
            header.msg_hdr.msg_iovlen = 1;
        }
        Sending { headers, vectors, addresses, buffers, waiting: 0, socket: -1 }
    }

    /// A datagram waits for the next [`flush`](Self::flush), which comes before the round ends: until then its socket,
    /// which is the engine's and no leg's, stays open.
    pub(super) fn push(&mut self, socket: BorrowedFd<'_>, to: SocketAddr, datagram: &[u8]) {
        let socket = socket.as_raw_fd();
        if self.waiting == BATCH || socket != self.socket {
            self.flush();
        }
        self.socket = socket;
        let at = self.waiting;
        let places = (self.buffers.get_mut(at), self.vectors.get_mut(at), self.addresses.get_mut(at));
        let (Some(buffer), Some(vector), Some(address)) = places else { return };
        let (Some(room), Some(header)) = (buffer.get_mut(..datagram.len()), self.headers.get_mut(at)) else {
            return;
        };
        room.copy_from_slice(datagram);
        vector.iov_len = datagram.len();
        header.msg_hdr.msg_namelen = write_address(address, to);
        self.waiting += 1;
    }

    /// Sends what waits. What the network does not take is lost, and does not keep the others.
    pub(super) fn flush(&mut self) {
        let mut sent = 0;
        while let Some(rest) = self.headers.get_mut(sent..self.waiting).filter(|rest| !rest.is_empty()) {
            // SAFETY: `rest` holds headers whose name and vector point into boxes that this value owns and never
            // moves, with the lengths that were set beside them; the call only reads them, but for the lengths of
            // what was sent.
            let count = unsafe {
                let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
                libc::sendmmsg(self.socket, rest.as_mut_ptr(), rest.len() as libc::c_uint, flags as _)
            };
            // One that was refused is passed over.
            sent += usize::try_from(count).unwrap_or(0).max(1);
        }
        self.waiting = 0;
    }
}

/// Writes an address as the kernel reads it; its length.
fn write_address(storage: &mut libc::sockaddr_storage, address: SocketAddr) -> libc::socklen_t {
    match address {
        SocketAddr::V4(v4) => {
            // SAFETY: the storage is larger than a `sockaddr_in`, aligned for every kind of address, and borrowed here.
            let room = unsafe { &mut *(&raw mut *storage).cast::<libc::sockaddr_in>() };
            room.sin_family = libc::AF_INET as libc::sa_family_t;
            room.sin_port = v4.port().to_be();
            room.sin_addr.s_addr = u32::from(*v4.ip()).to_be();
            size_of::<libc::sockaddr_in>() as libc::socklen_t
        }
        SocketAddr::V6(v6) => {
            // SAFETY: the storage is larger than a `sockaddr_in6`, aligned for every kind of address, and borrowed here.
            let room = unsafe { &mut *(&raw mut *storage).cast::<libc::sockaddr_in6>() };
            room.sin6_family = libc::AF_INET6 as libc::sa_family_t;
            room.sin6_port = v6.port().to_be();
            room.sin6_flowinfo = v6.flowinfo();
            room.sin6_addr.s6_addr = v6.ip().octets();
            room.sin6_scope_id = v6.scope_id();
            size_of::<libc::sockaddr_in6>() as libc::socklen_t
        }
    }
}
