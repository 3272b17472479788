//! Who may call and register, and what everybody else learns: nothing.

mod stage;

use frontdesk_sip_message::{Challenge, HeaderName, Response};
use frontdesk_sip_stack::*;
use stage::phone::{authorization, challenges, hash};
use stage::*;

fn challenged(stage: &mut Stage) -> Vec<Challenge> {
    stage.receive(&Script { branch: "z9hG4bKask", ..Script::invite() }.text());
    challenges(&stage.response())
}

const URI: &str = "sip:100@192.0.2.1";

#[test]
fn the_challenge_offers_sha_256_first_and_md5_second() {
    let mut stage = Stage::with(settings(&[]));
    let challenges = challenged(&mut stage);
    let algorithms: Vec<_> = challenges.iter().map(|c| c.algorithm.clone().expect("one")).collect();
    assert_eq!(algorithms, ["SHA-256", "MD5"]);
    for challenge in &challenges {
        assert_eq!((challenge.realm.as_str(), challenge.stale), ("frontdesk", false));
        assert_eq!(challenge.qop, ["auth"]);
    }
}

#[test]
fn a_client_that_trips_over_sha_256_is_offered_md5_alone() {
    for (name, offered) in [
        ("baresip v1.0.0 (x86_64/linux)", &["MD5"][..]),
        ("baresip v3.5.1 (x86_64/linux)", &["SHA-256", "MD5"]),
    ] {
        let mut stage = Stage::with(settings(&[]));
        stage.receive(&Script::invite().with(&format!("User-Agent: {name}")).text());
        let algorithms: Vec<_> = challenges(&stage.response()).into_iter().map(|c| c.algorithm).collect();
        assert_eq!(algorithms.iter().flatten().collect::<Vec<_>>(), offered, "{name}");
    }
}

#[test]
fn only_what_is_offered_is_taken() {
    let md5_alone = SipSettings { digests: vec![DigestAlgorithm::Md5], ..settings(&[]) };
    let mut stage = Stage::with(md5_alone);
    let mut challenge = challenged(&mut stage).remove(0);
    assert_eq!(challenge.algorithm.as_deref(), Some("MD5"));
    challenge.algorithm = Some("SHA-256".to_owned());
    let line = authorization(&challenge, "1001", PASSWORD, "INVITE", URI, 1);
    stage.receive(&Script::invite().with(&line).text());
    let algorithms: Vec<_> = challenges(&stage.response()).iter().map(|c| c.algorithm.clone()).collect();
    assert_eq!(algorithms, [Some("MD5".to_owned())]);
}

#[test]
fn either_algorithm_admits() {
    for index in [0, 1] {
        let mut stage = Stage::with(settings(&[]));
        let challenge = challenged(&mut stage).remove(index);
        let line = authorization(&challenge, "1001", PASSWORD, "INVITE", URI, 1);
        stage.receive(&Script::invite().with(&line).text());
        let events = stage.events();
        let admission = Admission::Account { username: "1001".to_owned() };
        assert!(
            matches!(&events[..], [SipEvent::Incoming(call)] if call.admission == admission),
            "{events:?}"
        );
    }
}

#[test]
fn a_wrong_password_and_an_unknown_user_get_the_same_401_and_are_noticed() {
    let mut answers = Vec::new();
    for (user, password) in [("1001", "wrong"), ("nobody", PASSWORD)] {
        let mut stage = Stage::with(settings(&[]));
        let challenge = challenged(&mut stage).remove(0);
        let line = authorization(&challenge, user, password, "INVITE", URI, 1);
        stage.receive(&Script::invite().with(&line).text());
        let events = stage.events();
        assert!(
            matches!(&events[..], [SipEvent::Noticed(SipFact::AuthenticationFailed { username, .. })] if username == user)
        );
        answers.push(stage.response());
    }
    assert_eq!(answers[0], answers[1]);
    assert!(!challenges(&answers[0])[0].stale);
}

