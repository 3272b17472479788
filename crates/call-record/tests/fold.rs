//! From facts to a record: a whole call, broken calls, and any sequence of facts at all.

mod story;

use frontdesk_call_record::{
    CallRecord, Cause, EndReason, Fact, FaultCode, FoldFault, LegRole, Speaker, TransferEnd, TransferKind,
    Whose,
};
use frontdesk_identifiers::WallTime;
use story::{CALL, START_US, call_id, said, sales_call, stamp, transferred};

#[test]
fn a_call_to_sales_becomes_its_record() {
    let record = CallRecord::fold(&sales_call()).unwrap();
    assert_eq!(record.call, call_id(CALL));
    assert_eq!(record.started_at, WallTime::from_unix_micros(START_US));
    assert_eq!(record.started, record.started_at.to_string());
    assert_eq!(record.called.as_str(), "100");
    assert_eq!((record.ringing_us, record.answered_us), (Some(1_000), Some(2_000)));
    let steps: Vec<_> =
        record.steps.iter().map(|step| (step.step.as_str(), step.answer.as_deref())).collect();
    assert_eq!(steps, [("greeting", None), ("wish", Some("sales")), ("to_sales", None)]);
    assert_eq!(record.turns.len(), 1);
    assert_eq!(record.turns[0].total_us, 912_000);
    let transfer = &record.transfers[0];
    assert_eq!((transfer.target.as_str(), transfer.outcome), ("1001", Some(TransferEnd::Completed)));
    assert!(transfer.ringing_us < transfer.answered_us && transfer.answered_us <= transfer.bridged_us);
    assert!(record.recordings[0].kept);
    assert_eq!(
        record.streams.iter().map(|stream| stream.leg).collect::<Vec<_>>(),
        [LegRole::Caller, LegRole::Callee]
    );
    assert_eq!(record.streams[0].codec.as_deref(), Some("PCMU"));
    assert_eq!(record.streams[0].counters.unwrap().received, 500);
    let end = record.end.unwrap();
    assert_eq!((end.reason, end.fault), (EndReason::CalleeHungUp, None));
    assert_eq!((record.facts_out_of_place, record.facts_missing), (0, 0));
}

#[test]
fn the_transcript_stands_in_the_order_in_which_things_were_said() {
    // The caller cuts in: the desk's sentence is told after the caller's first sound, but was begun before.
    let facts = [
        stamp(0, 900_000, said("who are you", 400_000)),
        stamp(
            1,
            950_000,
            Fact::DeskSaid {
                text: "welcome to".into(),
                started_us: Some(100_000),
                ended_us: 420_000,
                completed: false,
                heard_ms: 320,
            },
        ),
    ];
    let record = CallRecord::fold(&facts).unwrap();
    let lines: Vec<_> = record.transcript.iter().map(|line| (line.who, line.completed)).collect();
    assert_eq!(lines, [(Speaker::Desk, false), (Speaker::Caller, true)]);
}

#[test]
fn a_record_without_its_end_is_open_and_is_closed_as_interrupted() {
    let mut facts = sales_call();
    facts.pop();
    let open = CallRecord::fold(&facts).unwrap();
    assert!(open.is_open());
    let later = WallTime::from_unix_micros(START_US + 3_600_000_000);
    let end = open.interrupted(later).expect("an open record can be closed");
    assert_eq!((end.number, end.since_start_us), (open.last_number + 1, open.last_us));
    facts.push(end);
    let closed = CallRecord::fold(&facts).unwrap();
    let end = closed.end.clone().unwrap();
    assert_eq!((end.reason, end.at), (EndReason::Interrupted, later));
    assert_eq!(end.fault.map(|fault| (fault.whose, fault.code)), Some((Whose::Operator, FaultCode::Killed)));
    assert_eq!(closed.interrupted(later), None, "a closed record is closed once");
}

#[test]
fn a_second_end_changes_nothing_and_is_counted() {
    let mut facts = sales_call();
    let number = facts.len() as u32;
    facts.push(stamp(number, 99_000_000, Fact::CallEnded { reason: EndReason::NetworkFailed, fault: None }));
    let record = CallRecord::fold(&facts).unwrap();
    assert_eq!(record.end.unwrap().reason, EndReason::CalleeHungUp);
    assert_eq!(record.facts_out_of_place, 1);
}

