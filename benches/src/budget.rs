//! `budget.toml`: what is promised, and what others were measured to need.

use serde::Deserialize;
use std::collections::BTreeMap;

const TEXT: &str = include_str!("../budget.toml");

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Under which circumstances the recorded figures were measured.
    pub recorded_how: String,
    /// Promises, by the figure's name.
    pub promise: BTreeMap<String, Promise>,
    /// Figures of others.
    pub recorded: Vec<Recorded>,
}

/// What a figure should not exceed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promise {
    /// What it is, for people.
    pub what: String,
    /// In what.
    pub unit: String,
    /// What was measured when the promise was made.
    pub measured: f64,
    /// What is promised: what was measured, with a margin for other machines and other days.
    pub at_most: f64,
}

/// A figure of somebody else.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// Which figure it stands beside.
    pub figure: String,
    /// Whose.
    pub who: String,
    /// The figure as text, in the unit of the promise.
    pub value: String,
}

impl Budget {
    /// The file as it was when this was compiled.
    ///
    /// # Panics
    /// When the file is not well formed: a test of this crate holds it.
    pub fn read() -> Budget {
        toml::from_str(TEXT).unwrap_or_else(|fault| panic!("budget.toml: {fault}"))
    }

    /// What others need, as one line of text.
    pub fn others(&self, figure: &str) -> String {
        let of_figure = self.recorded.iter().filter(|recorded| recorded.figure == figure);
        of_figure
            .map(|recorded| format!("{} {}", recorded.who, recorded.value))
            .collect::<Vec<_>>()
            .join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_promise_has_a_margin_and_every_recorded_figure_a_promise() {
        let budget = Budget::read();
        for (name, promise) in &budget.promise {
            // Where nothing is needed, nothing is the promise.
            assert!(promise.at_most > promise.measured || promise.at_most == 0.0, "{name}");
            assert!(promise.measured >= 0.0, "{name}");
        }
        for recorded in &budget.recorded {
            assert!(budget.promise.contains_key(&recorded.figure), "{}", recorded.figure);
        }
    }
}
