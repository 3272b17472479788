//! `frontdesk flow`

use super::failed;
use frontdesk_call_flow::{Context, Flow, Rehearsal, TEMPLATES, Talk};
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Arguments of `frontdesk flow`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Play the caller against a flow in this terminal, without sound
    #[command(after_help = "Type what the caller says, `presses 2`, `says nothing` or `hangs up`;
`phone: busy`, `phone: no answer`, `phone: answers` and the like say what becomes of a transfer.

Examples:
  frontdesk flow try my-flow.toml
  frontdesk flow try reception")]
    Try {
        /// The flow's file, or the name of one that the desk brings along
        #[arg(value_name = "FLOW")]
        flow: PathBuf,
    },
    /// Hold a flow against written conversations
    #[command(after_help = "Examples:
  frontdesk flow test my-flow.toml my-flow.talk another.talk")]
    Test {
        /// The flow's file, or the name of one that the desk brings along
        #[arg(value_name = "FLOW")]
        flow: PathBuf,
        /// The conversations
        #[arg(value_name = "TALK", required = true)]
        talks: Vec<PathBuf>,
    },
}

/// Tries or tests a flow.
pub fn run(arguments: &Arguments) -> ExitCode {
    let (What::Try { flow } | What::Test { flow, .. }) = &arguments.what;
    let flow = match read(flow) {
        Ok(flow) => flow,
        Err(faults) => return told(&faults),
    };
    match &arguments.what {
        What::Try { .. } => rehearse(flow).unwrap_or_else(failed),
        What::Test { talks, .. } => test(&flow, talks),
    }
}

fn told(faults: &[String]) -> ExitCode {
    for fault in faults {
        eprintln!("{fault}");
    }
    ExitCode::FAILURE
}

fn read(place: &Path) -> Result<Arc<Flow>, Vec<String>> {
    let name = place.display().to_string();
    let template = TEMPLATES.iter().find(|template| template.name == name);
    let text = match (std::fs::read_to_string(place), template) {
        (Ok(text), _) => text,
        (Err(_), Some(template)) => template.text.to_owned(),
        (Err(error), None) => return Err(vec![format!("{name}: cannot be read: {error}")]),
    };
    Flow::read_by_own_name(&name, &text).map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

fn rehearse(flow: Arc<Flow>) -> std::io::Result<ExitCode> {
    let mut rehearsal = Rehearsal::new(flow, Context::new());
    let prompt = std::io::stdin().is_terminal();
    show(rehearsal.protocol());
    let mut lines = std::io::stdin().lock().lines();
    while !rehearsal.is_over() {
        if prompt {
            print!("caller> ");
            std::io::stdout().flush()?;
        }
        let Some(line) = lines.next().transpose()? else { break };
        match rehearsal.try_line(&line) {
            Ok(happened) => show(happened),
            Err(refused) => println!("({refused})"),
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(happened: Vec<String>) {
    for line in happened {
        println!("{line}");
    }
}

fn test(flow: &Arc<Flow>, talks: &[PathBuf]) -> ExitCode {
    let mut faults = Vec::new();
    for talk in talks {
        let name = talk.display().to_string();
        match std::fs::read_to_string(talk) {
            Err(error) => faults.push(format!("{name}: cannot be read: {error}")),
            Ok(text) => match Talk::read(&name, &text) {
                Err(wrong) => faults.extend(wrong.iter().map(ToString::to_string)),
                Ok(talk) => match talk.play(flow) {
                    Ok(_) => println!("{name}: as written"),
                    Err(fault) => faults.push(fault.to_string()),
                },
            },
        }
    }
    if faults.is_empty() { ExitCode::SUCCESS } else { told(&faults) }
}
