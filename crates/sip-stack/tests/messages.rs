//! Written messages (RFC 3428), both ways.

mod stage;

use frontdesk_sip_message::{HeaderName, Method};
use frontdesk_sip_stack::testing::{Pair, Side, WirePlan};
use frontdesk_sip_stack::*;
use stage::talk::*;
use stage::*;
use std::time::Duration;

fn written(branch: &'static str, body: &'static [u8]) -> Script {
    let script = Script::new("MESSAGE", branch, 1).with("Content-Type: text/plain; charset=utf-8");
    Script { body, ..script }
}

fn received(stage: &mut Stage) -> IncomingMessage {
    let mut events = stage.events();
    assert_eq!(events.len(), 1, "{events:?}");
    let message = match events.remove(0) {
        SipEvent::MessageReceived(message) => *message,
        other => panic!("{other:?}"),
    };
    stage.command(SipCommand::AnswerMessage { id: message.id, status: status(202) });
    message
}

fn message(number: u64, flow: Flow, body: &[u8]) -> SipCommand {
    SipCommand::Message(Box::new(OutgoingMessage {
        message: MessageId(number),
        target: uri("sip:1001@192.0.2.2"),
        flow,
        routes: vec![address("sip:192.0.2.77;lr")],
        from: address("sip:desk@192.0.2.1"),
        to: address("sip:1001@192.0.2.2"),
        content_type: "text/plain".to_owned(),
        body: body.to_vec(),
    }))
}

fn ended(events: Vec<SipEvent>) -> Vec<(MessageId, Option<u16>)> {
    let ended = events.into_iter().filter_map(|event| match event {
        SipEvent::MessageEnded { message, status } => Some((message, status.map(|status| status.as_u16()))),
        _ => None,
    });
    ended.collect()
}

#[test]
fn a_peer_and_a_telephone_write() {
    let mut stage = Stage::with_peer();
    stage.receive(&written("z9hG4bK1", b"Hello").text());
    assert!(stage.sent().is_empty(), "its user answers");
    let message = received(&mut stage);
    let yes = stage.response();
    assert_eq!(yes.status, status(202));
    assert!(header(&yes, "Contact").is_none(), "a MESSAGE makes no dialog (RFC 3428 section 7)");
    assert_eq!(message.admission, Admission::Peer { name: "carrier".to_owned() });
    assert_eq!(
        (message.to.to_string().as_str(), message.body.as_slice()),
        ("sip:100@192.0.2.1", &b"Hello"[..])
    );
    assert_eq!(message.from.uri.to_string(), "sip:alice@192.0.2.9");
    assert_eq!(message.content_type, "text/plain;charset=utf-8");
    stage.receive(&written("z9hG4bK1", b"Hello").text());
    assert_eq!(stage.response(), yes, "a repeated one is answered again");
    assert!(stage.events().is_empty(), "and is no second message");
    let mut stage = Stage::with(settings(&[]));
    let proof = proved(&mut stage, &written("z9hG4bK1", b"It is me"), "1002");
    stage.receive(&proof.text());
    assert_eq!(received(&mut stage).admission, Admission::Account { username: "1002".to_owned() });
}

