//! The desk among its neighbours: the real program, called and answered by programs that others wrote, over the
//! loopback. sipp calls, baresip is called, tshark reads what every desk says, sox reads the recordings.
//!
//! The way of a story: [`rig`] opens a desk with a folder, ports and flows of its own, a foreign program plays its
//! part (the scenarios are in `sipp/`), and what is judged is what a neighbour would see: the messages and the sound
//! on the wire, and the record that the desk keeps. Every wait has an end and says what was waited for.
//!
//! A program that is missing fails its stories, with the package to install. Capturing needs root or the capture
//! group, sipp's keys need root.

mod rig;
mod stories;

/// tshark reads what the desks of this suite say ([`rig::watch`]).
const WIRE_IS_JUDGED: bool = true;
