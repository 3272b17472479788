//! Bytes as a stream: however it is cut, it says the same.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/sip-message/tests/oracle/stream.rs"]
mod stream;

fuzz_target!(|bytes: &[u8]| {
    stream::check(bytes);
});
