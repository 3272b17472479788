//! Calls to tell, shared by the tests.
#![allow(dead_code)] // each test file uses its part

use frontdesk_call_record::{
    AdmittedBy, EndReason, Fact, LegRole, Party, StampedFact, StreamSummary, TransferEnd, TurnKind, Waterfall,
};
use frontdesk_identifiers::{CallId, FlowId, TenantId, WallTime};

pub const CALL: u8 = 1;
/// 2026-11-20T14:23:12.042Z
pub const START_US: u64 = 1_795_184_592_042_000;

pub fn call_id(chance: u8) -> CallId {
    CallId::new(WallTime::from_unix_micros(START_US), [chance; 10])
}

pub fn stamp(number: u32, since_start_us: u64, fact: Fact) -> StampedFact {
    StampedFact {
        tenant: TenantId::new("main").unwrap(),
        call: call_id(CALL),
        number,
        at: WallTime::from_unix_micros(START_US + since_start_us),
        since_start_us,
        fact,
    }
}

pub fn step(name: &str) -> Fact {
    let flow = FlowId::new("reception").unwrap();
    Fact::StepEntered { flow, flow_hash: "5eed".to_owned(), step: name.to_owned() }
}

pub fn said(text: &str, first_voice_us: u64) -> Fact {
    Fact::CallerSaid {
        text: text.into(),
        mean_log_probability: -0.125,
        first_voice_us,
        last_voice_us: first_voice_us + 800_000,
        recognised_us: first_voice_us + 1_450_000,
    }
}

pub fn desk_said(text: &str, started_us: u64, ended_us: u64) -> Fact {
    let heard_ms = ((ended_us - started_us) / 1_000) as u32;
    Fact::DeskSaid { text: text.into(), started_us: Some(started_us), ended_us, completed: true, heard_ms }
}

/// The wait for the reply to `sales please`: 612 ms of silence, 35 ms of recognition, 1 ms of flow, a prompt
/// that was ready, and the next tick.
pub fn waterfall() -> Waterfall {
    Waterfall {
        kind: TurnKind::Voice,
        last_voice_us: 5_900_000,
        turn_ended_us: Some(6_512_000),
        recognised_us: Some(6_547_000),
        decided_us: Some(6_548_000),
        prompt_ready_us: Some(6_548_000),
        first_packet_us: 6_812_000,
    }
}

/// A caller from outside who asks for sales and is put through.
pub fn sales_call() -> Vec<StampedFact> {
    let caller = Party { name: Some("Ada Example".into()), number: "+4930123456".into() };
    let counters = StreamSummary { received: 500, sent: 480, ..StreamSummary::default() };
    let facts = [
        (
            0,
            Fact::CallStarted {
                caller,
                called: "100".into(),
                sip_call_id: "a84b4c76e66710@192.0.2.7".to_owned(),
                admitted_by: AdmittedBy::Peer("carrier".to_owned()),
            },
        ),
        (1_000, Fact::Ringing),
        (2_000, Fact::Answered),
        (2_100, Fact::MediaAgreed { leg: LegRole::Caller, codec: "PCMU".to_owned(), secured_by: None }),
        (20_000, Fact::MediaArrived { leg: LegRole::Caller }),
        (2_200, Fact::RecordingStarted { file: "recordings/1.wav".to_owned() }),
        (2_300, step("greeting")),
        (2_500_000, desk_said("Welcome to Example.", 300_000, 2_500_000)),
        (2_500_100, step("wish")),
        (5_000_000, desk_said("Sales or support?", 2_520_000, 5_000_000)),
        (6_547_000, said("sales please", 5_100_000)),
        (6_548_000, Fact::Understood { answer: "sales".to_owned(), by_key: false, score: 0.9375 }),
        (6_548_100, step("to_sales")),
        (6_548_200, Fact::TransferStarted { target: "1001".into(), kind: Default::default() }),
        (6_812_000, Fact::TurnAnswered(waterfall())),
        (6_900_000, Fact::TransferRinging),
        (9_000_000, Fact::TransferAnswered),
        (9_000_100, Fact::MediaAgreed { leg: LegRole::Callee, codec: "PCMA".to_owned(), secured_by: None }),
        (9_000_200, Fact::Bridged),
        (12_000_000, Fact::TransferEnded { outcome: TransferEnd::Completed }),
        (12_100_000, Fact::RecordingEnded { seconds: 12.0, gap_ms: 0, paused_ms: 0, kept: true }),
        (12_200_000, Fact::StreamClosed { leg: LegRole::Callee, counters }),
        (12_300_000, Fact::StreamClosed { leg: LegRole::Caller, counters }),
        (12_400_000, Fact::CallEnded { reason: EndReason::CalleeHungUp, fault: None }),
    ];
    facts.into_iter().enumerate().map(|(number, (at, fact))| stamp(number as u32, at, fact)).collect()
}

/// One try to put through, its facts numbered from `first`.
pub fn transferred(first: u32, outcome: TransferEnd) -> Vec<StampedFact> {
    let counters = StreamSummary::default();
    [
        Fact::TransferStarted { target: "1001".into(), kind: Default::default() },
        Fact::TransferRinging,
        Fact::MediaAgreed { leg: LegRole::Callee, codec: "PCMU".to_owned(), secured_by: None },
        Fact::StreamClosed { leg: LegRole::Callee, counters },
        Fact::TransferEnded { outcome },
    ]
    .into_iter()
    .zip(first..)
    .map(|(fact, number)| stamp(number, u64::from(number) * 1_000, fact))
    .collect()
}
