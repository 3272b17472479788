//! Callers in a room: each hears what the others say, and nobody himself.

use crate::rig::capture::{Capture, sound};
use crate::rig::desk::{Desk, Number};
use crate::rig::flows::MEETING;
use crate::rig::records::reason;
use crate::rig::sipp::{Playing, Sipp, sound_place};
use crate::rig::speech::{HEARD, Speech};
use frontdesk_call_record::EndReason;

#[test]
fn three_callers_meet_in_a_room_and_hear_each_other() {
    let mut desk = Desk::open(&[Number { number: "700", flow: MEETING, record: false }]);
    let first = Speech::say("Good morning everybody, shall we begin", "rms");
    let second = Speech::say("Yes, I have brought the figures of last month", "slt");
    // One after the other: who speaks at once is mixed, and neither would be known again by his likeness.
    let turns = [first.clone().between_silence(2_500, 7_000), second.clone().between_silence(6_500, 3_000)];
    let silence = Speech(vec![0; 8_000 * 12]);
    let capture = Capture::start();
    let start = |speech: &Speech| {
        let sipp = Sipp::new(&desk, "speak").dial("700").file("speech.ulaw", &speech.ulaw());
        sipp.arguments(&["-d", "11000"]).start()
    };
    let mut callers: Vec<Playing> = turns.iter().chain([&silence]).map(start).collect();
    callers.iter_mut().for_each(Playing::succeed);
    let records = desk.closed_records(3);
    let captured = capture.stop();
    desk.close();

    let heard = |caller: &Playing| {
        let invite =
            caller.sent().into_iter().find(|message| message.starts_with("INVITE")).expect("an INVITE");
        Speech(sound(&captured.rtp_to(sound_place(&invite))))
    };
    let [one, two, three] = [heard(&callers[0]), heard(&callers[1]), heard(&callers[2])];
    first.must_be_in(&two, "the second caller");
    first.must_be_in(&three, "the third caller");
    second.must_be_in(&one, "the first caller");
    second.must_be_in(&three, "the third caller");
    assert!(first.likeness_in(&one) < HEARD, "the first caller hears itself");
    assert!(second.likeness_in(&two) < HEARD, "the second caller hears itself");
    for record in &records {
        assert_eq!(reason(record), EndReason::CallerHungUp);
        assert_eq!(record.transfers.first().map(|transfer| transfer.target.as_str()), Some("room:monday"));
    }
}
