//! Many datagrams by one system call, so that a load costs less than what it loads.

use std::io;
use std::mem::{MaybeUninit, size_of, zeroed};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;

/// Datagrams a call.
pub const BATCH: usize = 64;
/// The longest datagram that is carried; a longer one is cut.
pub const DATAGRAM_BYTES: usize = 256;
/// Room for one time stamp of the kernel.
const CONTROL_BYTES: usize = 64;

/// A batch of datagrams of IPv4, and the kernel's view of it.
pub struct Batch {
    rooms: Box<[Room; BATCH]>,
    headers: Box<[libc::mmsghdr; BATCH]>,
    filled: usize,
}

/// One datagram, and all that the kernel writes about it.
#[derive(Clone, Copy)]
struct Room {
    address: libc::sockaddr_in,
    bytes: [u8; DATAGRAM_BYTES],
    length: usize,
    part: libc::iovec,
    control: [u64; CONTROL_BYTES / 8],
}

impl Batch {
    /// An empty one.
    pub fn new() -> Self {
        // SAFETY: both are plain C structures, for which zeros are valid: null pointers with lengths of zero.
        let (room, header): (Room, libc::mmsghdr) = unsafe { (zeroed(), zeroed()) };
        Batch { rooms: Box::new([room; BATCH]), headers: Box::new([header; BATCH]), filled: 0 }
    }

    /// How many datagrams are in it.
    pub fn len(&self) -> usize {
        self.filled
    }

    /// Whether it is full.
    pub fn is_full(&self) -> bool {
        self.filled == BATCH
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// Puts a datagram in, if there is room: `write` fills it and says its length.
    pub fn push(&mut self, to: SocketAddrV4, write: impl FnOnce(&mut [u8; DATAGRAM_BYTES]) -> usize) {
        if let Some(room) = self.rooms.get_mut(self.filled) {
            room.length = write(&mut room.bytes).min(DATAGRAM_BYTES);
            room.address = libc::sockaddr_in {
                sin_family: libc::AF_INET as libc::sa_family_t,
                sin_port: to.port().to_be(),
                sin_addr: libc::in_addr { s_addr: u32::from(*to.ip()).to_be() },
                sin_zero: [0; 8],
            };
            self.filled += 1;
        }
    }

    /// Sends all of them and is empty afterwards; how many the kernel took.
    pub fn send(&mut self, socket: &UdpSocket) -> usize {
        let mut sent = 0;
        while sent < self.filled {
            self.point(false);
            // SAFETY: `headers` from `sent` to `filled` point into `rooms`, which stays where it is during the call, and
            // say its true lengths.
            let count = unsafe {
                libc::sendmmsg(
                    socket.as_raw_fd(),
                    self.headers.as_mut_ptr().add(sent),
                    (self.filled - sent) as u32,
                    0,
                )
            };
            let Ok(count) = usize::try_from(count) else { break };
            sent += count;
        }
        self.filled = 0;
        sent
    }

    /// Reads what waits, at most [`BATCH`]; with `wait` until there is one.
    pub fn receive(&mut self, socket: &UdpSocket, wait: bool) -> io::Result<usize> {
        self.point(true);
        let flags = if wait { libc::MSG_WAITFORONE } else { libc::MSG_DONTWAIT };
        let (headers, nothing) = (self.headers.as_mut_ptr(), std::ptr::null_mut());
        // SAFETY: every header points into its own room, which stays where it is and is as long as it says.
        let count = unsafe { libc::recvmmsg(socket.as_raw_fd(), headers, BATCH as u32, flags as _, nothing) };
        self.filled = 0;
        if count < 0 {
            let error = io::Error::last_os_error();
            return if error.kind() == io::ErrorKind::WouldBlock { Ok(0) } else { Err(error) };
        }
        self.filled = count as usize;
        for (room, header) in self.rooms.iter_mut().zip(self.headers.iter()).take(self.filled) {
            room.length = (header.msg_len as usize).min(DATAGRAM_BYTES);
        }
        Ok(self.filled)
    }

    /// The datagrams that were read: from where, what, and when the kernel had it (nanoseconds since 1970), if it was
    /// asked to say so ([`stamp_arrivals`]).
    pub fn datagrams(&self) -> impl Iterator<Item = (SocketAddr, &[u8], Option<u64>)> {
        self.rooms.iter().zip(self.headers.iter()).take(self.filled).map(|(room, header)| {
            let ip = Ipv4Addr::from(u32::from_be(room.address.sin_addr.s_addr));
            let from = SocketAddr::from((ip, u16::from_be(room.address.sin_port)));
            (from, room.bytes.get(..room.length).unwrap_or_default(), arrival(&header.msg_hdr))
        })
    }

    /// Lets every header point at its room.
    fn point(&mut self, receiving: bool) {
        for (room, header) in self.rooms.iter_mut().zip(self.headers.iter_mut()) {
            let length = if receiving { DATAGRAM_BYTES } else { room.length };
            room.part = libc::iovec { iov_base: room.bytes.as_mut_ptr().cast(), iov_len: length };
            let message = &mut header.msg_hdr;
            message.msg_name = (&raw mut room.address).cast();
            message.msg_namelen = size_of::<libc::sockaddr_in>() as u32;
            message.msg_iov = &raw mut room.part;
            message.msg_iovlen = 1;
            message.msg_control =
                if receiving { room.control.as_mut_ptr().cast() } else { std::ptr::null_mut() };
            message.msg_controllen = if receiving { CONTROL_BYTES } else { 0 } as _;
        }
    }
}

impl Default for Batch {
    fn default() -> Self {
        Batch::new()
    }
}

/// Asks the kernel to say when it had a datagram.
pub fn stamp_arrivals(socket: &UdpSocket) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: the option's value is an integer of our own, and its length is said.
    let refused = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_TIMESTAMPNS,
            (&raw const on).cast(),
            size_of::<libc::c_int>() as u32,
        )
    };
    if refused == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Asks for room for so many bytes of waiting datagrams, beyond what is usual if we may.
