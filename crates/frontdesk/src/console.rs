//! What the operator sees while the desk works: a line for each thing that happens.

use frontdesk_call_record::{AdmittedBy, Fact, Party, StampedFact, TransferEnd};
use frontdesk_sip_stack::SipFact;
use frontdesk_switchboard::Notice;
use std::io::Write;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// Whether words that people said, and their names and numbers, are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Words {
    /// They are shown: for a demo, or an operator who looks for a fault.
    Shown,
    /// Only their length is.
    Hidden,
}

/// Lines that wait to be printed. When a terminal is slower than the desk, lines are dropped, never calls.
const CONSOLE_CAPACITY_LINES: usize = 1_024;
/// How long lines gather after some were written: to nobody's eye a delay, and a busy desk writes many at once instead of
/// waking the writing thread for each.
const GATHER: Duration = Duration::from_millis(100);
/// How long the last lines may take.
const FLUSH_WAIT: Duration = Duration::from_secs(1);

/// The way to the operator's terminal; a thread of its own writes, so that a slow terminal harms no call.
#[derive(Debug, Clone)]
pub struct Console {
    reader: Reader,
    /// Whether words that people said are shown.
    pub words: Words,
}

/// Who reads the lines.
#[derive(Debug, Clone)]
enum Reader {
    /// The operator, at the terminal.
    Terminal(SyncSender<Line>),
    /// Somebody else.
    Watcher(SyncSender<String>),
    Nobody,
}

/// What the writing thread gets.
#[derive(Debug)]
enum Line {
    Text(String),
    /// All before it shall be written now, and then this be told.
    Flush(SyncSender<()>),
}

impl Console {
    /// Starts the writing thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(words: Words) -> std::io::Result<Console> {
        let (lines, printed) = sync_channel(CONSOLE_CAPACITY_LINES);
        std::thread::Builder::new().name("console".to_owned()).spawn(move || write_for_ever(&printed))?;
        Ok(Console { reader: Reader::Terminal(lines), words })
    }

    /// A console that nobody looks at: every line is dropped.
    pub fn silent() -> Console {
        Console { reader: Reader::Nobody, words: Words::Hidden }
    }

    /// A console whose lines go to somebody else than the terminal.
    pub fn watched(words: Words) -> (Console, Receiver<String>) {
        let (lines, watcher) = sync_channel(CONSOLE_CAPACITY_LINES);
        (Console { reader: Reader::Watcher(lines), words }, watcher)
    }

    /// Prints a line, or drops it when the terminal does not keep up.
    ///
    /// Names and numbers in it come from outside: what would steer the terminal is shown instead of obeyed.
    pub fn print(&self, line: String) {
        match &self.reader {
            Reader::Terminal(lines) => {
                let _ = lines.try_send(Line::Text(harmless(line)));
            }
            Reader::Watcher(lines) => {
                let _ = lines.try_send(harmless(line));
            }
            Reader::Nobody => {}
        }
    }

    /// Waits until what was printed is written, but not for ever.
    pub fn flush(&self) {
        let Reader::Terminal(lines) = &self.reader else { return };
        let (written, told) = sync_channel(1);
        // One that is full has a terminal that does not keep up.
        if lines.try_send(Line::Flush(written)).is_ok() {
            let _ = told.recv_timeout(FLUSH_WAIT);
        }
    }
}

/// Writes lines as they come, and after some were written lets others gather for a moment.
fn write_for_ever(printed: &Receiver<Line>) {
    let mut text = String::new();
    while let Ok(first) = printed.recv() {
        let mut flushed = Vec::new();
        for line in std::iter::once(first).chain(printed.try_iter()).take(CONSOLE_CAPACITY_LINES) {
            match line {
                Line::Text(line) => {
                    text.push_str(&line);
                    text.push('\n');
                }
                Line::Flush(told) => flushed.push(told),
            }
        }
        let mut out = std::io::stdout().lock();
        // A closed terminal is no reason to end calls.
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        drop(out);
        text.clear();
        flushed.into_iter().for_each(drop);
        std::thread::sleep(GATHER);
    }
}

