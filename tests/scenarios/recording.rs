//! A call is recorded when its number says so, and only then.

use frontdesk_tests::simulator::{Deed, House, WhenCalled, World, answered, asked, at};
use std::path::Path;

#[test]
fn a_number_that_records_has_its_file_and_another_has_none() {
    let mut world = World::new(6, &House::default());
    world.phone("1001", WhenCalled::answer(500, vec![answered(3_000, Deed::HangUp)]));
    let (first, second) = (world.caller(), world.caller());
    world.call(first, "101", vec![asked(1, Deed::Press('1'))]);
    world.call(second, "102", vec![asked(1, Deed::Press('1'))]);
    let mut records = world.settle();
    records.sort_by_key(|record| record.called.as_str().to_owned());
    let (recorded, other) = (&records[0], &records[1]);
    assert_eq!(other.recordings, []);
    let file = format!("recordings/{}.wav", recorded.call);
    assert_eq!(recorded.recordings[0].file, file);
    let path = Path::new("/var/lib/desk/tenants/main").join(file);
    assert_eq!(world.sound.recordings(), [path], "under the data folder, the tenant and the call");
}

#[test]
fn a_call_to_a_telephone_is_not_recorded() {
    let mut world = World::new(6, &House::default());
    world.phone("1001", WhenCalled::answer(500, vec![answered(3_000, Deed::HangUp)]));
    world.run(std::time::Duration::from_millis(500));
    let caller = world.caller();
    world.call(caller, "1001", vec![]);
    assert_eq!(world.settle()[0].recordings, []);
    assert!(world.sound.recordings().is_empty());
}

#[test]
fn a_caller_who_gives_up_before_the_answer_leaves_no_recording() {
    for moment in 0..30 {
        let mut world = World::new(6, &House::default());
        let caller = world.caller();
        let call = world.call(caller, "101", vec![at(moment, Deed::HangUp)]);
        let record = world.settle().pop();
        if world.seen(call).answered.is_none()
            && record.as_ref().is_some_and(|record| record.answered_us.is_none())
        {
            assert_eq!(record.unwrap().recordings, []);
        }
    }
}