#[test]
fn the_secret_that_stands_in_for_unknown_users_opens_nothing() {
    let mut stage = Stage::with(settings(&[]));
    let challenge = challenged(&mut stage).remove(0);
    let (realm, nonce) = (&challenge.realm, &challenge.nonce);
    let ha2 = hash("SHA-256", &format!("INVITE:{URI}"));
    let response = hash("SHA-256", &format!("{}:{nonce}:00000001:abc:auth:{ha2}", "0".repeat(64)));
    let line = format!(
        "Authorization: Digest username=\"nobody\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{URI}\", \
         response=\"{response}\", algorithm=SHA-256, cnonce=\"abc\", qop=auth, nc=00000001"
    );
    stage.receive(&Script::invite().with(&line).text());
    challenges(&stage.response());
    assert_eq!(stage.stack.census(), Census::default());
}

#[test]
fn the_challenge_is_the_same_for_every_number_and_user() {
    let ask = |uri: &'static str, from: &'static str| {
        let mut stage = Stage::with(settings(&[]));
        stage.receive(&Script { uri, from, ..Script::invite() }.text());
        let response = stage.response();
        assert_eq!(stage.stack.census(), Census::default(), "no memory for strangers");
        challenges(&response)
    };
    let one = ask("sip:100@192.0.2.1", "<sip:1001@192.0.2.1>;tag=a");
    assert_eq!(one, ask("sip:9999@192.0.2.1", "<sip:nobody@192.0.2.1>;tag=a"));
    assert_eq!(one, ask("sip:1001@192.0.2.1", "<sip:1001@192.0.2.1>;tag=a"));
}

#[test]
fn a_repeated_invite_of_a_stranger_gets_the_same_tag() {
    let mut stage = Stage::with(settings(&[]));
    let tags: Vec<_> = (0..2)
        .map(|_| {
            stage.receive(&Script::invite().text());
            stage.response().headers.to().expect("To").tag().map(str::to_owned)
        })
        .collect();
    assert!(tags[0].is_some());
    assert_eq!(tags[0], tags[1]);
}

#[test]
fn credentials_serve_once() {
    let mut stage = Stage::with(settings(&[]));
    let challenge = challenged(&mut stage).remove(0);
    let line = authorization(&challenge, "1001", PASSWORD, "INVITE", URI, 1);
    stage.incoming(&Script::invite().with(&line).text());
    stage.sent();
    let replayed = Script { branch: "z9hG4bKreplay", call_id: "replay", ..Script::invite() };
    stage.receive(&replayed.clone().with(&line).text());
    assert!(challenges(&stage.response())[0].stale, "the password was right, so only the nonce is at fault");
    assert!(stage.events().is_empty());
    let next = authorization(&challenge, "1001", PASSWORD, "INVITE", URI, 2);
    let next = Script { branch: "z9hG4bKnext", call_id: "next", ..Script::invite() }.with(&next);
    stage.incoming(&next.text());
}

#[test]
fn an_old_nonce_is_stale_and_a_nonce_of_another_run_too() {
    let mut stage = Stage::with(settings(&[]));
    let challenge = challenged(&mut stage).remove(0);
    stage.run(NONCE_LIFETIME);
    let line = authorization(&challenge, "1001", PASSWORD, "INVITE", URI, 1);
    stage.receive(&Script::invite().with(&line).text());
    assert!(challenges(&stage.response())[0].stale);
    let foreign = Challenge { nonce: "of-another-run".to_owned(), ..challenge };
    let line = authorization(&foreign, "1001", PASSWORD, "INVITE", URI, 1);
    stage.receive(&Script::invite().with(&line).text());
    assert!(challenges(&stage.response())[0].stale);
    let line = authorization(&foreign, "1001", "wrong", "INVITE", URI, 1);
    stage.receive(&Script::invite().with(&line).text());
    assert!(
        challenges(&stage.response())[0].stale,
        "the same for a wrong password, or it would tell the right one"
    );
}

