//! Telephones of other makers that pass their callers on: blind, and attended by joining two of their calls (REFER with
//! Replaces, RFC 3891, RFC 5589 §7).

use crate::rig::baresip::{Baresip, Style as BaresipStyle};
use crate::rig::desk::Desk;
use crate::rig::linphone::{Linphone, Style};
use crate::rig::records::reason;
use crate::rig::speech::{HEARD, Speech};
use frontdesk_call_record::{EndReason, TransferEnd};
use std::thread::sleep;
use std::time::Duration;

/// What a listener needs to hear a sentence that is said again and again, wherever it begins to listen.
const A_SENTENCE: Duration = Duration::from_millis(4_500);
/// How much of what was heard last is listened to, in milliseconds.
const LAST: usize = 4_000;

/// What each of the three says.
struct Sentences {
    caller: Speech,
    reception: Speech,
    sales: Speech,
}

impl Sentences {
    fn new() -> Sentences {
        Sentences {
            caller: Speech::say("I want to buy bicycles", "slt"),
            reception: Speech::say("Reception, one moment", "rms"),
            sales: Speech::say("Here is the sales room", "awb"),
        }
    }
}

fn said(words: &Speech) -> Speech {
    Speech(words.0.clone()).again_and_again()
}

#[test]
fn linphone_passes_its_caller_on_without_asking() {
    let mut desk = Desk::open_to_telephones(&[], &[], "");
    let words = Sentences::new();
    let mut caller = Linphone::register("1003", &said(&words.caller), Style::udp(&desk));
    let mut reception = Linphone::register("1002", &said(&words.reception), Style::answering(&desk));
    let mut sales = Linphone::register("1001", &said(&words.sales), Style::answering(&desk));
    caller.call("1002", 1);
    sleep(A_SENTENCE);
    let sales_address = reception.address("1001");
    reception.types(&format!("transfer {sales_address}"));
    sales.talks(1);
    reception.call_ended(1);
    sleep(A_SENTENCE);
    caller.types("terminate");
    sales.call_ended(1);

    let record = desk.closed_record();
    let transfers: Vec<_> = record.transfers.iter().map(|one| (one.target.as_str(), one.outcome)).collect();
    let completed = Some(TransferEnd::Completed);
    assert_eq!(transfers, [("1002", completed), ("1001", completed)]);
    assert_eq!(reason(&record), EndReason::CallerHungUp);
    for phone in [&mut caller, &mut reception, &mut sales] {
        phone.quit();
    }
    words.reception.must_be_in(&caller.heard(), "the caller, at first");
    words.sales.must_be_in(&caller.heard().last(LAST), "the caller, afterwards");
    words.caller.must_be_in(&reception.heard(), "the reception");
    words.caller.must_be_in(&sales.heard(), "the sales room");
    assert!(words.reception.likeness_in(&sales.heard()) < HEARD, "the reception talks on to the sales room");
    desk.close();
}

#[test]
fn linphone_joins_its_two_calls() {
    let mut desk = Desk::open_to_telephones(&[], &[], "");
    let words = Sentences::new();
    let mut caller = Linphone::register("1003", &said(&words.caller), Style::udp(&desk));
    let mut reception = Linphone::register("1002", &said(&words.reception), Style::answering(&desk));
    let mut sales = Baresip::register_as("1001", &said(&words.sales), BaresipStyle::udp(&desk));
    caller.call("1002", 1);
    sleep(A_SENTENCE);
    reception.types("pause");
    reception.says("its caller is on hold", "is now paused");
    reception.call("1001", 2);
    sleep(A_SENTENCE);
    reception.types("transfer 1 --to-call 2");
    reception.call_ended(2);
    sleep(A_SENTENCE);
    caller.types("terminate");
    let over = |line: &str| line.contains("terminated");
    sales.program.wait_for("its call is over", Duration::from_secs(8), over);

    let records = desk.closed_records(2);
    let [main, question] = records.as_slice() else { panic!("{records:?}") };
    let transfers: Vec<_> = main.transfers.iter().map(|one| (one.target.as_str(), one.outcome)).collect();
    let completed = Some(TransferEnd::Completed);
    assert_eq!(transfers, [("1002", completed), ("1001", completed)]);
    assert_eq!(reason(main), EndReason::CallerHungUp);
    assert_eq!(reason(question), EndReason::Transferred);
    for phone in [&mut caller, &mut reception] {
        phone.quit();
    }
    sales.program.stop(Duration::from_secs(8));
    words.reception.must_be_in(&caller.heard(), "the caller, at first");
    words.sales.must_be_in(&caller.heard().last(LAST), "the caller, afterwards");
    words.caller.must_be_in(&reception.heard(), "the reception (its caller)");
    words.sales.must_be_in(&reception.heard(), "the reception (whom it asked)");
    words.reception.must_be_in(&sales.heard(), "the sales room, at first");
    words.caller.must_be_in(&sales.heard().last(LAST), "the sales room, afterwards");
    desk.close();
}
