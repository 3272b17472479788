//! The dialog: route set, remote target, sequence numbers (RFC 3261 §12).

use crate::input::{Flow, Transport};
use crate::settings::SipSettings;
use frontdesk_sip_message::{
    CSeq, Contacts, HeaderName, Headers, Method, NameAddr, Request, Response, SipUri, Uri,
};
use std::net::SocketAddr;

/// The name of a dialog (RFC 3261 §12).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DialogKey {
    pub(crate) call_id: String,
    pub(crate) local_tag: String,
    /// Empty where the other side speaks RFC 2543 and sends none (RFC 3261 §12.1.1).
    pub(crate) remote_tag: String,
}

impl DialogKey {
    /// The dialog that a request within it names. `None` without a To tag: such a request is in no dialog.
    pub(crate) fn of_request(request: &Request) -> Option<Self> {
        let headers = &request.headers;
        Some(DialogKey {
            local_tag: headers.to_tag()?.to_owned(),
            remote_tag: headers.from_tag().unwrap_or_default().to_owned(),
            call_id: headers.call_id().ok()?.to_owned(),
        })
    }
}

/// One peer-to-peer relation of two user agents.
#[derive(Debug, Clone)]
pub(crate) struct Dialog {
    pub(crate) key: DialogKey,
    /// This side, its tag included.
    local: NameAddr,
    /// The other side, its tag included.
    remote: NameAddr,
    local_seq: u32,
    remote_seq: Option<u32>,
    route_set: Vec<NameAddr>,
    remote_target: Uri,
    /// This side's Contact.
    contact: NameAddr,
    /// Over which the dialog came to be.
    flow: Flow,
    /// Whether the connection of `flow` is no more.
    closed: bool,
    /// Whether the addresses that the other side writes are not those that it is seen with: then only the flow
    /// leads there, whatever its Contact says.
    translated: bool,
}

impl Dialog {
    /// The callee's side, from the INVITE (RFC 3261 §12.1.1). `None` without a Contact or with a broken From or To.
    pub(crate) fn of_callee(
        invite: &Request,
        local_tag: &str,
        flow: Flow,
        settings: &SipSettings,
    ) -> Option<Self> {
        let headers = &invite.headers;
        let mut local = headers.to().ok()?;
        local.set_tag(local_tag);
        let remote = headers.from().ok()?;
        let via = headers.top_via().ok()?;
        let user = invite.uri.user();
        Some(Dialog {
            key: DialogKey {
                call_id: headers.call_id().ok()?.to_owned(),
                local_tag: local_tag.to_owned(),
                remote_tag: remote.tag().unwrap_or_default().to_owned(),
            },
            local,
            remote,
            local_seq: 0,
            remote_seq: Some(headers.cseq().ok()?.number),
            route_set: headers.record_routes().ok()?,
            remote_target: contact_of(headers)?,
            contact: local_contact(user.as_deref(), flow, asks_for_sips(invite), settings),
            flow,
            closed: false,
            translated: via.host.ip().is_some_and(|ip| ip != flow.remote.ip()),
        })
    }

    /// The caller's side, from its INVITE and a 2xx to it (RFC 3261 §12.1.2). A 2xx without a usable Contact is
    /// answered at the Request-URI: to leave the call unacknowledged would help nobody.
    pub(crate) fn of_caller(invite: &Request, success: &Response, flow: Flow) -> Option<Self> {
        let local = invite.headers.from().ok()?;
        let remote = success.headers.to().ok()?;
        let mut route_set = success.headers.record_routes().unwrap_or_default();
        route_set.reverse();
        let asked = invite.uri.as_sip().and_then(|uri| uri.host.ip());
        Some(Dialog {
            key: DialogKey {
                call_id: invite.headers.call_id().ok()?.to_owned(),
                local_tag: local.tag()?.to_owned(),
                remote_tag: remote.tag().unwrap_or_default().to_owned(),
            },
            local_seq: invite.headers.cseq().ok()?.number,
            remote_seq: None,
            route_set,
            remote_target: contact_of(&success.headers).unwrap_or_else(|| invite.uri.clone()),
            contact: own_contact(&invite.headers)?,
            flow,
            closed: false,
            translated: asked.is_none_or(|ip| ip != flow.remote.ip()),
            local,
            remote,
        })
    }

