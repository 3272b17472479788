//! The sound side of the desk, simulated: it answers every [`MediaCommand`] as the media engine does, in virtual
//! time and without sound, and keeps a list of what the desk asked for that it must not ask for.

use super::chance::Chance;
use super::port::{Playing, Port, Stage};
use frontdesk_identifiers::{LegId, Moment};
use frontdesk_media_protocol::{
    ListeningId, MediaCommand, MediaEvent, PlaybackEnd, PlaybackId, PortFault, Source, SpeechEvent,
    SpeechFault, SpeechOutcome, StreamCounters, TurnTimes,
};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// What the sound side can do, and what is broken about it.
#[derive(Debug, Clone, Copy)]
pub struct SoundPlan {
    /// How many ports there are.
    pub ports: usize,
    /// How long a port may take to open.
    pub opening: Duration,
    /// Whether the ears work.
    pub ears: Ears,
    /// Whether the voice can say what it is told to.
    pub voice_works: bool,
    /// Whether the disk takes recordings.
    pub disk_works: bool,
    /// After how long without packets a leg is told to have none.
    pub no_media_after: Duration,
}

/// How the ears are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ears {
    /// They hear every word.
    Good,
    /// They fail whenever they are asked to listen.
    Broken,
}

impl Default for SoundPlan {
    fn default() -> Self {
        SoundPlan {
            ports: 500,
            opening: Duration::from_millis(3),
            ears: Ears::Good,
            voice_works: true,
            disk_works: true,
            no_media_after: Duration::from_secs(30),
        }
    }
}

/// What the sound side reports to the desk, or lets the robots know.
#[derive(Debug, Clone)]
pub enum SoundEvent {
    /// For the desk.
    Media(MediaEvent),
    /// For the desk.
    Speech(SpeechEvent),
}

/// The simulated media engine, ears and voice.
pub struct Sound {
    /// What it can do; may be changed on the way.
    pub plan: SoundPlan,
    chance: Chance,
    ports: BTreeMap<LegId, Port>,
    /// In the order in which the desk hears of them.
    events: BTreeMap<(Moment, u64), SoundEvent>,
    number: u64,
    /// The ring is one: nothing overtakes.
    last_media: Moment,
    playbacks: BTreeSet<PlaybackId>,
    listenings: BTreeSet<ListeningId>,
    recordings: Vec<PathBuf>,
    /// Who sends no sound.
    mute: BTreeSet<IpAddr>,
    /// Where nobody is any more, though the machine is there.
    dead: BTreeSet<SocketAddr>,
    /// Listenings that began since the last look, by the address of the party that is listened to.
    asked: Vec<SocketAddr>,
    faults: Vec<String>,
    opened: u64,
    phrases: Vec<(SocketAddr, String)>,
    ringbacks: u32,
    digits: Vec<(SocketAddr, String)>,
    /// Which legs were ever joined, and whose sound went through each.
    joined: BTreeSet<(LegId, LegId)>,
    parties: BTreeMap<LegId, BTreeSet<SocketAddr>>,
    now: Moment,
}

/// A tick: what the desk orders happens at most so much later.
const TICK: Duration = Duration::from_millis(20);

impl Sound {
    /// A sound side that draws from `chance`.
    pub fn new(plan: SoundPlan, chance: Chance) -> Sound {
        Sound {
            plan,
            chance,
            ports: BTreeMap::new(),
            events: BTreeMap::new(),
            number: 0,
            last_media: Moment::ZERO,
            playbacks: BTreeSet::new(),
            listenings: BTreeSet::new(),
            recordings: Vec::new(),
            mute: BTreeSet::new(),
            dead: BTreeSet::new(),
            asked: Vec::new(),
            faults: Vec::new(),
            opened: 0,
            phrases: Vec::new(),
            ringbacks: 0,
            digits: Vec::new(),
            joined: BTreeSet::new(),
            parties: BTreeMap::new(),
            now: Moment::ZERO,
        }
    }

    /// When the next event is to be delivered, or the next port may miss its packets.
    pub fn next(&self) -> Option<Moment> {
        let event = self.events.first_key_value().map(|((at, _), _)| *at);
        let silence = self.ports.values().filter_map(|port| self.silent_at(port)).min();
        event.into_iter().chain(silence).min()
    }

