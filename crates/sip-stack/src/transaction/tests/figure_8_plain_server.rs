//! RFC 3261 figure 8.

use super::{LIMITS, STREAM, at};
use crate::transaction::plain_server::PlainServer;
use crate::transaction::{Effect, ServerInput};

fn on(machine: PlainServer, input: ServerInput, millis: u64) -> (PlainServer, Vec<Effect>) {
    let mut effects = Vec::new();
    let machine = machine.on(input, at(millis), &LIMITS, &mut effects);
    (machine, effects)
}

#[test]
fn a_repetition_is_swallowed_until_there_is_something_to_say() {
    let (machine, effects) = on(PlainServer::start(), ServerInput::Repeated, 1);
    assert_eq!((&machine, effects), (&PlainServer::Trying, vec![]));
    let (machine, effects) = on(machine, ServerInput::Provisional(b"100".to_vec()), 2);
    assert_eq!(effects, [Effect::Send(b"100".to_vec())]);
    let (_, effects) = on(machine, ServerInput::Repeated, 3);
    assert_eq!(effects, [Effect::Send(b"100".to_vec())]);
}

#[test]
fn the_final_response_answers_repetitions_until_timer_j() {
    for input in [ServerInput::Success(b"x".to_vec()), ServerInput::Failure(b"x".to_vec())] {
        let (machine, effects) = on(PlainServer::start(), input, 0);
        assert_eq!(effects, [Effect::Send(b"x".to_vec())]);
        let (machine, effects) = on(machine, ServerInput::Repeated, 10);
        assert_eq!(effects, [Effect::Send(b"x".to_vec())]);
        let (machine, effects) = on(machine, ServerInput::Success(b"y".to_vec()), 11);
        assert_eq!(effects, [], "any further final response is dropped");
        assert_eq!(machine.deadline(), Some(at(32_000)));
        assert_eq!(on(machine, ServerInput::Time, 32_000).0, PlainServer::Terminated);
    }
}

#[test]
fn a_transport_error_ends_it() {
    let (machine, _) = on(PlainServer::start(), ServerInput::Success(b"x".to_vec()), 0);
    let (machine, effects) = on(machine, ServerInput::TransportFailed, 1);
    assert_eq!((machine, effects), (PlainServer::Terminated, vec![Effect::Failed]));
}

#[test]
fn over_a_stream_timer_j_is_zero() {
    let mut effects = Vec::new();
    let machine = PlainServer::start().on(ServerInput::Success(b"x".to_vec()), at(7), &STREAM, &mut effects);
    assert_eq!((machine.deadline(), effects), (Some(at(7)), vec![Effect::Send(b"x".to_vec())]));
    assert_eq!(machine.on(ServerInput::Time, at(7), &STREAM, &mut Vec::new()), PlainServer::Terminated);
}
