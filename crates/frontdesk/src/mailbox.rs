//! The way into a deciding thread: a bounded channel and an eventfd.
//!
//! Whoever has something puts it in and rings; the thread sleeps on the eventfd and its next deadline, the switchboard's
//! on its UDP sockets too. The media threads ring the same eventfd after they pushed events into their own rings, so one
//! wait serves all.

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

/// Letters that wait for the thread. When it is full the writer is told so: the SIP transport refuses new calls
/// with 503, and what the speech workers have is lost and logged.
pub const MAILBOX_CAPACITY: usize = 1_024;

/// The writing end; cheap to clone.
pub struct Mailbox<T> {
    sender: SyncSender<T>,
    bell: Arc<OwnedFd>,
}

/// The reading end, owned by one thread.
pub struct Letters<T> {
    receiver: Receiver<T>,
    bell: Arc<OwnedFd>,
}

/// The mailbox is full, or nobody reads it any more. Holds what could not be put in.
#[derive(Debug)]
pub struct Full<T>(pub T);

impl<T> Clone for Mailbox<T> {
    fn clone(&self) -> Self {
        Mailbox { sender: self.sender.clone(), bell: Arc::clone(&self.bell) }
    }
}

/// Makes a mailbox.
///
/// # Errors
/// When the system has no file handle left.
pub fn mailbox<T>() -> std::io::Result<(Mailbox<T>, Letters<T>)> {
    let bell = Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?);
    let (sender, receiver) = sync_channel(MAILBOX_CAPACITY);
    Ok((Mailbox { sender, bell: Arc::clone(&bell) }, Letters { receiver, bell }))
}

impl<T> Mailbox<T> {
    /// Puts a letter in, without ever waiting.
    ///
    /// # Errors
    /// The letter comes back when there is no room.
    pub fn post(&self, letter: T) -> Result<(), Full<T>> {
        match self.sender.try_send(letter) {
            Ok(()) => {
                self.ring();
                Ok(())
            }
            Err(TrySendError::Full(letter) | TrySendError::Disconnected(letter)) => Err(Full(letter)),
        }
    }

    /// Puts a letter in, and waits for room: for whoever starts and stops the thread.
    pub fn post_waiting(&self, letter: T) {
        if self.sender.send(letter).is_ok() {
            self.ring();
        }
    }

    /// Wakes the reading thread.
    pub fn ring(&self) {
        // A full counter already wakes; a closed one has no reader.
        let _ = rustix::io::write(self.bell.as_fd(), &1u64.to_ne_bytes());
    }

    /// The eventfd, for others who want to wake the thread.
    ///
    /// # Errors
    /// When the system has no file handle left.
    pub fn bell(&self) -> std::io::Result<OwnedFd> {
        self.bell.try_clone()
    }
}

impl<T> Letters<T> {
    /// The next letter, if one is there.
    pub fn take(&self) -> Option<T> {
        self.receiver.try_recv().ok()
    }

    /// Sleeps until somebody rings or `longest` is over, and empties the bell.
    pub fn wait(&self, longest: Option<Duration>) {
        let timeout = longest.map(|time| Timespec {
            tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(time.subsec_nanos()),
        });
        // An interrupted wait is a short wait.
        let _ = poll(&mut [PollFd::from_borrowed_fd(self.bell(), PollFlags::IN)], timeout.as_ref());
        self.hush();
    }

    /// What can be read once somebody rang: for a thread that waits for other things too.
    pub fn bell(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }

    /// Empties the bell; to be done before the letters are taken.
    pub fn hush(&self) {
        let mut count = [0; 8];
        let _ = rustix::io::read(self.bell.as_fd(), &mut count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_wakes_the_reader_and_a_full_mailbox_says_so() {
        let (mailbox, letters) = mailbox().expect("an eventfd");
        for letter in 0..MAILBOX_CAPACITY {
            mailbox.post(letter).expect("room");
        }
        assert!(mailbox.post(0).is_err());
        letters.wait(None);
        assert_eq!(letters.take(), Some(0));
        let taken = std::iter::from_fn(|| letters.take()).count();
        assert_eq!(taken, MAILBOX_CAPACITY - 1);
    }

    #[test]
    fn a_ring_while_nobody_waits_is_not_lost() {
        let (mailbox, letters) = mailbox::<u8>().expect("an eventfd");
        mailbox.ring();
        letters.wait(None);
    }
}
