//! Who encrypts with whom, and with which keys.

use crate::input::Rules;
use crate::testing::{Bench, described, rules, status};
use frontdesk_call_record::{Cause, Fact};
use frontdesk_directory::{Directory, Encryption, Phone};
use frontdesk_media_protocol::{Codec, Direction, MediaCommand, SrtpKeys};
use frontdesk_session_description::{Demand, LocalAudio, LocalSecurity, OwnKeys, offer};
use frontdesk_sip_stack::{Admission, SessionId, SipCommand, SipEvent};
use std::sync::Arc;

/// The telephones of the house encrypt by this policy.
fn encrypting(policy: Encryption) -> Rules {
    let rules = rules();
    let mut directory = Directory::builder();
    for tenant in rules.directory.tenants() {
        directory = directory.tenant(tenant.clone());
    }
    for phone in rules.directory.phones() {
        directory = directory.phone(Phone { srtp: policy, ..phone.clone() });
    }
    for number in rules.directory.numbers() {
        directory = directory.number(number.clone());
    }
    Rules { directory: Arc::new(directory.build().expect("a directory")), ..rules }
}

fn bench(policy: Encryption) -> Bench {
    let mut bench = Bench::new();
    bench.rule(encrypting(policy));
    bench
}

/// What a telephone that encrypts describes, always with the same keys.
fn described_with_keys(host: u8, demand: Demand, direction: Direction) -> Vec<u8> {
    offer(&LocalAudio {
        address: std::net::SocketAddr::from(([192, 0, 2, host], 4000)),
        codecs: vec![Codec::Pcmu],
        formats: Default::default(),
        direction,
        session_id: 1,
        session_version: 1,
        security: Some(LocalSecurity { demand, keys: OwnKeys::draw(|bytes| bytes.fill(host)) }),
    })
}

fn calls_with(bench: &mut Bench, description: Vec<u8>) -> SessionId {
    let admission = Admission::Account { username: "1003".to_owned() };
    bench.calls_offering(admission, 103, "100", None, Some(description))
}

/// What was configured last for a session.
fn keys(bench: &Bench, session: SessionId) -> Option<SrtpKeys> {
    let leg = bench.leg(session);
    bench.media.iter().rev().find_map(|command| match command {
        MediaCommand::Configure { leg: one, audio } if *one == leg => Some(audio.secure),
        _ => None,
    })?
}

/// The `m=` line and the keys of the descriptions that this session was told, oldest first.
fn told(bench: &Bench, session: SessionId) -> Vec<(String, Vec<String>)> {
    let described = bench.commands.iter().filter_map(|command| match command {
        SipCommand::Accept { session: one, description }
        | SipCommand::AcceptReoffer { session: one, description }
        | SipCommand::Reoffer { session: one, description: Some(description) }
            if *one == session =>
        {
            Some(description.clone())
        }
        SipCommand::Invite(call) if call.session == session => Some(call.description.clone()),
        _ => None,
    });
    described
        .map(|description| {
            let text = String::from_utf8(description).unwrap();
            let line = |start: &str| -> Vec<String> {
                text.lines().filter(|line| line.starts_with(start)).map(str::to_owned).collect()
            };
            (line("m=audio").remove(0), line("a=crypto"))
        })
        .collect()
}

#[test]
fn a_telephone_that_holds_and_resumes_keeps_its_keys_and_the_desk_its_own() {
    let mut bench = bench(Encryption::Offered);
    let described = |direction| described_with_keys(103, Demand::Offered, direction);
    let caller = calls_with(&mut bench, described(Direction::SendReceive));
    bench.sip(SipEvent::Confirmed { session: caller, description: None });
    let first = keys(&bench, caller).expect("encrypted");
    for direction in [Direction::SendOnly, Direction::SendReceive] {
        let offer = Some(described(direction));
        bench.sip(SipEvent::Reoffered { session: caller, offer });
        assert_eq!(keys(&bench, caller), Some(first));
    }
    let told = told(&bench, caller);
    assert_eq!(told.len(), 3);
    assert!(
        told.iter().all(|one| *one == told[0] && one.0.contains("RTP/AVP") && one.1.len() == 1),
        "{told:?}"
    );
    let recorded = bench.facts.iter().any(|(_, fact)| {
        matches!(fact, Fact::MediaAgreed { secured_by: Some(suite), .. } if suite == first.suite.name())
    });
    assert!(recorded);
}

#[test]
fn a_telephone_that_must_encrypt_is_refused_when_it_does_not() {
    let mut bench = bench(Encryption::Required);
    let caller = calls_with(&mut bench, described(103));
    let refused = bench.commands.iter().any(|command| {
        matches!(command, SipCommand::Refuse { session, status: with, warning: Some(warning), .. }
            if *session == caller && *with == status(488) && warning.starts_with("302 frontdesk \"audio must be"))
    });
    assert!(refused);
    let causes = bench
        .facts
        .iter()
        .filter(|(_, fact)| matches!(fact, Fact::Diagnosed { cause: Cause::PlainOnly, .. }));
    assert_eq!(causes.count(), 1);
}

#[test]
fn who_is_called_is_offered_keys_as_the_policy_says() {
    for (policy, profile, lines) in [
        (Encryption::Off, " RTP/AVP ", 0),
        (Encryption::Offered, " RTP/AVP ", 4),
        (Encryption::Required, " RTP/SAVP ", 4),
    ] {
        let mut bench = bench(policy);
        let demand = if policy == Encryption::Required { Demand::Required } else { Demand::Offered };
        let caller = calls_with(&mut bench, described_with_keys(103, demand, Direction::SendReceive));
        if policy == Encryption::Off {
            assert_eq!(keys(&bench, caller), None, "what is off is not answered");
        }
        let admission = Admission::Account { username: "1003".to_owned() };
        let offer = described_with_keys(103, demand, Direction::SendReceive);
        bench.calls_offering(admission, 103, "1001", None, Some(offer));
        let callee = bench.session_to(101);
        let told = told(&bench, callee);
        assert!(told[0].0.contains(profile) && told[0].1.len() == lines, "{policy:?}: {told:?}");
        // A plain answer is taken where it may be.
        bench.answer(callee, described(101));
        assert_eq!(bench.was_ended(callee), policy == Encryption::Required, "{policy:?}");
    }
}

#[test]
fn whoever_came_by_the_secure_profile_is_offered_to_by_it_later() {
    let mut bench = bench(Encryption::Offered);
    let caller = calls_with(&mut bench, described_with_keys(103, Demand::Required, Direction::SendReceive));
    bench.sip(SipEvent::Confirmed { session: caller, description: None });
    let before = keys(&bench, caller).expect("encrypted");
    bench.sip(SipEvent::Reoffered { session: caller, offer: None });
    let told = told(&bench, caller);
    let (profile, lines) = told.last().unwrap();
    assert!(profile.contains(" RTP/SAVP ") && lines.len() == 4, "{told:?}");
    let agreed = &told[0].1[0];
    let key = agreed.rsplit(' ').next().unwrap();
    assert!(lines.iter().any(|line| line.ends_with(key)), "the key in use is offered again");
    let answer = described_with_keys(103, Demand::Required, Direction::SendReceive);
    bench.sip(SipEvent::ReofferAnswered { session: caller, description: answer });
    assert_eq!(keys(&bench, caller).map(|keys| keys.suite), Some(before.suite));
    assert_eq!(keys(&bench, caller), Some(before));
}
