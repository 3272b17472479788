//! A caller of one maker and a telephone of another, put through to each other by what the caller says.

use crate::rig::baresip::Baresip;
use crate::rig::capture::{Capture, sound};
use crate::rig::desk::{Desk, Number};
use crate::rig::flows::RECEPTION;
use crate::rig::records::{reason, steps};
use crate::rig::sipp::{Sipp, sound_place};
use crate::rig::speech::{HEARD, Speech};
use frontdesk_call_record::{EndReason, TransferEnd};

#[test]
fn sipp_asks_for_sales_and_talks_with_baresip() {
    let mut desk = Desk::open(&[Number { number: "100", flow: RECEPTION, record: true }]);
    let wish = Speech::say("I would like to speak to sales please", "rms").between_silence(2_300, 0);
    let caller_says = Speech::say("Good morning, I want to buy a hundred bicycles", "rms");
    let phone_says = Speech::say("This is the sales department, what can we do for you", "awb");
    // Eight and a half seconds after the wish the two have long been put through, and baresip has spoken.
    let speech = Speech([&wish.0[..], &[0; 36_000], &caller_says.0, &[0; 8_000]].concat());
    let length_ms = (speech.seconds() * 1_000.0) as u64;
    let mut phone =
        Baresip::register(&desk, "1001", &Speech(phone_says.0.clone()).between_silence(800, 20_000));

    let capture = Capture::start();
    let sipp = Sipp::new(&desk, "speak").file("speech.ulaw", &speech.ulaw());
    let played = sipp.arguments(&["-d", &length_ms.to_string()]).run();
    let record = desk.closed_record();
    let captured = capture.stop();
    phone
        .program
        .wait_for("its call is over", std::time::Duration::from_secs(5), |line| line.contains("terminated"));
    phone.program.stop(std::time::Duration::from_secs(5));
    desk.close();

    let invite = played.sent().into_iter().find(|message| message.starts_with("INVITE")).expect("an INVITE");
    let heard_by_caller = Speech(sound(&captured.rtp_to(sound_place(&invite))));
    phone_says.must_be_in(&heard_by_caller, "the caller");
    caller_says.must_be_in(&phone.heard(), "the phone");
    // Neither is put into the other's ear by an echo, and the wish was the desk's to hear.
    assert!(caller_says.likeness_in(&heard_by_caller) < HEARD, "the caller hears itself");
    assert!(phone_says.likeness_in(&phone.heard()) < HEARD, "the phone hears itself");
    assert!(wish.likeness_in(&phone.heard()) < HEARD, "the phone hears what was said before it answered");

    assert_eq!(steps(&record), ["wish", "to_sales"]);
    assert_eq!(record.steps[0].answer.as_deref(), Some("sales"), "understood by its words");
    assert!(record.transcript.iter().all(|line| line.key.is_none()));
    let [transfer] = record.transfers.as_slice() else { panic!("{:?}", record.transfers) };
    assert_eq!((transfer.target.as_str(), transfer.outcome), ("1001", Some(TransferEnd::Completed)));
    assert_eq!(reason(&record), EndReason::CallerHungUp);

    let [recording] = record.recordings.as_slice() else { panic!("{:?}", record.recordings) };
    assert!(recording.kept);
    let recorded = Speech::read(&desk.data().join("tenants/main").join(&recording.file));
    caller_says.must_be_in(&recorded, "the recording (the caller)");
    phone_says.must_be_in(&recorded, "the recording (the phone)");
}

#[test]
fn baresip_hangs_up_first() {
    let mut desk = Desk::open(&[]);
    let words = Speech::say("We are closed today", "awb");
    // baresip hangs up at the end of its file.
    let mut phone = Baresip::register(&desk, "1001", &Speech(words.0.clone()).between_silence(600, 1_000));
    let capture = Capture::start();
    let sipp = Sipp::new(&desk, "listen_to_the_end").dial("1001");
    let place = sipp.media;
    sipp.run();
    let record = desk.closed_record();
    words.must_be_in(&Speech(sound(&capture.stop().rtp_to(place))), "the caller");
    assert_eq!(reason(&record), EndReason::CalleeHungUp);
    phone.program.stop(std::time::Duration::from_secs(5));
    desk.close();
}
