//! Payload formats: which number means which codec, and what is in common.

use crate::read::{Connection, Rtcp, Stream, number};
use crate::{LocalAudio, Refusal, direction};
use frontdesk_media_protocol::{AgreedAudio, Codec};
use std::net::{IpAddr, SocketAddr};

/// The clock of every codec here, and of the telephone events beside them (RFC 4733 §2.1).
const CLOCK_HZ: u32 = 8_000;
/// The length of a packet when the other side says nothing (RFC 3551 §4.2).
const PACKET_MS: u16 = 20;
/// The shortest and the longest packet that a wish can lead to, in milliseconds.
const PACKET_MS_RANGE: (u16, u16) = (10, 200);

/// The payload type that RFC 3551 table 4 gives a codec for good, or that this side's own offers give it.
pub(crate) const fn static_payload_type(codec: Codec) -> u8 {
    match codec {
        Codec::Pcmu => 0,
        Codec::Pcma => 8,
        Codec::G722 => 9,
        // It has none: this is the number that most offers give it.
        Codec::Opus => 111,
    }
}

/// Whether a profile carries plain RTP. `AVPF` is `AVP` with feedback that nobody has to give (RFC 4585 §5).
pub(crate) fn is_plain_rtp(protocol: &str) -> bool {
    ["RTP/AVP", "RTP/AVPF"].iter().any(|p| p.eq_ignore_ascii_case(protocol))
}

fn is_secure_rtp(protocol: &str) -> bool {
    ["RTP/SAVP", "RTP/SAVPF", "UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF"]
        .iter()
        .any(|p| p.eq_ignore_ascii_case(protocol))
}

/// What this side and a stream of the other side have in common.
pub(crate) fn agree(local: &LocalAudio, stream: &Stream<'_>) -> Result<AgreedAudio, Refusal> {
    if !stream.media.eq_ignore_ascii_case("audio") || stream.port == 0 {
        return Err(Refusal::NoAudio);
    }
    if is_secure_rtp(stream.protocol) {
        return Err(Refusal::Secure);
    }
    if !is_plain_rtp(stream.protocol) {
        return Err(Refusal::OtherTransport);
    }
    let (payload_type, codec) = common_codec(local, stream).ok_or(Refusal::NoCommonCodec)?;
    let ip = address(local, stream)?;
    let remote = SocketAddr::new(ip, stream.port);
    Ok(AgreedAudio {
        remote,
        remote_rtcp: rtcp_address(local, remote, stream.rtcp),
        // A description does not know by which way it came.
        messages_from: None,
        codec,
        payload_type,
        receive_payload_type: payload_type,
        telephone_event: telephone_event(stream),
        receive_telephone_event: telephone_event(stream),
        packet_ms: packet_ms(stream),
        rtcp_mux: false,
        secure: None,
        direction: direction::agree(local.direction, stream.direction, !ip.is_unspecified()),
    })
}

/// The first format in the other side's order that this side speaks. (RFC 3264 §6.1 leaves the choice to the
/// answerer and recommends the offerer's order, so that both ways carry the same.)
fn common_codec(local: &LocalAudio, stream: &Stream<'_>) -> Option<(u8, Codec)> {
    payload_types(stream).find_map(|payload_type| {
        let codec = codec_of(stream, payload_type)?;
        local.codecs.contains(&codec).then_some((payload_type, codec))
    })
}

fn payload_types<'s>(stream: &'s Stream<'_>) -> impl Iterator<Item = u8> + use<'s> {
    stream.formats.iter().filter_map(|format| number(format)).filter(|payload_type| *payload_type <= 127)
}

/// What a payload type number means in this stream: by its `a=rtpmap`, or else by RFC 3551 table 4.
fn codec_of(stream: &Stream<'_>, payload_type: u8) -> Option<Codec> {
    let known = [Codec::Pcmu, Codec::Pcma];
    match stream.formats_named.get(&payload_type) {
        Some(named) => known.into_iter().find(|codec| {
            named.encoding.eq_ignore_ascii_case(codec.encoding_name())
                && named.clock_hz == CLOCK_HZ
                && named.channels == 1
        }),
        None => known.into_iter().find(|codec| static_payload_type(*codec) == payload_type),
    }
}

fn telephone_event(stream: &Stream<'_>) -> Option<u8> {
    payload_types(stream).find(|payload_type| {
        stream.formats_named.get(payload_type).is_some_and(|named| {
            named.encoding.eq_ignore_ascii_case("telephone-event") && named.clock_hz == CLOCK_HZ
        })
    })
}

/// The packet length that the other side wants, within its own limit (RFC 8866 §6.4) and within reason.
fn packet_ms(stream: &Stream<'_>) -> u8 {
    let (shortest, longest) = PACKET_MS_RANGE;
    let wanted = stream.packet_ms.filter(|ms| *ms != 0).unwrap_or(PACKET_MS);
    let limit = stream.packet_ms_max.filter(|ms| *ms != 0).unwrap_or(longest);
    u8::try_from(wanted.min(limit).clamp(shortest, longest)).unwrap_or(u8::MAX)
}

/// Where the stream can be reached. An unspecified address stands: it is a held stream (RFC 3264 §8.4).
fn address(local: &LocalAudio, stream: &Stream<'_>) -> Result<IpAddr, Refusal> {
    let ip = match stream.connection {
        Some(Connection::Address(ip)) => ip,
        Some(Connection::HostName) => return Err(Refusal::HostName),
        Some(Connection::Unknown) | None => return Err(Refusal::NoAddress),
    };
    let to_many = match ip {
        IpAddr::V4(v4) => v4.is_multicast() || v4.is_broadcast(),
        IpAddr::V6(v6) => v6.is_multicast(),
    };
    if to_many || is_own_machine(local, ip) {
        return Err(Refusal::NoAddress);
    }
    // `c=IN IP4 0.0.0.0` holds an IPv6 stream as well as `::` does.
    if !ip.is_unspecified() && ip.is_ipv4() != local.address.ip().to_canonical().is_ipv4() {
        return Err(Refusal::OtherIpVersion);
    }
    Ok(ip)
}

/// Whether an address is the loopback of this side's own machine, as seen by somebody who is not on it: a stranger
/// would have packets sent to services that listen there because nobody else can reach them.
fn is_own_machine(local: &LocalAudio, ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback() && !local.address.ip().to_canonical().is_loopback()
}

/// Where RTCP goes: as `a=rtcp` says (RFC 3605), else one port above RTP (RFC 3550 §11). An address there that
/// cannot be used makes the whole attribute void.
fn rtcp_address(local: &LocalAudio, remote: SocketAddr, rtcp: Option<Rtcp>) -> SocketAddr {
    // Above port 65535 there is none; RTCP then meets RTP, where it is told apart or dropped (RFC 5761 §4).
    let above = SocketAddr::new(remote.ip(), remote.port().saturating_add(1));
    match rtcp {
        None => above,
        Some(Rtcp { port, address: None }) => SocketAddr::new(remote.ip(), port),
        Some(Rtcp { port, address: Some(Connection::Address(ip)) })
            if ip.is_ipv4() == remote.is_ipv4()
                && !ip.is_multicast()
                && !ip.is_unspecified()
                && !is_own_machine(local, ip) =>
        {
            SocketAddr::new(ip, port)
        }
        Some(_) => above,
    }
}
