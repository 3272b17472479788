//! `frontdesk models`

use super::{ConfigArgument, failed};
use frontdesk_speech::models;
use std::process::ExitCode;

/// Arguments of `frontdesk models`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// The models that are there, and which one serves
    #[command(after_help = "Examples:
  frontdesk models list
  frontdesk models list --data /var/lib/frontdesk")]
    List {
        #[command(flatten)]
        config: ConfigArgument,
    },
}

/// Lists the models.
pub fn run(arguments: &Arguments) -> ExitCode {
    let What::List { config } = &arguments.what;
    let settings = match config.read() {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let serving = match models::find(&settings.node.data, settings.model.as_deref()) {
        Ok(model) => model.name,
        Err(fault) => return failed(fault),
    };
    let listed = match models::list(&settings.node.data) {
        Ok(listed) => listed,
        Err(fault) => return failed(fault),
    };
    for entry in listed {
        let place = entry.path.map_or("built in".to_owned(), |path| path.display().to_string());
        match entry.model {
            Ok(model) => println!("{:<24} {place}", model.name),
            Err(fault) => println!("{:<24} {place}: {fault}", "cannot serve"),
        }
    }
    println!("serving: {serving}");
    let folder = settings.node.data.join("models");
    println!("a larger Whisper hears better: put an official ggml-*.bin into {}", folder.display());
    ExitCode::SUCCESS
}
