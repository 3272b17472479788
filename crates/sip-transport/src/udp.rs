//! One UDP socket, which knows to which of this machine's addresses each datagram was sent.
//!
//! The address comes with the datagram itself (`IP_PKTINFO`, RFC 3542 §6.2), and answers leave from it: a
//! telephone behind a firewall only takes what comes from where it sent to. `nix` puts these control messages
//! into safe words, so there is no unsafe code here.

use crate::faults::SendFault;
use frontdesk_sip_stack::{Flow, Transport};
use nix::cmsg_space;
use nix::libc;
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, SockaddrStorage, bind,
    recvmsg, sendmsg, setsockopt, socket, sockopt,
};
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

/// The largest datagram there is.
const DATAGRAM_BYTES_MAX: usize = 65_535;
/// The room that the kernel is asked to keep for datagrams not yet read; it may grant less. What finds no room is
/// dropped by the kernel and repeated by its sender.
const RECEIVE_BUFFER_BYTES: usize = 1 << 20;
/// `SO_EE_ORIGIN_ICMP` and `SO_EE_ORIGIN_ICMP6` of linux/errqueue.h.
const ORIGIN_ICMP: u8 = 2;
const ORIGIN_ICMP6: u8 = 3;

/// An open socket; nothing that is done with it ever waits.
#[derive(Debug)]
pub(crate) struct UdpSocket {
    io: std::net::UdpSocket,
    /// What it is bound to; the address may be unspecified, the port is not 0.
    bound: SocketAddr,
}

/// What is read into.
pub(crate) struct ReadBuffer {
    datagram: Vec<u8>,
    control: Vec<u8>,
}

/// A datagram in a [`ReadBuffer`].
pub(crate) struct Datagram<'a> {
    pub(crate) flow: Flow,
    pub(crate) bytes: &'a [u8],
}

impl ReadBuffer {
    pub(crate) fn new() -> Self {
        let control =
            cmsg_space!(libc::in_pktinfo, libc::in6_pktinfo, libc::sock_extended_err, libc::sockaddr_in6);
        ReadBuffer { datagram: vec![0; DATAGRAM_BYTES_MAX], control }
    }
}