    /// The event whose time has come, if one has.
    pub fn event(&mut self, now: Moment) -> Option<SoundEvent> {
        let silent = |port: &Port| self.silent_at(port).is_some_and(|at| at <= now);
        if let Some(leg) = self.ports.iter().find(|(_, port)| silent(port)).map(|(leg, _)| *leg)
            && let Some(port) = self.ports.get_mut(&leg)
        {
            let since = port.media_since.take().unwrap_or(now);
            self.report(Duration::ZERO, now, MediaEvent::NoMedia { leg, since });
        }
        let first = self.events.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    /// Carries out an order of the desk.
    pub fn command(&mut self, command: MediaCommand, now: Moment) {
        self.now = now;
        match command {
            MediaCommand::Open { leg, .. } => self.open(leg, now),
            MediaCommand::Close { leg } => self.close(leg, now),
            MediaCommand::Configure { leg, audio } => {
                let first_packet = self.chance.time(Duration::from_millis(60));
                let speaks = !self.is_silent(audio.remote) && audio.direction.receives();
                let Some(port) = self.usable(leg, "Configure") else { return };
                let first = speaks && !port.spoken_to;
                port.spoken_to |= speaks;
                port.audio = Some(audio);
                port.media_since = audio.direction.receives().then_some(now);
                self.parties.entry(leg).or_default().insert(audio.remote);
                if first {
                    self.report(first_packet, now, MediaEvent::FirstPacket { leg, at: now + first_packet });
                }
            }
            MediaCommand::Play { leg, playback, source } => self.play(leg, playback, source, now),
            MediaCommand::StopPlayback { leg, playback } => {
                let Some(port) = self.usable(leg, "StopPlayback") else { return };
                if port.playing.as_ref().is_some_and(|playing| playing.id == playback) {
                    self.end_playback(leg, PlaybackEnd::Stopped, now);
                }
            }
            MediaCommand::Listen { leg, listening, .. } => self.listen(leg, listening, now),
            MediaCommand::StopListening { leg, listening } => {
                let Some(port) = self.usable(leg, "StopListening") else { return };
                port.listening.take_if(|current| *current == listening);
            }
            MediaCommand::SendDigits { leg, digits } => {
                let party = self.usable(leg, "SendDigits").and_then(|port| port.party());
                self.digits.extend(party.map(|party| (party, digits)));
            }
            MediaCommand::Bridge { first, second } => self.bridge(first, second),
            // No story of the desk has a room yet.
            MediaCommand::JoinRoom { leg, room, .. } => {
                self.report(Duration::ZERO, now, MediaEvent::RoomFull { leg, room });
            }
            MediaCommand::PlayToRoom { room, playback, .. } => {
                let end = PlaybackEnd::Failed;
                self.report(Duration::ZERO, now, MediaEvent::RoomPlaybackEnded { room, playback, end });
            }
            MediaCommand::LeaveRoom { .. } | MediaCommand::StopRoomPlayback { .. } => {}
            MediaCommand::Unbridge { first, second } => self.unbridge(first, second),
            MediaCommand::Record { leg, path } => self.record(leg, path, now),
            MediaCommand::StopRecording { leg } => self.end_recording(leg, now),
            MediaCommand::PauseRecording { .. } | MediaCommand::ResumeRecording { .. } => {}
        }
    }

    /// The keys that parties were sent, in order.
    pub fn digits(&self) -> &[(SocketAddr, String)] {
        &self.digits
    }

    /// The party at this address says something; its words are heard if somebody listens.
    pub fn say(&mut self, party: SocketAddr, text: &str, now: Moment) {
        let Some((leg, listening)) = self.listening_to(party) else { return };
        let spoken = Duration::from_millis(60 * text.len() as u64 + 200);
        let silence = Duration::from_millis(600);
        let recognising = Duration::from_millis(30) + self.chance.time(Duration::from_millis(300));
        let times = TurnTimes {
            first_voice: now,
            last_voice: now + spoken,
            turn_ended: now + spoken + silence,
            recognised: now + spoken + silence + recognising,
            heard_from: 0,
            heard_to: 0,
        };
        let heard = SpeechOutcome::Heard { text: text.to_owned(), mean_log_probability: -0.05, times };
        self.tell(now + TICK, SpeechEvent { leg, listening, outcome: SpeechOutcome::Started { at: now } });
        self.tell(times.recognised, SpeechEvent { leg, listening, outcome: heard });
    }

    /// The party at this address presses a key.
    pub fn press(&mut self, party: SocketAddr, key: char, now: Moment) {
        let Some((leg, _)) = self.port_of(party) else { return };
        self.report(TICK, now, MediaEvent::Digit { leg, key, at: now });
    }

    /// From now on no sound comes from this address.
    pub fn silence(&mut self, party: IpAddr, now: Moment) {
        self.mute.insert(party);
        for port in self.ports.values_mut().filter(|port| port.party().is_some_and(|at| at.ip() == party)) {
            port.media_since = port.media_since.map(|since| since.max(now));
        }
    }

    /// Sound comes from this address again, but for the calls of before.
    pub fn unsilence(&mut self, party: IpAddr, dead: impl IntoIterator<Item = SocketAddr>) {
        self.mute.remove(&party);
        self.dead.extend(dead);
    }

    fn is_silent(&self, party: SocketAddr) -> bool {
        self.mute.contains(&party.ip()) || self.dead.contains(&party)
    }

    /// Parties whose words the desk has begun to wait for since the last look.
    pub fn take_asked(&mut self) -> Vec<SocketAddr> {
        std::mem::take(&mut self.asked)
    }

    /// Every text that was played, and to whom, in order.
    pub fn phrases(&self) -> &[(SocketAddr, String)] {
        &self.phrases
    }

    /// How often the ringing tone was played to anybody.
    pub fn ringbacks(&self) -> u32 {
        self.ringbacks
    }

    /// Whether anything is played to the party at this address.
    pub fn plays_to(&self, party: SocketAddr) -> bool {
        self.port_of(party).is_some_and(|(_, port)| port.playing.is_some())
    }

    /// Whether the ears are on the party at this address.
    pub fn listens_to(&self, party: SocketAddr) -> bool {
        self.listening_to(party).is_some()
    }

    /// Where recordings were asked for, in order.
    pub fn recordings(&self) -> &[PathBuf] {
        &self.recordings
    }

    /// How many ports were ever opened.
    pub fn opened(&self) -> u64 {
        self.opened
    }

    /// The ports that are not closed.
    pub fn open_ports(&self) -> usize {
        self.ports.values().filter(|port| port.stage != Stage::Closed).count()
    }

    /// Which parties hear each other, as pairs of addresses.
    pub fn bridges(&self) -> Vec<(SocketAddr, SocketAddr)> {
        let pair = |port: &Port| {
            let other = self.ports.get(&port.partner?)?;
            Some((port.party()?, other.party()?))
        };
        self.ports.values().filter_map(pair).collect()
    }

    /// Which parties ever heard each other.
    pub fn joined(&self) -> impl Iterator<Item = (SocketAddr, SocketAddr)> {
        let of = |leg: &LegId| self.parties.get(leg).into_iter().flatten().copied();
        self.joined.iter().flat_map(move |(one, other)| {
            of(one).flat_map(move |left| of(other).map(move |right| (left, right)))
        })
    }

    /// Whether the desk sends sound to and takes it from the party at this address.
    pub fn direction_to(&self, party: SocketAddr) -> Option<frontdesk_media_protocol::Direction> {
        self.port_of(party).and_then(|(_, port)| Some(port.audio?.direction))
    }

    /// Forgets what was played, recorded and joined, and the ports that are closed.
    pub(super) fn forget_the_past(&mut self) {
        self.ports.retain(|_, port| port.stage != Stage::Closed);
        self.parties.retain(|leg, _| self.ports.contains_key(leg));
        (self.playbacks, self.listenings, self.joined) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        (self.recordings, self.phrases, self.digits) = (Vec::new(), Vec::new(), Vec::new());
    }

    /// What the desk asked for against the rules.
    pub fn faults(&self) -> &[String] {
        &self.faults
    }
}

/// How the orders are carried out.
impl Sound {
    fn open(&mut self, leg: LegId, now: Moment) {
        if self.ports.contains_key(&leg) {
            return self.faults.push(format!("{leg:?} was opened twice"));
        }
        let full = self.open_ports() >= self.plan.ports;
        let wait = self.chance.time(self.plan.opening);
        let mut port = Port::opening();
        if full {
            port.stage = Stage::Closed;
            self.report(wait, now, MediaEvent::PortFailed { leg, fault: PortFault::RangeExhausted });
        } else {
            let address = SocketAddr::from(([192, 0, 2, 1], 20_000 + (self.opened * 2 % 40_000) as u16));
            self.opened += 1;
            let opened = self.report(wait, now, MediaEvent::PortOpened { leg, address });
            port.stage = Stage::Open { known: opened };
        }
        self.ports.insert(leg, port);
    }