#[test]
fn facts_in_any_order_and_twice_make_the_same_record() {
    let facts = sales_call();
    let expected = CallRecord::fold(&facts).unwrap();
    let mut shuffled: Vec<_> = facts.iter().rev().cloned().collect();
    shuffled.extend(facts.iter().take(5).cloned());
    assert_eq!(CallRecord::fold(&shuffled).unwrap(), expected);
}

#[test]
fn shed_facts_are_seen_as_missing() {
    let mut facts = sales_call();
    facts.remove(0);
    facts.remove(3);
    let record = CallRecord::fold(&facts).unwrap();
    assert_eq!(record.facts_missing, 2);
    assert_eq!(record.admitted_by, None, "the opening fact was one of them");
    assert_eq!(record.started_at, WallTime::from_unix_micros(START_US), "any fact tells when the call began");
}

#[test]
fn facts_without_what_they_belong_to_are_counted_and_harm_nothing() {
    let facts = [
        stamp(0, 1, Fact::TransferAnswered),
        stamp(1, 2, Fact::NotUnderstood),
        stamp(2, 3, Fact::RecordingEnded { seconds: 1.0, gap_ms: 0, paused_ms: 0, kept: true }),
    ];
    assert_eq!(CallRecord::fold(&facts).unwrap().facts_out_of_place, 3);
}

#[test]
fn a_second_transfer_gets_its_own_outcome_and_its_own_stream() {
    let mut facts = transferred(0, TransferEnd::Busy);
    facts.extend(transferred(10, TransferEnd::Completed));
    let record = CallRecord::fold(&facts).unwrap();
    let outcomes: Vec<_> = record.transfers.iter().filter_map(|transfer| transfer.outcome).collect();
    assert_eq!(outcomes, [TransferEnd::Busy, TransferEnd::Completed]);
    assert_eq!(record.streams.len(), 2);
}

#[test]
fn no_facts_or_facts_of_two_calls_make_no_record() {
    assert_eq!(CallRecord::fold([]), Err(FoldFault::Empty));
    let mut other = stamp(1, 0, Fact::Answered);
    other.call = call_id(2);
    let mixed = FoldFault::Mixed { first: call_id(CALL), second: call_id(2) };
    assert_eq!(CallRecord::fold(&[stamp(0, 0, Fact::Ringing), other]), Err(mixed));
}

#[test]
fn who_was_called_for_a_referral_takes_the_place_of_who_was_talked_with() {
    let started = |target: &str, kind| Fact::TransferStarted { target: target.into(), kind };
    let facts = [
        stamp(0, 0, started("1001", TransferKind::Dialled)),
        stamp(1, 1, Fact::TransferAnswered),
        stamp(2, 2, Fact::Referred { by: LegRole::Callee, target: "1002".into() }),
        stamp(3, 3, started("1002", TransferKind::Blind)),
        stamp(4, 4, Fact::TransferEnded { outcome: TransferEnd::Busy }),
        stamp(5, 5, started("1003", TransferKind::Blind)),
        stamp(6, 6, Fact::TransferAnswered),
        stamp(7, 7, Fact::PartyLeft { leg: LegRole::Callee }),
        stamp(8, 8, Fact::TransferEnded { outcome: TransferEnd::Completed }),
    ];
    let record = CallRecord::fold(&facts).unwrap();
    let seen: Vec<_> =
        record.transfers.iter().map(|one| (one.target.as_str(), one.outcome, one.ended_us)).collect();
    let (talked, busy) = (Some(TransferEnd::Completed), Some(TransferEnd::Busy));
    assert_eq!(seen, [("1001", talked, Some(7)), ("1002", busy, Some(4)), ("1003", talked, Some(8))]);
    assert_eq!(record.facts_out_of_place, 0);
}

#[test]
fn every_cause_says_what_to_do_and_stands_in_the_transcript() {
    for cause in Cause::ALL {
        assert!(!cause.words().is_empty() && cause.remedy().len() > 20, "{cause:?}");
    }
    let (cause, whose, evidence) = (Cause::NoAck, Whose::Network, "no ACK within 32 s".to_owned());
    let record = CallRecord::fold(&[stamp(0, 0, Fact::Diagnosed { cause, whose, evidence })]).unwrap();
    let text = record.transcript_text();
    assert!(text.contains("never acknowledged (network): no ACK within 32 s"), "{text}");
    assert!(text.contains("SIP ALG"), "{text}");
}
