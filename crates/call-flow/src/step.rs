//! The steps of a flow: one verb each, one file a verb.

pub(crate) mod ask;
pub(crate) mod branch;
pub(crate) mod hang_up;
pub(crate) mod say;
pub(crate) mod transfer;

use crate::source::toml::{Exit, Fields, Reading, kind};
use crate::text::Texts;
use ask::Ask;
use branch::Branch;
use hang_up::HangUp;
use say::Say;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use transfer::Transfer;

/// The verbs that a step can have, as the file writes them.
const VERBS: [&str; 5] = ["say", "ask", "branch", "transfer", "hang_up"];

/// One step that was found sound.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    Say(Say),
    Ask(Ask),
    Branch(Branch),
    Transfer(Transfer),
    HangUp(HangUp),
}

impl Step {
    /// Reads `[step.<name>]`; what is wrong is in the reading.
    pub(crate) fn read(
        reading: &mut Reading<'_>,
        name: &str,
        at: usize,
        value: &Spanned<DeValue<'_>>,
    ) -> Option<Step> {
        let Some(table) = value.get_ref().as_table() else {
            let what = format!("step `{name}` must be a table, and this is {}", kind(value.get_ref()));
            reading.fault(at, what, format!("write [step.{name}] and its fields below"));
            return None;
        };
        let fields = Fields::new(table, format!("step `{name}`"), at);
        match verb(reading, &fields.what, at, table)? {
            "say" => Say::read(reading, fields).map(Step::Say),
            "ask" => Ask::read(reading, fields).map(Step::Ask),
            "branch" => Branch::read(reading, fields).map(Step::Branch),
            "transfer" => Transfer::read(reading, fields).map(Step::Transfer),
            _ => HangUp::read(reading, fields).map(Step::HangUp),
        }
    }

    /// Every way out of the step.
    pub(crate) fn exits(&self) -> Vec<&Exit> {
        match self {
            Step::Say(say) => vec![&say.next],
            Step::Ask(ask) => ask.exits(),
            Step::Branch(branch) => branch.exits(),
            Step::Transfer(transfer) => transfer.exits(),
            Step::HangUp(_) => Vec::new(),
        }
    }

    /// Every text that the step may say.
    pub(crate) fn texts(&self) -> Vec<&Texts> {
        match self {
            Step::Say(say) => vec![&say.text],
            Step::Ask(ask) => std::iter::once(&ask.text).chain(&ask.repeat).collect(),
            Step::Branch(_) => Vec::new(),
            Step::Transfer(transfer) => transfer.announce.iter().collect(),
            Step::HangUp(hang_up) => hang_up.text.iter().collect(),
        }
    }
}

/// The one verb of a step.
fn verb(reading: &mut Reading<'_>, what: &str, at: usize, table: &DeTable<'_>) -> Option<&'static str> {
    let mut verbs = table
        .iter()
        .filter_map(|(key, _)| {
            VERBS.iter().find(|verb| **verb == key.get_ref().as_ref()).map(|v| (key.span().start, *v))
        })
        .collect::<Vec<_>>();
    verbs.sort_unstable();
    let Some((_, first)) = verbs.first().copied() else {
        let near = table.iter().find_map(|(key, _)| {
            crate::fault::did_you_mean(key.get_ref(), VERBS)
                .map(|meant| (key.span().start, key.get_ref(), meant))
        });
        match near {
            Some((at, given, meant)) => {
                reading.fault(
                    at,
                    format!("{what} does not know `{given}`"),
                    format!("did you mean `{meant}`?"),
                );
            }
            None => reading.fault(
                at,
                format!("{what} does nothing"),
                format!("give it one of: {}", VERBS.join(", ")),
            ),
        }
        return None;
    };
    if let Some((second_at, second)) = verbs.get(1) {
        let what = format!("{what} has two verbs, `{first}` and `{second}`");
        reading.fault(*second_at, what, format!("make `{second}` a step of its own, and lead to it"));
        return None;
    }
    Some(first)
}
