//! What must be true after every run, whatever happened in it.

use super::apart::tenants_are_apart;
use super::network::Sent;
use super::robot::RobotCall;
use super::world::World;
use frontdesk_call_record::{CallRecord, EndReason, Fact, LegRole, StampedFact};
use frontdesk_identifiers::{CallId, Moment};
use frontdesk_sip_message::{Message, Method, StatusCode};
use frontdesk_sip_stack::{Census, SessionEnd};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

/// All checks; the records, oldest first. Panics with the seed of the run.
pub fn everything(world: &World) -> Vec<CallRecord> {
    nothing_is_left(world);
    sound_was_asked_properly(world);
    every_invite_has_one_final_response(world);
    every_final_response_is_acknowledged(world);
    no_transaction_outlives_its_time(world);
    let records = records_add_up(world);
    records_tell_the_truth(world, &records);
    tenants_are_apart(world, &records);
    records
}

/// No call, leg, transaction, dialog or nonce outlives its call by more than 64·T1 and the life of a nonce.
pub fn nothing_is_left(world: &World) {
    let census = world.census();
    let replay = world.replay();
    assert_eq!((census.calls, census.legs), (0, 0), "{replay}: calls or legs are left");
    assert_eq!(census.over_trunks, 0, "{replay}: a trunk's meter counts calls that are over");
    // The desk's own registrations at trunks go on, as those of telephones do.
    let (bindings, registrations) = (census.sip.bindings, census.sip.registrations);
    let quiet = Census { bindings, registrations, ..Census::default() };
    assert_eq!(census.sip, quiet, "{replay}: something is left in the desk's stack");
    assert_eq!(world.sound.open_ports(), 0, "{replay}: ports are left");
    let gone = world.gone();
    for robot in world.robots().iter().filter(|robot| !gone.contains(&robot.person.address)) {
        let census = robot.census();
        // A carrier that this desk is registered with has its binding, and the nonce of the last refresh.
        let (registrations, bindings) = (census.registrations, census.bindings);
        let nonces = if bindings > 0 { census.nonces } else { 0 };
        let quiet = Census { registrations, bindings, nonces, ..Census::default() };
        assert_eq!(census, quiet, "{replay}: something is left at {}", robot.person.address);
    }
}

/// No order for a port that is not there, one `Close` for each `Open`, bridges in pairs.
pub fn sound_was_asked_properly(world: &World) {
    let faults = world.sound.faults();
    if !faults.is_empty() {
        world.facts().iter().for_each(|fact| println!("{fact:?}"));
    }
    assert_eq!(faults, &[] as &[String], "{}", world.replay());
}

type Transaction = (SocketAddr, String, String);

/// 64·T1: how long a request is repeated that nobody answers, and a final response to an INVITE that nobody acknowledges
/// (RFC 3261 §17.1.2.2, §17.2.1, §13.3.1.4).
const TRANSACTION: Duration = Duration::from_secs(32);

fn transaction(sent: &Sent, asker: SocketAddr) -> Option<Transaction> {
    let headers = sent.message.headers();
    let branch = headers.top_via().ok()?.branch()?.to_owned();
    Some((asker, headers.call_id().ok()?.to_owned(), branch))
}

fn is_of_invite(sent: &Sent) -> bool {
    sent.message.headers().cseq().is_ok_and(|cseq| cseq.method == Method::INVITE)
}

fn status(sent: &Sent) -> Option<StatusCode> {
    match &sent.message {
        Message::Response(response) if is_of_invite(sent) => Some(response.status),
        _ => None,
    }
}

fn request(sent: &Sent, method: &Method) -> bool {
    matches!(&sent.message, Message::Request(request) if request.method == *method)
}

/// Whether it was said between the desk and somebody whose connection broke.
fn was_cut(world: &World, sent: &Sent) -> bool {
    world.was_cut().contains(&sent.from) || world.was_cut().contains(&sent.to)
}

