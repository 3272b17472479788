//! `frontdesk call`, where the other side need not be foreign.

use super::desk::{Desk, binary};
use super::program::Program;
use std::process::Command;
use std::time::Duration;

/// A telephone that registers with the desk and does this when it is called.
pub fn phone(desk: &Desk, number: &str, when_called: &[&str]) -> Program {
    let mut phone = unregistered_phone(desk, number, when_called);
    phone.wait_for("it is registered", Duration::from_secs(5), |line| line.ends_with(": registered"));
    phone
}

/// A telephone that tries to register.
pub fn unregistered_phone(desk: &Desk, number: &str, when_called: &[&str]) -> Program {
    let mut command = Command::new(binary());
    command
        .args(["call", "--register", number, "--server", &desk.address.to_string(), "--password-file"])
        .arg(desk.password_file(number))
        .args(when_called);
    Program::start(&format!("phone {number}"), command)
}

/// A caller.
pub fn caller(target: &str, arguments: &[&str]) -> Program {
    let mut command = Command::new(binary());
    command.args(["call", target, "--longest", "40"]).args(arguments);
    Program::start("the caller", command)
}
