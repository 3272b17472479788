//! The rules of SIP for one node, without a socket, a clock or chance of its own.
//!
//! # The way of a message
//!
//! [`SipStack::handle`] takes a [`SipInput`] and the time, [`SipStack::poll`] gives out [`SipOutput`]s until there is
//! none, [`SipStack::deadline`] says when to call again.
//!
//! * A **response** goes by the branch of its Via to the client transaction (`transaction/table.rs`), which swallows
//!   repetitions, and from there to its owner: the call that was placed (`dialog/caller.rs`), a registration
//!   (`registration/client.rs`), a BYE, or what is neither (`errand.rs`: NOTIFY, REFER, INFO, MESSAGE, OPTIONS).
//! * A **request** gets the address it came from written into its Via (`reply.rs`). If its transaction is known, it is a
//!   repetition and gets the last answer again. An ACK goes to the 2xx that waits for it, a CANCEL to its INVITE. What
//!   nobody could serve is refused (`scrutiny.rs`). A To tag leads to a dialog (`dialog/within.rs`; `event/usages.rs`
//!   has those without a session); what belongs to none must be admitted (`admission.rs`) before it becomes a call
//!   (`dialog/callee.rs`), a binding (`registration/registrar.rs`), a subscription (`event/notifier.rs`) or a written
//!   message (`messages.rs`).
//! * A **command** finds its session and does what that session's state allows; what comes too late does nothing.
//! * A **deadline** (`timers.rs` keeps one for each owner) fires a transaction, a repeated 2xx, a refresh, an expiry.
//!
//! Who keeps what: a transaction repeats *requests and refusals*; the callee's session repeats its *2xx*, because the ACK
//! that ends it is a request of its own; the caller's `OutgoingInvite` keeps the *ACKs* as long as 2xx may be repeated,
//! longer than the session if that ends first.
//!
//! [`SipEvent::Ended`] is told exactly once for each session, and for [`SipCommand::End`] at once: what the wire still
//! needs (CANCEL, ACK, BYE and their repetitions) goes on without the session.
//!
//! # What it never does
//!
//! It opens no socket, asks no clock, starts no thread, resolves no name and writes no log. All chance (branches, tags,
//! Call-IDs, nonces) comes from the seed: one seed and the same inputs give the same bytes. It keeps no memory for
//! strangers: what is refused before admission is answered without a transaction (RFC 3261 §8.2.7), with the same 401 for
//! numbers and users that exist and that do not. It never grows without bound: see [`limits`]. It tells no secret:
//! passwords come in for this side's own calls only and are hidden from `Debug`.
//!
//! # Nonces
//!
//! A nonce verifies itself: the time it was minted, 32 bits of chance, a mark of the neighbourhood that asked for it, and a
//! keyed SHA-256 of all, with a secret from the seed. It serves for [`NONCE_LIFETIME`], and nobody elsewhere (`lockout.rs`
//! says why). Only nonces that were used with a right password are remembered, for their
//! counts; at most [`MAX_NONCES`], and the oldest that is forgotten becomes stale together with all older ones, so that
//! nothing can be replayed. `qop=auth` is demanded: without a count nothing would stop replay. The `uri` of the
//! credentials is hashed but not compared with the Request-URI, because proxies rewrite that one.
//!
//! # What of which RFC
//!
//! | RFC | what | done | held by |
//! |---|---|---|---|
//! | 3261 §8.1.3 | responses: one Via, matched by branch and method, else dropped | yes | `acknowledgement::stray_answers_and_acknowledgements_are_ignored` |
//! | 3261 §8.2.1–3 | 405, 501, 416, 420, 415, 406; 400, 505 | yes | `refusals` |
//! | 3261 §8.2.2.2 | merged requests 482 | yes, while the first is served | `refusals::the_same_request_by_another_way_is_482` |
//! | 3261 §8.2.7 | answers without memory | yes, before admission | `admission::a_repeated_invite_of_a_stranger_gets_the_same_tag` |
//! | 3261 §9 | CANCEL, each race | yes | `cancel_races` |
//! | 3261 §10.2 | registering: refresh with jitter, 423, taking back; after failures as 5626 §4.5, `Retry-After` | yes | `registering`, `registration::retry::tests` |
//! | 3261 §10.3 | registrar | yes; no third party may register | `admission`, `outbound`, `path` |
//! | 3261 §11 | OPTIONS in and out of dialogs | yes, to anybody, the same to all | `refusals::a_question_about_capabilities_…` |
//! | 3261 §12 | dialogs: route sets, loose and strict, targets, numbers | yes; names are not resolved, then the flow serves | `within_a_dialog` |
//! | 3261 §13 | INVITE, 2xx, ACK, several early dialogs of a forked call | yes; 3xx ends the call | `acknowledgement`, `forked_calls` |
//! | 3261 §14 | re-INVITE received, 491, 500 with `Retry-After` | yes | `within_a_dialog` |
//! | 3261 §14.1 | re-INVITE sent, with an offer or asking for one; 491 and its waits | yes | `offers_from_here` |
//! | 3261 §15 | BYE | yes | `within_a_dialog`, `cancel_races` |
//! | 3261 §16 | proxy | no: a desk is an end, and 483 only tells a loop; the switchboard calls all contacts of a phone itself | |
//! | 3261 §17, 6026 | four transactions, timers A to M | yes, over datagrams and streams | `transaction::tests`, a file for each figure |
//! | 3261 §18.1.1 | more than 1300 bytes by TCP, and by UDP after all | yes, but for the ACK to a 2xx and for who is reached by datagrams alone | `long_requests` |
//! | 3261 §18.2.2 | answers over the connection, or over a new one to the sent-by | yes; where the host of the sent-by is a name, to the address that was seen | `streams` |
//! | 3261 §22, 7616, 8760 | digest, SHA-256 before MD5, `auth` | yes; no `auth-int`, no `-sess` | `admission`, `digest::tests` |
//! | 3261 §26.2 | `sips`: under TLS or not at all; Contact `sips` for who asked so | yes; what comes as `sips` in the clear is served | `streams` |
//! | 3327 | Path, kept, told back, followed | yes; also from who does not say `path` | `path` |
//! | 3608 | Service-Route | told, for the user to send calls by | `registering` |
//! | 2976, 6086 | keys by INFO, with the bodies from before the packages | yes; other bodies 415, no packages | `keys_by_info`, `dialog::info::tests` |
//! | 3262 | reliable provisional responses, both ways | yes; this side's PRACK brings no offer, and its INVITE without an offer asks for none | `reliable_provisionals`, `early_media` |
//! | 3263 | locating servers | no: `sip-transport`'s | |
//! | 3264, 6337 | whose offer is open | yes; SDP itself is `session-description`'s | `offer_answer::tests` |
//! | 3311 | UPDATE both ways, early and confirmed | yes; an answered call is changed by re-INVITE from here, whom the user may ask first | `update`, `early_media` |
//! | 3326 | Reason in BYE and CANCEL | yes, as text | `cancel_races` |
//! | 3428 | MESSAGE both ways, `text/plain`, 1300 bytes outside of dialogs | yes; who sends it must be admitted in a dialog too | `messages` |
//! | 3515, 5589 | REFER from outside within a dialog, its NOTIFYs; REFER from here and what is told of it | yes; calls only; outside of dialogs 403 | `referred`, `referring` |
//! | 3842, 4235, 3856 | who may watch mailboxes, calls and presence | yes; the documents are the user's, who is told the names of dialogs | `watching`, `replaces` |
//! | 3891 | Replaces, both ways; the replaced session is the user's to end | yes; no Join (RFC 3911) beside it | `replaces` |
//! | 3892 | Referred-By | as text, both ways; no signed tokens | `referred::who_puts_a_caller_through_…` |
//! | 3903 | PUBLISH | no: 405, presence is what this side knows itself | `refusals` |
//! | 4488 | `Refer-Sub`, `norefersub` | yes | `referred::who_wants_no_notifications_…`, `referring::a_carrier_that_tells_nothing_…` |
//! | 5057 | dialogs that outlive their session while somebody refers in them | yes, for 300 s at most | `referred::a_referrer_that_hangs_up_first_…` |
//! | 6665 | notifier: one NOTIFY under way, the newest state last; 423, 489, polling | yes; accounts only, each subscription in a dialog of its own | `watching` |
//! | 6665 | subscriber | of REFERs of this side only | `referring` |
//! | 3581 | `received`, `rport` | yes; `maddr` is not followed: nobody aims answers at others | `within_a_dialog::responses_go_back_…` |
//! | 4028 | session timers, both ends, both refreshers, 422 both ways | yes; who neither speaks of timers nor knows them gets none | `session_timers`, `dialog::session_timer::tests` |
//! | 4475 | torture cases whose verdict lies here | yes | `refusals`, by their names; `tests/wire`, all of them |
//! | 5407 | races of BYE, ACK, re-INVITE, PRACK, UPDATE, refreshes | yes | `acknowledgement`, `within_a_dialog`, `reliable_provisionals`, `offers_from_here`, `session_timers` |
//! | 5626 | registrar: instance, flow numbers, Flow-Timer, 439; contacts go with their connection | yes, over streams; over UDP the numbers are passed over, no STUN is answered | `outbound`, `calls::the_desk_calls_a_registered_phone_behind_a_translator_…` |
//! | 5626 §4 | several flows of this side to one registrar | no: one, opened again when it closes | `registering` |
//! | 5627 | GRUU | no: 420 to who requires it | `outbound` |
//! | 5922 | peers by the names of their certificates | yes; which names a certificate proves is `sip-transport`'s | `certificates`, `peers::tests` |
//! | 5923 | connections are used again, in both directions | yes; `alias` is neither asked for nor sent | `streams` |
//! | 6228 | 199: a called party is out | heard; not sent, nobody forks here | `forked_calls::a_party_that_is_out_…` |
//! | 7118 | WebSockets: reached over their connection alone | yes | `streams`, `outbound` |
//!
//! Deviation: RFC 3261 §8.2 lets authentication go first. What depends on no user is judged before it (`scrutiny.rs`), so
//! that a broken client learns what is wrong; held by `refusals`, which asks as a stranger.
//! Deviation: Max-Forwards 0 is 483 for all but OPTIONS: the desk joins calls and could be part of a loop (RFC 7332);
//! RFC 4475 §3.3.11 asks an endpoint to serve its OPTIONS. Held by `refusals::zeromf_…`.
//! Deviation: a client that is known to give up at SHA-256 is offered MD5 alone (`quirks.rs`); forced by baresip 1.0, held
//! by `admission::a_client_that_trips_over_sha_256_is_offered_md5_alone`.
//! More stand where they are made: `transport=tls` in a Contact (`input.rs`), who is not asked by TCP (`long_requests.rs`),
//! wildcards in certificates (`peers.rs`), a trunk whose connection closed (`registration/client.rs`).

