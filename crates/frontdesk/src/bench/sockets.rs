//! The sockets of all legs: what arrives is stamped by the kernel, so that the bench's own turn does not count.

use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt::ReceiveTimestampns,
};
use rustix::event::{Timespec, epoll};
use rustix::fd::OwnedFd;
use std::collections::BTreeMap;
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Reports of readable sockets at a time; the others follow at once.
const REPORTS: usize = 256;
/// Datagrams that are read of one socket before the others have their turn.
const A_TURN: usize = 16;
const DATAGRAM_BYTES: usize = 2_048;

/// The open sockets, by leg.
pub(super) struct Sockets {
    epoll: OwnedFd,
    open: BTreeMap<u32, UdpSocket>,
    stamps: Vec<u8>,
}

impl Sockets {
    pub(super) fn new() -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        Ok(Sockets { epoll, open: BTreeMap::new(), stamps: nix::cmsg_space!(nix::sys::time::TimeSpec) })
    }

    /// Opens the socket of a leg.
    pub(super) fn open(&mut self, leg: u32, address: IpAddr) -> io::Result<SocketAddr> {
        let socket = UdpSocket::bind((address, 0))?;
        socket.set_nonblocking(true)?;
        setsockopt(&socket, ReceiveTimestampns, &true)?;
        let name = epoll::EventData::new_u64(leg.into());
        epoll::add(&self.epoll, &socket, name, epoll::EventFlags::IN)?;
        let address = socket.local_addr()?;
        self.open.insert(leg, socket);
        Ok(address)
    }

    pub(super) fn close(&mut self, leg: u32) {
        self.open.remove(&leg);
    }

    /// Sends on a leg's socket; whether the kernel took it.
    pub(super) fn send(&self, leg: u32, to: SocketAddr, datagram: &[u8]) -> bool {
        self.open.get(&leg).is_some_and(|socket| socket.send_to(datagram, to).is_ok())
    }

    /// Waits for something to read, at most so long, and hands over what came and when.
    pub(super) fn read(
        &mut self,
        longest: Duration,
        mut take: impl FnMut(u32, &[u8], u64),
    ) -> io::Result<()> {
        let timeout =
            Timespec { tv_sec: 0, tv_nsec: longest.min(Duration::from_millis(900)).subsec_nanos().into() };
        let mut reports = [MaybeUninit::uninit(); REPORTS];
        let (ready, _) = epoll::wait(&self.epoll, &mut reports, Some(&timeout)).unwrap_or((&mut [], &mut []));
        for report in ready.iter() {
            let leg = report.data.u64() as u32;
            for _ in 0..A_TURN {
                let Some(socket) = self.open.get(&leg) else { break };
                let mut room = [0; DATAGRAM_BYTES];
                let mut parts = [IoSliceMut::new(&mut room)];
                let flags = MsgFlags::MSG_DONTWAIT;
                let Ok(message) =
                    recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(&mut self.stamps), flags)
                else {
                    break;
                };
                let stamp = message.cmsgs().ok().and_then(|mut controls| {
                    controls.find_map(|control| match control {
                        ControlMessageOwned::ScmTimestampns(at) => {
                            Some(at.tv_sec() as u64 * 1_000_000_000 + at.tv_nsec() as u64)
                        }
                        _ => None,
                    })
                });
                let length = message.bytes;
                take(leg, room.get(..length).unwrap_or_default(), stamp.unwrap_or_else(wall_nanos));
            }
        }
        Ok(())
    }
}

/// The clock by which the kernel stamps.
pub(super) fn wall_nanos() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
