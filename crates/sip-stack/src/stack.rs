//! `handle`, `poll`, `deadline`: where an input goes, and what is due.

use crate::chance::Chance;
use crate::dialog::callee::Told;
use crate::dialog::caller::OutgoingInvite;
use crate::dialog::dialog::DialogKey;
use crate::dialog::invite_session::{InviteInProgress, MergeKey, Session};
use crate::dialog::proposal::OutgoingReinvite;
use crate::event::usages::{Usage, Usages};
use crate::input::{Flow, RegistrationId, SessionId, SipCommand, SipInput};
use crate::limits::MAX_OUTPUTS_FROM_DEADLINES;
use crate::lockout::Lockouts;
use crate::long_requests::StreamRefusals;
use crate::messages::UnansweredMessages;
use crate::nonces::Nonces;
use crate::output::{SipEvent, SipFact, SipOutput};
use crate::registration::binding::Binding;
use crate::registration::client::Registration;
use crate::registration::registrar::Registrar;
use crate::routing::Owner;
use crate::settings::SipSettings;
use crate::timers::Wheel;
use crate::transaction::table::{ClientKey, ServerKey, TransactionKey, Transactions};
use crate::transaction::{ClientInput, ServerInput};
use frontdesk_identifiers::Moment;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// The rules of SIP for one node: transactions, dialogs, sessions, registrations.
///
/// Every [`handle`](Self::handle) is followed by [`poll`](Self::poll) until it says `None`.
pub struct SipStack {
    pub(crate) settings: Arc<SipSettings>,
    pub(crate) chance: Chance,
    pub(crate) now: Moment,
    pub(crate) outputs: VecDeque<SipOutput>,
    pub(crate) wheel: Wheel<Due>,
    pub(crate) transactions: Transactions<Owner>,
    pub(crate) sessions: BTreeMap<SessionId, Session>,
    /// The sessions by their dialogs.
    pub(crate) dialogs: BTreeMap<DialogKey, SessionId>,
    /// INVITEs from outside that were admitted, as long as their transactions live.
    pub(crate) arrived: BTreeMap<ServerKey, InviteInProgress>,
    /// The same by what a merged request has in common with them (RFC 3261 §8.2.2.2).
    pub(crate) merged: BTreeMap<MergeKey, ServerKey>,
    /// INVITEs of this side, as long as their transactions live.
    pub(crate) invites: BTreeMap<ClientKey, Box<OutgoingInvite>>,
    /// Re-INVITEs of this side, as long as their transactions live.
    pub(crate) reinvites: BTreeMap<ClientKey, OutgoingReinvite>,
    pub(crate) next_incoming: u64,
    pub(crate) nonces: Nonces,
    pub(crate) lockouts: Lockouts,
    pub(crate) stream_refusals: StreamRefusals,
    pub(crate) tag_secret: [u8; 16],
    pub(crate) registrar: Registrar,
    pub(crate) registrations: BTreeMap<RegistrationId, Registration>,
    /// The names that the certificates at the other ends of connections proved.
    pub(crate) proved: BTreeMap<Flow, Vec<String>>,
    /// What dialogs are used for besides sessions.
    pub(crate) usages: Usages,
    /// Written messages that the user of the stack has not answered.
    pub(crate) unanswered_messages: UnansweredMessages,
}

/// What a deadline is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    /// A transaction's timer.
    Transaction(TransactionKey),
    /// A session repeats a 2xx or a reliable 1xx, gives up on its acknowledgement, refreshes itself, or is over its time.
    Session(SessionId),
    /// A cancelled INVITE that nobody answers is dropped, a re-INVITE that nobody answers cancelled.
    Invite(ClientKey),
    /// A binding of the account runs out.
    Account(String),
    /// A registration of this side wants refreshing.
    Registration(RegistrationId),
    /// A nonce in use runs out.
    Nonces,
    /// A subscription or a referral runs out, or its NOTIFY is sent again.
    Usage(Usage),
}

