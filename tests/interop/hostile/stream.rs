//! RTP by hand.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// One side of a stream.
pub struct Stream {
    socket: UdpSocket,
    pub ssrc: u32,
    pub sequence: u16,
    pub timestamp: u32,
}

impl Stream {
    /// At this address, on a port of its own.
    pub fn at(ip: impl Into<IpAddr>) -> Stream {
        let socket = UdpSocket::bind((ip.into(), 0)).expect("a loopback address");
        Stream { socket, ssrc: 0x0bad_cafe, sequence: 7, timestamp: 1_000 }
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().expect("it is bound")
    }

    /// Sends a packet; the timestamp goes on by `samples`.
    pub fn send(&mut self, to: SocketAddr, payload_type: u8, payload: &[u8], samples: u32) {
        let packet = self.packet(payload_type, self.timestamp, payload);
        self.timestamp = self.timestamp.wrapping_add(samples);
        self.send_raw(to, &packet);
    }

    /// Sends a key: three packets that go on, three that end (RFC 4733 §2.5.1).
    pub fn press(&mut self, to: SocketAddr, event: u8) {
        for at in 0..6u16 {
            let (end, duration) = if at < 3 { (0, 160 * (at + 1)) } else { (0x80, 480) };
            let [high, low] = duration.to_be_bytes();
            let mut packet = self.packet(101, self.timestamp, &[event, end | 10, high, low]);
            packet[1] |= if at == 0 { 0x80 } else { 0 };
            self.send_raw(to, &packet);
        }
        self.timestamp = self.timestamp.wrapping_add(800);
    }

    fn packet(&mut self, payload_type: u8, timestamp: u32, payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x80, payload_type];
        packet.extend(self.sequence.to_be_bytes());
        packet.extend(timestamp.to_be_bytes());
        packet.extend(self.ssrc.to_be_bytes());
        packet.extend(payload);
        self.sequence = self.sequence.wrapping_add(1);
        packet
    }

    /// Sends whatever this is.
    pub fn send_raw(&self, to: SocketAddr, bytes: &[u8]) {
        // An ICMP error of an earlier packet is told here; the loopback takes this one.
        let _ = self.socket.send_to(bytes, to);
    }

    /// Packets that come within this time.
    pub fn hears(&self, time: Duration) -> usize {
        let until = Instant::now() + time;
        let mut packets = 0;
        let mut bytes = [0; 2_048];
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return packets;
            }
            self.socket.set_read_timeout(Some(left)).expect("a time-out");
            packets += usize::from(self.socket.recv(&mut bytes).is_ok());
        }
    }

    /// Waits for one packet.
    pub fn hears_something(&self, longest: Duration) -> bool {
        self.socket.set_read_timeout(Some(longest)).expect("a time-out");
        self.socket.recv(&mut [0; 2_048]).is_ok()
    }
}