mod admission;
mod chance;
mod dialog;
mod digest;
mod errand;
mod event;
mod flows;
mod input;
pub mod limits;
mod lockout;
mod long_requests;
mod messages;
mod nonces;
mod output;
mod peers;
mod probe;
mod quirks;
mod registration;
mod reply;
mod routing;
mod scrutiny;
mod settings;
mod stack;
pub mod testing;
mod timers;
mod transaction;

pub use dialog::replaces::DialogName;
pub use digest::{Algorithm as DigestAlgorithm, ha1};
pub use event::{Package, SubscriptionId};
pub use input::{
    Credentials, Flow, IncomingMessageId, MessageId, OutgoingCall, OutgoingMessage, OutgoingRegistration,
    ProbeId, ReferralId, RegistrationId, SessionId, SipCommand, SipInput, Transport,
};
pub use nonces::{MAX_NONCES, NONCE_LIFETIME};
pub use output::{
    Admission, IncomingCall, IncomingMessage, ReferOutcome, SessionEnd, SipEvent, SipFact, SipOutput,
};
pub use quirks::{Quirks, Reliability};
pub use registration::binding::Binding;
pub use settings::{Account, ExternalAddress, PeerRule, SessionTimer, SipSettings, TimerSettings};
pub use stack::{Census, SipStack};
