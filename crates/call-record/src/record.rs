//! What became of a call, as one document.

use crate::{
    AdmittedBy, Cause, EndReason, Fact, Fault, FaultCode, LegRole, Masked, Notice, Party, SCHEMA,
    StampedFact, StreamSummary, TransferEnd, TransferKind, TrunkTrouble, Waterfall, Whose,
};
use frontdesk_identifiers::{CallId, FlowId, TenantId, WallTime};

/// One call from its first ring to its end, folded from its facts by [`CallRecord::fold`].
///
/// Times that end in `_us` are microseconds since the call began.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct CallRecord {
    /// The version of this form.
    pub schema: u32,
    /// Whose call.
    pub tenant: TenantId,
    /// Which call.
    pub call: CallId,
    /// When it began, as RFC 3339 for people who read the document.
    pub started: String,
    /// When it began.
    pub started_at: WallTime,
    /// Who called.
    pub caller: Party,
    /// What was dialled.
    pub called: Masked,
    /// The Call-ID of the caller's leg.
    pub sip_call_id: String,
    /// By which right; absent when the opening fact is missing.
    pub admitted_by: Option<AdmittedBy>,
    /// Whether the caller does not want to be shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub caller_withheld: bool,
    /// Whether a trusted trunk vouches for the caller's number.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub caller_asserted: bool,
    /// Who was called first, where the call was passed on to here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diverted_from: Option<Masked>,
    /// What became of the caller's signed identity, as a word; absent where nobody verifies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_verified: Option<String>,
    /// Whether an emergency number was called.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub emergency: bool,
    /// Every try over a trunk, and the trunks that were passed over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tries: Vec<TrunkTry>,
    /// When the caller was told that it rings.
    pub ringing_us: Option<u64>,
    /// When the desk answered.
    pub answered_us: Option<u64>,
    /// The steps of the flow, in order.
    pub steps: Vec<StepTaken>,
    /// What was said and pressed, in order of time.
    pub transcript: Vec<TranscriptLine>,
    /// How long the caller waited for each reply.
    pub turns: Vec<Turn>,
    /// Every try to put the caller through.
    pub transfers: Vec<Transfer>,
    /// Every recording.
    pub recordings: Vec<RecordedFile>,
    /// What went through each leg.
    pub streams: Vec<Stream>,
    /// What was noticed on the way.
    pub notices: Vec<Noticed>,
    /// Why it failed, or why somebody heard nothing.
    #[serde(default)]
    pub diagnoses: Vec<Diagnosis>,
    /// How it ended; absent while it goes on, or when the desk was killed and not started again.
    pub end: Option<End>,
    /// Facts that fit nowhere, such as an answer to a transfer that was never begun. Other than 0 is a bug.
    pub facts_out_of_place: u32,
    /// Facts whose number is missing in between: they were lost on the way to the disk.
    pub facts_missing: u32,
    /// The number of the last fact.
    pub last_number: u32,
    /// When the last fact was true: the last sign of life.
    pub last_us: u64,
}

/// A step of a flow that was entered.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct StepTaken {
    /// When.
    pub at_us: u64,
    /// Of which flow.
    pub flow: FlowId,
    /// Of which version of it.
    pub flow_hash: String,
    /// Which step.
    pub step: String,
    /// The answer that was understood in it, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// How often something was said or pressed that is no answer.
    pub not_understood: u32,
    /// How often nothing was said or pressed in time.
    pub no_input: u32,
}

/// Who said a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The desk.
    Desk,
    /// The caller.
    Caller,
}

/// Something that was said or pressed.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct TranscriptLine {
    /// By whom.
    pub who: Speaker,
    /// From when.
    pub from_us: u64,
    /// Until when.
    pub to_us: u64,
    /// The words.
    pub text: Masked,
    /// The key, when it was pressed rather than said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<char>,
    /// How sure the ears are; 0 is certain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_log_probability: Option<f32>,
    /// Whether it was said to its end.
    pub completed: bool,
}

/// One turn of the caller and the wait for its reply.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Turn {
    /// How long the caller waited, in microseconds.
    pub total_us: u64,
    /// Where the time went.
    pub waterfall: Waterfall,
}

