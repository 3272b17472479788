//! A short fuzz run on the stable toolchain: the torture corpus, mutated by a fixed seed. `fuzz/` holds the long one.

#[path = "oracle/against_rsip.rs"]
mod against_rsip;
#[path = "torture/corpus.rs"]
mod corpus;
#[path = "oracle/everyday.rs"]
mod everyday;
#[path = "oracle/walk.rs"]
mod walk;

use frontdesk_sip_message::Framer;

/// About two seconds on one slow core.
const ROUNDS: u32 = 150_000;

/// Numbers from a seed: xorshift64*, good enough to choose places in a text.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % end.max(1)
    }
}

/// What grammars trip over.
const PIECES: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n ",
    b"\t",
    b"\0",
    b"\"",
    b"\\",
    b"<",
    b">",
    b";",
    b",",
    b"=",
    b":",
    b"@",
    b"?",
    b"%",
    b"%00",
    b"[",
    b"]",
    b"*",
    b"/",
    b"\xff",
    b"\xc3\xa4",
    b"\xe2\x82",
    b"99999999999999999999",
    b"-1",
    b"SIP/2.0",
    b"z9hG4bK",
    b";;",
    b"=\"",
    b"Via: ",
    b"Contact: *",
    b"l: 0\r\n",
    b" ",
    b"tag=",
    b"Digest ",
    b"sip:",
    b"tel:+1",
];

fn mutate(bytes: &mut Vec<u8>, dice: &mut Dice) {
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len() + 1);
        let end = (at + dice.below(12)).min(bytes.len());
        match dice.below(5) {
            0 => drop(bytes.drain(at..end)),
            1 => drop(bytes.splice(at..at, PIECES[dice.below(PIECES.len())].iter().copied())),
            2 => drop(bytes.splice(at..end, PIECES[dice.below(PIECES.len())].iter().copied())),
            3 if at < bytes.len() => bytes[at] = dice.below(256) as u8,
            _ => {
                let copied = bytes[at..end].to_vec();
                let to = dice.below(bytes.len() + 1);
                drop(bytes.splice(to..to, copied));
            }
        }
    }
}

fn corpus() -> Vec<Vec<u8>> {
    let everyday = everyday::requests().into_iter().map(String::into_bytes);
    corpus::cases().into_iter().map(|case| case.bytes).chain(everyday).collect()
}

#[test]
fn no_mutation_of_the_torture_messages_breaks_a_rule() {
    let corpus = corpus();
    let mut dice = Dice(0x5EED_0F57);
    for round in 0..ROUNDS {
        let mut bytes = corpus[dice.below(corpus.len())].clone();
        mutate(&mut bytes, &mut dice);
        let told = std::panic::catch_unwind(|| walk::walk(&bytes));
        assert!(told.is_ok(), "round {round}: {}", bytes.escape_ascii());
    }
}

#[test]
fn no_mutation_of_a_stream_breaks_the_framer() {
    let corpus = corpus();
    let mut dice = Dice(0xF2A3E2);
    for _ in 0..2_000 {
        let mut framer = Framer::new();
        for _ in 0..3 {
            let mut bytes = corpus[dice.below(corpus.len())].clone();
            if dice.below(2) == 0 {
                mutate(&mut bytes, &mut dice);
            }
            for chunk in bytes.chunks(1 + dice.below(700)) {
                framer.feed(chunk);
                while let Ok(Some(_)) = framer.next() {}
            }
        }
    }
}

#[test]
fn what_rsip_accepts_is_accepted_with_the_same_values() {
    let compared = corpus().iter().filter(|bytes| against_rsip::compare(bytes).is_some()).count();
    assert!(compared >= 21, "only {compared} messages were compared: the oracle has gone blind");
}

#[test]
fn what_rsip_accepts_after_mutation_is_accepted_with_the_same_values() {
    let corpus = corpus();
    let mut dice = Dice(0x2_AC1E);
    let mut compared = 0;
    for round in 0..6_000 {
        let mut bytes = corpus[dice.below(corpus.len())].clone();
        mutate(&mut bytes, &mut dice);
        let told = std::panic::catch_unwind(|| against_rsip::compare(&bytes));
        match told {
            Ok(found) => compared += u32::from(found.is_some()),
            Err(_) => panic!("round {round}: {}", bytes.escape_ascii()),
        }
    }
    assert!(compared > 200, "only {compared} messages were compared: the oracle has gone blind");
}
