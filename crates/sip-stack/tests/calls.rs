//! A call from the first INVITE to the last BYE, between two stacks.

mod stage;

use frontdesk_sip_stack::testing::{Pair, Side, WirePlan};
use frontdesk_sip_stack::*;
use stage::*;

/// B may call A by password; A may call B as a peer.
fn pair() -> Pair {
    let mut pair = Pair::new(1, WirePlan::GOOD);
    pair.settle(Side::A, settings(&[]));
    pair.settle(Side::B, settings(&["192.0.2.1"]));
    pair
}

fn kinds(events: Vec<(frontdesk_identifiers::Moment, SipEvent)>) -> Vec<String> {
    let name = |event: &SipEvent| format!("{event:?}").chars().take_while(|c| c.is_alphanumeric()).collect();
    events.iter().map(|(_, event)| name(event)).collect()
}

#[test]
fn a_phone_registers_and_calls_and_the_caller_hangs_up_over_every_transport() {
    for transport in [Transport::Udp, Transport::Tcp, Transport::Tls, Transport::Ws, Transport::Wss] {
        a_phone_registers_and_calls_over(transport);
    }
}

fn a_phone_registers_and_calls_over(transport: Transport) {
    let mut pair = pair();
    pair.transport = transport;
    let flow = pair.flow(Side::B);
    pair.command(
        Side::B,
        SipCommand::Register(Box::new(OutgoingRegistration {
            registration: RegistrationId(1),
            registrar: uri("sip:192.0.2.1"),
            address_of_record: address("sip:1001@frontdesk"),
            flow,
            credentials: Some(credentials("1001", PASSWORD)),
            routes: Vec::new(),
            quirks: std::sync::Arc::default(),
            expires: seconds(120),
        })),
    );
    pair.run(seconds(1));
    assert_eq!(kinds(pair.take_events(Side::B)), ["Registered"]);
    assert_eq!(kinds(pair.take_events(Side::A)), ["Bound"]);
    assert_eq!(pair.stack(Side::A).bindings("1001").count(), 1);

    let session = SessionId::Outgoing(1);
    let call = outgoing(session, flow, Some(credentials("1001", PASSWORD)));
    pair.command(Side::B, SipCommand::Invite(Box::new(call)));
    pair.run(seconds(1));
    let incoming = incoming_of(&mut pair, Side::A).expect("a call");
    assert_eq!(incoming.admission, Admission::Account { username: "1001".to_owned() });
    assert_eq!(incoming.offer.as_deref(), Some(OFFER));
    pair.command(
        Side::A,
        SipCommand::Ring { session: incoming.session, status: status(180), description: None },
    );
    pair.run(seconds(2));
    assert_eq!(kinds(pair.take_events(Side::B)), ["Trying", "Progress"]);
    pair.command(Side::A, SipCommand::Accept { session: incoming.session, description: ANSWER.to_vec() });
    pair.run(seconds(1));
    let events = pair.take_events(Side::B);
    assert!(matches!(&events[0].1, SipEvent::Answered { description, .. } if description == ANSWER));
    assert_eq!(kinds(pair.take_events(Side::A)), ["Confirmed"]);

    pair.command(Side::B, SipCommand::End { session, reason: Some("SIP;cause=200;text=\"bye\"".to_owned()) });
    pair.run(seconds(1));
    let events = pair.take_events(Side::A);
    let reason = Some("SIP;cause=200;text=\"bye\"".to_owned());
    let end = SessionEnd::HungUpByPeer { reason };
    assert!(matches!(&events[..], [(_, SipEvent::Ended { end: told, .. })] if *told == end), "{events:?}");
    assert_eq!(kinds(pair.take_events(Side::B)), ["Ended"]);
    pair.run(seconds(40));
    let census = pair.stack(Side::A).census();
    assert_eq!((census.sessions, census.dialogs, census.invites), (0, 0, 0));
    let sent: std::collections::BTreeSet<_> =
        pair.trace().iter().map(|sent| (sent.from, &sent.bytes)).collect();
    assert_eq!(sent.len(), pair.trace().len(), "on a good wire nothing is sent twice over {transport:?}");
}

