//! The sockets of a node: pairs of ports, batch reads, sends that never wait.

use crate::wire::{BATCH, Channel, DATAGRAM_BYTES, Wire};
use frontdesk_media_protocol::PortFault;
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SendFlags, SocketFlags, SocketType, bind, getsockname, ipproto, sendto, socket_with,
    sockopt,
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;

mod sending;
use sending::Sending;

/// Expedited forwarding (RFC 3246), as RFC 8837 §5 asks for interactive audio: routers that care send it first.
const EXPEDITED_FORWARDING: u8 = 46 << 2;
/// What a socket for all legs may hold: 1,000 legs' sound of 100 ms, which the kernel counts with its own overhead.
const SHARED_BUFFER_BYTES: usize = 4 << 20;
/// How often an ephemeral port is drawn until its neighbour is free too.
const EPHEMERAL_ATTEMPTS: usize = 64;

/// RTP on an even port and RTCP on the odd port above it (RFC 3550 §11).
#[derive(Debug)]
pub struct UdpLine {
    sockets: Arc<Sockets>,
    /// Which of the engine's common pairs these are, if they are none of the leg's own.
    shared: Option<u16>,
    address: SocketAddr,
}

#[derive(Debug)]
struct Sockets {
    rtp: OwnedFd,
    rtcp: OwnedFd,
}

impl UdpLine {
    /// The local RTP address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    fn own(rtp: OwnedFd, rtcp: OwnedFd, address: SocketAddr) -> Self {
        UdpLine { sockets: Arc::new(Sockets { rtp, rtcp }), shared: None, address }
    }

    /// A line for another leg, with the same sockets.
    pub(crate) fn share(&self, number: u16) -> Self {
        let sockets = Arc::clone(&self.sockets);
        UdpLine { sockets, shared: Some(number), address: self.address }
    }

    /// Binds the pair of sockets for all legs of a local address.
    pub(crate) fn for_all(ip: IpAddr, port: u16) -> Result<Self, PortFault> {
        let line = open_pair(ip, port).map_err(port_fault)?;
        for socket in [&line.sockets.rtp, &line.sockets.rtcp] {
            // A wish, which the system bounds: what all legs are sent in a stall of the thread.
            let _ = sockopt::set_socket_recv_buffer_size(socket, SHARED_BUFFER_BYTES);
        }
        Ok(line)
    }

    /// The socket of a channel.
    pub(crate) fn socket(&self, channel: Channel) -> BorrowedFd<'_> {
        match channel {
            Channel::Rtp => self.sockets.rtp.as_fd(),
            Channel::Rtcp => self.sockets.rtcp.as_fd(),
        }
    }
}

/// The ports that legs may have.
///
/// Ports are given out in turn, so that a freed one rests for as long as the others last: late packets of an
/// ended call do not reach the next one. The range `0..=0` asks the system for any free pair.
#[derive(Debug)]
pub struct PortRange {
    first_even: u16,
    pairs: u16,
    next: u16,
}

impl PortRange {
    /// The pairs that lie wholly within the range.
    pub fn new(ports: &RangeInclusive<u16>) -> Self {
        if *ports == (0..=0) {
            return PortRange { first_even: 0, pairs: 0, next: 0 };
        }
        let first_even = (u32::from(*ports.start()).max(2) + 1) & !1;
        let pairs = (u32::from(*ports.end()) + 1).saturating_sub(first_even) / 2;
        // The first is beyond 65,535 only if there is no pair, and at most 32,767 pairs begin at 2.
        PortRange { first_even: first_even.min(65_534) as u16, pairs: pairs as u16, next: 0 }
    }

    /// Whether a port can ever come out of it.
    pub fn is_empty(&self) -> bool {
        self.first_even != 0 && self.pairs == 0
    }

