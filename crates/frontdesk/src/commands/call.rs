//! `frontdesk call`

use super::failed;
use crate::node::Chance;
use crate::softphone::{
    CallEnd, Destination, Item, KeyForm, LineOptions, News, PhonePlan, Registration, WhenCalled, Wire,
    run as run_line,
};
use clap::ArgMatches;
use frontdesk_identifiers::Locale;
use frontdesk_sip_message::{Host, NameAddr, SipUri, Uri};
use frontdesk_sip_stack::{Credentials, SessionEnd, Transport};
use frontdesk_sip_transport::PemFiles;
use frontdesk_speech::VoiceSettings;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Arguments of `frontdesk call`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "What is said and pressed happens in the order in which it is written, each when the far end has
finished speaking.

Examples:
  frontdesk call sip:100@127.0.0.1:5060 --say \"sales please\" --record out.wav
  frontdesk call sip:100@127.0.0.1:5060 --pause 2 --dtmf 2
  frontdesk call --register 1001 --password-file p.txt --answer --say \"Sales, good morning\" --record heard.wav
  frontdesk call --register 1001 --password-file p.txt --answer --busy
  frontdesk call \"sip:100@127.0.0.1;transport=tcp\"
  frontdesk call --register 1001 --password-file p.txt --server desk.example --transport tls --ca office-ca.pem
  frontdesk call --register 1001 --password-file p.txt --server desk.example:8443 --transport wss

Exit status: 0 when the call was answered and ended as calls should, 1 when not, 2 when asked wrongly."
)]
pub struct Arguments {
    /// Whom to call, such as sip:100@127.0.0.1:5060
    #[arg(value_name = "SIP-URI", required_unless_present = "register")]
    target: Option<String>,
    /// Say this (may be repeated)
    #[arg(long, value_name = "TEXT")]
    say: Vec<String>,
    /// Press these keys: 0-9 * # A-D (may be repeated)
    #[arg(long, value_name = "KEYS")]
    dtmf: Vec<String>,
    /// Press the keys by SIP INFO, instead of as events among the sound
    #[arg(long)]
    dtmf_info: bool,
    /// Wait this many seconds (may be repeated)
    #[arg(long, value_name = "SECONDS")]
    pause: Vec<f32>,
    /// Hang up when everything is said and pressed, instead of waiting for the far end to do so
    #[arg(long)]
    hang_up: bool,
    /// Do not wait for the far end to finish speaking
    #[arg(long)]
    at_once: bool,
    /// Record the call: left what is heard, right what is said; the second call goes to NAME-2.wav, and so on
    #[arg(long, value_name = "WAV")]
    record: Option<PathBuf>,
    /// Register as this phone, and be called
    #[arg(long, value_name = "NUMBER")]
    register: Option<String>,
    /// The registrar, or where calls are sent when it is not in the SIP-URI
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1")]
    server: String,
    /// How messages travel, unless the SIP-URI says it: `sips:` and `;transport=`
    #[arg(long, value_enum, default_value_t = Way::Udp)]
    transport: Way,
    /// The authorities that are believed where TLS is spoken, PEM; else the public ones
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// The certificate to show where TLS is spoken and one is asked for, PEM
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
    /// The key of that certificate
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// The file with the password
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// When called: ring, then answer; this is also what happens when nothing else is asked for
    #[arg(long, requires = "register")]
    answer: bool,
    /// When called: say that the line is busy, instead of answering
    #[arg(long, group = "called", requires = "register")]
    busy: bool,
    /// When called: decline, instead of answering
    #[arg(long, group = "called", requires = "register")]
    decline: bool,
    /// When called: ring, and never answer
    #[arg(long, group = "called", requires = "register")]
    no_answer: bool,
    /// How many seconds to ring before answering
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    ring: f32,
    /// Stop after this many calls; a registered phone otherwise stays until it is told to stop
    #[arg(long, value_name = "COUNT")]
    calls: Option<u32>,
    /// The caller's number or user name
    #[arg(long, value_name = "NUMBER", default_value = "caller")]
    from: String,
    /// The caller's name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The longest a call may last
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    longest: u64,
    /// The language of what is said
    #[arg(long, value_name = "LOCALE", default_value = "en-US")]
    locale: String,
    /// The flite voice that speaks English: slt, rms, awb, kal, kal16
    #[arg(long, value_name = "VOICE", default_value = "slt")]
    voice: String,
}

