//! Where the media thread sleeps while there is no leg, and how it is called back.

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::fd::{AsFd, OwnedFd};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering, fence};

/// The bed and the bell beside it. Calling costs a system call only while somebody sleeps.
pub(crate) struct Rest {
    bell: OwnedFd,
    resting: AtomicBool,
}

impl Rest {
    pub(crate) fn new() -> io::Result<Self> {
        let bell = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        Ok(Rest { bell, resting: AtomicBool::new(false) })
    }

    /// Sleeps until it is called, unless something is there already. It may come back for nothing.
    pub(crate) fn until_called(&self, is_there: impl Fn() -> bool) {
        self.resting.store(true, Ordering::Relaxed);
        // Either this side sees what was put there before the call, or the caller sees this side resting.
        fence(Ordering::SeqCst);
        if !is_there() {
            let _ = poll(&mut [PollFd::from_borrowed_fd(self.bell.as_fd(), PollFlags::IN)], None);
        }
        self.resting.store(false, Ordering::Relaxed);
        let _ = rustix::io::read(&self.bell, &mut [0; 8]);
    }

    /// Wakes the sleeper, if there is one; to be called after something was put there.
    pub(crate) fn call(&self) {
        fence(Ordering::SeqCst);
        if self.resting.load(Ordering::Relaxed) {
            // It fails only when the counter is full: then it was called already.
            let _ = rustix::io::write(&self.bell, &1u64.to_ne_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::AtomicU32;

    #[test]
    fn no_call_is_lost_however_the_two_meet() {
        let (rest, given) = (Arc::new(Rest::new().unwrap()), Arc::new(AtomicU32::new(0)));
        let sleeper = std::thread::spawn({
            let (rest, given) = (Arc::clone(&rest), Arc::clone(&given));
            move || {
                let mut taken = 0;
                while taken < 20_000 {
                    rest.until_called(|| given.load(Ordering::Acquire) > taken);
                    taken = given.load(Ordering::Acquire);
                }
            }
        });
        for _ in 0..20_000 {
            given.fetch_add(1, Ordering::Release);
            rest.call();
        }
        sleeper.join().unwrap();
    }
}
