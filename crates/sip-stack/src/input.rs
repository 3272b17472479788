//! What the stack is told.

use frontdesk_sip_message::{NameAddr, StatusCode, Uri};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::settings::SipSettings;

/// One input to [`SipStack::handle`](crate::SipStack::handle).
#[derive(Debug, Clone)]
pub enum SipInput {
    /// The rules to work by; the first input, and again at each reload.
    Settings(Arc<SipSettings>),
    /// A datagram came in.
    Received {
        /// Between which two addresses.
        flow: Flow,
        /// The whole datagram.
        bytes: Vec<u8>,
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
}

/// A path between two addresses: where a message came from, or where it goes.
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

/// One registration that this side holds at another registrar; numbered by the user of the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegistrationId(pub u64);

/// What the user of the stack wants.
#[derive(Debug, Clone)]
pub enum SipCommand {
    /// Tell the caller that it rings: 180, or 183 when there is early media to describe.
    Ring {
        /// An incoming session that is not answered yet.
        session: SessionId,
        /// SDP of the early media.
        description: Option<Vec<u8>>,
    },
    /// Answer: 200 with this SDP, repeated until its ACK comes (RFC 3261 §13.3.1.4).
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
    /// Answer a re-INVITE that [`Reoffered`](crate::SipEvent::Reoffered) told of.
    AcceptReoffer {
        /// The session.
        session: SessionId,
        /// The SDP answer, or the offer if the re-INVITE brought none.
        description: Vec<u8>,
    },
    /// Refuse a re-INVITE; the session goes on as it was (RFC 3261 §14.2).
    RefuseReoffer {
        /// The session.
        session: SessionId,
        /// 4xx to 6xx, such as 488.
        status: StatusCode,
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
    /// Header lines to add, as name and value. A `Max-Forwards` among them stands in place of this side's own.
    pub extra: Vec<(String, String)>,
}

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
