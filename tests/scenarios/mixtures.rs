//! Random mixtures of calls, words, keys, hang-ups and telephones' moods on a wire that loses, doubles and reorders;
//! after each, every check.
//!
//! `FRONTDESK_SEED=7` plays one seed, `FRONTDESK_SEEDS=2000` ten times so many: these are quick. A failing seed says how
//! it is replayed.

use frontdesk_switchboard::SwitchboardInput;
use frontdesk_tests::simulator::{Act, Chance, Cue, Deed, Ears, House, RobotId, WhenCalled, WirePlan, World};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

/// So many seeds when nobody says how many: within some seconds of an unoptimised build.
const SEEDS: u64 = 4_000;

fn asked_for(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn whatever_happens_nothing_is_left_and_the_records_are_true() {
    let seeds = match asked_for("FRONTDESK_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..asked_for("FRONTDESK_SEEDS").map_or(SEEDS, |seeds| seeds * 10),
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
    let mut world = World::on_wire(seed, &House::default(), WirePlan::bad(&mut chance));
    if chance.percent(10) {
        world.sound.plan.ears = Ears::Broken;
    }
    if chance.percent(15) {
        world.sound.plan.ports = chance.below(6) as usize;
    }
    world.sound.plan.opening = chance.time(Duration::from_millis(400));
    world.sound.plan.voice_works = !chance.percent(5);
    let mut phones: Vec<RobotId> =
        ["1001", "1002", "1003"].map(|number| world.phone(number, mood(&mut chance))).to_vec();
    for place in 1..=chance.below(3) {
        let number = *chance.one_of(&["1001", "1002", "1003"]);
        let preference = *chance.one_of(&[None, None, Some("0.5")]);
        phones.push(world.phone_elsewhere(number, place as u8, preference, mood(&mut chance)));
    }
    let callers: Vec<RobotId> = (0..1 + chance.below(5)).map(|_| world.caller()).collect();
    for robot in phones.iter().chain(&callers) {
        if chance.percent(20) {
            world.without_events(*robot);
        }
    }
    for _ in 0..1 + chance.below(8) {
        world.run(chance.time(Duration::from_secs(6)));
        place_a_call(&mut world, &callers, &phones, &mut chance);
        if chance.percent(8) {
            happening(&mut world, &callers, &phones, &mut chance);
        }
    }
    if chance.percent(10) {
        world.run(chance.time(Duration::from_secs(10)));
        world.order(SwitchboardInput::Drain);
        world.order(SwitchboardInput::EndCalls);
    }
    world.run(Duration::from_secs(100));
    // The network heals: from here on every call must find its end.
    world.network.plan = WirePlan::GOOD;
    let records = world.settle();
    (records.len(), world.network.trace().len())
}

fn place_a_call(world: &mut World, callers: &[RobotId], phones: &[RobotId], chance: &mut Chance) {
    let number = *chance.one_of(&["100", "100", "101", "102", "1001", "1002", "1003", "999"]);
    let from_phone = chance.percent(20);
    let robot = *chance.one_of(if from_phone { phones } else { callers });
    let mut acts = conversation(chance);
    // Everybody hangs up some time.
    let longest = Duration::from_secs(if chance.percent(30) { 8 } else { 90 });
    acts.push(Act { cue: Cue::Began, after: chance.time(longest), deed: Deed::HangUp });
    if chance.percent(15) && !from_phone {
        world.call_without_offer(robot, number, acts);
    } else {
        world.call(robot, number, acts);
    }
}

/// What a caller may do in a call.
fn conversation(chance: &mut Chance) -> Vec<Act> {
    let deeds = [
        Deed::Press('1'),
        Deed::Press('2'),
        Deed::Press('#'),
        Deed::Inform('1'),
        Deed::Inform('0'),
        Deed::Say("sales please"),
        Deed::Say("could you put me through to reception"),
        Deed::Say("tea"),
        Deed::Say("what a lovely day it is"),
        Deed::Hold,
        Deed::Freeze,
        Deed::Resume,
        Deed::AskForOffer,
    ];
    let mut acts = Vec::new();
    for _ in 0..chance.below(6) {
        let cue = match chance.below(4) {
            0 => Cue::Began,
            1 => Cue::Answered,
            turn => Cue::Asked(turn as u32 - 1),
        };
        let after = chance.time(Duration::from_secs(if matches!(cue, Cue::Asked(_)) { 2 } else { 20 }));
        acts.push(Act { cue, after, deed: chance.one_of(&deeds).clone() });
    }
    acts
}

/// How a telephone is today.
fn mood(chance: &mut Chance) -> WhenCalled {
    let after = chance.time(Duration::from_secs(6));
    match chance.below(8) {
        0 => WhenCalled::Refuse(*chance.one_of(&[486, 603, 480, 404, 500, 302])),
        1 => WhenCalled::RingThenRefuse { after, status: *chance.one_of(&[486, 603, 480, 600]) },
        2 => chance
            .one_of(&[WhenCalled::Ring, WhenCalled::Progress, WhenCalled::AnswerWith("v=0\r\n")])
            .clone(),
        _ => {
            let mut acts = vec![Act {
                cue: Cue::Answered,
                after: chance.time(Duration::from_secs(40)),
                deed: Deed::HangUp,
            }];
            acts.extend(conversation(chance));
            WhenCalled::Answer { after, acts }
        }
    }
}

/// Something that happens beside the calls.
fn happening(world: &mut World, callers: &[RobotId], phones: &[RobotId], chance: &mut Chance) {
    let (phone, caller) = (*chance.one_of(phones), *chance.one_of(callers));
    match chance.below(6) {
        5 => world.die(phone),
        0 => world.vanish(phone),
        1 => world.vanish(caller),
        2 => {
            world.vanish(phone);
            world.run(chance.time(Duration::from_secs(5)));
            world.restart(phone);
        }
        3 => world.unregister(phone),
        _ => world.mute(caller),
    }
}
