//! The only place where a driver meets a decision: the switchboard's thread.
//!
//! It takes datagrams, letters (what came over connections, words that were heard, prompts that were rendered) and the
//! engine's events, tells the switchboard, and carries out what it says. It decides nothing.

use crate::console::{Console, fact_line, left_out_line, notice_line};
use crate::locating::{ASK_AGAIN, Asked, Locating};
use crate::mailbox::{Letters, Mailbox};
use crate::notice_limit::{NoticeLimits, Shown};
use crate::sound::{Listener, Sound};
use frontdesk_identifiers::{LegId, Moment};
use frontdesk_media_protocol::{ListeningId, ListeningPlan, SpeechEvent, SpeechFrame};
use frontdesk_sip_stack::{Flow, SipInput};
use frontdesk_sip_transport::{Datagrams, OpenFault, Question, Transports};
use frontdesk_speech::{Ears, Rendered};
use frontdesk_store::FactSender;
use frontdesk_switchboard::{
    CertificateFault, FlowFault, Hop, LocateFailure, Notice, Origination, OriginationId, OriginationNews,
    Rules, Switchboard, SwitchboardInput, SwitchboardOutput,
};
use ringbuf::HeapProd;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

/// What reaches the switchboard's thread.
pub enum Letter {
    /// A message that came over a connection, or that one could not be delivered.
    Sip(SipInput),
    /// The ears noticed something.
    Speech(SpeechEvent),
    /// A text was rendered, or could not be.
    Rendered(Rendered),
    /// Where a trunk is, or why nobody can say.
    Located {
        /// The trunk's name.
        trunk: String,
        /// The ways to it.
        answer: Result<Vec<Hop>, LocateFailure>,
        /// How long that holds.
        valid_for: Duration,
    },
    /// A call is wanted from inside; `news` hears what becomes of it.
    Originate {
        /// Who shall be rung, and put through to whom. Its id is given here.
        wanted: Box<Origination>,
        /// Whoever wanted it.
        news: SyncSender<OriginationNews>,
    },
    /// The rules, at the start and at each reload.
    Rules(Arc<Rules>),
    /// Take no new calls, end those that stand, and leave.
    Stop,
}

/// Everything that the switchboard's thread owns.
pub struct Wiring {
    /// The decisions.
    pub switchboard: Switchboard,
    /// The media engine and the voices.
    pub sound: Sound,
    /// The ears.
    pub ears: Ears,
    /// The sockets.
    pub transports: Arc<Transports>,
    /// What comes as datagrams.
    pub datagrams: Datagrams,
    /// Who looks where trunks are.
    pub locating: Locating,
    /// The way to the store.
    pub facts: FactSender,
    /// The operator's eyes.
    pub console: Console,
    /// What every moment is counted from.
    pub epoch: Instant,
}

/// How often it is made sure that calls have a media thread.
const GLANCE: Duration = Duration::from_secs(1);
/// Letters taken before the engine's events are looked at again.
const LETTERS_A_TURN: usize = 256;
/// Datagrams answered before it is looked again what came meanwhile: so few that the kernel has room for that.
const DATAGRAMS_A_TURN: usize = 32;
/// Deadlines are rounded up to a multiple of this before the thread sleeps until one: a call's dozen timers, most of them of
/// transactions that are over, then share a wake with those of other calls. None is that exact: the shortest of SIP is
/// half a second (RFC 3261 §17.1.1.2), and the sound has a tick of its own.
const TIMER_GRID: Duration = Duration::from_millis(20);
/// How long goodbye may take at the stop: a BYE and its answer, a file's fsync, a registration that is taken back.
const FAREWELL: Duration = Duration::from_secs(3);

impl Wiring {
    /// Runs until [`Letter::Stop`] came, every call is over, and registrations at trunks are taken back.
    pub fn run(self, letters: &Letters<Letter>) {
        let Wiring { switchboard, sound, ears, transports, datagrams, locating, facts, console, epoch } =
            self;
        let listener = NodeEars(ears);
        let (notices, stopping) = (NoticeLimits::default(), None);
        let mut thread = Thread {
            switchboard,
            sound,
            listener,
            transports,
            datagrams,
            locating,
            facts,
            console,
            notices,
            epoch,
            stopping,
            originations: BTreeMap::new(),
            next_origination: 1,
        };
        loop {
            let due = thread.turn(letters);
            if thread.is_done() {
                break;
            }
            if thread.datagrams.wait(letters.bell(), due) {
                letters.hush();
            }
        }
        thread.sound.stop();
        thread.console.flush();
    }
}

