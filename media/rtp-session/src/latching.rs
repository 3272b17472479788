//! Symmetric RTP: whom to believe, and where to send (RFC 4961, RFC 7362 §4).
//!
//! An address in SDP is often wrong: behind a NAT the packets come from another one, and answers must go
//! there. But an address that anybody may claim is a door. The rule:
//!
//! 1. Until something was received, packets go to the signalled address.
//! 2. The first valid packet latches its source, whatever the SDP says. During the first
//!    [`FIRM_AFTER_PACKETS`] packets the signalled address, if it speaks, takes over: a stranger who was
//!    quicker loses.
//! 3. After them the source is firm. Another one is refused, unless the firm one has been silent for
//!    [`SILENT_SAME_STREAM`] and the newcomer knows the stream's SSRC (a NAT that moved), or for
//!    [`SILENT_OTHER_STREAM`] whatever it knows (a telephone that moved).
//! 4. Who came in by such a silence is never firm against the signalled address: when that speaks again (a hold
//!    that ends, a pause without comfort noise) the call is its own again at once.
//!
//! "Valid" means: RTP of a payload type that was agreed. A blind stranger must therefore guess the port, the
//! type and a pause of two seconds, never gets in while the owner speaks, and is out when the owner speaks again
//! from where it said. (An owner behind a NAT, whose signalled address never speaks, is not given back: only
//! SRTP could tell the two apart.)

use frontdesk_identifiers::Moment;
use std::net::SocketAddr;
use std::time::Duration;

/// After so many packets (1 s of 20 ms) a source is firm.
pub const FIRM_AFTER_PACKETS: u32 = 50;
/// So long the firm source must be silent before the same stream may come from elsewhere.
pub const SILENT_SAME_STREAM: Duration = Duration::from_millis(200);
/// So long it must be silent before another stream may come from elsewhere.
pub const SILENT_OTHER_STREAM: Duration = Duration::from_secs(2);

/// The belief about where the peer is.
#[derive(Debug, Clone)]
pub struct Latching {
    signalled: SocketAddr,
    belief: Belief,
}

#[derive(Debug, Clone, Copy)]
enum Belief {
    /// Nothing came yet.
    FirstPacketAwaited,
    /// This source sends.
    Latched { source: SocketAddr, came: Came, packets: u32, last: Moment },
}

/// How a source became the believed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    /// It was the first, or it is the signalled one.
    First,
    /// The one before it fell silent.
    BySilence,
}

impl Latching {
    /// Believes what SDP says.
    pub fn new(signalled: SocketAddr) -> Self {
        Latching { signalled, belief: Belief::FirstPacketAwaited }
    }

    /// SDP says something new. The same address again changes nothing.
    pub fn signal(&mut self, signalled: SocketAddr) {
        if signalled != self.signalled {
            *self = Latching::new(signalled);
        }
    }

    /// Whether a valid packet from `source` is believed; `same_stream` if it carries the SSRC of the stream
    /// that is being received.
    pub fn admit(&mut self, source: SocketAddr, same_stream: bool, now: Moment) -> bool {
        let (came, packets) = match self.belief {
            Belief::FirstPacketAwaited => (Came::First, 1),
            Belief::Latched { source: latched, came, packets, .. } if latched == source => {
                (came, packets.saturating_add(1))
            }
            Belief::Latched { came, packets, .. }
                if source == self.signalled && (packets < FIRM_AFTER_PACKETS || came == Came::BySilence) =>
            {
                (Came::First, 1)
            }
            Belief::Latched { last, .. } => {
                let wait = if same_stream { SILENT_SAME_STREAM } else { SILENT_OTHER_STREAM };
                if now.since(last) < wait {
                    return false;
                }
                let came = if source == self.signalled { Came::First } else { Came::BySilence };
                (came, 1)
            }
        };
        self.belief = Belief::Latched { source, came, packets, last: now };
        true
    }