    /// Binds the next free pair on a local address.
    pub fn open(&mut self, ip: IpAddr) -> Result<UdpLine, PortFault> {
        if self.first_even == 0 {
            return open_anywhere(ip);
        }
        for _ in 0..self.pairs {
            let port = self.first_even + self.next * 2;
            self.next = (self.next + 1) % self.pairs;
            match open_pair(ip, port) {
                Ok(line) => return Ok(line),
                Err(Errno::ADDRINUSE) => {}
                Err(fault) => return Err(port_fault(fault)),
            }
        }
        Err(PortFault::RangeExhausted)
    }
}

fn port_fault(errno: Errno) -> PortFault {
    match errno {
        Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM => PortFault::EngineFull,
        _ => PortFault::AddressRefused,
    }
}

/// Draws an ephemeral port and takes its neighbour too, whichever side of the pair the draw was.
fn open_anywhere(ip: IpAddr) -> Result<UdpLine, PortFault> {
    for _ in 0..EPHEMERAL_ATTEMPTS {
        let drawn = open_socket(ip, 0).map_err(port_fault)?;
        let port = local_port(&drawn).map_err(port_fault)?;
        let Ok(neighbour) = open_socket(ip, port ^ 1) else { continue };
        let (rtp, rtcp) = if port % 2 == 0 { (drawn, neighbour) } else { (neighbour, drawn) };
        return Ok(UdpLine::own(rtp, rtcp, SocketAddr::new(ip, port & !1)));
    }
    Err(PortFault::RangeExhausted)
}

fn open_pair(ip: IpAddr, port: u16) -> Result<UdpLine, Errno> {
    let rtp = open_socket(ip, port)?;
    let rtcp = open_socket(ip, port + 1)?;
    Ok(UdpLine::own(rtp, rtcp, SocketAddr::new(ip, port)))
}

fn open_socket(ip: IpAddr, port: u16) -> Result<OwnedFd, Errno> {
    let family = if ip.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(family, SocketType::DGRAM, flags, Some(ipproto::UDP))?;
    // The marking is a wish: a system that refuses it still carries the call.
    if ip.is_ipv4() {
        let _ = sockopt::set_ip_tos(&socket, EXPEDITED_FORWARDING);
    } else {
        // `[::]` shall not take the IPv4 ports too.
        sockopt::set_ipv6_v6only(&socket, true)?;
        let _ = sockopt::set_ipv6_tclass(&socket, u32::from(EXPEDITED_FORWARDING));
    }
    bind(&socket, &SocketAddr::new(ip, port))?;
    Ok(socket)
}

fn local_port(socket: &OwnedFd) -> Result<u16, Errno> {
    let address = SocketAddr::try_from(getsockname(socket)?)?;
    Ok(address.port())
}

/// Reads with `recvmsg` or `recvmmsg`, sends with `sendto`.
///
/// A leg has a socket of its own, in which one packet waits as a rule: `recvmsg` for that one is a tenth cheaper than
/// `recvmmsg`, which looks for a second. `sendmmsg` takes one socket, so that a round's packets are sent one by one, unless all legs share one.
pub(crate) struct UdpWire {
    headers: Box<[libc::mmsghdr; BATCH]>,
    // The headers point into the three below, which are never moved or resized.
    _vectors: Box<[libc::iovec; BATCH]>,
    addresses: Box<[libc::sockaddr_storage; BATCH]>,
    buffers: Box<[[u8; DATAGRAM_BYTES]; BATCH]>,
    received: usize,
    sending: Sending,
}

