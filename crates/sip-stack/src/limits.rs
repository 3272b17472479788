//! The bounds of the stack. Each says what happens beyond it; a bound reached is told as
//! [`SipFact::Overloaded`](crate::SipFact::Overloaded).

/// Transactions of both kinds together. Beyond it a new request from outside gets 503 with `Retry-After`, and no
/// memory is spent on it.
///
/// A call that is put through leaves four behind, three of which live for 32 s (RFC 3261 §17.2.2, RFC 6026 §7.1), so that
/// they bound the calls that may come: about 1,000 a second. One takes 1.7 kB with what is kept beside it, so that
/// all of them take 170 MB.
pub const MAX_TRANSACTIONS: usize = 100_000;

/// INVITE sessions, incoming and outgoing. Beyond it an INVITE gets 503 with `Retry-After`, and a call placed here
/// ends as if it had got one.
pub const MAX_SESSIONS: usize = 4_000;

/// Contacts of one account. Beyond it a REGISTER with a further one gets 503 with `Retry-After`.
pub const MAX_BINDINGS_PER_ACCOUNT: usize = 10;

/// Proxies in the Path of one REGISTER. One with more is 400.
pub const MAX_PATH: usize = 8;

/// Registrations held at other registrars. Beyond it a new one ends at once.
pub const MAX_REGISTRATIONS: usize = 1_000;

/// MESSAGEs from outside that wait for the answer of the user of the stack, who is not to keep them waiting. Beyond it the
/// one that waits longest gets 503.
pub const MAX_UNANSWERED_MESSAGES: usize = 256;

/// Subscriptions in all, referrals among them. Beyond it a SUBSCRIBE or REFER gets 503 with `Retry-After`.
pub const MAX_SUBSCRIPTIONS: usize = 20_000;

/// Subscriptions of one account: the lamps of a few telephones with extension panels. Beyond it a SUBSCRIBE gets 503 with
/// `Retry-After`.
pub const MAX_SUBSCRIPTIONS_PER_ACCOUNT: usize = 300;

/// REFERs of one dialog that are open at the same time. Beyond it a REFER gets 503 with `Retry-After`.
pub const MAX_REFERRALS_PER_DIALOG: usize = 4;

/// How often a NOTIFY is sent that is refused for now. After the last its subscription is over.
pub const MAX_NOTIFY_TRIES: u8 = 4;

/// Answers of different called parties to one forked INVITE that are told apart. A further one is not
/// acknowledged; its sender gives up by itself.
pub const MAX_FORKS: usize = 16;

/// 2xx to INVITEs of one session that wait for their ACK at the same time. A further re-INVITE gets 500.
pub const MAX_UNACKNOWLEDGED: usize = 8;

/// Connections whose other end proved names by a certificate. Beyond it a further one is challenged like a stranger.
pub const MAX_PROVED_FLOWS: usize = 10_000;

/// Names of one certificate that are looked at; the rest is passed over.
pub const MAX_PROVED_NAMES: usize = 64;

/// Reliable provisional responses of one call that wait for the PRACK to the one before. A further one is not sent.
pub const MAX_QUEUED_PROVISIONALS: usize = 8;

/// How often in a row the other side may send an offer or a refresh of this side away for a while (491, 500, 422).
/// Beyond it the offer counts as refused. At a second each that is as long as a transaction of the other side can be
/// in the way.
pub const MAX_POSTPONEMENTS: u8 = 32;

/// Addresses that are remembered not to take a connection. Beyond it the one that refused longest ago is forgotten.
pub const MAX_STREAM_REFUSALS: usize = 1_000;

/// Sources whose wrong credentials are counted. Beyond it the one that failed longest ago is forgotten.
pub const MAX_LOCKOUT_SOURCES: usize = 4_096;

/// Hops that a request of this side may take (RFC 3261 §8.1.1.6), and the most that one from outside is taken to have
/// left, so that a circle through this side ends after as many rounds.
pub const HOPS: u8 = 70;

/// Outputs that the deadlines of one input may pile up. Beyond it the rest waits for the next input, which
/// [`SipStack::deadline`](crate::SipStack::deadline) asks for at once.
pub const MAX_OUTPUTS_FROM_DEADLINES: usize = 4_096;

/// What a `Retry-After` of an overload says, in seconds.
pub const OVERLOAD_RETRY_AFTER_S: u32 = 5;
