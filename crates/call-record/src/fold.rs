//! From facts to a record.

use crate::record::{Diagnosis, End, Noticed, RecordedFile, StepTaken, Stream, Transfer, TrunkTry, Turn};
use crate::{CallRecord, Fact, LegRole, Masked, Speaker, StampedFact, TranscriptLine, TransferEnd};
use frontdesk_identifiers::CallId;

/// Why facts do not make a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FoldFault {
    /// There are none.
    #[error("a record needs at least one fact")]
    Empty,
    /// They belong to more than one call.
    #[error("facts of the calls {first} and {second} are mixed")]
    Mixed {
        /// The call of the first fact.
        first: CallId,
        /// Another call.
        second: CallId,
    },
}

impl CallRecord {
    /// What became of a call, from its facts in any order.
    ///
    /// Any facts of one call make a record, be they incomplete, doubled or in the wrong order: what happened
    /// has happened. Facts are taken by their number, each number once; what fits nowhere is counted in
    /// [`facts_out_of_place`](CallRecord::facts_out_of_place) and what is missing in between in
    /// [`facts_missing`](CallRecord::facts_missing). Without a closing fact the record is open.
    pub fn fold<'a>(facts: impl IntoIterator<Item = &'a StampedFact>) -> Result<CallRecord, FoldFault> {
        let mut facts: Vec<&StampedFact> = facts.into_iter().collect();
        // Stable: of two facts with one number the first that was told counts, as in the store.
        facts.sort_by_key(|fact| fact.number);
        facts.dedup_by_key(|fact| fact.number);
        let first = *facts.first().ok_or(FoldFault::Empty)?;
        let mut record = CallRecord::opened_by(first);
        let mut expected = 0u32;
        for stamped in facts {
            if stamped.call != record.call {
                return Err(FoldFault::Mixed { first: record.call, second: stamped.call });
            }
            record.facts_missing =
                record.facts_missing.saturating_add(stamped.number.saturating_sub(expected));
            expected = stamped.number.saturating_add(1);
            record.last_number = stamped.number;
            record.last_us = record.last_us.max(stamped.since_start_us);
            record.take(stamped);
        }
        // The desk's words are told when they end, the caller's when they are recognised: order them as said.
        record.transcript.sort_by_key(|line| line.from_us);
        Ok(record)
    }

    fn take(&mut self, stamped: &StampedFact) {
        let at_us = stamped.since_start_us;
        match &stamped.fact {
            Fact::CallStarted { caller, called, sip_call_id, admitted_by } => {
                self.caller = caller.clone();
                self.called = called.clone();
                self.sip_call_id = sip_call_id.clone();
                self.admitted_by = Some(admitted_by.clone());
            }
            Fact::Ringing => self.ringing_us = self.ringing_us.or(Some(at_us)),
            Fact::Answered => self.answered_us = self.answered_us.or(Some(at_us)),
            Fact::TurnAnswered(waterfall) => {
                self.turns.push(Turn { total_us: waterfall.total_us(), waterfall: *waterfall });
            }
            Fact::Noticed { notice, fault } => {
                self.notices.push(Noticed { at_us, notice: *notice, fault: *fault });
            }
            Fact::Diagnosed { cause, whose, evidence } => {
                let evidence = evidence.clone();
                self.diagnoses.push(Diagnosis { at_us, cause: *cause, whose: *whose, evidence });
            }
            // For who reads the facts; the document tells what they led to.
            Fact::Referred { .. }
            | Fact::ReferralFailed { .. }
            | Fact::ReferRefused { .. }
            | Fact::Replaced { .. }
            | Fact::HandedOver { .. }
            | Fact::TakenOver { .. }
            | Fact::EarlyMedia => {}
            Fact::CallEnded { reason, fault } => {
                if self.end.is_some() {
                    self.out_of_place();
                } else {
                    self.end = Some(End { reason: *reason, fault: *fault, at_us, at: stamped.at });
                }
            }
            Fact::DeskSaid { .. } | Fact::CallerSaid { .. } | Fact::CallerPressed { .. } => {
                self.transcript.extend(line(&stamped.fact, at_us));
            }
            Fact::StepEntered { .. } | Fact::Understood { .. } | Fact::NotUnderstood | Fact::NoInput => {
                self.take_step(&stamped.fact, at_us);
            }
            Fact::TransferStarted { .. }
            | Fact::TransferRinging
            | Fact::TransferAnswered
            | Fact::TransferEnded { .. }
            | Fact::PartyLeft { .. }
            | Fact::Bridged => self.take_transfer(&stamped.fact, at_us),
            Fact::MediaAgreed { leg, .. } | Fact::MediaArrived { leg } | Fact::StreamClosed { leg, .. } => {
                take_stream(self.stream(*leg), &stamped.fact, at_us);
            }
            Fact::CallerIdentified { withheld, asserted, diverted_from, verified } => {
                self.caller_verified = verified.clone();
                self.caller_withheld = *withheld;
                self.caller_asserted = *asserted;
                self.diverted_from = diverted_from.clone();
            }
            Fact::TrunkTried { .. }
            | Fact::TrunkFailed { .. }
            | Fact::TrunkPassedOver { .. }
            | Fact::Redirected { .. } => self.take_try(&stamped.fact, at_us),
            Fact::RecordingStarted { file } => self.recording_started(file, at_us),
            Fact::RecordingEnded { seconds, gap_ms, paused_ms, kept } => {
                self.recording_ended(*seconds, [*gap_ms, *paused_ms], *kept);
            }
        }
    }

    fn recording_started(&mut self, file: &str, started_us: u64) {
        let file = file.to_owned();
        let (seconds, gap_ms, paused_ms, kept) = (None, 0, 0, false);
        self.recordings.push(RecordedFile { file, started_us, seconds, gap_ms, paused_ms, kept });
    }

    fn recording_ended(&mut self, seconds: f32, [gap_ms, paused_ms]: [u64; 2], kept: bool) {
        match self.recordings.iter_mut().find(|recording| recording.seconds.is_none()) {
            None => self.out_of_place(),
            Some(recording) => {
                recording.seconds = Some(if seconds.is_finite() { seconds } else { 0.0 });
                recording.gap_ms = gap_ms;
                recording.paused_ms = paused_ms;
                recording.kept = kept;
            }
        }
    }

    fn take_try(&mut self, fact: &Fact, at_us: u64) {
        let a_try = |trunk: &str, hop: Option<String>, trouble| TrunkTry {
            trunk: trunk.to_owned(),
            hop,
            started_us: at_us,
            status: None,
            cause: None,
            failed: false,
            trouble,
        };
        match fact {
            Fact::TrunkTried { trunk, hop, emergency } => {
                self.emergency |= emergency;
                self.tries.push(a_try(trunk, Some(hop.clone()), None));
            }
            Fact::TrunkPassedOver { trunk, trouble } => self.tries.push(a_try(trunk, None, Some(*trouble))),
            Fact::TrunkFailed { trunk, status, cause } => {
                let open = self.tries.iter_mut().rev().find(|one| one.trunk == *trunk && one.hop.is_some());
                match open.filter(|one| !one.failed) {
                    None => self.out_of_place(),
                    Some(one) => (one.failed, one.status, one.cause) = (true, *status, *cause),
                }
            }
            _ => {}
        }
    }

    fn take_step(&mut self, fact: &Fact, at_us: u64) {
        if let Fact::StepEntered { flow, flow_hash, step } = fact {
            self.steps.push(StepTaken {
                at_us,
                flow: flow.clone(),
                flow_hash: flow_hash.clone(),
                step: step.clone(),
                answer: None,
                not_understood: 0,
                no_input: 0,
            });
            return;
        }
        match (self.steps.last_mut(), fact) {
            (Some(step), Fact::Understood { answer, .. }) => step.answer = Some(answer.clone()),
            (Some(step), Fact::NotUnderstood) => step.not_understood = step.not_understood.saturating_add(1),
            (Some(step), Fact::NoInput) => step.no_input = step.no_input.saturating_add(1),
            _ => self.out_of_place(),
        }
    }

    fn take_transfer(&mut self, fact: &Fact, at_us: u64) {
        if let Fact::TransferStarted { target, kind } = fact {
            self.transfers.push(Transfer {
                target: target.clone(),
                kind: *kind,
                started_us: at_us,
                ringing_us: None,
                answered_us: None,
                bridged_us: None,
                ended_us: None,
                outcome: None,
            });
            return;
        }
        if let Fact::PartyLeft { .. } = fact {
            // Whom the latest transfer led to stays; the talk of before is over.
            let before = self.transfers.len().saturating_sub(1);
            let over = self.transfers.iter_mut().take(before).filter(|transfer| transfer.outcome.is_none());
            for transfer in over {
                transfer.ended_us = Some(at_us);
                transfer.outcome = Some(TransferEnd::Completed);
            }
            return;
        }
        // Whom a party is referred to is called while the two talk on: the latest is meant.
        let going_on = self.transfers.iter_mut().rev().find(|transfer| transfer.outcome.is_none());
        match (going_on, fact) {
            // A telephone may say again that it rings, and a bridge may form again after a hold.
            (Some(transfer), Fact::TransferRinging) => {
                transfer.ringing_us = transfer.ringing_us.or(Some(at_us));
            }
            (Some(transfer), Fact::TransferAnswered) => {
                transfer.answered_us = transfer.answered_us.or(Some(at_us));
            }
            (Some(transfer), Fact::Bridged) => transfer.bridged_us = transfer.bridged_us.or(Some(at_us)),
            (Some(transfer), Fact::TransferEnded { outcome }) => {
                transfer.ended_us = Some(at_us);
                transfer.outcome = Some(*outcome);
            }
            _ => self.out_of_place(),
        }
    }

    /// The leg's stream that is still going on, or a new one: each transfer brings a callee of its own.
    fn stream(&mut self, leg: LegRole) -> &mut Stream {
        let open = self.streams.iter().position(|stream| stream.leg == leg && stream.counters.is_none());
        let at = open.unwrap_or(self.streams.len());
        if open.is_none() {
            self.streams.push(Stream {
                leg,
                codec: None,
                secured_by: None,
                first_packet_us: None,
                counters: None,
            });
        }
        &mut self.streams[at]
    }

    fn out_of_place(&mut self) {
        self.facts_out_of_place = self.facts_out_of_place.saturating_add(1);
    }
}

