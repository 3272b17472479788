//! One leg's sound: what it sends each 20 ms, and what it makes of what comes.

use super::figures::Figures;
use super::stamp::{CODES, Echo, PAYLOAD_BYTES, Stamp};
use frontdesk_media_protocol::AgreedAudio;
use frontdesk_rtp_session::packet::{self, HEADER_BYTES, RtpPacket};
use std::time::Duration;

/// From one packet of a leg to its next.
pub const PACKET: Duration = Duration::from_millis(20);
/// Packets at the beginning of a leg (half a second) whose loss is told apart: a target may begin to pass sound on a little
/// after it said that the call stands.
pub const BEGINNING: u32 = 25;
/// Packets in which a key is held down, and then told to have ended (RFC 4733 §2.5.1).
const KEY_PACKETS: u32 = 5;
const KEY_ENDS: u32 = 3;
/// Packets of sound between two keys.
const KEY_PAUSE: u32 = 5;
const KEYS: &[u8] = b"0123456789*#ABCD";

/// A packet, ready to leave.
pub type Datagram = [u8; HEADER_BYTES + PAYLOAD_BYTES];

/// One leg that speaks.
#[derive(Debug)]
pub struct Voice {
    run: u32,
    leg: u32,
    audio: AgreedAudio,
    ssrc: u32,
    /// Packets of all kinds so far: the RTP sequence, and 160 units of time each.
    packets: u32,
    /// Packets of sound so far.
    number: u32,
    keys: Keys,
    heard: Option<Echo>,
    came: Came,
    /// The end of the sound that came, in which a stamp may have begun.
    tail: Tail,
}

/// The end of what came.
#[derive(Debug, Default)]
struct Tail {
    sound: Vec<u8>,
    /// The RTP timestamp that goes on with it.
    next: u32,
}

/// Keys that are still to be pressed.
#[derive(Debug, Default)]
struct Keys {
    waiting: Vec<u8>,
    /// The key that is held, since which packet, and how many packets of it left.
    held: Option<(u8, u32, u32)>,
    rest: u32,
}

/// What came so far.
#[derive(Debug, Default)]
struct Came {
    /// Whether there was a packet at all.
    anything: bool,
    /// The highest number, and when it came.
    newest: Option<(u32, u64)>,
    /// Which of the 64 numbers up to the highest came.
    recent: u64,
    stamped: u32,
    /// Those of the beginning.
    early: u32,
    /// Whether the stamps are this bench's own.
    own: bool,
    /// How many of this leg's packets the other bench had, by its last account.
    elsewhere: u32,
    event: Option<u32>,
}

impl Voice {
    /// A leg that begins to speak. `run` names the bench, `leg` the leg, `ssrc` its stream.
    pub fn new(run: u32, leg: u32, ssrc: u32, audio: AgreedAudio, keys: &str) -> Self {
        let waiting = keys.bytes().rev().filter_map(|key| Some(KEYS.iter().position(|k| *k == key)? as u8));
        let keys = Keys { waiting: waiting.collect(), held: None, rest: 2 * BEGINNING };
        Voice {
            run,
            leg,
            audio,
            ssrc,
            packets: 0,
            number: 0,
            keys,
            heard: None,
            came: Came::default(),
            tail: Tail::default(),
        }
    }

    /// Where it speaks to.
    pub fn audio(&self) -> &AgreedAudio {
        &self.audio
    }

