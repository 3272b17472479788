//! Requests that are too long for a datagram go by TCP (RFC 3261 §18.1.1).
//!
//! A datagram beyond the MTU is cut by the network, and translators and firewalls on the way drop the pieces. So a request
//! of more than 1300 bytes is sent over a connection to the same address, with `TCP` in its Via. Where no connection can
//! be opened, the same request goes by UDP after all, and that address is not tried again for a while.
//!
//! Deviation: the RFC switches whenever it is long. Here a request stays with UDP where the other end is known to be
//! reached in no other way: where its URI says `transport=udp`, and where its address is not the one that it is seen with,
//! because a translator lies in between, which opened a way for datagrams only. Forced by telephones behind translators,
//! whose calls would wait for a connection that never comes; held by `long_requests::a_phone_behind_a_translator_…`.
//!
//! The ACK to a 2xx has no transaction that could fall back, and is sent as it is.

use crate::input::{Flow, Transport};
use crate::limits::MAX_STREAM_REFUSALS;
use crate::stack::SipStack;
use crate::timers::Wheel;
use crate::transaction::ClientInput;
use crate::transaction::table::{ClientKey, TransactionKey};
use frontdesk_identifiers::Moment;
use frontdesk_sip_message::{Request, SipUri};
use std::net::SocketAddr;
use std::time::Duration;

/// The longest request that goes in a datagram where the path MTU is not known (RFC 3261 §18.1.1).
const DATAGRAM_BYTES_MAX: usize = 1_300;

/// How long an address is not tried by TCP again that took no connection.
const REFUSAL_REMEMBERED: Duration = Duration::from_secs(600);

/// The addresses that took no connection lately.
#[derive(Debug)]
pub(crate) struct StreamRefusals(Wheel<SocketAddr>);

impl StreamRefusals {
    pub(crate) fn new() -> Self {
        StreamRefusals(Wheel::new())
    }

    fn remember(&mut self, remote: SocketAddr, now: Moment) {
        if self.0.len() >= MAX_STREAM_REFUSALS
            && let Some(earliest) = self.0.next()
        {
            self.0.pop_due(earliest);
        }
        self.0.set(remote, Some(now + REFUSAL_REMEMBERED));
    }

    fn knows(&mut self, remote: SocketAddr, now: Moment) -> bool {
        while self.0.pop_due(now).is_some() {}
        self.0.is_set(&remote)
    }
}

impl SipStack {
    /// Over which flow a request goes that has its Via, which is written anew where that is another one than wanted.
    pub(crate) fn way_of(&mut self, request: &mut Request, wanted: Flow) -> Flow {
        if wanted.transport != Transport::Udp {
            return wanted;
        }
        let stream = Flow { transport: Transport::Tcp, ..wanted };
        let Ok(mut via) = request.headers.top_via() else { return wanted };
        // RFC 3261 §9.1: a CANCEL has the Via of its INVITE and goes the same way.
        if via.transport == Transport::Tcp.via_name() {
            return stream;
        }
        if !self.settings.stream_for_long_requests || !is_long(request) || !may_stream(request, wanted) {
            return wanted;
        }
        if self.stream_refusals.knows(wanted.remote, self.now) {
            return wanted;
        }
        via.transport = Transport::Tcp.via_name().to_owned();
        request.headers.set_top_via(&via);
        stream
    }

    /// What a client transaction sends over cannot be used. A request that went by TCP only for its length goes by UDP
    /// now; any other has failed.
    pub(crate) fn way_lost(&mut self, key: &ClientKey) {
        let (times, now) = (self.settings.timers, self.now);
        match self.transactions.fall_back(key, now, &times, &mut self.outputs) {
            Some(remote) => {
                self.stream_refusals.remember(remote, now);
                self.watch(TransactionKey::Client(*key));
            }
            None => self.step_client(key, ClientInput::TransportFailed, None),
        }
    }
}

/// With `TCP` in its Via it is as long as with `UDP`.
fn is_long(request: &Request) -> bool {
    request.to_bytes().len() > DATAGRAM_BYTES_MAX
}

/// Whether nothing says that its next hop is reached by datagrams alone.
fn may_stream(request: &Request, wanted: Flow) -> bool {
    let routes = request.headers.routes().unwrap_or_default();
    let hop = routes.first().map_or(&request.uri, |route| &route.uri);
    let Some(hop) = hop.as_sip() else { return true };
    let says_udp = Transport::asked_by(hop) == Some(Transport::Udp);
    !says_udp && is_seen_at(hop, wanted.remote)
}

/// Whether the address that a hop names, if it is one, is the one that it is reached at.
fn is_seen_at(hop: &SipUri, remote: SocketAddr) -> bool {
    hop.host.ip().is_none_or(|ip| ip == remote.ip() && hop.port.unwrap_or(5060) == remote.port())
}