/// How messages travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Way {
    Udp,
    Tcp,
    Tls,
    Ws,
    Wss,
}

impl Way {
    fn transport(self) -> Transport {
        match self {
            Way::Udp => Transport::Udp,
            Way::Tcp => Transport::Tcp,
            Way::Tls => Transport::Tls,
            Way::Ws => Transport::Ws,
            Way::Wss => Transport::Wss,
        }
    }
}

/// Places a call, or waits for some.
pub fn run(arguments: &Arguments, matches: &ArgMatches) -> ExitCode {
    let script = script(arguments, matches);
    let label = arguments.register.clone().unwrap_or_else(|| "call".to_owned());
    let options = match options(arguments, script) {
        Ok(options) => options,
        Err(why) => {
            eprintln!("frontdesk call: {why}");
            return ExitCode::from(2);
        }
    };
    let waits = arguments.target.is_none();
    let mut registered = false;
    let end = run_line(options, |news| {
        registered |= *news == News::Registered;
        println!("{label}: {}", describe(news));
    });
    match end {
        Ok(Some(end)) if end.is_ordinary() || (waits && registered) => ExitCode::SUCCESS,
        Ok(None) if registered => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(fault) => failed(fault),
    }
}

/// The items in the order in which they stand on the command line.
fn script(arguments: &Arguments, matches: &ArgMatches) -> Vec<Item> {
    let places = |name: &str| matches.indices_of(name).into_iter().flatten().collect::<Vec<_>>();
    let says = places("say").into_iter().zip(arguments.say.iter().cloned().map(Item::Say));
    let keys = places("dtmf").into_iter().zip(arguments.dtmf.iter().cloned().map(Item::Press));
    let pauses = arguments.pause.iter().map(|seconds| Item::Pause(seconds_of(*seconds)));
    let mut items: Vec<_> = says.chain(keys).chain(places("pause").into_iter().zip(pauses)).collect();
    items.sort_by_key(|(place, _)| *place);
    let end = arguments.hang_up.then_some(Item::HangUp);
    items.into_iter().map(|(_, item)| item).chain(end).collect()
}

fn seconds_of(seconds: f32) -> Duration {
    Duration::try_from_secs_f32(seconds).unwrap_or_default()
}

fn options(arguments: &Arguments, script: Vec<Item>) -> Result<LineOptions, String> {
    let target = arguments.target.as_deref().map(read_target).transpose()?;
    let place = match &target {
        Some((_, place)) => place.clone(),
        None => host_and_port(&arguments.server)?,
    };
    let destination = destination(place, arguments)?;
    let (remote, transport) = (destination.remote, destination.transport);
    let wire = Wire::open(&destination).map_err(|fault| fault.to_string())?;
    let password = match &arguments.password_file {
        Some(file) => {
            let text =
                std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
            Some(text.lines().next().unwrap_or_default().to_owned())
        }
        None => None,
    };
    let user = arguments.register.clone().unwrap_or_else(|| arguments.from.clone());
    let mut identity = party_name(&user, remote.ip());
    identity.display = arguments.name.clone();
    let mut chance = Chance::new(None);
    let plan = PhonePlan {
        call: target.map(|(uri, _)| uri),
        identity,
        credentials: password.map(|password| Credentials { username: user, password }),
        register: arguments.register.as_ref().map(|_| Registration {
            registrar: registrar(remote, transport),
            expires: Duration::from_secs(300),
        }),
        when_called: when_called(arguments),
        keys: if arguments.dtmf_info { KeyForm::Info } else { KeyForm::Events },
        flow: wire.flow(),
        record: arguments.record.clone(),
        locale: Locale::new(&arguments.locale).map_err(|error| error.to_string())?,
        longest: Duration::from_secs(arguments.longest),
    };
    let calls = arguments.calls.or(arguments.target.is_some().then_some(1));
    let voice = VoiceSettings {
        english_voice: arguments.voice.clone(),
        ..VoiceSettings::new(std::env::temp_dir().join("frontdesk-call-prompts"))
    };
    // Somebody who picks up speaks first; somebody who calls lets the other side speak.
    let polite = !arguments.at_once && arguments.register.is_none();
    Ok(LineOptions { plan, script, polite, wire, voice, calls, seed: chance.seed() })
}

