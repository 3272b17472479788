//! `frontdesk doctor`: what stands between this machine and a working desk, checked from outside in.
//!
//! Each check is a function that gives [`Finding`]s: what was looked at, what was found, and what to do where that is not as
//! it should be. Nothing is changed: a registration that is tried is taken back, and the call that the desk places to
//! itself has a desk, ports and a folder of its own.

mod addresses;
pub mod certificates;
mod clock;
mod finding;
mod knock;
mod machine;
mod peers;
mod ports;
mod self_call;
mod trunks;

pub use addresses::own_addresses;
pub use finding::{Finding, Verdict};

use crate::settings::Settings;

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// Whether trunks and peers are spoken with: trunks' names looked up and registered at, both asked.
    pub trunks: bool,
    /// Whether the desk calls itself.
    pub self_call: bool,
}

/// Looks at everything, in the order in which one thing needs the other; `tell` gets each finding as it is made.
pub async fn examine(settings: &Settings, scope: Scope, mut tell: impl FnMut(&Finding)) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut take = |made: Vec<Finding>| {
        made.iter().for_each(&mut tell);
        findings.extend(made);
    };
    take(machine::data_folder(settings));
    take(machine::disk(settings));
    take(clock::look(settings).await);
    let ports = ports::signalling(settings).await;
    let running = ports.iter().any(|port| port.is_ours);
    take(ports.into_iter().map(|port| port.finding).collect());
    take(ports::sound(settings, running));
    take(addresses::look(settings).await);
    take(certificates::look(settings));
    take(certificates::signed_callers(settings));
    take(machine::ears(settings));
    take(machine::voice(settings));
    if scope.trunks {
        take(trunks::look(settings, running).await);
        take(peers::look(settings).await);
    }
    if scope.self_call {
        take(self_call::call().await);
    }
    findings
}
