//! What waits to be written to one connection.

use crate::glance;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// How many messages may wait for one connection. Beyond it the other side is too slow, and the connection is closed
/// ([`closed_slow`](crate::Counters::closed_slow)): who waits for an answer over it is told so at once, instead of much
/// too late.
pub const OUTBOX_MESSAGES_MAX: usize = 512;
/// How many bytes may wait for one connection, likewise.
pub const OUTBOX_BYTES_MAX: usize = 1 << 20;

/// The messages, the oldest first. Anybody puts in; the connection's task takes out.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    waiting: Mutex<Waiting>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    messages: VecDeque<Vec<u8>>,
    bytes: usize,
    state: State,
    /// Whether the desk ever put something in.
    from_desk: bool,
    /// Whether the desk ever served the other side.
    serves: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Open,
    Overflowed,
    Closed,
}

/// Why a message was not put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It was one too many; the connection ends now.
    Overflowed,
    /// The connection has ended.
    Closed,
}

/// What the outbox gives.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Message(Vec<u8>),
    /// It was put into too much.
    Overflowed,
    /// It was closed.
    Closed,
}

impl Outbox {
    /// Puts a message of the desk behind the others.
    pub(crate) fn push(&self, message: Vec<u8>) -> Result<(), Refusal> {
        let mut waiting = self.lock();
        waiting.from_desk = true;
        waiting.serves = waiting.serves || glance::shows_service(&message);
        self.put(waiting, message)
    }

    /// Puts in what the transport says by itself, of which the desk knows nothing.
    pub(crate) fn push_own(&self, message: Vec<u8>) -> Result<(), Refusal> {
        self.put(self.lock(), message)
    }

    /// Whether the desk ever put something in.
    pub(crate) fn is_used_by_desk(&self) -> bool {
        self.lock().from_desk
    }

    /// Whether the desk ever served the other side; else it is a stranger.
    pub(crate) fn serves(&self) -> bool {
        self.lock().serves
    }

    fn put(&self, mut waiting: MutexGuard<'_, Waiting>, message: Vec<u8>) -> Result<(), Refusal> {
        if waiting.state != State::Open {
            return Err(Refusal::Closed);
        }
        let bytes = waiting.bytes.saturating_add(message.len());
        let fits = waiting.messages.len() < OUTBOX_MESSAGES_MAX && bytes <= OUTBOX_BYTES_MAX;
        if fits {
            waiting.bytes = bytes;
            waiting.messages.push_back(message);
        } else {
            waiting.state = State::Overflowed;
        }
        drop(waiting);
        self.news.notify_one();
        if fits { Ok(()) } else { Err(Refusal::Overflowed) }
    }

    /// Takes nothing more from now on; what waits is still given.
    pub(crate) fn close(&self) {
        let mut waiting = self.lock();
        if waiting.state == State::Open {
            waiting.state = State::Closed;
        }
        drop(waiting);
        self.news.notify_one();
    }

    /// Takes nothing more, and forgets what waits.
    pub(crate) fn abort(&self) {
        let mut waiting = self.lock();
        waiting.state = State::Closed;
        waiting.messages.clear();
        waiting.bytes = 0;
        drop(waiting);
        self.news.notify_one();
    }

    /// The next message, once there is one. Nothing is lost when this future is dropped.
    pub(crate) async fn next(&self) -> Next {
        loop {
            if let Some(next) = self.take() {
                return next;
            }
            self.news.notified().await;
        }
    }

    fn take(&self) -> Option<Next> {
        let mut waiting = self.lock();
        if waiting.state == State::Overflowed {
            return Some(Next::Overflowed);
        }
        let Some(message) = waiting.messages.pop_front() else {
            return (waiting.state == State::Closed).then_some(Next::Closed);
        };
        waiting.bytes -= message.len();
        Some(Next::Message(message))
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_put_in_comes_out_in_order_and_then_the_end() {
        let outbox = Outbox::default();
        for number in 0..3 {
            outbox.push(vec![number]).unwrap();
        }
        outbox.close();
        assert_eq!(outbox.push(vec![9]), Err(Refusal::Closed));
        for number in 0..3 {
            assert_eq!(outbox.next().await, Next::Message(vec![number]));
        }
        assert_eq!(outbox.next().await, Next::Closed);
    }

    #[tokio::test]
    async fn messages_and_bytes_are_bounded_and_one_too_many_ends_it() {
        let many = Outbox::default();
        for _ in 0..OUTBOX_MESSAGES_MAX {
            many.push(vec![0]).unwrap();
        }
        assert_eq!(many.push(vec![0]), Err(Refusal::Overflowed));
        assert_eq!(many.push(vec![0]), Err(Refusal::Closed), "it is told once");
        assert_eq!(many.next().await, Next::Overflowed);

        let long = Outbox::default();
        long.push(vec![0; OUTBOX_BYTES_MAX]).unwrap();
        assert!(matches!(long.next().await, Next::Message(_)));
        long.push(vec![0; OUTBOX_BYTES_MAX]).unwrap();
        assert_eq!(long.push(vec![0]), Err(Refusal::Overflowed));
    }
}
