//! Stories of whole calls on a simulated node: see [`frontdesk_tests::simulator`].

mod any_moment;
mod beside_calls;
mod carriers;
mod checkers;
mod choosing;
mod descriptions;
mod determinism;
mod ends;
mod keys_by_info;
mod limits;
mod mixtures;
mod phone_to_phone;
mod put_through;
mod recording;
mod reload;
mod reoffers;
mod several_places;
mod sound_fails;
mod streams;
mod transfers;
mod trunks;
mod two_calls;
mod who_may_call;
mod wild;
