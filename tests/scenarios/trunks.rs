//! Trunks: calls that leave the house over carriers which fail, refuse, fall silent and come back.

use frontdesk_call_record::{CallRecord, EndReason, TransferEnd, TrunkTrouble};
use frontdesk_directory::{
    IdentityForm, NumberPlan, Presentation, Trunk, TrunkAccount, TrunkLimits, TrunkRegister, TrunkTransport,
};
use frontdesk_identifiers::{TelephoneNumber, TenantId};
use frontdesk_sip_message::{HeaderName, Message, Method};
use frontdesk_switchboard::{Limits, LocateFailure, Notice, SwitchboardInput, TrunkHealth};
use frontdesk_tests::simulator::{Deed, House, RobotId, WhenCalled, World, answered, at};
use std::time::Duration;

pub const NUMBER: &str = "030901820";

pub fn trunk(name: &str, priority: u16) -> Trunk {
    let tenant = TenantId::new("main").expect("a name");
    let main = TelephoneNumber::new("+4930555000").expect("a number");
    Trunk {
        priority,
        plan: NumberPlan::of_country("DE").expect("a plan"),
        presentation: Presentation { main: Some(main), ..Presentation::default() },
        probe_every: None,
        ..Trunk::new(tenant, name, &format!("{name}.example"))
    }
}

pub fn answers() -> WhenCalled {
    WhenCalled::answer(500, vec![answered(2_000, Deed::HangUp)])
}

/// Two trunks, the first with this behaviour and the second answering; 1001 calls a number of the network.
pub fn first_trunk(when_called: WhenCalled) -> (World, RobotId, RobotId) {
    let house = House::default().with_trunk(trunk("first", 1)).with_trunk(trunk("second", 2));
    let mut world = World::new(7, &house);
    let first = world.carrier(1, None, when_called);
    let second = world.carrier(2, None, answers());
    world.place("first", &[first]);
    world.place("second", &[second]);
    (world, first, second)
}

pub fn dial(world: &mut World, number: &str) {
    let phone = world.phone("1001", WhenCalled::Refuse(486));
    world.run(Duration::from_secs(1));
    world.call(phone, number, vec![answered(20_000, Deed::HangUp)]);
}

/// The trunks that were tried, with how it came out.
pub fn tries(record: &CallRecord) -> Vec<(&str, bool, Option<u16>)> {
    record.tries.iter().map(|one| (one.trunk.as_str(), one.failed, one.status)).collect()
}

pub fn invites(world: &World, carrier: u8) -> Vec<&frontdesk_sip_message::Request> {
    let address = std::net::IpAddr::from([203, 0, 113, carrier]);
    let to_carrier = world.network.trace().iter().filter(|sent| sent.to.ip() == address);
    let request = to_carrier.filter_map(|sent| match &sent.message {
        Message::Request(request) if request.method == Method::INVITE => Some(request),
        _ => None,
    });
    request.collect()
}

#[test]
fn a_telephone_calls_a_number_of_the_network() {
    let (mut world, _, second) = first_trunk(answers());
    dial(&mut world, NUMBER);
    let record = world.settle().pop().expect("a record");
    assert_eq!(tries(&record), [("first", false, None)]);
    assert_eq!(record.end.as_ref().map(|end| end.reason), Some(EndReason::CalleeHungUp));
    assert!(world.robot(second).calls().is_empty());
    let invite = invites(&world, 1)[0];
    assert_eq!(invite.uri.to_string(), "sip:+4930901820@first.example;user=phone");
    assert_eq!(invite.headers.from().expect("From").uri.user().as_deref(), Some("+4930555000"));
}

#[test]
fn a_trunk_that_is_out_of_service_is_left_for_the_next() {
    for status in [500, 503, 408] {
        let (mut world, _, _) = first_trunk(WhenCalled::Refuse(status));
        dial(&mut world, NUMBER);
        let record = world.settle().pop().expect("a record");
        assert_eq!(tries(&record), [("first", true, Some(status)), ("second", false, None)]);
        assert_eq!(record.transfers[0].outcome, Some(TransferEnd::Completed));
    }
}

#[test]
fn what_the_called_party_says_is_said_over_no_other_trunk_again() {
    for (status, outcome) in
        [(486, TransferEnd::Busy), (603, TransferEnd::Declined), (404, TransferEnd::Unreachable)]
    {
        let (mut world, _, second) = first_trunk(WhenCalled::Refuse(status));
        dial(&mut world, NUMBER);
        let record = world.settle().pop().expect("a record");
        assert_eq!(tries(&record), [("first", true, Some(status))]);
        assert_eq!(record.transfers[0].outcome, Some(outcome));
        assert!(world.robot(second).calls().is_empty());
    }
}