    fn close(&mut self, leg: LegId, now: Moment) {
        if self.usable(leg, "Close").is_none() {
            return;
        }
        self.end_recording_if_any(leg, now);
        self.report(TICK, now, MediaEvent::PortClosed { leg, counters: StreamCounters::default() });
        let Some(port) = self.ports.get_mut(&leg) else { return };
        let partner = port.partner.take();
        let playing = port.playing.take();
        *port = Port { stage: Stage::Closed, ..Port::opening() };
        if let Some(event) = playing.and_then(|playing| playing.ends) {
            self.events.remove(&event);
        }
        if let Some(partner) = partner.and_then(|partner| self.ports.get_mut(&partner)) {
            partner.partner = None;
        }
    }

    fn play(&mut self, leg: LegId, playback: PlaybackId, source: Source, now: Moment) {
        if !self.playbacks.insert(playback) {
            self.faults.push(format!("{playback:?} was used twice"));
        }
        let Some(party) = self.configured(leg, "Play") else { return };
        self.end_playback(leg, PlaybackEnd::Stopped, now);
        if !self.plan.voice_works && !matches!(source, Source::Ringback { .. } | Source::Music) {
            let (end, sent_samples, at) = (PlaybackEnd::Failed, 0, now + TICK);
            self.report(TICK, now, MediaEvent::PlaybackEnded { leg, playback, end, sent_samples, at });
            return;
        }
        let starts = TICK;
        let started =
            self.report(starts, now, MediaEvent::PlaybackStarted { leg, playback, at: now + starts });
        let length = match &source {
            Source::Phrase { text, .. } => {
                self.phrases.push((party, text.to_string()));
                Some(Duration::from_millis(55 * text.len() as u64))
            }
            Source::Ringback { .. } | Source::Music => {
                self.ringbacks += 1;
                None
            }
        };
        let event = length.map(|length| {
            let (end, sent_samples) = (PlaybackEnd::Completed, length.as_millis() as u32 * 8);
            let at = started + length;
            self.put(
                at,
                SoundEvent::Media(MediaEvent::PlaybackEnded { leg, playback, end, sent_samples, at }),
            )
        });
        if let Some(port) = self.ports.get_mut(&leg) {
            port.playing = Some(Playing { id: playback, started, ends: event });
        }
    }

