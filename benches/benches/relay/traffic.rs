//! Both parties of many calls: numbered packets out, and what became of them.
//!
//! All callers send from one socket and all callees from another, by batches, so that the load costs little of the machine
//! that it shares with what it loads. Each leg sends its packet of 160 bytes each 20 ms at a moment of its own.

use frontdesk_benches::datagrams::{Batch, DATAGRAM_BYTES, stamp_arrivals, widen};
use rustix::time::{ClockId, clock_gettime};
use std::io;
use std::net::{SocketAddr, SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant};

/// From one packet of a leg to its next.
const PACKET: Duration = Duration::from_millis(20);
/// How often the load looks what is to be sent.
const LOOK: Duration = Duration::from_micros(500);
/// What is still under way at the end.
const LINGER: Duration = Duration::from_millis(300);
const HEADER_BYTES: usize = 12;
const PAYLOAD_BYTES: usize = 160;
/// Leg, number and time, in half bytes.
const STAMP_BYTES: usize = 2 * (4 + 4 + 8);
const BUFFER_BYTES: i32 = 8 << 20;

/// The sockets of all parties.
pub struct Parties {
    callers: UdpSocket,
    callees: UdpSocket,
}

/// Where the two legs of a call are reached.
#[derive(Debug, Clone, Copy)]
pub struct Relayed {
    /// What the caller sends to.
    pub caller_sends_to: SocketAddrV4,
    /// What the callee sends to.
    pub callee_sends_to: SocketAddrV4,
}

/// What a run of traffic saw.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Packets that were sent in the measured time.
    pub sent: u64,
    /// Those of them that came.
    pub came: u64,
    /// Those that came more than once.
    pub twice: u64,
    /// How long each was under way.
    pub delays: Vec<Duration>,
    /// Between a leg's packet and the one before it, as they came out, both in the order of their numbers.
    pub gaps: Vec<Duration>,
}

impl Parties {
    /// Binds both sockets.
    pub fn bind() -> io::Result<Self> {
        let parties =
            Parties { callers: UdpSocket::bind("127.0.0.1:0")?, callees: UdpSocket::bind("127.0.0.1:0")? };
        for socket in [&parties.callers, &parties.callees] {
            stamp_arrivals(socket)?;
            widen(socket, BUFFER_BYTES);
        }
        Ok(parties)
    }

    /// Where the callers and the callees are.
    pub fn addresses(&self) -> io::Result<(SocketAddr, SocketAddr)> {
        Ok((self.callers.local_addr()?, self.callees.local_addr()?))
    }

    /// Lets every party of `calls` speak for this long. Only packets that are sent after `settling` are counted;
    /// `measured` is called when that begins, and when it ends.
    pub fn speak(
        &self,
        calls: &[Relayed],
        settling: Duration,
        measured: Duration,
        mut edge: impl FnMut(),
    ) -> io::Result<Seen> {
        let legs = calls.len() * 2;
        let mut run = Run::new(legs, settling, settling + measured);
        let (mut from_callers, mut from_callees, mut came) = (Batch::new(), Batch::new(), Batch::new());
        let began = Instant::now();
        let (mut next, mut edges) = (0_u64, 0);
        let all = legs as u64 * ((settling + measured).as_nanos() / PACKET.as_nanos()) as u64;
        while next < all || began.elapsed() < settling + measured + LINGER {
            let since = began.elapsed();
            if (edges == 0 && since >= settling) || (edges == 1 && since >= settling + measured) {
                edges += 1;
                edge();
            }
            // The packet `n` of all legs together is due at its share of 20 ms.
            let due = ((since.as_nanos() * legs as u128 / PACKET.as_nanos()) as u64).min(all);
            while next < due {
                let (leg, number) = ((next % legs as u64) as usize, next / legs as u64);
                let (batch, socket, to) = match calls.get(leg / 2) {
                    Some(call) if leg.is_multiple_of(2) => {
                        (&mut from_callers, &self.callers, call.caller_sends_to)
                    }
                    Some(call) => (&mut from_callees, &self.callees, call.callee_sends_to),
                    None => break,
                };
                let sent_at = wall_nanos();
                batch.push(to, |bytes| packet(bytes, leg as u32, number as u32, sent_at));
                run.sent(since);
                if batch.is_full() {
                    batch.send(socket);
                }
                next += 1;
            }
            from_callers.send(&self.callers);
            from_callees.send(&self.callees);
            for socket in [&self.callers, &self.callees] {
                while came.receive(socket, false)? > 0 {
                    came.datagrams().for_each(|(_, bytes, at)| run.came(bytes, at));
                }
            }
            std::thread::sleep(LOOK);
        }
        if edges < 2 {
            edge();
        }
        Ok(run.seen)
    }
}

