//! Music for whoever is held.

use crate::input::Rules;
use crate::testing::{Bench, described, rules};
use frontdesk_identifiers::LegId;
use frontdesk_media_protocol::{MediaCommand, Source};
use frontdesk_sip_stack::{SessionId, SipEvent};

fn bench(hold_music: bool) -> Bench {
    let mut bench = Bench::new();
    bench.rule(Rules { hold_music, ..rules() });
    bench
}

/// Who hears music, by the orders to the sound.
fn hearers(bench: &Bench) -> Vec<LegId> {
    let mut playing = Vec::new();
    for command in &bench.media {
        match command {
            MediaCommand::Play { leg, playback, source: Source::Music } => playing.push((*leg, *playback)),
            MediaCommand::StopPlayback { playback, .. } => playing.retain(|(_, one)| one != playback),
            _ => {}
        }
    }
    playing.into_iter().map(|(leg, _)| leg).collect()
}

fn describes(bench: &mut Bench, session: SessionId, host: u8, direction: &str) {
    let text = String::from_utf8(described(host)).unwrap().replace("a=sendrecv", &format!("a={direction}"));
    bench.sip(SipEvent::Reoffered { session, offer: Some(text.into_bytes()) });
}

#[test]
fn who_is_held_by_a_telephone_hears_music_until_it_is_back() {
    for direction in ["sendonly", "inactive"] {
        let mut bench = bench(true);
        let (caller, called) = bench.talk("1003", "1001", 101);
        let (caller_leg, called_leg) = (bench.leg(caller), bench.leg(called));
        describes(&mut bench, called, 101, direction);
        assert_eq!(hearers(&bench), [caller_leg], "{direction}");
        describes(&mut bench, called, 101, "sendrecv");
        assert_eq!(hearers(&bench), []);
        describes(&mut bench, caller, 103, direction);
        assert_eq!(hearers(&bench), [called_leg]);
        bench.hangs_up(called);
        assert_eq!(hearers(&bench), [], "the two part");
    }
}

#[test]
fn a_carrier_that_holds_plays_its_own_music_unless_it_says_that_it_sends_nothing() {
    let mut bench = bench(true);
    let carrier = bench.carrier_calls("1001");
    let called = bench.session_to(101);
    bench.answer(called, described(101));
    bench.sip(SipEvent::Confirmed { session: carrier, description: None });
    let called_leg = bench.leg(called);
    describes(&mut bench, carrier, 9, "sendonly");
    assert_eq!(hearers(&bench), []);
    describes(&mut bench, carrier, 9, "sendrecv");
    describes(&mut bench, carrier, 9, "inactive");
    assert_eq!(hearers(&bench), [called_leg]);
}

#[test]
fn without_music_who_is_held_hears_silence() {
    let mut bench = bench(false);
    let (_, called) = bench.talk("1003", "1001", 101);
    describes(&mut bench, called, 101, "sendonly");
    assert_eq!(hearers(&bench), []);
}