#[test]
fn credentials_for_one_method_do_not_serve_another() {
    let mut stage = Stage::with(settings(&[]));
    let challenge = challenged(&mut stage).remove(0);
    let line = authorization(&challenge, "1001", PASSWORD, "REGISTER", URI, 1);
    stage.receive(&Script::invite().with(&line).text());
    challenges(&stage.response());
}

#[test]
fn credentials_without_a_count_or_with_half_a_digest_are_refused() {
    let mut stage = Stage::with(settings(&[]));
    let challenge = challenged(&mut stage).remove(1);
    let (realm, nonce) = (&challenge.realm, &challenge.nonce);
    let ha1 = hash("MD5", &format!("1001:{realm}:{PASSWORD}"));
    let ha2 = hash("MD5", &format!("INVITE:{URI}"));
    let response = hash("MD5", &format!("{ha1}:{nonce}:{ha2}"));
    let old = format!(
        "Authorization: Digest username=\"1001\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{URI}\", response=\"{response}\""
    );
    for line in [old.as_str(), "Authorization: Digest username=\"1001\"", "Authorization: Basic MTAwMTo="] {
        stage.receive(&Script::invite().with(line).text());
        challenges(&stage.response());
    }
}

#[test]
fn a_peer_is_admitted_by_its_address_and_may_not_register_by_it() {
    let mut stage = Stage::with_peer();
    stage.receive(&Script::invite().text());
    let peer = Admission::Peer { name: "carrier".to_owned() };
    assert!(matches!(&stage.events()[..], [SipEvent::Incoming(call)] if call.admission == peer));
    stage.sent();
    stage.receive(&Script::new("REGISTER", "z9hG4bKreg", 1).with("Contact: <sip:100@192.0.2.9>").text());
    challenges(&stage.response());
}

#[test]
fn a_telephone_that_registered_from_a_peers_address_calls_as_itself() {
    let mut phone = Phone::with(settings(&["192.0.2.9"]));
    assert_eq!(phone.register(1, &["Contact: <sip:1001@192.0.2.9>"]).status, status(200));
    phone.stage.events();
    let invite = Script { from: "<sip:1001@frontdesk>;tag=p", ..Script::invite() };
    phone.stage.receive(&invite.text());
    let challenge = challenges(&phone.stage.last_response()).remove(0);
    let line = authorization(&challenge, "1001", PASSWORD, "INVITE", URI, 1);
    let proved =
        Script { from: "<sip:1001@frontdesk>;tag=p", branch: "z9hG4bKproved", cseq: 2, ..Script::invite() };
    phone.stage.receive(&proved.with(&line).text());
    let account = Admission::Account { username: "1001".to_owned() };
    assert!(matches!(&phone.stage.events()[..], [SipEvent::Incoming(call)] if call.admission == account));
    // Everybody else there is the peer.
    phone.stage.sent();
    let other = Script { branch: "z9hG4bKother", call_id: "another", ..Script::invite() };
    phone.stage.receive(&other.text());
    let peer = Admission::Peer { name: "carrier".to_owned() };
    assert!(matches!(&phone.stage.events()[..], [SipEvent::Incoming(call)] if call.admission == peer));
}

#[test]
fn the_acknowledgement_of_the_challenge_is_swallowed() {
    let mut stage = Stage::with(settings(&[]));
    stage.receive(&Script::invite().text());
    stage.response();
    stage.receive(&Script::new("ACK", "z9hG4bKfirst", 1).text());
    assert_eq!(stage.sent().len(), 0);
    assert!(stage.events().is_empty());
}

#[test]
fn nonces_in_use_are_forgotten_in_time() {
    let mut stage = Stage::with(settings(&[]));
    let challenge = challenged(&mut stage).remove(0);
    let line = authorization(&challenge, "1001", PASSWORD, "INVITE", URI, 1);
    let session = stage.incoming(&Script::invite().with(&line).text());
    assert_eq!(stage.stack.census().nonces, 1);
    stage.command(SipCommand::Refuse {
        session,
        status: status(486),
        retry_after: None,
        reason: None,
        warning: None,
    });
    stage.run(NONCE_LIFETIME);
    assert_eq!(stage.stack.census(), Census::default());
    assert_eq!(stage.stack.deadline(), None);
}

