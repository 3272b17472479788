//! Bytes as a call in which both sides offer in turn: they come to the same.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/session-description/tests/oracle/offer_answer.rs"]
mod offer_answer;

fuzz_target!(|bytes: &[u8]| {
    offer_answer::check(bytes);
});
