//! One line of a transcript.

use crate::answer::KEYS;
use crate::words::{TransferOutcome, TransferTarget};
use frontdesk_identifiers::Locale;

/// What is wrong with a line, and what to do; the file and the line are the reader's to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) what: String,
    pub(crate) remedy: String,
}

impl Refused {
    pub(crate) fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Refused { what: what.into(), remedy: remedy.into() }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Line {
    /// What the caller does; at once means before the desk has finished speaking.
    Caller {
        act: CallerAct,
        at_once: bool,
    },
    Phone(PhoneAct),
    EarsFail,
    Desk(Expected),
    /// The step that must be come to.
    Step(String),
    House {
        word: String,
        value: String,
    },
    Language(Locale),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum CallerAct {
    Says { text: String, sure: bool },
    Presses(Vec<char>),
    MakesANoise,
    SaysNothing,
    HangsUp,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum PhoneAct {
    Answers,
    Ends(TransferOutcome),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expected {
    Says(Pattern),
    Transfers(TransferTarget),
    HangsUp,
    IsDone,
    GivesUp,
}

impl Line {
    /// Reads a line; nothing if it is empty or a remark.
    pub(crate) fn read(text: &str) -> Result<Option<Line>, Refused> {
        let text = without_remark(text).trim();
        if text.is_empty() {
            return Ok(None);
        }
        let who = "begin the line with caller:, desk:, phone:, ears:, step:, house: or language:";
        let (actor, act) =
            text.split_once(':').ok_or_else(|| Refused::new("the line says nobody's part", who))?;
        let act = act.trim();
        let line = match actor.trim() {
            "caller" => caller(act)?,
            "phone" => Line::Phone(phone(act)?),
            "ears" if act == "fail" => Line::EarsFail,
            "desk" => Line::Desk(desk(act)?),
            "step" if !act.is_empty() && !act.contains(char::is_whitespace) => Line::Step(act.to_owned()),
            "house" => house(act)?,
            "language" => Line::Language(
                Locale::new(act).map_err(|error| Refused::new(error.to_string(), "write language: en-US"))?,
            ),
            "ears" => return Err(Refused::new(format!("ears cannot `{act}`"), "write ears: fail")),
            "step" => return Err(Refused::new(format!("`{act}` is no step"), "write step: wish")),
            other => return Err(Refused::new(format!("`{other}` has no part here"), who)),
        };
        Ok(Some(line))
    }

    /// Whether the line can go wrong because of what the desk does.
    pub(crate) fn expects(&self) -> bool {
        matches!(self, Line::Desk(_) | Line::Step(_))
    }
}

fn caller(act: &str) -> Result<Line, Refused> {
    let remedy = "write caller: \"…\", mumbles \"…\", presses 2, makes a noise, says nothing or hangs up";
    let (act, at_once) = match act.strip_suffix("at once") {
        Some(act) => (act.trim_end(), true),
        None => (act, false),
    };
    let says = |text: &str, sure| quoted(text).map(|text| CallerAct::Says { text, sure });
    let read = match act {
        "makes a noise" => Some(CallerAct::MakesANoise),
        "says nothing" if !at_once => Some(CallerAct::SaysNothing),
        "hangs up" => Some(CallerAct::HangsUp),
        _ => None,
    };
    let read = read
        .or_else(|| says(act, true))
        .or_else(|| act.strip_prefix("says").and_then(|text| says(text, true)))
        .or_else(|| act.strip_prefix("mumbles").and_then(|text| says(text, false)))
        .or_else(|| act.strip_prefix("presses").and_then(keys).map(CallerAct::Presses));
    match read {
        Some(act) => Ok(Line::Caller { act, at_once }),
        None => Err(Refused::new(format!("a caller cannot `{act}`"), remedy)),
    }
}

fn keys(text: &str) -> Option<Vec<char>> {
    let keys: Vec<char> =
        text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
    let fits = !keys.is_empty() && keys.len() <= 32 && keys.iter().all(|key| KEYS.contains(*key));
    fits.then_some(keys)
}

fn phone(act: &str) -> Result<PhoneAct, Refused> {
    Ok(match act {
        "answers" => PhoneAct::Answers,
        "hangs up" => PhoneAct::Ends(TransferOutcome::Completed),
        "busy" => PhoneAct::Ends(TransferOutcome::Busy),
        "no answer" => PhoneAct::Ends(TransferOutcome::NoAnswer),
        "declined" => PhoneAct::Ends(TransferOutcome::Declined),
        "unreachable" => PhoneAct::Ends(TransferOutcome::Unreachable),
        other => {
            let remedy = "write phone: answers, hangs up, busy, no answer, declined or unreachable";
            return Err(Refused::new(format!("a phone cannot `{other}`"), remedy));
        }
    })
}

fn desk(act: &str) -> Result<Expected, Refused> {
    let remedy = "write desk: says \"…\", transfers phone:1001, hangs up, is done or gives up";
    let refused = || Refused::new(format!("the desk cannot `{act}`"), remedy);
    match act {
        "hangs up" => return Ok(Expected::HangsUp),
        "is done" => return Ok(Expected::IsDone),
        "gives up" => return Ok(Expected::GivesUp),
        _ => {}
    }
    if let Some(text) = act.strip_prefix("says") {
        let text =
            quoted(text).or_else(|| (text.trim() == "…").then(|| "…".to_owned())).ok_or_else(refused)?;
        return Ok(Expected::Says(Pattern::new(&text)));
    }
    let target = act.strip_prefix("transfers").map(str::trim).ok_or_else(refused)?;
    let target = TransferTarget::read(target).map_err(|fault| Refused::new(fault.to_string(), remedy))?;
    Ok(Expected::Transfers(target))
}

fn house(act: &str) -> Result<Line, Refused> {
    let read = act.split_once('=').and_then(|(word, value)| Some((word.trim(), quoted(value)?)));
    match read.filter(|(word, _)| crate::source::template::is_word_name(word)) {
        Some((word, value)) => Ok(Line::House { word: word.to_owned(), value }),
        None => Err(Refused::new(format!("`{act}` sets no word"), "write house: company.name = \"Acme\"")),
    }
}

/// What stands between two quotation marks, straight or curved.
fn quoted(text: &str) -> Option<String> {
    let text = text.trim().strip_prefix(['"', '“'])?.strip_suffix(['"', '”'])?;
    (!text.contains('"')).then(|| text.to_owned())
}

/// A `#` outside quotation marks begins a remark, at the start of the line or behind a space: `#` is a key too.
fn without_remark(text: &str) -> &str {
    let mut quoted = false;
    let mut before = ' ';
    for (at, letter) in text.char_indices() {
        match letter {
            '"' | '“' | '”' => quoted = !quoted,
            '#' if !quoted
                && before.is_whitespace()
                && text.get(at + 1..).is_none_or(|t| t.is_empty() || t.starts_with(' ')) =>
            {
                let is_key = text.get(..at).is_some_and(|before| before.trim_end().ends_with("presses"));
                if !is_key {
                    return text.get(..at).unwrap_or_default();
                }
            }
            _ => {}
        }
        before = letter;
    }
    text
}

/// Words with gaps: `…` or `...` stands for any words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<String>);

impl Pattern {
    pub(crate) fn new(text: &str) -> Self {
        let one_space = |part: &str| part.split_whitespace().collect::<Vec<_>>().join(" ");
        Pattern(text.replace("...", "…").split('…').map(one_space).collect())
    }

    pub(crate) fn matches(&self, said: &str) -> bool {
        let [first, rest @ ..] = self.0.as_slice() else { return false };
        let Some(mut left) = said.strip_prefix(first.as_str()) else { return false };
        let Some((last, between)) = rest.split_last() else { return left.is_empty() };
        for part in between {
            match left.split_once(part.as_str()) {
                Some((_, after)) => left = after,
                None => return false,
            }
        }
        left.ends_with(last.as_str())
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join(" … "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read() {
        let says = |text: &str, sure, at_once| {
            Some(Line::Caller { act: CallerAct::Says { text: text.to_owned(), sure }, at_once })
        };
        for (text, line) in [
            ("", None),
            ("  # a remark", None),
            ("caller: \"I'd like sales\"", says("I'd like sales", true, false)),
            ("caller: says \"sales: now # please\" at once # hurry", says("sales: now # please", true, true)),
            ("caller:   mumbles “sales”", says("sales", false, false)),
            (
                "caller: presses 1 2#",
                Some(Line::Caller { act: CallerAct::Presses(vec!['1', '2', '#']), at_once: false }),
            ),
            ("caller: presses #", Some(Line::Caller { act: CallerAct::Presses(vec!['#']), at_once: false })),
            ("phone: no answer", Some(Line::Phone(PhoneAct::Ends(TransferOutcome::NoAnswer)))),
            ("ears: fail", Some(Line::EarsFail)),
            ("step: wish", Some(Line::Step("wish".into()))),
            ("desk: says …", Some(Line::Desk(Expected::Says(Pattern::new("…"))))),
        ] {
            assert_eq!(Line::read(text), Ok(line), "{text}");
        }
        for text in [
            "hello",
            "callr: \"x\"",
            "caller: sales",
            "caller: presses x",
            "caller: says nothing at once",
            "phone: rings",
            "desk: transfers 1001",
            "desk: transfers phone:sales",
            "desk: says hello",
            "ears: grow",
            "step:",
            "house: Company = \"x\"",
            "language: english",
        ] {
            assert!(Line::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn gaps_stand_for_any_words() {
        for (pattern, said, fits) in [
            ("Hello.", "Hello.", true),
            ("Hello.", "Hello. There.", false),
            ("Welcome …", "Welcome to Acme.", true),
            ("… to reception.", "I will put you through to reception.", true),
            ("Sales … busy …", "Sales is busy; wait.", true),
            ("Sales ... busy", "Sales is busy; wait.", false),
            ("…", "anything", true),
            ("aba…aba", "aba", false),
        ] {
            assert_eq!(Pattern::new(pattern).matches(said), fits, "{pattern} {said}");
        }
    }
}