/// How much of everything there is; all but bindings and registrations are zero when the wire is quiet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Census {
    /// Requests of this side that live.
    pub client_transactions: usize,
    /// Requests from outside that live.
    pub server_transactions: usize,
    /// INVITE sessions, those that only wait for their last ACK among them.
    pub sessions: usize,
    /// Names of dialogs that are known.
    pub dialogs: usize,
    /// INVITEs from outside and from here that are remembered beside their transactions.
    pub invites: usize,
    /// Contacts bound at this side's registrar.
    pub bindings: usize,
    /// Registrations held at other registrars.
    pub registrations: usize,
    /// Nonces in use.
    pub nonces: usize,
    /// REFERs of either side whose end is not told.
    pub referrals: usize,
    /// What accounts watch.
    pub subscriptions: usize,
}

impl SipStack {
    /// A stack with no settings yet; all its chance comes from `seed`.
    pub fn new(seed: [u8; 32]) -> Self {
        let mut chance = Chance::new(seed);
        let nonces = Nonces::new(&mut chance);
        let tag_secret = chance.bytes();
        SipStack {
            settings: Arc::new(SipSettings::default()),
            chance,
            now: Moment::ZERO,
            outputs: VecDeque::new(),
            wheel: Wheel::new(),
            transactions: Transactions::new(),
            sessions: BTreeMap::new(),
            dialogs: BTreeMap::new(),
            arrived: BTreeMap::new(),
            merged: BTreeMap::new(),
            invites: BTreeMap::new(),
            reinvites: BTreeMap::new(),
            next_incoming: 0,
            nonces,
            lockouts: Lockouts::new(),
            stream_refusals: StreamRefusals::new(),
            tag_secret,
            registrar: Registrar::new(),
            registrations: BTreeMap::new(),
            proved: BTreeMap::new(),
            usages: Usages::default(),
            unanswered_messages: UnansweredMessages::default(),
        }
    }

    /// Takes one input and whatever is due at `now`. The caller then drains [`poll`](Self::poll).
    pub fn handle(&mut self, input: SipInput, now: Moment) {
        debug_assert!(self.outputs.is_empty(), "poll() must be drained before the next handle()");
        self.now = self.now.max(now);
        match input {
            SipInput::Settings(settings) => self.settle(settings),
            SipInput::Received { flow, bytes } => self.receive(flow, &bytes),
            SipInput::TransportFailed { flow } => self.transport_failed(flow),
            SipInput::FlowClosed { flow } => self.flow_closed(flow),
            SipInput::PeerProved { flow, names } => self.peer_proved(flow, names),
            SipInput::Tick => {}
            SipInput::Command(command) => self.command(command),
        }
        self.fire_due();
    }

    /// The next output, until there is none.
    pub fn poll(&mut self) -> Option<SipOutput> {
        self.outputs.pop_front()
    }

    /// When [`handle`](Self::handle) wants to be called again, with [`SipInput::Tick`] if nothing else comes.
    pub fn deadline(&self) -> Option<Moment> {
        self.wheel.next()
    }

    /// The contacts of an account that a call goes to now: those that ran out left out, and of several flows of one device
    /// all but the latest (RFC 5626 §7); refreshed last comes last.
    pub fn bindings(&self, account: &str) -> impl Iterator<Item = &Binding> {
        let now = self.now;
        self.registrar.bindings(account).filter(move |binding| binding.expires > now)
    }

    /// How much of everything there is.
    pub fn census(&self) -> Census {
        let (client_transactions, server_transactions) = self.transactions.counts();
        let (referrals, subscriptions) = self.usages.counts();
        Census {
            client_transactions,
            server_transactions,
            sessions: self.sessions.len(),
            dialogs: self.dialogs.len() + self.usages.dialogs_alone(),
            invites: self.invites.len() + self.reinvites.len() + self.arrived.len() + self.merged.len(),
            bindings: self.registrar.len(),
            registrations: self.registrations.len(),
            nonces: self.nonces.len(),
            referrals,
            subscriptions,
        }
    }

