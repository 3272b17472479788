//! The tables of transactions: which one a message belongs to (RFC 3261 §17.1.3, §17.2.3).

use super::invite_client::InviteClient;
use super::invite_server::InviteServer;
use super::plain_client::PlainClient;
use super::plain_server::PlainServer;
use super::{ClientInput, Effect, Limits, ServerInput};
use crate::chance;
use crate::input::Flow;
use crate::output::SipOutput;
use crate::reply::Asked;
use crate::settings::TimerSettings;
use frontdesk_identifiers::Moment;
use frontdesk_sip_message::{Method, Request, Response, Via};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;

/// Client transactions have a branch that this side minted, and that is kept as the number that it spells; only a CANCEL
/// shares that of its INVITE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ClientKey {
    branch: u128,
    cancel: bool,
}

impl ClientKey {
    pub(crate) fn of_request(request: &Request) -> Self {
        let via = request.headers.top_via().ok();
        let branch = via.and_then(|via| chance::number_of(via.branch()?));
        debug_assert!(branch.is_some(), "a request of this side has a branch of this side");
        ClientKey { branch: branch.unwrap_or_default(), cancel: request.method == Method::CANCEL }
    }

    fn of_response(via: &Via, method: &Method) -> Option<Self> {
        Some(ClientKey { branch: chance::number_of(via.branch()?)?, cancel: *method == Method::CANCEL })
    }
}

/// Server transactions: the other side's branch and host, and the method, an ACK going with its INVITE.
///
/// Where the branch does not carry the cookie, the rest of RFC 3261 §17.2.3 for RFC 2543 stands in for it. All of it is one
/// text, which the tables and timers share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ServerKey(Arc<str>);

impl ServerKey {
    /// `None` when a header that it needs cannot be read.
    pub(crate) fn of(request: &Request, via: &Via) -> Option<Self> {
        let method = if request.method == Method::ACK { &Method::INVITE } else { &request.method };
        Self::with_method(request, via, method)
    }

    /// The INVITE that a CANCEL is about (RFC 3261 §9.2).
    pub(crate) fn of_cancelled(cancel: &Request) -> Option<Self> {
        Self::with_method(cancel, &cancel.headers.top_via().ok()?, &Method::INVITE)
    }

    /// What is compared most often differs first. No part can hold the line end that stands between them.
    fn with_method(request: &Request, via: &Via, method: &Method) -> Option<Self> {
        let mut key = String::with_capacity(128);
        // Writing into a `String` cannot fail.
        let _ = match via.branch() {
            Some(branch) if via.has_rfc3261_branch() => write!(key, "{branch}"),
            _ => {
                let call_id = request.headers.call_id().ok()?;
                let from = request.headers.from().ok()?;
                let number = request.headers.cseq().ok()?.number;
                let tag = from.tag().unwrap_or_default();
                write!(key, "\n{call_id}|{tag}|{number}|{}", request.uri)
            }
        };
        let end = key.len();
        let _ = write!(key, "\n{}:{}", via.host, via.port.unwrap_or(5060));
        if let Some(sent_by) = key.get_mut(end..) {
            sent_by.make_ascii_lowercase();
        }
        let _ = write!(key, "\n{method}");
        Some(ServerKey(key.into()))
    }
}

/// Which transaction a deadline belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TransactionKey {
    Client(ClientKey),
    Server(ServerKey),
}

impl TransactionKey {
    /// None comes before it.
    const FIRST: TransactionKey = TransactionKey::Client(ClientKey { branch: 0, cancel: false });
}

#[derive(Debug)]
enum ClientMachine {
    Invite(InviteClient),
    Plain(PlainClient),
}

impl ClientMachine {
    /// Sends the request.
    fn start(
        request: &Request,
        over: Flow,
        now: Moment,
        times: &TimerSettings,
        out: &mut VecDeque<SipOutput>,
    ) -> Self {
        let limits = &Limits::over(over.transport, *times);
        let mut effects = Vec::new();
        let wire = request.to_bytes();
        let machine = if request.method == Method::INVITE {
            ClientMachine::Invite(InviteClient::start(wire, now, limits, &mut effects))
        } else {
            ClientMachine::Plain(PlainClient::start(wire, now, limits, &mut effects))
        };
        carry_out(effects, over, out);
        machine
    }

    fn deadline(&self) -> Option<Moment> {
        match self {
            ClientMachine::Invite(machine) => machine.deadline(),
            ClientMachine::Plain(machine) => machine.deadline(),
        }
    }
}

#[derive(Debug)]
enum ServerMachine {
    Invite(InviteServer),
    Plain(PlainServer),
}

impl ServerMachine {
    fn deadline(&self) -> Option<Moment> {
        match self {
            ServerMachine::Invite(machine) => machine.deadline(),
            ServerMachine::Plain(machine) => machine.deadline(),
        }
    }
}

