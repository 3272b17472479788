//! What no single step shows: loops that never listen, steps that nobody reaches, ways that never end.

use crate::source::toml::{Exit, Reading};
use crate::step::Step;
use std::collections::{BTreeMap, BTreeSet};
use toml::de::DeTable;

/// Every loop listens: a round of `say` steps alone would talk for ever.
pub(crate) fn rounds_of_talk(reading: &mut Reading<'_>, steps: &BTreeMap<String, Step>) {
    let mut walked = BTreeSet::new();
    for first in steps.keys() {
        let mut way: Vec<(&str, usize)> = Vec::new();
        let mut here = first.as_str();
        while let Some(Step::Say(say)) = steps.get(here) {
            if !walked.insert(here) {
                if let Some(start) = way.iter().position(|(name, _)| *name == here) {
                    report_round(reading, &way[start..]);
                }
                break;
            }
            way.push((here, say.next.at));
            here = &say.next.to;
        }
    }
}

fn report_round(reading: &mut Reading<'_>, round: &[(&str, usize)]) {
    let closes_at = round.iter().map(|(_, at)| *at).max().unwrap_or_default();
    let names = round.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" → ");
    let what = format!("the steps {names} go round without ever listening");
    reading.fault(closes_at, what, "lead one of them to an ask, a transfer or a hang_up");
}

/// Every step is reached from the start, and from every step some way ends.
pub(crate) fn ways(
    reading: &mut Reading<'_>,
    steps: &BTreeMap<String, Step>,
    start: &Exit,
    document: &DeTable<'_>,
) {
    let reached = reached(steps, start);
    let ending = ending(steps);
    for (name, at) in step_places(document) {
        if !steps.contains_key(name) {
            continue;
        }
        if !reached.contains(name) {
            let what = format!("no way leads to step `{name}`");
            reading.fault(at, what, "lead to it from another step, or take it out");
        } else if !ending.contains(name) {
            let what = format!("from step `{name}` no way ever ends the call");
            reading.fault(at, what, "let some exit lead to a hang_up or a transfer");
        }
    }
}

fn reached<'a>(steps: &'a BTreeMap<String, Step>, start: &'a Exit) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut next = vec![start.to.as_str()];
    while let Some(name) = next.pop() {
        if reached.insert(name) {
            next.extend(steps.get(name).into_iter().flat_map(Step::exits).map(|exit| exit.to.as_str()));
        }
    }
    reached
}

/// The steps from which some way ends, found backwards from the ends.
fn ending(steps: &BTreeMap<String, Step>) -> BTreeSet<&str> {
    let mut backwards: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, step) in steps {
        for exit in step.exits() {
            backwards.entry(&exit.to).or_default().push(name);
        }
    }
    let mut ending = BTreeSet::new();
    let ends = |step: &Step| matches!(step, Step::HangUp(_) | Step::Transfer(_));
    let mut next: Vec<&str> =
        steps.iter().filter(|(_, step)| ends(step)).map(|(name, _)| name.as_str()).collect();
    while let Some(name) = next.pop() {
        if ending.insert(name) {
            next.extend(backwards.get(name).into_iter().flatten());
        }
    }
    ending
}

fn step_places<'t>(document: &'t DeTable<'_>) -> Vec<(&'t str, usize)> {
    let table =
        document.iter().find(|(key, _)| key.get_ref() == "step").and_then(|(_, v)| v.get_ref().as_table());
    table.into_iter().flatten().map(|(key, _)| (key.get_ref().as_ref(), key.span().start)).collect()
}
