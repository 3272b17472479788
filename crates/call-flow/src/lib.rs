//! (being written)
mod answer;
mod check;
mod context;
mod fault;
mod flow;
mod hash;
mod run;
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
pub use talk::{Rehearsal, Talk};
pub use templates::{FlowTemplate, RECEPTION, TEMPLATES};
pub use words::{FlowAction, FlowEnd, FlowEvent, SayId, Trace, TransferOutcome, TransferTarget};