/// A try over a trunk, or why there was none.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TrunkTry {
    /// The trunk.
    pub trunk: String,
    /// Over which way; absent where it was passed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hop: Option<String>,
    /// When.
    pub started_us: u64,
    /// Whether it came to nothing.
    pub failed: bool,
    /// The trunk's final status, if it said one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The Q.850 cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<u8>,
    /// Why it was passed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<TrunkTrouble>,
}

/// A try to put the caller through.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Transfer {
    /// To whom.
    pub target: Masked,
    /// At whose wish.
    #[serde(default)]
    pub kind: TransferKind,
    /// When it began.
    pub started_us: u64,
    /// When the telephone rang.
    pub ringing_us: Option<u64>,
    /// When it was answered.
    pub answered_us: Option<u64>,
    /// When the two could hear each other.
    pub bridged_us: Option<u64>,
    /// When it was over.
    pub ended_us: Option<u64>,
    /// How; absent while it goes on.
    pub outcome: Option<TransferEnd>,
}

/// A recording.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct RecordedFile {
    /// The file, relative to the tenant's folder.
    pub file: String,
    /// When it began.
    pub started_us: u64,
    /// Its length; absent while it goes on.
    pub seconds: Option<f32>,
    /// How much of it is silence because the disk did not keep up or ticks were skipped, in milliseconds.
    pub gap_ms: u64,
    /// How much is silence because it was paused, in milliseconds.
    #[serde(default)]
    pub paused_ms: u64,
    /// Whether the file is whole and in its place.
    pub kept: bool,
}

/// What went through a leg.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Stream {
    /// Whose leg.
    pub leg: LegRole,
    /// The encoding, when it was agreed.
    pub codec: Option<String>,
    /// What it is encrypted with; none is plain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secured_by: Option<String>,
    /// When the first packet came.
    pub first_packet_us: Option<u64>,
    /// What went through; absent while it goes on.
    pub counters: Option<StreamSummary>,
}

/// Something that was noticed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Noticed {
    /// When.
    pub at_us: u64,
    /// What.
    pub notice: Notice,
    /// What is wrong, if something is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

/// Why a call failed, or why somebody in it heard nothing.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Diagnosis {
    /// When it was known.
    pub at_us: u64,
    /// Why.
    pub cause: Cause,
    /// Who can mend it.
    pub whose: Whose,
    /// What shows it.
    pub evidence: String,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct End {
    /// Why.
    pub reason: EndReason,
    /// What went wrong, if something did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// When.
    pub at_us: u64,
    /// When, for people.
    pub at: WallTime,
}

impl CallRecord {
    /// Whether nothing has closed it yet.
    pub const fn is_open(&self) -> bool {
        self.end.is_none()
    }

    /// The fact that closes an open record whose desk was killed; none when it is closed already.
    ///
    /// `now` is when it is closed. Nobody knows when the call ended, so its time since the start is that of
    /// the last sign of life.
    pub fn interrupted(&self, now: WallTime) -> Option<StampedFact> {
        self.is_open().then(|| StampedFact {
            tenant: self.tenant.clone(),
            call: self.call,
            number: self.last_number.saturating_add(1),
            at: now,
            since_start_us: self.last_us,
            fact: Fact::CallEnded {
                reason: EndReason::Interrupted,
                fault: Some(Fault::of(Whose::Operator, FaultCode::Killed)),
            },
        })
    }

    /// The document as JSON, indented.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }

    pub(crate) fn opened_by(first: &StampedFact) -> Self {
        let started_at =
            WallTime::from_unix_micros(first.at.as_unix_micros().saturating_sub(first.since_start_us));
        CallRecord {
            schema: SCHEMA,
            tenant: first.tenant.clone(),
            call: first.call,
            started: started_at.to_string(),
            started_at,
            caller: Party::default(),
            called: Masked::default(),
            sip_call_id: String::new(),
            admitted_by: None,
            caller_withheld: false,
            caller_asserted: false,
            diverted_from: None,
            caller_verified: None,
            emergency: false,
            tries: Vec::new(),
            ringing_us: None,
            answered_us: None,
            steps: Vec::new(),
            transcript: Vec::new(),
            turns: Vec::new(),
            transfers: Vec::new(),
            recordings: Vec::new(),
            streams: Vec::new(),
            notices: Vec::new(),
            diagnoses: Vec::new(),
            end: None,
            facts_out_of_place: 0,
            facts_missing: 0,
            last_number: 0,
            last_us: 0,
        }
    }
}
