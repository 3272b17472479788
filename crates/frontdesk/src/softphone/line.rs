//! The telephone's thread: its wire, one media engine, one voice, and the clock.

use super::phone::Phone;
use super::script::Item;
use super::wire::{Letter, Wire};
use super::words::{CallEnd, News, PhoneInput, PhoneOutput, PhonePlan};
use crate::mailbox::{Letters, Mailbox};
use crate::sound::{Listener, Sound};
use frontdesk_identifiers::{LegId, Moment};
use frontdesk_media_engine::{EngineFault, EngineSettings, MediaEngine, speech_ring};
use frontdesk_media_protocol::{ListeningId, ListeningPlan, SpeechFrame};
use frontdesk_sip_stack::SessionEnd;
use frontdesk_sip_transport::Transports;
use frontdesk_speech::{VoiceFault, VoiceSettings, Voices};
use ringbuf::traits::Consumer;
use ringbuf::{HeapCons, HeapProd};
use std::time::{Duration, Instant};

/// What the telephone's wire needs to know.
pub struct LineOptions {
    /// What the telephone is for.
    pub plan: PhonePlan,
    /// What it says and presses in each call.
    pub script: Vec<Item>,
    /// Whether it lets the far end finish first.
    pub polite: bool,
    /// The way to the desk; its flow is the plan's.
    pub wire: Wire,
    /// How its voice is made.
    pub voice: VoiceSettings,
    /// After how many calls it stops by itself; none for a telephone that stays.
    pub calls: Option<u32>,
    /// Chance.
    pub seed: [u8; 32],
}

