//! Stories of calls, told to a switchboard on the bench.

mod attended;
mod early;
mod referrals;
mod replacements;
