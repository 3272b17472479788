//! One call takes the place of another (RFC 3891).

mod stage;

use frontdesk_sip_message::{HeaderName, Message, Response};
use frontdesk_sip_stack::testing::{Pair, Side, WirePlan};
use frontdesk_sip_stack::*;
use stage::talk::*;
use stage::*;

/// A second call from elsewhere, with this `Replaces`.
fn second(branch: &'static str, replaces: &str) -> Script {
    let script = Script { call_id: "second", from: "<sip:carol@192.0.2.9>;tag=carol", ..Script::invite() };
    Script { branch, ..script }.with(&format!("Replaces: {replaces}"))
}

fn tag_of(response: &Response) -> String {
    response.headers.to().expect("a To").tag().expect("a tag").to_owned()
}

fn call_in(stage: &mut Stage) -> IncomingCall {
    let call = stage.events().into_iter().find_map(|event| match event {
        SipEvent::Incoming(call) => Some(*call),
        _ => None,
    });
    call.unwrap_or_else(|| panic!("no call: {:?}", stage.sent()))
}

fn verdict(stage: &mut Stage, script: &Script) -> u16 {
    stage.receive(&script.text());
    assert!(stage.events().is_empty(), "told to nobody");
    stage.response().status.as_u16()
}

#[test]
fn who_knows_the_tags_takes_the_place_and_the_old_call_stands_until_it_is_ended() {
    let (mut stage, old, response) = talking();
    let tag = tag_of(&response);
    let named = format!("story;from-tag=alice;to-tag={tag}");
    stage.receive(&second("z9hG4bK2", &named).with("Require: replaces").text());
    let call = call_in(&mut stage);
    assert_eq!(call.replaces, Some(old));
    stage.sent();
    stage.command(SipCommand::Accept { session: call.session, description: ANSWER.to_vec() });
    assert!(stage.ends().is_empty(), "the stack ends nothing by itself");
    stage.sent();
    stage.command(SipCommand::End { session: old, reason: None });
    assert_eq!(said(&stage.requests()[0], HeaderName::CallId), "story");
}

#[test]
fn who_does_not_know_the_tags_takes_nothing() {
    let (mut stage, _, response) = talking();
    let tag = tag_of(&response);
    for (branch, named) in [
        ("z9hG4bK1", format!("elsewhere;from-tag=alice;to-tag={tag}")),
        ("z9hG4bK2", "story;from-tag=alice;to-tag=guess".to_owned()),
        ("z9hG4bK3", format!("story;from-tag=guess;to-tag={tag}")),
        // As the other end would name it.
        ("z9hG4bK4", format!("story;from-tag={tag};to-tag=alice")),
        ("z9hG4bK5", format!("story;from-tag=0;to-tag={tag}")),
    ] {
        assert_eq!(verdict(&mut stage, &second(branch, &named)), 481, "{named}");
    }
    assert_eq!(stage.stack.census().sessions, 1);
}

#[test]
fn a_stranger_learns_nothing_even_with_the_right_tags() {
    let (mut stage, _, response) = talking();
    let named = format!("story;from-tag=alice;to-tag={}", tag_of(&response));
    let elsewhere = Flow { remote: "198.51.100.7:5060".parse().expect("an address"), ..stage.flow };
    for named in [named.as_str(), "nobody;from-tag=a;to-tag=b", "broken"] {
        stage.receive_over(elsewhere, &second("z9hG4bK2", named).text());
        assert_eq!(stage.response().status, status(401), "{named}");
    }
    assert!(stage.events().is_empty());
}

#[test]
fn what_cannot_be_read_or_asks_for_two_things_is_400() {
    let (mut stage, _, response) = talking();
    let named = format!("story;from-tag=alice;to-tag={}", tag_of(&response));
    let two = second("z9hG4bK1", &named).with(&format!("Replaces: {named}"));
    assert_eq!(verdict(&mut stage, &two), 400);
    let join = second("z9hG4bK2", &named).with(&format!("Join: {named}"));
    assert_eq!(verdict(&mut stage, &join), 400);
    assert_eq!(verdict(&mut stage, &second("z9hG4bK3", "story;from-tag=alice")), 400);
    let options = Script::new("OPTIONS", "z9hG4bK4", 1).with(&format!("Replaces: {named}"));
    assert_eq!(verdict(&mut stage, &options), 400, "it means something in an INVITE only");
}

