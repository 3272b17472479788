//! The bench's thread: signalling, sound and the clock.

use super::calls::{Calls, CallsInput, CallsOutput, Note};
use super::figures::Figures;
use super::mishap::{Fate, Mishap};
use super::plan::BenchPlan;
use super::sockets::{Sockets, wall_nanos};
use super::voice::{Datagram, PACKET, Voice};
use crate::node::Chance;
use crate::softphone::{Letter, Wire};
use frontdesk_identifiers::Moment;
use std::collections::{BTreeMap, BinaryHeap};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// After its last packet a caller waits so long for what is still under way, and then hangs up.
const LINGER: Duration = Duration::from_millis(500);
/// The longest sleep: signalling is looked at so often.
const GLANCE: Duration = Duration::from_millis(1);
/// How often progress is told.
const PROGRESS: Duration = Duration::from_secs(1);
/// How long everything may take beyond what was asked for, before the bench stops by itself.
const GRACE: Duration = Duration::from_secs(30);
/// How long farewells may take.
const FAREWELL: Duration = Duration::from_secs(3);

/// Why nothing was measured: this machine's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchFault {
    /// The system refused a socket or a thread.
    #[error("the system refused what a bench needs: {0}")]
    System(#[from] std::io::Error),
    /// The called telephone could not be registered.
    #[error("the called telephone is not registered: {0}")]
    NotRegistered(String),
}

/// What is told while a bench runs.
#[derive(Debug)]
pub enum Progress<'f> {
    /// The called telephone is registered, and can be called.
    Registered,
    /// How it stands, about once a second.
    Standing {
        /// What was seen so far; what was lost is known when a leg is over.
        figures: &'f Figures,
        /// How many legs there are.
        legs: usize,
    },
}

/// Runs the bench until all its calls are over, or until it is stopped; a bench that only answers stays until then, or
/// `longest`. `progress` is told how it goes.
///
/// # Errors
/// When nothing can be measured. Calls that fail are figures.
pub fn run(
    plan: BenchPlan,
    wire: &Wire,
    longest: Option<Duration>,
    mut progress: impl FnMut(Progress<'_>),
) -> Result<Figures, BenchFault> {
    let calls_time = Duration::from_secs_f64(f64::from(plan.calls) / plan.rate.max(0.001));
    let limit = match (&plan.target, longest) {
        (_, Some(longest)) => longest,
        (Some(_), None) => calls_time + plan.talk + plan.patience + GRACE,
        (None, None) => Duration::MAX,
    };
    let post = wire.post();
    crate::signals::on_stop(move || {
        let _ = post.post(Letter::Stop);
    })?;
    let mut bench = Bench::new(plan, wire)?;
    bench.tell(CallsInput::Start)?;
    let mut told = Instant::now();
    while !bench.is_over(limit) {
        bench.turn()?;
        if std::mem::take(&mut bench.registered) {
            progress(Progress::Registered);
        }
        if told.elapsed() >= PROGRESS {
            told = Instant::now();
            progress(Progress::Standing { figures: &bench.figures, legs: bench.calls.standing() });
        }
    }
    bench.finish()
}

struct Bench<'w> {
    wire: &'w Wire,
    calls: Calls,
    sockets: Sockets,
    local: IpAddr,
    talk: Duration,
    keys: String,
    figures: Figures,
    mishap: Mishap,
    chance: Chance,
    run: u32,
    epoch: Instant,
    legs: BTreeMap<u32, Leg>,
    /// When which leg is due, the soonest on top.
    due: BinaryHeap<std::cmp::Reverse<(Moment, u32)>>,
    /// Packets that wait on purpose, the soonest on top.
    held: BinaryHeap<Held>,
    stopping: Option<Instant>,
    done: bool,
    /// It was registered since that was told.
    registered: bool,
    refused: Option<String>,
}

/// A leg that speaks.
struct Leg {
    voice: Voice,
    since: Moment,
    /// When a caller stops speaking; a callee speaks until its call is over.
    until: Option<Moment>,
    finished: bool,
}

/// A packet that waits on purpose.
struct Held {
    at: Moment,
    leg: u32,
    to: SocketAddr,
    datagram: Datagram,
    length: usize,
}

