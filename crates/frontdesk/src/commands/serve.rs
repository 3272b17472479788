//! `frontdesk serve`

use super::{ConfigArgument, failed};
use crate::accounts::NewPassword;
use crate::console::{Console, Words};
use crate::doctor::own_addresses;
use crate::node::{Node, NodeFault, Reloaded};
use crate::settings::Settings;
use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

/// Arguments of `frontdesk serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  frontdesk serve
  frontdesk serve --config /etc/frontdesk/frontdesk.toml --data /var/lib/frontdesk
  frontdesk serve --show-words     show what callers say; by default only its length is shown

SIGHUP has the settings read anew (kill -HUP, systemctl reload): phones, peers, trunks, numbers, flows, certificates
and limits change, calls and registrations stay. Wrong settings are refused, and the old ones stay. Where is listened,
the data folder, the ports for sound, the model and the name servers need a restart; that is said.")]
pub struct Arguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// Show names, numbers and what is said on this terminal
    #[arg(long)]
    show_words: bool,
}

/// Runs the desk until SIGINT or SIGTERM; SIGHUP has it read its settings anew.
pub fn run(arguments: &Arguments) -> ExitCode {
    let settings = match arguments.config.read() {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    keep_to_ourselves();
    raise_handle_limit();
    let words = if arguments.show_words { Words::Shown } else { Words::Hidden };
    let runtime = match super::runtime() {
        Ok(runtime) => runtime,
        Err(code) => return code,
    };
    runtime.block_on(serve(&settings, &arguments.config, words))
}

/// Recordings and transcripts are nobody else's on this machine: what the desk writes only its own user reads.
fn keep_to_ourselves() {
    rustix::process::umask(Mode::from_raw_mode(0o077));
}

/// A call takes two sockets and a recording, a bridged one five handles: what many systems grant at first (1,024)
/// would end before the limit on calls does, and then the store could not open its files either.
fn raise_handle_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

async fn serve(settings: &Settings, file: &ConfigArgument, words: Words) -> ExitCode {
    let console = match Console::start(words) {
        Ok(console) => console,
        Err(error) => return failed(error),
    };
    let mut node = match Node::start(settings, console, |step| println!("{step}")).await {
        Ok(node) => node,
        Err(fault @ (NodeFault::Settings(_) | NodeFault::Flows(_))) => {
            eprintln!("{fault}");
            return ExitCode::FAILURE;
        }
        Err(fault) => return failed(fault),
    };
    greet(settings, &node);
    if let Err(error) = until_asked_to_stop(&mut node, file).await {
        return failed(error);
    }
    let broken = node.is_broken();
    say("closing: calls are being ended");
    match node.stop().await {
        Ok(()) if !broken => {
            say("closed");
            ExitCode::SUCCESS
        }
        Ok(()) => failed("the switchboard failed; records of its calls are closed at the next start"),
        Err(lost) => failed(lost),
    }
}

/// Says it, if anybody is there: a terminal that was closed takes nothing any more.
fn say(what: &str) {
    let _ = writeln!(std::io::stdout(), "{what}");
}

/// What whoever started the desk wants to know.
fn greet(settings: &Settings, node: &Node) {
    println!("ears: {}", node.ears);
    let models = settings.node.data.join("models");
    println!("a larger Whisper hears better: put an official ggml-*.bin into {}", models.display());
    show_passwords(&node.new_passwords);
    for listen in &node.listening {
        println!("listening on sip:{} ({})", listen.address, listen.transport.via_name());
    }
    for listen in &node.listening {
        let transport = listen.transport.via_name();
        for address in reachable(&listen.address) {
            println!("a telephone on this network registers at {address} ({transport})");
        }
    }
    for number in &settings.numbers {
        let record = if number.record { ", recorded" } else { "" };
        println!("dial {} for the flow {}{record}", number.number, number.flow);
    }
    for phone in &settings.phones {
        println!("dial {} for {}", phone.number, phone.name);
    }
    for listed in &settings.trunks {
        let profile = listed.profile.as_ref().map(|(_, title)| format!(", {title}")).unwrap_or_default();
        println!("trunk {} to {}{profile}", listed.trunk.name, listed.trunk.host);
    }
    println!("the desk is open");
}

fn show_passwords(new: &[NewPassword]) {
    for new in new {
        println!(
            "phone {} ({}): password {}   (shown this once; `frontdesk phones reset {}` makes a new one)",
            new.account, new.name, new.password, new.account
        );
    }
}

/// Under which addresses a telephone elsewhere reaches a socket that listens on every one of this machine.
fn reachable(listening: &SocketAddr) -> Vec<SocketAddr> {
    if !listening.ip().is_unspecified() {
        return Vec::new();
    }
    let own = own_addresses().into_iter().filter(|ip| ip.is_ipv4() == listening.is_ipv4());
    own.map(|ip| SocketAddr::new(ip, listening.port())).collect()
}

/// Reads the settings anew. What is wrong with them is said, and nothing is changed then.
async fn reload(node: &mut Node, file: &ConfigArgument) {
    let refused = "the settings are refused, and the ones before stay:";
    let settings = match file.settings() {
        Ok(settings) => settings,
        Err(faults) => {
            eprintln!("{refused}");
            faults.iter().for_each(|fault| eprintln!("{fault}"));
            return;
        }
    };
    match node.reload(&settings).await {
        Ok(Reloaded { new_passwords, needs_restart }) => {
            show_passwords(&new_passwords);
            for what in needs_restart {
                println!("{what} differs: it takes a restart, and stays as it is until then");
            }
            println!("the settings were read anew");
        }
        Err(fault) => eprintln!("{refused}\n{fault}"),
    }
}

async fn until_asked_to_stop(node: &mut Node, file: &ConfigArgument) -> std::io::Result<()> {
    // A terminal that is closed sends SIGHUP too, and is none afterwards.
    let on_terminal = std::io::stdout().is_terminal();
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut glance = tokio::time::interval(std::time::Duration::from_secs(1));
    loop {
        tokio::select! {
            _ = interrupt.recv() => return Ok(()),
            _ = terminate.recv() => return Ok(()),
            _ = hang_up.recv() => {
                if on_terminal && !std::io::stdout().is_terminal() {
                    return Ok(());
                }
                reload(node, file).await;
            }
            _ = glance.tick() => if node.is_broken() { return Ok(()) },
        }
    }
}