#[test]
fn the_desk_calls_a_registered_phone_behind_a_translator_over_its_flow() {
    let mut pair = pair();
    pair.translate(Side::B, "198.51.100.7:40404".parse().expect("an address"));
    let flow = pair.flow(Side::B);
    pair.command(
        Side::B,
        SipCommand::Register(Box::new(OutgoingRegistration {
            registration: RegistrationId(1),
            registrar: uri("sip:192.0.2.1"),
            address_of_record: address("sip:1002@frontdesk"),
            flow,
            credentials: Some(credentials("1002", PASSWORD)),
            routes: Vec::new(),
            quirks: std::sync::Arc::default(),
            expires: seconds(120),
        })),
    );
    pair.run(seconds(1));
    let binding = pair.stack(Side::A).bindings("1002").next().expect("a binding").clone();
    assert_eq!(binding.flow.remote.to_string(), "198.51.100.7:40404");
    assert_eq!(binding.contact.to_string(), "sip:1002@192.0.2.2:5060");

    let session = SessionId::Outgoing(9);
    let mut call = outgoing(session, binding.flow, None);
    call.target = binding.contact;
    pair.command(Side::A, SipCommand::Invite(Box::new(call)));
    pair.run(seconds(1));
    let incoming = incoming_of(&mut pair, Side::B).expect("a call");
    assert_eq!(incoming.admission, Admission::Peer { name: "carrier".to_owned() });
    pair.command(Side::B, SipCommand::Accept { session: incoming.session, description: ANSWER.to_vec() });
    pair.run(seconds(1));
    assert_eq!(kinds(pair.take_events(Side::B)), ["Confirmed"], "the ACK went through the translator");
    pair.command(Side::A, SipCommand::End { session, reason: None });
    pair.run(seconds(1));
    assert_eq!(kinds(pair.take_events(Side::B)), ["Ended"], "and so did the BYE");
}

#[test]
fn a_busy_phone_refuses_and_the_caller_hears_when_to_try_again() {
    let mut pair = pair();
    let session = SessionId::Outgoing(1);
    let call = outgoing(session, pair.flow(Side::A), None);
    pair.command(Side::A, SipCommand::Invite(Box::new(call)));
    pair.run(seconds(1));
    let incoming = incoming_of(&mut pair, Side::B).expect("a call");
    let retry_after = Some(seconds(30));
    pair.command(
        Side::B,
        SipCommand::Refuse {
            session: incoming.session,
            status: status(486),
            retry_after,
            reason: None,
            warning: None,
        },
    );
    pair.run(seconds(1));
    let end = SessionEnd::Refused { status: status(486), retry_after, reason: None, redirects: Vec::new() };
    let events = pair.take_events(Side::A);
    let last = events.last().map(|(_, event)| event);
    assert!(matches!(last, Some(SipEvent::Ended { end: told, .. }) if *told == end), "{events:?}");
    assert_eq!(kinds(events), ["Trying", "Ended"]);
    assert_eq!(kinds(pair.take_events(Side::B)), ["Ended"]);
    pair.run(seconds(40));
    assert_eq!(pair.stack(Side::A).census(), Census::default());
    assert_eq!(pair.stack(Side::B).census(), Census::default());
}

#[test]
fn a_phone_that_does_not_answer_at_all_ends_the_call_after_64_t1() {
    let mut pair = pair();
    pair.plan.loss_percent = 100;
    let call = outgoing(SessionId::Outgoing(1), pair.flow(Side::A), None);
    pair.command(Side::A, SipCommand::Invite(Box::new(call)));
    pair.run(seconds(40));
    let events = pair.take_events(Side::A);
    assert!(
        matches!(&events[..], [(at, SipEvent::Ended { end: SessionEnd::NoResponse, .. })] if at.as_millis() == 32_000)
    );
    assert_eq!(pair.count_sent(Side::A, "INVITE"), 7);
    assert_eq!(pair.stack(Side::A).census(), Census::default());
}

#[test]
fn the_desk_hangs_up_an_answered_call() {
    let mut pair = pair();
    let session = SessionId::Outgoing(1);
    let call = outgoing(session, pair.flow(Side::A), None);
    pair.command(Side::A, SipCommand::Invite(Box::new(call)));
    pair.run(seconds(1));
    let incoming = incoming_of(&mut pair, Side::B).expect("a call");
    pair.command(Side::B, SipCommand::Accept { session: incoming.session, description: ANSWER.to_vec() });
    pair.run(seconds(1));
    pair.take_events(Side::A);
    pair.take_events(Side::B);
    pair.command(Side::B, SipCommand::End { session: incoming.session, reason: None });
    pair.run(seconds(1));
    assert_eq!(kinds(pair.take_events(Side::A)), ["Ended"]);
    assert_eq!(kinds(pair.take_events(Side::B)), ["Ended"]);
    assert_eq!(pair.count_sent(Side::B, "BYE"), 1);
}

#[test]
fn a_call_says_how_many_hops_it_has_left_and_a_call_passed_on_says_fewer() {
    let mut pair = pair();
    let flow = pair.flow(Side::A);
    for (wanted, heard) in [(Some("7"), 7), (Some("200"), 70), (None, 70)] {
        let session = SessionId::Outgoing(u64::from(heard) + u64::from(wanted.is_none()));
        let mut call = outgoing(session, flow, None);
        call.extra.extend(wanted.map(|hops| ("Max-Forwards".to_owned(), hops.to_owned())));
        pair.command(Side::A, SipCommand::Invite(Box::new(call)));
        pair.run(seconds(1));
        let incoming = incoming_of(&mut pair, Side::B).expect("a call");
        assert_eq!(incoming.hops, heard);
        pair.command(Side::B, SipCommand::End { session: incoming.session, reason: None });
        pair.run(seconds(1));
        pair.take_events(Side::A);
        pair.take_events(Side::B);
    }
}
