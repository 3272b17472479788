//! The 2xx and its ACK: stories that cost other stacks an issue each.

mod stage;

use frontdesk_sip_message::{HeaderName, Message, Method};
use frontdesk_sip_stack::*;
use stage::*;

/// A call that came in and was answered; its 200 is returned.
fn accepted() -> (Stage, SessionId, frontdesk_sip_message::Response) {
    let mut stage = Stage::with_peer();
    let session = stage.incoming(&Script::invite().text());
    stage.sent();
    stage.command(SipCommand::Accept { session, description: ANSWER.to_vec() });
    let response = stage.response();
    (stage, session, response)
}

fn ack(response: &frontdesk_sip_message::Response) -> Script {
    Script::within("ACK", "z9hG4bKack", 1, response)
}

#[test]
fn a_success_is_repeated_by_the_callee_until_its_acknowledgement() {
    let (mut stage, session, response) = accepted();
    stage.run(seconds(8));
    assert_eq!(stage.sent().len(), 4, "after 0.5, 1.5, 3.5 and 7.5 s");
    stage.receive(&ack(&response).text());
    assert!(matches!(&stage.events()[..], [SipEvent::Confirmed { session: told, .. }] if *told == session));
    stage.run(seconds(60));
    assert_eq!(stage.sent().len(), 0);
    assert_eq!(stage.ends(), []);
}

#[test]
fn an_acknowledgement_that_never_comes_ends_the_call_with_bye_after_64_t1() {
    let (mut stage, session, _) = accepted();
    stage.run(millis(31_999));
    assert_eq!(stage.ends(), []);
    assert_eq!(stage.sent().len(), 10, "0.5 1.5 3.5 7.5 11.5 … 31.5");
    stage.run(millis(1));
    assert_eq!(stage.ends(), [(session, SessionEnd::NoAck)]);
    let requests = stage.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].method, Method::BYE);
    stage.run(seconds(70));
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn an_acknowledgement_with_another_number_does_not_stop_the_repetition() {
    let (mut stage, _, response) = accepted();
    let mut wrong = ack(&response);
    wrong.cseq = 2;
    stage.receive(&wrong.text());
    assert!(stage.events().is_empty());
    stage.run(seconds(1));
    assert_eq!(stage.sent().len(), 1);
}

#[test]
fn an_acknowledgement_that_arrives_before_the_first_repetition_is_due_leaves_no_timer() {
    let (mut stage, _, response) = accepted();
    stage.receive(&ack(&response).text());
    stage.run(seconds(33));
    assert_eq!(stage.sent().len(), 0);
    let census = stage.stack.census();
    assert_eq!((census.server_transactions, census.sessions), (0, 1));
}

#[test]
fn an_acknowledgement_with_the_branch_of_the_invite_counts_too() {
    let (mut stage, _, response) = accepted();
    let mut same = ack(&response);
    same.branch = "z9hG4bKfirst";
    stage.receive(&same.text());
    assert!(matches!(&stage.events()[..], [SipEvent::Confirmed { .. }]));
}

#[test]
fn a_repeated_invite_after_the_success_is_no_new_call() {
    let (mut stage, _, _) = accepted();
    stage.receive(&Script::invite().text());
    assert!(stage.events().is_empty());
    assert_eq!(stage.sent().len(), 0);
}

#[test]
fn the_acknowledgement_brings_the_answer_to_an_offer_in_the_success() {
    let mut stage = Stage::with_peer();
    let session = stage
        .incoming(&Script::new("INVITE", "z9hG4bKfirst", 1).with("Contact: <sip:alice@192.0.2.9>").text());
    stage.sent();
    stage.command(SipCommand::Accept { session, description: OFFER.to_vec() });
    let response = stage.response();
    assert_eq!(response.body, OFFER);
    stage.receive(&ack(&response).offering(ANSWER).text());
    let events = stage.events();
    assert!(
        matches!(&events[..], [SipEvent::Confirmed { description: Some(sdp), .. }] if sdp == ANSWER),
        "{events:?}"
    );
}

#[test]
fn a_callee_that_hangs_up_before_the_acknowledgement_waits_for_it_with_its_bye() {
    let (mut stage, session, response) = accepted();
    stage.command(SipCommand::End { session, reason: None });
    assert_eq!(stage.ends(), [(session, SessionEnd::EndedHere)]);
    assert_eq!(stage.sent().len(), 0, "RFC 3261 §15: no BYE before the ACK");
    stage.run(seconds(1));
    assert!(matches!(&stage.sent()[..], [Message::Response(r)] if r.status == status(200)));
    stage.receive(&ack(&response).text());
    let requests = stage.requests();
    assert!(matches!(&requests[..], [bye] if bye.method == Method::BYE), "{requests:?}");
    assert!(stage.events().is_empty(), "the end was told already");
}

