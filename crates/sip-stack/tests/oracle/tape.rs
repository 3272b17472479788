//! Bytes as choices.

/// Choices, one after another; at the end of the bytes it is always the first.
pub struct Tape<'a> {
    bytes: &'a [u8],
}

impl<'a> Tape<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Tape { bytes }
    }

    pub fn is_at_its_end(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        *first
    }

    /// Below `end`, which is at most 256.
    pub fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end.max(1)
    }

    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// True in one of so many cases.
    pub fn once_in(&mut self, cases: usize) -> bool {
        self.below(cases) == cases - 1
    }

    pub fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.bytes.split_at(length.min(self.bytes.len()));
        self.bytes = rest;
        taken
    }

    /// The bytes with up to four places changed.
    pub fn mutate(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(4) {
            let at = (self.below(256) * 256 + self.below(256)) % (bytes.len() + 1);
            let end = (at + self.below(12)).min(bytes.len());
            match self.below(4) {
                0 => drop(bytes.drain(at..end)),
                1 => drop(bytes.splice(at..end, self.one_of(PIECES).iter().copied())),
                2 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                _ => {
                    let copied = bytes[at..end].to_vec();
                    drop(bytes.splice(at..at, copied));
                }
            }
        }
    }
}

/// What grammars and state machines trip over.
const PIECES: &[&[u8]] = &[
    b"\r\n",
    b"\r\n ",
    b"\0",
    b"\"",
    b"<",
    b">",
    b";",
    b",",
    b"=",
    b"*",
    b"\xff",
    b"99999999999999999999",
    b"4294967295",
    b"-1",
    b"0",
    b";tag=",
    b"z9hG4bK",
    b"SIP/2.0",
    b"Content-Length: 0\r\n",
    b"Require: 100rel\r\n",
    b"Via: SIP/2.0/UDP 192.0.2.200\r\n",
    b"INVITE",
    b"ACK",
    b"CANCEL",
    b"BYE",
];
