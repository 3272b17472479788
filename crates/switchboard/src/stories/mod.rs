//! Stories of calls, told to a switchboard on the bench.

mod attended;
mod codecs;
mod doctor;
mod early;
mod encryption;
mod lights;
mod messages;
mod music;
mod originations;
mod passings;
mod referrals;
mod reoffers;
mod replacements;
mod rooms;
