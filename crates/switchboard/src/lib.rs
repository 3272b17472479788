//! Who talks to whom: every call, leg and conversation of one node, as a pure value.
//!
//! # The way of a call, first ring to record
//!
//! 1. A datagram comes in as [`SwitchboardInput::Sip`]; the [`SipStack`](frontdesk_sip_stack::SipStack) inside reads
//!    it, absorbs what is repeated, admits by digest or by address, and says `Incoming`.
//! 2. `carrier.rs` tells apart the trunks at one carrier, and `routing.rs` finds whose call it is and what was dialled: a
//!    flow or a telephone. A call begins, its first fact
//!    opens the record, and a media port is asked for ([`MediaCommand::Open`]).
//! 3. The port is there: the SDP offer is answered, 180 and 200 go out. With the ACK the flow begins.
//! 4. The flow's intentions become playbacks and listenings (`conversation.rs`); what the sound and the ears report
//!    becomes events of the flow.
//! 5. A transfer (`transfer.rs`, `attempt.rs`, `bridge.rs`) rings a telephone wherever it registered. The first place
//!    that answers is bridged with the caller and the others stop ringing; if none does, the caller returns to the flow
//!    with the outcome. Sound that the called side sends before it answers is let through (`early.rs`).
//!    A number of the telephone network is called over the tenant's trunks (`trunk/`), the next way when one fails.
//!    A trunk that takes REFER puts its own party through itself (`passing.rs`).
//! 6. A party may pass the other on: by REFER (`referral.rs`), joining two calls (`attended.rs`) or replacing one that went
//!    past the desk, or by another session that takes its place (`replaces.rs`). What failed or is not heard gets a cause in the record (`doctor.rs`).
//!    The sound of a call that stands is changed by either side (`reoffer.rs`).
//! 7. Somebody hangs up: every leg is told, and when each session, port and recording has reported its end, the last
//!    fact closes the record.
//!
//! A call may begin here too (`originate.rs`): the first party is rung, and is the call's caller from its answer on. Who
//! watches a telephone is told at each change (`lights.rs`), and short messages are relayed (`messages.rs`).
//!
//! The shape is `handle(input, now)`, `poll()`, `deadline()`. Nothing here reads a clock, owns a socket, draws chance
//! that did not come from the seed, waits for a database, or logs: facts and notices are outputs.
//!
//! [`MediaCommand::Open`]: frontdesk_media_protocol::MediaCommand::Open

mod attempt;
mod attended;
mod bridge;
mod call;
mod carrier;
mod cause;
mod codecs;
mod conversation;
mod crowd;
mod desk;
mod doctor;
mod documents;
mod door;
mod early;
mod encryption;
mod facts;
mod fault;
mod identity;
mod input;
mod keys;
mod leg;
mod lights;
mod limits;
mod messages;
mod music;
mod on_media;
mod on_sip;
mod originate;
mod output;
mod passing;
mod reason;
mod referral;
mod reoffer;
mod replaces;
mod rooms;
mod routing;
#[cfg(test)]
mod stories;
mod switchboard;
#[cfg(test)]
mod testing;
mod transfer;
mod trunk;

pub use input::{CertificateFault, FlowFault, Hop, LocateFailure, Rules, SwitchboardInput};
pub use limits::Limits;
pub use originate::{Origination, OriginationId, OriginationNews, OriginationRefusal, Then};
pub use output::{Notice, SwitchboardOutput};
pub use switchboard::{Switchboard, SwitchboardCensus};
pub use trunk::TrunkHealth;
