//! What the stack says.

use crate::event::{Package, SubscriptionId};
use crate::input::{Flow, IncomingMessageId, MessageId, ProbeId, ReferralId, RegistrationId, SessionId};
use frontdesk_sip_message::{Headers, NameAddr, StatusCode, Uri};
use std::time::Duration;

/// One output of [`SipStack::poll`](crate::SipStack::poll).
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "an output lives from one poll to the next")]
pub enum SipOutput {
    /// Send this message, over the flow's connection where its transport has one.
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
#[allow(
    clippy::large_enum_variant,
    reason = "an event lives from one poll to the next, and there are few of the large"
)]
pub enum SipEvent {
    /// Somebody who may calls. 100 is sent already; [`Ring`](crate::SipCommand::Ring),
    /// [`Accept`](crate::SipCommand::Accept) or [`Refuse`](crate::SipCommand::Refuse) are next.
    Incoming(Box<IncomingCall>),
    /// The called party's side tells how far it is: 180, 183 and other provisional responses but 100.
    Progress {
        /// An outgoing session.
        session: SessionId,
        /// Which of the called parties, where a proxy forked the call: counted from 0 (RFC 3261 §13.2.2.4).
        branch: u16,
        /// 101 to 199.
        status: StatusCode,
        /// SDP of early media: the answer to the offer of the INVITE, as far as this branch is concerned.
        description: Option<Vec<u8>>,
    },
    /// The other side has the INVITE and says no more yet: 100. Told once, before anything else; without it somebody may
    /// be there all the same.
    Trying {
        /// An outgoing session.
        session: SessionId,
    },
    /// The called party answered; the ACK is sent already.
    Answered {
        /// An outgoing session.
        session: SessionId,
        /// Which of the called parties, as in [`Progress`](Self::Progress).
        branch: u16,
        /// The SDP answer: of the 2xx, or of the reliable provisional response that brought it before (RFC 3262 §5);
        /// empty if there was none.
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
    /// A re-INVITE or UPDATE came with an offer (hold, resume, new address), or a re-INVITE that asks for one. UPDATE may
    /// come before the call is answered.
    Reoffered {
        /// The session.
        session: SessionId,
        /// The SDP offer; none asks this side to offer.
        offer: Option<Vec<u8>>,
    },
    /// The other side answered this side's [`Reoffer`](crate::SipCommand::Reoffer), or an offer in
    /// [`Ring`](crate::SipCommand::Ring). Told too when its answer to a refresh of the session (RFC 4028 §7.4) is another
    /// one than before.
    ReofferAnswered {
        /// The session.
        session: SessionId,
        /// The SDP answer; the offer where this side asked for one.
        description: Vec<u8>,
    },
    /// The other side refused this side's [`Reoffer`](crate::SipCommand::Reoffer); the session goes on as it was.
    ReofferRefused {
        /// The session.
        session: SessionId,
        /// Its last word; none when it did not answer in time.
        status: Option<StatusCode>,
    },
    /// The other side asks this side to call somebody: REFER (RFC 3515).
    /// [`AnswerRefer`](crate::SipCommand::AnswerRefer) is next.
    Referred {
        /// The session in whose dialog it came.
        session: SessionId,
        /// Its name.
        referral: ReferralId,
        /// Whom to call: `Refer-To` without its header part.
        target: Uri,
        /// The session that the new call shall take the place of, where `Refer-To` carries a `Replaces` that names one
        /// of this side: an attended transfer.
        replaces: Option<SessionId>,
        /// The `Replaces` of the `Refer-To` as text, also where it names a dialog that is not here.
        replaces_header: Option<String>,
        /// `Referred-By` (RFC 3892).
        referred_by: Option<NameAddr>,
    },
    /// Who was asked by [`Refer`](crate::SipCommand::Refer) tells how far the new call is.
    ReferProgress {
        /// The session.
        session: SessionId,
        /// 100 to 199: the status of the new call.
        status: StatusCode,
    },
    /// The REFER of this side came to its end. Like [`ReferProgress`](Self::ReferProgress) it may be told after the
    /// session's [`Ended`](Self::Ended): who is referred may hang up before the new call is answered (RFC 5057 §4.1).
    ReferEnded {
        /// The session.
        session: SessionId,
        /// How.
        outcome: ReferOutcome,
    },
    /// Somebody who may subscribed, or refreshed a subscription and wants to know the state again.
    /// [`Notify`](crate::SipCommand::Notify) or [`EndSubscription`](crate::SipCommand::EndSubscription) is next.
    Subscribed {
        /// Its name.
        subscription: SubscriptionId,
        /// Who: the account that proved its password.
        account: String,
        /// What is watched: the user part of the Request-URI.
        resource: String,
        /// Where, as the telephone names it: the host of the Request-URI. Documents name the watched by it.
        host: String,
        /// Which of its states.
        package: Package,
    },
    /// A subscription is no more: it ran out, was taken back, its NOTIFY was refused or not answered, it only wanted the
    /// state once and was told, or its account is gone. Not told after [`EndSubscription`](crate::SipCommand::EndSubscription).
    Unsubscribed {
        /// Which.
        subscription: SubscriptionId,
    },
    /// A MESSAGE came from somebody who may send one (RFC 3428).
    /// [`AnswerMessage`](crate::SipCommand::AnswerMessage) is next.
    MessageReceived(Box<IncomingMessage>),
    /// What became of a MESSAGE of this side.
    MessageEnded {
        /// Which.
        message: MessageId,
        /// The final status; none when nobody answered.
        status: Option<StatusCode>,
    },
    /// What became of a [`Probe`](crate::SipCommand::Probe).
    Probed {
        /// Which.
        probe: ProbeId,
        /// The final status: any at all shows that somebody is there. None when nobody answered.
        status: Option<StatusCode>,
        /// `Retry-After` of a 503: it is there and wants no calls now.
        retry_after: Option<Duration>,
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
        /// Whether it ran out, or the connection closed over which alone it was reached, rather than being taken back.
        expired: bool,
    },
    /// This side's registration stands: told at each refresh.
    Registered {
        /// Which.
        registration: RegistrationId,
        /// For how long the registrar granted it.
        expires: Duration,
        /// The `Route` lines that calls of this registration shall carry, the next hop first (RFC 3608); mostly none.
        service_route: Vec<NameAddr>,
    },
    /// This side's registration does not stand now; it is tried again by itself, ever more slowly.
    RegistrationFailed {
        /// Which.
        registration: RegistrationId,
        /// The registrar's last word; none when it did not answer.
        status: Option<StatusCode>,
        /// When it is tried again.
        retry_in: Duration,
    },
    /// This side's registration is no more: it was taken back, or there is no room for it.
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
    /// Every header line of the INVITE, for whom the call is from and by which ways it came: `P-Asserted-Identity`,
    /// `Privacy`, `Diversion`, `History-Info`, `Identity`. Hostile until the admission says otherwise.
    pub headers: Headers,
    /// The session whose place this call shall take (RFC 3891): it stands, and the caller proved by naming its tags that
    /// it may.
    pub replaces: Option<SessionId>,
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
    /// It is a listed peer, by its address, its certificate, or both.
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
        /// The `Reason` header (RFC 3326), such as `Q.850;cause=17`.
        reason: Option<String>,
        /// Where else the callee may be reached: the contacts of a 3xx, the most wanted first.
        redirects: Vec<Uri>,
    },
    /// The called side did not answer the INVITE at all (timer B).
    NoResponse,
    /// The caller gave up before the answer: CANCEL.
    CancelledByPeer {
        /// The `Reason` header (RFC 3326) of its CANCEL.
        reason: Option<String>,
    },
    /// The other side hung up: BYE.
    HungUpByPeer {
        /// The `Reason` header (RFC 3326) of its BYE.
        reason: Option<String>,
    },
    /// This side ended it: by [`End`](crate::SipCommand::End) or [`Refuse`](crate::SipCommand::Refuse).
    EndedHere,
    /// The ACK to this side's 200 never came (RFC 3261 §13.3.1.4), or the PRACK to its reliable provisional response
    /// (RFC 3262 §3).
    NoAck,
    /// The other side does not know the dialog any more: 481 or 408 to a request within it.
    DialogGone,
    /// The session timer ran out without a refresh (RFC 4028 §10).
    TimerExpired,
    /// The network refused what was sent.
    TransportFailed,
    /// What the other side offered when this side asked it to could not be taken (RFC 3261 §14.1). Whatever else breaks
    /// the rules is refused or dropped, and the session goes on.
    ProtocolViolation,
}

