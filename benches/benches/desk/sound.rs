//! The sound of all telephones: one thread sends every stream's packet each 20 ms, and notes when what came of it comes
//! back out of the desk.

use crate::stamp::{SILENCE, Stamp, spoken};
use frontdesk_audio::SAMPLES_8K;
use frontdesk_benches::machine;
use frontdesk_rtp_session::packet::{self, RtpPacket};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// Between two packets of a stream.
pub const TICK: Duration = Duration::from_millis(20);
/// Streams at most: a stamp has eight bits for them.
const STREAMS_MAX: usize = 256;
const PACKET_BYTES: usize = 12 + SAMPLES_8K;

/// Where both ends of all calls send and receive their sound.
pub struct Sockets {
    callers: UdpSocket,
    phones: UdpSocket,
}

/// Where the desk awaits the sound of one call.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    /// The caller's.
    pub caller: SocketAddr,
    /// The telephone's, when the call was put through. A caller who was not is silent, but sends.
    pub phone: Option<SocketAddr>,
}

/// What came back.
#[derive(Debug, Default)]
pub struct Heard {
    /// From sending a packet until what it carried came out, for packets sent in the measured time.
    pub delays: Vec<Duration>,
    /// The same for those of the first second.
    pub first_delays: Vec<Duration>,
    /// Between packets of the desk on one stream, in the measured time.
    pub gaps: Vec<Duration>,
    /// Sent in the measured time, a second before its end at the latest.
    pub sent: usize,
    /// Of these, how many came out.
    pub came: usize,
    /// Packets of the desk in the measured time in which nothing was known again: silence, or concealment.
    pub unknown: usize,
    /// Packets that came out at somebody else's telephone.
    pub strayed: usize,
    /// Whether this bench's thread was not let before ordinary ones, so that the machine's load shows.
    pub delayed_by_others: bool,
}

/// One direction of one call.
struct Stream {
    end: End,
    to: SocketAddr,
    phase: Duration,
    /// Or is silent.
    talks: bool,
    /// When each packet was sent, since the start, and when it came out.
    sent: Vec<Duration>,
    came: Vec<Option<Duration>>,
    /// When the desk's last packet on the same leg came.
    last_back: Option<Duration>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Caller,
    Phone,
}

impl Sockets {
    /// Two sockets on loopback.
    pub fn open() -> io::Result<Sockets> {
        let open = || -> io::Result<UdpSocket> {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        };
        Ok(Sockets { callers: open()?, phones: open()? })
    }

    /// The ports of the callers and of the telephones.
    pub fn ports(&self) -> io::Result<(u16, u16)> {
        Ok((self.callers.local_addr()?.port(), self.phones.local_addr()?.port()))
    }

    fn of(&self, end: End) -> &UdpSocket {
        match end {
            End::Caller => &self.callers,
            End::Phone => &self.phones,
        }
    }

    /// Carries the sound of these calls: first for `settle`, then for `measured`, of which figures are made.
    pub fn carry(&self, ways: &[Way], settle: Duration, measured: Duration) -> Heard {
        let mut heard = Heard { delayed_by_others: !machine::hurry(), ..Heard::default() };
        let rounds = ((settle + measured).as_nanos() / TICK.as_nanos()) as u16;
        let mut streams = streams(ways, rounds);
        self.forget_what_lies_here();
        let spoken = spoken();
        let began = Instant::now();
        for number in 0..rounds {
            for at in 0..streams.len() {
                let due = TICK * u32::from(number) + streams[at].phase;
                self.listen_until(began, due, &mut streams, settle, &mut heard);
                streams[at].sent.push(began.elapsed());
                let payload = match streams[at].talks {
                    true => Stamp { stream: at as u8, number }.payload(&spoken),
                    false => [SILENCE; SAMPLES_8K],
                };
                self.send(&streams[at], number, &payload);
            }
        }
        self.listen_until(began, settle + measured, &mut streams, settle, &mut heard);
        let last = settle + measured.saturating_sub(Duration::from_secs(1));
        for stream in &streams {
            for (sent, came) in stream.sent.iter().zip(&stream.came) {
                let delay = came.map(|came| came - *sent);
                if *sent < Duration::from_secs(1) {
                    heard.first_delays.extend(delay);
                }
                if (settle..last).contains(sent) {
                    heard.sent += 1;
                    heard.came += usize::from(came.is_some());
                    heard.delays.extend(delay);
                }
            }
        }
        heard
    }

