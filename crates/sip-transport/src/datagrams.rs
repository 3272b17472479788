//! The UDP sockets, for a thread that reads them itself.
//!
//! Whoever decides about calls sleeps here until something came, reads it and answers it: no other thread stands between
//! the network and the decision, and nobody has to be woken for a datagram but the one who answers it.

use crate::intake::{Full, Intake};
use crate::udp::{ReadBuffer, UdpSocket, is_unreachable};
use frontdesk_identifiers::Moment;
use frontdesk_sip_stack::SipInput;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many datagrams, and how many ICMP errors, are read from a socket before some of them are answered: more than the
/// kernel has room for, so that a burst waits here, where it is seen what it is.
const BATCH_MAX: usize = 256;

/// What comes as datagrams.
pub struct Datagrams {
    sockets: Vec<Reading>,
    buffer: ReadBuffer,
    intake: Intake,
    started: Instant,
}

/// A socket, and what is known of it.
struct Reading {
    socket: Arc<UdpSocket>,
    /// It may have a datagram.
    readable: bool,
    /// It may have an ICMP error.
    failed: bool,
}

impl Datagrams {
    pub(crate) fn new(sockets: impl IntoIterator<Item = Arc<UdpSocket>>, intake: Intake) -> Self {
        // Whatever came before somebody waits is read first.
        let reading = |socket| Reading { socket, readable: true, failed: true };
        let sockets = sockets.into_iter().map(reading).collect();
        Datagrams { sockets, buffer: ReadBuffer::new(), intake, started: Instant::now() }
    }

    /// Sleeps until something came, `bell` can be read or `longest` is over; whether it was the bell, among others. It does
    /// not sleep while something waits to be taken.
    pub fn wait(&mut self, bell: BorrowedFd<'_>, longest: Option<Duration>) -> bool {
        let longest =
            if self.intake.is_waiting() || self.has_unread() { Some(Duration::ZERO) } else { longest };
        let timeout = longest.map(|time| Timespec {
            tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(time.subsec_nanos()),
        });
        let sockets = self.sockets.iter().map(|reading| reading.socket.as_fd());
        let handles = std::iter::once(bell).chain(sockets);
        let mut handles: Vec<_> =
            handles.map(|handle| PollFd::from_borrowed_fd(handle, PollFlags::IN)).collect();
        // An interrupted wait is a short wait.
        let _ = poll(&mut handles, timeout.as_ref());
        let seen: Vec<PollFlags> = handles.iter().map(PollFd::revents).collect();
        let mut seen = seen.into_iter();
        let rang = seen.next().is_some_and(|bell| !bell.is_empty());
        for (reading, seen) in self.sockets.iter_mut().zip(seen) {
            reading.readable |= seen.contains(PollFlags::IN);
            reading.failed |= seen.contains(PollFlags::ERR);
        }
        rang
    }

    /// Reads what came, and lets in what may come in. To be called before each round of [`take`](Self::take): what the desk
    /// cannot keep up with has to be seen to be refused.
    pub fn gather(&mut self) {
        self.gather_at_most(BATCH_MAX);
    }

    /// The oldest that was let in. A caller that takes many calls [`gather`](Self::gather) in between.
    pub fn take(&mut self) -> Option<SipInput> {
        self.intake.next()
    }

    /// Offers what was let in until the desk is full; whether it took all.
    pub(crate) fn offer(&mut self, deliver: &impl Fn(SipInput) -> Result<(), Full>) -> bool {
        self.intake.offer(deliver)
    }

    /// Whether a socket may have more to read.
    pub(crate) fn has_unread(&self) -> bool {
        self.sockets.iter().any(|reading| reading.readable || reading.failed)
    }

    /// Something may have come by the sockets.
    pub(crate) fn look_again(&mut self) {
        for reading in &mut self.sockets {
            (reading.readable, reading.failed) = (true, true);
        }
    }

    pub(crate) fn gather_at_most(&mut self, most: usize) {
        let Datagrams { sockets, buffer, intake, started } = self;
        let now = Moment::from_nanos(u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX));
        for reading in sockets {
            if reading.readable {
                reading.read(buffer, intake, now, most);
            }
            if reading.failed {
                reading.read_failures(buffer, intake, most);
            }
        }
    }
}

impl Reading {
    fn read(&mut self, buffer: &mut ReadBuffer, intake: &mut Intake, now: Moment, most: usize) {
        for _ in 0..most {
            match self.socket.receive(buffer) {
                Ok(Some(datagram)) => intake.take(&self.socket, datagram.flow, datagram.bytes, now),
                Ok(None) => intake.pass_over(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.readable = false;
                    return;
                }
                // An ICMP error is told here too; the error queue says whom it concerns.
                Err(error) if is_unreachable(&error) => self.failed = true,
                Err(_) => intake.miss(),
            }
        }
    }

    fn read_failures(&mut self, buffer: &mut ReadBuffer, intake: &mut Intake, most: usize) {
        for _ in 0..most {
            match self.socket.receive_failure(buffer) {
                Ok(Some(flow)) => intake.fail(flow),
                Ok(None) => {}
                Err(_) => {
                    self.failed = false;
                    return;
                }
            }
        }
    }
}

impl std::fmt::Debug for Datagrams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.sockets.iter().map(|reading| reading.socket.bound())).finish()
    }
}
