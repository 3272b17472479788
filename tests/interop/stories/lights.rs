//! What a telephone sees of others, and of its own mailbox: subscriptions of other makers' telephones (RFC 6665).

use crate::rig::baresip::{Baresip, Style as BaresipStyle};
use crate::rig::desk::Desk;
use crate::rig::linphone::{Linphone, Style};
use crate::rig::sipp::{Sipp, header};
use crate::rig::speech::Speech;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

fn silence() -> Speech {
    Speech(vec![0; 8_000])
}

#[test]
fn linphone_sees_a_colleague_come_talk_and_go() {
    let mut desk = Desk::open_to_telephones(&[], &[], "");
    let mut watcher = Linphone::register("1002", &silence(), Style::udp(&desk));
    let colleague_address = watcher.address("1001");
    watcher.types(&format!("friend add \"Colleague\" {colleague_address}"));
    let mut is = |times: usize, word: &'static str| {
        let fits =
            |line: &str| line.contains("Friend \"Colleague\"") && line.ends_with(&format!(" is {word}"));
        watcher.program.wait_for_times(times, &format!("the colleague is {word}"), SOON, fits);
    };
    is(1, "Offline");
    let mut colleague = Linphone::register("1001", &silence(), Style::answering(&desk));
    is(1, "Online");
    let mut caller = Linphone::register("1003", &silence(), Style::udp(&desk));
    caller.call("1001", 1);
    is(1, "On the phone");
    caller.types("terminate");
    is(2, "Online");
    colleague.quit();
    is(2, "Offline");
    caller.quit();
    watcher.quit();
    desk.close();
}

#[test]
fn baresip_sees_a_colleague_come_talk_and_go() {
    let mut desk = Desk::open_to_telephones(&[], &[], "");
    let contacts = format!("\"Sales\" <sip:1001@{}>;presence=p2p\n", desk.address);
    let style = BaresipStyle {
        answers: false,
        contacts: &contacts,
        settings: "module_app contact.so\nmodule_app presence.so\n",
        traces: true,
        ..BaresipStyle::udp(&desk)
    };
    let mut watcher = Baresip::register_as("1002", &silence(), style);
    // It says of changes only what they are; how it began, its trace says.
    watcher.program.wait_for("nobody is there at first", SOON, |line| line.contains("<basic>closed</basic>"));
    let mut colleague = Linphone::register("1001", &silence(), Style::answering(&desk));
    // It paints its words.
    let mut becomes = |times: usize, word: &'static str| {
        let fits = |line: &str| {
            line.contains("changed status from")
                && line.rsplit(" to ").next().is_some_and(|to| to.contains(word))
        };
        watcher.program.wait_for_times(times, &format!("the colleague is {word}"), SOON, fits);
    };
    becomes(1, "Online");
    let mut caller = Linphone::register("1003", &silence(), Style::udp(&desk));
    caller.call("1001", 1);
    becomes(1, "Busy");
    caller.types("terminate");
    becomes(2, "Online");
    colleague.quit();
    becomes(1, "Offline");
    caller.quit();
    watcher.program.stop(SOON);
    desk.close();
}

/// The states of the calls that a document tells, in order.
fn states(document: &str) -> Vec<&str> {
    document.split("<state>").skip(1).filter_map(|rest| rest.split('<').next()).collect()
}

#[test]
fn a_mailbox_tells_its_telephone_that_no_message_waits() {
    // baresip 1.0 can watch its mailbox too, but now and then subscribes without end and reads nothing any more.
    let mut desk = Desk::open_with_md5(&[]);
    Sipp::from(desk.address, "127.0.0.2", "watch_a_mailbox").dial("1002").run();
    desk.close();
}

#[test]
fn a_busy_lamp_goes_with_the_calls_of_a_colleague() {
    // sipp knows MD5 alone.
    let mut desk = Desk::open_with_md5(&[]);
    let mut colleague = Linphone::register("1001", &silence(), Style::udp(&desk));
    let mut caller = Linphone::register("1003", &silence(), Style::udp(&desk));
    let mut lamp = Sipp::from(desk.address, "127.0.0.2", "watch_a_lamp").dial("1001").start();
    lamp.wait_for_message("how it begins", |message| message.starts_with("NOTIFY "));
    caller.types(&format!("call {}", caller.address("1001")));
    colleague.says("it rings", "Receiving new incoming call");
    lamp.wait_for_message("that it rings", |message| states(message) == ["early"]);
    colleague.types("answer");
    caller.talks(1);
    caller.types("terminate");
    colleague.call_ended(1);
    lamp.succeed();
    let told: Vec<_> = lamp.received().into_iter().filter(|message| message.starts_with("NOTIFY ")).collect();
    let mut seen: Vec<_> = told.iter().flat_map(|document| states(document)).collect();
    seen.dedup();
    assert_eq!(seen, ["trying", "early", "confirmed", "terminated"], "{told:#?}");
    // The last one says again what was told, because the watching is over.
    for (version, document) in told.iter().enumerate().take(told.len() - 1) {
        assert_eq!(header(document, "Content-Type"), Some("application/dialog-info+xml"));
        assert!(document.contains(&format!("version=\"{version}\"")), "{document}");
        assert!(document.contains("entity=\"sip:1001@127.0.0.1\""), "{document}");
    }
    let rings = told.iter().find(|document| states(document) == ["early"]).expect("it rang");
    assert!(rings.contains("call-id=") && rings.contains(">sip:1003@127.0.0.1<"), "{rings}");
    assert!(
        header(told.last().expect("the last"), "Subscription-State")
            .is_some_and(|state| state.starts_with("terminated"))
    );
    colleague.quit();
    caller.quit();
    desk.close();
}
