//! What sipp plays over UDP, TCP and TLS alike. Which scenario stands for which capability is listed in
//! `sipp/README.md`; [`table`] holds that list to what is here.

mod calls;
mod carriers;
mod registering;
mod table;
mod transferring;
mod trunks;
