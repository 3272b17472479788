//! The fold is total: whatever facts come, in whatever order, there is a record and no panic.

mod story;

use frontdesk_call_record::{
    AdmittedBy, CallRecord, EndReason, Fact, Fault, FaultCode, LegRole, Notice, Party, StampedFact,
    StreamSummary, TransferEnd, TurnKind, Waterfall, Whose,
};
use frontdesk_identifiers::WallTime;
use proptest::prelude::*;
use story::{call_id, stamp, step};

fn time() -> impl Strategy<Value = u64> {
    prop_oneof![0..100_000_000u64, Just(0), Just(u64::MAX)]
}

fn waterfall() -> impl Strategy<Value = Waterfall> {
    let stage = || proptest::option::of(time());
    (time(), stage(), stage(), stage(), stage(), time()).prop_map(
        |(last, ended, recognised, decided, ready, first)| Waterfall {
            kind: TurnKind::Voice,
            last_voice_us: last,
            turn_ended_us: ended,
            recognised_us: recognised,
            decided_us: decided,
            prompt_ready_us: ready,
            first_packet_us: first,
        },
    )
}

fn fact() -> impl Strategy<Value = Fact> {
    let leg = || prop_oneof![Just(LegRole::Caller), Just(LegRole::Callee)];
    let odd_f32 = || prop_oneof![Just(f32::NAN), Just(f32::INFINITY), Just(f32::NEG_INFINITY), -1e9f32..1e9];
    let outcome =
        prop_oneof![Just(TransferEnd::Completed), Just(TransferEnd::Busy), Just(TransferEnd::CallerLeft)];
    let fault = Fault::of(Whose::Network, FaultCode::NoMedia);
    prop_oneof![
        any::<String>().prop_map(|text| Fact::CallStarted {
            caller: Party { name: Some(text.as_str().into()), number: text.as_str().into() },
            called: text.as_str().into(),
            sip_call_id: text.clone(),
            admitted_by: AdmittedBy::Account(text),
        }),
        Just(Fact::Ringing),
        Just(Fact::Answered),
        leg().prop_map(|leg| Fact::MediaAgreed { leg, codec: "PCMU".to_owned(), secured_by: None }),
        leg().prop_map(|leg| Fact::MediaArrived { leg }),
        leg().prop_map(|leg| Fact::StreamClosed { leg, counters: StreamSummary::default() }),
        Just(step("wish")),
        (any::<String>(), proptest::option::of(time()), time(), any::<bool>()).prop_map(
            |(text, started_us, ended_us, completed)| Fact::DeskSaid {
                text: text.into(),
                started_us,
                ended_us,
                completed,
                heard_ms: u32::MAX,
            }
        ),
        (any::<String>(), odd_f32(), time(), time()).prop_map(
            |(text, mean_log_probability, first_voice_us, last_voice_us)| Fact::CallerSaid {
                text: text.into(),
                mean_log_probability,
                first_voice_us,
                last_voice_us,
                recognised_us: last_voice_us,
            }
        ),
        any::<char>().prop_map(|key| Fact::CallerPressed { key }),
        odd_f32().prop_map(|score| Fact::Understood { answer: "sales".to_owned(), by_key: false, score }),
        Just(Fact::NotUnderstood),
        Just(Fact::NoInput),
        waterfall().prop_map(Fact::TurnAnswered),
        Just(Fact::TransferStarted { target: "1001".into(), kind: Default::default() }),
        Just(Fact::TransferRinging),
        Just(Fact::TransferAnswered),
        outcome.prop_map(|outcome| Fact::TransferEnded { outcome }),
        Just(Fact::Bridged),
        any::<String>().prop_map(|file| Fact::RecordingStarted { file }),
        odd_f32().prop_map(|seconds| Fact::RecordingEnded {
            seconds,
            gap_ms: u64::MAX,
            paused_ms: 7,
            kept: false
        }),
        Just(Fact::Noticed { notice: Notice::EarsFailed, fault: Some(fault) }),
        Just(Fact::CallEnded { reason: EndReason::NetworkFailed, fault: Some(fault) }),
    ]
}

fn facts() -> impl Strategy<Value = Vec<StampedFact>> {
    let number = prop_oneof![0..40u32, Just(u32::MAX)];
    let one = (number, time(), fact()).prop_map(|(number, at, fact)| {
        let mut stamped = stamp(number, 0, fact);
        stamped.at = WallTime::from_unix_micros(at);
        stamped.since_start_us = at;
        stamped
    });
    proptest::collection::vec(one, 1..40)
}

proptest! {
    #[test]
    fn any_facts_of_one_call_make_a_record(facts in facts()) {
        let record = CallRecord::fold(&facts).expect("facts of one call");
        prop_assert_eq!(record.call, call_id(story::CALL));
        // One of two with the same number may have been the end, so only this way round.
        if record.end.is_some() {
            prop_assert!(facts.iter().any(|fact| fact.fact.name() == "call_ended"));
        }
        let total = u64::from(u32::MAX) + 1;
        prop_assert!(u64::from(record.facts_missing) + record.transcript.len() as u64 <= total);
        // Whatever came, it can be shown and written and read.
        prop_assert!(!record.transcript_text().is_empty());
        prop_assert!(!record.waterfall_text().is_empty());
        let written = record.to_json().expect("a record is always JSON");
        prop_assert_eq!(serde_json::from_str::<CallRecord>(&written).expect("and reads back"), record);
    }

    #[test]
    fn every_open_record_can_be_closed_as_interrupted(mut facts in facts()) {
        for fact in &mut facts {
            // The highest number of all leaves no room for another; a real call never comes near it.
            fact.number = fact.number.min(u32::MAX - 1);
        }
        let record = CallRecord::fold(&facts).expect("facts of one call");
        if let Some(end) = record.interrupted(WallTime::default()) {
            facts.push(end);
            let closed = CallRecord::fold(&facts).expect("facts of one call");
            prop_assert_eq!(closed.end.expect("closed").reason, EndReason::Interrupted);
        } else {
            prop_assert!(!record.is_open());
        }
    }

    #[test]
    fn every_fact_survives_the_disk(fact in fact()) {
        let written = serde_json::to_string(&fact).expect("a fact is always JSON");
        let read: Fact = serde_json::from_str(&written).expect("and reads back");
        // NaN is not equal to itself, so compare what is written.
        prop_assert_eq!(serde_json::to_string(&read).expect("JSON"), written.clone());
        let name = format!("\"fact\":\"{}\"", fact.name());
        prop_assert!(written.contains(&name), "{} is not named in {}", name, written);
    }
}
