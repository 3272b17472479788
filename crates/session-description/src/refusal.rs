//! Why a description cannot be served.

/// Why no audio can flow by this description. The other side's description is at fault, or the two sides have
/// nothing in common; trying the same again leads to the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It breaks the grammar where it matters.
    #[error("the other side's SDP cannot be read: line {line}: {why}")]
    Unreadable {
        /// The line, counted from 1; empty lines count not.
        line: usize,
        /// What is wrong with it, as a phrase.
        why: &'static str,
    },
    /// More than [`DESCRIPTION_BYTES_MAX`](crate::DESCRIPTION_BYTES_MAX).
    #[error("the other side's SDP is larger than {} bytes", crate::DESCRIPTION_BYTES_MAX)]
    TooLarge,
    /// More than [`STREAMS_MAX`](crate::STREAMS_MAX).
    #[error("the other side's SDP has more than {} streams", crate::STREAMS_MAX)]
    TooManyStreams,
    /// There is no audio stream, or every one has port 0.
    #[error("the other side's SDP has no audio stream that is in use")]
    NoAudio,
    /// The audio stream uses another transport than RTP over UDP.
    #[error("the other side wants audio over a transport that is not RTP/AVP")]
    OtherTransport,
    /// The audio stream is there only as SRTP, which this side does not speak here (RFC 3711, 4568).
    #[error("the other side wants encrypted audio only (SRTP), which is off here")]
    Secure,
    /// The audio stream is there only as SRTP with keys by DTLS, which this side does not speak (RFC 5763).
    #[error("the other side wants keys by DTLS; allow SDES (a=crypto) there")]
    Dtls,
    /// The audio stream is encrypted with nothing that this side speaks, or with parameters that it does not take.
    #[error("the other side's a=crypto has no suite and parameters that are spoken here")]
    NoCommonSuite,
    /// The audio stream is plain, and this side must have it encrypted.
    #[error("audio must be encrypted here (SRTP); offer RTP/SAVP with a=crypto")]
    Plain,
    /// No payload format that both sides speak.
    #[error("the other side speaks none of our audio codecs; allow PCMU or PCMA (G.711) there")]
    NoCommonCodec,
    /// There is no `c=` line for the stream, or none that can be sent to.
    #[error("the other side's SDP says no address that audio can be sent to")]
    NoAddress,
    /// The `c=` line has a host name.
    #[error("the other side's SDP gives a host name instead of an address; set an IP address there")]
    HostName,
    /// An IPv4 address towards an IPv6 socket, or the other way round.
    #[error("the other side's audio address is of another IP version than ours")]
    OtherIpVersion,
}

impl Refusal {
    /// The `Warning` that goes with the refusal (RFC 3261 §20.43): what is wrong, for whoever looks at the other side.
    pub fn warning(&self) -> String {
        let code = match self {
            Refusal::OtherTransport | Refusal::Secure | Refusal::Dtls | Refusal::Plain => 302,
            Refusal::NoCommonCodec | Refusal::NoCommonSuite => 305,
            Refusal::HostName | Refusal::NoAddress | Refusal::OtherIpVersion => 300,
            _ => 399,
        };
        // None of the texts has a quotation mark or a backslash in it.
        format!("{code} frontdesk \"{self}\"")
    }

    /// The status with which an INVITE that brought such an offer is refused (RFC 3261 §13.3.1.3, §21.4).
    pub const fn sip_status(self) -> u16 {
        match self {
            Refusal::Unreadable { .. } => 400,
            Refusal::TooLarge => 413,
            _ => 488,
        }
    }
}