    /// The 2xx makes the early dialog a confirmed one: its route set and its target count (RFC 3261 §13.2.2.4).
    pub(crate) fn confirm(&mut self, success: &Response) {
        self.route_set = success.headers.record_routes().unwrap_or_default();
        self.route_set.reverse();
        self.refresh_target(&success.headers);
    }

    /// Whether a request with this sequence number is in order; if so it is remembered (RFC 3261 §12.2.2).
    pub(crate) fn takes(&mut self, number: u32) -> bool {
        let in_order = self.remote_seq.is_none_or(|before| number >= before);
        if in_order {
            self.remote_seq = Some(number);
        }
        in_order
    }

    /// A target refresh request moves the other side (RFC 3261 §12.2.2).
    pub(crate) fn refresh_target(&mut self, headers: &Headers) {
        if let Some(target) = contact_of(headers) {
            self.remote_target = target;
        }
    }

    /// A new request within the dialog, without Via (RFC 3261 §12.2.1.1).
    pub(crate) fn request(&mut self, method: Method) -> Request {
        self.local_seq = self.local_seq.saturating_add(1);
        self.write(method, self.local_seq)
    }

    /// Gives a request that is sent once more the next number.
    pub(crate) fn renumber(&mut self, request: &mut Request) {
        self.local_seq = self.local_seq.saturating_add(1);
        let cseq = CSeq { number: self.local_seq, method: request.method.clone() };
        request.headers.set(HeaderName::CSeq, cseq.to_string());
    }

    /// Leaves two numbers out: the session's BYE takes one, and one more if it is challenged.
    pub(crate) fn leave_numbers_for_bye(&mut self) {
        self.local_seq = self.local_seq.saturating_add(2);
    }

    /// The ACK to a 2xx: its number is that of the INVITE (RFC 3261 §13.2.2.4).
    pub(crate) fn ack(&self, invite: &Request) -> Request {
        let number = invite.headers.cseq().map(|cseq| cseq.number).unwrap_or(self.local_seq);
        let mut ack = self.write(Method::ACK, number);
        // RFC 3261 §22.1: an ACK cannot be challenged, so it carries the credentials of its INVITE.
        for name in [HeaderName::Authorization, HeaderName::ProxyAuthorization] {
            let values: Vec<String> = invite.headers.get_all(&name).map(str::to_owned).collect();
            for value in values {
                ack.headers.push(name.clone(), value);
            }
        }
        ack
    }

    fn write(&self, method: Method, number: u32) -> Request {
        let (uri, routes) = self.routed();
        let mut headers = Headers::with_capacity(1_024, 12);
        for route in routes {
            headers.push_display(HeaderName::Route, route);
        }
        headers.push(HeaderName::MaxForwards, "70");
        headers.push_display(HeaderName::From, &self.local);
        headers.push_display(HeaderName::To, &self.remote);
        headers.push(HeaderName::CallId, self.key.call_id.clone());
        headers.push_display(HeaderName::CSeq, CSeq { number, method: method.clone() });
        Request { method, uri, headers, body: Vec::new() }
    }

    /// Request-URI and Route (RFC 3261 §12.2.1.1): loose routing, or strict where the first route has no `lr`.
    fn routed(&self) -> (Uri, Vec<NameAddr>) {
        let target = self.remote_target.clone();
        match self.route_set.split_first() {
            Some((first, rest)) if !is_loose(&first.uri) => {
                let mut routes = rest.to_vec();
                routes.push(NameAddr::new(target));
                (first.uri.clone(), routes)
            }
            _ => (target, self.route_set.clone()),
        }
    }

    /// The other side's Contact.
    pub(crate) fn remote_target(&self) -> &Uri {
        &self.remote_target
    }

    /// This side's Contact.
    pub(crate) fn contact(&self) -> &NameAddr {
        &self.contact
    }

