//! What the whole project must hold: its structure (`architecture.rs`), its scenarios (`scenarios/`, on the
//! [`simulator`]), and its neighbours (`interop/`, real programs on loopback).

#[path = "../simulator/mod.rs"]
pub mod simulator;
