//! What went through the sockets.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Totals since the start, over all sockets.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct Counters {
            $($(#[$doc])* pub $name: u64,)*
        }

        /// The counters while they run.
        #[derive(Debug, Default)]
        pub(crate) struct Tally {
            $(pub(crate) $name: Count,)*
        }

        impl Tally {
            pub(crate) fn read(&self) -> Counters {
                Counters { $($name: self.$name.0.load(Ordering::Relaxed),)* }
            }
        }
    };
}

counters! {
    /// Datagrams and messages of streams read.
    received,
    /// Datagrams that `deliver` took, at once or later.
    delivered,
    /// Datagrams that are no SIP on purpose: keep-alives, and STUN that asks nothing.
    passed_over,
    /// STUN requests answered.
    stun_answered,
    /// Keep-alives sent as datagrams.
    kept_alive,
    /// Requests and responses dropped because their source sends too many.
    dropped_over_rate,
    /// Requests answered 503 here because the desk was too busy.
    refused_busy,
    /// Inputs that had to wait for the desk.
    waited,
    /// Inputs dropped because too many waited already, or because nothing could be answered to them.
    dropped_busy,
    /// Datagrams and messages of streams sent.
    sent,
    /// Datagrams dropped because the socket's buffer was full.
    send_busy,
    /// Messages that could not be sent for another reason.
    send_failed,
    /// ICMP errors that told of a datagram which did not arrive.
    unreachable,
    /// Reads that failed.
    receive_failed,
    /// Connections accepted, their handshakes made.
    accepted,
    /// Connections refused because there are too many in all, or too many of their source.
    refused_connections,
    /// Accepts that failed: the machine has no more handles, say.
    accept_failed,
    /// Handshakes of TLS or WebSocket that failed or took too long.
    handshake_failed,
    /// Of these: it gave way, because too many were under way.
    handshake_gave_way,
    /// Connections opened from here.
    opened,
    /// Connections that could not be opened.
    open_failed,
    /// Connections closed for any reason, by either side.
    closed,
    /// Of these: the stream could not be cut into messages.
    closed_unreadable,
    /// Of these: a message was begun and not finished in time.
    closed_half_sent,
    /// Of these: nothing came for too long.
    closed_idle,
    /// Of these: the other side read too slowly, or not at all.
    closed_slow,
    /// Of these: the other side answered pings, and then no more.
    closed_silent,
    /// Times that a connection was not read for a while, because its source sends too many messages.
    slowed,
    /// Pings of the other side that were answered.
    pings_answered,
}

/// One counter. Each stands for itself, so no order between them is kept.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
