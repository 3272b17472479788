//! What registrations cost that lie idle: memory.

use frontdesk_benches::machine::resident_kb;
use frontdesk_benches::open_desk::{OpenDesk, PASSWORD, PHONE};
use frontdesk_benches::registering::register;
use frontdesk_benches::table::Table;
use std::fmt::Write;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

const ACCOUNTS: usize = 200;
/// As many as the registrar takes of one account.
const CONTACTS: usize = 10;
/// Until nothing is left of what was registered: as long as a transaction may live (RFC 3261 §17.1.1.2).
const FORGOTTEN: Duration = Duration::from_secs(34);

/// Registers 2,000 contacts and looks at what they added.
///
/// Each REGISTER leaves two transactions for 32 s, which take more room than the registration: as many are sent before
/// for a single contact, so that the room that they take is there already.
pub fn measure(table: &mut Table) -> Result<(), String> {
    let desk = OpenDesk::start_with(&phones())?;
    let resident = || resident_kb(desk.process()).unwrap_or_default();
    refresh_often(desk.address).map_err(|error| error.to_string())?;
    std::thread::sleep(FORGOTTEN);
    let before = resident();
    register_all(desk.address).map_err(|error| error.to_string())?;
    let with = resident();
    let each = with.saturating_sub(before) as f64 / (ACCOUNTS * CONTACTS) as f64;
    table.figure("registration_memory", &format!("{each:.2}"), each);
    let shown = [before, with].map(|kb| format!("{:.1}", kb as f64 / 1e3)).join(", ");
    table.note(
        &format!("memory of the desk before and with {} registrations", ACCOUNTS * CONTACTS),
        "MB",
        &shown,
    );
    desk.close()
}

fn number(account: usize) -> String {
    (2_000 + account).to_string()
}

fn phones() -> String {
    (0..ACCOUNTS).fold(String::new(), |mut text, account| {
        let number = number(account);
        let _ = write!(
            text,
            "[[phone]]\nnumber = \"{number}\"\nname = \"Phone {number}\"\npassword_file = \"{PHONE}.password\"\n"
        );
        text
    })
}

fn refresh_often(desk: SocketAddr) -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    (0..ACCOUNTS * CONTACTS).try_for_each(|_| register(&socket, desk, PHONE, PASSWORD))
}

fn register_all(desk: SocketAddr) -> io::Result<()> {
    for account in 0..ACCOUNTS {
        let account = number(account);
        // All are open at the same time, so that no two have the same port.
        let sockets: Vec<UdpSocket> =
            (0..CONTACTS).map(|_| UdpSocket::bind("127.0.0.1:0")).collect::<io::Result<_>>()?;
        sockets.iter().try_for_each(|socket| register(socket, desk, &account, PASSWORD))?;
    }
    Ok(())
}
