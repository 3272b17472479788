//! Call flows: what a desk says, asks and does, as a TOML state chart that an office can read.
//!
//! A flow is a map of named steps. A step has one verb, `say`, `ask`, `branch`, `transfer` or `hang_up`, and each verb a
//! fixed list of exits, each of which names the step that follows. Reading a flow checks it whole: every exit
//! leads somewhere, every loop listens, every step is reached and every way can end; what is wrong is told
//! with file, line and what to do, all of it at once ([`Fault`]). A flow that was read is immutable and known
//! by the hash of its text, and a conversation finishes on the version on which it began.
//!
//! The way of one event: [`FlowRun::handle`] takes what happened ([`FlowEvent`]: the party spoke, pressed a
//! key, was heard) and the time; the state that waits for it ([`run`](FlowRun)) decides; words go through
//! `frontdesk-understanding`, which names an answer or none; the next step is entered; and what is wanted
//! ([`FlowAction`]: say, listen, transfer, end) is drained by [`FlowRun::poll`]. What falls due by itself,
//! a silent caller above all, is at [`FlowRun::deadline`]. Actions are intentions: a voice leg speaks and
//! listens where a chat writes and reads.
//!
//! ```
//! use frontdesk_call_flow::{Context, Flow, FlowAction, FlowEvent, FlowRun};
//! use frontdesk_identifiers::Moment;
//!
//! let flow = Flow::read_by_own_name("hello.toml", r#"
//!     format = 1
//!     flow = "hello"
//!     start = "goodbye"
//!     [words]
//!     company.name = "our company"
//!     [step.goodbye]
//!     hang_up = "Nobody is at {{company.name}} now."
//! "#).unwrap();
//! let mut run = FlowRun::new(flow, Context::new().with_word("company.name", "Acme"));
//! run.handle(FlowEvent::Began, Moment::ZERO);
//! let said = std::iter::from_fn(|| run.poll()).find_map(|action| match action {
//!     FlowAction::Say { text, .. } => Some(text),
//!     _ => None,
//! });
//! assert_eq!(said.as_deref(), Some("Nobody is at Acme now."));
//! ```
//!
//! Conversations written down test a flow: [`Talk`]. [`schema`] describes the file for editors, and
//! [`TEMPLATES`] are flows to start from.
//!
//! This crate never reads a file or a clock, never makes a sound and never waits. It does not know which
//! telephones exist: [`Flow::transfer_targets`] tells who does.

mod answer;
mod check;
mod context;
mod fault;
mod flow;
mod hash;
mod run;
mod schema;
mod source;
mod step;
mod talk;
mod templates;
mod text;
mod words;

pub use context::Context;
pub use fault::Fault;
pub use flow::{FORMAT, Flow, FlowTarget};
pub use hash::{FlowHash, NoHash};
pub use run::{FlowRun, MAX_SILENT_STEPS, MAX_STEPS, MAX_TYPED, RestoreError, SavedRun};
pub use schema::schema;
pub use talk::{Rehearsal, Talk};
pub use templates::{FlowTemplate, RECEPTION, TEMPLATES};
pub use words::{FlowAction, FlowEnd, FlowEvent, RoomName, SayId, Trace, TransferOutcome, TransferTarget};