/// Why there is no telephone.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineFault {
    /// The media engine did not start.
    #[error(transparent)]
    Engine(#[from] EngineFault),
    /// No voice.
    #[error(transparent)]
    Voice(#[from] VoiceFault),
    /// The system refused a handle or a thread.
    #[error("the system refused what a telephone needs: {0}")]
    System(#[from] std::io::Error),
}

/// How long the last words of a call are waited for: the recording, the sign-off.
const FAREWELL: Duration = Duration::from_secs(3);
/// The longest sleep while a call stands, so that what the far end says is looked at.
const GLANCE: Duration = Duration::from_millis(20);

/// Runs the telephone until it is done, telling `news` as it comes. Returns how the last call ended, if any was.
///
/// # Errors
/// When the telephone cannot be set up; a call that fails is no error.
pub fn run(options: LineOptions, mut news: impl FnMut(&News)) -> Result<Option<CallEnd>, LineFault> {
    let Wire { transports, post, letters, .. } = &options.wire;
    let epoch = Instant::now();
    let rendered = post.clone();
    let voices = Voices::start(options.voice, move |done| {
        // A thousand prompts do not wait for one telephone.
        let _ = rendered.post(Letter::Rendered(done));
    })?;
    let engine = MediaEngine::start(EngineSettings {
        one_port: None,
        ports: 0..=0,
        realtime: false,
        no_media_after: Duration::ZERO,
        wake: Some(post.bell()?),
        seed: options.seed,
        epoch,
    })?;
    stop_on_signal(post.clone())?;
    let mut line = Line {
        records: options.plan.record.is_some(),
        registers: options.plan.register.is_some(),
        phone: Phone::new(options.seed, options.plan, options.script, options.polite),
        transports,
        sound: Sound::new(engine, voices, None),
        ear: Ear(None),
        epoch,
        over: None,
        over_at: None,
        calls: 0,
        recorded: 0,
        stopping: None,
        signed_off: false,
        answered: false,
    };
    line.phone.handle(PhoneInput::Start, line.now());
    loop {
        line.turn(letters, &mut news);
        if line.is_done(options.calls) {
            break;
        }
        line.sleep(letters);
    }
    line.sound.stop();
    Ok(line.over)
}

struct Line<'w> {
    phone: Phone,
    transports: &'w Transports,
    sound: Sound,
    ear: Ear,
    epoch: Instant,
    records: bool,
    registers: bool,
    over: Option<CallEnd>,
    over_at: Option<Instant>,
    calls: u32,
    recorded: u32,
    answered: bool,
    stopping: Option<Instant>,
    signed_off: bool,
}

/// The telephone's own ear: it only wants to know whether somebody speaks.
struct Ear(Option<HeapCons<SpeechFrame>>);

impl Listener for Ear {
    fn listen(&mut self, _: LegId, _: ListeningId, _: ListeningPlan) -> HeapProd<SpeechFrame> {
        let (producer, consumer) = speech_ring();
        self.0 = Some(consumer);
        producer
    }

    fn stop(&mut self, _: ListeningId) {
        self.0 = None;
    }
}

impl Line<'_> {
    fn now(&self) -> Moment {
        Moment::from_nanos(u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    /// Takes in whatever has come, and does what follows from it.
    fn turn(&mut self, letters: &Letters<Letter>, news: &mut impl FnMut(&News)) {
        while let Some(letter) = letters.take() {
            let now = self.now();
            match letter {
                Letter::Rendered(rendered) => {
                    if let Err(fault) = &rendered.result {
                        tracing::warn!("nothing can be said: {fault}");
                    }
                    self.sound.rendered(&rendered, now);
                }
                Letter::Sip(input) => {
                    self.phone.handle(PhoneInput::Sip(input), now);
                    while let Some(output) = self.phone.poll() {
                        self.carry_out(output, news);
                    }
                }
                Letter::Stop => self.stop(),
            }
        }
        while let Some(event) = self.sound.poll() {
            let now = self.now();
            self.phone.handle(PhoneInput::Media(event), now);
        }
        while let Some(frame) = self.ear.0.as_mut().and_then(Consumer::try_pop) {
            let now = self.now();
            self.phone.handle(PhoneInput::Frame { active: frame.active }, now);
        }
        let now = self.now();
        if self.phone.deadline().is_some_and(|at| at <= now) {
            self.phone.handle(PhoneInput::Tick, now);
        }
        while let Some(output) = self.phone.poll() {
            self.carry_out(output, news);
        }
    }

    fn carry_out(&mut self, output: PhoneOutput, news: &mut impl FnMut(&News)) {
        match output {
            PhoneOutput::Transmit { flow, bytes } => {
                // What cannot be delivered comes back as a letter.
                if let Err(fault) = self.transports.send(&flow, &bytes) {
                    tracing::debug!(%fault, remote = %flow.remote, "a message was not sent");
                }
            }
            PhoneOutput::Media(command) => {
                let now = self.now();
                self.sound.carry_out(command, &mut self.ear, now);
            }
            PhoneOutput::News(what) => {
                news(&what);
                self.note(what);
            }
        }
    }

    fn note(&mut self, what: News) {
        match what {
            News::Talking => self.answered = true,
            News::Over(end) => {
                if !self.answered {
                    // A call that never stood has no recording to wait for.
                    self.recorded += 1;
                }
                self.answered = false;
                self.ear.0 = None;
                self.over = Some(end);
                self.over_at = Some(Instant::now());
                self.calls += 1;
            }
            News::Recorded { .. } => self.recorded += 1,
            News::Unregistered => self.signed_off = true,
            News::NotRegistered(_) => {
                self.signed_off = true;
                self.stopping.get_or_insert_with(Instant::now);
            }
            _ => {}
        }
    }

    fn stop(&mut self) {
        if self.stopping.is_none() {
            self.stopping = Some(Instant::now());
            let now = self.now();
            self.phone.handle(PhoneInput::Stop, now);
        }
    }

    /// Whether everything is said and done.
    fn is_done(&mut self, calls: Option<u32>) -> bool {
        if self.phone.is_idle() && calls.is_some_and(|calls| self.calls >= calls) {
            let recorded = !self.records || self.recorded >= self.calls;
            let late = self.over_at.is_some_and(|at| at.elapsed() > FAREWELL);
            if recorded || late {
                self.stop();
            }
        }
        let Some(since) = self.stopping else { return false };
        let settled = self.phone.is_idle() && (self.signed_off || !self.registers);
        settled || since.elapsed() > FAREWELL
    }

    fn sleep(&self, letters: &Letters<Letter>) {
        let due = self.phone.deadline().map(|at| at.since(self.now()));
        let glance =
            (self.ear.0.is_some() || self.stopping.is_some() || self.over_at.is_some()).then_some(GLANCE);
        letters.wait(due.into_iter().chain(glance).min());
    }
}

/// Ctrl-C and SIGTERM put the telephone down instead of tearing its cord out.
fn stop_on_signal(post: Mailbox<Letter>) -> std::io::Result<()> {
    crate::signals::on_stop(move || {
        let _ = post.post(Letter::Stop);
    })
}

impl CallEnd {
    /// Whether the call was answered and ended as calls should.
    pub fn is_ordinary(&self) -> bool {
        matches!(
            self,
            CallEnd::Session(
                SessionEnd::HungUpByPeer { .. } | SessionEnd::EndedHere | SessionEnd::CancelledByPeer { .. }
            )
        )
    }
}
