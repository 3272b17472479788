//! One thing that happened, as it happened.

use crate::{Cause, EndReason, Fault, Masked, StreamQuality, TrunkTrouble, Waterfall, Whose};
use frontdesk_identifiers::{CallId, FlowId, TenantId, WallTime};

/// A fact with its place: whose, of which call, the how-manieth, and when.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct StampedFact {
    /// Whose call.
    pub tenant: TenantId,
    /// Which call.
    pub call: CallId,
    /// The order within the call, from 0 without a gap. The store takes each number once.
    pub number: u32,
    /// When, for people.
    pub at: WallTime,
    /// When, on the steady clock: microseconds since the call began.
    pub since_start_us: u64,
    /// What.
    pub fact: Fact,
}

/// What happened. Times within it are microseconds since the call began.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    /// Somebody who may calls; opens the record.
    CallStarted {
        /// Who calls, as their side says.
        caller: Party,
        /// What was dialled.
        called: Masked,
        /// The Call-ID of the caller's leg.
        sip_call_id: String,
        /// By which right.
        admitted_by: AdmittedBy,
    },
    /// What is known of who calls, beyond what they say.
    CallerIdentified {
        /// Whether they do not want to be shown.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        withheld: bool,
        /// Whether a trusted trunk vouches for the number (RFC 3325).
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        asserted: bool,
        /// Who was called first, where the call was passed on to here (RFC 5806, RFC 7044).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        diverted_from: Option<Masked>,
        /// What became of a signed identity (RFC 8224), as a word: `verified-a`, `no-identity`, `stale`; absent where
        /// nobody verifies.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        verified: Option<String>,
    },
    /// The caller was told that it rings.
    Ringing,
    /// The desk answered the caller.
    Answered,
    /// The ends of a leg agreed on how sound goes.
    MediaAgreed {
        /// Whose leg.
        leg: LegRole,
        /// The encoding, such as `PCMU`.
        codec: String,
        /// What the sound is encrypted with, such as `AEAD_AES_256_GCM`; none is plain.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        secured_by: Option<String>,
    },
    /// The first sound of a leg's party came in.
    MediaArrived {
        /// Whose leg.
        leg: LegRole,
    },
    /// The flow came to a step.
    StepEntered {
        /// Which flow.
        flow: FlowId,
        /// The hash of the flow's text, so that the version is known.
        flow_hash: String,
        /// The step's name.
        step: String,
    },
    /// The desk said something, or was stopped saying it.
    DeskSaid {
        /// The words.
        text: Masked,
        /// When the first packet left; absent when nothing was played.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        started_us: Option<u64>,
        /// When it was over.
        ended_us: u64,
        /// Whether the caller got all of it.
        completed: bool,
        /// How much of it was sent, in milliseconds of sound.
        heard_ms: u32,
    },
    /// The caller said something.
    CallerSaid {
        /// The words as recognised; empty when there were none in it.
        text: Masked,
        /// 0 is certain, below −0.35 is doubtful.
        #[serde(with = "finite")]
        mean_log_probability: f32,
        /// When the first voiced packet came in.
        first_voice_us: u64,
        /// When the last voiced packet came in.
        last_voice_us: u64,
        /// When the words were there.
        recognised_us: u64,
    },
    /// The caller pressed a key.
    CallerPressed {
        /// `0`–`9`, `*`, `#` or `A`–`D`.
        key: char,
    },
    /// The flow understood an answer.
    Understood {
        /// The answer's name in the flow.
        answer: String,
        /// Whether by key rather than by voice.
        by_key: bool,
        /// How well the words fit, 0 to 1.
        #[serde(with = "finite")]
        score: f32,
    },
    /// What was said or pressed is none of the answers.
    NotUnderstood,
    /// Nothing was said or pressed in time.
    NoInput,
    /// How long the caller waited for the reply to a turn.
    TurnAnswered(Waterfall),
    /// The desk calls somebody for the caller.
    TransferStarted {
        /// Whom: the number.
        target: Masked,
        /// At whose wish, and how.
        #[serde(default)]
        kind: TransferKind,
    },
    /// A party asked by REFER that the other be put through to somebody else (RFC 3515).
    Referred {
        /// Who asked.
        by: LegRole,
        /// To whom.
        target: Masked,
    },
    /// What a party asked for by REFER is not done; the two go on talking.
    ReferralFailed {
        /// The status that it was told.
        status: u16,
    },
    /// A trunk that was asked by REFER to put its own party through refused: the desk calls instead.
    ReferRefused {
        /// The trunk's name.
        trunk: String,
        /// Its status.
        status: u16,
    },
    /// One of two who talked left, and the other goes on in this call.
    PartyLeft {
        /// Who.
        leg: LegRole,
    },
    /// Another session took the place of a party's (RFC 3891).
    Replaced {
        /// Whose.
        leg: LegRole,
        /// The Call-ID of the new one.
        sip_call_id: String,
    },
    /// A party of this call goes on in another call: an attended transfer.
    HandedOver {
        /// The call that goes on.
        to: CallId,
    },
    /// A party of another call goes on in this one.
    TakenOver {
        /// The call that it came from.
        from: CallId,
    },
    /// The called party's sound came before its answer: an announcement, or its network's ringing tone.
    EarlyMedia,
    /// Why a call failed or has sound one way only, and who can mend it.
    Diagnosed {
        /// Why.
        cause: Cause,
        /// Who can mend it.
        whose: Whose,
        /// What shows it.
        evidence: String,
    },
    /// The called telephone rings.
    TransferRinging,
    /// The called telephone answered.
    TransferAnswered,
    /// The transfer is over.
    TransferEnded {
        /// How.
        outcome: TransferEnd,
    },
    /// The two hear each other.
    Bridged,
    /// The call goes, or goes on trying, over a trunk.
    TrunkTried {
        /// The trunk's name.
        trunk: String,
        /// Over which way: the far address.
        hop: String,
        /// Whether an emergency number was called, so that no limit held.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        emergency: bool,
    },
    /// A try over a trunk came to nothing.
    TrunkFailed {
        /// The trunk's name.
        trunk: String,
        /// Its final status; none when it did not answer or could not be reached.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        /// The Q.850 cause that it gave, or that the status stands for (RFC 3398 §8).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<u8>,
    },
    /// A trunk that stood first was not tried.
    TrunkPassedOver {
        /// The trunk's name.
        trunk: String,
        /// Why.
        trouble: TrunkTrouble,
    },
    /// A trunk sent the call to another number (3xx).
    Redirected {
        /// The trunk's name.
        trunk: String,
        /// Where to.
        to: Masked,
    },
    /// A recording began.
    RecordingStarted {
        /// The file, relative to the tenant's folder.
        file: String,
    },
    /// A recording is over.
    RecordingEnded {
        /// Its length.
        #[serde(with = "finite")]
        seconds: f32,
        /// How much of it is silence because the disk did not keep up or ticks were skipped, in milliseconds.
        gap_ms: u64,
        /// How much is silence because it was paused, in milliseconds.
        #[serde(default)]
        paused_ms: u64,
        /// Whether the file is whole and in its place.
        kept: bool,
    },
    /// A leg's sound is over; this is what went through.
    StreamClosed {
        /// Whose leg.
        leg: LegRole,
        /// What went through.
        counters: StreamSummary,
    },
    /// Something that a reader of the record should know, without a consequence of its own.
    Noticed {
        /// What.
        notice: Notice,
        /// What is wrong, if something is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fault: Option<Fault>,
    },
    /// The call is over; closes the record.
    CallEnded {
        /// Why.
        reason: EndReason,
        /// What went wrong, if something did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fault: Option<Fault>,
    },
}