#[test]
fn a_party_that_rang_does_not_ring_again_over_another_trunk() {
    let (mut world, _, second) =
        first_trunk(WhenCalled::RingThenRefuse { after: Duration::from_secs(3), status: 503 });
    dial(&mut world, NUMBER);
    let record = world.settle().pop().expect("a record");
    assert_eq!(tries(&record), [("first", true, Some(503))]);
    assert!(world.robot(second).calls().is_empty());
}

#[test]
fn a_silent_trunk_is_left_after_seconds_and_not_after_half_a_minute() {
    let (mut world, first, _) = first_trunk(answers());
    world.vanish(first);
    dial(&mut world, NUMBER);
    let record = world.settle().pop().expect("a record");
    assert_eq!(tries(&record), [("first", true, None), ("second", false, None)]);
    let waited_us = record.tries[1].started_us - record.tries[0].started_us;
    assert!((4_000_000..4_500_000).contains(&waited_us), "{waited_us} µs");
}

#[test]
fn the_last_way_has_all_the_time_that_the_protocol_gives() {
    let mut world = World::new(7, &House::default().with_trunk(trunk("only", 1)));
    let only = world.carrier(1, None, answers());
    world.place("only", &[only]);
    world.vanish(only);
    dial(&mut world, NUMBER);
    let record = world.settle().pop().expect("a record");
    assert_eq!(tries(&record), [("only", true, None)]);
    assert!(record.transfers[0].ended_us.expect("it ends") >= 32_000_000, "timer B");
}

#[test]
fn a_trunk_with_two_ways_is_tried_over_both() {
    let mut world = World::new(7, &House::default().with_trunk(trunk("only", 1)));
    let (dead, alive) = (world.carrier(1, None, WhenCalled::Refuse(503)), world.carrier(2, None, answers()));
    world.place("only", &[dead, alive]);
    dial(&mut world, NUMBER);
    let record = world.settle().pop().expect("a record");
    assert_eq!(tries(&record), [("only", true, Some(503)), ("only", false, None)]);
}

#[test]
fn a_full_trunk_is_passed_over_and_the_record_says_so() {
    let mut full = trunk("first", 1);
    full.limits = TrunkLimits { calls: Some(0), calls_per_second: None };
    let mut world = World::new(7, &House::default().with_trunk(full).with_trunk(trunk("second", 2)));
    let (first, second) = (world.carrier(1, None, answers()), world.carrier(2, None, answers()));
    world.place("first", &[first]);
    world.place("second", &[second]);
    dial(&mut world, NUMBER);
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.tries[0].trouble, Some(TrunkTrouble::TooManyCalls));
    assert_eq!(record.tries[1].trunk, "second");
    assert!(world.robot(first).calls().is_empty());
    let told = Notice::TrunkPassedOver { trunk: "first".to_owned(), trouble: TrunkTrouble::TooManyCalls };
    assert!(world.notices().contains(&told));
}

#[test]
fn a_call_for_help_passes_every_limit_and_a_desk_that_is_being_stopped() {
    let mut full = trunk("only", 1);
    full.limits = TrunkLimits { calls: Some(0), calls_per_second: Some(0) };
    let mut world = World::new(7, &House::default().with_trunk(full));
    let only = world.carrier(1, None, answers());
    world.place("only", &[only]);
    world.order(SwitchboardInput::Drain);
    dial(&mut world, "112");
    let record = world.settle().pop().expect("a record");
    assert!(record.emergency);
    assert_eq!(tries(&record), [("only", false, None)]);
    assert_eq!(record.transfers[0].outcome, Some(TransferEnd::Completed));
    assert_eq!(invites(&world, 1)[0].uri.user().as_deref(), Some("112"));
}

#[test]
fn a_call_for_help_tries_the_trunk_that_failed_five_calls() {
    let mut world = World::new(7, &House::default().with_trunk(trunk("only", 1)));
    let only = world.carrier(1, None, WhenCalled::Refuse(500));
    world.place("only", &[only]);
    let phone = world.phone("1001", WhenCalled::Refuse(486));
    world.run(Duration::from_secs(1));
    for _ in 0..6 {
        world.call(phone, NUMBER, vec![]);
        world.run(Duration::from_secs(2));
    }
    assert_eq!(invites(&world, 1).len(), 5, "the breaker is open");
    world.call(phone, "110", vec![]);
    let record = world.settle().pop().expect("a record");
    assert_eq!(tries(&record), [("only", true, Some(500))], "it was tried all the same");
    assert!(record.emergency);
}

