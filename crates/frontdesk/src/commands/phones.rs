//! `frontdesk phones`

use super::{ConfigArgument, failed};
use crate::accounts::Accounts;
use crate::node::Chance;
use std::process::ExitCode;

/// Arguments of `frontdesk phones`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  frontdesk phones list
  frontdesk phones reset 1001      prints the new password once; restart the desk to use it")]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// The telephones in the settings
    List {
        #[command(flatten)]
        config: ConfigArgument,
    },
    /// Make a new password for a telephone
    Reset {
        /// Its number
        number: String,
        #[command(flatten)]
        config: ConfigArgument,
    },
}

/// Lists the phones, or makes a new password.
pub fn run(arguments: &Arguments) -> ExitCode {
    let (What::List { config } | What::Reset { config, .. }) = &arguments.what;
    let settings = match config.read() {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let What::Reset { number, .. } = &arguments.what else {
        for phone in &settings.phones {
            println!("{:<8} {}", phone.number.as_str(), phone.name);
        }
        return ExitCode::SUCCESS;
    };
    let mut chance = Chance::new(None);
    let mut accounts = match Accounts::load(&settings.node.data, &settings.sip.realm) {
        Ok(accounts) => accounts,
        Err(fault) => return failed(fault),
    };
    match accounts.reset(number, &settings.phones, &mut |bytes| chance.fill(bytes)) {
        Ok(new) => {
            println!("phone {} ({}): password {}", new.account, new.name, new.password);
            println!("a desk that is open learns it when it is started again");
            ExitCode::SUCCESS
        }
        Err(fault) => failed(fault),
    }
}
