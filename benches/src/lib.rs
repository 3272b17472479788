//! What the benchmarks share: how figures are made, what is promised of them, and what others were measured to need.
//!
//! The way of a figure: a bench measures the same thing several times, [`statistics`] makes medians and quantiles of
//! it, [`table`] prints it beside what `budget.toml` ([`budget`]) promises and records of others, and [`machine`] says
//! how busy the machine was meanwhile, without which no figure can be judged.
//!
//! Calls are decided without sockets by [`whole_call`], which keeps what the switchboard was told as a [`tape`] to play again.
//! Whole desks are measured as [`open_desk`] starts them, and [`registering`] is how a telephone comes to one.
//!
//! Times are measured and printed, never asserted: a busy machine must not fail a test. Counts (allocations) are
//! asserted, in `tests/counts.rs` and `tests/whole_call.rs`, which also compares two times of the same thread.

pub mod budget;
pub mod counting;
pub mod datagrams;
pub mod invite;
pub mod machine;
pub mod open_desk;
pub mod registering;
pub mod statistics;
pub mod table;
pub mod tape;
pub mod whole_call;
