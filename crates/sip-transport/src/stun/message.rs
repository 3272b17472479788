//! STUN messages (RFC 8489 §5, §14), as far as Binding needs them. Pure, and total: any bytes are read or refused.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// RFC 8489 §5.
const MAGIC_COOKIE: u32 = 0x2112_a442;
const HEADER_BYTES: usize = 20;
const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
const BINDING_ERROR: u16 = 0x0111;
const MAPPED_ADDRESS: u16 = 0x0001;
const ERROR_CODE: u16 = 0x0009;
const UNKNOWN_ATTRIBUTES: u16 = 0x000a;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const FINGERPRINT: u16 = 0x8028;
/// RFC 8489 §14.7.
const FINGERPRINT_XOR: u32 = 0x5354_554e;
/// Attributes of the comprehension-required range that a Binding may have and that change nothing here: MAPPED-ADDRESS,
/// USERNAME, MESSAGE-INTEGRITY, ERROR-CODE, UNKNOWN-ATTRIBUTES, REALM, NONCE, MESSAGE-INTEGRITY-SHA256,
/// PASSWORD-ALGORITHM, USERHASH, XOR-MAPPED-ADDRESS (RFC 8489 §18.3).
const KNOWN: [u16; 11] = [
    MAPPED_ADDRESS,
    0x0006,
    0x0008,
    ERROR_CODE,
    UNKNOWN_ATTRIBUTES,
    0x0014,
    0x0015,
    0x001c,
    0x001d,
    0x001e,
    XOR_MAPPED_ADDRESS,
];
/// How many unknown attributes are told; the others need not be known once these are refused.
const UNKNOWN_MAX: usize = 8;

/// What an answer has in common with its request.
pub type TransactionId = [u8; 12];

/// A STUN message of the Binding method.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StunMessage {
    /// What is my address?
    Request {
        /// To be repeated in the answer.
        transaction: TransactionId,
        /// Attributes that must be understood and are not; then the answer is 420 (RFC 8489 §6.3.1).
        unknown: Vec<u16>,
        /// Whether it has a FINGERPRINT, and so the answer should have one.
        fingerprint: bool,
    },
    /// This is your address.
    Success {
        /// Whose answer it is.
        transaction: TransactionId,
        /// The address, if it tells one that can be read.
        mapped: Option<SocketAddr>,
    },
    /// You are not told.
    Error {
        /// Whose answer it is.
        transaction: TransactionId,
        /// 300 to 699; 0 if it says none.
        code: u16,
    },
}

/// Why bytes are no STUN message of the Binding method. The sender's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotStun {
    /// The header is not that of STUN, or not of this method.
    #[error("no Binding of STUN")]
    NoBinding,
    /// The lengths do not fit.
    #[error("a STUN message whose lengths do not fit")]
    Lengths,
    /// The FINGERPRINT does not fit: it is STUN by chance only, or damaged.
    #[error("a STUN message whose fingerprint does not fit")]
    Fingerprint,
}

impl StunMessage {
    /// Reads a datagram.
    ///
    /// # Errors
    /// See [`NotStun`].
    pub fn read(datagram: &[u8]) -> Result<StunMessage, NotStun> {
        let (header, body) = datagram.split_at_checked(HEADER_BYTES).ok_or(NotStun::NoBinding)?;
        let (kind, length, cookie) = (u16_at(header, 0), u16_at(header, 2), u32_at(header, 4));
        if cookie != Some(MAGIC_COOKIE) {
            return Err(NotStun::NoBinding);
        }
        let transaction: TransactionId =
            header.get(8..).and_then(|id| id.try_into().ok()).ok_or(NotStun::NoBinding)?;
        if length.map(usize::from) != Some(body.len()) || body.len() % 4 != 0 {
            return Err(NotStun::Lengths);
        }
        let attributes = Attributes::read(datagram, body, &transaction)?;
        match kind {
            Some(BINDING_REQUEST) => Ok(StunMessage::Request {
                transaction,
                unknown: attributes.unknown,
                fingerprint: attributes.fingerprint,
            }),
            Some(BINDING_SUCCESS) => {
                Ok(StunMessage::Success { transaction, mapped: attributes.xor_mapped.or(attributes.mapped) })
            }
            Some(BINDING_ERROR) => Ok(StunMessage::Error { transaction, code: attributes.code }),
            _ => Err(NotStun::NoBinding),
        }
    }

    /// Writes a request without attributes.
    pub fn request(transaction: &TransactionId) -> Vec<u8> {
        written(BINDING_REQUEST, transaction, &[], false)
    }

    /// Writes the answer to a request from this address.
    pub fn success(transaction: &TransactionId, from: SocketAddr, fingerprint: bool) -> Vec<u8> {
        let port = from.port() ^ (MAGIC_COOKIE >> 16) as u16;
        let mut value = match from.ip() {
            IpAddr::V4(_) => vec![0, 1],
            IpAddr::V6(_) => vec![0, 2],
        };
        value.extend_from_slice(&port.to_be_bytes());
        match xored(from.ip(), transaction) {
            IpAddr::V4(v4) => value.extend_from_slice(&v4.octets()),
            IpAddr::V6(v6) => value.extend_from_slice(&v6.octets()),
        }
        written(BINDING_SUCCESS, transaction, &[(XOR_MAPPED_ADDRESS, value)], fingerprint)
    }

