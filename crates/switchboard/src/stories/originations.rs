//! Calls that begin at the desk.

use crate::originate::{Origination, OriginationId, OriginationNews, OriginationRefusal, Then};
use crate::testing::{Bench, described, number, tenant};
use frontdesk_call_record::EndReason;
use frontdesk_identifiers::FlowId;
use frontdesk_sip_stack::{Admission, SipEvent};
use std::time::Duration;

fn wanted(first: &str, then: Then) -> Origination {
    Origination {
        id: OriginationId(1),
        tenant: tenant("main"),
        shown: (Some("Callback".to_owned()), number("100")),
        first: number(first),
        ring: Duration::from_secs(20),
        then,
    }
}

fn to(text: &str) -> Then {
    Then::Number(number(text))
}

fn ended(bench: &Bench) -> Option<EndReason> {
    bench.news.iter().find_map(|news| match news {
        OriginationNews::Ended(reason) => Some(*reason),
        _ => None,
    })
}

#[test]
fn the_first_is_rung_and_then_the_second_and_they_talk() {
    let mut bench = Bench::new();
    bench.originate(wanted("1001", to("1002")));
    assert!(matches!(bench.news[..], [OriginationNews::Began(_)]));
    let first = bench.session_to(101);
    let shown = bench.invited()[0].from.clone();
    assert_eq!((shown.display.as_deref(), shown.uri.user().as_deref()), (Some("Callback"), Some("100")));
    bench.progress(first, 180, None);
    assert_eq!(bench.invited().len(), 1, "the second is not disturbed before the first is there");
    bench.answer(first, described(101));
    assert_eq!(bench.news.last(), Some(&OriginationNews::Answered));
    let second = bench.session_to(102);
    assert_eq!(bench.invited()[1].from.uri.user().as_deref(), Some("1001"), "the second sees the first");
    bench.progress(second, 180, None);
    bench.answer(second, described(102));
    assert!(bench.only_talk(first, second));
    bench.hangs_up(first);
    assert!(bench.was_ended(second));
    assert_eq!(ended(&bench), Some(EndReason::CallerHungUp));
    assert_eq!(bench.board.census().legs, 0);
    assert_eq!(
        bench.told(0),
        [
            "transfer_started",
            "transfer_ringing",
            "transfer_answered",
            "bridged",
            "transfer_ended",
            "call_ended"
        ]
    );
}

#[test]
fn the_first_is_put_to_a_flow() {
    let mut bench = Bench::new();
    bench.originate(wanted("1002", Then::Flow(FlowId::new("reception").unwrap())));
    let first = bench.session_to(102);
    bench.answer(first, described(102));
    let sales = bench.session_to(101);
    bench.answer(sales, described(101));
    assert!(bench.only_talk(first, sales), "the flow put it through");
}

#[test]
fn the_first_does_not_come() {
    for (code, reason) in [(486, EndReason::CalleeBusy), (603, EndReason::CalleeDeclined)] {
        let mut bench = Bench::new();
        bench.originate(wanted("1001", to("1002")));
        bench.refuses(bench.session_to(101), code, None);
        assert_eq!(ended(&bench), Some(reason));
    }
    let mut bench = Bench::new();
    bench.originate(wanted("1001", to("1002")));
    bench.progress(bench.session_to(101), 180, None);
    bench.pass(Duration::from_secs(21));
    assert_eq!(ended(&bench), Some(EndReason::CalleeNoAnswer));
    assert_eq!(bench.invited().len(), 1);
    let mut bench = Bench::new();
    bench.originate(wanted("777", to("1002")));
    assert_eq!(ended(&bench), Some(EndReason::CalleeUnreachable));
    assert_eq!(bench.board.census().calls, 0);
}

#[test]
fn the_second_does_not_come() {
    let mut bench = Bench::new();
    bench.originate(wanted("1001", to("1002")));
    let first = bench.session_to(101);
    bench.answer(first, described(101));
    bench.refuses(bench.session_to(102), 486, None);
    assert!(bench.was_ended(first));
    assert_eq!(ended(&bench), Some(EndReason::CalleeBusy));
}

#[test]
fn it_is_given_up_while_it_rings() {
    let mut bench = Bench::new();
    bench.originate(wanted("1001", to("1002")));
    let first = bench.session_to(101);
    bench.progress(first, 180, None);
    bench.cancel_origination(OriginationId(1));
    assert!(bench.was_ended(first));
    assert_eq!(ended(&bench), Some(EndReason::Cancelled));
    assert_eq!(bench.told(0), ["call_ended"]);
    bench.cancel_origination(OriginationId(1));
}

#[test]
fn what_cannot_be_is_refused() {
    let mut bench = Bench::new();
    let nobodys = Origination { tenant: tenant("nobody"), ..wanted("1001", to("1002")) };
    bench.originate(nobodys);
    bench.originate(wanted("1001", Then::Flow(FlowId::new("lost").unwrap())));
    assert_eq!(
        bench.news,
        [
            OriginationNews::Refused(OriginationRefusal::NoSuchTenant),
            OriginationNews::Refused(OriginationRefusal::NoSuchFlow)
        ]
    );
    assert_eq!(bench.facts.len(), 0);
}

#[test]
fn another_telephone_picks_up_what_rings_at_the_first() {
    let mut bench = Bench::new();
    bench.originate(wanted("1001", to("1002")));
    let first = bench.session_to(101);
    bench.progress(first, 180, None);
    let admission = Admission::Account { username: "1003".to_owned() };
    let picker = bench.calls(admission, 103, "1001", Some(first));
    assert!(bench.was_ended(first));
    assert_eq!(bench.news.last(), Some(&OriginationNews::Answered));
    bench.sip(SipEvent::Confirmed { session: picker, description: None });
    let second = bench.session_to(102);
    assert_eq!(bench.invited()[1].from.uri.user().as_deref(), Some("1003"), "who picked it up");
    bench.answer(second, described(102));
    assert!(bench.only_talk(picker, second));
    bench.hangs_up(picker);
    assert_eq!(ended(&bench), Some(EndReason::CallerHungUp));
    assert_eq!(bench.board.census().legs, 0);
}