#[test]
fn a_call_that_stands_is_not_replaced_by_who_wants_it_only_early() {
    let (mut stage, _, response) = talking();
    let named = format!("story;from-tag=alice;to-tag={};early-only", tag_of(&response));
    assert_eq!(verdict(&mut stage, &second("z9hG4bK2", &named)), 486);
}

#[test]
fn a_call_that_rings_here_is_not_replaced() {
    let mut stage = Stage::with_peer();
    let session = stage.incoming(&Script::invite().text());
    stage.command(SipCommand::Ring { session, status: status(180), description: None });
    let named = format!("story;from-tag=alice;to-tag={}", tag_of(&stage.last_response()));
    assert_eq!(verdict(&mut stage, &second("z9hG4bK2", &named)), 481);
}

#[test]
fn a_call_of_this_side_that_rings_there_is_replaced_while_it_rings() {
    let mut stage = Stage::with_peer();
    let (session, invite) = stage.call(1);
    stage.receive(&answer(&invite, 180, "phone", "Contact: <sip:1001@192.0.2.9>", b""));
    let value = |name| invite.headers.get(name).expect("a header");
    let call_id = value(HeaderName::CallId).to_owned();
    let tag = invite.headers.from().expect("a From").tag().expect("a tag").to_owned();
    let dialog = stage.stack.dialog(session).expect("somebody spoke");
    assert_eq!((&dialog.call_id, &dialog.local_tag, dialog.remote_tag.as_str()), (&call_id, &tag, "phone"));
    let named = format!("{call_id};from-tag=phone;to-tag={tag};early-only");
    stage.sent();
    stage.events();
    stage.receive(&second("z9hG4bK2", &named).text());
    let call = call_in(&mut stage);
    assert_eq!(call.replaces, Some(session));
    stage.command(SipCommand::End { session: call.session, reason: None });
    stage.receive(&answer(&invite, 200, "phone", "Contact: <sip:1001@192.0.2.9>", ANSWER));
    stage.sent();
    stage.events();
    let late = Script { call_id: "third", ..second("z9hG4bK3", &named) };
    assert_eq!(verdict(&mut stage, &late), 486, "and not after the answer");
    let elsewhere = format!("{call_id};from-tag=other;to-tag={tag}");
    let guessed = Script { call_id: "fourth", ..second("z9hG4bK4", &elsewhere) };
    assert_eq!(verdict(&mut stage, &guessed), 481);
}

#[test]
fn a_subscription_is_no_call_to_replace() {
    let mut stage = Stage::with(settings(&["192.0.2.9"]));
    let watch = Script::new("SUBSCRIBE", "z9hG4bKs", 1).with("Event: dialog");
    let watch = proved(&mut stage, &watch.with("Contact: <sip:alice@192.0.2.9>"), "1001");
    stage.receive(&watch.text());
    let response = stage.response();
    assert_eq!(response.status, status(200));
    stage.events();
    let named = format!("story;from-tag=alice;to-tag={}", tag_of(&response));
    assert_eq!(verdict(&mut stage, &second("z9hG4bK2", &named)), 481);
}

#[test]
fn a_call_that_is_over_is_not_replaced() {
    // Ended here, and its ACK not yet come.
    let mut stage = Stage::with_peer();
    let session = stage.incoming(&Script::invite().text());
    stage.sent();
    stage.command(SipCommand::Accept { session, description: ANSWER.to_vec() });
    let named = format!("story;from-tag=alice;to-tag={}", tag_of(&stage.response()));
    stage.command(SipCommand::End { session, reason: None });
    stage.events();
    assert_eq!(verdict(&mut stage, &second("z9hG4bK2", &named)), 603);
    // Over, but who referred in it is still told.
    let (mut stage, session, response) = talking();
    let refer = Script::within("REFER", "z9hG4bKr", 2, &response).with("Refer-To: <sip:a@192.0.2.1>");
    stage.receive(&refer.text());
    stage.command(SipCommand::End { session, reason: None });
    stage.sent();
    stage.events();
    let named = format!("story;from-tag=alice;to-tag={}", tag_of(&response));
    assert_eq!(verdict(&mut stage, &second("z9hG4bK2", &named)), 603);
    // Forgotten.
    stage.run(seconds(100));
    stage.sent();
    assert_eq!(verdict(&mut stage, &second("z9hG4bK3", &named)), 481);
}

