//! Stories of whole calls on a simulated node: see [`frontdesk_tests::simulator`].

mod choosing;
