//! The flow's voice and ears on the caller's leg: intentions become playbacks and listenings, and what the
//! sound reports becomes events of the flow.

use crate::desk::Desk;
use crate::facts::Chronicle;
use frontdesk_call_flow::{
    Context, Flow, FlowAction, FlowEnd, FlowEvent, FlowRun, SayId, Trace, TransferTarget,
};
use frontdesk_call_record::{Fact, Notice, TurnKind, Waterfall};
use frontdesk_identifiers::{FlowId, LegId, Locale, Moment};
use frontdesk_media_protocol::{
    ListeningId, ListeningPlan, MediaCommand, PlaybackEnd, PlaybackId, Source, SpeechOutcome, TurnTimes,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// One run of a flow, and what it has going on.
#[derive(Debug)]
pub(crate) struct Conversation {
    run: FlowRun,
    flow: FlowId,
    flow_hash: String,
    leg: LegId,
    /// What is being said. More than one only while a replaced playback has not reported its end.
    sayings: BTreeMap<PlaybackId, Saying>,
    listening: Option<ListeningId>,
    /// The caller's last turn, until the desk's reply is on the wire.
    unanswered: Option<UnansweredTurn>,
}

#[derive(Debug)]
struct Saying {
    say: SayId,
    text: Arc<str>,
    started: Option<Moment>,
}

/// A turn of the caller that the desk has not replied to yet: the response time is running.
#[derive(Debug, Clone, Copy)]
struct UnansweredTurn {
    /// The last voiced packet, or the key.
    ended: Moment,
    /// The ears' stages; none for a key.
    times: Option<TurnTimes>,
    decided: Moment,
    reply: Option<PlaybackId>,
}

/// What a conversation cannot do by itself: the call must.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Wish {
    Transfer { target: TransferTarget, ring: Duration },
    End { end: FlowEnd },
}

impl Conversation {
    pub fn new(flow: Arc<Flow>, context: Context, leg: LegId) -> Self {
        Conversation {
            flow: flow.id().clone(),
            flow_hash: flow.hash().to_string(),
            run: FlowRun::new(flow, context),
            leg,
            sayings: BTreeMap::new(),
            listening: None,
            unanswered: None,
        }
    }

    pub fn deadline(&self) -> Option<Moment> {
        self.run.deadline()
    }

    /// Tells the run what happened and carries out what it wants; what is left is for the call.
    pub fn tell(&mut self, event: FlowEvent, record: &mut Chronicle, desk: &mut Desk<'_>) -> Vec<Wish> {
        self.run.handle(event, desk.now);
        let mut wishes = Vec::new();
        while let Some(action) = self.run.poll() {
            wishes.extend(self.perform(action, record, desk));
        }
        wishes
    }

    fn perform(&mut self, action: FlowAction, record: &mut Chronicle, desk: &mut Desk<'_>) -> Option<Wish> {
        match action {
            FlowAction::Say { say, text, locale } => self.say(say, text, locale, desk),
            FlowAction::StopSaying { say } => {
                for (playback, _) in self.sayings.iter().filter(|(_, saying)| saying.say == say) {
                    desk.out.media(MediaCommand::StopPlayback { leg: self.leg, playback: *playback });
                }
            }
            FlowAction::Listen { locale } => {
                let listening = desk.out.listening();
                self.listening = Some(listening);
                let plan = ListeningPlan { locale, ..ListeningPlan::default() };
                desk.out.media(MediaCommand::Listen { leg: self.leg, listening, plan });
            }
            FlowAction::StopListening => self.stop_listening(desk),
            FlowAction::Transfer { target, ring } => return Some(Wish::Transfer { target, ring }),
            FlowAction::End { end } => return Some(Wish::End { end }),
            FlowAction::Trace(trace) => {
                if let Some(fact) = self.fact_of(trace) {
                    record.tell(fact, desk);
                }
            }
            // A newer flow vocabulary than this switchboard's would be a bug of this workspace.
            other => debug_assert!(false, "no voice for {other:?}"),
        }
        None
    }

    fn say(&mut self, say: SayId, text: Arc<str>, locale: Locale, desk: &mut Desk<'_>) {
        let playback = self.play(Source::Phrase { text: Arc::clone(&text), locale }, desk);
        self.sayings.insert(playback, Saying { say, text, started: None });
    }

    fn play(&mut self, source: Source, desk: &mut Desk<'_>) -> PlaybackId {
        let playback = desk.out.playback();
        desk.out.media(MediaCommand::Play { leg: self.leg, playback, source });
        self.replied_by(playback);
        playback
    }

    /// The caller hears this next: it is the reply to its last turn, if that has none yet.
    pub fn replied_by(&mut self, playback: PlaybackId) {
        if let Some(turn) = &mut self.unanswered {
            turn.reply.get_or_insert(playback);
        }
    }

    fn stop_listening(&mut self, desk: &mut Desk<'_>) {
        if let Some(listening) = self.listening.take() {
            desk.out.media(MediaCommand::StopListening { leg: self.leg, listening });
        }
    }

