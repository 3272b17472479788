//! Bytes as an RTP packet, as an RTCP report, and as a script of packets to one session.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../media/rtp-session/tests/oracle/check.rs"]
mod oracle;

fuzz_target!(|bytes: &[u8]| {
    oracle::check(bytes);
});
