//! `frontdesk check`

use super::DEFAULT_CONFIG;
use crate::doctor::{Verdict, certificates};
use crate::flows::read_flows;
use crate::settings::Settings;
use crate::signed_callers::verifier;
use frontdesk_call_flow::Flow;
use frontdesk_sip_stack::Account;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `frontdesk check`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  frontdesk check                                   the settings and every flow that they name
  frontdesk check my-settings.toml my-flow.toml     each file by what it is
  frontdesk check --schema > flow.schema.json       the flow format, for editors")]
pub struct Arguments {
    /// Settings or flows; a file with `flow = …` is a flow
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print the JSON Schema of the flow format
    #[arg(long, conflicts_with = "files")]
    schema: bool,
}

/// Checks the files and tells everything that is wrong.
pub fn run(arguments: &Arguments) -> ExitCode {
    if arguments.schema {
        let schema = frontdesk_call_flow::schema();
        println!("{}", serde_json::to_string_pretty(&schema).unwrap_or_default());
        return ExitCode::SUCCESS;
    }
    let default = [PathBuf::from(DEFAULT_CONFIG)];
    let files = if arguments.files.is_empty() { &default[..] } else { &arguments.files[..] };
    let mut faults = Vec::new();
    for file in files {
        match check(file) {
            Ok(what) => println!("{}: {what}", file.display()),
            Err(wrong) => faults.extend(wrong),
        }
    }
    for fault in &faults {
        eprintln!("{fault}");
    }
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What is right with the file, or everything that is wrong.
fn check(file: &Path) -> Result<String, Vec<String>> {
    let name = file.display().to_string();
    let text =
        std::fs::read_to_string(file).map_err(|error| vec![format!("{name}: cannot be read: {error}")])?;
    if is_flow(&text) {
        let flow = Flow::read_by_own_name(&name, &text).map_err(written)?;
        return Ok(format!("the flow {} is in order", flow.id()));
    }
    let settings = Settings::parse(file, &text).map_err(written)?;
    // Only the names count here; the phones' passwords are made when the desk is opened.
    let nobody = Account { ha1_md5: [0; 16], ha1_sha256: [0; 32] };
    let directory = settings.directory(|_| Some(nobody.clone())).map_err(written)?;
    let flows = read_flows(&settings, &directory).map_err(written)?;
    let told = check_files(&settings)?;
    let (phones, trunks, numbers) = (settings.phones.len(), settings.trunks.len(), settings.numbers.len());
    Ok(format!("in order: {phones} phones, {trunks} trunks, {numbers} numbers, {} flows{told}", flows.len()))
}

/// The files that the settings name: passwords of trunks, certificates. What is well but wants a look is told.
fn check_files(settings: &Settings) -> Result<String, Vec<String>> {
    let mut faults = settings.with_passwords().map_or_else(written, |_| Vec::new());
    faults.extend(verifier(settings).err().map(|fault| format!("{}: {fault}", settings.file.display())));
    faults.extend(
        crate::music::read(&settings.hold_music)
            .err()
            .map(|fault| format!("{}: {fault}", settings.file.display())),
    );
    let mut told: String = settings.warnings().iter().map(|warning| format!("\n  {warning}")).collect();
    for finding in certificates::look(settings) {
        let advice = finding.advice.map(|advice| format!("; {advice}")).unwrap_or_default();
        let said = format!("{}: {}{advice}", finding.what, finding.found);
        match finding.verdict {
            Verdict::Ok => {}
            Verdict::Warn => told.push_str(&format!("\n  {said}")),
            Verdict::Fail => {
                faults.push(format!("{}:{}: [tls] {said}", settings.file.display(), settings.tls.line));
            }
        }
    }
    if faults.is_empty() { Ok(told) } else { Err(faults) }
}

/// A flow names itself at the top level; settings have no such key.
fn is_flow(text: &str) -> bool {
    let top_level = text.lines().take_while(|line| !line.trim_start().starts_with('['));
    top_level.filter_map(|line| line.split_once('=')).any(|(key, _)| key.trim() == "flow")
}

fn written<T: std::fmt::Display>(faults: Vec<T>) -> Vec<String> {
    faults.iter().map(ToString::to_string).collect()
}