struct Thread {
    switchboard: Switchboard,
    sound: Sound,
    listener: NodeEars,
    transports: Arc<Transports>,
    datagrams: Datagrams,
    locating: Locating,
    facts: FactSender,
    console: Console,
    notices: NoticeLimits,
    epoch: Instant,
    stopping: Option<Instant>,
    /// Who wants to hear of calls that were wanted from inside; as many as there are such calls.
    originations: BTreeMap<OriginationId, SyncSender<OriginationNews>>,
    next_origination: u64,
}

/// The node's ears, as the sound asks for them.
struct NodeEars(Ears);

impl Listener for NodeEars {
    fn listen(&mut self, leg: LegId, listening: ListeningId, plan: ListeningPlan) -> HeapProd<SpeechFrame> {
        self.0.listen(leg, listening, plan)
    }

    fn stop(&mut self, listening: ListeningId) {
        self.0.stop(listening);
    }
}

impl Thread {
    fn now(&self) -> Moment {
        Moment::from_nanos(u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    /// Takes in whatever has come; how long there is nothing to do.
    fn turn(&mut self, letters: &Letters<Letter>) -> Option<Duration> {
        let mut taken = 0;
        while taken < LETTERS_A_TURN
            && let Some(letter) = letters.take()
        {
            taken += 1;
            self.open(letter);
        }
        self.datagrams.gather();
        for _ in 0..DATAGRAMS_A_TURN {
            let Some(input) = self.datagrams.take() else { break };
            self.take(input);
        }
        while let Some(event) = self.sound.poll() {
            self.tell(SwitchboardInput::Media(event));
        }
        if self.switchboard.deadline().is_some_and(|at| at <= self.now()) {
            self.tell(SwitchboardInput::Tick);
        }
        if let Some(left_out) = self.notices.left_out(self.now()) {
            self.console.print(left_out_line(left_out));
        }
        self.look_after_sound();
        if taken == LETTERS_A_TURN {
            return Some(Duration::ZERO);
        }
        let deadlines = self.switchboard.deadline().into_iter().chain(self.notices.deadline());
        let due = deadlines.min().map(|at| on_grid(at).since(self.now()));
        let leaving = self.stopping.map(|since| FAREWELL.saturating_sub(since.elapsed()));
        let glance = (self.switchboard.census().calls > 0).then_some(GLANCE);
        due.into_iter().chain(leaving).chain(glance).min()
    }

    /// Without its media thread the desk is deaf and dumb, and its calls would stand in silence: they are ended, and
    /// whoever supervises the desk starts it again.
    fn look_after_sound(&mut self) {
        if self.stopping.is_none() && !self.sound.is_running() {
            tracing::error!("the media thread is gone: calls are ended, and the desk closes");
            self.open(Letter::Stop);
        }
    }

    fn open(&mut self, letter: Letter) {
        match letter {
            Letter::Sip(input) => self.take(input),
            Letter::Speech(event) => self.tell(SwitchboardInput::Speech(event)),
            Letter::Rules(rules) => self.tell(SwitchboardInput::Rules(rules)),
            Letter::Originate { wanted, news } => self.originate(*wanted, news),
            Letter::Located { trunk, answer, valid_for } => {
                self.tell(SwitchboardInput::Located { trunk, answer, valid_for });
            }
            Letter::Rendered(rendered) => {
                if let Err(fault) = &rendered.result {
                    tracing::error!(%fault, "a prompt cannot be said");
                }
                let now = self.now();
                self.sound.rendered(&rendered, now);
            }
            Letter::Stop => {
                self.stopping.get_or_insert_with(Instant::now);
                self.tell(SwitchboardInput::Drain);
                self.tell(SwitchboardInput::EndCalls);
            }
        }
    }

    fn take(&mut self, input: SipInput) {
        match input {
            SipInput::TransportFailed { flow } => self.transport_failed(flow),
            input => self.tell(SwitchboardInput::Sip(input)),
        }
    }

    /// With the reason, where the sockets know it.
    fn transport_failed(&mut self, flow: Flow) {
        let fault = self.transports.open_fault(flow.remote, flow.transport);
        self.tell(match fault {
            Some(fault) => SwitchboardInput::FlowFailed { flow, fault: flow_fault(&fault) },
            None => SwitchboardInput::Sip(SipInput::TransportFailed { flow }),
        });
    }

    fn originate(&mut self, wanted: Origination, news: SyncSender<OriginationNews>) {
        let id = OriginationId(self.next_origination);
        self.next_origination += 1;
        self.originations.insert(id, news);
        self.tell(SwitchboardInput::Originate(Box::new(Origination { id, ..wanted })));
    }

    /// Who wanted the call hears of it; there is room for all that can be said of one.
    fn originated(&mut self, id: OriginationId, news: OriginationNews) {
        let over = matches!(news, OriginationNews::Refused(_) | OriginationNews::Ended(_));
        if let Some(listener) = self.originations.get(&id) {
            let _ = listener.try_send(news);
        }
        if over {
            self.originations.remove(&id);
        }
    }

    fn tell(&mut self, input: SwitchboardInput) {
        let now = self.now();
        self.switchboard.handle(input, now);
        let mut unanswered = Vec::new();
        while let Some(output) = self.switchboard.poll() {
            match output {
                SwitchboardOutput::Transmit { flow, bytes } => {
                    if let Err(fault) = self.transports.send(&flow, &bytes) {
                        tracing::debug!(%fault, remote = %flow.remote, "a datagram was not sent");
                    }
                }
                SwitchboardOutput::Locate { trunk, host, port, transport } => {
                    let question = Question { host, port, transport, secure: false };
                    if let Err(Asked { trunk, .. }) = self.locating.ask(Asked { trunk, question }) {
                        unanswered.push(trunk);
                    }
                }
                SwitchboardOutput::Originated { id, news } => self.originated(id, news),
                SwitchboardOutput::Media(command) => {
                    let now = self.now();
                    self.sound.carry_out(command, &mut self.listener, now);
                }
                SwitchboardOutput::Record(fact) => {
                    if let Some(line) = fact_line(&fact, self.console.words) {
                        self.console.print(line);
                    }
                    // What is shed is counted and said by the writer.
                    let _ = self.facts.try_submit(fact);
                }
                SwitchboardOutput::Notice(notice) => self.notice(&notice, now),
                _ => {}
            }
        }
        for trunk in unanswered {
            let (answer, valid_for) = (Err(LocateFailure::NoAnswer), ASK_AGAIN);
            self.tell(SwitchboardInput::Located { trunk, answer, valid_for });
        }
    }

    /// Strangers can cause notices, a datagram each: only so many are shown.
    fn notice(&mut self, notice: &Notice, now: Moment) {
        match self.notices.show(notice, now) {
            Shown::Yes => {}
            Shown::After { left_out } => self.console.print(left_out_line(left_out)),
            Shown::No => return,
        }
        self.console.print(notice_line(notice));
    }

    fn is_done(&self) -> bool {
        let Some(since) = self.stopping else { return false };
        let census = self.switchboard.census();
        (census.calls == 0 && census.leaving == 0) || since.elapsed() >= FAREWELL
    }
}

/// The first moment of the grid that is not before this one.
fn on_grid(at: Moment) -> Moment {
    let grid = TIMER_GRID.as_nanos() as u64;
    Moment::from_nanos(at.as_nanos().div_ceil(grid).saturating_mul(grid))
}

fn flow_fault(fault: &OpenFault) -> FlowFault {
    match fault {
        OpenFault::TimedOut => FlowFault::TimedOut,
        OpenFault::Refused => FlowFault::Refused,
        OpenFault::AnotherName { .. } => FlowFault::Certificate(CertificateFault::AnotherName),
        OpenFault::Expired => FlowFault::Certificate(CertificateFault::Expired),
        OpenFault::UnknownAuthority => FlowFault::Certificate(CertificateFault::UnknownAuthority),
        OpenFault::Tls(_) => FlowFault::Tls,
        _ => FlowFault::Network,
    }
}

/// Where the SIP transport delivers what comes over connections: the mailbox, or the refusal that it is full.
pub fn deliver(
    mailbox: &Mailbox<Letter>,
) -> impl Fn(SipInput) -> Result<(), frontdesk_sip_transport::Full> + Send + Sync + Clone + 'static {
    let mailbox = mailbox.clone();
    move |input| {
        mailbox.post(Letter::Sip(input)).map_err(|crate::mailbox::Full(letter)| match letter {
            Letter::Sip(input) => frontdesk_sip_transport::Full(input),
            _ => unreachable!("what was put in comes back"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_are_never_early_and_at_most_a_step_of_the_grid_late() {
        for (at, then) in [(0, 0), (1, 20), (20, 20), (21, 40), (500, 500), (32_001, 32_020)] {
            assert_eq!(on_grid(Moment::from_millis(at)), Moment::from_millis(then));
        }
    }
}