/// The way of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way {
    /// That its user wanted.
    pub(crate) wanted: Flow,
    /// That it goes: over TCP where it is too long for a datagram.
    pub(crate) over: Flow,
}

/// A client transaction and whose it is.
#[derive(Debug)]
pub(crate) struct Client<O> {
    /// That its user wanted; the dialog that comes of it goes this way.
    pub(crate) flow: Flow,
    /// That it goes.
    over: Flow,
    pub(crate) request: Arc<Request>,
    pub(crate) owner: O,
    machine: ClientMachine,
}

#[derive(Debug)]
struct Server {
    /// Where the response goes.
    flow: Flow,
    /// Where it goes once the connection is closed.
    reopened: Option<Flow>,
    machine: ServerMachine,
}

/// What a step of a transaction means for its user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Step {
    /// The response at hand is for the user.
    pub(crate) told: bool,
    /// No answer, or no ACK, came in time.
    pub(crate) timed_out: bool,
    /// The transport gave up.
    pub(crate) failed: bool,
    /// The transaction is no more.
    pub(crate) gone: bool,
    /// When it wants to be stepped by time; none when it is no more.
    pub(crate) deadline: Option<Moment>,
}

/// All transactions; `O` is what the user keeps with each client.
#[derive(Debug)]
pub(crate) struct Transactions<O> {
    /// Each in a place of its own: they are large, and the maps move their entries.
    clients: BTreeMap<ClientKey, Box<Client<O>>>,
    servers: BTreeMap<ServerKey, Box<Server>>,
    /// Both kinds by the flow that they send over: a connection that closes concerns its own only.
    by_flow: BTreeSet<(Flow, TransactionKey)>,
}

