//! The keys that a `[[trunk]]` and a profile share.

use super::section::{Located, Section};
use frontdesk_directory::{
    DiversionForm, Encryption, FromUser, IdentityForm, NumberForm, ProvisionalReliability, Proxy, Redirects,
    SoundCodec, TrunkTransport,
};
use std::net::IpAddr;

const TRANSPORTS: [(&str, TrunkTransport); 3] =
    [("udp", TrunkTransport::Udp), ("tcp", TrunkTransport::Tcp), ("tls", TrunkTransport::Tls)];
const IDENTITIES: [(&str, IdentityForm); 4] = [
    ("from", IdentityForm::FromOnly),
    ("asserted", IdentityForm::Asserted),
    ("preferred", IdentityForm::Preferred),
    ("remote-party", IdentityForm::RemoteParty),
];
const FROM_USERS: [(&str, FromUser); 2] = [("number", FromUser::Number), ("account", FromUser::Account)];
const DIVERSIONS: [(&str, DiversionForm); 3] = [
    ("hidden", DiversionForm::Hidden),
    ("diversion", DiversionForm::Diversion),
    ("history-info", DiversionForm::HistoryInfo),
];
const NUMBERS: [(&str, NumberForm); 4] = [
    ("plus", NumberForm::Plus),
    ("digits", NumberForm::Digits),
    ("national", NumberForm::National),
    ("as-is", NumberForm::AsIs),
];
const REDIRECTS: [(&str, Redirects); 3] =
    [("never", Redirects::Never), ("same-trunk", Redirects::SameTrunk), ("any-trunk", Redirects::AnyTrunk)];
const RELIABLE: [(&str, ProvisionalReliability); 3] = [
    ("when-useful", ProvisionalReliability::WhenUseful),
    ("when-required", ProvisionalReliability::WhenRequired),
    ("demanded", ProvisionalReliability::Demanded),
];
const ENCRYPTIONS: [(&str, Encryption); 3] =
    [("off", Encryption::Off), ("offered", Encryption::Offered), ("required", Encryption::Required)];
const CODECS: [(&str, SoundCodec); 4] = [
    ("opus", SoundCodec::Opus),
    ("g722", SoundCodec::G722),
    ("pcma", SoundCodec::Pcma),
    ("pcmu", SoundCodec::Pcmu),
];
const NUMBERS_RULE: &str = "plus, digits, national or as-is";

/// `srtp`
pub(super) fn encryption(section: &mut Section<'_, '_>) -> Option<Encryption> {
    section.choice("srtp", &ENCRYPTIONS, "off, offered or required")
}

/// `codecs = ["opus", "pcma"]`, the dearest first.
pub(super) fn codecs(section: &mut Section<'_, '_>) -> Option<Vec<SoundCodec>> {
    let rule = "a list of opus, g722, pcma and pcmu, each once, the dearest first";
    let line = section.line();
    let mut chosen = Vec::new();
    for Located { value, line } in section.texts("codecs")? {
        let known = CODECS.iter().find(|(word, _)| word.eq_ignore_ascii_case(value));
        match known.filter(|(_, codec)| !chosen.contains(codec)) {
            Some((_, codec)) => chosen.push(*codec),
            None => {
                section.bad_at(line, "codecs", value, rule);
                return None;
            }
        }
    }
    if chosen.is_empty() {
        section.bad_at(line, "codecs", "[]", rule);
        return None;
    }
    Some(chosen)
}

