//! Ways through NATs that are kept open for datagrams (RFC 5626 §4.4.2, with CRLF as many carriers want it).

use crate::chance;
use crate::counters::Tally;
use crate::udp::UdpSocket;
use frontdesk_sip_stack::Flow;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many flows are kept alive at most: one for each registration at another registrar. More are refused.
pub const KEPT_ALIVE_MAX: usize = 1_024;
/// As it is sent over streams (RFC 5626 §3.5.1); whoever reads it as SIP passes over empty lines (RFC 3261 §7.5).
const KEEP_ALIVE: &[u8] = b"\r\n\r\n";

/// The flows that are kept alive.
#[derive(Debug, Default)]
pub(crate) struct KeptAlive(Mutex<BTreeSet<Flow>>);

impl KeptAlive {
    /// Tells whether there is room.
    pub(crate) fn begin(&self, flow: Flow) -> bool {
        let mut flows = self.lock();
        let room = flows.len() < KEPT_ALIVE_MAX || flows.contains(&flow);
        if room {
            flows.insert(flow);
        }
        room
    }

    pub(crate) fn end(&self, flow: &Flow) {
        self.lock().remove(flow);
    }

    /// Sends to every flow, again and again.
    pub(crate) async fn send_for_ever(
        self: Arc<Self>,
        sockets: Vec<Arc<UdpSocket>>,
        every: Duration,
        tally: Arc<Tally>,
    ) {
        loop {
            // Not at fixed times, so that many desks do not fall into step (RFC 5626 §4.4.1).
            tokio::time::sleep(chance::about(every)).await;
            let flows: Vec<Flow> = self.lock().iter().copied().collect();
            for flow in flows {
                let socket = sockets.iter().find(|socket| socket.serves(flow.local));
                let sent = socket.is_some_and(|socket| socket.send(&flow, KEEP_ALIVE).is_ok());
                // One that is lost is followed by another.
                let counter = if sent { &tally.kept_alive } else { &tally.send_failed };
                counter.add_one();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<Flow>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontdesk_sip_stack::Transport;
    use std::net::SocketAddr;

    #[test]
    fn so_many_flows_are_kept_alive_and_no_more() {
        let kept = KeptAlive::default();
        let flow = |port: u16| {
            let address = SocketAddr::from(([192, 0, 2, 1], port));
            Flow { transport: Transport::Udp, local: address, remote: address }
        };
        let max = u16::try_from(KEPT_ALIVE_MAX).unwrap();
        assert!((0..max).all(|port| kept.begin(flow(port))));
        assert!(!kept.begin(flow(max)));
        assert!(kept.begin(flow(7)), "one that is kept alive already");
        kept.end(&flow(7));
        assert!(kept.begin(flow(max)));
    }
}
