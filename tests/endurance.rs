//! Many calls leave nothing behind: the switchboard and its stack in virtual time, every byte counted.
//!
//! `FRONTDESK_COUNTED_CALLS` says how many calls; 2,000 if it does not.

use counting::{CountingAllocator, held};
use frontdesk_directory::{NumberPlan, Trunk};
use frontdesk_tests::simulator::house::tenant;
use frontdesk_tests::simulator::{
    Act, Deed, House, RobotId, WhenCalled, WirePlan, World, answered, asked, at,
};
use std::time::Duration;

#[allow(dead_code, reason = "the benches count allocations with it too")]
#[path = "../benches/src/counting.rs"]
mod counting;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const CALLS: usize = 2_000;
/// So many calls, one after the other began, before all of them must be over and the world is weighed.
const ROUND: usize = 100;
/// What a world may hold more than after the first round, however many followed: nothing of a call, but queues that grew to
/// the most that ever stood in them, and maps whose nodes are fuller or emptier. Ten bytes of each call that stay
/// behind are more than that after 2,000 calls.
const MARGIN_BYTES: i64 = 16 * 1_024;

/// A house with a trunk, three telephones and callers; a wire that loses one datagram in fifty.
struct Town {
    world: World,
    callers: Vec<RobotId>,
    phones: [RobotId; 3],
    carrier: RobotId,
}

fn town() -> Town {
    let line = Trunk {
        plan: NumberPlan::of_country("DE").expect("a plan"),
        probe_every: None,
        ..Trunk::new(tenant("main"), "line", "line.example")
    };
    let wire = WirePlan { loss_percent: 2, ..WirePlan::GOOD };
    let mut world = World::on_wire(7, &House::default().with_trunk(line), wire);
    let talks =
        vec![answered(2_000, Deed::Hold), answered(4_000, Deed::Resume), answered(6_000, Deed::HangUp)];
    let phones = [
        world.phone("1001", WhenCalled::answer(800, talks)),
        world.phone("1002", WhenCalled::RingThenRefuse { after: Duration::from_secs(1), status: 486 }),
        world.phone("1003", WhenCalled::Refuse(603)),
    ];
    let carrier = world.carrier(1, None, WhenCalled::answer(500, vec![answered(3_000, Deed::HangUp)]));
    world.place("line", &[carrier]);
    let callers = (0..8).map(|_| world.caller()).collect();
    world.run(Duration::from_secs(40));
    Town { world, callers, phones, carrier }
}

impl Town {
    /// The `number`th call: to the flow and through to a telephone, out over the trunk, in over it, given up, refused.
    fn call(&mut self, number: usize) {
        let caller = self.callers[number % self.callers.len()];
        let leave = |seconds: u64| at(1_000 * seconds, Deed::HangUp);
        let (robot, dialled, acts): (RobotId, &str, Vec<Act>) = match number % 10 {
            0 | 1 => (caller, "100", vec![asked(1, Deed::Press('1'))]),
            2 => (caller, "101", vec![asked(1, Deed::Say("sales please"))]),
            3 => (caller, "102", vec![asked(1, Deed::Press('2'))]),
            4 => (caller, "1001", vec![leave(30)]),
            5 => (caller, "1001", vec![at(300, Deed::HangUp)]),
            6 => (caller, "1002", vec![leave(30)]),
            7 => (caller, "999", vec![]),
            8 => (self.phones[2], "030901820", vec![answered(9_000, Deed::HangUp)]),
            _ => (self.carrier, "100", vec![answered(700, Deed::HangUp)]),
        };
        self.world.call(robot, dialled, acts);
    }

    /// A hundred calls, four a second; how many have a record.
    fn round(&mut self) -> usize {
        // So that no telephone refreshes by itself while the world is weighed, and has a nonce.
        self.phones.iter().for_each(|phone| self.world.register(*phone));
        for number in 0..ROUND {
            self.call(number);
            self.world.run(Duration::from_millis(250));
        }
        let records = self.world.settle().len();
        self.world.forget_the_past();
        records
    }
}

#[test]
fn thousands_of_calls_leave_no_byte_behind() {
    let wanted = std::env::var("FRONTDESK_COUNTED_CALLS").ok().and_then(|calls| calls.parse().ok());
    let rounds = wanted.unwrap_or(CALLS).div_ceil(ROUND);
    let mut town = town();
    // The first rounds fill what stays, such as queues.
    for _ in 0..3 {
        assert_eq!(town.round(), ROUND, "each call has a record");
    }
    let start = held();
    let mut weights = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        assert_eq!(town.round(), ROUND, "each call has a record");
        weights.push(held() - start);
    }
    let most = weights.iter().copied().max().unwrap_or_default();
    println!(
        "{} calls: {start} bytes before, {:+} after, {most:+} at the most",
        rounds * ROUND,
        weights.last().copied().unwrap_or_default()
    );
    assert!(most <= MARGIN_BYTES, "{weights:?}");
    // What grows a little with each call is seen in the slope, however small the calls are.
    let half = weights.len() / 2;
    let mean = |part: &[i64]| part.iter().sum::<i64>() / part.len().max(1) as i64;
    let grown = mean(&weights[half..]) - mean(&weights[..half]);
    assert!(grown <= (half * ROUND) as i64, "a byte and more for each call: {weights:?}");
}

/// What a desk of this world holds.
fn weight(world: World) -> i64 {
    let desk = world.into_desk();
    let with = held();
    drop(desk);
    with - held()
}

/// What the switchboard and its stack may hold for a call between two that stands, both legs: half of that was measured.
const CALL_BYTES_MAX: i64 = 24_000;
/// What they may hold for a registration that lies idle: half of that was measured.
const REGISTRATION_BYTES_MAX: i64 = 2_000;

fn weighs(what: &str, bytes: i64, at_most: i64) {
    println!("{what}: {bytes} bytes, at most {at_most}");
    assert!((1..=at_most).contains(&bytes), "{what}: {bytes} bytes");
}

#[test]
fn a_call_that_stands_and_a_registration_that_lies_idle_weigh_what_is_promised() {
    let talking = |calls: u64| {
        let mut world = World::new(7, &House::default());
        world.phone("1001", WhenCalled::answer(500, vec![]));
        let callers: Vec<_> = (0..calls.max(1)).map(|_| world.caller()).collect();
        world.run(Duration::from_secs(1));
        for caller in callers.iter().take(calls as usize) {
            world.call(*caller, "1001", vec![]);
        }
        // Longer than any transaction of the set-up lives.
        world.run(Duration::from_secs(60));
        assert_eq!(world.census().calls as u64, calls);
        weight(world)
    };
    weighs("a call that stands", (talking(30) - talking(0)) / 30, CALL_BYTES_MAX);

    let registered = |places: u8| {
        let mut world = World::new(7, &House::default());
        for number in ["1001", "1002", "1003"] {
            for place in 1..=places {
                world.phone_elsewhere(number, place, None, WhenCalled::Refuse(486));
            }
        }
        world.run(Duration::from_secs(400));
        assert_eq!(world.census().sip.bindings, 3 * usize::from(places));
        weight(world)
    };
    weighs("a registration that lies idle", (registered(8) - registered(0)) / 24, REGISTRATION_BYTES_MAX);
}
