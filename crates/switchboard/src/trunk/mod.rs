//! Trunks: the carriers and PBXs over which calls leave and enter the house.
//!
//! A [`Line`](line::Line) is one trunk. It knows where the trunk is ([`Whereabouts`](whereabouts::Whereabouts)), whether
//! it is registered there ([`Registration`](registration::Registration)), whether it is alive ([`Pulse`](pulse::Pulse)),
//! whether it fails calls ([`Breaker`](breaker::Breaker)) and how much goes over it ([`Meter`](meter::Meter)).
//! [`Trunks`] is all of them, and says in which order a call tries their ways.

mod breaker;
mod choice;
pub(crate) mod failover;
mod health;
pub(crate) mod line;
mod meter;
mod pulse;
mod registration;
mod trunks;
mod way;
mod whereabouts;

pub use health::TrunkHealth;
pub(crate) use trunks::{Trunks, is_of_the_way};
pub(crate) use way::{OverTrunk, contacts, target};