impl Bench<'_> {
    fn new(plan: BenchPlan, wire: &Wire) -> Result<Bench<'_>, BenchFault> {
        let mut chance = Chance::new(None);
        let (loss, jitter) = plan.mishap;
        let mut run = [0; 4];
        chance.fill(&mut run);
        Ok(Bench {
            wire,
            local: plan.flow.local.ip(),
            talk: plan.talk,
            keys: plan.keys.clone(),
            mishap: Mishap::new(chance.seed(), loss, jitter),
            calls: Calls::new(chance.seed(), plan),
            sockets: Sockets::new()?,
            figures: Figures::new(),
            chance,
            run: u32::from_be_bytes(run),
            epoch: Instant::now(),
            legs: BTreeMap::new(),
            due: BinaryHeap::new(),
            held: BinaryHeap::new(),
            stopping: None,
            done: false,
            registered: false,
            refused: None,
        })
    }

    fn now(&self) -> Moment {
        Moment::from_nanos(u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    fn is_over(&mut self, limit: Duration) -> bool {
        if self.refused.is_some() || self.done && self.calls.standing() == 0 && self.stopping.is_none() {
            return true;
        }
        if self.epoch.elapsed() >= limit {
            self.stop();
        }
        self.stopping.is_some_and(|since| self.calls.standing() == 0 || since.elapsed() > FAREWELL)
    }

    fn stop(&mut self) {
        if self.stopping.is_none() {
            self.stopping = Some(Instant::now());
            let _ = self.tell(CallsInput::Stop);
        }
    }

    /// Everything that has come and everything that is due, then a short sleep.
    fn turn(&mut self) -> Result<(), BenchFault> {
        while let Some(letter) = self.wire.take() {
            match letter {
                Letter::Sip(input) => self.tell(CallsInput::Sip(input))?,
                Letter::Stop => self.stop(),
                Letter::Rendered(_) => {}
            }
        }
        let now = self.now();
        if self.calls.deadline().is_some_and(|at| at <= now) {
            self.tell(CallsInput::Tick)?;
        }
        self.speak()?;
        let now = self.now();
        let next =
            [self.due.peek().map(|due| due.0.0), self.held.peek().map(|held| held.at), self.calls.deadline()];
        let sleep = next.into_iter().flatten().map(|at| at.since(now)).min().unwrap_or(GLANCE).min(GLANCE);
        let (legs, figures) = (&mut self.legs, &mut self.figures);
        let epoch = self.epoch;
        self.sockets.read(sleep, |leg, datagram, at| {
            if let Some(leg) = legs.get_mut(&leg) {
                let now = Moment::from_nanos(u64::try_from(epoch.elapsed().as_nanos()).unwrap_or(u64::MAX));
                leg.voice.receive(datagram, at, now.since(leg.since), figures);
            }
        })?;
        Ok(())
    }

    fn tell(&mut self, input: CallsInput) -> Result<(), BenchFault> {
        let now = self.now();
        self.calls.handle(input, now);
        while let Some(output) = self.calls.poll() {
            match output {
                CallsOutput::Transmit { flow, bytes } => {
                    // What cannot be delivered comes back as a letter.
                    let _ = self.wire.send(&flow, &bytes);
                }
                CallsOutput::OpenLeg { leg } => {
                    let address = self.sockets.open(leg, self.local).ok();
                    let now = self.now();
                    self.calls.handle(CallsInput::LegOpened { leg, address }, now);
                }
                CallsOutput::Speak { leg, audio, calls } => {
                    let mut ssrc = [0; 4];
                    self.chance.fill(&mut ssrc);
                    let keys = if calls { self.keys.as_str() } else { "" };
                    let voice = Voice::new(self.run, leg, u32::from_be_bytes(ssrc), audio, keys);
                    let since = self.now();
                    let until = calls.then(|| since + self.talk);
                    self.legs.insert(leg, Leg { voice, since, until, finished: false });
                    self.due.push(std::cmp::Reverse((since, leg)));
                }
                CallsOutput::CloseLeg { leg } => {
                    self.sockets.close(leg);
                    if let Some(leg) = self.legs.remove(&leg) {
                        leg.voice.end(&mut self.figures);
                    }
                }
                CallsOutput::Noted(note) => self.note(note),
            }
        }
        Ok(())
    }

    fn note(&mut self, note: Note) {
        let figures = &mut self.figures;
        match note {
            Note::Registered => self.registered = true,
            Note::NotRegistered(why) => self.refused = Some(why),
            Note::Placed => figures.placed += 1,
            Note::Trying(after) => figures.trying.add(after),
            Note::Ringing(after) => figures.ringing.add(after),
            Note::Answered(after) => {
                figures.answered += 1;
                figures.answer.add(after);
            }
            Note::Taken => figures.taken += 1,
            Note::Completed => figures.completed += 1,
            Note::Failed(why) => *figures.failed.entry(why).or_default() += 1,
            Note::Done => self.done = true,
        }
    }

    /// Sends what is due.
    fn speak(&mut self) -> Result<(), BenchFault> {
        let now = self.now();
        let mut finished = Vec::new();
        while let Some(std::cmp::Reverse((at, number))) = self.due.peek().copied() {
            if at > now {
                break;
            }
            self.due.pop();
            let Some(leg) = self.legs.get_mut(&number) else { continue };
            match leg.until {
                Some(until) if at >= until + LINGER => {
                    if !std::mem::replace(&mut leg.finished, true) {
                        finished.push(number);
                    }
                    continue;
                }
                Some(until) if at >= until => {}
                _ => {
                    let (datagram, length) = leg.voice.next(wall_nanos(), &mut self.figures);
                    let to = leg.voice.audio().remote;
                    match self.mishap.fate() {
                        Fate::Lost => self.figures.lost_on_purpose += 1,
                        Fate::Sent(wait) if wait.is_zero() => {
                            self.sockets.send(number, to, &datagram[..length]);
                        }
                        Fate::Sent(wait) => {
                            self.held.push(Held { at: at + wait, leg: number, to, datagram, length });
                        }
                    }
                }
            }
            self.due.push(std::cmp::Reverse((at + PACKET, number)));
        }
        while self.held.peek().is_some_and(|held| held.at <= now) {
            let Some(held) = self.held.pop() else { break };
            self.sockets.send(held.leg, held.to, &held.datagram[..held.length]);
        }
        finished.into_iter().try_for_each(|leg| self.tell(CallsInput::LegFinished { leg }))
    }

    fn finish(mut self) -> Result<Figures, BenchFault> {
        self.stop();
        // The registration is taken back, and the last answers are heard.
        let until = Instant::now() + Duration::from_millis(300);
        while Instant::now() < until {
            self.turn()?;
        }
        for leg in std::mem::take(&mut self.legs).into_values() {
            leg.voice.end(&mut self.figures);
        }
        match self.refused {
            Some(why) => Err(BenchFault::NotRegistered(why)),
            None => Ok(self.figures),
        }
    }
}

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Held {}

impl PartialOrd for Held {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Held {
    /// The soonest is the greatest, so that it stands on top of the heap.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.at.cmp(&self.at)
    }
}
