//! One file for each figure of the RFC.

mod figure_5_invite_client;
mod figure_6_plain_client;
mod figure_7_invite_server;
mod figure_8_plain_server;

use super::{Effect, Limits};
use crate::settings::TimerSettings;
use frontdesk_identifiers::Moment;

const TIMES: TimerSettings = TimerSettings {
    t1: std::time::Duration::from_millis(500),
    t2: std::time::Duration::from_secs(4),
    t4: std::time::Duration::from_secs(5),
};

/// Over datagrams.
const LIMITS: Limits = Limits { times: TIMES, reliable: false };

/// Over a stream.
const STREAM: Limits = Limits { times: TIMES, reliable: true };

fn at(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

fn sends(effects: &[Effect]) -> usize {
    effects.iter().filter(|effect| matches!(effect, Effect::Send(_))).count()
}