    /// The next packet, and its length. `now` is the clock by which packets are stamped.
    pub fn next(&mut self, now: u64, figures: &mut Figures) -> (Datagram, usize) {
        let mut datagram = [0; HEADER_BYTES + PAYLOAD_BYTES];
        let time = self.packets.wrapping_mul(PAYLOAD_BYTES as u32);
        let length = match self
            .audio
            .telephone_event
            .and_then(|number| Some((number, self.keys.next(self.packets)?)))
        {
            Some((payload_type, (event, began, ended, held))) => {
                let [high, low] = ((held * PAYLOAD_BYTES as u32) as u16).to_be_bytes();
                figures.keys_sent += u64::from(held == 1);
                let payload = [event, if ended { 0x8a } else { 0x0a }, high, low];
                let timestamp = began.wrapping_mul(PAYLOAD_BYTES as u32);
                self.write(payload_type, held == 1, timestamp, &payload, &mut datagram)
            }
            None => {
                let stamp =
                    Stamp { run: self.run, leg: self.leg, number: self.number, sent: now, heard: self.heard };
                let marker = self.number == 0;
                self.number += 1;
                figures.sent += 1;
                figures.sent_early += u64::from(self.number <= BEGINNING);
                self.write(self.audio.payload_type, marker, time, &stamp.write(), &mut datagram)
            }
        };
        self.packets = self.packets.wrapping_add(1);
        (datagram, length)
    }

    fn write(
        &self,
        payload_type: u8,
        marker: bool,
        timestamp: u32,
        payload: &[u8],
        out: &mut Datagram,
    ) -> usize {
        let sequence = self.packets as u16;
        packet::write(&RtpPacket { marker, payload_type, sequence, timestamp, ssrc: self.ssrc, payload }, out)
    }

    /// Takes a datagram that came at `at`; `since_answer` is how long the call had been standing.
    pub fn receive(&mut self, datagram: &[u8], at: u64, since_answer: Duration, figures: &mut Figures) {
        let Ok(packet) = packet::read(datagram) else {
            figures.foreign += 1;
            return;
        };
        if !std::mem::replace(&mut self.came.anything, true) {
            figures.first_sound.add(since_answer);
        }
        if Some(packet.payload_type) == self.audio.receive_telephone_event {
            if self.came.event.replace(packet.timestamp) != Some(packet.timestamp) {
                figures.keys_came += 1;
            }
            return;
        }
        if let Some(stamp) = Stamp::read(packet.payload) {
            self.tail.sound.clear();
            return self.stamped(&stamp, at, figures);
        }
        match self.tail.go_on(&packet) {
            // The sound of a stamp that begins later in a packet is heard later.
            Some((late, stamp)) => {
                let at = at.saturating_add_signed(late * 125_000);
                self.stamped(&stamp, at, figures);
            }
            None => figures.unstamped += 1,
        }
    }

    fn stamped(&mut self, stamp: &Stamp, at: u64, figures: &mut Figures) {
        if !self.came.note(stamp, at, figures) {
            return;
        }
        self.came.own = stamp.run == self.run;
        if stamp.run == self.run && stamp.leg == self.leg {
            // Its own words: the target is an echo.
            figures.round_trip.add(between(stamp.sent, at));
            return;
        }
        self.heard = Some(Echo { sent: stamp.sent, came: at, count: self.came.stamped });
        if stamp.run == self.run {
            figures.delay.add(between(stamp.sent, at));
        } else {
            self.came.elsewhere = stamp.heard.map_or(0, |echo| echo.count);
            figures.clocks.note(stamp, at);
        }
    }

    /// The leg is over: what was lost is told.
    pub fn end(&self, figures: &mut Figures) {
        let stamped = u64::from(self.came.stamped);
        figures.came += stamped;
        figures.came_early += u64::from(self.came.early);
        if !self.came.own
            && let Some((newest, _)) = self.came.newest
        {
            // Whoever sent them is not here to say how many there were.
            figures.sent_elsewhere += u64::from(newest) + 1;
            figures.sent_elsewhere_early += u64::from((newest + 1).min(BEGINNING));
            figures.came_elsewhere += u64::from(self.came.elsewhere);
        }
    }
}