/// A phone that registers by hand.
struct Phone {
    stage: Stage,
    challenge: Challenge,
    count: u32,
}

impl Phone {
    fn new() -> Self {
        Phone::with(settings(&[]))
    }

    fn with(settings: SipSettings) -> Self {
        let mut stage = Stage::with(settings);
        stage.receive(&Script::new("REGISTER", "z9hG4bKask", 1).text());
        let challenge = challenges(&stage.response()).remove(0);
        Phone { stage, challenge, count: 0 }
    }

    fn register(&mut self, cseq: u32, lines: &[&str]) -> Response {
        self.register_as("<sip:1001@frontdesk>", "<sip:1001@frontdesk>;tag=p", cseq, lines)
    }

    fn register_as(&mut self, to: &str, from: &'static str, cseq: u32, lines: &[&str]) -> Response {
        self.count += 1;
        let uri = "sip:frontdesk";
        let line = authorization(&self.challenge, "1001", PASSWORD, "REGISTER", uri, self.count);
        let mut script = Script { uri, from, ..Script::new("REGISTER", "z9hG4bKx", cseq) }.with(&line);
        script.to = to.to_owned();
        for line in lines {
            script = script.with(line);
        }
        let text = script.text().replace("z9hG4bKx", &format!("z9hG4bKr{}", self.count));
        self.stage.receive(&text);
        self.stage.response()
    }

    fn contacts(&self) -> Vec<String> {
        self.stage.stack.bindings("1001").map(|binding| binding.contact.to_string()).collect()
    }
}

#[test]
fn a_registration_lists_what_is_bound_and_runs_out() {
    let mut phone = Phone::new();
    let response = phone.register(1, &["Contact: <sip:1001@192.0.2.9>;q=0.5", "Expires: 120"]);
    assert_eq!(response.status, status(200));
    assert_eq!(header(&response, "Contact"), Some("<sip:1001@192.0.2.9>;expires=120;q=0.500"));
    assert!(
        matches!(&phone.stage.events()[..], [SipEvent::Bound { account, new: true, .. }] if account == "1001")
    );
    phone.stage.run(seconds(20));
    let response = phone.register(2, &[]);
    assert_eq!(header(&response, "Contact"), Some("<sip:1001@192.0.2.9>;expires=100;q=0.500"));
    phone.stage.run(seconds(99));
    assert_eq!(phone.contacts().len(), 1);
    phone.stage.run(seconds(1));
    assert_eq!(phone.contacts().len(), 0);
    let events = phone.stage.events();
    assert!(matches!(&events[..], [SipEvent::Unbound { expired: true, .. }]), "{events:?}");
    assert_eq!(phone.stage.stack.census().bindings, 0);
}

#[test]
fn a_refresh_moves_the_end_and_the_way_back() {
    let mut phone = Phone::new();
    phone.register(1, &["Contact: <sip:1001@192.0.2.9>;expires=60"]);
    phone.stage.events();
    phone.stage.run(seconds(50));
    phone.stage.flow.remote = "192.0.2.9:40000".parse().expect("an address");
    phone.register(2, &["Contact: <sip:1001@192.0.2.9>;expires=60"]);
    assert!(matches!(&phone.stage.events()[..], [SipEvent::Bound { new: false, .. }]));
    phone.stage.run(seconds(50));
    let binding = phone.stage.stack.bindings("1001").next().expect("bound still");
    assert_eq!(binding.flow.remote.port(), 40000);
}

#[test]
fn an_update_that_was_overtaken_changes_nothing() {
    let mut phone = Phone::new();
    phone.register(5, &["Contact: <sip:1001@192.0.2.9>"]);
    let response = phone.register(4, &["Contact: <sip:1001@192.0.2.9>;expires=0"]);
    assert_eq!(response.status, status(500));
    assert_eq!(phone.contacts().len(), 1);
}

