//! Bytes as a datagram and as a stream: nothing panics, and what was read and written is stable.
#![no_main]

use frontdesk_sip_message::Framer;
use libfuzzer_sys::fuzz_target;

#[path = "../../crates/sip-message/tests/oracle/walk.rs"]
mod walk;

fuzz_target!(|bytes: &[u8]| {
    walk::walk(bytes);
    let mut framer = Framer::new();
    for chunk in bytes.chunks(97) {
        framer.feed(chunk);
        while let Ok(Some(_)) = framer.next() {}
    }
});