/// What a table says of a trunk; none where it says nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct TrunkWords {
    pub(super) host: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) transport: Option<TrunkTransport>,
    pub(super) proxy: Option<Proxy>,
    pub(super) register: Option<bool>,
    pub(super) registrar: Option<String>,
    pub(super) expires_s: Option<u64>,
    pub(super) addresses: Option<Vec<IpAddr>>,
    pub(super) calls_from_host: Option<bool>,
    pub(super) certificate_names: Option<Vec<String>>,
    pub(super) trusted: Option<bool>,
    pub(super) numbers_in: Option<NumberForm>,
    pub(super) numbers_out: Option<NumberForm>,
    pub(super) identity: Option<IdentityForm>,
    pub(super) from: Option<FromUser>,
    pub(super) from_domain: Option<String>,
    pub(super) diversion: Option<DiversionForm>,
    pub(super) no_screening: Option<bool>,
    pub(super) calls: Option<u32>,
    pub(super) calls_per_second: Option<u32>,
    pub(super) probe_s: Option<u64>,
    pub(super) refer: Option<bool>,
    pub(super) redirects: Option<Redirects>,
    pub(super) srtp: Option<Encryption>,
    pub(super) codecs: Option<Vec<SoundCodec>>,
    pub(super) reliable: Option<ProvisionalReliability>,
    pub(super) no_session_timer: Option<bool>,
    pub(super) no_update: Option<bool>,
    pub(super) contact_user: Option<String>,
    pub(super) register_expires_max_s: Option<u32>,
}

impl TrunkWords {
    pub(super) fn read(section: &mut Section<'_, '_>) -> TrunkWords {
        let mut words = TrunkWords {
            host: host(section, "host"),
            port: section.bounded("port", "a port from 1 to 65535", 1, 65_535),
            transport: section.choice("transport", &TRANSPORTS, "udp, tcp or tls"),
            proxy: proxy(section),
            register: section.flag("register"),
            registrar: host(section, "registrar"),
            expires_s: section.bounded("expires", "seconds, from 60 to 86400", 60, 86_400),
            addresses: addresses(section),
            calls_from_host: section.flag("calls_from_host"),
            certificate_names: names(section, "certificate_names"),
            trusted: section.flag("trusted"),
            numbers_in: section.choice("numbers_in", &NUMBERS, NUMBERS_RULE),
            numbers_out: section.choice("numbers_out", &NUMBERS, NUMBERS_RULE),
            identity: section.choice("identity", &IDENTITIES, "from, asserted, preferred or remote-party"),
            from: section.choice("from", &FROM_USERS, "number or account"),
            from_domain: host(section, "from_domain"),
            diversion: section.choice("diversion", &DIVERSIONS, "hidden, diversion or history-info"),
            no_screening: section.flag("no_screening"),
            calls: section.bounded("calls", "a number of calls of 1 or more", 1, u64::from(u32::MAX)),
            calls_per_second: section.bounded(
                "calls_per_second",
                "a number of calls from 1 to 1000",
                1,
                1_000,
            ),
            probe_s: section.bounded("probe", "seconds from 10 to 3600, or 0 for never", 0, 3_600),
            refer: section.flag("refer"),
            redirects: section.choice("redirects", &REDIRECTS, "never, same-trunk or any-trunk"),
            srtp: encryption(section),
            codecs: codecs(section),
            ..TrunkWords::default()
        };
        let mut quirks = section.table("quirks");
        words.reliable = quirks.choice("reliable", &RELIABLE, "when-useful, when-required or demanded");
        words.no_session_timer = quirks.flag("no_session_timer");
        words.no_update = quirks.flag("no_update");
        words.contact_user = quirks.text("contact_user").map(|user| user.value.to_owned());
        words.register_expires_max_s =
            quirks.bounded("register_expires_max", "seconds, from 60 to 86400", 60, 86_400);
        quirks.finish();
        words
    }

