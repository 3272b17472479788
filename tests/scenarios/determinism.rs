//! One scenario, one seed, two processes: every byte that the desk says is the same. It catches the order of a map, a
//! clock, and chance that did not come from the seed.

use crate::wild::{self, Around};
use frontdesk_tests::simulator::{
    Act, Chance, Cue, Deed, House, WhenCalled, WirePlan, World, answered, asked,
};
use std::process::Command;
use std::time::Duration;

/// Set in the second process, so that it tells its number instead of starting a third.
const ASKED: &str = "FRONTDESK_SAY_WHAT_WAS_SAID";
const MARK: &str = "said=";

/// A busy quarter of an hour on a bad wire; one number for all that the desk said, and how much of it there was.
fn quarter_of_an_hour(seed: u64) -> (u64, usize, usize) {
    let mut chance = Chance::new(seed, 100);
    let mut world = World::on_wire(seed, &House::default(), WirePlan::bad(&mut chance));
    world.phone(
        "1001",
        WhenCalled::answer(1_000, vec![answered(9_000, Deed::Hold), answered(20_000, Deed::HangUp)]),
    );
    world.phone("1002", WhenCalled::RingThenRefuse { after: Duration::from_secs(3), status: 486 });
    world.phone("1003", WhenCalled::Ring);
    let callers: Vec<_> = (0..6).map(|_| world.caller()).collect();
    for turn in 0..40_u64 {
        let caller = callers[chance.below(6) as usize];
        let number = *chance.one_of(&["100", "101", "102", "1001", "1003", "999"]);
        let deed = chance.one_of(&[Deed::Press('1'), Deed::Press('2'), Deed::Say("sales please")]).clone();
        let leave = Act { cue: Cue::Began, after: chance.time(Duration::from_secs(60)), deed: Deed::HangUp };
        world.call(caller, number, vec![asked(1 + (turn % 2) as u32, deed), leave]);
        world.run(chance.time(Duration::from_secs(20)));
    }
    world.settle();
    (world.said(), world.network.trace().len(), world.facts().len())
}

/// Some minutes of a world with trunks in which everybody does what it may.
fn wild_minutes(seed: u64) -> (u64, usize, usize) {
    let mut chance = Chance::new(seed, 100);
    let house = wild::house(Around::SharedCarriers, &mut chance);
    let mut world = World::on_wire(seed, &house, WirePlan::bad(&mut chance));
    let mut people = wild::people(&mut world, Around::SharedCarriers, &mut chance);
    for _ in 0..40 {
        people.act(&mut world, &mut chance);
        world.run(chance.time(Duration::from_secs(6)));
    }
    world.run(Duration::from_secs(60));
    (world.said(), world.network.trace().len(), world.facts().len())
}

/// Says what was said to the process that asked, or asks another process for the same.
fn another_process_says_the_same(test: &str, said: (u64, usize, usize)) {
    let told = format!("{MARK}{said:?}");
    if std::env::var_os(ASKED).is_some() {
        return println!("{told}");
    }
    assert!(said.1 > 500 && said.2 > 200, "there was something to say: {said:?}");
    let own = std::env::current_exe().expect("the test knows its own program");
    let other = Command::new(own)
        .args(["--exact", test, "--nocapture"])
        .env(ASKED, "1")
        .output()
        .expect("the test starts itself");
    let output = String::from_utf8_lossy(&other.stdout);
    assert!(output.contains(&told), "{told}, but the other process: {output}");
}

#[test]
fn one_seed_says_the_same_in_two_processes() {
    another_process_says_the_same(
        "determinism::one_seed_says_the_same_in_two_processes",
        quarter_of_an_hour(77),
    );
}

#[test]
fn one_seed_with_trunks_says_the_same_in_two_processes() {
    another_process_says_the_same(
        "determinism::one_seed_with_trunks_says_the_same_in_two_processes",
        wild_minutes(78),
    );
}

#[test]
fn another_seed_says_something_else() {
    assert_ne!(quarter_of_an_hour(77).0, quarter_of_an_hour(78).0);
    assert_ne!(wild_minutes(77).0, wild_minutes(78).0);
}
