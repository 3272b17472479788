//! The seam between the tick and the network: sockets in a node, memory in a simulator.

use std::net::SocketAddr;

/// Which of a leg's two sockets (RFC 3550 §11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// The even port: sound and telephone-events.
    Rtp,
    /// The odd port above it: reports.
    Rtcp,
}

/// Datagrams in and out of the lines of all legs of one media thread.
///
/// Neither direction may wait, allocate or fail loudly: what cannot be sent is lost, as on any network.
pub trait Wire {
    /// The two ends of one leg.
    type Line;

    /// The number of the sockets that a line shares with others, if it has none of its own.
    fn shared(line: &Self::Line) -> Option<u16>;

    /// Reads at most `most` waiting datagrams, and never more than [`BATCH`]; how many came. They stay readable by
    /// [`datagram`](Self::datagram) until the next call.
    fn receive(&mut self, line: &mut Self::Line, channel: Channel, most: usize) -> usize;

    /// One of the datagrams that the last [`receive`](Self::receive) read, and who sent it. `None` for one
    /// that does not count: too long, or of an unknown address family. It is lent to be changed, as what is encrypted is
    /// opened in place.
    fn datagram(&mut self, at: usize) -> Option<(SocketAddr, &mut [u8])>;

    /// Sends one datagram, at the latest with the next [`flush`](Self::flush). What the network does not take is lost, as
    /// what it loses later.
    fn send(&mut self, line: &mut Self::Line, channel: Channel, to: SocketAddr, datagram: &[u8]);

    /// Sends what waits to be sent.
    fn flush(&mut self) {}
}

/// Datagrams a read.
pub const BATCH: usize = 64;
/// The longest datagram that is read; RTP that fits an Ethernet frame is shorter, and anything longer is refused.
pub const DATAGRAM_BYTES: usize = 1_536;
