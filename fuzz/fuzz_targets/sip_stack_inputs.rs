//! Bytes as a script of messages, commands, time and trouble for one stack: every session ends exactly once, and nothing
//! is left behind.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/sip-stack/tests/oracle/script.rs"]
mod script;

fuzz_target!(|bytes: &[u8]| {
    script::play(bytes);
});
