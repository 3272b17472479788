//! What the stories are played with: the desk, the foreign programs, what went over the wire, what was kept.

pub mod baresip;
pub mod browser;
pub mod budget;
pub mod cable;
pub mod capture;
pub mod carrier;
pub mod certificates;
pub mod desk;
pub mod dissect;
pub mod flows;
pub mod kamailio;
pub mod linphone;
pub mod program;
pub mod records;
pub mod relay;
pub mod rtpengine;
pub mod sipp;
pub mod softphone;
pub mod speech;
pub mod tenants;
pub mod watch;
pub mod wire;
