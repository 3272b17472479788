//! Symmetric RTP: whom to believe, and where to send (RFC 4961, RFC 7362 §4).
//!
//! An address in SDP is often wrong: behind a NAT the packets come from another one, and answers must go
//! there. But an address that anybody may claim is a door. The rule:
//!
//! Sources stand in three ranks: the address that was signalled; the host from which the call's SIP messages come, by
//! any port, which is where a telephone behind a NAT sends its sound from, too; and everybody else.
//!
//! 1. Until something was received, packets go to the signalled address.
//! 2. The first valid packet latches its source, whatever the SDP says. A source of a higher rank takes over from it until
//!    it is firm, which it is after [`FIRM_AFTER_PACKETS`] packets and [`FIRM_AFTER`]: a stranger who was quicker loses.
//!    A stranger is never firm against the host of the SIP messages.
//! 3. A firm source is held to. Another one is refused, unless the firm one has been silent for [`SILENT_SAME_STREAM`] and
//!    the newcomer knows the stream's SSRC (a NAT that moved), or for [`SILENT_OTHER_STREAM`] whatever it knows (a telephone
//!    that moved).
//! 4. Who came in by such a silence is never firm against a higher rank: when that speaks again (a hold that ends, a pause
//!    without comfort noise) the call is its own again at once.
//!
//! "Valid" means: RTP of a payload type that was agreed. A blind stranger must therefore guess the port, the
//! type and a pause of two seconds, never gets in while the owner speaks, and is out when the owner speaks again
//! from where it said, or from where its SIP messages come. (An owner that does neither, because its sound takes another
//! way than its messages and passes a NAT there, is not given back: only SRTP could tell the two apart.)

use frontdesk_identifiers::Moment;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// After so many packets (1 s of 20 ms) a source is firm,
pub const FIRM_AFTER_PACKETS: u32 = 50;
/// and after so long, that nobody is by a burst.
pub const FIRM_AFTER: Duration = Duration::from_secs(1);
/// So long the firm source must be silent before the same stream may come from elsewhere.
pub const SILENT_SAME_STREAM: Duration = Duration::from_millis(200);
/// So long it must be silent before another stream may come from elsewhere.
pub const SILENT_OTHER_STREAM: Duration = Duration::from_secs(2);

/// The belief about where the peer is.
#[derive(Debug, Clone)]
pub struct Latching {
    signalled: SocketAddr,
    /// From where the call's SIP messages come, if that is known.
    messages_from: Option<IpAddr>,
    belief: Belief,
}

#[derive(Debug, Clone, Copy)]
enum Belief {
    /// Nothing came yet.
    FirstPacketAwaited,
    /// This source sends.
    Latched { source: SocketAddr, came: Came, packets: u32, since: Moment, last: Moment },
}

/// How a source became the believed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    /// It was the first, or of a higher rank than the one before.
    First,
    /// The one before it fell silent.
    BySilence,
}

/// Whom a source can be taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Stranger,
    HostOfMessages,
    Signalled,
}

impl Latching {
    /// Believes what SDP says; `messages_from` is where the call's SIP messages come from, if that is known.
    pub fn new(signalled: SocketAddr, messages_from: Option<IpAddr>) -> Self {
        let messages_from = messages_from.map(|ip| ip.to_canonical());
        Latching { signalled, messages_from, belief: Belief::FirstPacketAwaited }
    }

    /// SDP says something new. The same address again changes nothing.
    pub fn signal(&mut self, signalled: SocketAddr, messages_from: Option<IpAddr>) {
        if signalled == self.signalled {
            self.messages_from = messages_from.map(|ip| ip.to_canonical());
        } else {
            *self = Latching::new(signalled, messages_from);
        }
    }

    /// Whether a valid packet from `source` is believed; `same_stream` if it carries the SSRC of the stream
    /// that is being received.
    pub fn admit(&mut self, source: SocketAddr, same_stream: bool, now: Moment) -> bool {
        let (came, packets, since) = match self.belief {
            Belief::FirstPacketAwaited => (Came::First, 1, now),
            Belief::Latched { source: latched, came, packets, since, .. } if latched == source => {
                (came, packets.saturating_add(1), since)
            }
            Belief::Latched { source: latched, came, packets, since, last } => {
                let firm = packets >= FIRM_AFTER_PACKETS && now.since(since) >= FIRM_AFTER;
                if self.yields(latched, source, firm && came == Came::First) {
                    (Came::First, 1, now)
                } else {
                    let wait = if same_stream { SILENT_SAME_STREAM } else { SILENT_OTHER_STREAM };
                    if now.since(last) < wait {
                        return false;
                    }
                    let came = if source == self.signalled { Came::First } else { Came::BySilence };
                    (came, 1, now)
                }
            }
        };
        self.belief = Belief::Latched { source, came, packets, since, last: now };
        true
    }

    /// Whether the believed source gives way to another one by its rank.
    fn yields(&self, latched: SocketAddr, to: SocketAddr, firm: bool) -> bool {
        let (rank, higher) = (self.rank(latched), self.rank(to));
        let by_host = rank == Rank::Stranger && self.is_host_of_messages(to);
        higher > rank && (!firm || by_host)
    }

