//! What others rely on: serialised names, masked `Debug`, and the texts for people.

mod story;

use frontdesk_call_record::{
    AdmittedBy, CallRecord, EndReason, Fact, Fault, FaultCode, Level, Notice, Party, StampedFact, Whose,
};
use story::{desk_said, said, sales_call, stamp, waterfall};

/// Records of last year are read next year: this text may only be added to.
#[test]
fn the_serialised_form_is_stable() {
    let started = Fact::CallStarted {
        caller: Party { name: None, number: "1002".into() },
        called: "100".into(),
        sip_call_id: "x".to_owned(),
        admitted_by: AdmittedBy::Account("1002".to_owned()),
    };
    let fault = Some(Fault::of(Whose::Network, FaultCode::NoMedia));
    for (fact, written) in [
        (
            started,
            r#"{"fact":"call_started","caller":{"number":"1002"},"called":"100","sip_call_id":"x","admitted_by":{"account":"1002"}}"#,
        ),
        (
            said("sales", 5),
            r#"{"fact":"caller_said","text":"sales","mean_log_probability":-0.125,"first_voice_us":5,"last_voice_us":800005,"recognised_us":1450005}"#,
        ),
        (
            Fact::TurnAnswered(waterfall()),
            r#"{"fact":"turn_answered","kind":"voice","last_voice_us":5900000,"turn_ended_us":6512000,"recognised_us":6547000,"decided_us":6548000,"prompt_ready_us":6548000,"first_packet_us":6812000}"#,
        ),
        (
            Fact::Noticed { notice: Notice::EarsFailed, fault: None },
            r#"{"fact":"noticed","notice":"ears_failed"}"#,
        ),
        (
            Fact::CallEnded { reason: EndReason::MediaTimeout, fault },
            r#"{"fact":"call_ended","reason":"media_timeout","fault":{"whose":"network","code":"no_media"}}"#,
        ),
    ] {
        assert_eq!(serde_json::to_string(&fact).unwrap(), written);
        assert_eq!(serde_json::from_str::<Fact>(written).unwrap(), fact);
    }
    let whole = stamp(3, 7, Fact::Ringing);
    let written = serde_json::to_string(&whole).unwrap();
    assert_eq!(serde_json::from_str::<StampedFact>(&written).unwrap(), whole);
}

#[test]
fn every_reason_is_serialised_under_its_name() {
    for reason in EndReason::ALL {
        assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
    }
    let mut names: Vec<_> = EndReason::ALL.iter().map(|reason| reason.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), EndReason::ALL.len());
}

#[test]
fn a_log_shows_neither_words_nor_names_nor_numbers() {
    let facts = sales_call();
    let record = CallRecord::fold(&facts).unwrap();
    for shown in [format!("{facts:?}"), format!("{record:?}"), format!("{record:#?}")] {
        for secret in ["sales please", "Welcome", "Ada", "4930123456", "1001"] {
            assert!(!shown.contains(secret), "{secret} shows");
        }
    }
    assert!(record.transcript_text().contains("Ada Example <+4930123456>"), "the operator's own eyes see it");
}

#[test]
fn what_is_wrong_stands_out() {
    let fault = Some(Fault::of(Whose::Desk, FaultCode::Bug));
    assert_eq!(Fact::Ringing.level(), Level::Event);
    assert_eq!(Fact::TurnAnswered(waterfall()).level(), Level::Detail);
    assert_eq!(Fact::CallEnded { reason: EndReason::DeskFailed, fault }.level(), Level::Warning);
    assert_eq!(
        Fact::RecordingEnded { seconds: 1.0, gap_ms: 0, paused_ms: 0, kept: false }.level(),
        Level::Warning
    );
}

#[test]
fn the_transcript_reads_like_a_conversation() {
    let text = CallRecord::fold(&sales_call()).unwrap().transcript_text();
    let lines: Vec<&str> = text.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "Ada Example <+4930123456> called 100, ended after 0:12.4: callee_hung_up",
            "",
            "  0:00.3  desk    Welcome to Example.",
            "  0:02.5  desk    Sales or support?",
            "  0:05.1  caller  sales please",
            "  0:06.5  put through to 1001: completed",
        ]
    );
}

#[test]
fn keys_and_silence_and_broken_off_words_are_marked_in_the_transcript() {
    let mut stopped = desk_said("Please say sales", 0, 1_000_000);
    if let Fact::DeskSaid { completed, .. } = &mut stopped {
        *completed = false;
    }
    let facts = [
        stamp(0, 1_000_000, stopped),
        stamp(1, 1_100_000, Fact::CallerPressed { key: '2' }),
        stamp(2, 4_000_000, said("", 2_000_000)),
    ];
    let text = CallRecord::fold(&facts).unwrap().transcript_text();
    let lines: Vec<&str> = text.lines().skip(3).collect();
    assert_eq!(
        lines,
        [
            "  0:00.0  desk    Please say sales  [stopped]",
            "  0:01.1  caller  [presses 2]",
            "  0:02.0  caller  [nothing clear]",
        ]
    );
    assert!(text.contains("anonymous called , still open"));
}

#[test]
fn the_waterfall_is_drawn_to_scale_by_stage() {
    let text = CallRecord::fold(&sales_call()).unwrap().waterfall_text();
    let expected = [
        "turn 1, voice: 912 ms from the caller's last sound to the desk's first",
        "  end of turn      612.0 ms |################################                |",
        "  recognised        35.0 ms |                                ##              |",
        "  decided            1.0 ms |                                  #             |",
        "  prompt ready       0.0 ms |                                                |",
        "  first packet     264.0 ms |                                  ##############|",
    ];
    assert_eq!(text.lines().collect::<Vec<_>>(), expected, "{text}");
}

#[test]
fn a_call_without_a_turn_says_so() {
    let record = CallRecord::fold(&[stamp(0, 0, Fact::Ringing)]).unwrap();
    assert_eq!(record.waterfall_text(), "no turn of this call was answered\n");
}
