//! A SIP stack of the doctor's own, for a question or two: OPTIONS, and a REGISTER that is taken back.

use crate::node::Chance;
use frontdesk_identifiers::Moment;
use frontdesk_sip_message::{StatusCode, Uri};
use frontdesk_sip_stack::{
    Flow, OutgoingRegistration, ProbeId, SipCommand, SipEvent, SipInput, SipOutput, SipSettings, SipStack,
};
use frontdesk_sip_transport::{Full, TransportFault, TransportSettings, Transports};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{Receiver, channel};

/// What may wait while the doctor looks at one thing: answers to its own few questions. What is more is dropped, and the
/// other side repeats it.
const WAITING: usize = 64;
/// How long whoever is asked may take: a little less than the stack itself waits (64·T1), so that the doctor stays brisk.
const ANSWER: Duration = Duration::from_secs(8);
/// How long a registration that was taken back may take to be gone.
const FAREWELL: Duration = Duration::from_secs(4);

/// The stack and its sockets.
pub(super) struct Knock {
    stack: SipStack,
    transports: Transports,
    inputs: Receiver<SipInput>,
    epoch: Instant,
    probes: u64,
}

/// What came of a REGISTER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Registered {
    /// It stood for this long, and is taken back.
    For(Duration),
    /// It was refused.
    Refused(StatusCode),
    /// Nobody answered.
    Unanswered,
}

impl Knock {
    /// Opens sockets on free ports.
    pub(super) async fn open(sockets: &TransportSettings) -> Result<Knock, TransportFault> {
        let (tell, inputs) = channel(WAITING);
        let deliver = move |input| tell.try_send(input).map_err(|refused| Full(refused.into_inner()));
        let transports = Transports::start(sockets, deliver).await?;
        let mut stack = SipStack::new(Chance::new(None).seed());
        stack.handle(SipInput::Settings(Arc::new(SipSettings::default())), Moment::ZERO);
        Ok(Knock { stack, transports, inputs, epoch: Instant::now(), probes: 0 })
    }

    pub(super) fn transports(&self) -> &Transports {
        &self.transports
    }

    /// Asks whether somebody is there; its status, or none.
    pub(super) async fn probe(&mut self, target: Uri, flow: Flow) -> Option<StatusCode> {
        self.probes += 1;
        let asked = ProbeId(self.probes);
        self.command(SipCommand::Probe { probe: asked, target, flow });
        let answered = |event: &SipEvent| match event {
            SipEvent::Probed { probe, status, .. } if *probe == asked => Some(*status),
            _ => None,
        };
        self.wait(ANSWER, answered).await.flatten()
    }

    /// Registers, and takes it back.
    pub(super) async fn register(&mut self, wanted: OutgoingRegistration) -> Registered {
        let id = wanted.registration;
        self.command(SipCommand::Register(Box::new(wanted)));
        let came = self
            .wait(ANSWER, |event| match event {
                SipEvent::Registered { registration, expires, .. } if *registration == id => {
                    Some(Registered::For(*expires))
                }
                SipEvent::RegistrationFailed { registration, status, .. }
                | SipEvent::RegistrationEnded { registration, status }
                    if *registration == id =>
                {
                    Some(status.map_or(Registered::Unanswered, Registered::Refused))
                }
                _ => None,
            })
            .await;
        self.command(SipCommand::Unregister { registration: id });
        let gone = |event: &SipEvent| match event {
            SipEvent::RegistrationEnded { registration, .. } if *registration == id => Some(()),
            _ => None,
        };
        if matches!(came, Some(Registered::For(_))) {
            self.wait(FAREWELL, gone).await;
        }
        came.unwrap_or(Registered::Unanswered)
    }

    fn now(&self) -> Moment {
        Moment::from_nanos(u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    fn command(&mut self, command: SipCommand) {
        let now = self.now();
        self.stack.handle(SipInput::Command(command), now);
    }

    /// Works until an event is what is waited for.
    async fn wait<T>(&mut self, longest: Duration, is_it: impl Fn(&SipEvent) -> Option<T>) -> Option<T> {
        let until = Instant::now() + longest;
        loop {
            while let Some(output) = self.stack.poll() {
                match output {
                    SipOutput::Transmit { flow, bytes } => {
                        // What cannot be sent comes back as an input.
                        let _ = self.transports.send(&flow, &bytes);
                    }
                    SipOutput::Event(event) => {
                        if let Some(found) = is_it(&event) {
                            return Some(found);
                        }
                    }
                }
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            let due = self.stack.deadline().map_or(left, |at| at.since(self.now()).min(left));
            let input = tokio::time::timeout(due, self.inputs.recv()).await;
            let now = self.now();
            match input {
                Ok(Some(input)) => self.stack.handle(input, now),
                Ok(None) | Err(_) => self.stack.handle(SipInput::Tick, now),
            }
        }
    }
}