    /// What this table says, and where it says nothing, what the profile says.
    pub(super) fn or(self, profile: TrunkWords) -> TrunkWords {
        TrunkWords {
            host: self.host.or(profile.host),
            port: self.port.or(profile.port),
            transport: self.transport.or(profile.transport),
            proxy: self.proxy.or(profile.proxy),
            register: self.register.or(profile.register),
            registrar: self.registrar.or(profile.registrar),
            expires_s: self.expires_s.or(profile.expires_s),
            addresses: self.addresses.or(profile.addresses),
            calls_from_host: self.calls_from_host.or(profile.calls_from_host),
            certificate_names: self.certificate_names.or(profile.certificate_names),
            trusted: self.trusted.or(profile.trusted),
            numbers_in: self.numbers_in.or(profile.numbers_in),
            numbers_out: self.numbers_out.or(profile.numbers_out),
            identity: self.identity.or(profile.identity),
            from: self.from.or(profile.from),
            from_domain: self.from_domain.or(profile.from_domain),
            diversion: self.diversion.or(profile.diversion),
            no_screening: self.no_screening.or(profile.no_screening),
            calls: self.calls.or(profile.calls),
            calls_per_second: self.calls_per_second.or(profile.calls_per_second),
            probe_s: self.probe_s.or(profile.probe_s),
            refer: self.refer.or(profile.refer),
            redirects: self.redirects.or(profile.redirects),
            srtp: self.srtp.or(profile.srtp),
            codecs: self.codecs.or(profile.codecs),
            reliable: self.reliable.or(profile.reliable),
            no_session_timer: self.no_session_timer.or(profile.no_session_timer),
            no_update: self.no_update.or(profile.no_update),
            contact_user: self.contact_user.or(profile.contact_user),
            register_expires_max_s: self.register_expires_max_s.or(profile.register_expires_max_s),
        }
    }
}

const HOST_RULE: &str = "a host name, a domain or an IP address, without `sip:` and port";

/// A host name, a domain or an address; IPv6 with or without brackets.
fn host(section: &mut Section<'_, '_>, key: &'static str) -> Option<String> {
    let text = section.text(key)?;
    let read = read_host(text.value);
    if read.is_none() {
        section.bad_at(text.line, key, text.value, HOST_RULE);
    }
    read
}

fn read_host(text: &str) -> Option<String> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Some(ip.to_canonical().to_string());
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    (!text.is_empty() && text.len() <= 253 && text.chars().all(fits)).then(|| text.to_lowercase())
}

/// `proxy = "edge.example.net"` or `"edge.example.net:5070"` or `"[2001:db8::1]:5070"`.
fn proxy(section: &mut Section<'_, '_>) -> Option<Proxy> {
    let text = section.text("proxy")?;
    let (host, port) = match text.value.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(port)),
        _ => (text.value, None),
    };
    let host = read_host(host);
    let port = port.map(|port| port.parse::<u16>().ok().filter(|port| *port != 0));
    match (host, port) {
        (Some(host), None) => Some(Proxy { host, port: None }),
        (Some(host), Some(Some(port))) => Some(Proxy { host, port: Some(port) }),
        _ => {
            section.bad_at(text.line, "proxy", text.value, "a host or an IP address, with or without a port");
            None
        }
    }
}

pub(super) fn names(section: &mut Section<'_, '_>, key: &'static str) -> Option<Vec<String>> {
    let listed = section.texts(key)?;
    let mut names = Vec::new();
    for Located { value, line } in listed {
        match read_host(value) {
            Some(name) => names.push(name),
            None => section.bad_at(line, key, value, HOST_RULE),
        }
    }
    Some(names)
}

pub(super) fn addresses(section: &mut Section<'_, '_>) -> Option<Vec<IpAddr>> {
    let listed = section.texts("addresses")?;
    let (mut addresses, mut all_read) = (Vec::new(), true);
    for Located { value, line } in listed {
        match value.parse::<IpAddr>() {
            // `::ffff:192.0.2.1` is written for an IPv4 address, and calls come from that.
            Ok(address) => addresses.push(address.to_canonical()),
            Err(_) => {
                all_read = false;
                // A name would have to be looked up for each call, by whoever sends the datagram.
                let rule = "IP addresses without port, such as 192.0.2.1 or 2001:db8::1";
                section.bad_at(line, "addresses", value, rule);
            }
        }
    }
    all_read.then_some(addresses)
}