fn when_called(arguments: &Arguments) -> WhenCalled {
    // `--answer` says what happens anyway, unless one of the others is asked for beside it.
    if arguments.busy {
        WhenCalled::Busy
    } else if arguments.decline {
        WhenCalled::Decline
    } else if arguments.no_answer {
        WhenCalled::Ring
    } else {
        WhenCalled::Answer { after: seconds_of(arguments.ring) }
    }
}

/// Where a URI or the command line leads, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    host: String,
    port: Option<u16>,
    transport: Option<Transport>,
}

/// The URI, and where to send the call.
pub(super) fn read_target(text: &str) -> Result<(Uri, Place), String> {
    let example = "write it like sip:100@127.0.0.1:5060";
    let uri: Uri = text.parse().map_err(|error| format!("`{text}` is no SIP-URI ({error}); {example}"))?;
    let Uri::Sip(sip) = &uri else { return Err(format!("`{text}` is no SIP-URI; {example}")) };
    let host = match &sip.host {
        Host::Ip(ip) => ip.to_string(),
        Host::Name(name) => name.clone(),
    };
    let transport = Transport::asked_by(sip);
    if transport.is_none() && sip.transport().is_some() {
        return Err(format!("the transport of `{text}` is none that is spoken here: udp, tcp, tls, ws, wss"));
    }
    let place = Place { host, port: sip.port, transport };
    Ok((uri, place))
}

fn host_and_port(text: &str) -> Result<Place, String> {
    let place = |host: &str, port| Place { host: host.to_owned(), port, transport: None };
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(place(&address.ip().to_string(), Some(address.port())));
    }
    match text.rsplit_once(':') {
        Some((host, port)) if text.parse::<IpAddr>().is_err() => {
            Ok(place(host, Some(port.parse().map_err(|_| format!("`{port}` is no port"))?)))
        }
        _ => Ok(place(text, None)),
    }
}

fn destination(place: Place, arguments: &Arguments) -> Result<Destination, String> {
    let pair = arguments.certificate.clone().zip(arguments.key.clone());
    let identity = pair.map(|(certificate, key)| PemFiles { certificate, key });
    let destination = located(place, arguments.transport.transport(), arguments.ca.clone())?;
    Ok(Destination { identity, ..destination })
}

/// Where a target is, or else a server that is named as host and port.
pub(super) fn destination_of(
    place: Option<Place>,
    server: &str,
    transport: Transport,
    authorities: Option<PathBuf>,
) -> Result<Destination, String> {
    let place = match place {
        Some(place) => place,
        None => host_and_port(server)?,
    };
    located(place, transport, authorities)
}

/// Somebody at the other side's address, as From names him.
pub(super) fn party_name(user: &str, host: IpAddr) -> NameAddr {
    NameAddr::new(SipUri::new(Some(user), Host::Ip(host), None))
}

fn located(place: Place, usual: Transport, authorities: Option<PathBuf>) -> Result<Destination, String> {
    let transport = place.transport.unwrap_or(usual);
    let port = place.port.unwrap_or(transport.default_port());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let found = runtime.block_on(frontdesk_sip_transport::resolve(&place.host, port));
    let remote = found.map_err(|fault| fault.to_string())?;
    // A certificate proves a name, or else an address.
    let name = (transport.is_secure() && place.host.parse::<IpAddr>().is_err()).then_some(place.host);
    Ok(Destination { remote, transport, name, authorities, identity: None, local_port: 0 })
}