pub fn widen(socket: &UdpSocket, bytes: libc::c_int) {
    for option in [libc::SO_RCVBUFFORCE, libc::SO_SNDBUFFORCE, libc::SO_RCVBUF, libc::SO_SNDBUF] {
        // SAFETY: as above. A refusal leaves the usual room.
        unsafe {
            libc::setsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                option,
                (&raw const bytes).cast(),
                size_of::<libc::c_int>() as u32,
            )
        };
    }
}

fn arrival(message: &libc::msghdr) -> Option<u64> {
    // SAFETY: the kernel filled the control room that the header points at, which lives as long as the batch that the
    // header is lent from; a stamp is read unaligned, and only from a message of its kind.
    unsafe {
        let mut control = libc::CMSG_FIRSTHDR(message);
        while let Some(head) = control.as_ref() {
            if head.cmsg_level == libc::SOL_SOCKET && head.cmsg_type == libc::SCM_TIMESTAMPNS {
                let mut time = MaybeUninit::<libc::timespec>::uninit();
                std::ptr::copy_nonoverlapping(
                    libc::CMSG_DATA(control),
                    time.as_mut_ptr().cast(),
                    size_of::<libc::timespec>(),
                );
                let time = time.assume_init();
                return Some(time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64);
            }
            control = libc::CMSG_NXTHDR(message, control);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_arrives_as_it_was_sent_and_says_when() {
        let (here, there) =
            (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
        stamp_arrivals(&there).unwrap();
        let SocketAddr::V4(to) = there.local_addr().unwrap() else { panic!("IPv4") };
        let mut batch = Batch::new();
        for number in 0..3 {
            batch.push(to, |bytes| {
                bytes[..2].copy_from_slice(&[number, 7]);
                2
            });
        }
        assert_eq!((batch.len(), batch.send(&here), batch.is_empty()), (3, 3, true));
        assert_eq!(batch.receive(&there, true).unwrap(), 3);
        for (number, (from, bytes, at)) in batch.datagrams().enumerate() {
            assert_eq!((from, bytes), (here.local_addr().unwrap(), &[number as u8, 7][..]));
            assert!(at.is_some_and(|at| at > 1_600_000_000_000_000_000));
        }
        assert_eq!(batch.receive(&there, false).unwrap(), 0);
    }
}