    fn rank(&self, source: SocketAddr) -> Rank {
        if source == self.signalled {
            Rank::Signalled
        } else if self.is_host_of_messages(source) {
            Rank::HostOfMessages
        } else {
            Rank::Stranger
        }
    }

    fn is_host_of_messages(&self, source: SocketAddr) -> bool {
        self.messages_from == Some(source.ip().to_canonical())
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
        let mut latching = Latching::new(address(1), None);
        assert_eq!(latching.send_to(), address(1));
        assert_eq!(packets(&mut latching, 2, 0, 3), 3);
        assert_eq!((latching.send_to(), latching.is_where_signalled()), (address(2), false));
        latching.signal(address(1), None);
        assert_eq!(latching.send_to(), address(2), "the same SDP again moves nothing");
        latching.signal(address(3), None);
        assert_eq!(latching.send_to(), address(3));
    }

    #[test]
    fn a_stranger_who_was_quicker_loses_to_the_signalled_address() {
        let mut latching = Latching::new(address(1), None);
        assert_eq!(packets(&mut latching, 66, 0, 10), 10);
        for n in 0..10 {
            assert_eq!(packets(&mut latching, 1, 200 + 20 * n, 1), 1);
            assert_eq!(packets(&mut latching, 66, 205 + 20 * n, 1), 0);
        }
        assert_eq!(latching.send_to(), address(1));
    }

    #[test]
    fn a_stranger_cannot_take_over_a_call_that_goes_on() {
        let mut latching = Latching::new(address(1), None);
        for second in 0..10 {
            assert_eq!(packets(&mut latching, 1, second * 1_000, 50), 50);
            assert!(!latching.admit(address(66), true, Moment::from_millis(second * 1_000 + 990)));
            assert!(!latching.admit(address(66), false, Moment::from_millis(second * 1_000 + 999)));
        }
        assert_eq!(latching.send_to(), address(1));
    }

    #[test]
    fn a_stranger_who_waited_for_a_pause_loses_the_call_when_its_owner_speaks_again() {
        let mut latching = Latching::new(address(1), None);
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
        let mut latching = Latching::new(address(1), None);
        packets(&mut latching, 2, 0, 60);
        let last = Moment::from_millis(59 * 20);
        let mut same = latching.clone();
        assert!(!same.admit(address(3), true, last + Duration::from_millis(199)));
        assert!(same.admit(address(3), true, last + SILENT_SAME_STREAM));
        assert!(!latching.admit(address(4), false, last + Duration::from_millis(1_999)));
        assert!(latching.admit(address(4), false, last + SILENT_OTHER_STREAM));
        assert_eq!((same.send_to(), latching.send_to()), (address(3), address(4)));
    }
    /// A telephone behind a NAT at 198.51.100.7, that signals an address of its own network.
    fn behind_nat() -> (Latching, SocketAddr) {
        let nat: SocketAddr = "198.51.100.7:40000".parse().unwrap();
        (Latching::new("192.168.1.5:4000".parse().unwrap(), Some(nat.ip())), nat)
    }

    #[test]
    fn a_stranger_who_sends_first_and_for_long_loses_to_the_host_of_the_messages() {
        let (mut latching, owner) = behind_nat();
        assert_eq!(packets(&mut latching, 66, 0, 500), 500);
        for n in 0..200 {
            assert!(latching.admit(owner, false, Moment::from_millis(10_000 + 20 * n)));
            assert!(!latching.admit(address(66), true, Moment::from_millis(10_010 + 20 * n)));
        }
        assert_eq!(latching.send_to(), owner);
    }

    #[test]
    fn a_stranger_who_waited_for_a_pause_loses_to_the_host_of_the_messages_too() {
        let (mut latching, owner) = behind_nat();
        assert!((0..100).all(|n| latching.admit(owner, true, Moment::from_millis(20 * n))));
        assert_eq!(packets(&mut latching, 66, 10_000, 200), 200);
        assert!(latching.admit(owner, false, Moment::from_millis(14_010)));
        assert_eq!(packets(&mut latching, 66, 14_020, 5), 0);
        // By which port is the NAT's affair; but two at once do not take turns.
        let other = SocketAddr::new(owner.ip(), 40_002);
        assert!(!latching.admit(other, false, Moment::from_millis(14_200)));
        assert!(latching.admit(other, true, Moment::from_millis(14_210)), "its NAT moved it");
    }

    #[test]
    fn the_signalled_address_stands_above_the_host_of_the_messages() {
        let host: IpAddr = "198.51.100.7".parse().unwrap();
        let (mut latching, elsewhere) =
            (Latching::new(address(1), Some(host)), SocketAddr::new(host, 40_000));
        assert!(latching.admit(elsewhere, true, Moment::ZERO));
        assert_eq!(packets(&mut latching, 1, 20, 100), 100, "sound that takes another way than the messages");
        assert!(!latching.admit(elsewhere, true, Moment::from_millis(2_005)));
        assert_eq!(latching.send_to(), address(1));
    }

    #[test]
    fn nobody_is_firm_by_a_burst() {
        let mut latching = Latching::new(address(1), None);
        assert!((0..500).all(|_| latching.admit(address(66), true, Moment::ZERO)));
        assert!(latching.admit(address(1), false, Moment::from_millis(900)));
        assert!(!latching.admit(address(66), true, Moment::from_millis(910)));
    }
}