#[test]
fn a_caller_without_a_tag_is_named_by_a_zero() {
    let mut stage = Stage::with_peer();
    let (old, response) = answered(&mut stage, &Script { from: "<sip:old@192.0.2.9>", ..Script::invite() });
    let named = format!("story;from-tag=0;to-tag={}", tag_of(&response));
    stage.receive(&second("z9hG4bK2", &named).text());
    assert_eq!(call_in(&mut stage).replaces, Some(old));
}

#[test]
fn what_this_side_says_of_a_call_is_what_the_other_end_understands() {
    let mut pair = Pair::new(7, WirePlan::GOOD);
    pair.settle(Side::A, settings(&["192.0.2.2"]));
    pair.settle(Side::B, settings(&["192.0.2.1"]));
    let first = SessionId::Outgoing(1);
    assert_eq!(pair.stack(Side::A).replaces(first), None);
    let call = outgoing(first, pair.flow(Side::A), None);
    pair.command(Side::A, SipCommand::Invite(Box::new(call)));
    pair.run(seconds(1));
    assert_eq!(pair.stack(Side::A).replaces(first), None, "not before the answer");
    let theirs = incoming_of(&mut pair, Side::B).expect("a call").session;
    pair.command(Side::B, SipCommand::Accept { session: theirs, description: ANSWER.to_vec() });
    pair.run(seconds(1));
    let (target, replaces) = pair.stack(Side::A).replaces(first).expect("a call that stands");
    assert_eq!(target.to_string(), "sip:1001@192.0.2.2:5060");
    let mut again = outgoing(SessionId::Outgoing(2), pair.flow(Side::A), None);
    again.target = target;
    again.extra.push(("Replaces".to_owned(), replaces));
    pair.command(Side::A, SipCommand::Invite(Box::new(again)));
    pair.run(seconds(1));
    let call = incoming_of(&mut pair, Side::B).expect("a second call");
    assert_eq!(call.replaces, Some(theirs));
    // And the other way round, of the call that came in.
    let (target, replaces) = pair.stack(Side::B).replaces(theirs).expect("a call that stands");
    assert_eq!(target.to_string(), "sip:desk@192.0.2.1:5060");
    let mut back = outgoing(SessionId::Outgoing(1), pair.flow(Side::B), None);
    back.extra.push(("Replaces".to_owned(), replaces));
    pair.command(Side::B, SipCommand::Invite(Box::new(back)));
    pair.run(seconds(1));
    assert_eq!(incoming_of(&mut pair, Side::A).expect("a call").replaces, Some(first));
}

#[test]
fn that_calls_may_be_replaced_is_said_where_it_matters() {
    let (mut stage, _, response) = talking();
    let knows = |supported: Vec<&str>| ["replaces", "norefersub"].iter().all(|tag| supported.contains(tag));
    assert!(knows(response.headers.supported()), "in the 200");
    let (_, invite) = stage.call(1);
    assert!(knows(invite.headers.supported()), "in an INVITE");
    stage.receive(&Script::new("OPTIONS", "z9hG4bKo", 1).text());
    let options = stage.response();
    assert!(knows(options.headers.supported()), "to who asks");
    for response in [&response, &options] {
        let allowed = response.headers.allow();
        for method in ["REFER", "NOTIFY", "SUBSCRIBE", "MESSAGE", "INFO"] {
            assert!(allowed.contains(&method), "{method}: {allowed:?}");
        }
        assert_eq!(header(response, "Allow-Events"), Some("message-summary, dialog, presence, refer"));
    }
    stage.receive(&Script::new("PUBLISH", "z9hG4bKp", 1).text());
    let sent = stage.sent();
    let [Message::Response(refusal)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(refusal.status, status(405), "and what is not allowed is not served");
}
