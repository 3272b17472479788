//! What the whole project must hold: its structure (`architecture.rs`), its scenarios (`scenarios/`), and its
//! neighbours (`interop/`, real programs on loopback).
