//! The tables of transactions: which one a message belongs to (RFC 3261 §17.1.3, §17.2.3).

use super::invite_client::InviteClient;
use super::invite_server::InviteServer;
use super::plain_client::PlainClient;
use super::plain_server::PlainServer;
use super::{ClientInput, Effect, Limits, ServerInput};
use crate::input::Flow;
use crate::output::SipOutput;
use crate::reply::Asked;
use crate::settings::TimerSettings;
use frontdesk_identifiers::Moment;
use frontdesk_sip_message::{Method, Request, Response};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

/// Client transactions have a branch that this side minted; only a CANCEL shares that of its INVITE.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ClientKey {
    branch: String,
    cancel: bool,
}

impl ClientKey {
    pub(crate) fn of_request(request: &Request) -> Self {
        let branch = request.headers.top_via().ok().and_then(|via| via.branch().map(str::to_owned));
        ClientKey { branch: branch.unwrap_or_default(), cancel: request.method == Method::CANCEL }
    }

    fn of_response(response: &Response) -> Option<Self> {
        let via = response.headers.top_via().ok()?;
        let cancel = response.headers.cseq().ok()?.method == Method::CANCEL;
        Some(ClientKey { branch: via.branch()?.to_owned(), cancel })
    }
}

/// Server transactions: the other side's branch and host, and the method, an ACK going with its INVITE.
///
/// Where the branch does not carry the cookie, the rest of RFC 3261 §17.2.3 for RFC 2543 stands in for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ServerKey {
    branch: String,
    sent_by: String,
    method: Method,
}

impl ServerKey {
    /// `None` when a header that it needs cannot be read.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        let method = if request.method == Method::ACK { Method::INVITE } else { request.method.clone() };
        Self::with_method(request, method)
    }

    /// The INVITE that a CANCEL is about (RFC 3261 §9.2).
    pub(crate) fn of_cancelled(cancel: &Request) -> Option<Self> {
        Self::with_method(cancel, Method::INVITE)
    }

    fn with_method(request: &Request, method: Method) -> Option<Self> {
        let via = request.headers.top_via().ok()?;
        let port = via.port.unwrap_or(5060);
        let sent_by = format!("{}:{port}", via.host).to_ascii_lowercase();
        let branch = match via.branch() {
            Some(branch) if via.has_rfc3261_branch() => branch.to_owned(),
            _ => {
                let call_id = request.headers.call_id().ok()?;
                let from = request.headers.from().ok()?;
                let number = request.headers.cseq().ok()?.number;
                format!("{}|{}|{number}|{}", call_id, from.tag().unwrap_or(""), request.uri)
            }
        };
        Some(ServerKey { branch, sent_by, method })
    }
}

/// Which transaction a deadline belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TransactionKey {
    Client(ClientKey),
    Server(ServerKey),
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
}

#[derive(Debug)]
enum ServerMachine {
    Invite(InviteServer),
    Plain(PlainServer),
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
    pub(crate) request: Request,
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
}

/// All transactions; `O` is what the user keeps with each client.
#[derive(Debug)]
pub(crate) struct Transactions<O> {
    clients: BTreeMap<ClientKey, Client<O>>,
    servers: BTreeMap<ServerKey, Server>,
}

