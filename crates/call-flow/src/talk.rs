//! Conversations written down, as tests of a flow: what the caller does, and what the desk must do.
//!
//! ```text
//! # reception_sales.talk
//! desk:   says "Welcome to …"
//! caller: "I'd like to buy something"
//! desk:   transfers phone:1001
//! phone:  busy
//! desk:   says "Sales is busy …"
//! ```
//!
//! | line | meaning |
//! |---|---|
//! | `caller: "…"` | says it, when the desk has finished; `caller: "…" at once` interrupts |
//! | `caller: mumbles "…"` | says it so that the ears are not sure |
//! | `caller: makes a noise` | is heard, without a word in it |
//! | `caller: presses 2` | presses keys, when the desk has finished; `… at once` meanwhile |
//! | `caller: says nothing` | lets the time for an answer pass |
//! | `caller: hangs up` | leaves |
//! | `phone: busy`, `no answer`, `declined`, `unreachable` | what becomes of the transfer |
//! | `phone: answers`, `phone: hangs up` | the two talk, and have talked |
//! | `ears: fail` | the desk cannot hear any more |
//! | `desk: says "…"` | it must say this; `…` stands for any words; other sayings before it are passed over |
//! | `desk: transfers phone:1001`, `desk: hangs up` | it must do this; neither may be passed over |
//! | `desk: is done`, `desk: gives up` | the talk or the caller ended it; the flow went round in circles |
//! | `step: wish` | it must come to this step |
//! | `house: company.name = "Acme"`, `language: de-DE` | before all else: what the run is told |

mod line;
mod rehearsal;

pub use rehearsal::Rehearsal;

use crate::context::Context;
use crate::fault::Fault;
use crate::flow::Flow;
use line::{Line, Refused};
use std::sync::Arc;

/// A transcript with more lines than this is no conversation.
const MAX_LINES: usize = 10_000;

/// A transcript that was read: a conversation with its expectations.
#[derive(Debug, Clone, PartialEq)]
pub struct Talk {
    file: String,
    context: Context,
    lines: Vec<(u32, Line)>,
}

impl Talk {
    /// Reads a transcript. `file` is how faults name it; all faults are told at once.
    pub fn read(file: &str, text: &str) -> Result<Talk, Vec<Fault>> {
        let mut talk = Talk { file: file.to_owned(), context: Context::new(), lines: Vec::new() };
        let mut faults = Vec::new();
        for (number, text) in (1u32..).zip(text.lines().take(MAX_LINES)) {
            match Line::read(text) {
                Ok(None) => {}
                Ok(Some(line)) => talk.take(number, line, &mut faults),
                Err(refused) => faults.push(talk.fault(number, refused)),
            }
        }
        if faults.is_empty() && !talk.lines.iter().any(|(_, line)| line.expects()) {
            let what = "the transcript expects nothing of the desk".to_owned();
            faults.push(
                talk.fault(
                    1,
                    Refused { what, remedy: "add a line such as desk: transfers phone:1001".into() },
                ),
            );
        }
        if faults.is_empty() { Ok(talk) } else { Err(faults) }
    }

    /// Plays the conversation. The protocol of what was said and done, or the first line that went otherwise.
    pub fn play(&self, flow: &Arc<Flow>) -> Result<Vec<String>, Fault> {
        let mut rehearsal = Rehearsal::new(Arc::clone(flow), self.context.clone());
        let mut protocol = rehearsal.protocol();
        for (number, line) in &self.lines {
            let went = rehearsal.take(line);
            protocol.append(&mut rehearsal.protocol());
            went.map_err(|refused| self.fault(*number, refused))?;
        }
        let last = self.lines.last().map_or(1, |(number, _)| *number);
        rehearsal.pass_over().map_err(|refused| {
            let what = refused.what.replace("before this the desk", "at the end the desk");
            self.fault(last, Refused { what, remedy: refused.remedy })
        })?;
        Ok(protocol)
    }

    fn take(&mut self, number: u32, line: Line, faults: &mut Vec<Fault>) {
        let settles = matches!(line, Line::House { .. } | Line::Language(_));
        if settles && !self.lines.is_empty() {
            let what = "what the run is told stands behind what happens".to_owned();
            faults.push(
                self.fault(number, Refused { what, remedy: "move it to the top of the transcript".into() }),
            );
        }
        match line {
            Line::House { word, value } => {
                self.context.words.insert(word, value);
            }
            Line::Language(locale) => self.context.locale = Some(locale),
            line => self.lines.push((number, line)),
        }
    }

    fn fault(&self, line: u32, refused: Refused) -> Fault {
        Fault { file: self.file.clone(), line, column: 1, what: refused.what, remedy: refused.remedy }
    }
}