impl UdpWire {
    pub(crate) fn new() -> Self {
        // SAFETY: all three are plain C structures, for which zeroes are a value.
        let (mut headers, mut vectors, mut addresses): (
            Box<[libc::mmsghdr; BATCH]>,
            Box<[libc::iovec; BATCH]>,
            _,
        ) = unsafe {
            (
                Box::new(std::mem::zeroed()),
                Box::new(std::mem::zeroed()),
                Box::<[libc::sockaddr_storage; BATCH]>::new(std::mem::zeroed()),
            )
        };
        let mut buffers = Box::new([[0; DATAGRAM_BYTES]; BATCH]);
        let storage_bytes = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        for (at, header) in headers.iter_mut().enumerate() {
            vectors[at].iov_base = buffers[at].as_mut_ptr().cast();
            vectors[at].iov_len = DATAGRAM_BYTES;
            header.msg_hdr.msg_name = (&raw mut addresses[at]).cast();
            header.msg_hdr.msg_namelen = storage_bytes;
            header.msg_hdr.msg_iov = &raw mut vectors[at];
            header.msg_hdr.msg_iovlen = 1;
        }
        UdpWire { headers, _vectors: vectors, addresses, buffers, received: 0, sending: Sending::new() }
    }

    fn receive_one(&mut self, socket: RawFd) -> usize {
        let Some(header) = self.headers.first_mut() else { return 0 };
        // SAFETY: the header's name, vector and buffer pointers point into boxes that this value owns and never moves,
        // with the lengths that were set beside them; nothing else borrows them now.
        let length = unsafe { libc::recvmsg(socket, &mut header.msg_hdr, libc::MSG_DONTWAIT) };
        let Ok(length) = u32::try_from(length) else { return 0 };
        header.msg_len = length;
        1
    }
}

impl Wire for UdpWire {
    type Line = UdpLine;

    fn shared(line: &UdpLine) -> Option<u16> {
        line.shared
    }

    fn receive(&mut self, line: &mut UdpLine, channel: Channel, most: usize) -> usize {
        for header in self.headers.iter_mut().take(self.received) {
            header.msg_hdr.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        }
        let socket = line.socket(channel).as_raw_fd();
        if most == 1 {
            self.received = self.receive_one(socket);
            return self.received;
        }
        // SAFETY: `headers` holds BATCH headers whose name, vector and buffer pointers point into boxes that this
        // value owns and never moves, with the lengths that were set beside them; nothing else borrows them now.
        let count = unsafe {
            libc::recvmmsg(
                socket,
                self.headers.as_mut_ptr(),
                most.min(BATCH) as libc::c_uint,
                libc::MSG_DONTWAIT as _,
                std::ptr::null_mut(),
            )
        };
        // Nothing waiting, or an ICMP error of an earlier send: neither is worth a word here.
        self.received = usize::try_from(count).unwrap_or(0).min(BATCH);
        self.received
    }

    fn datagram(&mut self, at: usize) -> Option<(SocketAddr, &mut [u8])> {
        if at >= self.received {
            return None;
        }
        let header = self.headers.get(at)?;
        if header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0 {
            return None;
        }
        let bytes = self.buffers.get_mut(at)?.get_mut(..header.msg_len as usize)?;
        Some((address_of(self.addresses.get(at)?)?, bytes))
    }

    fn send(&mut self, line: &mut UdpLine, channel: Channel, to: SocketAddr, datagram: &[u8]) {
        if line.shared.is_some() {
            return self.sending.push(line.socket(channel), to, datagram);
        }
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        let _ = sendto(line.socket(channel), datagram, flags, &to);
    }

    fn flush(&mut self) {
        self.sending.flush();
    }
}

fn address_of(storage: &libc::sockaddr_storage) -> Option<SocketAddr> {
    match libc::c_int::from(storage.ss_family) {
        libc::AF_INET => {
            // SAFETY: the family says that the kernel wrote a `sockaddr_in` here, and the storage is larger.
            let v4 = unsafe { &*(&raw const *storage).cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr));
            Some(SocketAddr::new(ip.into(), u16::from_be(v4.sin_port)))
        }
        libc::AF_INET6 => {
            // SAFETY: the family says that the kernel wrote a `sockaddr_in6` here, and the storage is larger.
            let v6 = unsafe { &*(&raw const *storage).cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
            Some(SocketAddr::new(ip.into(), u16::from_be(v6.sin6_port)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
