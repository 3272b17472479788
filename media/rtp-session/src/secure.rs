//! Encrypted streams: SRTP and SRTCP (RFC 3711, RFC 7714) with the keys that offer and answer agreed on (RFC 4568).
//!
//! The way of a packet in: [`Opening`] guesses its index from the sequence number, asks the replay window, checks the
//! tag, and only then decrypts and remembers it: a packet that does not authenticate changes nothing. The way out:
//! [`Sealing`] encrypts in place and appends the tag. Both hold their key schedules, which [`Security::new`] computes;
//! that costs microseconds and belongs to the control side.
//!
//! [`Guard`] is what a session holds: the keys of now and, for [`KEY_OVERLAP`], those of before.
//!
//! # Choices
//!
//! * New keys begin with rollover counter 0, as a new cryptographic context of RFC 4568 does. RFC 3711 §3.3.1 instead
//!   keeps the counter through a change of keys, and some peers do: a stream that was known under the old keys is tried
//!   with its old counter, too.
//! * The same keys once more are the same context: an index is never used twice under one key. [`Sealing`] refuses to.
//! * No MKI is sent, and no stream with one is agreed on. The key derivation rate is 0.
//! * GCM is *ring*'s, AES in counter mode, HMAC and the key derivation are RustCrypto's: both find the machine's
//!   instructions at run time.

mod cipher;
mod derive;
mod guard;
mod opening;
mod sealing;
mod window;

pub(crate) use guard::Guard;
pub use guard::KEY_OVERLAP;
pub use opening::{Opening, Room};
pub use sealing::Sealing;

use frontdesk_media_protocol::SrtpKeys;

/// What encryption may add to an RTP packet: the tag of GCM.
pub const ADDED_TO_RTP: usize = 16;
/// What it may add to an RTCP packet: the tag of GCM, and the index (RFC 3711 §3.4).
pub const ADDED_TO_RTCP: usize = 20;
/// The longest datagram that is decrypted; what a network of 1,500 bytes carries.
pub const DATAGRAM_BYTES: usize = 1_536;

/// Why a packet was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecureFault {
    /// Shorter than header and tag, or longer than [`DATAGRAM_BYTES`], or not of version 2.
    #[error("no SRTP packet")]
    Malformed,
    /// It came before, or is older than the replay window.
    #[error("an SRTP packet that came before")]
    Replayed,
    /// The tag is wrong: other keys, no encryption at all, or a forgery.
    #[error("an SRTP packet that does not authenticate")]
    NotAuthentic,
}

/// Both directions of one stream, with their key schedules: a few kilobytes, to be boxed.
pub struct Security {
    keys: SrtpKeys,
    sealing: Sealing,
    opening: Opening,
}

impl Security {
    /// Derives the session keys. This costs microseconds: not on the tick.
    pub fn new(keys: &SrtpKeys) -> Self {
        Security {
            keys: *keys,
            sealing: Sealing::new(keys.suite, &keys.send),
            opening: Opening::new(keys.suite, &keys.receive),
        }
    }

    /// The keys.
    pub fn keys(&self) -> &SrtpKeys {
        &self.keys
    }
}

impl std::fmt::Debug for Security {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Security").field("suite", &self.keys.suite).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
