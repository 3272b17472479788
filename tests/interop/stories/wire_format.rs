//! A foreign reader of the wire finds nothing wrong with it.

use crate::rig::capture::Capture;
use crate::rig::desk::{Desk, Number};
use crate::rig::flows::OUTCOMES;
use crate::rig::program::installed;
use crate::rig::records::reason;
use crate::rig::sipp::Sipp;
use crate::rig::softphone;
use frontdesk_call_record::EndReason;
use std::path::Path;
use std::process::Command;

/// The packets that a display filter of tshark selects, a line each.
fn packets(file: &Path, filter: &str) -> Vec<String> {
    let output = Command::new(installed("tshark", "tshark"))
        .arg("-r")
        .arg(file)
        .args(["-Y", filter, "-T", "fields", "-e", "frame.number", "-e", "_ws.col.Protocol"])
        .args(["-e", "_ws.col.Info", "-e", "_ws.expert.message"])
        .output()
        .expect("tshark starts");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn tshark_finds_no_fault_in_a_transferred_call() {
    let mut desk = Desk::open(&[Number { number: "100", flow: OUTCOMES, record: false }]);
    let capture = Capture::start();
    let mut phone = softphone::phone(
        &desk,
        "1001",
        &["--answer", "--ring", "0.5", "--dtmf", "5", "--pause", "6", "--hang-up"],
    );
    Sipp::new(&desk, "listen_to_the_end").run();
    assert_eq!(reason(&desk.closed_record()), EndReason::CalleeHungUp);
    phone.stop(std::time::Duration::from_secs(5));
    desk.close();
    let captured = capture.stop();

    let file = captured.file.as_path();
    // Other stories are on the same wire: what is judged is what this desk sent, its signalling port first.
    let port = desk.address.port();
    let sent = format!("udp.srcport == {port}");
    let talk = packets(file, &format!("({sent}) && sip"));
    for wanted in ["100 Trying", "180 Ringing", "200 OK", "INVITE", "ACK", "BYE", "401 Unauthorized"] {
        assert!(talk.iter().any(|line| line.contains(wanted)), "no {wanted} among {talk:#?}");
    }
    assert!(!packets(file, &format!("({sent}) && sdp")).is_empty());
    // The ports of sound are those in the SDP that went out from the signalling port.
    let offered = captured.datagrams.iter().filter(|datagram| datagram.from == desk.address);
    let mut sound_ports: Vec<u16> = offered
        .filter_map(|datagram| {
            let text = String::from_utf8_lossy(&datagram.bytes).into_owned();
            text.lines().find_map(|line| line.strip_prefix("m=audio ")?.split(' ').next()?.parse().ok())
        })
        .collect();
    sound_ports.sort_unstable();
    sound_ports.dedup();
    assert_eq!(sound_ports.len(), 2, "a port for each leg");
    for port in sound_ports {
        let sound = packets(file, &format!("udp.srcport == {port} && rtp"));
        assert!(sound.len() > 200, "{} RTP packets from port {port}", sound.len());
        let reports = packets(file, &format!("udp.srcport == {} && rtcp", port + 1));
        assert!(!reports.is_empty(), "no RTCP from port {}", port + 1);
        let faults =
            packets(file, &format!("(udp.srcport == {port} || udp.srcport == {}) && {FAULTY}", port + 1));
        assert!(faults.is_empty(), "{faults:#?}");
    }
    let keys = packets(file, "rtpevent");
    assert!(!keys.is_empty(), "the key that the phone pressed goes by RFC 4733");
    let faults = packets(file, &format!("({sent}) && {FAULTY}"));
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Malformed, or marked as a warning or an error by tshark's experts.
const FAULTY: &str = "(_ws.malformed || _ws.expert.severity >= 0x00600000)";