/// What is known of a run while it goes on.
struct Run {
    /// Numbers of packets that count.
    counted: std::ops::Range<u32>,
    from: Duration,
    to: Duration,
    legs: Vec<LegSeen>,
    seen: Seen,
}

#[derive(Clone, Copy, Default)]
struct LegSeen {
    /// The last number that came, and when.
    last: Option<(u32, u64)>,
}

impl Run {
    fn new(legs: usize, from: Duration, to: Duration) -> Self {
        let number = |at: Duration| (at.as_nanos() / PACKET.as_nanos()) as u32;
        let counted = number(from)..number(to);
        Run { counted, from, to, legs: vec![LegSeen::default(); legs], seen: Seen::default() }
    }

    fn sent(&mut self, since: Duration) {
        self.seen.sent += u64::from(since >= self.from && since < self.to);
    }

    fn came(&mut self, bytes: &[u8], at: Option<u64>) {
        let Some((leg, number, sent_at)) = stamp(bytes) else { return };
        let Some(leg) = self.legs.get_mut(leg as usize) else { return };
        let Some(at) = at.filter(|_| self.counted.contains(&number)) else { return };
        if leg.last.is_some_and(|(last, _)| last == number) {
            self.seen.twice += 1;
            return;
        }
        self.seen.came += 1;
        self.seen.delays.push(Duration::from_nanos(at.saturating_sub(sent_at)));
        if let Some((last, before)) = leg.last
            && number == last.wrapping_add(1)
        {
            self.seen.gaps.push(Duration::from_nanos(at.saturating_sub(before)));
        }
        leg.last = Some((number, at));
    }
}

/// RTP of PCMU. The stamp is written in half bytes as loud codes, which survive a decoder and an encoder.
fn packet(bytes: &mut [u8; DATAGRAM_BYTES], leg: u32, number: u32, sent_at: u64) -> usize {
    let [.., high, low] = number.to_be_bytes();
    bytes[..4].copy_from_slice(&[0x80, 0, high, low]);
    bytes[4..8].copy_from_slice(&number.wrapping_mul(PAYLOAD_BYTES as u32).to_be_bytes());
    bytes[8..12].copy_from_slice(&(0x1000_0000 + leg).to_be_bytes());
    let payload = &mut bytes[HEADER_BYTES..HEADER_BYTES + PAYLOAD_BYTES];
    payload.fill(0xd5);
    let stamp = leg.to_be_bytes().into_iter().chain(number.to_be_bytes()).chain(sent_at.to_be_bytes());
    for (halves, byte) in payload.chunks_exact_mut(2).zip(stamp) {
        halves.copy_from_slice(&[0x80 | byte >> 4, 0x80 | byte & 0x0f]);
    }
    HEADER_BYTES + PAYLOAD_BYTES
}

fn stamp(bytes: &[u8]) -> Option<(u32, u32, u64)> {
    let halves = bytes.get(HEADER_BYTES..HEADER_BYTES + STAMP_BYTES)?;
    let mut stamp = [0; STAMP_BYTES / 2];
    for (byte, halves) in stamp.iter_mut().zip(halves.chunks_exact(2)) {
        if halves.iter().any(|half| half & 0xf0 != 0x80) {
            return None;
        }
        *byte = halves[0] << 4 | halves[1] & 0x0f;
    }
    let (leg, rest) = stamp.split_first_chunk()?;
    let (number, sent_at) = rest.split_first_chunk()?;
    Some((u32::from_be_bytes(*leg), u32::from_be_bytes(*number), u64::from_be_bytes(*sent_at.first_chunk()?)))
}

/// The clock by which the kernel stamps datagrams.
fn wall_nanos() -> u64 {
    let time = clock_gettime(ClockId::Realtime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