    /// Ends what is played, if anything is, before its time.
    fn end_playback(&mut self, leg: LegId, end: PlaybackEnd, now: Moment) {
        let Some(playing) = self.ports.get_mut(&leg).and_then(|port| port.playing.take()) else { return };
        if let Some(event) = playing.ends
            && self.events.remove(&event).is_none()
        {
            // It has been told already that it was played to its end.
            return;
        }
        let at = now + TICK;
        let sent_samples = at.since(playing.started).as_millis() as u32 * 8;
        let playback = playing.id;
        self.report(at.since(now), now, MediaEvent::PlaybackEnded { leg, playback, end, sent_samples, at });
    }

    fn listen(&mut self, leg: LegId, listening: ListeningId, now: Moment) {
        if !self.listenings.insert(listening) {
            self.faults.push(format!("{listening:?} was used twice"));
        }
        let Some(party) = self.configured(leg, "Listen") else { return };
        if let Some(port) = self.ports.get_mut(&leg) {
            port.listening = Some(listening);
        }
        self.asked.push(party);
        if self.plan.ears == Ears::Broken {
            let outcome = SpeechOutcome::Failed { fault: SpeechFault::NoEngine };
            self.tell(now + TICK, SpeechEvent { leg, listening, outcome });
        }
    }

    fn bridge(&mut self, first: LegId, second: LegId) {
        self.joined.insert((first, second));
        for (one, other) in [(first, second), (second, first)] {
            // A caller who was not offered to may still owe the answer: sound flows once it is there.
            let Some(port) = self.usable(one, "Bridge") else { return };
            if port.partner.replace(other).is_some() {
                self.faults.push(format!("{one:?} was bridged while it was bridged"));
            }
        }
    }

