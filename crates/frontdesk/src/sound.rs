//! Where the switchboard's orders to the sound are carried out: phrases become prompts, listenings become rings,
//! and the rest goes to the media engine as it is.

use frontdesk_audio::{Prompt, ToneKind};
use frontdesk_identifiers::{LegId, Locale, Moment};
use frontdesk_media_engine::{MediaEngine, Order};
use frontdesk_media_protocol::{
    ListeningId, ListeningPlan, MediaCommand, MediaEvent, PlaybackEnd, PlaybackId, RoomId, Source,
    SpeechFrame,
};
use frontdesk_speech::{Rendered, Voices};
use ringbuf::HeapProd;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// The media engine, the voices, and who waits for a prompt.
pub struct Sound {
    engine: MediaEngine,
    voices: Voices,
    ringbacks: BTreeMap<Option<Arc<str>>, Arc<Prompt>>,
    /// For whoever is held; decoded once and shared by all who hear it.
    music: Option<Arc<Prompt>>,
    waiting: Vec<Waiting>,
    /// What came true without the engine: playbacks that ended before they began.
    events: VecDeque<MediaEvent>,
}

/// A playback whose sound is being rendered.
struct Waiting {
    hearer: Hearer,
    playback: PlaybackId,
    text: Arc<str>,
    locale: Locale,
}

/// To whom a playback is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hearer {
    Leg(LegId),
    Room(RoomId),
}

impl Hearer {
    fn order(self, playback: PlaybackId, prompt: Arc<Prompt>, repeat: bool) -> Order {
        match self {
            Hearer::Leg(leg) => Order::Play { leg, playback, prompt, repeat },
            Hearer::Room(room) => Order::PlayToRoom { room, playback, prompt, repeat },
        }
    }

    /// What is told of a playback that never began.
    fn never_played(self, playback: PlaybackId, end: PlaybackEnd, at: Moment) -> MediaEvent {
        match self {
            Hearer::Leg(leg) => MediaEvent::PlaybackEnded { leg, playback, end, sent_samples: 0, at },
            Hearer::Room(room) => MediaEvent::RoomPlaybackEnded { room, playback, end },
        }
    }
}

/// Who hears.
pub trait Listener {
    /// Begins to listen: makes the ring's writing half.
    fn listen(&mut self, leg: LegId, listening: ListeningId, plan: ListeningPlan) -> HeapProd<SpeechFrame>;
    /// Stops listening.
    fn stop(&mut self, listening: ListeningId);
}

impl Sound {
    /// The sound of one node.
    pub fn new(engine: MediaEngine, voices: Voices, music: Option<Prompt>) -> Self {
        Sound {
            engine,
            voices,
            ringbacks: BTreeMap::new(),
            music: music.map(Arc::new),
            waiting: Vec::new(),
            events: VecDeque::new(),
        }
    }