impl<O: Clone> Transactions<O> {
    pub(crate) fn new() -> Self {
        Transactions { clients: BTreeMap::new(), servers: BTreeMap::new() }
    }

    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.clients.len(), self.servers.len())
    }

    /// Sends a request, whose top Via carries a branch of this side.
    pub(crate) fn begin_client(
        &mut self,
        request: Request,
        way: Way,
        owner: O,
        now: Moment,
        times: &TimerSettings,
        out: &mut VecDeque<SipOutput>,
    ) -> ClientKey {
        let key = ClientKey::of_request(&request);
        let machine = ClientMachine::start(&request, way.over, now, times, out);
        let client = Client { flow: way.wanted, over: way.over, request, owner, machine };
        self.clients.insert(key.clone(), client);
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
        client.request.headers.set_top_via(&via);
        client.over = client.flow;
        client.machine = ClientMachine::start(&client.request, client.over, now, times, out);
        Some(client.flow.remote)
    }

    /// Opens a server transaction for a new request.
    pub(crate) fn begin_server(&mut self, asked: &Asked) {
        let key = asked.key.clone();
        let machine = if key.method == Method::INVITE {
            ServerMachine::Invite(InviteServer::start())
        } else {
            ServerMachine::Plain(PlainServer::start())
        };
        self.servers.insert(key, Server { flow: asked.answer_to, reopened: asked.reopened, machine });
    }

    pub(crate) fn knows_server(&self, key: &ServerKey) -> bool {
        self.servers.contains_key(key)
    }

    pub(crate) fn client(&self, key: &ClientKey) -> Option<&Client<O>> {
        self.clients.get(key)
    }

    /// The transaction that a response answers. A response with the branch of one and the method of another is
    /// stray.
    pub(crate) fn match_response(&self, response: &Response) -> Option<ClientKey> {
        let key = ClientKey::of_response(response)?;
        let client = self.clients.get(&key)?;
        (response.headers.cseq().ok()?.method == client.request.method).then_some(key)
    }

    pub(crate) fn step_client(
        &mut self,
        key: &ClientKey,
        input: ClientInput,
        now: Moment,
        times: &TimerSettings,
        out: &mut VecDeque<SipOutput>,
    ) -> Step {
        let Some(client) = self.clients.remove(key) else { return Step::default() };
        let limits = &Limits::over(client.over.transport, *times);
        let mut effects = Vec::new();
        let machine = match client.machine {
            ClientMachine::Invite(m) => ClientMachine::Invite(m.on(input, now, limits, &mut effects)),
            ClientMachine::Plain(m) => ClientMachine::Plain(m.on(input, now, limits, &mut effects)),
        };
        let mut step = carry_out(effects, client.over, out);
        step.gone = matches!(
            machine,
            ClientMachine::Invite(InviteClient::Terminated) | ClientMachine::Plain(PlainClient::Terminated)
        );
        if !step.gone {
            self.clients.insert(key.clone(), Client { machine, ..client });
        }
        step
    }

    /// Ends a client transaction without a word, as a cancelled INVITE that nobody answers (RFC 3261 §9.1).
    pub(crate) fn drop_client(&mut self, key: &ClientKey) {
        self.clients.remove(key);
    }

    pub(crate) fn step_server(
        &mut self,
        key: &ServerKey,
        input: ServerInput,
        now: Moment,
        times: &TimerSettings,
        out: &mut VecDeque<SipOutput>,
    ) -> Step {
        let Some(server) = self.servers.remove(key) else { return Step::default() };
        let limits = &Limits::over(server.flow.transport, *times);
        let mut effects = Vec::new();
        let machine = match server.machine {
            ServerMachine::Invite(m) => ServerMachine::Invite(m.on(input, now, limits, &mut effects)),
            ServerMachine::Plain(m) => ServerMachine::Plain(m.on(input, now, limits, &mut effects)),
        };
        let mut step = carry_out(effects, server.flow, out);
        step.gone = matches!(
            machine,
            ServerMachine::Invite(InviteServer::Terminated) | ServerMachine::Plain(PlainServer::Terminated)
        );
        if !step.gone {
            self.servers.insert(key.clone(), Server { machine, ..server });
        }
        step
    }

    pub(crate) fn deadline(&self, key: &TransactionKey) -> Option<Moment> {
        match key {
            TransactionKey::Client(key) => match &self.clients.get(key)?.machine {
                ClientMachine::Invite(machine) => machine.deadline(),
                ClientMachine::Plain(machine) => machine.deadline(),
            },
            TransactionKey::Server(key) => match &self.servers.get(key)?.machine {
                ServerMachine::Invite(machine) => machine.deadline(),
                ServerMachine::Plain(machine) => machine.deadline(),
            },
        }
    }

    /// The connection of a server transaction is closed: its answer goes over a new one, where one may be opened
    /// (RFC 3261 §18.2.2). False where none may.
    pub(crate) fn reopen(&mut self, key: &ServerKey) -> bool {
        let Some(server) = self.servers.get_mut(key) else { return false };
        match server.reopened.take() {
            Some(flow) => {
                server.flow = flow;
                true
            }
            None => false,
        }
    }

    /// The transactions that send over a flow.
    pub(crate) fn over(&self, flow: Flow) -> Vec<TransactionKey> {
        let clients = self.clients.iter().filter(|(_, client)| client.over == flow);
        let servers = self.servers.iter().filter(|(_, server)| server.flow == flow);
        let clients = clients.map(|(key, _)| TransactionKey::Client(key.clone()));
        clients.chain(servers.map(|(key, _)| TransactionKey::Server(key.clone()))).collect()
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
