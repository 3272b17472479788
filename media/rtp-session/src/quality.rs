//! How good the sound is, by what is known of its packets.
//!
//! [`e_model`] makes an opinion out of loss and delay; [`bursts`] tells burst from gap, as RFC 3611 wants it told;
//! [`watch`] puts both together for the two directions of a session, over some seconds and over its life.

pub mod bursts;
pub mod e_model;
pub mod watch;
