//! The desk as a program: settings, wiring, supervision, commands.
//!
//! The way of an input: a driver (`frontdesk-sip-transport`, the ears, the voices, the media engine) puts it into the
//! [`mailbox`] or rings its bell; the switchboard's thread ([`wiring`]) takes it out, tells the switchboard, and
//! carries out what the switchboard says. [`node`] starts and stops all of it; [`commands`] is the command line.
//!
//! Nothing here decides about a call.

pub mod accounts;
pub mod bench;
pub mod commands;
pub mod console;
pub mod demo;
pub mod doctor;
pub mod flows;
pub mod locating;
pub mod mailbox;
mod music;
pub mod node;
pub mod notice_limit;
pub mod outside;
pub mod settings;
pub mod signals;
pub mod signed_callers;
pub mod sockets;
pub mod softphone;
pub mod sound;
pub mod wiring;
