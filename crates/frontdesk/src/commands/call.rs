//! `frontdesk call`

use super::failed;
use crate::node::Chance;
use crate::softphone::{
    CallEnd, Item, KeyForm, LineOptions, News, PhonePlan, Registration, WhenCalled, run as run_line,
};
use clap::ArgMatches;
use frontdesk_identifiers::Locale;
use frontdesk_sip_message::{Host, NameAddr, SipUri, Uri};
use frontdesk_sip_stack::{Credentials, Flow, SessionEnd, Transport};
use frontdesk_speech::VoiceSettings;
use std::net::{SocketAddr, UdpSocket};
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
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:5060")]
    server: String,
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
        Some((_, host, port)) => (host.clone(), *port),
        None => host_and_port(&arguments.server)?,
    };
    let remote = locate(&place.0, place.1)?;
    let socket = connected(remote)?;
    let local = socket.local_addr().map_err(|error| error.to_string())?;
    let password = match &arguments.password_file {
        Some(file) => {
            let text =
                std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
            Some(text.lines().next().unwrap_or_default().to_owned())
        }
        None => None,
    };
    let user = arguments.register.clone().unwrap_or_else(|| arguments.from.clone());
    let mut identity = NameAddr::new(SipUri::new(Some(&user), Host::Ip(remote.ip()), None));
    identity.display = arguments.name.clone();
    let mut chance = Chance::new(None);
    let plan = PhonePlan {
        call: target.map(|(uri, _, _)| uri),
        identity,
        credentials: password.map(|password| Credentials { username: user, password }),
        register: arguments.register.as_ref().map(|_| Registration {
            registrar: SipUri::new(None, Host::Ip(remote.ip()), Some(remote.port())).into(),
            expires: Duration::from_secs(300),
        }),
        when_called: when_called(arguments),
        keys: if arguments.dtmf_info { KeyForm::Info } else { KeyForm::Events },
        flow: Flow { transport: Transport::Udp, local, remote },
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
    Ok(LineOptions { plan, script, polite, socket, voice, calls, seed: chance.seed() })
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

/// The URI, and where to send the call.
fn read_target(text: &str) -> Result<(Uri, String, u16), String> {
    let example = "write it like sip:100@127.0.0.1:5060";
    let uri: Uri = text.parse().map_err(|error| format!("`{text}` is no SIP-URI ({error}); {example}"))?;
    let Uri::Sip(sip) = &uri else { return Err(format!("`{text}` is no SIP-URI; {example}")) };
    let host = match &sip.host {
        Host::Ip(ip) => ip.to_string(),
        Host::Name(name) => name.clone(),
    };
    let port = sip.port.unwrap_or(5060);
    Ok((uri, host, port))
}

fn host_and_port(text: &str) -> Result<(String, u16), String> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok((address.ip().to_string(), address.port()));
    }
    match text.rsplit_once(':') {
        Some((host, port)) => {
            let port = port.parse().map_err(|_| format!("`{port}` is no port"))?;
            Ok((host.to_owned(), port))
        }
        None => Ok((text.to_owned(), 5060)),
    }
}

fn locate(host: &str, port: u16) -> Result<SocketAddr, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(frontdesk_sip_transport::resolve(host, port)).map_err(|fault| fault.to_string())
}

/// A socket on the path to the desk; its local address is the one that the desk can reach.
fn connected(remote: SocketAddr) -> Result<UdpSocket, String> {
    let any = if remote.is_ipv6() { "[::]:0" } else { "0.0.0.0:0" };
    let socket = UdpSocket::bind(any).map_err(|error| format!("no socket: {error}"))?;
    socket.connect(remote).map_err(|error| format!("no way to {remote}: {error}"))?;
    Ok(socket)
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
