//! RFC 3261 figure 7 with RFC 6026 §7.1.

use super::{LIMITS, STREAM, at, sends};
use crate::transaction::invite_server::InviteServer;
use crate::transaction::{Effect, ServerInput};

fn on(machine: InviteServer, input: ServerInput, millis: u64) -> (InviteServer, Vec<Effect>) {
    let mut effects = Vec::new();
    let machine = machine.on(input, at(millis), &LIMITS, &mut effects);
    (machine, effects)
}

fn wire(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

#[test]
fn a_repeated_invite_gets_the_last_provisional_response() {
    let (machine, effects) = on(InviteServer::start(), ServerInput::Repeated, 1);
    assert_eq!(effects, []);
    let (machine, _) = on(machine, ServerInput::Provisional(wire("100")), 2);
    let (machine, effects) = on(machine, ServerInput::Provisional(wire("180")), 3);
    assert_eq!(effects, [Effect::Send(wire("180"))]);
    let (machine, effects) = on(machine, ServerInput::Repeated, 4);
    assert_eq!(effects, [Effect::Send(wire("180"))]);
    assert_eq!(machine.deadline(), None);
}

#[test]
fn a_refusal_is_repeated_with_timer_g_until_timer_h_tells_that_no_ack_came() {
    let (mut machine, effects) = on(InviteServer::start(), ServerInput::Failure(wire("486")), 0);
    assert_eq!(effects, [Effect::Send(wire("486"))]);
    let mut fired = Vec::new();
    while let Some(deadline) = machine.deadline() {
        let (next, effects) = on(machine, ServerInput::Time, deadline.as_millis());
        machine = next;
        fired.push((deadline.as_millis(), effects));
    }
    let resent: Vec<u64> = fired.iter().filter(|(_, e)| sends(e) == 1).map(|(at, _)| *at).collect();
    assert_eq!(resent, [500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    assert_eq!(fired.last(), Some(&(32_000, vec![Effect::TimedOut])));
}

#[test]
fn the_ack_to_a_refusal_stops_the_repetition_and_timer_i_ends_it() {
    let (machine, _) = on(InviteServer::start(), ServerInput::Failure(wire("486")), 0);
    let (machine, effects) = on(machine, ServerInput::Repeated, 100);
    assert_eq!(effects, [Effect::Send(wire("486"))]);
    let (machine, effects) = on(machine, ServerInput::Ack, 200);
    assert_eq!(effects, []);
    let (machine, effects) = on(machine, ServerInput::Ack, 300);
    assert_eq!(effects, []);
    let (machine, effects) = on(machine, ServerInput::Repeated, 400);
    assert_eq!(effects, []);
    assert_eq!(machine.deadline(), Some(at(5_200)));
    assert_eq!(on(machine, ServerInput::Time, 5_200).0, InviteServer::Terminated);
}

#[test]
fn after_a_success_a_repeated_invite_is_swallowed_until_timer_l() {
    let (machine, effects) = on(InviteServer::start(), ServerInput::Success(wire("200")), 0);
    assert_eq!(effects, [Effect::Send(wire("200"))]);
    let (machine, effects) = on(machine, ServerInput::Repeated, 100);
    assert_eq!(effects, []);
    let (machine, effects) = on(machine, ServerInput::Success(wire("200")), 500);
    assert_eq!(effects, [Effect::Send(wire("200"))]);
    let (machine, effects) = on(machine, ServerInput::TransportFailed, 600);
    assert_eq!(effects, []);
    assert_eq!(machine.deadline(), Some(at(32_000)));
    assert_eq!(on(machine, ServerInput::Time, 32_000).0, InviteServer::Terminated);
}

#[test]
fn a_second_final_response_is_not_sent() {
    let (machine, _) = on(InviteServer::start(), ServerInput::Success(wire("200")), 0);
    let (machine, effects) = on(machine, ServerInput::Failure(wire("487")), 1);
    assert_eq!(effects, []);
    assert!(matches!(machine, InviteServer::Accepted { .. }));
    let (machine, _) = on(InviteServer::start(), ServerInput::Failure(wire("487")), 0);
    let (machine, effects) = on(machine, ServerInput::Success(wire("200")), 1);
    assert_eq!(effects, []);
    assert!(matches!(machine, InviteServer::Completed { .. }));
}

#[test]
fn a_transport_error_ends_it_before_and_after_a_refusal() {
    let (machine, effects) = on(InviteServer::start(), ServerInput::TransportFailed, 0);
    assert_eq!((machine, effects), (InviteServer::Terminated, vec![Effect::Failed]));
}

#[test]
fn over_a_stream_timer_g_is_idle_timer_h_still_tells_and_timer_i_is_zero() {
    let step = |machine: InviteServer, input, millis| {
        let mut effects = Vec::new();
        let machine = machine.on(input, at(millis), &STREAM, &mut effects);
        (machine, effects)
    };
    let (refused, effects) = step(InviteServer::start(), ServerInput::Failure(wire("486")), 0);
    assert_eq!((refused.deadline(), effects), (Some(at(32_000)), vec![Effect::Send(wire("486"))]));
    assert_eq!(step(refused.clone(), ServerInput::Time, 500).1, []);
    assert_eq!(
        step(refused.clone(), ServerInput::Time, 32_000),
        (InviteServer::Terminated, vec![Effect::TimedOut])
    );
    let (confirmed, _) = step(refused, ServerInput::Ack, 200);
    assert_eq!(confirmed.deadline(), Some(at(200)));
    assert_eq!(step(confirmed, ServerInput::Time, 200).0, InviteServer::Terminated);
    let (accepted, _) = step(InviteServer::start(), ServerInput::Success(wire("200")), 0);
    assert_eq!(accepted.deadline(), Some(at(32_000)), "timer L, whatever the transport (RFC 6026 §8.7)");
}
