//! Random mixtures of calls, words, keys, hang-ups and telephones' moods on a wire that loses, doubles and reorders;
//! after each, every check.
//!
//! `FRONTDESK_SEED=7` plays one seed, `FRONTDESK_SEEDS=2000` fifty times so many: these are quick, some 300 a second. A
//! failing seed says how it is replayed.

use crate::wild;
use frontdesk_switchboard::SwitchboardInput;
use frontdesk_tests::simulator::{Chance, Ears, House, WirePlan, World};
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
    let (mut runs, mut calls, mut datagrams) = (0, 0, 0);
    for seed in seeds {
        let played = catch_unwind(AssertUnwindSafe(|| play(seed)));
        match played {
            Ok((of_calls, of_datagrams)) => {
                runs += 1;
                calls += of_calls;
                datagrams += of_datagrams;
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
    println!("{runs} seeds, {calls} calls, {datagrams} datagrams");
}

/// Plays one seed; how many calls had a record, and how many datagrams there were.
fn play(seed: u64) -> (usize, usize) {
    let mut chance = Chance::new(seed, 100);
    // Every other world has trunks.
    let trunks = seed % 2 == 1;
    let house = if trunks { wild::house(&mut chance) } else { House::default() };
    let mut world = World::on_wire(seed, &house, WirePlan::bad(&mut chance));
    if chance.percent(10) {
        world.sound.plan.ears = Ears::Broken;
    }
    if chance.percent(15) {
        world.sound.plan.ports = chance.below(6) as usize;
    }
    world.sound.plan.opening = chance.time(Duration::from_millis(400));
    world.sound.plan.voice_works = !chance.percent(5);
    let mut people = wild::people(&mut world, trunks, &mut chance);
    for _ in 0..1 + chance.below(8) {
        world.run(chance.time(Duration::from_secs(6)));
        people.act(&mut world, &mut chance);
        if chance.percent(8) {
            people.happening(&mut world, &mut chance);
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
    if trunks {
        // Without trunks there are no probes and no refreshes, and nothing of theirs may be left.
        world.come_to_rest();
        world.run(Duration::from_secs(1));
        assert_eq!(world.census().over_trunks, 0, "{}: a trunk counts a call that is over", world.replay());
        world.order(SwitchboardInput::Rules(Arc::new(House::default().rules())));
    }
    let records = world.settle();
    (records.len(), world.network.trace().len())
}
