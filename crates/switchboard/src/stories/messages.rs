//! Short messages.

use crate::testing::{Bench, OUTSIDE, flow_of, uri};
use frontdesk_sip_message::NameAddr;
use frontdesk_sip_stack::{
    Admission, IncomingMessage, IncomingMessageId, OutgoingMessage, SipCommand, SipEvent,
};

fn sent(bench: &mut Bench, from: &str, to: &str) -> Vec<OutgoingMessage> {
    bench.commands.clear();
    let admission = match from {
        "carrier" => Admission::Peer { name: from.to_owned() },
        phone => Admission::Account { username: phone.to_owned() },
    };
    bench.sip(SipEvent::MessageReceived(Box::new(IncomingMessage {
        id: IncomingMessageId(1),
        admission,
        to: uri(&format!("sip:{to}@192.0.2.1")),
        addressee: NameAddr::from(uri(&format!("sip:{to}@desk.example"))),
        from: NameAddr::from(uri("sip:somebody@else")),
        flow: flow_of(9),
        content_type: "text/plain".to_owned(),
        body: b"hello".to_vec(),
    })));
    let message = |command: &SipCommand| match command {
        SipCommand::Message(message) => Some(message.as_ref().clone()),
        _ => None,
    };
    bench.commands.iter().filter_map(message).collect()
}

/// What the senders were answered.
fn answered(bench: &Bench) -> Vec<u16> {
    let answer = |command: &SipCommand| match command {
        SipCommand::AnswerMessage { status, .. } => Some(status.as_u16()),
        _ => None,
    };
    bench.commands.iter().filter_map(answer).collect()
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
fn a_sender_whom_nobody_reads_is_told_why() {
    let mut bench = Bench::new();
    bench.lay_line(false);
    for (to, expected) in [("100", 488), (OUTSIDE, 488), ("777", 404), ("2001", 404)] {
        assert_eq!(sent(&mut bench, "1001", to).len(), 0);
        assert_eq!(answered(&bench), [expected], "{to}");
    }
    sent(&mut bench, "1001", "1002");
    assert_eq!(answered(&bench), [202]);
    bench.forget("1002");
    assert_eq!(sent(&mut bench, "1001", "1002").len(), 0);
    assert_eq!(answered(&bench), [480], "nothing is kept");
}

#[test]
fn a_neighbours_message_reaches_what_its_calls_reach() {
    let mut bench = Bench::new();
    let messages = sent(&mut bench, "carrier", "1002");
    assert_eq!((messages.len(), answered(&bench)), (1, vec![202]));
    assert_eq!(messages[0].flow.remote, "192.0.2.102:5060".parse().unwrap());
    assert_eq!(messages[0].from.uri.to_string(), "sip:somebody@192.0.2.1", "whom it names, at the desk");
    for (to, expected) in [("2001", 404), ("100", 488), (OUTSIDE, 404)] {
        assert_eq!(sent(&mut bench, "carrier", to).len(), 0);
        assert_eq!(answered(&bench), [expected], "{to}");
    }
}
