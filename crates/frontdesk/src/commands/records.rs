//! `frontdesk records`

use super::{ConfigArgument, failed};
use frontdesk_call_record::CallRecord;
use frontdesk_identifiers::CallId;
use frontdesk_store::{Store, StoreFault};
use std::process::ExitCode;

/// Arguments of `frontdesk records`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  frontdesk records                      the last calls, newest first
  frontdesk records --show CALL          what was said, and how long the caller waited
  frontdesk records --show CALL --json   the whole record")]
pub struct Arguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// Show one call
    #[arg(long, value_name = "CALL")]
    show: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// How many calls to list
    #[arg(long, default_value_t = 20)]
    limit: u32,
}

/// Lists calls, or shows one.
pub fn run(arguments: &Arguments) -> ExitCode {
    let settings = match arguments.config.read() {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let runtime = match super::runtime() {
        Ok(runtime) => runtime,
        Err(code) => return code,
    };
    let store = match Store::look(&settings.node.data) {
        Ok(store) => store,
        Err(fault) => return failed(fault),
    };
    let shown = match &arguments.show {
        None => runtime.block_on(list(&store, arguments.limit)),
        Some(call) => match CallId::parse(call) {
            Ok(call) => runtime.block_on(show(&store, call, arguments.json)),
            Err(error) => return failed(error),
        },
    };
    match shown {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => failed("there is no such call"),
        Err(fault) => failed(fault),
    }
}

async fn list(store: &Store, limit: u32) -> Result<bool, StoreFault> {
    for tenant in store.tenants()? {
        for call in store.tenant(&tenant).await?.calls(limit).await? {
            let reason = call.reason.map_or("open".to_owned(), |reason| reason.to_string());
            println!("{}  {tenant}  {}  {reason}", call.started_at, call.call);
        }
    }
    Ok(true)
}

async fn show(store: &Store, call: CallId, json: bool) -> Result<bool, StoreFault> {
    for tenant in store.tenants()? {
        if let Some(record) = store.tenant(&tenant).await?.record(call).await? {
            print_record(&record, json);
            return Ok(true);
        }
    }
    Ok(false)
}

fn print_record(record: &CallRecord, json: bool) {
    if json {
        let text = serde_json::to_string_pretty(record).unwrap_or_else(|error| format!("\"{error}\""));
        println!("{text}");
    } else {
        println!("{}\n{}", record.transcript_text(), record.waterfall_text());
    }
}
