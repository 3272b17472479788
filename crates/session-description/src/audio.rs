//! One audio stream: what is in common, and where it can be reached.

use crate::formats::Common;
use crate::read::{Connection, Rtcp, Stream};
use crate::{LocalAudio, Refusal, direction, security};
use frontdesk_media_protocol::AgreedAudio;
use std::net::{IpAddr, SocketAddr};

/// Whether a profile carries plain RTP. `AVPF` is `AVP` with feedback that nobody has to give (RFC 4585 §5).
pub(crate) fn is_plain_rtp(protocol: &str) -> bool {
    ["RTP/AVP", "RTP/AVPF"].iter().any(|p| p.eq_ignore_ascii_case(protocol))
}

/// Whether a profile carries SRTP with keys that stand beside it (RFC 4568).
pub(crate) fn is_secure_rtp(protocol: &str) -> bool {
    ["RTP/SAVP", "RTP/SAVPF"].iter().any(|p| p.eq_ignore_ascii_case(protocol))
}

/// Whether a profile carries SRTP with keys that DTLS brings (RFC 5763).
fn is_dtls(protocol: &str) -> bool {
    ["UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF"].iter().any(|p| p.eq_ignore_ascii_case(protocol))
}

/// What this side and a stream of the other side have in common.
pub(crate) fn agree(local: &LocalAudio, stream: &Stream<'_>) -> Result<AgreedAudio, Refusal> {
    if !stream.media.eq_ignore_ascii_case("audio") || stream.port == 0 {
        return Err(Refusal::NoAudio);
    }
    if is_dtls(stream.protocol) {
        return Err(Refusal::Dtls);
    }
    if !is_plain_rtp(stream.protocol) && !is_secure_rtp(stream.protocol) {
        return Err(Refusal::OtherTransport);
    }
    let secure = security::agree(local.security.as_ref(), stream)?;
    let common = Common::of(local, stream).ok_or(Refusal::NoCommonCodec)?;
    let ip = address(local, stream)?;
    let remote = SocketAddr::new(ip, stream.port);
    Ok(AgreedAudio {
        remote,
        remote_rtcp: rtcp_address(local, remote, stream.rtcp),
        // A description does not know by which way it came.
        messages_from: None,
        codec: common.codec,
        payload_type: common.number,
        receive_payload_type: common.number,
        telephone_event: common.event.map(|(number, _)| number),
        receive_telephone_event: common.event.map(|(number, _)| number),
        telephone_event_hz: common.event.map_or(common.codec.clock_hz(), |(_, clock_hz)| clock_hz),
        packet_ms: common.packet_ms,
        opus: common.opus,
        comfort_noise: common.comfort_noise,
        rtcp_mux: false,
        secure,
        direction: direction::agree(local.direction, stream.direction, !ip.is_unspecified()),
    })
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
