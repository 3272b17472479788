//! Setting up calls through the real program, beside kamailio, which does less: it is a stateful proxy.
//!
//! ```text
//! cargo build --release -p frontdesk
//! cargo bench -p frontdesk-benches --bench set_up_beside_kamailio
//! cargo bench -p frontdesk-benches --bench set_up_beside_kamailio -- --repeats 1 --rates 50,100
//! ```
//!
//! sipp is every caller and the telephone that is called, of both alike; the two take turns at each rate, and the rates go
//! up until something was sent twice or failed. A call that is over leaves transactions that live for 32 s (RFC 3261 §17),
//! hence the rests, so that each climb begins with none.

mod kamailio;
mod ladder;
mod sipp;

use frontdesk_benches::machine;
use frontdesk_benches::open_desk::{OpenDesk, PASSWORD, PHONE};
use frontdesk_benches::registering;
use frontdesk_benches::table::Table;
use kamailio::Kamailio;
use ladder::{Climb, Figures, Rival};
use std::net::{SocketAddr, UdpSocket};
use std::process::ExitCode;
use std::time::Duration;

const REPEATS: usize = 3;
/// Calls a second.
const RATES: [u32; 10] = [25, 50, 100, 150, 200, 300, 400, 600, 800, 1_000];
/// The rate at which the two are compared.
const COMPARED: u32 = 50;
/// Between two climbs: as long as a transaction may live (RFC 3261 §17.1.1.2).
const REST: Duration = Duration::from_secs(33);

/// What is to be measured.
struct Wanted {
    repeats: usize,
    rates: Vec<u32>,
}

impl Wanted {
    fn read() -> Result<Wanted, String> {
        let mut wanted = Wanted { repeats: REPEATS, rates: RATES.to_vec() };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().unwrap_or_default();
            match argument.as_str() {
                // cargo says so itself.
                "--bench" => {}
                "--repeats" => wanted.repeats = value().parse().map_err(|_| "--repeats wants a number")?,
                "--rates" => {
                    let rates = value();
                    let rates = rates.split(',').map(str::parse).collect::<Result<_, _>>();
                    wanted.rates = rates.map_err(|_| "--rates wants numbers such as 50,100")?;
                }
                _ => {
                    return Err(format!(
                        "{argument} is not known: --repeats <number>, --rates <number,number>"
                    ));
                }
            }
        }
        Ok(wanted)
    }
}

fn main() -> ExitCode {
    // `cargo test --all-targets` runs benches too, to see that they start: then nothing is measured.
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("cargo bench -p frontdesk-benches --bench set_up_beside_kamailio");
        return ExitCode::SUCCESS;
    }
    if sipp::program().is_none() || kamailio::program().is_none() {
        println!("skipped: sipp and kamailio are not installed (apt-get install sip-tester kamailio)");
        return ExitCode::SUCCESS;
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("not measured: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let wanted = Wanted::read()?;
    let mut table = Table::new();
    let desk = OpenDesk::start()?;
    let phone = register(desk.address)?;
    let proxy = Kamailio::before(phone)?;
    let rivals = [
        Rival { name: "frontdesk", process: desk.process(), address: desk.address, shows_threads: true },
        Rival { name: "kamailio", process: proxy.process(), address: proxy.address, shows_threads: false },
    ];
    // The first calls of a process pay for what all later ones use.
    for rival in &rivals {
        ladder::step(rival, phone, 25)?;
    }
    let mut figures = Figures::default();
    for repeat in 0..wanted.repeats {
        if repeat > 0 {
            std::thread::sleep(REST);
        }
        println!("climb {} of {}, load {}", repeat + 1, wanted.repeats, machine::load());
        figures.add(Climb::of(&rivals, phone, &wanted.rates)?);
    }
    figures.print(&rivals);
    figures.judge(COMPARED, &mut table);
    table.print("cargo bench -p frontdesk-benches --bench set_up_beside_kamailio");
    desk.close()
}

/// Registers the telephone, and makes room for it: sipp takes its address over.
fn register(desk: SocketAddr) -> Result<SocketAddr, String> {
    let register = || {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        registering::register(&socket, desk, PHONE, PASSWORD)?;
        socket.local_addr()
    };
    register().map_err(|error| error.to_string())
}
