//! What the stack is told.

use frontdesk_sip_message::{NameAddr, SipUri, StatusCode, Uri};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::event::SubscriptionId;
use crate::quirks::Quirks;
use crate::settings::SipSettings;

/// One input to [`SipStack::handle`](crate::SipStack::handle).
#[derive(Debug, Clone)]
pub enum SipInput {
    /// The rules to work by; the first input, and again at each reload.
    Settings(Arc<SipSettings>),
    /// A datagram came in, or one message was cut out of a stream.
    Received {
        /// Between which two addresses.
        flow: Flow,
        /// The whole datagram, or exactly one message of a stream.
        bytes: Vec<u8>,
    },
    /// The other end of this connection proved by a certificate that it has these names (RFC 5922 §7); holds until
    /// [`FlowClosed`](Self::FlowClosed).
    PeerProved {
        /// Which connection.
        flow: Flow,
        /// The names of its certificate: DNS names, lower case, and the hosts of `sip:` URIs.
        names: Vec<String>,
    },
    /// A connection is no more: what waits for an answer over it fails, and contacts that are reached only over it are
    /// bound no more (RFC 5626 §5.3).
    FlowClosed {
        /// Which connection.
        flow: Flow,
    },
    /// What was sent over this flow cannot be delivered (RFC 3261 §8.1.3.1, §17.1.4).
    TransportFailed {
        /// Which flow.
        flow: Flow,
    },
    /// No news; whatever is due fires. Every other input fires it too.
    Tick,
    /// The user of the stack wants something.
    Command(SipCommand),
}

/// How a message travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// RFC 3261 §18, datagrams.
    Udp,
    /// RFC 3261 §18, a stream.
    Tcp,
    /// RFC 3261 §26.2, a stream under TLS.
    Tls,
    /// RFC 7118, a WebSocket: always opened by the other side.
    Ws,
    /// RFC 7118, a WebSocket under TLS: always opened by the other side.
    Wss,
}

impl Transport {
    /// Whether the transport itself repeats what is lost (RFC 3261 §17.1.1.2: then timers A, E, G, I, J, K are idle).
    pub const fn is_reliable(self) -> bool {
        !matches!(self, Transport::Udp)
    }

    /// Whether nobody in between reads along.
    pub const fn is_secure(self) -> bool {
        matches!(self, Transport::Tls | Transport::Wss)
    }

    /// As a Via writes it (RFC 3261 §20.42, RFC 7118 §5.2).
    pub const fn via_name(self) -> &'static str {
        match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
            Transport::Tls => "TLS",
            Transport::Ws => "WS",
            Transport::Wss => "WSS",
        }
    }

    /// The transport that a SIP URI asks for: its `transport` parameter (RFC 3261 §19.1.1, RFC 7118 §5.2), over TLS where
    /// the URI is a `sips:` one (RFC 3261 §26.2.2). None where it leaves the choice open, or names one that is not
    /// known.
    pub fn asked_by(uri: &SipUri) -> Option<Transport> {
        const NAMES: [(&str, Transport); 5] = [
            ("udp", Transport::Udp),
            ("tcp", Transport::Tcp),
            ("tls", Transport::Tls),
            ("ws", Transport::Ws),
            ("wss", Transport::Wss),
        ];
        let Some(name) = uri.transport() else { return uri.secure.then_some(Transport::Tls) };
        let named =
            NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, named)| *named)?;
        match named {
            _ if !uri.secure => Some(named),
            Transport::Ws | Transport::Wss => Some(Transport::Wss),
            Transport::Tcp | Transport::Tls => Some(Transport::Tls),
            Transport::Udp => None,
        }
    }

    /// As the `transport` parameter of a Contact writes it. None for UDP, which is what a URI without it means.
    ///
    /// Deviation: RFC 3261 §26.2.2 deprecates `transport=tls` and RFC 5630 §3.1.4 repeats it; yet a `sip:` URI with
    /// `transport=tcp` would call back in the clear, `sips:` promises TLS on every hop to the end, and `transport=tls` is
    /// what Asterisk, FreeSWITCH, Kamailio and Teams write and read. Held by `streams::a_contact_over_tls_…`.
    pub const fn uri_parameter(self) -> Option<&'static str> {
        match self {
            Transport::Udp => None,
            Transport::Tcp => Some("tcp"),
            Transport::Tls => Some("tls"),
            // RFC 7118 §5.2 knows no other name for the one under TLS.
            Transport::Ws | Transport::Wss => Some("ws"),
        }
    }

    /// The port where it is listened for if none is named (RFC 3261 §19.1.2, RFC 7118 §8).
    pub const fn default_port(self) -> u16 {
        match self {
            Transport::Udp | Transport::Tcp => 5060,
            Transport::Tls => 5061,
            Transport::Ws => 80,
            Transport::Wss => 443,
        }
    }
}

