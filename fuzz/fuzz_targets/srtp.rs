//! Bytes as a script of encrypted packets, forgeries and rubbish to one receiver.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../media/rtp-session/tests/oracle/secure.rs"]
mod oracle;

fuzz_target!(|bytes: &[u8]| {
    oracle::check(bytes);
});