    fn forget_what_lies_here(&self) {
        let mut bytes = [0; 2_048];
        for socket in [&self.callers, &self.phones] {
            while socket.recv_from(&mut bytes).is_ok() {}
        }
    }

    fn send(&self, stream: &Stream, number: u16, payload: &[u8; SAMPLES_8K]) {
        let mut bytes = [0; PACKET_BYTES];
        let packet = RtpPacket {
            marker: number == 0,
            payload_type: 0,
            sequence: number,
            timestamp: u32::from(number) * SAMPLES_8K as u32,
            ssrc: stream.to.port().into(),
            payload,
        };
        let length = packet::write(&packet, &mut bytes);
        let _ = self.of(stream.end).send_to(bytes.get(..length).unwrap_or_default(), stream.to);
    }

    fn listen_until(
        &self,
        began: Instant,
        due: Duration,
        streams: &mut [Stream],
        settle: Duration,
        heard: &mut Heard,
    ) {
        loop {
            self.take_in(began, streams, settle, heard);
            let left = due.saturating_sub(began.elapsed());
            if left.is_zero() {
                return;
            }
            let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
            let mut sockets =
                [PollFd::new(&self.callers, PollFlags::IN), PollFd::new(&self.phones, PollFlags::IN)];
            // An interrupted wait is a short wait.
            let _ = poll(&mut sockets, Some(&timeout));
        }
    }

    fn take_in(&self, began: Instant, streams: &mut [Stream], settle: Duration, heard: &mut Heard) {
        let mut bytes = [0; 2_048];
        for end in [End::Caller, End::Phone] {
            while let Ok((length, source)) = self.of(end).recv_from(&mut bytes) {
                let now = began.elapsed();
                let Some(payload) = bytes.get(12..length) else { continue };
                if let Some(leg) = streams.iter_mut().find(|stream| stream.end == end && stream.to == source)
                {
                    let before = leg.last_back.replace(now);
                    heard.gaps.extend(before.filter(|before| *before >= settle).map(|before| now - before));
                }
                match Stamp::read(payload) {
                    None if now >= settle => heard.unknown += 1,
                    None => {}
                    Some(stamp) => note(streams, stamp, end, source, now, heard),
                }
            }
        }
    }
}

/// A packet came out of the desk at this end, from the port of this leg.
fn note(streams: &mut [Stream], stamp: Stamp, end: End, leg: SocketAddr, now: Duration, heard: &mut Heard) {
    let at = usize::from(stamp.stream);
    // The two directions of a call lie beside each other.
    let right_leg = streams.get(at ^ 1).is_some_and(|other| other.end == end && other.to == leg);
    if !right_leg {
        heard.strayed += 1;
        return;
    }
    if let Some(came) = streams.get_mut(at).and_then(|stream| stream.came.get_mut(usize::from(stamp.number)))
    {
        came.get_or_insert(now);
    }
}

/// A call's two streams beside each other; people do not talk in chorus, so that the streams are spread over a tick.
/// A call that was not put through has one.
fn streams(ways: &[Way], rounds: u16) -> Vec<Stream> {
    let both = |way: &Way| {
        let phone = way.phone.map(|to| (End::Phone, to, true));
        std::iter::once((End::Caller, way.caller, phone.is_some())).chain(phone)
    };
    let ends: Vec<(End, SocketAddr, bool)> = ways.iter().flat_map(both).take(STREAMS_MAX).collect();
    let count = ends.len() as u32;
    let one = |(at, (end, to, talks)): (usize, (End, SocketAddr, bool))| Stream {
        end,
        to,
        phase: TICK * at as u32 / count,
        talks,
        sent: Vec::new(),
        came: vec![None; usize::from(rounds)],
        last_back: None,
    };
    ends.into_iter().enumerate().map(one).collect()
}
