//! A foreign telephone in a real browser, over WebSocket (RFC 7118). What it says and hears is no matter here: browsers
//! want their sound encrypted, so it is rung and declines, and a call that it would take has no sound in common.

use crate::rig::browser::{Browser, Server};
use crate::rig::cable::Cable;
use crate::rig::certificates;
use crate::rig::desk::Desk;
use crate::rig::records::reason;
use crate::rig::sipp::Sipp;
use crate::rig::softphone::caller;
use frontdesk_call_record::EndReason;
use std::net::SocketAddr;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(8);
/// As Chromium logs its `ERR_CERT_AUTHORITY_INVALID`.
const AUTHORITY_INVALID: &str = "handshake failed; returned -1, SSL error code 1, net_error -202";
const TLS: &str = "[tls]\ncertificate = \"desk.pem\"\nkey = \"desk.key\"\n";

fn desk() -> Desk {
    Desk::open_with(&[], &["ws:127.0.0.1:0", "wss:127.0.0.1:0"], TLS, certificates::write)
}

/// A browser registered as this phone, by way of this address.
fn browser(desk: &Desk, number: &str, secure: bool, way: SocketAddr) -> Browser {
    let url = format!("{}://{way}", if secure { "wss" } else { "ws" });
    let key = desk.folder().join("desk.key");
    let server = Server { desk: desk.address, url: &url, trusted_key: secure.then_some(key.as_path()) };
    Browser::register(number, &server)
}

/// Another telephone of the desk calls the browser's: how that ends.
fn is_called(desk: &Desk, calls: usize) -> EndReason {
    let mut other = caller(&format!("sip:1001@{}", desk.address), &[]);
    assert_eq!(other.finish(SOON).code(), Some(1), "{}", other.output());
    reason(desk.closed_records(calls).last().expect("a record"))
}

#[test]
fn a_browser_registers_writes_is_written_to_and_is_called() {
    let mut desk = desk();
    let mut browser = browser(&desk, "1001", false, desk.listening("WS"));
    desk.program.wait_for("it is registered", SOON, |line| line.starts_with("phone 1001 registered"));
    browser.says("bindings: 1", SOON);

    Sipp::new(&desk, "write").dial("1001").run();
    browser.says("read: The bicycles have come", SOON);
    let mut second = self::browser(&desk, "1002", true, desk.listening("WSS"));
    browser.order("write 1002 I come and fetch them");
    browser.says("the message was taken", SOON);
    second.says("read: I come and fetch them", SOON);

    assert_eq!(is_called(&desk, 1), EndReason::CalleeBusy);
    browser.says("call 1 from caller", SOON);
    browser.order("when-called 603");
    browser.says("when called: 603", SOON);
    assert_eq!(is_called(&desk, 2), EndReason::CalleeDeclined);
    browser.order("when-called 488");
    browser.says("when called: 488", SOON);
    assert_eq!(is_called(&desk, 3), EndReason::CalleeUnreachable, "there is no speaking with it");
    browser.order("when-called answer");
    browser.says("when called: answer", SOON);
    // It tries, its browser wants a DTLS fingerprint, and the library says 480.
    assert_eq!(is_called(&desk, 4), EndReason::CalleeNoAnswer);

    browser.order("sign-off");
    browser.says("not registered", SOON);
    assert_eq!(is_called(&desk, 5), EndReason::CalleeUnreachable);
    desk.close();
}

#[test]
fn a_browser_over_a_secure_websocket_is_called() {
    let mut desk = desk();
    let mut browser = browser(&desk, "1001", true, desk.listening("WSS"));
    Sipp::new(&desk, "write").dial("1001").run();
    browser.says("read: The bicycles have come", SOON);
    assert_eq!(is_called(&desk, 1), EndReason::CalleeBusy);
    browser.says("call 1 from caller", SOON);
    desk.close();
}

#[test]
fn a_browser_that_does_not_know_the_certificate_does_not_register() {
    let mut desk = desk();
    let url = format!("wss://{}", desk.listening("WSS"));
    let mut browser = Browser::start("1001", &Server { desk: desk.address, url: &url, trusted_key: None });
    browser.program.wait_for("it refuses", Duration::from_secs(20), |line| line.contains(AUTHORITY_INVALID));
    assert!(!desk.program.output().contains("phone 1001 registered"));
    desk.close();
}

#[test]
fn a_browser_whose_network_changes_comes_back_in_place_of_its_old_self() {
    let mut desk = desk();
    let cable = Cable::to(desk.listening("WS"));
    let mut browser = browser(&desk, "1001", false, cable.address);
    assert_eq!(is_called(&desk, 1), EndReason::CalleeBusy);
    // The desk is not told that the old connection is gone: only by its flow (RFC 5626) it can know the new one for it.
    cable.cut_unnoticed_by_the_desk();
    browser.says("the connection broke", SOON);
    browser.says_times(2, "bindings: 1", SOON);
    assert_eq!(cable.connections(), 2);
    assert_eq!(is_called(&desk, 2), EndReason::CalleeBusy, "nobody waits for the connection that is gone");
    browser.says("call 2 from caller", SOON);
    Sipp::new(&desk, "write").dial("1001").run();
    browser.says("read: The bicycles have come", SOON);
    desk.close();
}
