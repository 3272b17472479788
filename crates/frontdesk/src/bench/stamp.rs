//! What a packet of the bench says, and how that is written as sound.

/// What a packet says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Which bench sent it: drawn by chance for each run.
    pub run: u32,
    /// Which of its legs.
    pub leg: u32,
    /// The packet's number on this leg, from 0.
    pub number: u32,
    /// When it left, by the sender's clock, in nanoseconds since 1970.
    pub sent: u64,
    /// The last packet that the sender had from the other side, if it had one.
    pub heard: Option<Echo>,
}

/// What the sender of a packet knows about a packet of the other side: enough to tell the two clocks apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Echo {
    /// When that packet left, by its sender's clock.
    pub sent: u64,
    /// When it came, by the clock of who echoes it.
    pub came: u64,
    /// How many packets came so far.
    pub count: u32,
}

const MARK: u8 = 0xfd;
const BYTES: usize = 1 + 4 + 4 + 4 + 8 + 8 + 8 + 4;
/// Codes of a stamp.
pub const CODES: usize = 2 * BYTES;
/// 20 ms of G.711.
pub const PAYLOAD_BYTES: usize = 160;
/// A code that is neither silence nor half of a stamp.
const FILLING: u8 = 0xd5;
/// The upper half of every code of a stamp.
const LOUD: u8 = 0x80;

impl Stamp {
    /// As a payload.
    pub fn write(&self) -> [u8; PAYLOAD_BYTES] {
        let echo = self.heard.unwrap_or(Echo { sent: 0, came: 0, count: 0 });
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.push(MARK);
        for word in [self.run, self.leg, self.number] {
            bytes.extend(word.to_be_bytes());
        }
        for time in [self.sent, echo.sent, echo.came] {
            bytes.extend(time.to_be_bytes());
        }
        bytes.extend(echo.count.to_be_bytes());
        let mut payload = [FILLING; PAYLOAD_BYTES];
        for (halves, byte) in payload.chunks_exact_mut(2).zip(bytes) {
            halves.copy_from_slice(&[LOUD | byte >> 4, LOUD | byte & 0x0f]);
        }
        payload
    }

    /// The first one in a piece of sound, and at which sample it begins: a target that handles the sound may cut it anew.
    pub fn find(sound: &[u8]) -> Option<(usize, Stamp)> {
        sound.windows(CODES).enumerate().find_map(|(at, codes)| Some((at, Stamp::read(codes)?)))
    }

    /// Out of the beginning of a payload; none when it is other sound.
    pub fn read(payload: &[u8]) -> Option<Stamp> {
        let halves = payload.get(..CODES)?;
        if !halves.starts_with(&[LOUD | MARK >> 4, LOUD | MARK & 0x0f])
            || halves.iter().any(|half| half & 0xf0 != LOUD)
        {
            return None;
        }
        let mut bytes = halves.chunks_exact(2).map(|halves| halves[0] << 4 | halves[1] & 0x0f);
        let mut number =
            |length: usize| bytes.by_ref().take(length).fold(0, |sum, byte| sum << 8 | u64::from(byte));
        number(1);
        let [run, leg, packet] = [number(4), number(4), number(4)].map(|word| word as u32);
        let [sent, echo_sent, came] = [number(8), number(8), number(8)];
        let count = number(4) as u32;
        let heard = (echo_sent != 0).then_some(Echo { sent: echo_sent, came, count });
        Some(Stamp { run, leg, number: packet, sent, heard })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontdesk_audio::g711;

    #[test]
    fn a_stamp_survives_a_decoder_and_an_encoder_of_either_law() {
        let heard = Some(Echo { sent: 77, came: u64::MAX - 5, count: 9 });
        for heard in [None, heard] {
            let stamp =
                Stamp { run: 0xdead_beef, leg: 3, number: 70_000, sent: 1_790_000_000_123_456_789, heard };
            let payload = stamp.write();
            let mut samples = [0; PAYLOAD_BYTES];
            let mut again = [0; PAYLOAD_BYTES];
            g711::decode_ulaw(&payload, &mut samples);
            g711::encode_ulaw(&samples, &mut again);
            assert_eq!(Stamp::read(&again), Some(stamp));
            g711::decode_alaw(&payload, &mut samples);
            g711::encode_alaw(&samples, &mut again);
            assert_eq!(Stamp::read(&again), Some(stamp));
        }
    }

    #[test]
    fn other_sound_is_no_stamp() {
        assert_eq!(Stamp::read(&[0xff; 160]), None);
        assert_eq!(Stamp::read(&[0x80; 160]), None, "it lacks the mark");
        assert_eq!(Stamp::read(&[0x80; 20]), None);
    }
}