impl Tail {
    /// Takes the next packet; the stamp that is complete with it, and how many samples after the packet's first one it
    /// begins: less than none where it began in the packet before.
    fn go_on(&mut self, packet: &RtpPacket<'_>) -> Option<(i64, Stamp)> {
        if packet.timestamp != self.next {
            self.sound.clear();
        }
        self.next = packet.timestamp.wrapping_add(packet.payload.len() as u32);
        let before = self.sound.len();
        self.sound.extend_from_slice(packet.payload);
        let found = Stamp::find(&self.sound);
        let used = found.map_or(0, |(at, _)| at + CODES);
        let kept = self.sound.len().saturating_sub(CODES - 1).max(used);
        self.sound.drain(..kept);
        found.map(|(at, stamp)| (at as i64 - before as i64, stamp))
    }
}

impl Keys {
    /// The event of this packet: which, since which packet, whether it ended, and in how many packets it was told.
    fn next(&mut self, packet: u32) -> Option<(u8, u32, bool, u32)> {
        if self.held.is_none() {
            if self.rest > 0 {
                self.rest -= 1;
                return None;
            }
            self.held = Some((self.waiting.pop()?, packet, 0));
        }
        let (event, began, told) = self.held.as_mut()?;
        *told += 1;
        let next = (*event, *began, *told > KEY_PACKETS, (*told).min(KEY_PACKETS));
        if *told == KEY_PACKETS + KEY_ENDS {
            self.held = None;
            self.rest = KEY_PAUSE;
        }
        Some(next)
    }
}

impl Came {
    /// Notes a packet; whether it is the first of its number.
    fn note(&mut self, stamp: &Stamp, at: u64, figures: &mut Figures) -> bool {
        let number = stamp.number;
        let (newest, before) = match self.newest {
            None => (number, None),
            Some((newest, before)) => (newest, Some(before)),
        };
        if number > newest || before.is_none() {
            let step = number - newest;
            self.recent = self.recent.checked_shl(step).unwrap_or(0) | 1;
            if let Some(before) = before.filter(|_| step == 1) {
                figures.spacing.add(between(before, at));
            }
            self.newest = Some((number, at));
        } else {
            let bit = 1_u64.checked_shl(newest - number).unwrap_or(0);
            if bit == 0 || self.recent & bit != 0 {
                figures.twice += 1;
                return false;
            }
            self.recent |= bit;
            figures.late_in_order += 1;
        }
        self.stamped += 1;
        self.early += u32::from(number < BEGINNING);
        true
    }
}

