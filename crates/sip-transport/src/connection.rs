//! One connection: what it has seen, and why it ends.

use crate::connections::{Connections, Seat};
use crate::counters::Tally;
use crate::outbox::Outbox;
use crate::settings::ConnectionLimits;
use frontdesk_sip_stack::{Flow, SipInput};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::Instant;

/// A connection that stands, whatever its transport. Its reader and its writer run in one task, side by side.
pub(crate) struct Connection {
    pub(crate) flow: Flow,
    /// Whether it was opened from here.
    pub(crate) opened: bool,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) connections: Arc<Connections>,
    /// The names that the other side's certificate proves, until they are told.
    names: Mutex<Vec<String>>,
    /// Whether the desk was told something of it.
    told: AtomicBool,
    /// Whether the other side brought a request.
    used: AtomicBool,
    /// How often something was read.
    heard: AtomicU64,
    /// Whether the other side ever answered a ping.
    ponged: AtomicBool,
}

/// Why a connection ended.
#[derive(Debug)]
pub(crate) enum End {
    /// The other side closed it.
    ByPeer,
    /// It was closed from here.
    FromHere,
    /// The network says that it is gone.
    Broken(io::ErrorKind),
    /// What comes cannot be cut into messages.
    Unreadable,
    /// A message was begun and not finished.
    HalfSent,
    /// Nothing came for too long.
    Idle,
    /// The other side does not read.
    TooSlow,
    /// The other side does not answer pings any more.
    Silent,
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            End::ByPeer => "the other side closed it",
            End::FromHere => "it was closed from here",
            End::Broken(kind) => return write!(f, "the network broke it: {kind}"),
            End::Unreadable => "what came could not be cut into messages",
            End::HalfSent => "a message was begun and not finished in time",
            End::Idle => "nothing came for too long",
            End::TooSlow => "the other side does not read",
            End::Silent => "the other side does not answer pings any more",
        })
    }
}

impl End {
    /// Whether what waits in the outbox can still be sent.
    pub(crate) fn leaves_time(&self) -> bool {
        !matches!(self, End::Broken(_) | End::TooSlow | End::Silent)
    }

    pub(crate) fn count(&self, tally: &Tally) {
        tally.closed.add_one();
        match self {
            End::ByPeer | End::FromHere | End::Broken(_) => {}
            End::Unreadable => tally.closed_unreadable.add_one(),
            End::HalfSent => tally.closed_half_sent.add_one(),
            End::Idle => tally.closed_idle.add_one(),
            End::TooSlow => tally.closed_slow.add_one(),
            End::Silent => tally.closed_silent.add_one(),
        }
    }
}

impl Connection {
    pub(crate) fn new(connections: Arc<Connections>, seat: &Seat, opened: bool, names: Vec<String>) -> Self {
        Connection {
            flow: seat.flow,
            opened,
            outbox: seat.outbox.clone(),
            connections,
            names: Mutex::new(names),
            told: AtomicBool::new(false),
            used: AtomicBool::new(opened),
            heard: AtomicU64::new(0),
            ponged: AtomicBool::new(false),
        }
    }

    pub(crate) fn limits(&self) -> &ConnectionLimits {
        &self.connections.limits
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.connections.desk.tally
    }

    /// Whether the desk knows of it, so that it must hear of its end.
    pub(crate) fn is_known(&self) -> bool {
        self.told.load(Ordering::Relaxed) || self.outbox.is_used_by_desk()
    }

    pub(crate) fn used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }

    /// Until when silence is borne that began at `since`, on a connection that came to be at `opened`.
    pub(crate) fn silent_until(&self, opened: Instant, since: Instant) -> Instant {
        let limits = self.limits();
        match self.used() {
            _ if self.opened || self.outbox.serves() => since + limits.idle,
            true => since + limits.stranger,
            false => opened + limits.unused,
        }
    }

    pub(crate) fn note_sent(&self) {
        self.tally().sent.add_one();
    }

    pub(crate) fn note_heard(&self) {
        self.heard.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn heard(&self) -> u64 {
        self.heard.load(Ordering::Relaxed)
    }

    pub(crate) fn note_pong(&self) {
        self.ponged.store(true, Ordering::Relaxed);
    }

    pub(crate) fn ponged(&self) -> bool {
        self.ponged.load(Ordering::Relaxed)
    }

    /// Brings a message to the desk, and comes back when it has it.
    pub(crate) async fn bring(&self, message: Vec<u8>) {
        self.tell_names().await;
        let brought = self.connections.desk.bring(self.flow, message).await;
        if brought.told {
            self.told.store(true, Ordering::Relaxed);
        }
        if brought.request {
            self.used.store(true, Ordering::Relaxed);
        }
        if let Some(refusal) = brought.refusal {
            self.answer(refusal);
        }
    }

    /// Answers by itself. An outbox that takes no more ends the connection anyway.
    pub(crate) fn answer(&self, bytes: Vec<u8>) {
        let _ = self.outbox.push_own(bytes);
    }

    /// Tells what is known of the other side: once, and before its first message.
    async fn tell_names(&self) {
        let names = std::mem::take(&mut *self.names.lock().unwrap_or_else(PoisonError::into_inner));
        if !names.is_empty() {
            self.told.store(true, Ordering::Relaxed);
            self.connections.desk.tell(SipInput::PeerProved { flow: self.flow, names }).await;
        }
    }
}
