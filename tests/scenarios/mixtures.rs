//! Random mixtures of calls, words, keys, hang-ups and telephones' moods on a wire that loses, doubles and reorders;
//! after each, every check.
//!
//! `FRONTDESK_SEED=7` plays one seed, `FRONTDESK_SEEDS=2000` fifty times so many: these are quick, some 300 a second. A
//! failing seed says how it is replayed.

use crate::wild::{self, Around};
use frontdesk_sip_message::{HeaderName, Message, Method};
use frontdesk_switchboard::{Rules, SwitchboardInput};
use frontdesk_tests::simulator::{Chance, Ears, House, WirePlan, World, check};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

/// So many seeds when nobody says how many: a minute of one core.
const SEEDS: u64 = 16_000;

fn asked_for(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn whatever_happens_nothing_is_left_and_the_records_are_true() {
    let seeds = match asked_for("FRONTDESK_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..asked_for("FRONTDESK_SEEDS").map_or(SEEDS, |seeds| seeds * 50),
    };
    let (mut runs, mut calls, mut datagrams, mut kinds) = (0, 0, 0, BTreeMap::new());
    for seed in seeds {
        let played = catch_unwind(AssertUnwindSafe(|| play(seed)));
        match played {
            Ok(world) => {
                runs += 1;
                calls += check::records_add_up(&world).len();
                datagrams += world.network.trace().len();
                count(&world, &mut kinds);
            }
            Err(fault) => {
                println!(
                    "seed={seed}; replay it with:\n  FRONTDESK_SEED={seed} cargo test -p frontdesk-tests \
                     --test scenarios mixtures -- --nocapture"
                );
                resume_unwind(fault);
            }
        }
    }
    println!("{runs} seeds, {calls} calls, {datagrams} datagrams: {kinds:?}");
    if runs >= ENOUGH {
        let missing: Vec<_> =
            KINDS.iter().filter(|kind| kinds.get(**kind).is_none_or(|seen| *seen == 0)).collect();
        assert!(missing.is_empty(), "nobody did this in {runs} worlds: {missing:?}");
    }
}

/// So many worlds, and everything that belongs into a mixture must have been in one of them.
const ENOUGH: u64 = 2_000;
/// What belongs into it within calls, from either side.
const KINDS: [&str; 13] = [
    "re-INVITE of the desk",
    "re-INVITE of a robot",
    "UPDATE with an offer of a robot",
    "refresh of the desk",
    "refresh of a robot",
    "PRACK of the desk",
    "PRACK of a robot",
    "CANCEL of the desk",
    "CANCEL of a robot",
    "REFER of the desk",
    "REFER of a robot",
    "Replaces of a robot",
    "491 of somebody",
];

/// Counts what was sent, by kind.
fn count(world: &World, kinds: &mut BTreeMap<String, usize>) {
    for sent in world.network.trace() {
        let who = if world.is_desk(sent.from) { "the desk" } else { "a robot" };
        let kind = match &sent.message {
            Message::Response(response) if response.status.as_u16() == 491 => "491 of somebody".to_owned(),
            Message::Response(_) => continue,
            Message::Request(request) => {
                let within = request.headers.to().is_ok_and(|to| to.tag().is_some());
                match &request.method {
                    method if *method == Method::INVITE && within => format!("re-INVITE of {who}"),
                    method if *method == Method::INVITE && request.headers.contains(HeaderName::Replaces) => {
                        format!("Replaces of {who}")
                    }
                    method if *method == Method::UPDATE && request.body.is_empty() => {
                        format!("refresh of {who}")
                    }
                    method if *method == Method::UPDATE => format!("UPDATE with an offer of {who}"),
                    method => format!("{method} of {who}"),
                }
            }
        };
        *kinds.entry(kind).or_default() += 1;
    }
}

/// Plays one seed.
fn play(seed: u64) -> World {
    let mut chance = Chance::new(seed, 100);
    let around = Around::of(seed);
    let house = wild::house(around, &mut chance);
    let mut world = World::on_wire(seed, &house, WirePlan::bad(&mut chance));
    if chance.percent(10) {
        world.sound.plan.ears = Ears::Broken;
    }
    if chance.percent(15) {
        world.sound.plan.ports = chance.below(6) as usize;
    }
    world.sound.plan.opening = chance.time(Duration::from_millis(400));
    world.sound.plan.voice_works = !chance.percent(5);
    let mut people = wild::people(&mut world, around, &mut chance);
    for _ in 0..1 + chance.below(8) {
        world.run(chance.time(Duration::from_secs(6)));
        people.act(&mut world, &mut chance);
        if chance.percent(8) {
            people.happening(&mut world, &mut chance);
        }
        if chance.percent(8) {
            // The desk's outside address changes, and whoever talks is told.
            let sound_address = Some(IpAddr::from([192, 0, 2, 200 + chance.below(50) as u8]));
            let rules = Rules { sound_address, ..world.rules.clone() };
            world.order(SwitchboardInput::Rules(Arc::new(rules)));
        }
    }
    if chance.percent(10) {
        world.run(chance.time(Duration::from_secs(10)));
        world.order(SwitchboardInput::Drain);
        world.order(SwitchboardInput::EndCalls);
    }
    world.run(Duration::from_secs(100));
    // The network heals: from here on every call must find its end.
    world.network.heal();
    world.calm();
    if around != Around::Callers {
        // Without trunks there are no probes and no refreshes, and nothing of theirs may be left.
        world.come_to_rest();
        world.run(Duration::from_secs(1));
        assert_eq!(world.census().over_trunks, 0, "{}: a trunk counts a call that is over", world.replay());
        world.order(SwitchboardInput::Rules(Arc::new(House::default().rules())));
    }
    world.settle();
    world
}