/// A path between two addresses: where a message came from, or where it goes.
///
/// For a stream `remote` is the far end of the connection. What this side sends over a flow whose connection is not
/// there opens one to `remote`, except for WebSockets. `local` is an address that this side listens on, also where the
/// connection itself left from another port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flow {
    /// How.
    pub transport: Transport,
    /// This side, as the other side reaches it: never an unspecified address.
    pub local: SocketAddr,
    /// The other side.
    pub remote: SocketAddr,
}

/// One INVITE session: a call leg, as SIP sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SessionId {
    /// The other side called; numbered by the stack.
    Incoming(u64),
    /// This side called; numbered by the user of the stack, never used twice.
    Outgoing(u64),
}

/// One MESSAGE from outside; numbered by the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IncomingMessageId(pub u64);

/// One registration that this side holds at another registrar; numbered by the user of the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegistrationId(pub u64);

/// What the user of the stack wants.
#[derive(Debug, Clone)]
pub enum SipCommand {
    /// Tell the caller how far it is: 180, 183 and so on. With a description it is sent reliably where the caller can
    /// (RFC 3262), then one after the other, each after the acknowledgement of the one before.
    Ring {
        /// An incoming session that is not answered yet.
        session: SessionId,
        /// 101 to 199: 180 rings, 183 describes early media, 181 forwarded, 182 queued.
        status: StatusCode,
        /// SDP of the early media: the answer to the INVITE's offer. Where the INVITE brought none it is an offer, sent
        /// only where it goes reliably, and answered by [`ReofferAnswered`](crate::SipEvent::ReofferAnswered).
        description: Option<Vec<u8>>,
    },
    /// Answer: 200 with this SDP, repeated until its ACK comes (RFC 3261 §13.3.1.4). After early media that was sent
    /// reliably the 200 waits for its acknowledgement and says no SDP again: what was described then holds (RFC 3262 §3,
    /// RFC 6337 §3.1.1).
    Accept {
        /// An incoming session that is not answered yet.
        session: SessionId,
        /// The SDP answer, or the offer if the INVITE brought none.
        description: Vec<u8>,
    },
    /// Refuse with this final status (300 and above).
    Refuse {
        /// An incoming session that is not answered yet.
        session: SessionId,
        /// 3xx to 6xx.
        status: StatusCode,
        /// `Retry-After`, when the refusal is for now only.
        retry_after: Option<Duration>,
        /// The `Reason` header (RFC 3326) to send, such as `Q.850;cause=17`.
        reason: Option<String>,
        /// The `Warning` header (RFC 3261 §20.43) to send, such as `302 frontdesk "Audio must be encrypted here"`.
        warning: Option<String>,
    },
    /// Call somebody.
    Invite(Box<OutgoingCall>),
    /// End the session, whatever its state: CANCEL, BYE, or 480 to a call not yet answered.
    End {
        /// Any session.
        session: SessionId,
        /// The `Reason` header (RFC 3326) to send, such as `SIP;cause=200;text="Call completed elsewhere"`.
        reason: Option<String>,
    },
    /// Answer the re-INVITE, UPDATE or PRACK that [`Reoffered`](crate::SipEvent::Reoffered) told of; or the offer that
    /// this side asked for, which [`ReofferAnswered`](crate::SipEvent::ReofferAnswered) told: then it goes with the ACK.
    AcceptReoffer {
        /// The session.
        session: SessionId,
        /// The SDP answer, or the offer if the re-INVITE brought none.
        description: Vec<u8>,
    },
    /// Refuse it; the session goes on as it was (RFC 3261 §14.2). An offer that this side asked for cannot be refused: the
    /// session ends (RFC 3261 §14.1).
    RefuseReoffer {
        /// The session.
        session: SessionId,
        /// 4xx to 6xx, such as 488.
        status: StatusCode,
    },
    /// Offer this SDP in the standing dialog, to hold, resume or move the sound: by re-INVITE, or by UPDATE where the
    /// call is not answered yet and the other side can (RFC 3311 §5.1). A 491 is repeated after its random wait
    /// (RFC 3261 §14.1). Answered by [`ReofferAnswered`](crate::SipEvent::ReofferAnswered) or
    /// [`ReofferRefused`](crate::SipEvent::ReofferRefused); one at a time, a second replaces one that still waits.
    Reoffer {
        /// The session.
        session: SessionId,
        /// The SDP offer; none asks the other side to offer (only by re-INVITE, RFC 3725 §4.4), and what it offers comes
        /// as [`ReofferAnswered`](crate::SipEvent::ReofferAnswered), which [`AcceptReoffer`](Self::AcceptReoffer) must
        /// answer before the other side gives up, after 64·T1.
        description: Option<Vec<u8>>,
    },
    /// Send an INFO (RFC 6086) in the dialog. Nobody is told what became of it.
    Inform {
        /// The session.
        session: SessionId,
        /// Such as `application/dtmf-relay`.
        content_type: String,
        /// The body.
        body: Vec<u8>,
    },
    /// Ask the other side of a session to call somebody else: REFER (RFC 3515). Its course is told by
    /// [`ReferProgress`](crate::SipEvent::ReferProgress) and [`ReferEnded`](crate::SipEvent::ReferEnded). One at a time for
    /// each session: before the end of the first, a second does nothing.
    Refer {
        /// A session that stands.
        session: SessionId,
        /// `Refer-To`: whom to call, with `?Replaces=…` for an attended transfer ([`SipStack::replaces`]).
        ///
        /// [`SipStack::replaces`]: crate::SipStack::replaces
        refer_to: Uri,
        /// `Referred-By` (RFC 3892).
        referred_by: Option<Uri>,
    },
    /// Answer a REFER that [`Referred`](crate::SipEvent::Referred) told of: 202, or a refusal (300 and above), which
    /// ends the referral. One that is not answered within 20 s is declined.
    AnswerRefer {
        /// Which.
        referral: ReferralId,
        /// 202, or 300 to 699.
        status: StatusCode,
    },
    /// Tell who referred how the call goes, by NOTIFY with a sipfrag (RFC 3515 §2.4.5). A final status ends the
    /// referral; an [`End`](Self::End) of its session after that sends its BYE when the NOTIFY is answered, 4 s later at
    /// most. Does nothing where the other side wants no NOTIFYs (RFC 4488).
    NotifyReferrer {
        /// Which; answered with 202 before.
        referral: ReferralId,
        /// The status of the call that was asked for.
        status: StatusCode,
    },
    /// Tell a subscriber the state of what it watches: NOTIFY (RFC 6665). Sent at once after
    /// [`Subscribed`](crate::SipEvent::Subscribed) and at each change.
    Notify {
        /// Which.
        subscription: SubscriptionId,
        /// The document, in the media type of the subscription's [`Package`](crate::Package).
        document: Vec<u8>,
    },
    /// End a subscription: NOTIFY with `Subscription-State: terminated`.
    EndSubscription {
        /// Which.
        subscription: SubscriptionId,
        /// RFC 6665 §4.1.3: `noresource`, `rejected`, `deactivated`, `timeout`.
        reason: &'static str,
    },
    /// Answer a MESSAGE that [`MessageReceived`](crate::SipEvent::MessageReceived) told of.
    AnswerMessage {
        /// Which.
        id: IncomingMessageId,
        /// 202 where it is passed on, 200 where it was read, else 300 to 699.
        status: StatusCode,
    },
    /// Send a MESSAGE outside of any dialog (RFC 3428). Answered by [`MessageEnded`](crate::SipEvent::MessageEnded).
    Message(Box<OutgoingMessage>),
    /// Ask by OPTIONS whether somebody is there (RFC 3261 §11). Answered by [`Probed`](crate::SipEvent::Probed).
    Probe {
        /// Its name.
        probe: ProbeId,
        /// The Request-URI.
        target: Uri,
        /// Where it goes.
        flow: Flow,
    },
    /// Register at another registrar, and keep registered by refreshing in time (RFC 3261 §10.2).
    Register(Box<OutgoingRegistration>),
    /// Take the registration back: a last REGISTER with `Expires: 0`.
    Unregister {
        /// Which.
        registration: RegistrationId,
    },
}

