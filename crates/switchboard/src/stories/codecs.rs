//! What each leg is offered, and what two legs come to speak.

use crate::input::Rules;
use crate::testing::{Bench, rules};
use frontdesk_directory::{Directory, Phone, SoundCodec};
use frontdesk_media_protocol::{AgreedAudio, Codec, Direction, MediaCommand};
use frontdesk_session_description::{Formats, LocalAudio, PayloadNumbers, offer};
use frontdesk_sip_stack::{Admission, SessionId, SipCommand, SipEvent};
use std::sync::Arc;

/// What a telephone describes that speaks these.
fn speaking(host: u8, codecs: &[Codec], opus: u8) -> Vec<u8> {
    offer(&LocalAudio {
        address: std::net::SocketAddr::from(([192, 0, 2, host], 4000)),
        codecs: codecs.to_vec(),
        formats: Formats { numbers: PayloadNumbers { opus, ..Default::default() }, ..Default::default() },
        direction: Direction::SendReceive,
        session_id: 1,
        session_version: 1,
        security: None,
    })
}

fn calls_with(bench: &mut Bench, called: &str, codecs: &[Codec]) -> SessionId {
    let admission = Admission::Account { username: "1003".to_owned() };
    bench.calls_offering(admission, 103, called, None, Some(speaking(103, codecs, 96)))
}

/// The `m=` line that this session was offered last.
fn offered(bench: &Bench, session: SessionId) -> String {
    let description = bench.commands.iter().rev().find_map(|command| match command {
        SipCommand::Invite(call) if call.session == session => Some(call.description.clone()),
        SipCommand::AcceptReoffer { session: one, description } if *one == session => {
            Some(description.clone())
        }
        _ => None,
    });
    let text = String::from_utf8(description.expect("an offer")).unwrap();
    text.lines()
        .find(|line| line.starts_with("m=audio"))
        .unwrap()
        .split_once("RTP/AVP ")
        .unwrap()
        .1
        .to_owned()
}

/// What was configured last for a session.
fn sound(bench: &Bench, session: SessionId) -> AgreedAudio {
    let leg = bench.leg(session);
    let configured = bench.media.iter().rev().find_map(|command| match command {
        MediaCommand::Configure { leg: one, audio } if *one == leg => Some(*audio),
        _ => None,
    });
    configured.expect("sound was agreed")
}

#[test]
fn who_is_called_is_offered_first_what_the_caller_speaks() {
    for (spoken, first) in [
        (&[Codec::Pcmu, Codec::Opus][..], "0 111 9 8 101 110"),
        (&[Codec::G722], "9 111 8 0 101 110"),
        (&[Codec::Opus, Codec::Pcmu], "111 9 8 0 110 101"),
    ] {
        let mut bench = Bench::new();
        let caller = calls_with(&mut bench, "1001", spoken);
        let called = bench.session_to(101);
        assert_eq!(offered(&bench, called), first);
        bench.answer(called, speaking(101, &[spoken[0]], 111));
        bench.sip(SipEvent::Confirmed { session: caller, description: None });
        assert_eq!(sound(&bench, caller).codec, sound(&bench, called).codec, "nothing is coded twice");
    }
}

#[test]
fn a_telephone_speaks_what_the_directory_allows_it() {
    let rules = rules();
    let mut directory = Directory::builder();
    for tenant in rules.directory.tenants() {
        directory = directory.tenant(tenant.clone());
    }
    for phone in rules.directory.phones() {
        let codecs = Some(vec![SoundCodec::G722, SoundCodec::Pcma]);
        directory = directory.phone(Phone { codecs, ..phone.clone() });
    }
    for number in rules.directory.numbers() {
        directory = directory.number(number.clone());
    }
    let mut bench = Bench::new();
    bench.rule(Rules { directory: Arc::new(directory.build().expect("a directory")), ..rules });
    let caller = calls_with(&mut bench, "1001", &[Codec::Opus, Codec::Pcma, Codec::G722]);
    let called = bench.session_to(101);
    assert_eq!(offered(&bench, called), "8 9 101");
    bench.answer(called, speaking(101, &[Codec::G722], 111));
    bench.sip(SipEvent::Confirmed { session: caller, description: None });
    assert_eq!((sound(&bench, caller).codec, sound(&bench, called).codec), (Codec::Pcma, Codec::G722));
}

#[test]
fn a_number_and_a_codec_stay_through_a_reinvite_of_either_side() {
    let mut bench = Bench::new();
    let caller = calls_with(&mut bench, "100", &[Codec::Opus, Codec::Pcmu]);
    bench.sip(SipEvent::Confirmed { session: caller, description: None });
    assert_eq!((sound(&bench, caller).codec, sound(&bench, caller).payload_type), (Codec::Opus, 96));
    // Asked to offer, the desk offers the telephone's own number.
    bench.sip(SipEvent::Reoffered { session: caller, offer: None });
    assert_eq!(offered(&bench, caller), "96 9 8 0 110 101");
    // And what is spoken goes on being spoken, though another codec stands first now.
    let again = speaking(103, &[Codec::Pcmu, Codec::Opus], 96);
    bench.sip(SipEvent::Reoffered { session: caller, offer: Some(again) });
    assert_eq!((sound(&bench, caller).codec, sound(&bench, caller).payload_type), (Codec::Opus, 96));
}
