//! What becomes of what uses a flow that failed or closed, and who is at the other end of it.

use crate::dialog::invite_session::Session;
use crate::input::Flow;
use crate::limits::{MAX_PROVED_FLOWS, MAX_PROVED_NAMES};
use crate::stack::SipStack;
use crate::transaction::ServerInput;
use crate::transaction::table::{ServerKey, TransactionKey};

impl SipStack {
    /// RFC 3261 §17.1.4, §17.2.4: what this side asked over the flow will not be answered, and a caller who cannot be
    /// told that it rings is gone. Bindings and standing sessions stay: one refused datagram may be spoofed or
    /// passing, a connection that could not be opened may be opened later, and they have timers of their own.
    pub(crate) fn transport_failed(&mut self, flow: Flow) {
        for key in self.transactions.over(flow) {
            match key {
                TransactionKey::Client(key) => self.way_lost(&key),
                TransactionKey::Server(key) => self.answer_lost(&key),
            }
        }
    }

    /// A connection is no more. What was asked over it fails; what came over it is answered over a new connection
    /// (RFC 3261 §18.2.2), but for WebSockets. Contacts that are reached over it only are bound no more (RFC 5626
    /// §5.3). Sessions stand: their dialogs outlive the connection, and each has its own ways to find out.
    pub(crate) fn flow_closed(&mut self, flow: Flow) {
        self.proved.remove(&flow);
        for key in self.transactions.over(flow) {
            match key {
                TransactionKey::Client(key) => self.way_lost(&key),
                TransactionKey::Server(key) if self.transactions.reopen(&key) => {}
                TransactionKey::Server(key) => self.answer_lost(&key),
            }
        }
        for session in self.sessions.values_mut() {
            match session {
                Session::Arriving(arriving) => arriving.partner.dialog.flow_closed(flow),
                Session::Talking(talking) => talking.partner.dialog.flow_closed(flow),
                Session::Calling { .. } => {}
            }
        }
        self.usages.flow_closed(flow);
        self.flow_of_bindings_closed(flow);
        for early in self.invites.values_mut().flat_map(|invite| invite.earlies_mut()) {
            early.dialog.flow_closed(flow);
        }
        self.flow_of_registrations_closed(flow);
    }

    fn answer_lost(&mut self, key: &ServerKey) {
        let session = self.arrived.get(key).map(|arrived| arrived.session);
        let failed = self.step_server(key, ServerInput::TransportFailed).failed;
        if let Some(session) = session.filter(|_| failed) {
            self.caller_unreachable(session);
        }
    }

    /// The names that the certificate at the other end of a flow proved (RFC 5922 §7). Beyond the bound the proof is not
    /// kept, and the peer is challenged like a stranger.
    pub(crate) fn peer_proved(&mut self, flow: Flow, mut names: Vec<String>) {
        if self.proved.len() >= MAX_PROVED_FLOWS && !self.proved.contains_key(&flow) {
            return self.overloaded("connections with a certificate");
        }
        names.truncate(MAX_PROVED_NAMES);
        self.proved.insert(flow, names);
    }
}
