//! This side behind a translator that forwards ports: what it calls itself.

mod stage;

use frontdesk_sip_message::{HeaderName, Request};
use frontdesk_sip_stack::*;
use stage::*;

/// 192.0.2.1 is called 203.0.113.5 outside of 192.0.2.0/28.
fn stage(neighbour: &str) -> Stage {
    let mut rules = settings(&["192.0.2.9", "198.51.100.9"]);
    rules.external = Some(ExternalAddress {
        ip: "203.0.113.5".parse().expect("an address"),
        inside: vec![("192.0.2.0".parse().expect("an address"), 28)],
    });
    let mut stage = Stage::with(rules);
    stage.flow.remote = neighbour.parse().expect("an address");
    stage
}

fn sent_by(request: &Request) -> String {
    let via = request.headers.top_via().expect("a Via");
    format!("{}:{}", via.host, via.port.expect("a port"))
}

fn contact_of(headers: &frontdesk_sip_message::Headers) -> String {
    headers.get(HeaderName::Contact).expect("a Contact").to_owned()
}

#[test]
fn calls_to_neighbours_outside_say_the_external_address_and_those_inside_the_local_one() {
    for (neighbour, said) in [("198.51.100.9:5060", "203.0.113.5:5060"), ("192.0.2.9:5060", "192.0.2.1:5060")]
    {
        let mut stage = stage(neighbour);
        let (session, invite) = stage.call(1);
        assert_eq!(
            (sent_by(&invite), contact_of(&invite.headers)),
            (said.to_owned(), format!("<sip:desk@{said}>"))
        );
        stage.receive(&answer(&invite, 200, "t", &format!("Contact: <sip:1001@{neighbour}>"), ANSWER));
        let ack = stage.requests().pop().expect("an ACK");
        assert_eq!(sent_by(&ack), said);
        stage.command(SipCommand::End { session, reason: None });
        assert_eq!(sent_by(&stage.requests().pop().expect("a BYE")), said);
    }
}

#[test]
fn answers_to_callers_outside_have_the_external_contact_from_the_first_ringing_on() {
    for (neighbour, said) in
        [("198.51.100.9:5060", "<sip:100@203.0.113.5:5060>"), ("192.0.2.9:5060", "<sip:100@192.0.2.1:5060>")]
    {
        let mut stage = stage(neighbour);
        let session = stage.incoming(&Script::invite().text());
        stage.sent();
        stage.command(SipCommand::Ring { session, status: status(180), description: None });
        assert_eq!(contact_of(&stage.response().headers), said);
        stage.command(SipCommand::Accept { session, description: ANSWER.to_vec() });
        assert_eq!(contact_of(&stage.response().headers), said);
    }
}

#[test]
fn a_registration_outside_binds_the_external_address_and_knows_it_in_the_answer() {
    let mut stage = stage("198.51.100.9:5060");
    stage.command(SipCommand::Register(Box::new(OutgoingRegistration {
        registration: RegistrationId(1),
        registrar: uri("sip:trunk.example.com"),
        address_of_record: address("sip:desk@trunk.example.com"),
        flow: stage.flow,
        credentials: None,
        expires: seconds(600),
        routes: Vec::new(),
        quirks: std::sync::Arc::default(),
    })));
    let request = stage.requests().pop().expect("a REGISTER");
    assert_eq!(contact_of(&request.headers), "<sip:desk@203.0.113.5:5060>");
    let granted = "Contact: <sip:desk@203.0.113.5:5060>;expires=77\nExpires: 600";
    stage.receive(&answer(&request, 200, "reg", granted, b""));
    assert!(matches!(&stage.events()[..], [SipEvent::Registered { expires, .. }] if *expires == seconds(77)));
}