    /// Carries one command out. `now` dates what comes true at once.
    pub fn carry_out(&mut self, command: MediaCommand, listener: &mut dyn Listener, now: Moment) {
        let order = match command {
            MediaCommand::Open { leg, bind } => Order::Open { leg, bind },
            MediaCommand::Configure { leg, audio } => Order::Configure { leg, audio },
            MediaCommand::Close { leg } => {
                self.waiting.retain(|waiting| waiting.hearer != Hearer::Leg(leg));
                Order::Close { leg }
            }
            MediaCommand::Play { leg, playback, source } => {
                return self.play(Hearer::Leg(leg), playback, source, now);
            }
            MediaCommand::PlayToRoom { room, playback, source } => {
                return self.play(Hearer::Room(room), playback, source, now);
            }
            MediaCommand::StopRoomPlayback { room, playback } => {
                if self.give_up(|waiting| waiting.playback == playback, PlaybackEnd::Stopped, now) {
                    return;
                }
                Order::StopRoomPlayback { room, playback }
            }
            MediaCommand::JoinRoom { leg, room, audience, announced } => {
                Order::JoinRoom { leg, room, audience, announced }
            }
            MediaCommand::LeaveRoom { leg, room } => Order::LeaveRoom { leg, room },
            MediaCommand::StopPlayback { leg, playback } => {
                if self.give_up(|waiting| waiting.playback == playback, PlaybackEnd::Stopped, now) {
                    return;
                }
                Order::StopPlayback { leg, playback }
            }
            MediaCommand::Listen { leg, listening, plan } => {
                Order::Listen { leg, listening, ring: listener.listen(leg, listening, plan) }
            }
            MediaCommand::StopListening { leg, listening } => {
                listener.stop(listening);
                Order::StopListening { leg, listening }
            }
            MediaCommand::SendDigits { leg, digits } => Order::SendDigits { leg, digits },
            MediaCommand::Bridge { first, second } => Order::Bridge { first, second },
            MediaCommand::Unbridge { first, second } => Order::Unbridge { first, second },
            MediaCommand::Record { leg, path } => Order::Record { leg, path },
            MediaCommand::PauseRecording { leg } => Order::PauseRecording { leg },
            MediaCommand::ResumeRecording { leg } => Order::ResumeRecording { leg },
            MediaCommand::StopRecording { leg } => Order::StopRecording { leg },
        };
        self.engine.order(order);
    }

    /// Made once for each country that a tenant of the settings has.
    fn ringback(&mut self, country: Option<Arc<str>>) -> Arc<Prompt> {
        let made = self.ringbacks.entry(country).or_insert_with_key(|country| {
            Arc::new(Prompt::tone(country.as_deref().unwrap_or_default(), ToneKind::Ringback))
        });
        Arc::clone(made)
    }

    fn play(&mut self, hearer: Hearer, playback: PlaybackId, source: Source, now: Moment) {
        self.give_up(|waiting| waiting.hearer == hearer, PlaybackEnd::Stopped, now);
        match source {
            Source::Ringback { country } => {
                let prompt = self.ringback(country);
                self.engine.order(hearer.order(playback, prompt, true));
            }
            Source::Music => match &self.music {
                Some(music) => self.engine.order(hearer.order(playback, Arc::clone(music), true)),
                None => self.events.push_back(hearer.never_played(playback, PlaybackEnd::Failed, now)),
            },
            Source::Phrase { text, locale } => match self.voices.cached(&text, &locale) {
                Some(prompt) => self.engine.order(hearer.order(playback, prompt, false)),
                None => {
                    self.voices.render(Arc::clone(&text), locale.clone());
                    self.waiting.push(Waiting { hearer, playback, text, locale });
                }
            },
        }
    }

    /// A text was rendered, or could not be: whoever waits for it is served.
    pub fn rendered(&mut self, rendered: &Rendered, now: Moment) {
        let wanted = |waiting: &Waiting| waiting.text == rendered.text && waiting.locale == rendered.locale;
        match &rendered.result {
            Ok(prompt) => {
                for waiting in self.waiting.extract_if(.., |waiting| wanted(waiting)) {
                    let prompt = Arc::clone(prompt);
                    self.engine.order(waiting.hearer.order(waiting.playback, prompt, false));
                }
            }
            Err(_) => {
                self.give_up(wanted, PlaybackEnd::Failed, now);
            }
        }
    }

    /// Ends playbacks that were never begun; whether there were any.
    fn give_up(&mut self, which: impl Fn(&Waiting) -> bool, end: PlaybackEnd, now: Moment) -> bool {
        let mut any = false;
        for waiting in self.waiting.extract_if(.., |waiting| which(waiting)) {
            self.events.push_back(waiting.hearer.never_played(waiting.playback, end, now));
            any = true;
        }
        any
    }

    /// The next thing that happened.
    pub fn poll(&mut self) -> Option<MediaEvent> {
        self.events.pop_front().or_else(|| self.engine.poll())
    }

    /// Whether the media threads live.
    pub fn is_running(&self) -> bool {
        self.engine.is_running()
    }

    /// Ends the media threads; recordings are published first.
    pub fn stop(self) {
        self.engine.stop();
    }
}