/// The line without control characters and without what turns the direction of writing.
fn harmless(line: String) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !line.contains(steers) {
        return line;
    }
    line.chars().map(|c| if steers(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// The line for notices that were not shown.
pub fn left_out_line(left_out: u64) -> String {
    format!("{left_out} more notices were not shown")
}

/// The line for a fact; none for what only the record wants.
pub fn fact_line(fact: &StampedFact, words: Words) -> Option<String> {
    let what = describe(&fact.fact, words)?;
    let id = fact.call.to_string();
    let short = id.get(26..).unwrap_or_default();
    let seconds = fact.since_start_us as f64 / 1e6;
    Some(format!("call {short} {seconds:7.3} s  {what}"))
}

fn describe(fact: &Fact, words: Words) -> Option<String> {
    let say = |text: &frontdesk_call_record::Masked| match words {
        Words::Shown => format!("\"{text}\""),
        Words::Hidden => format!("{text:?}"),
    };
    Some(match fact {
        Fact::CallStarted { caller, called, admitted_by, .. } => {
            let by = match admitted_by {
                AdmittedBy::Account(name) => format!("phone {name}"),
                AdmittedBy::Peer(name) => format!("peer {name}"),
                AdmittedBy::Desk => "a call of the desk itself".to_owned(),
            };
            format!("rings: {} dials {called}, let in as {by}", party(caller, words))
        }
        Fact::Answered => "answered".to_owned(),
        Fact::StepEntered { flow, step, .. } => format!("step {flow}/{step}"),
        Fact::DeskSaid { text, completed, heard_ms, .. } => {
            let end = if *completed { String::new() } else { format!(" (stopped after {heard_ms} ms)") };
            format!("desk:   {}{end}", say(text))
        }
        Fact::CallerSaid { text, mean_log_probability, first_voice_us, last_voice_us, .. } => {
            let (from, to) = (*first_voice_us as f64 / 1e6, *last_voice_us as f64 / 1e6);
            format!("caller: {} ({from:.2}–{to:.2} s, certainty {mean_log_probability:.2})", say(text))
        }
        Fact::CallerPressed { key } => format!("caller: presses {key}"),
        Fact::Understood { answer, by_key, score } => {
            let how = if *by_key { "by key".to_owned() } else { format!("fit {score:.2}") };
            format!("understood: {answer} ({how})")
        }
        Fact::NotUnderstood => "not understood".to_owned(),
        Fact::NoInput => "nothing said in time".to_owned(),
        Fact::TurnAnswered(turn) => format!("replied {} ms after the caller", turn.total_us() / 1_000),
        Fact::TransferStarted { target, .. } => format!("transfer to {target}"),
        Fact::Referred { by, target } => format!("the {} asks for a transfer to {target}", by.as_str()),
        Fact::ReferralFailed { status } => format!("the transfer was not done ({status}), they talk on"),
        Fact::PartyLeft { leg } => format!("the {} left, the other goes on", leg.as_str()),
        Fact::Replaced { leg, .. } => format!("another telephone took the place of the {}", leg.as_str()),
        Fact::HandedOver { to } => format!("goes on in call {to}"),
        Fact::TakenOver { from } => format!("takes over a party of call {from}"),
        Fact::EarlyMedia => "transfer: heard before it is answered".to_owned(),
        Fact::Diagnosed { cause, whose, evidence } => {
            format!("doctor: {} ({}): {evidence}; {}", cause.words(), whose.as_str(), cause.remedy())
        }
        Fact::TransferRinging => "transfer: it rings".to_owned(),
        Fact::TransferAnswered => "transfer: answered, both hear each other".to_owned(),
        Fact::TransferEnded { outcome } => format!("transfer: {}", outcome_phrase(*outcome)),
        Fact::RecordingEnded { seconds, kept, .. } => {
            let kept = if *kept { "kept" } else { "LOST" };
            format!("recording of {seconds:.1} s {kept}")
        }
        Fact::Noticed { notice, fault } => {
            let fault = fault.map(|fault| format!(": {fault}")).unwrap_or_default();
            format!("notice: {}{fault}", notice.as_str().replace('_', " "))
        }
        Fact::CallEnded { reason, fault } => {
            let fault = fault.map(|fault| format!(": {fault}")).unwrap_or_default();
            format!("over: {reason}{fault}")
        }
        Fact::TrunkTried { .. }
        | Fact::TrunkFailed { .. }
        | Fact::TrunkPassedOver { .. }
        | Fact::ReferRefused { .. }
        | Fact::Redirected { .. } => return describe_trunk(fact),
        Fact::Ringing
        | Fact::CallerIdentified { .. }
        | Fact::MediaAgreed { .. }
        | Fact::MediaArrived { .. }
        | Fact::Bridged
        | Fact::RecordingStarted { .. }
        | Fact::StreamClosed { .. } => return None,
    })
}

/// What a call did with trunks.
fn describe_trunk(fact: &Fact) -> Option<String> {
    Some(match fact {
        Fact::TrunkTried { trunk, hop, emergency } => {
            format!("trunk {trunk}: tried over {hop}{}", if *emergency { " (emergency)" } else { "" })
        }
        Fact::TrunkFailed { trunk, status, .. } => match status {
            Some(status) => format!("trunk {trunk}: failed with {status}"),
            None => format!("trunk {trunk}: no answer"),
        },
        Fact::TrunkPassedOver { trunk, trouble } => format!("trunk {trunk}: passed over: {trouble}"),
        Fact::ReferRefused { trunk, status } => {
            format!("trunk {trunk}: does not put its caller through ({status}), the desk calls")
        }
        Fact::Redirected { trunk, to } => format!("trunk {trunk}: sends the call to {to}"),
        _ => return None,
    })
}

fn party(party: &Party, words: Words) -> String {
    match (words, &party.name) {
        (Words::Hidden, _) => format!("{:?}", party.number),
        (Words::Shown, Some(name)) => format!("{name} ({})", party.number),
        (Words::Shown, None) => party.number.to_string(),
    }
}

fn outcome_phrase(outcome: TransferEnd) -> &'static str {
    match outcome {
        TransferEnd::Completed => "they have talked",
        TransferEnd::Busy => "busy",
        TransferEnd::NoAnswer => "no answer",
        TransferEnd::Declined => "declined",
        TransferEnd::Unreachable => "unreachable",
        TransferEnd::CallerLeft => "the caller left before the answer",
    }
}

/// The line for something about the node.
pub fn notice_line(notice: &Notice) -> String {
    match notice {
        Notice::PhoneRegistered { account, contact } => format!("phone {account} registered at {contact}"),
        Notice::PhoneGone { account, contact, expired } => {
            let why = if *expired { "ran out" } else { "signed off" };
            format!("phone {account} {why} ({contact})")
        }
        Notice::CallRefused { status, why, .. } => format!("call refused with {status}: {why}"),
        Notice::Trunk { trunk, health } => format!("trunk {trunk}: {health}"),
        Notice::TrunkPassedOver { trunk, trouble } => format!("trunk {trunk}: passed over: {trouble}"),
        Notice::FlowFailed { flow, fault } => {
            format!("no connection to {} by {}: {fault}", flow.remote, flow.transport.via_name())
        }
        Notice::Sip(fact) => sip_line(fact),
        _ => "something that this console has no words for happened".to_owned(),
    }
}

fn sip_line(fact: &SipFact) -> String {
    match fact {
        SipFact::NotUnderstood { flow, why } => {
            format!("sip: what {} sent is no SIP message: {why}", flow.remote)
        }
        SipFact::AuthenticationFailed { flow, username } => {
            format!("sip: {} does not know the password of `{username}`", flow.remote)
        }
        SipFact::LockedOut { flow, wait } => {
            format!("sip: {} guesses passwords: locked out for {} s", flow.remote.ip(), wait.as_secs())
        }
        SipFact::Overloaded { bound } => format!("sip: {bound} is reached, and something was refused"),
        _ => "sip: something that this console has no words for happened".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_name_cannot_steer_the_operators_terminal() {
        let line = harmless("rings: \u{1b}[2JBob\r\nfake line\u{202e} — Zoë".to_owned());
        assert_eq!(line, "rings: \u{fffd}[2JBob\u{fffd}\u{fffd}fake line\u{fffd} — Zoë");
    }
}