impl UdpSocket {
    /// Opens and binds a socket. An IPv6 socket takes IPv6 only, so that `0.0.0.0` and `[::]` can both listen on
    /// the same port, and no IPv4 address ever looks like an IPv6 one.
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
        let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
        let fd = socket(family, SockType::Datagram, flags, None)?;
        if address.is_ipv4() {
            setsockopt(&fd, sockopt::Ipv4PacketInfo, &true)?;
            setsockopt(&fd, sockopt::Ipv4RecvErr, &true)?;
        } else {
            setsockopt(&fd, sockopt::Ipv6V6Only, &true)?;
            setsockopt(&fd, sockopt::Ipv6RecvPacketInfo, &true)?;
            setsockopt(&fd, sockopt::Ipv6RecvErr, &true)?;
        }
        // A machine that grants less serves as well.
        let _ = setsockopt(&fd, sockopt::RcvBuf, &RECEIVE_BUFFER_BYTES);
        bind(fd.as_raw_fd(), &SockaddrStorage::from(address))?;
        let io = std::net::UdpSocket::from(fd);
        let bound = io.local_addr()?;
        Ok(UdpSocket { io, bound })
    }

    pub(crate) fn bound(&self) -> SocketAddr {
        self.bound
    }

    /// Another handle of it, which shares everything with this one.
    pub(crate) fn another_handle(&self) -> io::Result<std::net::UdpSocket> {
        self.io.try_clone()
    }

    /// Whether this socket serves flows with this local address.
    pub(crate) fn serves(&self, local: SocketAddr) -> bool {
        self.bound.port() == local.port()
            && self.bound.is_ipv4() == local.is_ipv4()
            && (self.bound.ip().is_unspecified() || self.bound.ip() == local.ip())
    }

    /// The next datagram; `WouldBlock` when there is none. None is a datagram to a group, or one that nobody can
    /// answer.
    pub(crate) fn receive<'b>(&self, buffer: &'b mut ReadBuffer) -> io::Result<Option<Datagram<'b>>> {
        let ReadBuffer { datagram, control } = buffer;
        let read = self.read(datagram, control, MsgFlags::empty())?;
        let bytes = datagram.get(..read.length).unwrap_or_default();
        Ok(self.flow(&read).map(|flow| Datagram { flow, bytes }))
    }

    /// The next ICMP error: the flow that it ends, or none if it ends none; `WouldBlock` when there is no more.
    pub(crate) fn receive_failure(&self, buffer: &mut ReadBuffer) -> io::Result<Option<Flow>> {
        let ReadBuffer { datagram, control } = buffer;
        let read = self.read(datagram, control, MsgFlags::MSG_ERRQUEUE)?;
        Ok(self.flow(&read).filter(|_| read.unreachable))
    }

    /// Sends a datagram from the flow's local address; never waits. What the machine says in numbers is said in words.
    pub(crate) fn send(&self, flow: &Flow, bytes: &[u8]) -> Result<(), SendFault> {
        let sent = match self.write(flow, bytes) {
            // An ICMP error of an earlier datagram is told to whoever sends next; this one did not leave then.
            Err(error) if is_unreachable(&error) => self.write(flow, bytes),
            result => result,
        };
        sent.map_err(|error| match error.raw_os_error() {
            _ if error.kind() == io::ErrorKind::WouldBlock => SendFault::Busy,
            Some(libc::ENOBUFS | libc::ENOMEM) => SendFault::Busy,
            Some(libc::EMSGSIZE) => SendFault::TooLong,
            _ => SendFault::Unreachable,
        })
    }

    fn read(&self, datagram: &mut [u8], control: &mut [u8], flags: MsgFlags) -> io::Result<Read> {
        let mut slices = [IoSliceMut::new(datagram)];
        let flags = flags | MsgFlags::MSG_DONTWAIT;
        let message = recvmsg::<SockaddrStorage>(self.io.as_raw_fd(), &mut slices, Some(control), flags)?;
        let mut read = Read { length: message.bytes, remote: None, local: None, unreachable: false };
        read.remote = message.address.and_then(|address| {
            let v4 = address.as_sockaddr_in().map(|v4| SocketAddr::from(*v4));
            v4.or_else(|| address.as_sockaddr_in6().map(|v6| SocketAddr::from(*v6)))
        });
        for word in message.cmsgs()? {
            match word {
                ControlMessageOwned::Ipv4PacketInfo(info) => {
                    // The address to answer from, which is a real one even for a datagram to a broadcast address.
                    // An ICMP error has none; there the address it came to is the one that was sent from.
                    let address = if flags.contains(MsgFlags::MSG_ERRQUEUE) {
                        info.ipi_addr
                    } else {
                        info.ipi_spec_dst
                    };
                    let ip = Ipv4Addr::from(address.s_addr.to_ne_bytes());
                    read.local = Some(SocketAddr::new(ip.into(), self.bound.port()));
                }
                ControlMessageOwned::Ipv6PacketInfo(info) => {
                    let ip = Ipv6Addr::from(info.ipi6_addr.s6_addr);
                    let scope = if ip.is_unicast_link_local() { info.ipi6_ifindex } else { 0 };
                    read.local = Some(SocketAddrV6::new(ip, self.bound.port(), 0, scope).into());
                }
                ControlMessageOwned::Ipv4RecvErr(error, _) | ControlMessageOwned::Ipv6RecvErr(error, _) => {
                    read.unreachable = says_unreachable(&error);
                }
                _ => {}
            }
        }
        Ok(read)
    }

    fn flow(&self, read: &Read) -> Option<Flow> {
        let remote = read.remote.filter(|remote| remote.port() != 0)?;
        let local = if self.bound.ip().is_unspecified() { read.local? } else { self.bound };
        let one_host = |ip: IpAddr| !ip.is_unspecified() && !ip.is_multicast();
        (one_host(local.ip()) && one_host(remote.ip())).then_some(Flow {
            transport: Transport::Udp,
            local,
            remote,
        })
    }

    fn write(&self, flow: &Flow, bytes: &[u8]) -> io::Result<()> {
        let remote = SockaddrStorage::from(flow.remote);
        let slices = [IoSlice::new(bytes)];
        // A socket on one address sends from it anyway.
        let chooses = self.bound.ip().is_unspecified();
        let (v4, v6) = (v4_source(flow.local), v6_source(flow.local));
        let v4 = v4.as_ref().map(ControlMessage::Ipv4PacketInfo);
        let v6 = v6.as_ref().map(ControlMessage::Ipv6PacketInfo);
        let source = v4.or(v6).filter(|_| chooses);
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
        sendmsg(self.io.as_raw_fd(), &slices, source.as_slice(), flags, Some(&remote))?;
        Ok(())
    }
}

impl AsFd for UdpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.as_fd()
    }
}

/// What one read brought, beside the bytes.
struct Read {
    length: usize,
    remote: Option<SocketAddr>,
    local: Option<SocketAddr>,
    unreachable: bool,
}

fn v4_source(local: SocketAddr) -> Option<libc::in_pktinfo> {
    let SocketAddr::V4(local) = local else { return None };
    let address = libc::in_addr { s_addr: u32::from_ne_bytes(local.ip().octets()) };
    let anywhere = libc::in_addr { s_addr: 0 };
    Some(libc::in_pktinfo { ipi_ifindex: 0, ipi_spec_dst: address, ipi_addr: anywhere })
}

fn v6_source(local: SocketAddr) -> Option<libc::in6_pktinfo> {
    let SocketAddr::V6(local) = local else { return None };
    let address = libc::in6_addr { s6_addr: local.ip().octets() };
    Some(libc::in6_pktinfo { ipi6_addr: address, ipi6_ifindex: local.scope_id() })
}

/// Whether an ICMP error ends what was sent: only "destination unreachable" does, whatever the code but "too
/// long", after which the kernel cuts the next one (RFC 3261 §18.4, RFC 1122 §3.2.2.1, RFC 4443 §3.1).
fn says_unreachable(error: &libc::sock_extended_err) -> bool {
    match error.ee_origin {
        ORIGIN_ICMP => error.ee_type == 3 && error.ee_code != 4,
        ORIGIN_ICMP6 => error.ee_type == 1,
        _ => false,
    }
}

/// Whether an error of the kernel says that there is no way, now or for an earlier datagram.
pub(crate) fn is_unreachable(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(
            libc::ECONNREFUSED
                | libc::EHOSTUNREACH
                | libc::ENETUNREACH
                | libc::EHOSTDOWN
                | libc::ENONET
                | libc::ENOPROTOOPT
                | libc::EACCES
                | libc::EPERM
        )
    )
}
