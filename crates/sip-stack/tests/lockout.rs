//! Who guesses passwords is locked out, and nobody else (`src/lockout.rs`).

mod stage;

use frontdesk_sip_stack::*;
use stage::phone::{Phone, authorization, challenges, flow};
use stage::*;

const CONTACT: &str = "Contact: <sip:1001@192.0.2.9>";

fn phone() -> Phone {
    let mut rules = settings(&[]);
    (rules.failed_digests_max, rules.lockout) = (3, seconds(60));
    Phone::with(rules)
}

fn udp(remote: &str) -> Flow {
    flow(Transport::Udp, remote)
}

/// How many failures and how many lock-outs were told since the last time.
fn told(phone: &mut Phone) -> (usize, usize) {
    let (mut failures, mut lockouts) = (0, 0);
    for event in phone.stage.events() {
        match event {
            SipEvent::Noticed(SipFact::AuthenticationFailed { .. }) => failures += 1,
            SipEvent::Noticed(SipFact::LockedOut { wait, .. }) => {
                assert_eq!(wait, seconds(60));
                lockouts += 1;
            }
            _ => {}
        }
    }
    (failures, lockouts)
}

fn guess(phone: &mut Phone, from: Flow, times: usize) {
    for _ in 0..times {
        let refused = phone.register_with(from, CONTACT, "guess");
        assert!(challenges(&refused).iter().all(|challenge| !challenge.stale));
    }
}

#[test]
fn who_guesses_is_locked_out_told_once_and_gets_the_same_401() {
    let mut phone = phone();
    let from = udp("192.0.2.9:5060");
    guess(&mut phone, from, 2);
    assert_eq!(told(&mut phone), (2, 0));
    guess(&mut phone, from, 5);
    assert_eq!(told(&mut phone), (1, 1), "what comes after is not even looked at");
    // The right password, from any port of the source, gets the answer of a wrong one.
    let refused = phone.register(udp("192.0.2.9:5099"), CONTACT);
    assert!(challenges(&refused).iter().all(|challenge| !challenge.stale));
    assert_eq!((phone.contacts().len(), told(&mut phone)), (0, (0, 0)));
    phone.stage.run(seconds(60));
    assert_eq!(phone.register(from, CONTACT).status, status(200));
}

#[test]
fn the_whole_64_of_an_ipv6_subscriber_is_one_source() {
    let mut phone = phone();
    let over = |remote: &str| Flow {
        local: "[2001:db8::1]:5060".parse().expect("an address"),
        remote: remote.parse().expect("an address"),
        transport: Transport::Tcp,
    };
    for host in 1..=3 {
        guess(&mut phone, over(&format!("[2001:db8:1:1::{host}]:5060")), 1);
    }
    assert_eq!(told(&mut phone), (3, 1));
    assert_eq!(phone.register(over("[2001:db8:1:1::9]:5060"), CONTACT).status, status(401));
    assert_eq!(phone.register(over("[2001:db8:1:2::9]:5060"), CONTACT).status, status(200));
}

#[test]
fn a_password_that_fits_in_between_begins_the_count_anew() {
    let mut phone = phone();
    let from = udp("192.0.2.9:5060");
    for _ in 0..3 {
        guess(&mut phone, from, 2);
        assert_eq!(phone.register(from, CONTACT).status, status(200));
    }
    assert_eq!(told(&mut phone), (6, 0));
}

#[test]
fn a_password_of_ones_own_shown_in_between_takes_back_no_guesses_at_others() {
    let mut phone = phone();
    let from = udp("192.0.2.9:5060");
    for _ in 0..3 {
        let challenge = phone.challenge(from);
        let guess = authorization(&challenge, "1002", "guess", "REGISTER", "sip:frontdesk", 1);
        assert_eq!(phone.send(from, CONTACT, Some(&guess)).status, status(401));
        assert_eq!(phone.register(from, CONTACT).status, status(200), "its own");
    }
    assert_eq!(told(&mut phone), (3, 1));
}

