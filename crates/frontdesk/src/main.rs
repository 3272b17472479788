//! `frontdesk`: the command line.

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use frontdesk::commands;
use std::process::ExitCode;

/// An AI receptionist that an organisation runs on its own machine.
#[derive(Parser)]
#[command(name = "frontdesk", version, about, arg_required_else_help = true)]
#[command(after_help = "Examples:
  frontdesk serve --config sip-config/frontdesk.toml
  frontdesk check sip-config/frontdesk.toml
  frontdesk call sip:100@127.0.0.1:5060 --say \"sales please\" --record out.wav
  frontdesk flow try crates/call-flow/templates/reception.toml")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Open the desk and answer calls until it is told to stop
    Serve(commands::serve::Arguments),
    /// Check the settings or a flow, and say what is wrong, where, and what to do
    Check(commands::check::Arguments),
    /// Examine ports, addresses, certificates, trunks and the desk itself, and say what to do
    Doctor(commands::doctor::Arguments),
    /// A telephone for the command line: call somebody, or be called
    Call(Box<commands::call::Arguments>),
    /// Measure how a desk, or any SIP target, stands up to calls
    Bench(Box<commands::bench::Arguments>),
    /// Try and test call flows without a telephone
    Flow(commands::flow::Arguments),
    /// Watch three callers being heard, understood and put through
    Demo(commands::demo::Arguments),
    /// The models that the desk can hear with
    Models(commands::models::Arguments),
    /// The telephones' passwords
    Phones(commands::phones::Arguments),
    /// Recordings that are encrypted at rest
    Recordings(commands::recordings::Arguments),
    /// What happened in past calls
    Records(commands::records::Arguments),
}

fn main() -> ExitCode {
    let matches = Arguments::command().get_matches();
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    commands::log_to_stderr();
    match arguments.command {
        Command::Serve(arguments) => commands::serve::run(&arguments),
        Command::Check(arguments) => commands::check::run(&arguments),
        Command::Doctor(arguments) => commands::doctor::run(&arguments),
        Command::Call(arguments) => match matches.subcommand() {
            Some((_, matches)) => commands::call::run(&arguments, matches),
            None => ExitCode::from(2),
        },
        Command::Bench(arguments) => commands::bench::run(&arguments),
        Command::Flow(arguments) => commands::flow::run(&arguments),
        Command::Demo(arguments) => commands::demo::run(&arguments),
        Command::Models(arguments) => commands::models::run(&arguments),
        Command::Phones(arguments) => commands::phones::run(&arguments),
        Command::Recordings(arguments) => commands::recordings::run(&arguments),
        Command::Records(arguments) => commands::records::run(&arguments),
    }
}