#[test]
fn a_caller_who_hangs_up_before_acknowledging_ends_the_repetition() {
    let (mut stage, session, response) = accepted();
    stage.receive(&Script::within("BYE", "z9hG4bKbye", 2, &response).text());
    assert_eq!(stage.response().status, status(200));
    assert_eq!(stage.ends(), [(session, SessionEnd::HungUpByPeer { reason: None })]);
    stage.receive(&ack(&response).text());
    stage.run(seconds(60));
    assert_eq!(stage.sent().len(), 0);
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn a_repeated_success_is_acknowledged_again_with_the_same_acknowledgement() {
    let mut stage = Stage::with_peer();
    let (session, invite) = stage.call(1);
    let ok = answer(&invite, 200, "bob", "Contact: <sip:1001@192.0.2.9>", ANSWER);
    stage.receive(&ok);
    assert!(matches!(&stage.events()[..], [SipEvent::Answered { session: told, .. }] if *told == session));
    let first = stage.requests();
    assert!(matches!(&first[..], [ack] if ack.method == Method::ACK));
    assert_eq!(first[0].headers.cseq().expect("CSeq").number, invite.headers.cseq().expect("CSeq").number);
    assert_ne!(
        first[0].headers.top_via().expect("Via").branch(),
        invite.headers.top_via().expect("Via").branch()
    );
    stage.run(seconds(4));
    stage.receive(&ok);
    assert_eq!(stage.requests(), first);
    assert!(stage.events().is_empty(), "answered once");
}

#[test]
fn the_acknowledgement_goes_on_after_the_bye() {
    let mut stage = Stage::with_peer();
    let (session, invite) = stage.call(1);
    let ok = answer(&invite, 200, "bob", "Contact: <sip:1001@192.0.2.9>", ANSWER);
    stage.receive(&ok);
    let acknowledgement = stage.requests();
    stage.command(SipCommand::End { session, reason: None });
    let bye = stage.requests();
    assert!(matches!(&bye[..], [bye] if bye.method == Method::BYE));
    stage.receive(&ok);
    assert_eq!(
        stage.requests(),
        acknowledgement,
        "its ACK was lost; without it the callee would go on for 32 s"
    );
    stage.receive(&answer(&bye[0], 200, "bob", "", b""));
    stage.run(seconds(70));
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn the_first_call_after_an_idle_gap_is_repeated_until_somebody_hears_it() {
    let mut stage = Stage::with_peer();
    stage.run(seconds(3_600));
    let (session, invite) = stage.call(1);
    stage.run(seconds(4));
    let repeated = stage.requests();
    assert_eq!(repeated.len(), 3);
    assert!(repeated.iter().all(|again| *again == invite), "the very same request");
    stage.receive(&answer(&invite, 180, "bob", "", b""));
    assert!(matches!(&stage.events()[..], [SipEvent::Progress { session: told, .. }] if *told == session));
    stage.run(seconds(600));
    assert_eq!(stage.requests().len(), 0);
}

#[test]
fn a_bye_is_repeated_while_the_other_side_only_says_trying() {
    let mut stage = Stage::with_peer();
    let (session, invite) = stage.call(1);
    stage.receive(&answer(&invite, 200, "bob", "Contact: <sip:1001@192.0.2.9>", ANSWER));
    stage.command(SipCommand::End { session, reason: None });
    let bye = stage.requests().pop().expect("a BYE");
    stage.receive(&answer(&bye, 100, "", "", b""));
    stage.run(seconds(9));
    let repeated = stage.requests();
    assert_eq!(repeated.len(), 3, "after 0.5, 4.5 and 8.5 s");
    assert!(repeated.iter().all(|again| *again == bye));
}

#[test]
fn of_a_forked_call_the_first_answer_wins_and_the_second_is_hung_up() {
    let mut stage = Stage::with_peer();
    let (session, invite) = stage.call(1);
    stage.receive(&answer(&invite, 180, "bob", "Contact: <sip:1001@192.0.2.9>", b""));
    stage.receive(&answer(&invite, 183, "carol", "Contact: <sip:1001@192.0.2.10>", ANSWER));
    assert_eq!(stage.events().len(), 2);
    stage.receive(&answer(&invite, 200, "carol", "Contact: <sip:1001@192.0.2.9:5070>", ANSWER));
    assert!(matches!(&stage.events()[..], [SipEvent::Answered { .. }]));
    assert_eq!(stage.requests().len(), 1);
    stage.receive(&answer(&invite, 200, "bob", "Contact: <sip:1001@192.0.2.9:5080>", ANSWER));
    let requests = stage.requests();
    let methods: Vec<_> = requests.iter().map(|request| request.method.as_str()).collect();
    assert_eq!(methods, ["ACK", "BYE"]);
    for request in &requests {
        assert_eq!(request.headers.to().expect("To").tag(), Some("bob"));
        assert_eq!(request.uri.to_string(), "sip:1001@192.0.2.9:5080");
    }
    assert!(stage.events().is_empty());
    stage.command(SipCommand::End { session, reason: None });
    assert_eq!(stage.requests()[0].headers.to().expect("To").tag(), Some("carol"));
}

#[test]
fn the_acknowledgement_of_a_challenged_invite_carries_its_credentials() {
    let mut stage = Stage::with_peer();
    let session = SessionId::Outgoing(1);
    let call = outgoing(session, stage.flow, Some(credentials("desk", "secret")));
    stage.command(SipCommand::Invite(Box::new(call)));
    let invite = stage.requests().pop().expect("an INVITE");
    let challenge = "Proxy-Authenticate: Digest realm=\"trunk\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"\n\
                     Proxy-Authenticate: Digest realm=\"trunk\", nonce=\"n2\", algorithm=SHA-256, qop=\"auth,auth-int\"";
    stage.receive(&answer(&invite, 407, "proxy", challenge, b""));
    let requests = stage.requests();
    assert_eq!(requests[0].method, Method::ACK);
    assert_eq!(requests[0].headers.top_via(), invite.headers.top_via(), "an ACK to a refusal has the branch");
    let again = &requests[1];
    let given = again.headers.proxy_authorizations().expect("credentials").remove(0);
    assert_eq!((given.nonce.as_str(), given.algorithm.as_deref()), ("n2", Some("SHA-256")));
    assert_eq!(again.headers.cseq().expect("CSeq").number, 2);
    assert_eq!(again.headers.call_id(), invite.headers.call_id());
    assert_eq!(again.headers.from(), invite.headers.from());
    stage.receive(&answer(again, 200, "bob", "Contact: <sip:1001@192.0.2.9>", ANSWER));
    let ack = stage.requests().pop().expect("an ACK");
    assert_eq!(
        ack.headers.get(HeaderName::ProxyAuthorization),
        again.headers.get(HeaderName::ProxyAuthorization)
    );
    // The BYE is challenged with a new nonce, and answered once.
    stage.command(SipCommand::End { session, reason: None });
    let bye = stage.requests().pop().expect("a BYE");
    let challenge = "Proxy-Authenticate: Digest realm=\"trunk\", nonce=\"n3\", qop=\"auth\"";
    stage.receive(&answer(&bye, 407, "bob", challenge, b""));
    let bye = stage.requests().pop().expect("a BYE with credentials");
    assert_eq!(bye.headers.proxy_authorizations().expect("credentials")[0].nonce, "n3");
    stage.receive(&answer(&bye, 407, "bob", challenge, b""));
    assert_eq!(stage.requests().len(), 0);
    assert_eq!(stage.events().iter().filter(|e| matches!(e, SipEvent::Ended { .. })).count(), 1);
}

#[test]
fn wrong_credentials_are_refused_the_second_time() {
    let mut stage = Stage::with_peer();
    let session = SessionId::Outgoing(1);
    let call = outgoing(session, stage.flow, Some(credentials("desk", "wrong")));
    stage.command(SipCommand::Invite(Box::new(call)));
    let challenge = "WWW-Authenticate: Digest realm=\"trunk\", nonce=\"n1\", qop=\"auth\"";
    for _ in 0..2 {
        let invite = stage.requests().pop().expect("an INVITE");
        stage.receive(&answer(&invite, 401, "trunk", challenge, b""));
    }
    assert_eq!(
        stage.ends(),
        [(
            session,
            SessionEnd::Refused {
                status: status(401),
                retry_after: None,
                reason: None,
                redirects: Vec::new()
            }
        )]
    );
    stage.run(seconds(70));
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn stray_answers_and_acknowledgements_are_ignored() {
    let mut stage = Stage::with_peer();
    let (_, invite) = stage.call(1);
    let mut stranger = invite.clone();
    let mut via = invite.headers.top_via().expect("Via");
    via.parameters.set("branch", Some("z9hG4bKstranger"));
    stranger.headers.set_top_via(&via);
    stage.receive(&answer(&stranger, 200, "bob", "Contact: <sip:1001@192.0.2.9>", ANSWER));
    let mut two_vias = invite.clone();
    two_vias.headers.push_front(HeaderName::Via, via.to_string());
    stage.receive(&answer(&two_vias, 200, "bob", "Contact: <sip:1001@192.0.2.9>", ANSWER));
    stage.receive(&Script::new("ACK", "z9hG4bKnobody", 1).text());
    assert_eq!(stage.sent().len(), 0);
    assert!(stage.events().is_empty());
}
