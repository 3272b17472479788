//! Descriptions as text (RFC 8866 §5).

use crate::LocalAudio;
use crate::direction;
use crate::formats::{COMFORT_NOISE, PACKET_MS_MAX};
use crate::read::Stream;
use crate::security::{self, LocalSecurity};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use frontdesk_media_protocol::{AgreedAudio, Codec, SrtpKey, SrtpSuite};
use std::fmt::Write;
use std::net::IpAddr;

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
        let numbers = local.formats.numbers;
        let codecs: Vec<(u8, Codec)> =
            local.codecs.iter().map(|codec| (numbers.of(*codec), *codec)).collect();
        let mut events: Vec<(u8, u32)> = Vec::new();
        for clock_hz in local.codecs.iter().map(|codec| codec.clock_hz()) {
            let event = (numbers.event_of(clock_hz), clock_hz);
            if !events.contains(&event) {
                events.push(event);
            }
        }
        let speaks_g711 = local.codecs.iter().any(|codec| matches!(codec, Codec::Pcmu | Codec::Pcma));
        let comfort_noise = local.formats.pauses && speaks_g711;
        let security = local.security.as_ref();
        let profile = security.map_or("RTP/AVP", LocalSecurity::profile);
        self.stream(profile, local, &Offered { codecs: &codecs, events: &events, comfort_noise });
        self.line(format_args!("a={}", direction::name(local.direction)));
        for (tag, suite) in (1..).zip(security::SUITES).filter(|_| security.is_some()) {
            if let Some(security) = security {
                self.crypto(tag, suite, security.keys.of(suite));
            }
        }
    }

    /// `a=crypto` (RFC 4568 §9.1).
    fn crypto(&mut self, tag: u32, suite: SrtpSuite, key: &SrtpKey) {
        let key = BASE64_STANDARD.encode(key.bytes());
        self.line(format_args!("a=crypto:{tag} {} inline:{key}", suite.name()));
    }

    /// This side's audio stream in an answer: one codec, so that both ways and both sides mean the same.
    /// What was agreed is never more than the offer allows, so it is what the answer says (RFC 3264 §6.1).
    pub(crate) fn accepted(&mut self, local: &LocalAudio, stream: &Stream<'_>, audio: &AgreedAudio) {
        let event = audio.telephone_event.map(|number| (number, audio.telephone_event_hz));
        let formats = Offered {
            codecs: &[(audio.payload_type, audio.codec)],
            events: event.as_slice(),
            comfort_noise: audio.comfort_noise,
        };
        self.stream(stream.protocol, local, &formats);
        self.line(format_args!("a={}", direction::name(audio.direction)));
        if let Some(mid) = stream.mid {
            self.line(format_args!("a=mid:{mid}"));
        }
        if let Some(keys) = &audio.secure
            && let Some(tag) = security::tag_of(stream, keys.suite)
        {
            self.crypto(tag, keys.suite, &keys.send);
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

    fn stream(&mut self, protocol: &str, local: &LocalAudio, formats: &Offered<'_>) {
        let _ = write!(self.text, "m=audio {} {protocol}", local.address.port());
        let codecs = formats.codecs.iter().map(|(number, _)| *number);
        let events = formats.events.iter().map(|(number, _)| *number);
        let noise = formats.comfort_noise.then_some(COMFORT_NOISE);
        for number in codecs.chain(events).chain(noise) {
            let _ = write!(self.text, " {number}");
        }
        self.text.push_str("\r\n");
        for (number, codec) in formats.codecs {
            self.codec(local, *number, *codec);
        }
        for (number, clock_hz) in formats.events {
            self.line(format_args!("a=rtpmap:{number} telephone-event/{clock_hz}"));
            self.line(format_args!("a=fmtp:{number} 0-15"));
        }
        if formats.comfort_noise {
            self.line(format_args!("a=rtpmap:{COMFORT_NOISE} CN/8000"));
        }
        self.line(format_args!("a=ptime:{}", local.formats.packet_ms));
        self.line(format_args!("a=maxptime:{PACKET_MS_MAX}"));
    }

    fn codec(&mut self, local: &LocalAudio, number: u8, codec: Codec) {
        let (name, clock_hz) = (codec.encoding_name(), codec.clock_hz());
        if codec != Codec::Opus {
            return self.line(format_args!("a=rtpmap:{number} {name}/{clock_hz}"));
        }
        // RFC 7587 §7: always of two channels; what the parameters say is what this side plays and sends, which is
        // mono at 16 kHz.
        self.line(format_args!("a=rtpmap:{number} {name}/{clock_hz}/2"));
        let pauses = if local.formats.pauses { ";usedtx=1" } else { "" };
        self.line(format_args!(
            "a=fmtp:{number} useinbandfec=1{pauses};maxplaybackrate=16000;sprop-maxcapturerate=16000"
        ));
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        let _ = write!(self.text, "{line}\r\n");
    }
}

/// The formats of one `m=` line, with their numbers.
struct Offered<'a> {
    codecs: &'a [(u8, Codec)],
    /// Telephone events, with their clocks.
    events: &'a [(u8, u32)],
    comfort_noise: bool,
}

fn connection(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => format!("IN IP4 {ip}"),
        IpAddr::V6(ip) => format!("IN IP6 {ip}"),
    }
}
