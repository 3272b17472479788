//! Short messages.

use crate::testing::{Bench, uri};
use frontdesk_sip_message::NameAddr;
use frontdesk_sip_stack::{Admission, IncomingMessage, OutgoingMessage, SipCommand, SipEvent};
use std::time::Duration;

fn sent(bench: &mut Bench, from: &str, to: &str) -> Vec<OutgoingMessage> {
    bench.commands.clear();
    let admission = match from {
        "carrier" => Admission::Peer { name: from.to_owned() },
        phone => Admission::Account { username: phone.to_owned() },
    };
    bench.sip(SipEvent::MessageReceived(Box::new(IncomingMessage {
        admission,
        to: uri(&format!("sip:{to}@192.0.2.1")),
        from: NameAddr::from(uri("sip:somebody@else")),
        content_type: "text/plain".to_owned(),
        body: b"hello".to_vec(),
    })));
    let message = |command: &SipCommand| match command {
        SipCommand::Message(message) => Some(message.as_ref().clone()),
        _ => None,
    };
    bench.commands.iter().filter_map(message).collect()
}

#[test]
fn a_message_reaches_the_other_telephone_from_the_senders_own_number() {
    let mut bench = Bench::new();
    let messages = sent(&mut bench, "1001", "1002");
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].flow.remote, "192.0.2.102:5060".parse().unwrap());
    assert_eq!(messages[0].body, b"hello");
    assert_eq!(messages[0].from.uri.user().as_deref(), Some("1001"), "whatever it says it is");
}

#[test]
fn a_sender_whom_nobody_reads_is_told_so_once_a_day() {
    let mut bench = Bench::new();
    let back = sent(&mut bench, "1001", "100");
    assert_eq!(back.len(), 1);
    assert_eq!(back[0].flow.remote, "192.0.2.101:5060".parse().unwrap());
    assert!(String::from_utf8_lossy(&back[0].body).starts_with("Nobody reads messages"));
    assert_eq!(sent(&mut bench, "1001", "100").len(), 0);
    assert_eq!(sent(&mut bench, "1002", "777").len(), 1, "another sender");
    bench.pass(Duration::from_secs(1_800));
    assert_eq!(sent(&mut bench, "1001", "100").len(), 0, "not yet");
}

#[test]
fn messages_stay_within_the_tenant_and_from_outside_none_come_in() {
    let mut bench = Bench::new();
    let back = sent(&mut bench, "1001", "2001");
    assert!(String::from_utf8_lossy(&back[0].body).starts_with("There is no such number"));
    assert_eq!(back[0].flow.remote, "192.0.2.101:5060".parse().unwrap());
    assert_eq!(sent(&mut bench, "carrier", "1001").len(), 0);
}