/// Every INVITE that reached the other side is answered by exactly one final response, however often it is repeated.
pub fn every_invite_has_one_final_response(world: &World) {
    let mut finals: BTreeMap<Transaction, BTreeSet<(u16, Option<String>)>> = BTreeMap::new();
    let trace = world.network.trace();
    for sent in trace.iter().filter(|sent| status(sent).is_some_and(|status| status.is_final())) {
        let tag = sent.message.headers().to().ok().and_then(|to| to.tag().map(str::to_owned));
        let code = status(sent).map_or(0, |status| status.as_u16());
        finals.entry(transaction(sent, sent.to).expect("a transaction")).or_default().insert((code, tag));
    }
    let asked = trace.iter().filter(|sent| request(sent, &Method::INVITE) && sent.arrived);
    let answerable = |sent: &&Sent| {
        !world.gone().contains(&sent.to) && !world.unreachable().contains(&sent.from) && !was_cut(world, sent)
    };
    for sent in asked.filter(answerable) {
        let transaction = transaction(sent, sent.from).expect("a transaction");
        let answers = finals.get(&transaction);
        let one = answers.is_some_and(|answers| answers.len() == 1);
        if !one {
            print_dialog(world, &transaction.1);
        }
        assert!(one, "{}: the INVITE {transaction:?} to {} has {answers:?}", world.replay(), sent.to);
    }
}

/// Nobody repeats a request, nor a final response to an INVITE, later than 64·T1 after it was first sent: an INVITE that
/// is answered provisionally is repeated no more, and what is pending then is no transaction of a request that waits.
pub fn no_transaction_outlives_its_time(world: &World) {
    let mut first: BTreeMap<(SocketAddr, String, String, String), Moment> = BTreeMap::new();
    for sent in world.network.trace() {
        let headers = sent.message.headers();
        let what = match &sent.message {
            // An ACK answers, as often as a 2xx is repeated.
            Message::Request(request) if request.method != Method::ACK => request.method.to_string(),
            Message::Response(response) if response.status.is_final() && is_of_invite(sent) => {
                response.status.to_string()
            }
            _ => continue,
        };
        let Some(branch) = headers.top_via().ok().and_then(|via| via.branch().map(str::to_owned)) else {
            continue;
        };
        let name = (sent.from, headers.call_id().unwrap_or_default().to_owned(), branch, what);
        let since = *first.entry(name.clone()).or_insert(sent.at);
        assert!(
            sent.at.since(since) <= TRANSACTION,
            "{}: {name:?} is said again after 64·T1",
            world.replay()
        );
    }
}

/// Whether no response at all reached who asked within 64·T1, less what a datagram is on its way: then the INVITE is
/// forgotten (RFC 3261 §17.1.1.2, timer B), and what comes later is nobody's.
fn gave_up(world: &World, asked: &(SocketAddr, String, u32)) -> bool {
    let trace = world.network.trace();
    let first = trace.iter().find(|sent| request(sent, &Method::INVITE) && name(sent, sent.from) == *asked);
    let answer =
        trace.iter().find(|sent| sent.arrived && status(sent).is_some() && name(sent, sent.to) == *asked);
    first.zip(answer).is_some_and(|(first, answer)| answer.at.since(first.at) > Duration::from_millis(31_500))
}

/// Who asked, in which dialog, with which number.
fn name(sent: &Sent, asker: SocketAddr) -> (SocketAddr, String, u32) {
    let headers = sent.message.headers();
    (asker, headers.call_id().unwrap_or_default().to_owned(), headers.cseq().map_or(0, |cseq| cseq.number))
}

/// Everything that went over the wire with this Call-ID.
pub fn print_dialog(world: &World, call_id: &str) {
    let named = |sent: &&Sent| sent.message.headers().call_id() == Ok(call_id);
    for sent in world.network.trace().iter().filter(named) {
        let first = match &sent.message {
            Message::Request(request) => request.method.to_string(),
            Message::Response(response) => response.status.to_string(),
        };
        let cseq = sent.message.headers().cseq().map(|cseq| cseq.to_string()).unwrap_or_default();
        let lost = if sent.arrived { "" } else { " (lost)" };
        println!("{:>9} ms {} → {} {first} [{cseq}]{lost}", sent.at.as_millis(), sent.from, sent.to);
    }
}

/// Every final response to an INVITE that reached who called is acknowledged.
pub fn every_final_response_is_acknowledged(world: &World) {
    let trace = world.network.trace();
    let acks: BTreeSet<_> =
        trace.iter().filter(|sent| request(sent, &Method::ACK)).map(|sent| name(sent, sent.from)).collect();
    let finals =
        trace.iter().filter(|sent| sent.arrived && status(sent).is_some_and(|status| status.is_final()));
    for sent in finals.filter(|sent| !world.gone().contains(&sent.to) && !was_cut(world, sent)) {
        let name = name(sent, sent.to);
        if gave_up(world, &name) {
            continue;
        }
        if !acks.contains(&name) {
            print_dialog(world, &name.1);
        }
        assert!(acks.contains(&name), "{}: {:?} to {name:?} has no ACK", world.replay(), status(sent));
    }
}