    /// Where requests within the dialog go: to the first route or the remote target, if that is an address of the
    /// same kind and nothing translates addresses in between; else back over the flow. Names are not resolved here.
    ///
    /// A WebSocket is the only way to who came by it, whatever its `.invalid` host says (RFC 7118 §5). A standing
    /// connection to the very host that the hop names is used again, in whichever direction it was opened
    /// (RFC 5923 §4 and §8; its `alias` is not asked for, because what goes over the connection is no more than what its
    /// owner was told over it before); a connection that closed is opened anew to the port that the hop names.
    pub(crate) fn flow(&self) -> Flow {
        let hop = self.route_set.first().map_or(&self.remote_target, |route| &route.uri);
        let translated = self.translated && self.route_set.is_empty();
        let Some(direct) = hop.as_sip().and_then(|hop| self.direct(hop)) else { return self.flow };
        match self.flow.transport {
            Transport::Ws | Transport::Wss => self.flow,
            Transport::Tcp | Transport::Tls if self.closed => direct,
            Transport::Tcp | Transport::Tls if translated => self.flow,
            Transport::Tcp | Transport::Tls if direct.remote.ip() == self.flow.remote.ip() => self.flow,
            Transport::Udp if translated => self.flow,
            Transport::Tcp | Transport::Tls | Transport::Udp => direct,
        }
    }

    /// The way to the address that a hop names, over the transport of the dialog. None where the hop is a name or asks
    /// for another transport.
    fn direct(&self, hop: &SipUri) -> Option<Flow> {
        let transport = self.flow.transport;
        let fits = match Transport::asked_by(hop) {
            Some(asked) => asked == transport,
            // Who wrote no `transport` at the end of a stream means the stream.
            None => !hop.secure && hop.transport().is_none(),
        };
        let ip = hop.host.ip().filter(|ip| fits && !ip.is_unspecified())?;
        let remote = SocketAddr::new(ip, hop.port.unwrap_or(transport.default_port()));
        (ip.is_ipv4() == self.flow.local.is_ipv4()).then_some(Flow { remote, ..self.flow })
    }

    /// The connection is no more.
    pub(crate) fn flow_closed(&mut self, flow: Flow) {
        self.closed |= self.flow == flow;
    }

    /// The other side registered from there with the Contact that it has in this dialog. Proxies of the dialog know better.
    pub(crate) fn registered_by(&mut self, flow: Flow) {
        if self.route_set.is_empty() {
            self.flow = flow;
            self.closed = false;
        }
    }

    /// A request within the dialog came this way. Where the connection of the dialog is closed, this is how its other
    /// side is reached now.
    pub(crate) fn came_by(&mut self, flow: Flow) {
        if self.closed {
            self.flow = flow;
            self.closed = false;
        }
    }
}

fn is_loose(uri: &Uri) -> bool {
    uri.as_sip().is_none_or(SipUri::is_loose_router)
}

/// The remote target: the one Contact, if it is a SIP URI.
fn contact_of(headers: &Headers) -> Option<Uri> {
    match headers.contacts().ok()? {
        Contacts::List(list) => {
            list.into_iter().next().map(|contact| contact.address.uri).filter(|uri| uri.as_sip().is_some())
        }
        Contacts::Star => None,
    }
}

/// Where this side is reached: its own end of the flow as the other side sees it, by the same transport. `sips` where the
/// other side, or this side's Request-URI, asks for it (RFC 3261 §8.1.1.8, §12.1.1).
pub(crate) fn local_contact(user: Option<&str>, flow: Flow, sips: bool, settings: &SipSettings) -> NameAddr {
    let advertised = settings.advertised(flow);
    let mut uri = SipUri::new(user, advertised.ip(), Some(advertised.port()));
    uri.secure = sips && flow.transport.is_secure();
    match flow.transport.uri_parameter() {
        // `sips` says TLS already.
        Some("tls") if uri.secure => {}
        Some(name) => uri.parameters.set("transport", Some(name)),
        None => {}
    }
    NameAddr::new(uri)
}

/// This side's Contact in a request that it sent.
fn own_contact(headers: &Headers) -> Option<NameAddr> {
    match headers.contacts().ok()? {
        Contacts::List(list) => list.into_iter().next().map(|contact| contact.address),
        Contacts::Star => None,
    }
}

/// Whether the Contact of the answer must be `sips` (RFC 3261 §12.1.1): the Request-URI is, or the top Record-Route, or
/// without one the Contact.
pub(crate) fn asks_for_sips(request: &Request) -> bool {
    let is_sips = |uri: &Uri| uri.as_sip().is_some_and(|uri| uri.secure);
    let routes = request.headers.record_routes().unwrap_or_default();
    is_sips(&request.uri)
        || match routes.first() {
            Some(route) => is_sips(&route.uri),
            None => contact_of(&request.headers).as_ref().is_some_and(is_sips),
        }
}
