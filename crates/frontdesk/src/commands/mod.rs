//! One file a command. Exit status: 0 done, 1 it went wrong, 2 it was asked wrongly.

pub mod bench;
pub mod call;
pub mod check;
pub mod demo;
pub mod doctor;
pub mod flow;
pub mod models;
pub mod phones;
pub mod recordings;
pub mod records;
pub mod serve;

use crate::settings::{Settings, SettingsFault};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The settings file that is taken when none is named.
pub const DEFAULT_CONFIG: &str = "sip-config/frontdesk.toml";

/// Where to read the settings from.
#[derive(Debug, clap::Args)]
pub struct ConfigArgument {
    /// The settings file
    #[arg(long, short, value_name = "FILE", default_value = DEFAULT_CONFIG)]
    pub config: PathBuf,
    /// Keep everything in this folder instead of the one that the settings name
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
}

impl ConfigArgument {
    /// The settings, or an exit status after having said what is wrong.
    fn read(&self) -> Result<Settings, ExitCode> {
        self.settings().map_err(|faults| said(&faults))
    }

    /// The settings, or everything that is wrong with them.
    fn settings(&self) -> Result<Settings, Vec<SettingsFault>> {
        let mut settings = Settings::read(&self.config)?;
        if let Some(data) = &self.data {
            settings.node.data = data.clone();
        }
        Ok(settings)
    }
}

/// The settings, or an exit status after having said what is wrong.
fn read_settings(file: &Path) -> Result<Settings, ExitCode> {
    Settings::read(file).map_err(|faults| said(&faults))
}

fn said(faults: &[SettingsFault]) -> ExitCode {
    for fault in faults {
        eprintln!("{fault}");
    }
    ExitCode::FAILURE
}

/// Says what went wrong, in one place and one way.
fn failed(why: impl std::fmt::Display) -> ExitCode {
    eprintln!("frontdesk: {why}");
    ExitCode::FAILURE
}

/// Logs go to standard error: `FRONTDESK_LOG=debug` shows more.
pub fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("FRONTDESK_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}

fn runtime() -> Result<tokio::runtime::Runtime, ExitCode> {
    tokio::runtime::Builder::new_multi_thread()
        .thread_name("connections")
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| failed(format!("no threads: {error}")))
}