/// The registrar's URI. It names the transport, so that a proxy in between takes the same.
pub(super) fn registrar(remote: SocketAddr, transport: Transport) -> Uri {
    let mut uri = SipUri::new(None, Host::Ip(remote.ip()), Some(remote.port()));
    if let Some(name) = transport.uri_parameter() {
        uri.parameters.set("transport", Some(name));
    }
    uri.into()
}

fn describe(news: &News) -> String {
    match news {
        News::Registered => "registered".to_owned(),
        News::NotRegistered(Some(status)) => {
            let advice = if matches!(status.as_u16(), 401 | 403) { ": is the password right?" } else { "" };
            format!("not registered: {} {}{advice}", status.as_u16(), status.default_reason())
        }
        News::NotRegistered(None) => "not registered: the registrar does not answer".to_owned(),
        News::Unregistered => "signed off".to_owned(),
        News::Calling => "calling".to_owned(),
        News::Progress(status) => format!("{} {}", status.as_u16(), status.default_reason()),
        News::Called { by } => format!("is called by {by}"),
        News::Talking => "talking".to_owned(),
        News::Says(text) => format!("says \"{text}\""),
        News::Presses(keys) => format!("presses {keys}"),
        News::KeyHeard(key) => format!("hears the key {key}"),
        News::Over(end) => format!("over: {}", end_phrase(end)),
        News::Recorded { seconds, kept: true } => format!("recorded {seconds} s"),
        News::Recorded { kept: false, .. } => "the recording is lost".to_owned(),
    }
}

fn end_phrase(end: &CallEnd) -> String {
    match end {
        CallEnd::NoPort => "no free port for the sound".to_owned(),
        CallEnd::NothingInCommon => "the two sides have no sound in common".to_owned(),
        CallEnd::Session(SessionEnd::Refused { status, .. }) => {
            format!("refused with {} {}", status.as_u16(), status.default_reason())
        }
        CallEnd::Session(SessionEnd::HungUpByPeer { .. }) => "the far end hung up".to_owned(),
        CallEnd::Session(SessionEnd::CancelledByPeer { .. }) => "the caller gave up".to_owned(),
        CallEnd::Session(SessionEnd::EndedHere) => "hung up".to_owned(),
        CallEnd::Session(SessionEnd::NoResponse) => "nobody answers at that address".to_owned(),
        CallEnd::Session(SessionEnd::TransportFailed) => "nothing listens at that address".to_owned(),
        CallEnd::Session(end) => format!("{end:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_says_how_and_where_it_is_reached() {
        for (text, host, port, transport) in [
            ("sip:100@127.0.0.1:5060", "127.0.0.1", Some(5060), None),
            ("sip:100@desk.example;transport=tcp", "desk.example", None, Some(Transport::Tcp)),
            ("sip:100@[::1]:5070;transport=UDP", "::1", Some(5070), Some(Transport::Udp)),
            ("sips:100@desk.example", "desk.example", None, Some(Transport::Tls)),
            ("sip:100@desk.example:8080;transport=ws", "desk.example", Some(8080), Some(Transport::Ws)),
            ("sips:100@desk.example;transport=ws", "desk.example", None, Some(Transport::Wss)),
            ("sip:100@desk.example;transport=wss", "desk.example", None, Some(Transport::Wss)),
        ] {
            let place = Place { host: host.to_owned(), port, transport };
            assert_eq!(read_target(text).map(|(_, place)| place), Ok(place), "{text}");
        }
        assert!(read_target("sip:100@desk;transport=sctp").is_err());
        assert!(read_target("sips:100@desk;transport=udp").is_err());
        assert!(read_target("tel:+49301").is_err());
        for (text, host, port) in [
            ("127.0.0.1", "127.0.0.1", None),
            ("127.0.0.1:5070", "127.0.0.1", Some(5070)),
            ("[::1]:5070", "::1", Some(5070)),
            ("::1", "::1", None),
            ("desk.example:5061", "desk.example", Some(5061)),
        ] {
            let place = Place { host: host.to_owned(), port, transport: None };
            assert_eq!(host_and_port(text), Ok(place), "{text}");
        }
    }
}