#[test]
fn too_short_a_time_is_423_and_too_long_a_time_is_cut() {
    let mut phone = Phone::new();
    let response = phone.register(1, &["Contact: <sip:1001@192.0.2.9>;expires=59"]);
    assert_eq!((response.status, header(&response, "Min-Expires")), (status(423), Some("60")));
    let response = phone.register(2, &["Contact: <sip:1001@192.0.2.9>;expires=999999"]);
    assert_eq!(header(&response, "Contact"), Some("<sip:1001@192.0.2.9>;expires=3600"));
    let response = phone.register(3, &["Contact: <sip:1001@192.0.2.8>"]);
    assert_eq!(response.headers.get_all(HeaderName::Contact).count(), 2);
}

#[test]
fn a_star_takes_everything_back_and_only_with_expires_0() {
    let mut phone = Phone::new();
    phone.register(1, &["Contact: <sip:1001@192.0.2.9>, <sip:1001@192.0.2.8>"]);
    phone.stage.events();
    assert_eq!(phone.register(2, &["Contact: *"]).status, status(400));
    assert_eq!(phone.contacts().len(), 2);
    let response = phone.register(3, &["Contact: *", "Expires: 0"]);
    assert_eq!((response.status, header(&response, "Contact")), (status(200), None));
    let events = phone.stage.events();
    assert_eq!(events.iter().filter(|e| matches!(e, SipEvent::Unbound { expired: false, .. })).count(), 2);
    assert_eq!(phone.contacts().len(), 0);
}

#[test]
fn nobody_registers_for_somebody_else() {
    let mut phone = Phone::new();
    let contact = ["Contact: <sip:1001@192.0.2.9>"];
    for (to, from) in [
        ("<sip:1002@frontdesk>", "<sip:1001@frontdesk>;tag=p"),
        ("<sip:1001@frontdesk>", "<sip:1002@frontdesk>;tag=p"),
        ("<sip:9999@frontdesk>", "<sip:1001@frontdesk>;tag=p"),
    ] {
        assert_eq!(phone.register_as(to, from, 1, &contact).status, status(403), "{to} {from}");
    }
    assert_eq!(phone.stage.stack.census().bindings, 0);
}

#[test]
fn the_bindings_of_an_account_are_bounded_and_all_or_none_change() {
    let mut phone = Phone::new();
    let list = |from: usize, to: usize| {
        let contacts: Vec<String> = (from..to).map(|n| format!("<sip:1001@192.0.2.9:{n}>")).collect();
        format!("Contact: {}", contacts.join(", "))
    };
    assert_eq!(phone.register(1, &[&list(6000, 6008)]).status, status(200));
    assert_eq!(phone.register(2, &[&list(6008, 6012)]).status, status(503));
    assert_eq!(phone.contacts().len(), 8);
    assert_eq!(phone.register(3, &[&list(6008, 6010)]).status, status(200));
    assert_eq!(phone.contacts().len(), limits::MAX_BINDINGS_PER_ACCOUNT);
}

#[test]
fn a_repeated_register_is_answered_again_and_counted_once() {
    let mut phone = Phone::new();
    phone.register(1, &["Contact: <sip:1001@192.0.2.9>"]);
    phone.stage.events();
    phone.count -= 1;
    let again = phone.register(1, &["Contact: <sip:1001@192.0.2.9>"]);
    assert_eq!(again.status, status(200));
    assert!(phone.stage.events().is_empty());
}

#[test]
fn an_account_that_is_taken_away_loses_its_bindings() {
    let mut phone = Phone::new();
    phone.register(1, &["Contact: <sip:1001@192.0.2.9>"]);
    phone.stage.events();
    let mut fewer = settings(&[]);
    fewer.accounts.remove("1001");
    phone.stage.input(SipInput::Settings(std::sync::Arc::new(fewer)));
    assert!(matches!(&phone.stage.events()[..], [SipEvent::Unbound { expired: false, .. }]));
    assert_eq!(phone.stage.stack.census().bindings, 0);
}
