//! Calls to keep, shared by the tests.
#![allow(dead_code)] // each test file uses its part

use frontdesk_call_record::{AdmittedBy, EndReason, Fact, Party, StampedFact};
use frontdesk_identifiers::{CallId, TenantId, WallTime};

/// 2026-11-20T14:23:12Z
pub const START_US: u64 = 1_795_184_592_000_000;

pub fn tenant(name: &str) -> TenantId {
    TenantId::new(name).unwrap()
}

/// Calls of a higher number began later.
pub fn call(number: u8) -> CallId {
    CallId::new(WallTime::from_unix_micros(START_US + u64::from(number) * 1_000_000), [number; 10])
}

pub fn fact(of: &str, call_number: u8, number: u32, fact: Fact) -> StampedFact {
    let since_start_us = u64::from(number) * 1_000;
    let start_us = START_US + u64::from(call_number) * 1_000_000;
    StampedFact {
        tenant: tenant(of),
        call: call(call_number),
        number,
        at: WallTime::from_unix_micros(start_us + since_start_us),
        since_start_us,
        fact,
    }
}

pub fn started(of: &str, call_number: u8) -> StampedFact {
    fact(
        of,
        call_number,
        0,
        Fact::CallStarted {
            caller: Party { name: None, number: "1002".into() },
            called: "100".into(),
            sip_call_id: "abc".to_owned(),
            admitted_by: AdmittedBy::Account("1002".to_owned()),
        },
    )
}

pub fn key(of: &str, call_number: u8, number: u32) -> StampedFact {
    fact(of, call_number, number, Fact::CallerPressed { key: '2' })
}

pub fn ended(of: &str, call_number: u8, number: u32) -> StampedFact {
    fact(of, call_number, number, Fact::CallEnded { reason: EndReason::CallerHungUp, fault: None })
}
