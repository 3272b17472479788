//! RFC 3261 figure 6.

use super::{LIMITS, STREAM, at, sends};
use crate::transaction::plain_client::PlainClient;
use crate::transaction::{ClientInput, Effect};
use frontdesk_identifiers::Moment;

fn trying() -> PlainClient {
    PlainClient::start(b"BYE".to_vec(), at(0), &LIMITS, &mut Vec::new())
}

fn on(machine: PlainClient, input: ClientInput, now: Moment) -> (PlainClient, Vec<Effect>) {
    let mut effects = Vec::new();
    let machine = machine.on(input, now, &LIMITS, &mut effects);
    (machine, effects)
}

fn run(mut machine: PlainClient) -> (Vec<u64>, Vec<(u64, Vec<Effect>)>) {
    let mut fired = Vec::new();
    while let Some(deadline) = machine.deadline() {
        let (next, effects) = on(machine, ClientInput::Time, deadline);
        machine = next;
        fired.push((deadline.as_millis(), effects));
    }
    (fired.iter().filter(|(_, e)| sends(e) == 1).map(|(at, _)| *at).collect(), fired)
}

#[test]
fn timer_e_doubles_up_to_t2_until_timer_f_ends_it() {
    let (resent, fired) = run(trying());
    assert_eq!(resent, [500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    assert_eq!(fired.last(), Some(&(32_000, vec![Effect::TimedOut])));
}

#[test]
fn timer_e_goes_on_in_proceeding() {
    let (machine, effects) = on(trying(), ClientInput::Provisional, at(100));
    assert_eq!(effects, [Effect::Tell]);
    let (resent, fired) = run(machine);
    assert_eq!(resent, [500, 4_500, 8_500, 12_500, 16_500, 20_500, 24_500, 28_500]);
    assert_eq!(fired.last(), Some(&(32_000, vec![Effect::TimedOut])));
}

#[test]
fn the_first_final_response_is_told_and_the_rest_swallowed_until_timer_k() {
    let proceeding = on(trying(), ClientInput::Provisional, at(50)).0;
    for (state, input) in
        [(trying(), ClientInput::Success), (proceeding, ClientInput::Failure { ack: Vec::new() })]
    {
        let (machine, effects) = on(state, input.clone(), at(100));
        assert_eq!(effects, [Effect::Tell]);
        let (machine, effects) = on(machine, input, at(200));
        assert_eq!(effects, []);
        assert_eq!(machine.deadline(), Some(at(5_100)));
        assert_eq!(on(machine, ClientInput::Time, at(5_100)).0, PlainClient::Terminated);
    }
}

#[test]
fn a_transport_error_ends_it() {
    let (machine, effects) = on(trying(), ClientInput::TransportFailed, at(1));
    assert_eq!((machine, effects), (PlainClient::Terminated, vec![Effect::Failed]));
}

#[test]
fn over_a_stream_timer_e_is_idle_and_timer_k_is_zero() {
    let trying = || PlainClient::start(b"BYE".to_vec(), at(0), &STREAM, &mut Vec::new());
    let step = |machine: PlainClient, input, millis| {
        let mut effects = Vec::new();
        let machine = machine.on(input, at(millis), &STREAM, &mut effects);
        (machine, effects)
    };
    let proceeding = step(trying(), ClientInput::Provisional, 50).0;
    for state in [trying(), proceeding] {
        assert_eq!(state.deadline(), Some(at(32_000)));
        assert_eq!(step(state.clone(), ClientInput::Time, 4_500).1, []);
        assert_eq!(
            step(state.clone(), ClientInput::Time, 32_000),
            (PlainClient::Terminated, vec![Effect::TimedOut])
        );
        let (machine, effects) = step(state, ClientInput::Success, 100);
        assert_eq!((machine.deadline(), effects), (Some(at(100)), vec![Effect::Tell]));
        assert_eq!(step(machine, ClientInput::Time, 100).0, PlainClient::Terminated);
    }
}
