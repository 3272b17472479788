//! Two benches and a wire of memory: one calls, one answers.

use super::*;
use crate::bench::plan::{Callee, Party};
use frontdesk_media_protocol::Codec;
use frontdesk_sip_message::{Host, SipUri};
use frontdesk_sip_stack::{Flow, Transport};

const HERE: &str = "192.0.2.1:5060";
const THERE: &str = "192.0.2.2:5060";

/// A bench, and what it noted.
struct Side {
    calls: Calls,
    notes: Vec<Note>,
    /// Legs that speak, and since when; a caller's ends after a second.
    speaking: Vec<(u32, Moment, bool)>,
    legs: u16,
}

impl Side {
    fn new(own: &str, other: &str, calls: u32, answers: bool) -> Side {
        let (local, remote): (SocketAddr, SocketAddr) = (own.parse().unwrap(), other.parse().unwrap());
        let name = NameAddr::new(SipUri::new(Some("bench"), Host::Ip(remote.ip()), None));
        let party = Party { name, credentials: None };
        let target = SipUri::new(Some("anybody"), Host::Ip(remote.ip()), Some(5060)).into();
        let plan = BenchPlan {
            target: (!answers).then_some(target),
            calls,
            rate: 10.0,
            talk: Duration::from_secs(1),
            patience: Duration::from_secs(3),
            codec: Codec::Pcmu,
            keys: String::new(),
            caller: party.clone(),
            callee: answers.then_some(Callee { party, registrar: None, ring: Duration::from_millis(500) }),
            flow: Flow { transport: Transport::Udp, local, remote },
            mishap: (0.0, Duration::ZERO),
        };
        Side { calls: Calls::new([calls as u8; 32], plan), notes: Vec::new(), speaking: Vec::new(), legs: 0 }
    }

    fn tell(&mut self, input: CallsInput, now: Moment) -> Vec<Vec<u8>> {
        let mut sent = Vec::new();
        self.calls.handle(input, now);
        while let Some(output) = self.calls.poll() {
            match output {
                CallsOutput::Transmit { bytes, .. } => sent.push(bytes),
                CallsOutput::OpenLeg { leg } => {
                    self.legs += 1;
                    let address = Some(SocketAddr::from(([192, 0, 2, 9], 20_000 + self.legs)));
                    self.calls.handle(CallsInput::LegOpened { leg, address }, now);
                }
                CallsOutput::Speak { leg, calls, .. } => self.speaking.push((leg, now, calls)),
                CallsOutput::CloseLeg { leg } => self.speaking.retain(|(other, ..)| *other != leg),
                CallsOutput::Noted(note) => self.notes.push(note),
            }
        }
        sent
    }

    fn count(&self, fits: impl Fn(&Note) -> bool) -> usize {
        self.notes.iter().filter(|note| fits(note)).count()
    }
}

/// Lets time pass in steps of 10 ms; messages need one step. `deaf` lets nothing through.
fn play(caller: &mut Side, callee: &mut Side, seconds: u64, deaf: bool) {
    let flow = |local: &str, remote: &str| {
        let (local, remote) = (local.parse().unwrap(), remote.parse().unwrap());
        Flow { transport: Transport::Udp, local, remote }
    };
    let mut to_callee = caller.tell(CallsInput::Start, Moment::ZERO);
    let mut to_caller = callee.tell(CallsInput::Start, Moment::ZERO);
    for step in 1..=seconds * 100 {
        let now = Moment::from_millis(step * 10);
        let (there, here) = (std::mem::take(&mut to_callee), std::mem::take(&mut to_caller));
        for bytes in there.into_iter().filter(|_| !deaf) {
            let input = SipInput::Received { flow: flow(THERE, HERE), bytes };
            to_caller.extend(callee.tell(CallsInput::Sip(input), now));
        }
        for bytes in here {
            let input = SipInput::Received { flow: flow(HERE, THERE), bytes };
            to_callee.extend(caller.tell(CallsInput::Sip(input), now));
        }
        let finished: Vec<u32> = caller
            .speaking
            .iter()
            .filter(|(_, since, calls)| *calls && now.since(*since) >= Duration::from_secs(1))
            .map(|(leg, ..)| *leg)
            .collect();
        for leg in finished {
            to_callee.extend(caller.tell(CallsInput::LegFinished { leg }, now));
        }
        to_callee.extend(caller.tell(CallsInput::Tick, now));
        to_caller.extend(callee.tell(CallsInput::Tick, now));
    }
}

#[test]
fn every_call_is_placed_at_its_time_answered_after_its_ring_and_ended() {
    let (mut caller, mut callee) = (Side::new(HERE, THERE, 20, false), Side::new(THERE, HERE, 1, true));
    play(&mut caller, &mut callee, 6, false);
    assert_eq!(caller.count(|note| *note == Note::Placed), 20);
    assert_eq!(caller.count(|note| *note == Note::Completed), 20, "{:?}", caller.notes);
    assert_eq!((caller.notes.last(), caller.count(|note| *note == Note::Done)), (Some(&Note::Done), 1));
    assert_eq!((caller.calls.standing(), callee.calls.standing()), (0, 0));
    assert_eq!(callee.count(|note| *note == Note::Taken), 20);
    let rung = |after: &Duration| (500..=540).contains(&after.as_millis());
    assert_eq!(caller.count(|note| matches!(note, Note::Answered(after) if rung(after))), 20);
    assert_eq!(caller.count(|note| matches!(note, Note::Ringing(after) if after.as_millis() <= 30)), 20);
}

#[test]
fn calls_that_nobody_answers_are_given_up_and_told_once() {
    let (mut caller, mut callee) = (Side::new(HERE, THERE, 3, false), Side::new(THERE, HERE, 1, true));
    play(&mut caller, &mut callee, 5, true);
    assert_eq!(caller.count(|note| matches!(note, Note::Failed(why) if why == "not answered in time")), 3);
    assert_eq!(
        (caller.count(|note| *note == Note::Completed), caller.count(|note| *note == Note::Done)),
        (0, 1)
    );
    assert_eq!(caller.calls.standing(), 0);
}

#[test]
fn a_bench_that_stops_ends_its_calls_and_places_no_more() {
    let (mut caller, mut callee) = (Side::new(HERE, THERE, 100, false), Side::new(THERE, HERE, 1, true));
    play(&mut caller, &mut callee, 1, false);
    let placed = caller.count(|note| *note == Note::Placed);
    caller.tell(CallsInput::Stop, Moment::from_millis(1_001));
    caller.tell(CallsInput::Tick, Moment::from_millis(5_000));
    assert!((9..=11).contains(&placed), "{placed}");
    assert_eq!((caller.count(|note| *note == Note::Placed), caller.calls.standing()), (placed, 0));
    assert_eq!(caller.count(|note| *note == Note::Done), 1);
}
