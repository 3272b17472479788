//! Bytes as an SDP offer and as an answer: nothing panics, and what is answered is in order.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/session-description/tests/oracle/check.rs"]
mod oracle;

fuzz_target!(|bytes: &[u8]| {
    oracle::check(bytes);
});
