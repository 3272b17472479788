//! Descriptions as text (RFC 8866 §5).

use crate::LocalAudio;
use crate::audio::static_payload_type;
use crate::direction;
use crate::read::Stream;
use frontdesk_media_protocol::{AgreedAudio, Codec};
use std::fmt::Write;
use std::net::IpAddr;

/// The payload type that this side's own offers give to telephone events (RFC 4733), as nearly everybody does.
pub(crate) const TELEPHONE_EVENT_PAYLOAD_TYPE: u8 = 101;
/// The packet length that this side likes to receive, in milliseconds.
const PACKET_MS: u8 = 20;

/// A description as it grows. Writing into a `String` cannot fail, so the results of `writeln!` are let go.
pub(crate) struct Writer {
    text: String,
}

impl Writer {
    /// `v=` to `t=`. `time` is repeated from the offer (RFC 3264 §6).
    pub(crate) fn new(local: &LocalAudio, time: Option<(&str, &str)>) -> Self {
        let address = connection(local.address.ip());
        let (id, version) = (local.session_id, local.session_version);
        let (start, stop) = time.unwrap_or(("0", "0"));
        let mut writer = Writer { text: String::with_capacity(512) };
        writer.line(format_args!("v=0"));
        writer.line(format_args!("o=- {id} {version} {address}"));
        writer.line(format_args!("s=-"));
        writer.line(format_args!("c={address}"));
        writer.line(format_args!("t={start} {stop}"));
        writer
    }

    /// This side's audio stream in an offer.
    pub(crate) fn offered(&mut self, local: &LocalAudio) {
        let formats: Vec<(u8, Codec)> =
            local.codecs.iter().map(|codec| (static_payload_type(*codec), *codec)).collect();
        self.stream("RTP/AVP", local, &formats, Some(TELEPHONE_EVENT_PAYLOAD_TYPE));
        self.line(format_args!("a={}", direction::name(local.direction)));
    }

    /// This side's audio stream in an answer: one codec, so that both ways and both sides mean the same.
    /// What was agreed is never more than the offer allows, so it is what the answer says (RFC 3264 §6.1).
    pub(crate) fn accepted(&mut self, local: &LocalAudio, stream: &Stream<'_>, audio: &AgreedAudio) {
        self.stream(stream.protocol, local, &[(audio.payload_type, audio.codec)], audio.telephone_event);
        self.line(format_args!("a={}", direction::name(audio.direction)));
        if let Some(mid) = stream.mid {
            self.line(format_args!("a=mid:{mid}"));
        }
    }

    /// A stream that this side does not want: port 0, the formats repeated (RFC 3264 §6).
    pub(crate) fn refused(&mut self, stream: &Stream<'_>) {
        let formats = stream.formats.join(" ");
        self.line(format_args!("m={} 0 {} {formats}", stream.media, stream.protocol));
    }

    /// The bytes.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.text.into_bytes()
    }

    fn stream(&mut self, protocol: &str, local: &LocalAudio, formats: &[(u8, Codec)], events: Option<u8>) {
        let _ = write!(self.text, "m=audio {} {protocol}", local.address.port());
        for payload_type in formats.iter().map(|(payload_type, _)| *payload_type).chain(events) {
            let _ = write!(self.text, " {payload_type}");
        }
        self.text.push_str("\r\n");
        for (payload_type, codec) in formats {
            self.line(format_args!("a=rtpmap:{payload_type} {}/8000", codec.encoding_name()));
        }
        if let Some(events) = events {
            self.line(format_args!("a=rtpmap:{events} telephone-event/8000"));
            self.line(format_args!("a=fmtp:{events} 0-15"));
        }
        self.line(format_args!("a=ptime:{PACKET_MS}"));
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        let _ = write!(self.text, "{line}\r\n");
    }
}

fn connection(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => format!("IN IP4 {ip}"),
        IpAddr::V6(ip) => format!("IN IP6 {ip}"),
    }
}
