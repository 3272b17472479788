//! `frontdesk doctor`

use super::{DEFAULT_CONFIG, read_settings};
use crate::doctor::{Finding, Scope, Verdict, examine};
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `frontdesk doctor`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Nothing is changed: registrations that are tried are taken back, and the call that the desk places to itself
has a desk, ports and a folder of its own.

Examples:
  frontdesk doctor
  frontdesk doctor /etc/frontdesk/frontdesk.toml --json
  frontdesk doctor --offline        without speaking to trunks

Exit status: 0 when calls should work, 1 when something fails, 2 when asked wrongly."
)]
pub struct Arguments {
    /// The settings file
    #[arg(value_name = "SETTINGS", default_value = DEFAULT_CONFIG)]
    settings: PathBuf,
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
    /// Do not speak with trunks
    #[arg(long)]
    offline: bool,
    /// Do not let the desk call itself
    #[arg(long)]
    no_call: bool,
}

/// Examines, and says what was found.
pub fn run(arguments: &Arguments) -> ExitCode {
    let settings = match read_settings(&arguments.settings) {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let runtime = match super::runtime() {
        Ok(runtime) => runtime,
        Err(code) => return code,
    };
    let scope = Scope { trunks: !arguments.offline, self_call: !arguments.no_call };
    let tell = |finding: &Finding| {
        if !arguments.json {
            println!("{finding}");
        }
    };
    let findings = runtime.block_on(examine(&settings, scope, tell));
    let count = |verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&findings).unwrap_or_default());
    } else {
        let (ok, warn, fail) = (count(Verdict::Ok), count(Verdict::Warn), count(Verdict::Fail));
        println!("{ok} ok, {warn} to look at, {fail} failed");
    }
    if count(Verdict::Fail) == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