    /// A playback's first packet left: if it replies to a turn, the response time stands.
    pub fn playback_started(
        &mut self,
        playback: PlaybackId,
        at: Moment,
        record: &mut Chronicle,
        desk: &mut Desk<'_>,
    ) {
        if let Some(saying) = self.sayings.get_mut(&playback) {
            saying.started = Some(at);
        }
        let replies = self.unanswered.is_some_and(|turn| turn.reply == Some(playback));
        if let Some(turn) = self.unanswered.take_if(|_| replies) {
            let us = |moment| record.since_start_us(moment);
            let waterfall = Waterfall {
                kind: if turn.times.is_some() { TurnKind::Voice } else { TurnKind::Key },
                last_voice_us: us(turn.ended),
                turn_ended_us: turn.times.map(|times| us(times.turn_ended)),
                recognised_us: turn.times.map(|times| us(times.recognised)),
                decided_us: Some(us(turn.decided)),
                prompt_ready_us: None,
                first_packet_us: us(at),
            };
            record.tell(Fact::TurnAnswered(waterfall), desk);
        }
    }

    /// A playback is over. What it means for the flow, if it was one of its sayings.
    pub fn playback_ended(
        &mut self,
        playback: PlaybackId,
        end: PlaybackEnd,
        sent_samples: u32,
        record: &mut Chronicle,
        desk: &mut Desk<'_>,
    ) -> Option<FlowEvent> {
        let saying = self.sayings.remove(&playback)?;
        let completed = end == PlaybackEnd::Completed;
        self.told_saying(&saying, completed, sent_samples, record, desk);
        Some(FlowEvent::SayEnded { say: saying.say, completed })
    }

    /// The call ends: what was being said is told as far as it was heard.
    pub fn close(&mut self, record: &mut Chronicle, desk: &mut Desk<'_>) {
        for (_, saying) in std::mem::take(&mut self.sayings) {
            let heard = saying.started.map_or(0, |at| desk.now.since(at).as_millis() as u64 * 8);
            self.told_saying(&saying, false, u32::try_from(heard).unwrap_or(u32::MAX), record, desk);
        }
    }

    fn told_saying(
        &self,
        saying: &Saying,
        completed: bool,
        sent_samples: u32,
        record: &mut Chronicle,
        desk: &mut Desk<'_>,
    ) {
        let fact = Fact::DeskSaid {
            text: Arc::clone(&saying.text).into(),
            started_us: saying.started.map(|at| record.since_start_us(at)),
            ended_us: record.since_start_us(desk.now),
            completed,
            heard_ms: sent_samples / 8,
        };
        record.tell(fact, desk);
    }

    /// What the ears report, as an event of the flow.
    pub fn heard(
        &mut self,
        listening: ListeningId,
        outcome: SpeechOutcome,
        record: &mut Chronicle,
        desk: &mut Desk<'_>,
    ) -> Option<FlowEvent> {
        // What was heard by a listening that is over came too late to mean anything.
        if self.listening != Some(listening) {
            return None;
        }
        match outcome {
            SpeechOutcome::Started { .. } => Some(FlowEvent::PartySpeaks),
            SpeechOutcome::Heard { text, mean_log_probability, times } => {
                self.unanswered = Some(UnansweredTurn {
                    ended: times.last_voice,
                    times: Some(times),
                    decided: desk.now,
                    reply: None,
                });
                let said = Fact::CallerSaid {
                    text: text.clone().into(),
                    mean_log_probability,
                    first_voice_us: record.since_start_us(times.first_voice),
                    last_voice_us: record.since_start_us(times.last_voice),
                    recognised_us: record.since_start_us(times.recognised),
                };
                record.tell(said, desk);
                Some(FlowEvent::Heard { text, mean_log_probability })
            }
            _ => {
                record.tell(Fact::Noticed { notice: Notice::EarsFailed, fault: None }, desk);
                Some(FlowEvent::EarsFailed)
            }
        }
    }

    /// A key is a turn of its own: the next reply answers it.
    pub fn key(&mut self, key: char, at: Moment, record: &mut Chronicle, desk: &mut Desk<'_>) -> FlowEvent {
        self.unanswered = Some(UnansweredTurn { ended: at, times: None, decided: desk.now, reply: None });
        record.tell(Fact::CallerPressed { key }, desk);
        FlowEvent::Key(key)
    }

    fn fact_of(&self, trace: Trace) -> Option<Fact> {
        Some(match trace {
            Trace::Entered { step } => {
                Fact::StepEntered { flow: self.flow.clone(), flow_hash: self.flow_hash.clone(), step }
            }
            Trace::Understood { answer, by_key, score } => Fact::Understood { answer, by_key, score },
            Trace::NotUnderstood => Fact::NotUnderstood,
            Trace::NoInput => Fact::NoInput,
            _ => return None,
        })
    }
}
