//! RFC 3261 figure 5 with RFC 6026 §7.2.

use super::{LIMITS, STREAM, at, sends};
use crate::transaction::invite_client::InviteClient;
use crate::transaction::{ClientInput, Effect};

fn calling() -> InviteClient {
    InviteClient::start(b"INVITE".to_vec(), at(0), &LIMITS, &mut Vec::new())
}

fn on(machine: InviteClient, input: ClientInput, millis: u64) -> (InviteClient, Vec<Effect>) {
    let mut effects = Vec::new();
    let machine = machine.on(input, at(millis), &LIMITS, &mut effects);
    (machine, effects)
}

fn refusal() -> ClientInput {
    ClientInput::Failure { ack: b"ACK".to_vec() }
}

#[test]
fn timer_a_doubles_until_timer_b_ends_it() {
    let mut effects = Vec::new();
    let mut machine = InviteClient::start(b"INVITE".to_vec(), at(0), &LIMITS, &mut effects);
    let mut times = Vec::new();
    while let Some(deadline) = machine.deadline() {
        let mut fired = Vec::new();
        machine = machine.on(ClientInput::Time, deadline, &LIMITS, &mut fired);
        times.push((deadline.as_millis(), fired));
    }
    let resent: Vec<u64> = times.iter().filter(|(_, e)| sends(e) == 1).map(|(at, _)| *at).collect();
    assert_eq!(resent, [500, 1_500, 3_500, 7_500, 15_500, 31_500]);
    assert_eq!(times.last(), Some(&(32_000, vec![Effect::TimedOut])));
    assert_eq!(machine, InviteClient::Terminated);
}

#[test]
fn a_provisional_response_stops_the_repetition_for_ever() {
    let (machine, effects) = on(calling(), ClientInput::Provisional, 100);
    assert_eq!((&machine, effects), (&InviteClient::Proceeding, vec![Effect::Tell]));
    assert_eq!(machine.deadline(), None);
    let (machine, effects) = on(machine, ClientInput::Time, 900_000);
    assert_eq!((machine, effects), (InviteClient::Proceeding, vec![]));
}

#[test]
fn a_refusal_is_acknowledged_each_time_and_told_once() {
    for state in [calling(), InviteClient::Proceeding] {
        let (machine, effects) = on(state, refusal(), 100);
        assert_eq!(effects, [Effect::Send(b"ACK".to_vec()), Effect::Tell]);
        let (machine, effects) = on(machine, refusal(), 600);
        assert_eq!(effects, [Effect::Send(b"ACK".to_vec())]);
        let (machine, effects) = on(machine, ClientInput::Provisional, 700);
        assert_eq!(effects, []);
        // Timer D: 32 s after the first refusal.
        assert_eq!(machine.deadline(), Some(at(32_100)));
        let (machine, effects) = on(machine, ClientInput::Time, 32_100);
        assert_eq!((machine, effects), (InviteClient::Terminated, vec![]));
    }
}

#[test]
fn every_success_goes_up_until_timer_m() {
    for state in [calling(), InviteClient::Proceeding] {
        let (machine, effects) = on(state, ClientInput::Success, 100);
        assert_eq!(effects, [Effect::Tell]);
        let (machine, effects) = on(machine, ClientInput::Success, 20_000);
        assert_eq!(effects, [Effect::Tell]);
        let (machine, effects) = on(machine, refusal(), 20_001);
        assert_eq!(effects, [], "a refusal from another fork after the 2xx");
        assert_eq!(machine.deadline(), Some(at(32_100)));
        let (machine, _) = on(machine, ClientInput::Time, 32_100);
        assert_eq!(machine, InviteClient::Terminated);
    }
}

#[test]
fn a_transport_error_ends_it_where_it_was_sending() {
    let (machine, effects) = on(calling(), ClientInput::TransportFailed, 10);
    assert_eq!((machine, effects), (InviteClient::Terminated, vec![Effect::Failed]));
    let (machine, effects) = on(InviteClient::Proceeding, ClientInput::TransportFailed, 10);
    assert_eq!((machine, effects), (InviteClient::Proceeding, vec![]));
}

fn on_stream(machine: InviteClient, input: ClientInput, millis: u64) -> (InviteClient, Vec<Effect>) {
    let mut effects = Vec::new();
    let machine = machine.on(input, at(millis), &STREAM, &mut effects);
    (machine, effects)
}

fn calling_over_a_stream() -> InviteClient {
    InviteClient::start(b"INVITE".to_vec(), at(0), &STREAM, &mut Vec::new())
}

#[test]
fn over_a_stream_timer_a_is_idle_and_timer_b_ends_it() {
    let machine = calling_over_a_stream();
    assert_eq!(machine.deadline(), Some(at(32_000)));
    assert_eq!(on_stream(machine.clone(), ClientInput::Time, 500).1, []);
    let (machine, effects) = on_stream(machine, ClientInput::Time, 32_000);
    assert_eq!((machine, effects), (InviteClient::Terminated, vec![Effect::TimedOut]));
}

#[test]
fn over_a_stream_timer_d_is_zero_and_timer_m_is_not() {
    let (machine, effects) = on_stream(calling_over_a_stream(), refusal(), 100);
    assert_eq!(effects, [Effect::Send(b"ACK".to_vec()), Effect::Tell]);
    assert_eq!(machine.deadline(), Some(at(100)));
    assert_eq!(on_stream(machine, ClientInput::Time, 100).0, InviteClient::Terminated);
    let (machine, _) = on_stream(calling_over_a_stream(), ClientInput::Success, 100);
    assert_eq!(machine.deadline(), Some(at(32_100)));
}

#[test]
fn over_a_stream_that_broke_nobody_waits_for_the_answer() {
    for (state, told) in [(calling_over_a_stream(), true), (InviteClient::Proceeding, true)] {
        let (machine, effects) = on_stream(state, ClientInput::TransportFailed, 10);
        assert_eq!((machine, effects == [Effect::Failed]), (InviteClient::Terminated, told));
    }
    let (accepted, _) = on_stream(calling_over_a_stream(), ClientInput::Success, 100);
    let (machine, effects) = on_stream(accepted.clone(), ClientInput::TransportFailed, 10);
    assert_eq!((machine, effects), (accepted, vec![]));
}