    /// Where to send RTP.
    pub fn send_to(&self) -> SocketAddr {
        self.latched().unwrap_or(self.signalled)
    }

    /// The source that is believed, once a packet came.
    pub fn latched(&self) -> Option<SocketAddr> {
        match self.belief {
            Belief::FirstPacketAwaited => None,
            Belief::Latched { source, .. } => Some(source),
        }
    }

    /// Whether the peer sends from the address that it signalled, or has not sent yet.
    pub fn is_where_signalled(&self) -> bool {
        self.send_to() == self.signalled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    /// `count` packets from a port, 20 ms apart; how many were believed.
    fn packets(latching: &mut Latching, port: u16, from_ms: u64, count: u64) -> usize {
        let at = |n| Moment::from_millis(from_ms + 20 * n);
        (0..count).filter(|n| latching.admit(address(port), true, at(*n))).count()
    }

    #[test]
    fn a_peer_behind_a_nat_is_answered_where_it_sends_from() {
        let mut latching = Latching::new(address(1));
        assert_eq!(latching.send_to(), address(1));
        assert_eq!(packets(&mut latching, 2, 0, 3), 3);
        assert_eq!((latching.send_to(), latching.is_where_signalled()), (address(2), false));
        latching.signal(address(1));
        assert_eq!(latching.send_to(), address(2), "the same SDP again moves nothing");
        latching.signal(address(3));
        assert_eq!(latching.send_to(), address(3));
    }

    #[test]
    fn a_stranger_who_was_quicker_loses_to_the_signalled_address() {
        let mut latching = Latching::new(address(1));
        assert_eq!(packets(&mut latching, 66, 0, 10), 10);
        for n in 0..10 {
            assert_eq!(packets(&mut latching, 1, 200 + 20 * n, 1), 1);
            assert_eq!(packets(&mut latching, 66, 205 + 20 * n, 1), 0);
        }
        assert_eq!(latching.send_to(), address(1));
    }

    #[test]
    fn a_stranger_cannot_take_over_a_call_that_goes_on() {
        let mut latching = Latching::new(address(1));
        for second in 0..10 {
            assert_eq!(packets(&mut latching, 1, second * 1_000, 50), 50);
            assert!(!latching.admit(address(66), true, Moment::from_millis(second * 1_000 + 990)));
            assert!(!latching.admit(address(66), false, Moment::from_millis(second * 1_000 + 999)));
        }
        assert_eq!(latching.send_to(), address(1));
    }

    #[test]
    fn a_stranger_who_waited_for_a_pause_loses_the_call_when_its_owner_speaks_again() {
        let mut latching = Latching::new(address(1));
        assert_eq!(packets(&mut latching, 1, 0, 60), 60);
        // A hold of 10 s, in which a stranger speaks long enough to be firm.
        assert_eq!(packets(&mut latching, 66, 10_000, 200), 200);
        assert_eq!(latching.send_to(), address(66));
        assert_eq!(packets(&mut latching, 1, 14_010, 1), 1);
        assert_eq!(packets(&mut latching, 66, 14_020, 5), 0);
        assert_eq!(latching.send_to(), address(1));
    }

    #[test]
    fn a_nat_that_moves_its_port_is_followed_soon_and_another_stream_late() {
        let mut latching = Latching::new(address(1));
        packets(&mut latching, 2, 0, 60);
        let last = Moment::from_millis(59 * 20);
        let mut same = latching.clone();
        assert!(!same.admit(address(3), true, last + Duration::from_millis(199)));
        assert!(same.admit(address(3), true, last + SILENT_SAME_STREAM));
        assert!(!latching.admit(address(4), false, last + Duration::from_millis(1_999)));
        assert!(latching.admit(address(4), false, last + SILENT_OTHER_STREAM));
        assert_eq!((same.send_to(), latching.send_to()), (address(3), address(4)));
    }
}
