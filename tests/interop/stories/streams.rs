//! The same calls over TCP and TLS: foreign callers, a foreign telephone that registers, transfers that change the
//! transport in between.

use crate::rig::baresip::{Baresip, Style};
use crate::rig::capture::{Capture, sound};
use crate::rig::certificates;
use crate::rig::desk::{Desk, Number, binary, settings_file};
use crate::rig::flows::{GOODBYE, GOODBYE_WORDS, KEYS};
use crate::rig::program::Program;
use crate::rig::records::{reason, steps};
use crate::rig::sipp::Sipp;
use crate::rig::speech::Speech;
use crate::rig::wire::Wire;
use frontdesk_call_record::{AdmittedBy, EndReason, Notice};
use std::process::Command;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(8);
const TLS: &str = "[tls]\ncertificate = \"desk.pem\"\nkey = \"desk.key\"\n";

fn desk() -> Desk {
    let numbers = [
        Number { number: "100", flow: GOODBYE, record: false },
        Number { number: "101", flow: KEYS, record: false },
    ];
    Desk::open_with(&numbers, &["tcp:127.0.0.1:0", "tls:127.0.0.1:0"], TLS, certificates::write)
}

/// A caller over TCP.
fn over_tcp(desk: &Desk, scenario: &str) -> Sipp {
    Sipp::over(desk, Wire::Tcp, scenario)
}

#[test]
fn a_caller_over_tcp_hears_the_desk_and_the_desk_hangs_up() {
    let mut desk = desk();
    let capture = Capture::start();
    let sipp = over_tcp(&desk, "listen_to_the_end");
    let place = sipp.media;
    sipp.run();
    Speech::say(GOODBYE_WORDS, "slt").must_be_in(&Speech(sound(&capture.stop().rtp_to(place))), "the caller");
    assert_eq!(reason(&desk.closed_record()), EndReason::DeskHungUp);
    desk.close();
}

#[test]
fn calls_change_over_tcp_as_over_datagrams() {
    let mut desk = desk();
    for scenario in ["hold_inactive", "update", "session_timer"] {
        over_tcp(&desk, scenario).dial("101").run();
    }
    let records = desk.closed_records(3);
    let held: Vec<_> = records[1].notices.iter().map(|noticed| noticed.notice).collect();
    assert_eq!(held, [Notice::Held, Notice::Resumed]);
    let reasons: Vec<_> = records.iter().map(reason).collect();
    assert_eq!(reasons, [EndReason::DeskHungUp, EndReason::CallerHungUp, EndReason::CallerHungUp]);
    desk.close();
}

#[test]
fn a_caller_gives_up_over_tcp() {
    let mut desk = desk();
    let _phone = crate::rig::softphone::phone(&desk, "1001", &["--no-answer"]);
    over_tcp(&desk, "cancel").dial("1001").run();
    assert_eq!(reason(&desk.closed_record()), EndReason::Cancelled);
    desk.close();
}

/// baresip registered over this transport is called by a caller over UDP; both hear each other.
fn is_called_over(transport: &str) {
    let mut desk = desk();
    let authority = format!("sip_cafile {}\n", desk.folder().join("ca.pem").display());
    let style = Style {
        transport,
        desk: desk.listening(&transport.to_uppercase()),
        settings: &authority,
        ..Style::udp(&desk)
    };
    let words = Speech::say("This is the sales department, what can we do for you", "awb");
    let mut phone =
        Baresip::register_as("1001", &Speech(words.0.clone()).between_silence(600, 20_000), style);
    let wish = Speech::say("I want to buy a hundred bicycles", "slt").between_silence(1_000, 3_000);
    let capture = Capture::start();
    let length_ms = (wish.seconds() * 1_000.0) as u64;
    let sipp = Sipp::new(&desk, "speak").dial("1001").file("speech.ulaw", &wish.ulaw());
    let place = sipp.media;
    sipp.arguments(&["-d", &length_ms.to_string()]).run();
    words.must_be_in(&Speech(sound(&capture.stop().rtp_to(place))), "the caller");
    phone.program.wait_for("its call is over", SOON, |line| line.contains("terminated"));
    phone.program.stop(SOON);
    wish.must_be_in(&phone.heard(), "the phone");
    assert_eq!(reason(&desk.closed_record()), EndReason::CallerHungUp);
    desk.close();
}

#[test]
fn baresip_is_called_over_tcp() {
    is_called_over("tcp");
}

#[test]
fn baresip_is_called_over_tls() {
    is_called_over("tls");
}