impl<O: Clone> Transactions<O> {
    pub(crate) fn new() -> Self {
        Transactions { clients: BTreeMap::new(), servers: BTreeMap::new(), by_flow: BTreeSet::new() }
    }

    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.clients.len(), self.servers.len())
    }

    /// Sends a request, whose top Via carries a branch of this side.
    pub(crate) fn begin_client(
        &mut self,
        mut request: Request,
        way: Way,
        owner: O,
        now: Moment,
        times: &TimerSettings,
        out: &mut VecDeque<SipOutput>,
    ) -> ClientKey {
        let key = ClientKey::of_request(&request);
        let machine = ClientMachine::start(&request, way.over, now, times, out);
        request.headers.shrink();
        let request = Arc::new(request);
        let client = Client { flow: way.wanted, over: way.over, request, owner, machine };
        self.by_flow.insert((way.over, TransactionKey::Client(key)));
        self.clients.insert(key, Box::new(client));
        key
    }

    /// A request that went by TCP for its length, and of which nobody has spoken yet, goes the way that was wanted, with
    /// the same branch (RFC 3261 §18.1.1). Says which address takes no connection; none where there is no other way.
    pub(crate) fn fall_back(
        &mut self,
        key: &ClientKey,
        now: Moment,
        times: &TimerSettings,
        out: &mut VecDeque<SipOutput>,
    ) -> Option<SocketAddr> {
        let client = self.clients.get_mut(key)?;
        let unheard = matches!(
            client.machine,
            ClientMachine::Invite(InviteClient::Calling { .. })
                | ClientMachine::Plain(PlainClient::Trying { .. })
        );
        if client.over == client.flow || !unheard {
            return None;
        }
        let mut via = client.request.headers.top_via().ok()?;
        via.transport = client.flow.transport.via_name().to_owned();
        Arc::make_mut(&mut client.request).headers.set_top_via(&via);
        let entry = TransactionKey::Client(*key);
        self.by_flow.remove(&(client.over, entry.clone()));
        self.by_flow.insert((client.flow, entry));
        client.over = client.flow;
        client.machine = ClientMachine::start(&client.request, client.over, now, times, out);
        Some(client.flow.remote)
    }

    /// Opens a server transaction for a new request.
    pub(crate) fn begin_server(&mut self, asked: &Asked) {
        let key = asked.key.clone();
        let machine = if asked.request.method == Method::INVITE {
            ServerMachine::Invite(InviteServer::start())
        } else {
            ServerMachine::Plain(PlainServer::start())
        };
        self.by_flow.insert((asked.answer_to, TransactionKey::Server(key.clone())));
        let server = Server { flow: asked.answer_to, reopened: asked.reopened, machine };
        self.servers.insert(key, Box::new(server));
    }

    pub(crate) fn knows_server(&self, key: &ServerKey) -> bool {
        self.servers.contains_key(key)
    }

    pub(crate) fn client(&self, key: &ClientKey) -> Option<&Client<O>> {
        self.clients.get(key).map(Box::as_ref)
    }

    /// The transaction that a response answers. A response with the branch of one and the method of another is
    /// stray.
    pub(crate) fn match_response(&self, response: &Response) -> Option<ClientKey> {
        let (via, cseq) = (response.headers.top_via().ok()?, response.headers.cseq().ok()?);
        let key = ClientKey::of_response(&via, &cseq.method)?;
        let client = self.clients.get(&key)?;
        (cseq.method == client.request.method).then_some(key)
    }

    pub(crate) fn step_client(
        &mut self,
        key: &ClientKey,
        input: ClientInput,
        now: Moment,
        times: &TimerSettings,
        out: &mut VecDeque<SipOutput>,
    ) -> Step {
        let Some(client) = self.clients.get_mut(key) else { return Step::default() };
        let limits = &Limits::over(client.over.transport, *times);
        let mut effects = Vec::new();
        let before = std::mem::replace(&mut client.machine, ClientMachine::Plain(PlainClient::Terminated));
        let machine = match before {
            ClientMachine::Invite(m) => ClientMachine::Invite(m.on(input, now, limits, &mut effects)),
            ClientMachine::Plain(m) => ClientMachine::Plain(m.on(input, now, limits, &mut effects)),
        };
        let mut step = carry_out(effects, client.over, out);
        step.gone = matches!(
            machine,
            ClientMachine::Invite(InviteClient::Terminated) | ClientMachine::Plain(PlainClient::Terminated)
        );
        step.deadline = machine.deadline();
        client.machine = machine;
        if step.gone {
            self.drop_client(key);
        }
        step
    }

    /// Ends a client transaction without a word, as a cancelled INVITE that nobody answers (RFC 3261 §9.1).
    pub(crate) fn drop_client(&mut self, key: &ClientKey) {
        if let Some(client) = self.clients.remove(key) {
            self.by_flow.remove(&(client.over, TransactionKey::Client(*key)));
        }
    }

    pub(crate) fn step_server(
        &mut self,
        key: &ServerKey,
        input: ServerInput,
        now: Moment,
        times: &TimerSettings,
        out: &mut VecDeque<SipOutput>,
    ) -> Step {
        let Some(server) = self.servers.get_mut(key) else { return Step::default() };
        let limits = &Limits::over(server.flow.transport, *times);
        let mut effects = Vec::new();
        let before = std::mem::replace(&mut server.machine, ServerMachine::Plain(PlainServer::Terminated));
        let machine = match before {
            ServerMachine::Invite(m) => ServerMachine::Invite(m.on(input, now, limits, &mut effects)),
            ServerMachine::Plain(m) => ServerMachine::Plain(m.on(input, now, limits, &mut effects)),
        };
        let mut step = carry_out(effects, server.flow, out);
        step.gone = matches!(
            machine,
            ServerMachine::Invite(InviteServer::Terminated) | ServerMachine::Plain(PlainServer::Terminated)
        );
        step.deadline = machine.deadline();
        server.machine = machine;
        if step.gone {
            self.by_flow.remove(&(server.flow, TransactionKey::Server(key.clone())));
            self.servers.remove(key);
        }
        step
    }

    pub(crate) fn deadline(&self, key: &TransactionKey) -> Option<Moment> {
        match key {
            TransactionKey::Client(key) => self.clients.get(key)?.machine.deadline(),
            TransactionKey::Server(key) => self.servers.get(key)?.machine.deadline(),
        }
    }

    /// The connection of a server transaction is closed: its answer goes over a new one, where one may be opened
    /// (RFC 3261 §18.2.2). False where none may.
    pub(crate) fn reopen(&mut self, key: &ServerKey) -> bool {
        let Some(server) = self.servers.get_mut(key) else { return false };
        match server.reopened.take() {
            Some(flow) => {
                let entry = TransactionKey::Server(key.clone());
                self.by_flow.remove(&(server.flow, entry.clone()));
                self.by_flow.insert((flow, entry));
                server.flow = flow;
                true
            }
            None => false,
        }
    }

    /// The transactions that send over a flow.
    pub(crate) fn over(&self, flow: Flow) -> Vec<TransactionKey> {
        let from = (flow, TransactionKey::FIRST);
        let over = self.by_flow.range(from..).take_while(|(over, _)| *over == flow);
        over.map(|(_, key)| key.clone()).collect()
    }
}

fn carry_out(effects: Vec<Effect>, flow: Flow, out: &mut VecDeque<SipOutput>) -> Step {
    let mut step = Step::default();
    for effect in effects {
        match effect {
            Effect::Send(bytes) => out.push_back(SipOutput::Transmit { flow, bytes }),
            Effect::Tell => step.told = true,
            Effect::TimedOut => step.timed_out = true,
            Effect::Failed => step.failed = true,
        }
    }
    step
}
