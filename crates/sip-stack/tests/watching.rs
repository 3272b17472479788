//! Lamps and messages that wait: subscriptions at this side (RFC 6665, RFC 3842, RFC 4235, RFC 3856).

mod stage;

use frontdesk_sip_message::{HeaderName, Message, Method, Request, Response};
use frontdesk_sip_stack::*;
use stage::phone::Phone;
use stage::talk::*;
use stage::*;
use std::sync::Arc;

const WAITING: &[u8] = b"Messages-Waiting: yes\r\n";

fn subscribe(event: &str, expires: &str) -> Script {
    Script::new("SUBSCRIBE", "z9hG4bKs", 1)
        .with("Contact: <sip:1001@192.0.2.9:5062>")
        .with(&format!("Event: {event}"))
        .with(&format!("Expires: {expires}"))
}

/// 1001 watches the state of 100; the 200 to its SUBSCRIBE.
fn watching(event: &str, expires: &str) -> (Stage, SubscriptionId, Response) {
    let mut stage = Stage::with(settings(&[]));
    let script = proved(&mut stage, &subscribe(event, expires), "1001");
    stage.receive(&script.text());
    let response = stage.response();
    assert_eq!(response.status, status(200));
    let subscription = subscribed(&mut stage);
    (stage, subscription, response)
}