    /// Writes the answer to a request with attributes that are not understood: 420 (RFC 8489 §6.3.1).
    pub fn not_understood(transaction: &TransactionId, unknown: &[u16], fingerprint: bool) -> Vec<u8> {
        let mut code = vec![0, 0, 4, 20];
        code.extend_from_slice(b"Unknown Attribute");
        let unknown = unknown.iter().take(UNKNOWN_MAX).flat_map(|kind| kind.to_be_bytes()).collect();
        written(BINDING_ERROR, transaction, &[(ERROR_CODE, code), (UNKNOWN_ATTRIBUTES, unknown)], fingerprint)
    }
}

#[derive(Default)]
struct Attributes {
    xor_mapped: Option<SocketAddr>,
    mapped: Option<SocketAddr>,
    code: u16,
    unknown: Vec<u16>,
    fingerprint: bool,
}

impl Attributes {
    fn read(datagram: &[u8], body: &[u8], transaction: &TransactionId) -> Result<Self, NotStun> {
        let mut attributes = Attributes::default();
        let mut rest = body;
        while !rest.is_empty() {
            let at = datagram.len() - rest.len();
            let (kind, length) = (u16_at(rest, 0), u16_at(rest, 2));
            let (Some(kind), Some(length)) = (kind, length.map(usize::from)) else {
                return Err(NotStun::Lengths);
            };
            let value = rest.get(4..4 + length).ok_or(NotStun::Lengths)?;
            rest = rest.get(4 + length.next_multiple_of(4)..).ok_or(NotStun::Lengths)?;
            match kind {
                XOR_MAPPED_ADDRESS => attributes.xor_mapped = xor_mapped(value, transaction),
                MAPPED_ADDRESS => attributes.mapped = address(value),
                ERROR_CODE => {
                    let class = value.get(2).map_or(0, |class| u16::from(class & 7));
                    attributes.code = 100 * class + value.get(3).copied().map_or(0, u16::from);
                }
                FINGERPRINT => {
                    let covered = datagram.get(..at).unwrap_or_default();
                    // RFC 8489 §14.7: it is the last attribute.
                    if !rest.is_empty() || u32_at(value, 0) != Some(crc32(covered) ^ FINGERPRINT_XOR) {
                        return Err(NotStun::Fingerprint);
                    }
                    attributes.fingerprint = true;
                }
                // RFC 8489 §14: below 0x8000 an attribute must be understood.
                kind if kind < 0x8000 && !KNOWN.contains(&kind) && attributes.unknown.len() < UNKNOWN_MAX => {
                    attributes.unknown.push(kind);
                }
                _ => {}
            }
        }
        Ok(attributes)
    }
}

fn xor_mapped(value: &[u8], transaction: &TransactionId) -> Option<SocketAddr> {
    let plain = address(value)?;
    let port = plain.port() ^ (MAGIC_COOKIE >> 16) as u16;
    Some(SocketAddr::new(xored(plain.ip(), transaction), port))
}

/// RFC 8489 §14.1.
fn address(value: &[u8]) -> Option<SocketAddr> {
    let (family, port, octets) = (*value.get(1)?, u16_at(value, 2)?, value.get(4..)?);
    let ip: IpAddr = match family {
        1 => Ipv4Addr::from(<[u8; 4]>::try_from(octets).ok()?).into(),
        2 => Ipv6Addr::from(<[u8; 16]>::try_from(octets).ok()?).into(),
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

/// RFC 8489 §14.2: an address over which routers that rewrite addresses do not stumble, and back.
fn xored(ip: IpAddr, transaction: &TransactionId) -> IpAddr {
    match ip {
        IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() ^ MAGIC_COOKIE).into(),
        IpAddr::V6(v6) => {
            let mut mask = [0; 16];
            let bytes = MAGIC_COOKIE.to_be_bytes().into_iter().chain(*transaction);
            mask.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
            Ipv6Addr::from_bits(v6.to_bits() ^ u128::from_be_bytes(mask)).into()
        }
    }
}

fn written(
    kind: u16,
    transaction: &TransactionId,
    attributes: &[(u16, Vec<u8>)],
    fingerprint: bool,
) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(80);
    bytes.extend_from_slice(&kind.to_be_bytes());
    bytes.extend_from_slice(&[0, 0]);
    bytes.extend_from_slice(&MAGIC_COOKIE.to_be_bytes());
    bytes.extend_from_slice(transaction);
    for (kind, value) in attributes {
        bytes.extend_from_slice(&kind.to_be_bytes());
        bytes.extend_from_slice(&(value.len() as u16).to_be_bytes());
        bytes.extend_from_slice(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    // The length counts the fingerprint before it is there (RFC 8489 §14.7).
    let length = bytes.len() - HEADER_BYTES + if fingerprint { 8 } else { 0 };
    bytes.iter_mut().skip(2).zip((length as u16).to_be_bytes()).for_each(|(place, byte)| *place = byte);
    if fingerprint {
        let sum = crc32(&bytes) ^ FINGERPRINT_XOR;
        bytes.extend_from_slice(&FINGERPRINT.to_be_bytes());
        bytes.extend_from_slice(&[0, 4]);
        bytes.extend_from_slice(&sum.to_be_bytes());
    }
    bytes
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// The CRC-32 of ITU V.42, bit by bit: STUN messages are short and few.
fn crc32(bytes: &[u8]) -> u32 {
    let sum = bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg()))
    });
    !sum
}

#[cfg(test)]
mod tests;