/// The forger knows the address of a phone and sends from it, but what comes back goes to the phone.
#[test]
fn a_forger_locks_nobody_out() {
    let mut phone = phone();
    let (victim, own) = (udp("192.0.2.9:5060"), udp("198.51.100.66:5060"));
    let nonce_of_its_own = phone.challenge(own);
    let mut invented = nonce_of_its_own.clone();
    invented.nonce = "0".repeat(64);
    for challenge in [&nonce_of_its_own, &invented] {
        for count in 1..=10 {
            let line = authorization(challenge, "1001", "guess", "REGISTER", "sip:frontdesk", count);
            let refused = phone.send(victim, CONTACT, Some(&line));
            assert!(challenges(&refused)[0].stale, "not looked at");
        }
    }
    assert_eq!(told(&mut phone), (0, 0));
    assert_eq!(phone.register(victim, CONTACT).status, status(200));
}

#[test]
fn under_a_nonce_of_somebody_else_right_and_wrong_passwords_get_the_same_answer() {
    let mut phone = phone();
    let challenge = phone.challenge(udp("198.51.100.66:5060"));
    let mut answers = Vec::new();
    for password in [PASSWORD, "guess"] {
        let line = authorization(&challenge, "1001", password, "REGISTER", "sip:frontdesk", 1);
        let refused = phone.send(udp("192.0.2.9:5060"), CONTACT, Some(&line));
        answers.push((refused.status, challenges(&refused)[0].stale));
    }
    assert_eq!(answers, [(status(401), true), (status(401), true)]);
    assert_eq!(phone.contacts().len(), 0);
}

#[test]
fn a_phone_that_is_registered_does_not_notice_a_guesser_behind_its_translator() {
    let mut phone = phone();
    let own = udp("192.0.2.9:5060");
    assert_eq!(phone.register(own, CONTACT).status, status(200));
    phone.stage.events();
    guess(&mut phone, udp("192.0.2.9:40666"), 3);
    assert_eq!(told(&mut phone), (3, 1));
    assert_eq!(phone.register(own, CONTACT).status, status(200), "its flow is known");
    phone.stage.run(seconds(1));
    guess(&mut phone, udp("192.0.2.9:40666"), 1);
    assert_eq!(told(&mut phone), (0, 0), "and it freed nobody");
}

#[test]
fn a_nonce_that_was_proved_is_served_to_its_end_from_another_port_too() {
    let mut phone = phone();
    let challenge = phone.challenge(udp("192.0.2.9:5060"));
    let line = |count| authorization(&challenge, "1001", PASSWORD, "REGISTER", "sip:frontdesk", count);
    assert_eq!(phone.send(udp("192.0.2.9:5060"), "", Some(&line(1))).status, status(200));
    guess(&mut phone, udp("192.0.2.9:40666"), 3);
    assert_eq!(phone.send(udp("192.0.2.9:5061"), "", Some(&line(2))).status, status(200));
    assert_eq!(
        phone.send(udp("192.0.2.9:5061"), "", Some(&line(2))).status,
        status(401),
        "counts still count"
    );
}

#[test]
fn a_listed_peer_is_not_locked_out_of_its_calls() {
    let mut rules = settings(&["192.0.2.9"]);
    rules.failed_digests_max = 2;
    let mut phone = Phone::with(rules);
    guess(&mut phone, udp("192.0.2.9:5060"), 4);
    phone.stage.incoming(&Script::invite().text());
}

#[test]
fn no_limit_locks_nobody_out() {
    let mut rules = settings(&[]);
    rules.failed_digests_max = 0;
    let mut phone = Phone::with(rules);
    guess(&mut phone, udp("192.0.2.9:5060"), 30);
    assert_eq!(told(&mut phone), (30, 0));
}

#[test]
fn who_has_a_password_guesses_no_others_under_what_it_proved() {
    let mut phone = phone();
    let own = udp("192.0.2.9:5060");
    assert_eq!(phone.register(own, CONTACT).status, status(200));
    let challenge = phone.challenge(own);
    let line = |account, password, count| {
        authorization(&challenge, account, password, "REGISTER", "sip:frontdesk", count)
    };
    assert_eq!(phone.send(own, "", Some(&line("1001", PASSWORD, 1))).status, status(200));
    phone.stage.events();
    for count in 2..=9 {
        assert_eq!(phone.send(own, "", Some(&line("1002", "guess", count))).status, status(401));
    }
    assert_eq!(told(&mut phone), (3, 1), "neither its nonce nor its flow has it heard as somebody else");
    assert_eq!(phone.send(own, "", Some(&line("1001", PASSWORD, 10))).status, status(200));
}