fn between(from: u64, to: u64) -> Duration {
    Duration::from_nanos(to.saturating_sub(from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontdesk_media_protocol::Codec;

    const MS: u64 = 1_000_000;

    fn voice(run: u32, leg: u32, keys: &str) -> Voice {
        let remote = "127.0.0.1:4000".parse().unwrap();
        let audio = AgreedAudio {
            telephone_event: Some(101),
            receive_telephone_event: Some(101),
            ..AgreedAudio::plain(Codec::Pcmu, 0, remote)
        };
        Voice::new(run, leg, 7, audio, keys)
    }

    fn hand_over(from: &mut Voice, to: &mut Voice, sent: u64, came: u64, figures: &mut Figures) {
        let (datagram, length) = from.next(sent, figures);
        to.receive(&datagram[..length], came, Duration::ZERO, figures);
    }

    #[test]
    fn what_is_lost_doubled_and_late_is_told_apart() {
        let (mut caller, mut callee) = (voice(1, 0, ""), voice(1, 1, ""));
        let mut figures = Figures::new();
        for at in 0..100u64 {
            let (datagram, length) = caller.next(at * 20 * MS, &mut figures);
            let mut arrive = |ms: u64| {
                callee.receive(&datagram[..length], (at * 20 + ms) * MS, Duration::ZERO, &mut figures);
            };
            match at {
                50 => {}
                60 => (0..2).for_each(|_| arrive(3)),
                _ => arrive(3),
            }
        }
        callee.end(&mut figures);
        assert_eq!((figures.sent, figures.came, figures.twice), (100, 99, 1));
        assert_eq!(figures.delay.quantile(1.0), Some(Duration::from_millis(3)));
        assert_eq!((figures.spacing.count(), figures.sent_early, figures.came_early), (97, 25, 25));
    }

    #[test]
    fn a_stamp_is_found_where_the_target_cut_the_sound_anew() {
        let (mut caller, mut callee) = (voice(1, 0, ""), voice(1, 1, ""));
        let mut figures = Figures::new();
        let mut sound = vec![0xff; 100];
        for at in 0..50u64 {
            let (datagram, _) = caller.next(at * 20 * MS, &mut figures);
            sound.extend_from_slice(&datagram[HEADER_BYTES..]);
        }
        // Cut 100 samples late, and sent when it is complete: 12.5 ms later than it was said.
        for (at, payload) in sound.as_chunks::<PAYLOAD_BYTES>().0.iter().enumerate() {
            let (sequence, timestamp) = (at as u16, at as u32 * 160);
            let packet = RtpPacket { marker: false, payload_type: 0, sequence, timestamp, ssrc: 9, payload };
            let mut datagram = [0; HEADER_BYTES + PAYLOAD_BYTES];
            packet::write(&packet, &mut datagram);
            callee.receive(&datagram, at as u64 * 20 * MS, Duration::ZERO, &mut figures);
        }
        callee.end(&mut figures);
        assert_eq!((figures.came, figures.unstamped), (49, 1));
        let delay = figures.delay.quantile(0.5).unwrap().as_secs_f64() * 1e3;
        assert!((delay - 12.5).abs() < 0.3, "{delay}");
    }

    #[test]
    fn an_echo_is_known_by_the_legs_own_stamp() {
        let mut caller = voice(1, 0, "");
        let mut figures = Figures::new();
        let (datagram, length) = caller.next(5 * MS, &mut figures);
        caller.receive(&datagram[..length], 9 * MS, Duration::from_millis(30), &mut figures);
        assert_eq!((figures.round_trip.count(), figures.delay.count()), (1, 0));
        assert_eq!(figures.round_trip.quantile(0.5), Some(Duration::from_millis(4)));
        assert_eq!(figures.first_sound.quantile(0.5), Some(Duration::from_millis(30)));
    }

    #[test]
    fn two_clocks_are_told_apart_by_what_each_echoes_of_the_other() {
        // The far clock is an hour ahead; 5 ms there, 9 ms back.
        const AHEAD: u64 = 3_600_000 * MS;
        let (mut here, mut there) = (voice(1, 0, ""), voice(2, 0, ""));
        let (mut figures, mut far) = (Figures::new(), Figures::new());
        for at in 1..200u64 {
            let now = at * 20 * MS;
            let (datagram, length) = here.next(now, &mut figures);
            there.receive(&datagram[..length], now + 5 * MS + AHEAD, Duration::ZERO, &mut far);
            let (datagram, length) = there.next(now + 6 * MS + AHEAD, &mut far);
            here.receive(&datagram[..length], now + 15 * MS, Duration::ZERO, &mut figures);
        }
        here.end(&mut figures);
        let ways = figures.clocks.ways().expect("both clocks are known");
        // What is not symmetric cannot be seen: half of the 14 ms each way.
        assert_eq!(ways.round_trip, Duration::from_millis(14));
        assert_eq!(ways.there.quantile(0.5), Some(Duration::from_millis(7)));
        assert_eq!((figures.sent_elsewhere, figures.came_elsewhere), (199, 199));
    }

    #[test]
    fn keys_are_pressed_one_after_the_other_and_counted_at_the_other_end() {
        let (mut caller, mut callee) = (voice(1, 0, "12#"), voice(1, 1, ""));
        let mut figures = Figures::new();
        for at in 0..200u64 {
            hand_over(&mut caller, &mut callee, at * 20 * MS, at * 20 * MS, &mut figures);
        }
        assert_eq!((figures.keys_sent, figures.keys_came), (3, 3));
        assert_eq!(figures.sent, 200 - 3 * 8);
    }
}
