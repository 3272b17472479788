//! `frontdesk demo`

use super::failed;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `frontdesk demo`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  frontdesk demo
  frontdesk demo --folder /tmp/demo")]
pub struct Arguments {
    /// Where record, recordings, transcript and response times of each call are left
    #[arg(long, value_name = "FOLDER", default_value = "target/demo")]
    folder: PathBuf,
}

/// Shows the main job: three calls, from ring to record.
pub fn run(arguments: &Arguments) -> ExitCode {
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return failed(error),
    };
    match crate::demo::play(&program, &arguments.folder) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => failed("not every call did what it should"),
        Err(fault) => failed(fault),
    }
}