#[test]
fn baresip_calls_over_tls() {
    let mut desk = desk();
    let authority = format!("sip_cafile {}\n", desk.folder().join("ca.pem").display());
    let tls = desk.listening("TLS");
    let style =
        Style { transport: "tls", desk: tls, answers: false, settings: &authority, ..Style::udp(&desk) };
    let mut phone = Baresip::register_as("1002", &Speech(vec![0; 8 * 40_000]), style);
    phone.command(&format!("dial sip:100@{tls};transport=tls"));
    // Of a call under a second it says another word.
    let over = |line: &str| line.contains("terminated") || line.contains("session closed");
    phone.program.wait_for("the desk hung up", SOON, over);
    phone.program.stop(SOON);
    Speech::say(GOODBYE_WORDS, "slt").must_be_in(&phone.heard(), "the phone");
    assert_eq!(reason(&desk.closed_record()), EndReason::DeskHungUp);
    desk.close();
}

/// `frontdesk call` over TLS, which verifies the certificate.
fn call_over_tls(desk: &Desk, authority: Option<&str>) -> Program {
    let target = format!("sip:100@127.0.0.1:{};transport=tls", desk.listening("TLS").port());
    let mut command = Command::new(binary());
    command.args(["call", &target, "--longest", "20"]);
    if let Some(authority) = authority {
        command.arg("--ca").arg(desk.folder().join(authority));
    }
    Program::start("the caller", command)
}

/// `frontdesk call` over a WebSocket, which verifies the certificate where it is secure.
fn call_over(desk: &Desk, transport: &str, more: &[&str]) -> Program {
    let way = desk.listening(&transport.to_uppercase());
    let mut command = Command::new(binary());
    command.args(["call", &format!("sip:101@{way};transport={transport}"), "--longest", "20"]).args(more);
    command.arg("--ca").arg(desk.folder().join("ca.pem"));
    Program::start("the caller", command)
}

#[test]
fn a_caller_over_websocket_presses_a_key_and_hears_the_desk_out() {
    let numbers = [Number { number: "101", flow: KEYS, record: false }];
    let mut desk =
        Desk::open_with(&numbers, &["ws:127.0.0.1:0", "wss:127.0.0.1:0"], TLS, certificates::write);
    for transport in ["ws", "wss"] {
        let mut caller = call_over(&desk, transport, &["--dtmf", "2"]);
        assert!(caller.finish(Duration::from_secs(25)).success(), "{}", caller.output());
    }
    for record in desk.closed_records(2) {
        assert_eq!(steps(&record), ["wish", "leave"]);
        assert_eq!(reason(&record), EndReason::DeskHungUp);
    }
    desk.close();
}

#[test]
fn a_neighbour_is_known_by_its_certificate_wherever_it_comes_from() {
    let numbers = [Number { number: "101", flow: GOODBYE, record: false }];
    let peer = format!(
        "{TLS}client_ca = \"ca.pem\"\n\n[[peer]]\nname = \"pbx\"\ncertificate_names = [\"carrier.example\"]\n"
    );
    let mut desk = Desk::open_with(&numbers, &["tls:127.0.0.1:0"], &peer, |folder| {
        certificates::write(folder);
        // Whoever calls from here is a stranger now.
        let file = settings_file(folder);
        let settings = std::fs::read_to_string(&file).expect("settings");
        std::fs::write(&file, settings.replace("[\"127.0.0.1\", \"::1\"]", "[\"192.0.2.9\"]"))
            .expect("settings");
    });
    let folder = desk.folder().to_owned();
    let shows = |who: &str| {
        ["certificate", "key"].map(|what| {
            let ending = if what == "key" { "key" } else { "pem" };
            [format!("--{what}"), folder.join(format!("{who}.{ending}")).display().to_string()]
        })
    };
    let call = |who: Option<&str>| {
        let more = who.map(|who| shows(who).concat()).unwrap_or_default();
        let more: Vec<_> = more.iter().map(String::as_str).collect();
        let mut caller = call_over(&desk, "tls", &more);
        let status = caller.finish(Duration::from_secs(25));
        (status.success(), caller.output())
    };
    let (let_in, told) = call(Some("carrier"));
    assert!(let_in, "{told}");
    let record = desk.closed_record();
    assert_eq!(record.admitted_by, Some(AdmittedBy::Peer("pbx".to_owned())));
    for stranger in [None, Some("desk")] {
        let (let_in, told) = call(stranger);
        assert!(!let_in && told.contains("401"), "{stranger:?}: {told}");
    }
    assert_eq!(desk.closed_records(1).len(), 1, "who is not let in leaves no record");
    desk.close();
}

#[test]
fn a_caller_over_tls_trusts_the_desk_by_its_certificate_only() {
    let mut desk = desk();
    let mut known = call_over_tls(&desk, Some("ca.pem"));
    assert!(known.finish(Duration::from_secs(20)).success(), "{}", known.output());
    assert_eq!(reason(&desk.closed_record()), EndReason::DeskHungUp);
    let mut unknown = call_over_tls(&desk, None);
    assert!(!unknown.finish(Duration::from_secs(20)).success());
    assert_eq!(desk.closed_records(1).len(), 1, "who does not trust the desk does not call it");
    desk.close();
}
