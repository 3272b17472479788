//! Kamailio in front of the desk with the very configurations of `sip-config/peers`: as the edge through which telephones
//! register (RFC 3327), and as the dispatcher before two desks.

use crate::rig::baresip::{Baresip, Style};
use crate::rig::capture::{Capture, sound};
use crate::rig::desk::{Desk, Number};
use crate::rig::flows::GOODBYE;
use crate::rig::kamailio::start_shipped;
use crate::rig::records::{reason, records};
use crate::rig::sipp::Sipp;
use crate::rig::speech::Speech;
use frontdesk_call_record::EndReason;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(8);

fn free() -> SocketAddr {
    UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port")
}

#[test]
fn a_telephone_registers_through_the_edge_and_is_called_through_it() {
    let mut desk = Desk::open(&[]);
    let edge = free();
    let changes = [
        ("udp:127.0.0.1:5080", format!("udp:{edge}")),
        ("tcp:127.0.0.1:5080", format!("tcp:{edge}")),
        ("sip:127.0.0.1:5060", format!("sip:{}", desk.address)),
    ];
    let kamailio = start_shipped("kamailio-edge.cfg", edge, &changes, &[]);
    let words = Speech::say("This is the sales department, what can we do for you", "awb");
    let proxy = format!(";outbound=\"sip:{edge}\"");
    let style = Style { account: &proxy, ..Style::udp(&desk) };
    let mut phone =
        Baresip::register_as("1001", &Speech(words.0.clone()).between_silence(600, 20_000), style);
    let wish = Speech::say("I want to buy a hundred bicycles", "slt").between_silence(1_000, 3_000);
    let capture = Capture::start();
    let length_ms = (wish.seconds() * 1_000.0) as u64;
    let sipp = Sipp::new(&desk, "speak").dial("1001").file("speech.ulaw", &wish.ulaw());
    let place = sipp.media;
    sipp.arguments(&["-d", &length_ms.to_string()]).run();
    let captured = capture.stop();
    words.must_be_in(&Speech(sound(&captured.rtp_to(place))), "the caller");
    phone.program.wait_for("its call is over", SOON, |line| line.contains("terminated"));
    phone.program.stop(SOON);
    wish.must_be_in(&phone.heard(), "the phone");
    let through_the_edge = captured.datagrams.iter().any(|datagram| {
        datagram.from == desk.address && datagram.to == edge && datagram.bytes.starts_with(b"INVITE ")
    });
    assert!(through_the_edge, "the INVITE takes the Path back");
    assert_eq!(reason(&desk.closed_record()), EndReason::CallerHungUp);
    drop(kamailio);
    desk.close();
}

#[test]
fn a_dispatcher_shares_calls_among_two_desks_and_leaves_a_dead_one_out() {
    let numbers = [Number { number: "100", flow: GOODBYE, record: false }];
    let mut first = Desk::open(&numbers);
    let mut second = Desk::open(&numbers);
    let own = free();
    let nodes = format!("1 sip:{} 0 0\n1 sip:{} 0 0\n", first.address, second.address);
    // One process: several reorder a 180 and a 200 that follow each other at once, and sipp wants them in order.
    let changes =
        [("udp:127.0.0.1:5070", format!("udp:{own}")), ("\nchildren = 2", "\nchildren = 1".to_owned())];
    let files = [("kamailio-dispatcher.list", nodes.as_str())];
    let kamailio = start_shipped("kamailio-dispatcher.cfg", own, &changes, &files);
    let call = || {
        Sipp::from(own, "127.0.0.1", "listen_to_the_end").dial("100").run();
    };
    // The Call-ID decides which; among twelve both are chosen, but for one time in two thousand.
    (0..12).for_each(|_| call());
    let shares = [records(&first.data()).len(), records(&second.data()).len()];
    assert_eq!(shares.iter().sum::<usize>(), 12);
    assert!(shares.iter().all(|share| *share > 0), "{shares:?}");
    for record in first.closed_records(shares[0]).iter().chain(&second.closed_records(shares[1])) {
        assert_eq!(reason(record), EndReason::DeskHungUp);
    }
    // One desk closes: its share goes to the other after the proxy's two seconds of patience.
    first.close();
    (0..3).for_each(|_| call());
    assert_eq!(second.closed_records(shares[1] + 3).len(), shares[1] + 3);
    drop(kamailio);
    second.close();
}
