//! Facts and records as text for people. What is said here is not masked: it is for the operator's own eyes.

use crate::{CallRecord, Fact, LegRole, Level, Notice, Speaker, TransferEnd, Turn, TurnKind};
use std::fmt::Write;

impl Fact {
    /// The stable name, as it is serialised.
    pub const fn name(&self) -> &'static str {
        match self {
            Fact::CallStarted { .. } => "call_started",
            Fact::CallerIdentified { .. } => "caller_identified",
            Fact::TrunkTried { .. } => "trunk_tried",
            Fact::TrunkFailed { .. } => "trunk_failed",
            Fact::TrunkPassedOver { .. } => "trunk_passed_over",
            Fact::Redirected { .. } => "redirected",
            Fact::Ringing => "ringing",
            Fact::Answered => "answered",
            Fact::MediaAgreed { .. } => "media_agreed",
            Fact::MediaArrived { .. } => "media_arrived",
            Fact::StepEntered { .. } => "step_entered",
            Fact::DeskSaid { .. } => "desk_said",
            Fact::CallerSaid { .. } => "caller_said",
            Fact::CallerPressed { .. } => "caller_pressed",
            Fact::Understood { .. } => "understood",
            Fact::NotUnderstood => "not_understood",
            Fact::NoInput => "no_input",
            Fact::TurnAnswered(_) => "turn_answered",
            Fact::TransferStarted { .. } => "transfer_started",
            Fact::TransferRinging => "transfer_ringing",
            Fact::TransferAnswered => "transfer_answered",
            Fact::TransferEnded { .. } => "transfer_ended",
            Fact::Referred { .. } => "referred",
            Fact::ReferralFailed { .. } => "referral_failed",
            Fact::ReferRefused { .. } => "refer_refused",
            Fact::PartyLeft { .. } => "party_left",
            Fact::Replaced { .. } => "replaced",
            Fact::HandedOver { .. } => "handed_over",
            Fact::TakenOver { .. } => "taken_over",
            Fact::EarlyMedia => "early_media",
            Fact::Diagnosed { .. } => "diagnosed",
            Fact::Bridged => "bridged",
            Fact::RecordingStarted { .. } => "recording_started",
            Fact::RecordingEnded { .. } => "recording_ended",
            Fact::StreamClosed { .. } => "stream_closed",
            Fact::Noticed { .. } => "noticed",
            Fact::CallEnded { .. } => "call_ended",
        }
    }

    /// How much attention it deserves.
    pub const fn level(&self) -> Level {
        match self {
            Fact::Noticed { fault: Some(_), .. }
            | Fact::Diagnosed { .. }
            | Fact::CallEnded { fault: Some(_), .. }
            | Fact::TrunkFailed { .. }
            | Fact::TrunkPassedOver { .. }
            | Fact::RecordingEnded { kept: false, .. } => Level::Warning,
            Fact::MediaAgreed { .. }
            | Fact::MediaArrived { .. }
            | Fact::TurnAnswered(_)
            | Fact::StreamClosed { .. } => Level::Detail,
            _ => Level::Event,
        }
    }
}

impl std::fmt::Display for crate::Party {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let number = if self.number.as_str().is_empty() { "anonymous" } else { self.number.as_str() };
        match &self.name {
            Some(name) if !name.as_str().is_empty() => write!(f, "{name} <{number}>"),
            _ => f.write_str(number),
        }
    }
}

impl LegRole {
    /// The stable name, as it is serialised.
    pub const fn as_str(self) -> &'static str {
        match self {
            LegRole::Caller => "caller",
            LegRole::Callee => "callee",
        }
    }
}

impl TransferEnd {
    /// The stable name, as it is serialised.
    pub const fn as_str(self) -> &'static str {
        match self {
            TransferEnd::Completed => "completed",
            TransferEnd::Busy => "busy",
            TransferEnd::NoAnswer => "no_answer",
            TransferEnd::Declined => "declined",
            TransferEnd::Unreachable => "unreachable",
            TransferEnd::CallerLeft => "caller_left",
        }
    }
}

impl Notice {
    /// The stable name, as it is serialised.
    pub const fn as_str(self) -> &'static str {
        match self {
            Notice::EarsFailed => "ears_failed",
            Notice::HearingOverrun => "hearing_overrun",
            Notice::VoiceFailed => "voice_failed",
            Notice::RecordingFailed => "recording_failed",
            Notice::NoMedia => "no_media",
            Notice::Held => "held",
            Notice::Resumed => "resumed",
            Notice::ReofferRefused => "reoffer_refused",
            Notice::FactsLost => "facts_lost",
        }
    }
}