/// Facts are numbered without a gap, go forward in time, and are closed once, by the last; every fact fits.
pub fn records_add_up(world: &World) -> Vec<CallRecord> {
    let replay = world.replay();
    let mut calls: BTreeMap<CallId, Vec<&StampedFact>> = BTreeMap::new();
    for fact in world.facts() {
        calls.entry(fact.call).or_default().push(fact);
    }
    let mut records = Vec::new();
    for (call, facts) in &calls {
        for (number, fact) in facts.iter().enumerate() {
            assert_eq!(fact.number as usize, number, "{replay}: facts of {call} in order");
            let last = number + 1 == facts.len();
            assert_eq!(
                matches!(fact.fact, Fact::CallEnded { .. }),
                last,
                "{replay}: the end of {call}: {facts:#?}"
            );
        }
        let forward = facts.windows(2).all(|pair| pair[0].since_start_us <= pair[1].since_start_us);
        assert!(forward, "{replay}: time of {call} goes back");
        let record = CallRecord::fold(facts.iter().copied()).expect("the facts make a record");
        let faults = (record.facts_out_of_place, record.facts_missing);
        assert_eq!(faults, (0, 0), "{replay}: facts of {call} out of place: {facts:#?}");
        for transfer in &record.transfers {
            assert!(transfer.outcome.is_some(), "{replay}: a transfer of {call} has no outcome");
        }
        for recording in &record.recordings {
            assert!(recording.seconds.is_some(), "{replay}: {recording:?} of {call}: {facts:#?}");
        }
        records.push(record);
    }
    records.sort_by_key(|record| record.started_at);
    records
}

/// The Call-ID of whoever is the caller in the end: another session may have taken the first one's place.
fn callers_last_session<'a>(world: &'a World, record: &'a CallRecord) -> &'a str {
    let replaced = |fact: &'a StampedFact| match &fact.fact {
        Fact::Replaced { leg: LegRole::Caller, sip_call_id } if fact.call == record.call => {
            Some(sip_call_id.as_str())
        }
        _ => None,
    };
    world.facts().iter().filter_map(replaced).next_back().unwrap_or(&record.sip_call_id)
}

/// What the record says of the end is what the caller saw of it.
pub fn records_tell_the_truth(world: &World, records: &[CallRecord]) {
    for record in records {
        let caller = callers_last_session(world, record);
        let called = |call: &&RobotCall| call.is_named(caller);
        // Who is gone, or whose connection broke, saw nothing of the end.
        let saw = |address| !world.gone().contains(address) && !world.was_cut().contains(address);
        let there = world.robots().iter().filter(|robot| saw(&robot.person.address));
        let Some(seen) = there.flat_map(|robot| robot.calls().values()).find(called) else { continue };
        let reason = record.end.as_ref().expect("a closed record").reason;
        let context = || {
            print_dialog(world, caller);
            let facts = world.facts().iter().filter(|fact| fact.call == record.call);
            facts.for_each(|fact| println!("{:>9} ms {:?}", fact.since_start_us / 1_000, fact.fact));
            format!("{}: {reason:?}, but {seen:#?}", world.replay())
        };
        let mistaken = matches!(reason, EndReason::DeskFailed | EndReason::Interrupted);
        assert!(!mistaken, "{}", context());
        match reason {
            EndReason::CallerHungUp | EndReason::Cancelled => assert!(seen.hung_up, "{}", context()),
            EndReason::DeskHungUp | EndReason::CalleeHungUp => {
                // Who gave up while the answer was on its way does not see it any more; nor does who owes the PRACK to a
                // 183, on which the 200 waits (RFC 3262 §3), when the person who answered hangs up meanwhile.
                let refused = matches!(&seen.ended, Some((_, SessionEnd::Refused { status, .. })) if status.as_u16() == 480);
                let kept_back = refused && seen.progress.contains(&183);
                assert!(seen.answered.is_some() || seen.hung_up || kept_back, "{}", context());
            }
            EndReason::NoSuchNumber => {
                let refused = matches!(&seen.ended, Some((_, SessionEnd::Refused { status, .. })) if status.as_u16() == 404);
                // Or none of the refusals arrived.
                let deaf = matches!(&seen.ended, Some((_, SessionEnd::NoResponse)));
                assert!(refused || deaf || seen.hung_up, "{}", context());
            }
            _ => {}
        }
        if seen.answered.is_some() {
            assert!(record.answered_us.is_some(), "{}", context());
        }
    }
}