fn take_stream(stream: &mut Stream, fact: &Fact, at_us: u64) {
    match fact {
        Fact::MediaAgreed { codec, secured_by, .. } => {
            stream.codec = Some(codec.clone());
            stream.secured_by = secured_by.clone();
        }
        Fact::MediaArrived { .. } => stream.first_packet_us = stream.first_packet_us.or(Some(at_us)),
        Fact::StreamClosed { counters, .. } => stream.counters = Some(*counters),
        _ => {}
    }
}

fn line(fact: &Fact, at_us: u64) -> Option<TranscriptLine> {
    match fact {
        Fact::DeskSaid { text, started_us, ended_us, completed, .. } => Some(TranscriptLine {
            who: Speaker::Desk,
            from_us: started_us.unwrap_or(*ended_us),
            to_us: *ended_us,
            text: text.clone(),
            key: None,
            mean_log_probability: None,
            completed: *completed,
        }),
        Fact::CallerSaid { text, mean_log_probability, first_voice_us, last_voice_us, .. } => {
            Some(TranscriptLine {
                who: Speaker::Caller,
                from_us: *first_voice_us,
                to_us: *last_voice_us,
                text: text.clone(),
                key: None,
                mean_log_probability: mean_log_probability.is_finite().then_some(*mean_log_probability),
                completed: true,
            })
        }
        Fact::CallerPressed { key } => Some(TranscriptLine {
            who: Speaker::Caller,
            from_us: at_us,
            to_us: at_us,
            text: Masked::default(),
            key: Some(*key),
            mean_log_probability: None,
            completed: true,
        }),
        _ => None,
    }
}