    fn unbridge(&mut self, first: LegId, second: LegId) {
        for (one, other) in [(first, second), (second, first)] {
            let Some(port) = self.usable(one, "Unbridge") else { return };
            if port.partner.take() != Some(other) {
                self.faults.push(format!("{one:?} was parted from {other:?}, but they were not joined"));
            }
        }
    }

    fn record(&mut self, leg: LegId, path: PathBuf, now: Moment) {
        if self.configured(leg, "Record").is_none() {
            return;
        }
        if self.recordings.contains(&path) {
            self.faults.push(format!("{} was recorded twice", path.display()));
        }
        self.recordings.push(path);
        if let Some(port) = self.ports.get_mut(&leg)
            && port.recording.replace(now).is_some()
        {
            self.faults.push(format!("{leg:?} was recorded while it was recorded"));
        }
    }

    fn end_recording(&mut self, leg: LegId, now: Moment) {
        if self.usable(leg, "StopRecording").is_some() {
            self.end_recording_if_any(leg, now);
        }
    }

    /// The writer's thread is its own: it reports before or after the port.
    fn end_recording_if_any(&mut self, leg: LegId, now: Moment) {
        let Some(since) = self.ports.get_mut(&leg).and_then(|port| port.recording.take()) else { return };
        let samples = now.since(since).as_millis() as u64 * 8;
        let wait = self.chance.time(Duration::from_millis(200));
        let event = MediaEvent::RecordingEnded {
            leg,
            samples,
            gap_samples: 0,
            paused_samples: 0,
            kept: self.plan.disk_works,
        };
        self.put(now + wait, SoundEvent::Media(event));
    }

    /// A port that is open and known to be, or a fault.
    fn usable(&mut self, leg: LegId, order: &str) -> Option<&mut Port> {
        let now = self.now;
        match self.ports.get_mut(&leg) {
            Some(port) if matches!(port.stage, Stage::Open { known } if known <= now) => Some(port),
            found => {
                let stage = found.map(|port| port.stage);
                self.faults.push(format!("{order} for {leg:?}, which is {stage:?}"));
                None
            }
        }
    }

    /// A port through which sound flows, or a fault; whose sound.
    fn configured(&mut self, leg: LegId, order: &str) -> Option<SocketAddr> {
        let party = self.usable(leg, order)?.party();
        if party.is_none() {
            self.faults.push(format!("{order} for {leg:?} before anything was agreed"));
        }
        party
    }

    fn port_of(&self, party: SocketAddr) -> Option<(LegId, &Port)> {
        let open = |port: &Port| port.stage != Stage::Closed && port.party() == Some(party);
        self.ports.iter().find(|(_, port)| open(port)).map(|(leg, port)| (*leg, port))
    }

    fn listening_to(&self, party: SocketAddr) -> Option<(LegId, ListeningId)> {
        let (leg, port) = self.port_of(party)?;
        Some((leg, port.listening?))
    }

    fn silent_at(&self, port: &Port) -> Option<Moment> {
        let party = port.party()?;
        let since = port.media_since?;
        self.is_silent(party).then(|| since + self.plan.no_media_after)
    }

    /// Tells the desk so much later, and after everything that was told before; when.
    fn report(&mut self, wait: Duration, now: Moment, event: MediaEvent) -> Moment {
        self.last_media = self.last_media.max(now + wait);
        let at = self.last_media;
        self.put(at, SoundEvent::Media(event));
        at
    }

    fn tell(&mut self, at: Moment, event: SpeechEvent) {
        self.put(at, SoundEvent::Speech(event));
    }

    fn put(&mut self, at: Moment, event: SoundEvent) -> (Moment, u64) {
        self.number += 1;
        self.events.insert((at, self.number), event);
        (at, self.number)
    }
}