/// A call that this side places.
#[derive(Debug, Clone)]
pub struct OutgoingCall {
    /// The name of the new session: [`SessionId::Outgoing`].
    pub session: SessionId,
    /// The Request-URI.
    pub target: Uri,
    /// Where the INVITE goes. It says the local address for Via and Contact too.
    pub flow: Flow,
    /// Who calls: the From header without its tag.
    pub from: NameAddr,
    /// Who is called: the To header.
    pub to: NameAddr,
    /// The SDP offer.
    pub description: Vec<u8>,
    /// Answers to 401 and 407.
    pub credentials: Option<Credentials>,
    /// `Route` lines, the next hop first: an outbound proxy, the Path of a registered contact (RFC 3327 §5.3). The
    /// INVITE goes over `flow` all the same.
    pub routes: Vec<NameAddr>,
    /// Header lines to add, as name and value. A `Max-Forwards` among them stands in place of this side's own, and a
    /// `Contact` gives the user part of this side's.
    pub extra: Vec<(String, String)>,
    /// What the other side needs done differently.
    pub quirks: Arc<Quirks>,
}

/// A MESSAGE that this side sends.
#[derive(Debug, Clone)]
pub struct OutgoingMessage {
    /// Its name.
    pub message: MessageId,
    /// The Request-URI.
    pub target: Uri,
    /// Where it goes.
    pub flow: Flow,
    /// `Route` lines, the next hop first.
    pub routes: Vec<NameAddr>,
    /// From, without its tag.
    pub from: NameAddr,
    /// To.
    pub to: NameAddr,
    /// Such as `text/plain`.
    pub content_type: String,
    /// The text.
    pub body: Vec<u8>,
}

/// One MESSAGE of this side; numbered by the user of the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u64);

/// One question by OPTIONS; numbered by the user of the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProbeId(pub u64);

/// One REFER from outside; numbered by the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReferralId(pub u64);

/// A registration that this side wants.
#[derive(Debug, Clone)]
pub struct OutgoingRegistration {
    /// Its name.
    pub registration: RegistrationId,
    /// The Request-URI: the registrar's domain, without a user.
    pub registrar: Uri,
    /// The address of record, in To and From.
    pub address_of_record: NameAddr,
    /// Where the REGISTER goes; its local address becomes the Contact.
    pub flow: Flow,
    /// Answers to 401 and 407.
    pub credentials: Option<Credentials>,
    /// How long to ask for.
    pub expires: Duration,
    /// `Route` lines, the next hop first: an outbound proxy.
    pub routes: Vec<NameAddr>,
    /// What the other side needs done differently.
    pub quirks: Arc<Quirks>,
}

/// A name and its secret for digest authentication (RFC 8760). `Debug` hides the secret.
#[derive(Clone)]
pub struct Credentials {
    /// The user name.
    pub username: String,
    /// The password.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}
