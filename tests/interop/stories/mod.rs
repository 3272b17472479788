//! The stories, by what they are about.

mod answered_calls;
mod browser;
mod changed_calls;
mod each_wire;
mod encrypted_sound;
mod endurance;
mod foreign_phone;
mod hang_ups;
mod joined_calls;
mod kamailio_in_front;
mod killed_desk;
mod lights;
mod linphone;
mod measured;
mod negotiations;
mod newcomers;
mod proxied_calls;
mod referrals;
mod refusals;
mod reloads;
mod streams;
mod transfer_outcomes;
mod trunks;
mod two_way_sound;
mod wire_format;
mod written_messages;