#[test]
fn nobody_calls_out_who_came_in_from_outside() {
    let (mut world, _, _) = first_trunk(answers());
    let caller = world.caller();
    world.call(caller, "+4930901820", vec![]);
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.end.map(|end| end.reason), Some(EndReason::NoSuchNumber));
    assert!(invites(&world, 1).is_empty());
}

#[test]
fn a_trunk_that_wants_a_registration_gets_one_and_takes_calls_then() {
    let mut only = trunk("only", 1);
    let (user, password) = ("4930555".to_owned(), "horse battery".to_owned());
    only.account = Some(TrunkAccount { user, auth_user: None, password });
    only.register = Some(TrunkRegister::default());
    let mut world = World::new(7, &House::default().with_trunk(only));
    let carrier = world.carrier(1, Some(("4930555", "horse battery")), answers());
    let phone = world.phone("1001", WhenCalled::Refuse(486));
    world.run(Duration::from_secs(1));
    world.call(phone, NUMBER, vec![]);
    world.run(Duration::from_secs(1));
    assert!(world.robot(carrier).calls().is_empty(), "not before");
    world.place("only", &[carrier]);
    world.run(Duration::from_secs(1));
    let up = Notice::Trunk { trunk: "only".to_owned(), health: TrunkHealth::Up };
    assert!(world.notices().contains(&up), "{:?}", world.notices());
    world.call(phone, NUMBER, vec![]);
    let record = world.settle().pop().expect("a record");
    assert_eq!(tries(&record), [("only", false, None)]);
    assert_eq!(record.transfers[0].outcome, Some(TransferEnd::Completed));
}

#[test]
fn a_desk_that_closes_takes_its_registrations_back_and_registers_no_more() {
    let mut only = trunk("only", 1);
    let (user, password) = ("4930555".to_owned(), "horse battery".to_owned());
    only.account = Some(TrunkAccount { user, auth_user: None, password });
    only.register = Some(TrunkRegister::default());
    let mut world = World::new(7, &House::default().with_trunk(only));
    let carrier = world.carrier(1, Some(("4930555", "horse battery")), answers());
    world.place("only", &[carrier]);
    world.run(Duration::from_secs(1));
    assert_eq!(registers(&world, 1).last().map(|asked| asked == "0"), Some(false));
    world.order(SwitchboardInput::Drain);
    assert_eq!(world.census().leaving, 1, "the node waits for this");
    world.run(Duration::from_secs(1));
    assert_eq!((world.census().leaving, world.census().sip.registrations), (0, 0));
    let asked = registers(&world, 1);
    assert_eq!(asked.last().map(String::as_str), Some("0"), "RFC 3261 §10.2.2");
    world.run(Duration::from_secs(7_200));
    assert_eq!(registers(&world, 1).len(), asked.len(), "nor begun anew");
}

/// For how long the REGISTERs to this carrier asked.
fn registers(world: &World, carrier: u8) -> Vec<String> {
    let address = std::net::IpAddr::from([203, 0, 113, carrier]);
    let to_carrier = world.network.trace().iter().filter(|sent| sent.to.ip() == address);
    let asked = to_carrier.filter_map(|sent| match &sent.message {
        Message::Request(request) if request.method == Method::REGISTER => {
            request.headers.expires().expect("Expires").map(|seconds| seconds.to_string())
        }
        _ => None,
    });
    asked.collect()
}

#[test]
fn a_trunk_that_does_not_take_the_password_is_down() {
    let mut only = trunk("only", 1);
    let (user, password) = ("4930555".to_owned(), "wrong".to_owned());
    only.account = Some(TrunkAccount { user, auth_user: None, password });
    only.register = Some(TrunkRegister::default());
    let mut world = World::new(7, &House::default().with_trunk(only));
    let carrier = world.carrier(1, Some(("4930555", "horse battery")), answers());
    world.place("only", &[carrier]);
    world.run(Duration::from_secs(1));
    let health = TrunkHealth::Down(TrunkTrouble::NotRegistered);
    assert!(world.notices().contains(&Notice::Trunk { trunk: "only".to_owned(), health }));
    dial(&mut world, NUMBER);
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.tries[0].trouble, Some(TrunkTrouble::NotRegistered));
}