fn subscribed(stage: &mut Stage) -> SubscriptionId {
    let events = stage.events();
    let [SipEvent::Subscribed { subscription, account, resource, host, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((account.as_str(), resource.as_str(), host.as_str()), ("1001", "100", "192.0.2.1"));
    *subscription
}

fn again(branch: &'static str, cseq: u32, response: &Response, event: &str, expires: &str) -> String {
    let script = Script::within("SUBSCRIBE", branch, cseq, response);
    let script = script.with("Contact: <sip:1001@192.0.2.9:5062>");
    script.with(&format!("Event: {event}")).with(&format!("Expires: {expires}")).text()
}

fn say(stage: &mut Stage, subscription: SubscriptionId, document: &[u8]) {
    stage.command(SipCommand::Notify { subscription, document: document.to_vec() });
}

fn reply(stage: &mut Stage, request: &Request, code: u16) {
    stage.receive(&answer(request, code, "", "", b""));
}

/// How many subscriptions were told to be over since the last time.
fn over(stage: &mut Stage) -> Vec<SubscriptionId> {
    let events = stage.events().into_iter();
    let over = events.map(|event| match event {
        SipEvent::Unsubscribed { subscription } => subscription,
        other => panic!("{other:?}"),
    });
    over.collect()
}

fn state(request: &Request) -> String {
    said(request, HeaderName::SubscriptionState)
}

#[test]
fn a_telephone_watches_its_mailbox_refreshes_and_goes() {
    let (mut stage, subscription, response) = watching("message-summary", "600");
    assert_eq!(header(&response, "Expires"), Some("600"));
    assert!(header(&response, "Contact").is_some());
    assert_eq!(stage.stack.census().subscriptions, 1);
    say(&mut stage, subscription, WAITING);
    let notify = only_request(&mut stage);
    assert_eq!((notify.method.clone(), notify.body.as_slice()), (Method::NOTIFY, WAITING));
    assert_eq!(notify.uri.to_string(), "sip:1001@192.0.2.9:5062");
    assert_eq!(said(&notify, HeaderName::Event), "message-summary");
    assert_eq!(state(&notify), "active;expires=600");
    assert_eq!(said(&notify, HeaderName::ContentType), "application/simple-message-summary");
    let tag = response.headers.to().expect("a To").tag().expect("a tag").to_owned();
    assert_eq!(notify.headers.from().expect("a From").tag(), Some(tag.as_str()));
    reply(&mut stage, &notify, 200);
    stage.run(seconds(500));
    stage.receive(&again("z9hG4bKs2", 3, &response, "message-summary", "600"));
    assert_eq!(stage.response().status, status(200));
    assert_eq!(subscribed(&mut stage), subscription, "it wants the state again");
    say(&mut stage, subscription, WAITING);
    let notify = only_request(&mut stage);
    assert_eq!(state(&notify), "active;expires=600");
    reply(&mut stage, &notify, 200);
    stage.run(seconds(500));
    stage.receive(&again("z9hG4bKs3", 4, &response, "message-summary", "0"));
    let sent = stage.sent();
    let [Message::Response(yes), Message::Request(last)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(header(yes, "Expires"), Some("0"));
    assert_eq!((state(last).as_str(), last.body.as_slice()), ("terminated;reason=timeout", WAITING));
    assert_eq!(over(&mut stage), [subscription]);
    reply(&mut stage, last, 200);
    say(&mut stage, subscription, WAITING);
    assert!(stage.sent().is_empty());
    stage.run(NONCE_LIFETIME);
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn who_does_not_prove_an_account_leaves_no_memory_and_learns_nothing() {
    // Not even a peer: lamps are for telephones of this side.
    let mut stage = Stage::with_peer();
    for (user, branch) in [("100", "z9hG4bK1"), ("nobody", "z9hG4bK2")] {
        let uri: &'static str = if user == "100" { "sip:100@192.0.2.1" } else { "sip:nobody@192.0.2.1" };
        for event in ["message-summary", "dialog", "presence"] {
            stage.receive(&Script { uri, branch, ..subscribe(event, "600") }.text());
            let refusal = stage.response();
            assert_eq!(refusal.status, status(401), "{user} {event}");
        }
    }
    let wrong = proved(&mut stage, &subscribe("dialog", "600"), "1003");
    stage.receive(&wrong.text());
    assert_eq!(stage.response().status, status(401), "an account that is none");
    stage.events();
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn what_this_side_cannot_tell_is_refused_with_what_it_can() {
    let mut stage = Stage::with(settings(&[]));
    for event in ["reg", "dialog, presence", "Dialog", "presence.winfo"] {
        stage.receive(&subscribe(event, "600").text());
        let refusal = stage.response();
        assert_eq!(refusal.status, status(489), "{event}");
        let allowed = Some("message-summary, dialog, presence, refer");
        assert_eq!(header(&refusal, "Allow-Events"), allowed);
    }
    stage.receive(&Script::new("SUBSCRIBE", "z9hG4bK1", 1).text());
    assert_eq!(stage.response().status, status(489), "without an Event");
    stage.receive(&subscribe("dialog", "600").with("Accept: application/pidf+xml").text());
    let refusal = stage.response();
    assert_eq!(refusal.status, status(406));
    assert_eq!(header(&refusal, "Accept"), Some("application/dialog-info+xml"));
    stage.receive(
        &subscribe("dialog", "600").with("Accept: text/html, application/dialog-info+xml;v=1").text(),
    );
    assert_eq!(stage.response().status, status(401), "and who can read it is asked for a password");
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn too_brief_is_423_too_long_is_cut_and_without_a_wish_it_is_an_hour() {
    let mut stage = Stage::with(settings(&[]));
    let brief = proved(&mut stage, &subscribe("dialog", "30"), "1001");
    stage.receive(&brief.text());
    let refusal = stage.response();
    assert_eq!((refusal.status, header(&refusal, "Min-Expires")), (status(423), Some("60")));
    let (_, _, response) = watching("dialog", "864000");
    assert_eq!(header(&response, "Expires"), Some("3600"));
    let (_, _, response) = watching("dialog;id=7", "nonsense");
    assert_eq!(header(&response, "Expires"), Some("3600"));
}

#[test]
fn who_asks_once_is_told_once() {
    let (mut stage, subscription, response) = watching("presence", "0");
    assert_eq!(header(&response, "Expires"), Some("0"));
    say(&mut stage, subscription, b"<presence/>");
    let notify = only_request(&mut stage);
    assert_eq!(state(&notify), "terminated;reason=timeout");
    assert_eq!(over(&mut stage), [subscription]);
    reply(&mut stage, &notify, 200);
    assert_eq!(stage.stack.census().subscriptions, 0);
    // And if there is nothing to tell, that.
    let (mut stage, subscription, _) = watching("presence", "0");
    stage.run(seconds(31));
    let notify = stage.requests().into_iter().next().expect("a NOTIFY");
    assert_eq!((state(&notify).as_str(), notify.body.len()), ("terminated;reason=timeout", 0));
    assert_eq!(over(&mut stage), [subscription]);
}

#[test]
fn a_slow_watcher_is_told_the_newest_state_only() {
    let (mut stage, subscription, _) = watching("dialog;id=3", "600");
    for state in 0..200u8 {
        say(&mut stage, subscription, &[state]);
    }
    let first = only_request(&mut stage);
    assert_eq!(first.body, [0]);
    assert_eq!(said(&first, HeaderName::Event), "dialog;id=3");
    reply(&mut stage, &first, 200);
    let second = only_request(&mut stage);
    assert_eq!(second.body, [199]);
    reply(&mut stage, &second, 200);
    assert!(stage.sent().is_empty());
}

#[test]
fn who_does_not_refresh_is_told_that_it_is_over() {
    let (mut stage, subscription, response) = watching("dialog", "60");
    stage.run(seconds(59));
    assert!(stage.sent().is_empty());
    stage.run(millis(1001));
    let last = only_request(&mut stage);
    assert_eq!(state(&last), "terminated;reason=timeout");
    assert_eq!(over(&mut stage), [subscription]);
    stage.receive(&again("z9hG4bKlate", 3, &response, "dialog", "600"));
    assert_eq!(stage.response().status, status(481), "a refresh that comes too late");
    stage.run(seconds(40));
    assert_eq!(stage.stack.census().subscriptions, 0);
}

#[test]
fn who_refuses_or_does_not_answer_is_told_no_more() {
    for code in [481, 489, 404, 408, 401, 603] {
        let (mut stage, subscription, _) = watching("dialog", "600");
        say(&mut stage, subscription, WAITING);
        say(&mut stage, subscription, b"newer");
        let notify = only_request(&mut stage);
        reply(&mut stage, &notify, code);
        assert_eq!(over(&mut stage), [subscription], "{code}");
        assert!(stage.sent().is_empty());
        assert_eq!(stage.stack.census().subscriptions, 0);
    }
    let (mut stage, subscription, _) = watching("dialog", "600");
    say(&mut stage, subscription, WAITING);
    stage.run(seconds(33));
    assert_eq!(over(&mut stage), [subscription]);
    let (mut stage, subscription, _) = watching("dialog", "600");
    say(&mut stage, subscription, WAITING);
    stage.input(SipInput::TransportFailed { flow: Flow { remote: notify_to(&stage), ..stage.flow } });
    assert_eq!(over(&mut stage), [subscription]);
}

fn notify_to(_: &Stage) -> std::net::SocketAddr {
    "192.0.2.9:5062".parse().expect("an address")
}

#[test]
fn a_passing_refusal_is_tried_again_with_the_newest_state() {
    let (mut stage, subscription, _) = watching("dialog", "600");
    say(&mut stage, subscription, b"old");
    let notify = only_request(&mut stage);
    stage.receive(&answer(&notify, 500, "", "Retry-After: 4", b""));
    say(&mut stage, subscription, b"new");
    assert!(stage.sent().is_empty());
    stage.run(seconds(4));
    let notify = only_request(&mut stage);
    assert_eq!(notify.body, b"new");
    reply(&mut stage, &notify, 200);
    assert_eq!(stage.stack.census().subscriptions, 1);
}

#[test]
fn a_subscription_that_this_side_ends_says_why() {
    let (mut stage, subscription, _) = watching("presence", "600");
    stage.command(SipCommand::EndSubscription { subscription, reason: "noresource" });
    let last = only_request(&mut stage);
    assert_eq!(state(&last), "terminated;reason=noresource");
    assert!(over(&mut stage).is_empty(), "its user knows");
    reply(&mut stage, &last, 200);
    assert_eq!(stage.stack.census().subscriptions, 0);
}

#[test]
fn an_account_that_is_gone_watches_nothing_more() {
    let (mut stage, subscription, _) = watching("dialog", "600");
    let mut fewer = settings(&[]);
    fewer.accounts.remove("1001");
    stage.input(SipInput::Settings(Arc::new(fewer)));
    assert_eq!(state(&only_request(&mut stage)), "terminated;reason=rejected");
    assert_eq!(over(&mut stage), [subscription]);
}

#[test]
fn notifications_go_by_the_route_and_through_the_translator_that_the_subscription_came_by() {
    let mut stage = Stage::with(settings(&[]));
    let script = subscribe("dialog", "600").with("Record-Route: <sip:192.0.2.77;lr>");
    let script = proved(&mut stage, &script, "1001");
    stage.receive(&script.text());
    assert_eq!(header(&stage.response(), "Record-Route"), Some("<sip:192.0.2.77;lr>"));
    let subscription = subscribed(&mut stage);
    say(&mut stage, subscription, WAITING);
    let sent = stage.sent_with_flows();
    let [(flow, Message::Request(notify))] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(flow.remote.to_string(), "192.0.2.77:5060");
    assert_eq!(said(notify, HeaderName::Route), "<sip:192.0.2.77;lr>");
    // Behind a translator the Contact leads nowhere.
    let mut stage = Stage::with(settings(&[]));
    stage.flow.remote = "198.51.100.7:40000".parse().expect("an address");
    let script = proved(&mut stage, &subscribe("dialog", "600"), "1001");
    stage.receive(&script.text());
    stage.sent();
    let subscription = subscribed(&mut stage);
    say(&mut stage, subscription, WAITING);
    let sent = stage.sent_with_flows();
    assert_eq!(sent[0].0, stage.flow);
}

#[test]
fn a_telephone_whose_translator_gave_it_another_port_is_told_there() {
    let mut phone = Phone::new();
    phone.stage.flow.remote = "198.51.100.7:40000".parse().expect("an address");
    let script = proved(&mut phone.stage, &subscribe("dialog", "600"), "1001");
    phone.stage.receive(&script.text());
    phone.stage.sent();
    let subscription = subscribed(&mut phone.stage);
    let moved = Flow { remote: "198.51.100.7:50000".parse().expect("an address"), ..phone.stage.flow };
    phone.register(moved, "Contact: <sip:1001@192.0.2.9:5062>\nExpires: 600");
    phone.stage.events();
    say(&mut phone.stage, subscription, WAITING);
    let sent = phone.stage.sent_with_flows();
    assert_eq!((sent.len(), sent[0].0), (1, moved));
}

#[test]
fn a_repeated_subscription_is_the_same_and_another_event_is_not_in_its_dialog() {
    let mut stage = Stage::with(settings(&[]));
    let script = proved(&mut stage, &subscribe("dialog", "600"), "1001").text();
    stage.receive(&script);
    let response = stage.response();
    stage.receive(&script);
    assert_eq!(stage.response(), response);
    subscribed(&mut stage);
    stage.receive(&again("z9hG4bKo", 3, &response, "presence", "600"));
    assert_eq!(stage.response().status, status(481));
    stage.receive(&again("z9hG4bKe", 4, &response, "???", "600"));
    assert_eq!(stage.response().status, status(489));
    stage.receive(&Script::within("BYE", "z9hG4bKb", 5, &response).text());
    assert_eq!(stage.response().status, status(481), "there is no call in it");
    stage.receive(&again("z9hG4bKold", 2, &response, "dialog", "600"));
    assert_eq!(stage.response().status, status(500), "out of order");
    assert_eq!(stage.stack.census().subscriptions, 1);
}

#[test]
fn an_account_watches_so_much_and_no_more() {
    let mut stage = Stage::with(settings(&[]));
    for number in 0..=limits::MAX_SUBSCRIPTIONS_PER_ACCOUNT {
        let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
        let mut script = subscribe("dialog", "600");
        script.branch = leak(format!("z9hG4bKa{number}"));
        script.call_id = leak(format!("call{number}"));
        let mut script = proved(&mut stage, &script, "1001");
        script.branch = leak(format!("z9hG4bKb{number}"));
        stage.receive(&script.text());
        let response = stage.response();
        let full = number == limits::MAX_SUBSCRIPTIONS_PER_ACCOUNT;
        assert_eq!(response.status, status(if full { 503 } else { 200 }), "{number}");
        stage.events();
    }
    assert_eq!(stage.stack.census().subscriptions, limits::MAX_SUBSCRIPTIONS_PER_ACCOUNT);
    stage.run(seconds(700));
    stage.run(NONCE_LIFETIME);
    assert_eq!(stage.stack.census(), Census::default(), "and all of it passes");
}