    fn command(&mut self, command: SipCommand) {
        match command {
            SipCommand::Ring { session, status, description } => self.ring(session, status, description),
            SipCommand::Accept { session, description } => self.accept(session, description),
            SipCommand::Refuse { session, status, retry_after, reason, warning } => {
                self.refuse_call(session, status, Told { retry_after, reason, warning })
            }
            SipCommand::Invite(call) => self.invite(*call),
            SipCommand::End { session, reason } => self.end(session, reason),
            SipCommand::AcceptReoffer { session, description } => self.accept_reoffer(session, description),
            SipCommand::RefuseReoffer { session, status } => self.refuse_reoffer(session, status),
            SipCommand::Register(wanted) => self.register(*wanted),
            SipCommand::Unregister { registration } => self.unregister(registration),
            SipCommand::Inform { session, content_type, body } => self.inform(session, &content_type, body),
            SipCommand::Refer { session, refer_to, referred_by } => {
                self.refer(session, refer_to, referred_by)
            }
            SipCommand::AnswerRefer { referral, status } => self.answer_refer(referral, status),
            SipCommand::NotifyReferrer { referral, status } => self.notify_referrer(referral, status),
            SipCommand::Notify { subscription, document } => self.notify(subscription, document),
            SipCommand::EndSubscription { subscription, reason } => {
                self.end_subscription(subscription, reason)
            }
            SipCommand::AnswerMessage { id, status } => self.answer_message(id, status),
            SipCommand::Message(wanted) => self.message(*wanted),
            SipCommand::Probe { probe, target, flow } => self.probe(probe, target, flow),
            SipCommand::Reoffer { session, description } => self.reoffer(session, description),
        }
    }

    /// New settings: accounts that are gone lose their bindings.
    fn settle(&mut self, settings: Arc<SipSettings>) {
        self.settings = settings;
        let gone: Vec<String> = self
            .registrar
            .accounts()
            .filter(|name| !self.settings.accounts.contains_key(*name))
            .cloned()
            .collect();
        for account in gone {
            for binding in self.registrar.clear(&account) {
                self.tell(SipEvent::Unbound {
                    account: account.clone(),
                    contact: binding.contact,
                    expired: false,
                });
            }
            self.watch_account(&account);
        }
        self.reject_watches_without_account();
    }

    fn fire_due(&mut self) {
        let start = self.outputs.len();
        while self.outputs.len() < start + MAX_OUTPUTS_FROM_DEADLINES {
            let Some(due) = self.wheel.pop_due(self.now) else { break };
            match due {
                Due::Transaction(TransactionKey::Client(key)) => {
                    self.step_client(&key, ClientInput::Time, None)
                }
                Due::Transaction(TransactionKey::Server(key)) => {
                    self.step_server(&key, ServerInput::Time);
                }
                Due::Session(session) => self.session_due(session),
                Due::Invite(key) if self.reinvites.contains_key(&key) => self.reinvite_due(&key),
                Due::Invite(key) => self.give_up_cancelled(&key),
                Due::Account(account) => self.expire_bindings(&account),
                Due::Registration(id) => self.refresh_registration(id),
                Due::Usage(usage) => self.usage_due(usage),
                Due::Nonces => {
                    self.nonces.expire(self.now);
                    self.wheel.set(Due::Nonces, self.nonces.deadline());
                }
            }
        }
    }

    /// Keeps the wheel in step with a transaction.
    pub(crate) fn watch(&mut self, key: TransactionKey) {
        let deadline = self.transactions.deadline(&key);
        self.wheel.set(Due::Transaction(key), deadline);
    }

    pub(crate) fn tell(&mut self, event: SipEvent) {
        self.outputs.push_back(SipOutput::Event(event));
    }

    pub(crate) fn overloaded(&mut self, bound: &'static str) {
        self.tell(SipEvent::Noticed(SipFact::Overloaded { bound }));
    }
}

impl std::fmt::Debug for SipStack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SipStack")
            .field("now", &self.now)
            .field("census", &self.census())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "drained")]
    fn a_caller_that_does_not_drain_is_told_so_in_debug_builds() {
        let mut stack = SipStack::new([0; 32]);
        for _ in 0..2 {
            stack
                .outputs
                .push_back(SipOutput::Event(SipEvent::Noticed(SipFact::Overloaded { bound: "test" })));
            stack.handle(SipInput::Tick, Moment::ZERO);
        }
    }

    #[test]
    fn time_never_goes_back() {
        let mut stack = SipStack::new([0; 32]);
        stack.handle(SipInput::Tick, Moment::from_millis(5));
        stack.handle(SipInput::Tick, Moment::from_millis(3));
        assert_eq!(stack.now, Moment::from_millis(5));
    }
}
