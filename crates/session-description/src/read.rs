//! The grammar (RFC 8866 §5, §9), as far as one audio stream needs it.
//!
//! Only `v=`, `m=` and the lines that this side acts on are looked into, and of those only `v=` and `m=` can
//! make a description unreadable.

use crate::security::CRYPTO_LINES_MAX;
use crate::{DESCRIPTION_BYTES_MAX, FORMATS_MAX, Refusal, STREAMS_MAX, direction};
use arrayvec::ArrayVec;
use frontdesk_media_protocol::Direction;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// The longest `a=mid` that is repeated in an answer, in bytes; a longer one is passed over.
const MID_BYTES_MAX: usize = 64;

/// A session description, in words borrowed from its text.
#[derive(Debug, Default)]
pub(crate) struct Description<'a> {
    /// Start and stop of `t=`, if they are numbers.
    pub(crate) time: Option<(&'a str, &'a str)>,
    /// The streams in order.
    pub(crate) streams: Vec<Stream<'a>>,
}

/// One `m=` line and what follows it; what stood above the first `m=` line is filled in already.
#[derive(Debug)]
pub(crate) struct Stream<'a> {
    pub(crate) media: &'a str,
    pub(crate) port: u16,
    pub(crate) protocol: &'a str,
    /// At least one, at most [`FORMATS_MAX`].
    pub(crate) formats: Vec<&'a str>,
    pub(crate) connection: Option<Connection>,
    pub(crate) direction: Direction,
    pub(crate) formats_named: BTreeMap<u8, NamedFormat<'a>>,
    /// What `a=fmtp` says of a format.
    pub(crate) parameters: BTreeMap<u8, &'a str>,
    pub(crate) packet_ms: Option<u16>,
    pub(crate) packet_ms_max: Option<u16>,
    pub(crate) rtcp: Option<Rtcp>,
    pub(crate) mid: Option<&'a str>,
    /// What stands behind `a=crypto:`, in order.
    pub(crate) crypto: ArrayVec<&'a str, CRYPTO_LINES_MAX>,
}

/// What a `c=` line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Connection {
    /// An address; it may be unspecified, which is hold, or a group, which is refused.
    Address(IpAddr),
    /// A host name.
    HostName,
    /// Not an Internet address at all.
    Unknown,
}

/// What an `a=rtpmap` line says (RFC 8866 §6.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NamedFormat<'a> {
    pub(crate) encoding: &'a str,
    pub(crate) clock_hz: u32,
    pub(crate) channels: u8,
}

/// What an `a=rtcp` line says (RFC 3605 §2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rtcp {
    pub(crate) port: u16,
    /// None: the address of the stream.
    pub(crate) address: Option<Connection>,
}

/// What stands above the first `m=` line and holds for every stream that does not say otherwise.
#[derive(Debug, Default)]
struct SessionLevel {
    connection: Option<Connection>,
    direction: Option<Direction>,
}

/// The text of a description. Bytes that are no UTF-8 stand in names only, and are replaced.
pub(crate) fn text(bytes: &[u8]) -> Result<std::borrow::Cow<'_, str>, Refusal> {
    if bytes.len() > DESCRIPTION_BYTES_MAX {
        return Err(Refusal::TooLarge);
    }
    Ok(String::from_utf8_lossy(bytes))
}

/// Reads a description. Lines end with CRLF, LF or CR (RFC 8866 §5 asks readers to be lenient).
pub(crate) fn read(text: &str) -> Result<Description<'_>, Refusal> {
    if text.trim().is_empty() {
        return Err(Refusal::Unreadable { line: 1, why: "it is empty" });
    }
    let mut description = Description::default();
    let mut session = SessionLevel::default();
    let lines = text.split(['\r', '\n']).map(str::trim_end).filter(|line| !line.is_empty());
    for (index, line) in lines.enumerate() {
        let unreadable = |why| Refusal::Unreadable { line: index + 1, why };
        if index == 0 {
            // Whatever begins otherwise is no SDP at all; from here on much is forgiven.
            if line.trim_start() != "v=0" {
                return Err(unreadable("it must begin with v=0"));
            }
            continue;
        }
        let Some((letter, value)) = line.split_once('=') else { continue };
        match (letter, description.streams.last_mut()) {
            ("m", _) => {
                if description.streams.len() == STREAMS_MAX {
                    return Err(Refusal::TooManyStreams);
                }
                description.streams.push(stream(value, &session).map_err(unreadable)?);
            }
            ("c", Some(stream)) => stream.connection = Some(connection(value)),
            ("c", None) => session.connection = Some(connection(value)),
            ("t", _) => description.time = description.time.or_else(|| time(value)),
            ("a", Some(stream)) => stream_attribute(stream, value),
            ("a", None) => session.direction = direction::by_name(value).or(session.direction),
            _ => {}
        }
    }
    Ok(description)
}

