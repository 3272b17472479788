//! What rsip accepts must be accepted with the same values.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/sip-message/tests/oracle/against_rsip.rs"]
mod against_rsip;

fuzz_target!(|bytes: &[u8]| {
    against_rsip::compare(bytes);
});