/// How a REFER of this side ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReferOutcome {
    /// The new call got this final status; 2xx is success.
    Status(StatusCode),
    /// The REFER itself was refused with this status: nobody was called.
    Refused(StatusCode),
    /// The REFER was accepted, and the other side tells nothing of the new call (RFC 4488).
    Unknown,
    /// Nobody answered the REFER, or the NOTIFYs stopped.
    NoResponse,
}

/// A MESSAGE from outside.
#[derive(Debug, Clone)]
pub struct IncomingMessage {
    /// Its name.
    pub id: IncomingMessageId,
    /// How it was admitted.
    pub admission: Admission,
    /// The Request-URI: for whom.
    pub to: Uri,
    /// The To header: to whom it was written at first.
    pub addressee: NameAddr,
    /// The From header.
    pub from: NameAddr,
    /// Over which it came.
    pub flow: Flow,
    /// The media type of the body.
    pub content_type: String,
    /// The text.
    pub body: Vec<u8>,
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
    /// A source failed to authenticate too often: for a while it is answered without a look at its credentials. Told
    /// once for each time that it is locked out.
    LockedOut {
        /// From where.
        flow: Flow,
        /// For how long.
        wait: Duration,
    },
    /// A bound of the stack was reached, and something was dropped or refused.
    Overloaded {
        /// Which bound.
        bound: &'static str,
    },
}