/// `m=<media> <port>[/<number>] <proto> <fmt> …` (RFC 8866 §5.14).
fn stream<'a>(value: &'a str, session: &SessionLevel) -> Result<Stream<'a>, &'static str> {
    // The line is repeated in an answer, so nothing may hide in it.
    if !value.bytes().all(|b| b.is_ascii_graphic() || b == b' ' || b == b'\t') {
        return Err("m= may only hold printable ASCII");
    }
    let mut words = value.split_ascii_whitespace();
    let media = words.next().ok_or("m= has no media type")?;
    let port = words.next().ok_or("m= has no port")?;
    let port = port.split_once('/').map_or(port, |(first, _)| first);
    let port = number(port).ok_or("the port of m= is no number from 0 to 65535")?;
    let protocol = words.next().ok_or("m= has no transport")?;
    let formats: Vec<&str> = words.take(FORMATS_MAX).collect();
    if formats.is_empty() {
        return Err("m= has no format");
    }
    Ok(Stream {
        media,
        port,
        protocol,
        formats,
        connection: session.connection,
        direction: session.direction.unwrap_or_default(),
        formats_named: BTreeMap::new(),
        parameters: BTreeMap::new(),
        packet_ms: None,
        packet_ms_max: None,
        rtcp: None,
        mid: None,
        crypto: ArrayVec::new(),
    })
}

/// `c=IN IP4 <address>[/<ttl>[/<number>]]` (RFC 8866 §5.7).
fn connection(value: &str) -> Connection {
    let mut words = value.split_ascii_whitespace();
    let (net, version, address) = (words.next(), words.next(), words.next());
    let (Some(net), Some(version), Some(address)) = (net, version, address) else {
        return Connection::Unknown;
    };
    if !net.eq_ignore_ascii_case("IN") || !["IP4", "IP6"].iter().any(|v| v.eq_ignore_ascii_case(version)) {
        return Connection::Unknown;
    }
    let address = address.split_once('/').map_or(address, |(first, _)| first);
    // Some telephones say IP4 before an IPv6 address; the address itself cannot be mistaken.
    match address.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        Ok(ip) => Connection::Address(ip.to_canonical()),
        Err(_) => Connection::HostName,
    }
}

/// `t=<start> <stop>` (RFC 8866 §5.9).
fn time(value: &str) -> Option<(&str, &str)> {
    let digits = |word: &str| (1..=20).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_digit());
    let mut words = value.split_ascii_whitespace();
    let (start, stop) = (words.next()?, words.next()?);
    (digits(start) && digits(stop)).then_some((start, stop))
}

fn stream_attribute<'a>(stream: &mut Stream<'a>, value: &'a str) {
    let (name, rest) = value.split_once(':').map_or((value, ""), |(name, rest)| (name, rest.trim()));
    match name {
        "rtpmap" => {
            if let Some((payload_type, format)) = named_format(rest) {
                stream.formats_named.insert(payload_type, format);
            }
        }
        "fmtp" => {
            let parameters = rest.split_once([' ', '\t']);
            if let Some((format, parameters)) = parameters
                && let Some(payload_type) = number(format).filter(|n| *n <= 127)
            {
                stream.parameters.insert(payload_type, parameters);
            }
        }
        "ptime" => stream.packet_ms = milliseconds(rest).or(stream.packet_ms),
        "maxptime" => stream.packet_ms_max = milliseconds(rest).or(stream.packet_ms_max),
        "rtcp" => stream.rtcp = rtcp(rest).or(stream.rtcp),
        // What is beyond the bound is passed over: nobody has as many suites.
        "crypto" => drop(stream.crypto.try_push(rest)),
        "mid" => {
            let token =
                (1..=MID_BYTES_MAX).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_graphic());
            stream.mid = token.then_some(rest).or(stream.mid);
        }
        _ => stream.direction = direction::by_name(name).unwrap_or(stream.direction),
    }
}

/// `<payload type> <encoding>/<clock rate>[/<channels>]`.
fn named_format(value: &str) -> Option<(u8, NamedFormat<'_>)> {
    let (payload_type, format) = value.split_once([' ', '\t'])?;
    let payload_type = number(payload_type).filter(|n| *n <= 127)?;
    let mut parts = format.trim().split('/');
    let encoding = parts.next().filter(|name| !name.is_empty())?;
    let clock_hz = number(parts.next()?.trim())?;
    let channels = parts.next().map_or(Some(1), |n| number(n.trim()))?;
    Some((payload_type, NamedFormat { encoding, clock_hz, channels }))
}

/// `<port>[ IN IP4 <address>]`.
fn rtcp(value: &str) -> Option<Rtcp> {
    let (port, address) = match value.split_once([' ', '\t']) {
        Some((port, address)) => (port, Some(connection(address))),
        None => (value, None),
    };
    let port = number(port).filter(|port| *port != 0)?;
    Some(Rtcp { port, address })
}

/// Whole milliseconds; RFC 8866 §6.4 lets a fraction follow, which is dropped.
fn milliseconds(value: &str) -> Option<u16> {
    number(value.split_once('.').map_or(value, |(whole, _)| whole))
}

/// A number in digits alone: no sign, which `parse` would take.
pub(crate) fn number<N: std::str::FromStr>(text: &str) -> Option<N> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}
