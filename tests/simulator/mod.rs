//! A node and everybody around it, in virtual time, from one `u64`.
//!
//! [`World`] holds the real [`Switchboard`](frontdesk_switchboard::Switchboard), with the real SIP stack, directory and
//! flows in it, and everything that it meets: a wire that delays, loses, doubles and reorders, with streams on it that break ([`Network`]); a sound
//! side that answers its orders as the media engine does and notes every order that breaks the rules ([`Sound`]);
//! robots that call and are called, speak and press keys by a script ([`Robot`]). There is one clock, which jumps from
//! one event to the next. Nothing sleeps, nothing has a socket.
//!
//! The way of a run: a test makes a [`World`] of a seed and a [`House`], adds robots, lets them call, lets time pass
//! with [`World::run`], and ends with [`World::settle`], which waits until nobody has anything to do, applies every
//! check of [`check`], and hands out the records. The seed is in every message of a failure.

pub mod apart;
mod asking;
pub mod chance;
pub mod check;
mod doing;
pub mod errand;
mod fate;
mod hearing;
pub mod house;
pub mod network;
mod port;
pub mod robot;
pub mod script;
pub mod sound;
pub mod world;

pub use chance::Chance;
pub use errand::Errand;
pub use house::House;
pub use network::{Network, WirePlan};
pub use robot::{Robot, RobotCall};
pub use script::{Act, Cue, Deed, Dialling, Offering, WhenCalled, WhenReferred, answered, asked, at};
pub use sound::{Ears, Sound, SoundPlan};
pub use world::{CallName, RobotId, World};