#[test]
fn a_stranger_does_not_write_and_leaves_nothing() {
    let mut stage = Stage::with(settings(&[]));
    stage.receive(&written("z9hG4bK1", b"Cheap pills").text());
    assert_eq!(stage.response().status, status(401));
    assert!(stage.events().is_empty());
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn only_plain_text_of_a_bounded_length_is_taken() {
    let mut stage = Stage::with_peer();
    let foreign = |kind: &str| {
        let script = Script::new("MESSAGE", "z9hG4bK1", 1).with(&format!("Content-Type: {kind}"));
        Script { body: b"x", ..script }
    };
    for script in [
        foreign("message/cpim"),
        foreign("text/html"),
        foreign("text/plain").with("Content-Encoding: gzip"),
        Script::new("MESSAGE", "z9hG4bK1", 1),
    ] {
        stage.receive(&script.text());
        let refusal = stage.response();
        assert_eq!((refusal.status, header(&refusal, "Accept")), (status(415), Some("text/plain")));
    }
    let longest: &'static [u8] = &[b'x'; 1_300];
    let too_long: &'static [u8] = &[b'x'; 1_301];
    stage.receive(&written("z9hG4bK2", too_long).text());
    assert_eq!(stage.response().status, status(413));
    assert!(stage.events().is_empty());
    stage.receive(&written("z9hG4bK3", longest).text());
    assert_eq!(received(&mut stage).body.len(), 1_300);
    assert_eq!(stage.response().status, status(202));
}

#[test]
fn in_a_call_it_may_be_longer() {
    let (mut stage, _, response) = talking();
    let body: &'static [u8] = &[b'x'; 5_000];
    let script = Script::within("MESSAGE", "z9hG4bKm", 2, &response).with("Content-Type: text/plain");
    stage.receive(&Script { body, ..script }.text());
    assert_eq!(received(&mut stage).body.len(), 5_000);
    assert_eq!(stage.response().status, status(202));
}

#[test]
fn who_cannot_be_reached_is_said_and_a_second_answer_does_nothing() {
    let mut stage = Stage::with_peer();
    stage.receive(&written("z9hG4bK1", b"Hello").text());
    let id = match stage.events().remove(0) {
        SipEvent::MessageReceived(message) => message.id,
        other => panic!("{other:?}"),
    };
    for code in [404, 202] {
        stage.command(SipCommand::AnswerMessage { id, status: status(code) });
    }
    let sent = stage.sent();
    assert_eq!(sent.len(), 1);
    stage.run(seconds(40));
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn of_messages_that_nobody_answers_the_oldest_is_turned_away() {
    let mut stage = Stage::with_peer();
    for number in 0..257u32 {
        let text = written("z9hG4bK1", b"Hello").text();
        stage.receive(&text.replace("z9hG4bK1", &format!("z9hG4bKn{number}")));
    }
    assert_eq!(stage.response().status, status(503));
}

#[test]
fn what_becomes_of_a_message_is_told_once() {
    let mut stage = Stage::with_peer();
    stage.command(message(1, stage.flow, b"Your table is free"));
    let request = only_request(&mut stage);
    assert_eq!(
        (request.method.clone(), request.uri.to_string().as_str()),
        (Method::MESSAGE, "sip:1001@192.0.2.2")
    );
    assert_eq!(said(&request, HeaderName::Route), "<sip:192.0.2.77;lr>");
    assert_eq!(said(&request, HeaderName::ContentType), "text/plain");
    assert!(!request.headers.contains(HeaderName::Contact), "RFC 3428 section 4");
    assert_eq!(request.body, b"Your table is free");
    stage.receive(&answer(&request, 100, "", "", b""));
    assert!(stage.events().is_empty());
    stage.receive(&answer(&request, 200, "t", "", b""));
    stage.receive(&answer(&request, 200, "t", "", b""));
    assert_eq!(ended(stage.events()), [(MessageId(1), Some(200))]);
    stage.command(message(2, stage.flow, b"?"));
    let request = only_request(&mut stage);
    stage.receive(&answer(&request, 404, "t", "", b""));
    assert_eq!(ended(stage.events()), [(MessageId(2), Some(404))]);
    stage.command(message(3, stage.flow, b"?"));
    stage.run(seconds(33));
    assert_eq!(ended(stage.events()), [(MessageId(3), None)]);
    stage.command(message(4, stage.flow, b"?"));
    stage.input(SipInput::TransportFailed { flow: stage.flow });
    assert_eq!(ended(stage.events()), [(MessageId(4), None)]);
    stage.run(seconds(40));
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn over_a_bad_wire_a_message_is_read_at_most_once_and_its_end_told_once() {
    let mut read_in_all = 0;
    for seed in 0..60 {
        let mut pair = Pair::new(seed, WirePlan::BAD);
        pair.settle(Side::A, settings(&["192.0.2.2"]));
        pair.settle(Side::B, settings(&["192.0.2.1"]));
        pair.command(Side::A, message(1, pair.flow(Side::A), b"Hello"));
        let mut arrived = Vec::new();
        for _ in 0..2_000 {
            pair.run(Duration::from_millis(100));
            for (_, event) in pair.take_events(Side::B) {
                if let SipEvent::MessageReceived(message) = &event {
                    pair.command(Side::B, SipCommand::AnswerMessage { id: message.id, status: status(202) });
                }
                arrived.push(event);
            }
        }
        let events = |pair: &mut Pair, side| -> Vec<SipEvent> {
            pair.take_events(side).into_iter().map(|(_, event)| event).collect()
        };
        let told = ended(events(&mut pair, Side::A));
        let read = arrived.iter().filter(|event| matches!(event, SipEvent::MessageReceived(_))).count();
        assert_eq!(told.len(), 1, "seed {seed}");
        assert!(read <= 1, "seed {seed}");
        assert!(told[0].1.is_none() || read == 1, "seed {seed}: nothing is answered that was not read");
        read_in_all += read;
        for side in [Side::A, Side::B] {
            assert_eq!(pair.stack(side).census(), Census::default(), "seed {seed}");
        }
    }
    assert!(read_in_all >= 55, "{read_in_all}");
}
