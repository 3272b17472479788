//! What the stack says.

use crate::input::{Flow, RegistrationId, SessionId};
use frontdesk_sip_message::{NameAddr, StatusCode, Uri};
use std::time::Duration;

/// One output of [`SipStack::poll`](crate::SipStack::poll).
#[derive(Debug, Clone)]
pub enum SipOutput {
    /// Send this datagram.
    Transmit {
        /// Where.
        flow: Flow,
        /// What.
        bytes: Vec<u8>,
    },
    /// Something happened that the user of the stack should know.
    Event(SipEvent),
}

/// What happened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SipEvent {
    /// Somebody who may calls. 100 is sent already; [`Ring`](crate::SipCommand::Ring),
    /// [`Accept`](crate::SipCommand::Accept) or [`Refuse`](crate::SipCommand::Refuse) are next.
    Incoming(Box<IncomingCall>),
    /// The called party's side tells how far it is: 180, 183 and other provisional responses but 100.
    Progress {
        /// An outgoing session.
        session: SessionId,
        /// 101 to 199.
        status: StatusCode,
        /// SDP of early media.
        description: Option<Vec<u8>>,
    },
    /// The called party answered; the ACK is sent already.
    Answered {
        /// An outgoing session.
        session: SessionId,
        /// The SDP answer; empty if there was none.
        description: Vec<u8>,
    },
    /// The ACK to this side's 200 came: the session stands. It may bring the answer to an offer in the 200.
    ///
    /// Told once for the first INVITE; for a re-INVITE only when its ACK brings the answer to this side's offer.
    Confirmed {
        /// An incoming session.
        session: SessionId,
        /// SDP in the ACK.
        description: Option<Vec<u8>>,
    },
    /// A re-INVITE came (hold, resume, new address).
    Reoffered {
        /// The session.
        session: SessionId,
        /// The SDP offer; none asks this side to offer.
        offer: Option<Vec<u8>>,
    },
    /// The other side pressed a key and tells it by INFO (`application/dtmf-relay`, `application/dtmf`). Told once for
    /// each INFO; one that presses the key by RFC 4733 too would be counted twice by who takes both.
    KeyInfo {
        /// The session.
        session: SessionId,
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        key: char,
    },
    /// The session is over. Told exactly once for every session, incoming or outgoing, whatever became of it;
    /// after it the id means nothing. [`End`](crate::SipCommand::End) and [`Refuse`](crate::SipCommand::Refuse) are
    /// followed by it at once.
    Ended {
        /// The session.
        session: SessionId,
        /// Why.
        end: SessionEnd,
    },
    /// A contact was bound to an account at this side's registrar, or refreshed.
    Bound {
        /// The account's user name.
        account: String,
        /// The contact, as the phone wrote it.
        contact: Uri,
        /// Whether it was not bound before.
        new: bool,
    },
    /// A contact is bound no more.
    Unbound {
        /// The account's user name.
        account: String,
        /// The contact.
        contact: Uri,
        /// Whether it ran out rather than being taken back.
        expired: bool,
    },
    /// This side's registration stands.
    Registered {
        /// Which.
        registration: RegistrationId,
        /// For how long the registrar granted it.
        expires: Duration,
    },
    /// This side's registration failed, or was taken back.
    RegistrationEnded {
        /// Which.
        registration: RegistrationId,
        /// The registrar's last word; none when it did not answer.
        status: Option<StatusCode>,
    },
    /// Something for the log, with no consequence for a session.
    Noticed(SipFact),
}

/// A call that wants in.
#[derive(Debug, Clone)]
pub struct IncomingCall {
    /// The new session: [`SessionId::Incoming`].
    pub session: SessionId,
    /// How it was admitted.
    pub admission: Admission,
    /// The Request-URI: who is called.
    pub called: Uri,
    /// The From header, its tag included.
    pub from: NameAddr,
    /// The To header.
    pub to: NameAddr,
    /// The Call-ID, for the record.
    pub call_id: String,
    /// The SDP offer, if the INVITE brought one.
    pub offer: Option<Vec<u8>>,
    /// Which way it came.
    pub flow: Flow,
    /// How many more hops it may take (RFC 3261 §20.22): whoever passes the call on, on a leg of its own, says one
    /// less there, so that a call that goes round in a circle comes to an end (RFC 7332).
    pub hops: u8,
}

/// By which right a request is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// It proved to know the account's password.
    Account {
        /// The account's user name.
        username: String,
    },
    /// It came from a listed peer's address.
    Peer {
        /// The peer's name.
        name: String,
    },
}

/// Why a session is over.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionEnd {
    /// The called side refused the outgoing call with this status.
    Refused {
        /// 300 to 699.
        status: StatusCode,
        /// When it may be tried again.
        retry_after: Option<Duration>,
    },
    /// The called side did not answer the INVITE at all (timer B).
    NoResponse,
    /// The caller gave up before the answer: CANCEL.
    CancelledByPeer,
    /// The other side hung up: BYE.
    HungUpByPeer {
        /// The `Reason` header (RFC 3326) of its BYE.
        reason: Option<String>,
    },
    /// This side ended it: by [`End`](crate::SipCommand::End) or [`Refuse`](crate::SipCommand::Refuse).
    EndedHere,
    /// The ACK to this side's 200 never came (RFC 3261 §13.3.1.4).
    NoAck,
    /// The other side does not know the dialog any more: 481 or 408 to a request within it. Not told yet: the only
    /// request that this side sends within a dialog is BYE, and with it the end is told already.
    DialogGone,
    /// The network refused what was sent.
    TransportFailed,
    /// The other side's description or dialogue broke the rules, and the session was ended for it. Not told yet: what
    /// breaks the rules is refused or dropped, and the session goes on.
    ProtocolViolation,
}

/// Something for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SipFact {
    /// What came was no SIP message.
    NotUnderstood {
        /// From where.
        flow: Flow,
        /// Why, as a phrase.
        why: String,
    },
    /// Credentials that do not fit.
    AuthenticationFailed {
        /// From where.
        flow: Flow,
        /// The user name that was tried, cut to 64 characters.
        username: String,
    },
    /// A bound of the stack was reached, and something was dropped or refused.
    Overloaded {
        /// Which bound.
        bound: &'static str,
    },
}
