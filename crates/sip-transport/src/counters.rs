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
    /// Datagrams read.
    received,
    /// Datagrams that `deliver` took, at once or later.
    delivered,
    /// Datagrams that are no SIP on purpose: keep-alives and STUN.
    passed_over,
    /// Requests and responses dropped because their source sends too many.
    dropped_over_rate,
    /// Requests answered 503 here because the desk was too busy.
    refused_busy,
    /// Inputs that had to wait for the desk.
    waited,
    /// Inputs dropped because too many waited already, or because nothing could be answered to them.
    dropped_busy,
    /// Datagrams sent.
    sent,
    /// Datagrams dropped because the socket's buffer was full.
    send_busy,
    /// Datagrams that could not be sent for another reason.
    send_failed,
    /// ICMP errors that told of a datagram which did not arrive.
    unreachable,
    /// Reads that failed.
    receive_failed,
}

/// One counter. Each stands for itself, so no order between them is kept.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
