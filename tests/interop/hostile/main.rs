//! The desk among hostile neighbours: the real program on the loopback, and a neighbour that writes its own messages,
//! sends what nobody should, and leaves when it likes.
//!
//! Budget 60 s. The rig is that of the interop suite; [`neighbour`] speaks SIP by hand, [`stream`] speaks RTP. The
//! carrier's address (127.0.0.1) may call without a password, 127.0.0.66 is a stranger. All stories together send
//! fewer than 20,000 datagrams. `scanners` lets sipvicious loose on a desk that takes 127.0.0.1 for a stranger.

mod abandoned;
mod dialogs;
mod floods;
mod house;
mod identities;
mod neighbour;
mod offers;
#[path = "../rig/mod.rs"]
#[allow(dead_code, reason = "the rig is shared, and the interop suite uses the rest of it")]
mod rig;
mod scanners;
mod sound;
mod stream;
mod transfers;

use rig::desk::{Desk, Number};
use rig::flows::{GOODBYE, KEYS, OUTCOMES};

/// Who answers broken messages gives back what was broken in them: tshark would find fault with that.
const WIRE_IS_JUDGED: bool = false;

/// A desk whose 100 asks for a key, 101 says goodbye and is recorded, and 102 puts through to 1001.
fn desk() -> Desk {
    Desk::open(&[
        Number { number: "100", flow: KEYS, record: false },
        Number { number: "101", flow: GOODBYE, record: true },
        Number { number: "102", flow: OUTCOMES, record: false },
    ])
}
