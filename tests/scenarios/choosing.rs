//! A caller chooses, by key or by words, or does not.

use frontdesk_call_record::{EndReason, TransferEnd};
use frontdesk_tests::simulator::{Deed, House, WhenCalled, World, answered, asked};

#[test]
fn a_key_chooses() {
    let mut world = World::new(1, &House::default());
    let sales = world.phone("1001", WhenCalled::answer(1_500, vec![answered(3_000, Deed::HangUp)]));
    let caller = world.caller();
    let call = world.call(caller, "100", vec![asked(1, Deed::Press('1'))]);
    let records = world.settle();
    assert_eq!(records.len(), 1);
    let record = &records[0];
    assert_eq!(record.end.as_ref().unwrap().reason, EndReason::CalleeHungUp);
    assert_eq!(record.transfers[0].outcome, Some(TransferEnd::Completed));
    assert!(world.seen(call).answered.is_some());
    assert!(world.received(sales).answered.is_some());
}