#[test]
fn an_outage_of_names_is_no_outage_of_trunks() {
    let (mut world, first, _) = first_trunk(answers());
    world.run(Duration::from_secs(30));
    world.lead("first", Err(LocateFailure::NoAnswer));
    world.run(Duration::from_secs(600));
    dial(&mut world, NUMBER);
    let record = world.settle().pop().expect("a record");
    assert_eq!(tries(&record), [("first", false, None)]);
    assert_eq!(world.robot(first).calls().len(), 1);
}

#[test]
fn a_call_from_a_trunks_own_host_comes_in() {
    let (mut world, first, _) = first_trunk(answers());
    world.run(Duration::from_secs(1));
    world.set_identity(first, "\"Jane\" <sip:030123456@first.example>");
    world.call(first, "100", vec![at(3_000, Deed::HangUp)]);
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.caller.number.to_string(), "+4930123456");
    assert_eq!(record.end.map(|end| end.reason), Some(EndReason::CallerHungUp));
    assert!(invites(&world, 1).is_empty());
}

#[test]
fn a_datagram_from_the_address_of_a_trunk_under_tls_is_a_strangers() {
    let secure = Trunk { transport: Some(TrunkTransport::Tls), ..trunk("first", 1) };
    let mut world = World::new(7, &House::default().with_trunk(secure));
    let first = world.carrier(1, None, answers());
    world.place("first", &[first]);
    world.run(Duration::from_secs(1));
    world.call(first, "100", vec![at(3_000, Deed::HangUp)]);
    assert!(world.settle().is_empty(), "nobody who can forge an address is let in");
}

#[test]
fn a_telephone_that_hides_is_hidden_from_whom_it_calls_and_not_from_who_helps() {
    let mut hiding = trunk("only", 1);
    hiding.presentation.identity = IdentityForm::Asserted;
    let mut world = World::new(7, &House::default().with_trunk(hiding));
    let only = world.carrier(1, None, answers());
    world.place("only", &[only]);
    let phone = world.phone("1001", WhenCalled::Refuse(486));
    let colleague = world.phone("1002", WhenCalled::answer(500, vec![answered(2_000, Deed::HangUp)]));
    world.run(Duration::from_secs(1));
    world.set_identity(phone, "\"Anonymous\" <sip:anonymous@anonymous.invalid>");
    for number in [NUMBER, "1002", "112"] {
        world.call(phone, number, vec![]);
        world.run(Duration::from_secs(10));
    }
    assert_eq!(world.robot(colleague).calls().len(), 1);
    let said = |request: &frontdesk_sip_message::Request| {
        let from = request.headers.from().expect("a From");
        (from.uri.user().unwrap_or_default(), request.headers.contains(HeaderName::Privacy))
    };
    let all = world.network.trace().iter().filter_map(|sent| match &sent.message {
        Message::Request(request) if request.method == Method::INVITE => Some((sent.to.ip(), request)),
        _ => None,
    });
    let told: Vec<_> =
        all.filter(|(to, _)| to.to_string() != "192.0.2.1").map(|(_, one)| said(one)).collect();
    assert_eq!(
        told,
        [("anonymous".to_owned(), true), ("anonymous".to_owned(), false), ("+4930555000".to_owned(), false)]
    );
    let record = &world.settle()[0];
    assert_eq!(record.caller.number.to_string(), "1001", "the house knows its own");
}

#[test]
fn a_telephone_that_calls_for_help_without_end_does_not_take_the_desk() {
    let limits = Limits { calls_of_a_phone_max: 1, ..Limits::default() };
    let mut world = World::new(7, &House::default().with_limits(limits).with_trunk(trunk("only", 1)));
    let only = world.carrier(1, None, WhenCalled::answer(500, vec![]));
    world.place("only", &[only]);
    let phone = world.phone("1001", WhenCalled::Refuse(486));
    world.run(Duration::from_secs(1));
    for _ in 0..6 {
        world.call(phone, "112", vec![answered(20_000, Deed::HangUp)]);
        world.run(Duration::from_millis(100));
    }
    assert_eq!(invites(&world, 1).len(), 3);
    let refused = world.settle().iter().filter(|record| record.transfers.is_empty()).count();
    assert_eq!(refused, 3);
}