impl CallRecord {
    /// The conversation, line by line: when, who, what.
    ///
    /// ```text
    /// call 0190… of main, 2026-11-20T14:23:12.042Z
    /// 1002 called 100, ended after 0:12.4: caller_hung_up
    ///
    ///   0:00.3  desk    Welcome to Example.
    ///   0:05.1  caller  sales please
    /// ```
    pub fn transcript_text(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "call {} of {}, {}", self.call, self.tenant, self.started_at);
        let _ = writeln!(out, "{} called {}, {}", self.caller, self.called, self.outcome_text());
        out.push('\n');
        for line in &self.transcript {
            let who = match line.who {
                Speaker::Desk => "desk",
                Speaker::Caller => "caller",
            };
            let text = match (&line.key, line.text.as_str()) {
                (Some(key), _) => format!("[presses {key}]"),
                (None, "") => "[nothing clear]".to_owned(),
                (None, text) => text.to_owned(),
            };
            let stopped = if line.completed { "" } else { "  [stopped]" };
            let _ = writeln!(out, "{}  {who:<6}  {text}{stopped}", Clock(line.from_us));
        }
        for transfer in &self.transfers {
            let outcome = transfer.outcome.map_or("going on", TransferEnd::as_str);
            let _ = writeln!(
                out,
                "{}  put through to {}: {outcome}",
                Clock(transfer.started_us),
                transfer.target
            );
        }
        for diagnosis in &self.diagnoses {
            let (at, cause, evidence) = (Clock(diagnosis.at_us), diagnosis.cause, &diagnosis.evidence);
            let _ =
                writeln!(out, "{at}  doctor  {} ({}): {evidence}", cause.words(), diagnosis.whose.as_str());
            let _ = writeln!(out, "                 {}", cause.remedy());
        }
        out
    }

    /// How long the caller waited in each turn, drawn to scale.
    ///
    /// ```text
    /// turn 1, voice: 912 ms from the caller's last sound to the desk's first
    ///   end of turn     612 ms |##########################              |
    ///   recognised       35 ms |                          ##            |
    /// ```
    pub fn waterfall_text(&self) -> String {
        let mut out = String::new();
        if self.turns.is_empty() {
            out.push_str("no turn of this call was answered\n");
        }
        for (at, turn) in self.turns.iter().enumerate() {
            if at > 0 {
                out.push('\n');
            }
            draw(&mut out, at + 1, turn);
        }
        out
    }

    fn outcome_text(&self) -> String {
        match &self.end {
            None => "still open".to_owned(),
            Some(end) => {
                let fault = end.fault.map(|fault| format!(", {fault}")).unwrap_or_default();
                format!("ended after {}: {}{fault}", Clock(end.at_us).to_string().trim_start(), end.reason)
            }
        }
    }
}

/// Characters of a full bar.
const BAR_COLUMNS: usize = 48;

fn draw(out: &mut String, number: usize, turn: &Turn) {
    let waterfall = &turn.waterfall;
    let total = waterfall.total_us();
    let (kind, from) = match waterfall.kind {
        TurnKind::Voice => ("voice", "the caller's last sound"),
        TurnKind::Key => ("key", "the key"),
        TurnKind::Silence => ("silence", "the end of the wait"),
    };
    let _ = writeln!(out, "turn {number}, {kind}: {} ms from {from} to the desk's first", total / 1_000);
    // Wide enough for any times, so that facts that contradict one another are drawn and not stumbled over.
    let column = |at: u64| {
        let waited = u128::from(at.saturating_sub(waterfall.last_voice_us).min(total));
        (waited * BAR_COLUMNS as u128 / u128::from(total.max(1))) as usize
    };
    let mut begin = waterfall.last_voice_us;
    for (stage, end) in waterfall.stages() {
        // A stage that ended before the one before it (a prompt that was ready early) took no time of its own.
        let end = end.max(begin);
        let took = end - begin;
        let left = column(begin);
        // What took time is seen, however short it was.
        let marks = (column(end) - left).max(usize::from(took > 0)).min(BAR_COLUMNS - left);
        let bar = format!("{}{}", " ".repeat(left), "#".repeat(marks));
        let (whole, tenth) = (took / 1_000, took % 1_000 / 100);
        let _ = writeln!(out, "  {stage:<12} {whole:>7}.{tenth} ms |{bar:<BAR_COLUMNS$}|");
        begin = end;
    }
}

/// Microseconds as minutes and seconds: `  0:05.1`.
struct Clock(u64);

impl std::fmt::Display for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tenths = self.0 / 100_000;
        write!(f, "{:>3}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10)
    }
}