/// How much a fact deserves attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// For who looks closely.
    Detail,
    /// The story of the call.
    Event,
    /// Something is wrong.
    Warning,
}

/// Who calls. `Debug` masks both.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Party {
    /// The display name that their side gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Masked>,
    /// Their number or user name; empty when withheld.
    pub number: Masked,
}

/// By which right a call was let in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdmittedBy {
    /// Knowing the password of this account.
    Account(String),
    /// Coming from this peer's address.
    Peer(String),
    /// The desk placed it itself.
    Desk,
}

/// Whose leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegRole {
    /// Who called.
    Caller,
    /// To whom the caller was put through.
    Callee,
}

/// At whose wish somebody is called for the caller.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum TransferKind {
    /// The flow's.
    #[default]
    Flow,
    /// The caller's, who dialled it.
    Dialled,
    /// A party's, by REFER, without having asked whom it names.
    Blind,
    /// A party's, by REFER, after it talked with whom it names; where that went past this desk, by an INVITE that
    /// takes the place of it.
    Attended,
    /// The desk's, by REFER to the trunk that brought the call.
    Referred,
}

/// How a transfer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferEnd {
    /// They talked.
    Completed,
    /// The telephone is busy.
    Busy,
    /// It rang, and nobody answered.
    NoAnswer,
    /// The person declined.
    Declined,
    /// No telephone is registered, or it cannot be reached or spoken with.
    Unreachable,
    /// The caller left before the answer.
    CallerLeft,
}

/// What went through a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct StreamSummary {
    /// RTP packets received and taken.
    pub received: u64,
    /// RTP packets sent.
    pub sent: u64,
    /// Packets that the sequence numbers say are missing.
    pub lost: u64,
    /// Packets that came too late, or twice.
    pub late: u64,
    /// Datagrams that were no RTP of this stream.
    pub refused: u64,
    /// Interarrival jitter in microseconds (RFC 3550 §6.4.1), the last value.
    pub jitter_us: u32,
    /// Frames that had to be concealed.
    pub concealed: u64,
    /// Frames that were left out to shorten the delay.
    #[serde(default)]
    pub dropped: u64,
    /// Ticks that came too late and were skipped.
    #[serde(default)]
    pub ticks_skipped: u64,
    /// How good each direction was; records of before this was measured have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<StreamQuality>,
}

/// What may be noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// The ears do not work, or stopped working.
    EarsFailed,
    /// The ears did not keep up, and what was heard has a gap.
    HearingOverrun,
    /// Something could not be said.
    VoiceFailed,
    /// A recording that was wanted could not be begun or kept.
    RecordingFailed,
    /// No sound comes from a party.
    NoMedia,
    /// A party put the call on hold.
    Held,
    /// A party took the call back from hold.
    Resumed,
    /// A party or the desk wanted other sound while the call stood, and was refused.
    ReofferRefused,
    /// Facts of this call could not be kept; the record has a gap.
    FactsLost,
}

/// A number that is not finite has no JSON; it is written as null and read as NaN, so that a broken
/// engine's score cannot make a record unreadable.
mod finite {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
        if value.is_finite() { serializer.serialize_f32(*value) } else { serializer.serialize_none() }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f32, D::Error> {
        Option::<f32>::deserialize(deserializer).map(|value| value.unwrap_or(f32::NAN))
    }
}
