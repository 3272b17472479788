//! A desk of three tenants, each of which is called, and calls its carrier, over a transport of its own: so one story is
//! told over each of them at once.

use super::certificates;
use super::desk::{Desk, settings_file};
use super::flows::Flow;
use super::relay::{Relay, free_stream_port};
use super::sipp::{Playing, Sipp};
use super::watch::{self, Spoken, Watched};
use super::wire::Wire;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// What one tenant has of its own.
pub struct Line {
    /// Over what it speaks with all.
    pub wire: Wire,
    /// From where it is called.
    pub caller: &'static str,
    /// Where its carrier is: one sipp after the other.
    carrier: SocketAddr,
    /// Where the desk finds the carrier.
    reached: SocketAddr,
    _relay: Option<Relay>,
    _watched: Option<Watched>,
}

/// The desk, and its tenants' lines.
pub struct Tenants {
    /// The desk.
    pub desk: Desk,
    /// A line for each transport.
    pub lines: Vec<Line>,
}

const CALLERS: [&str; 3] = ["127.0.0.11", "127.0.0.12", "127.0.0.13"];

impl Tenants {
    /// Opens a desk whose tenants have these numbers, and trunks to carriers with these words beside what each needs.
    pub fn open(numbers: &[(&str, Flow)], trunk: &str) -> Tenants {
        Tenants::open_with(numbers, |line| line.trunk("line", 1) + trunk)
    }

    /// The same with these tables for each.
    pub fn open_with(numbers: &[(&str, Flow)], tables: impl Fn(&Line) -> String) -> Tenants {
        let lines: Vec<_> =
            Wire::ALL.into_iter().zip(CALLERS).map(|(wire, from)| Line::new(wire, from)).collect();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
        std::fs::create_dir(folder.path().join("flows")).expect("a folder");
        certificates::write(folder.path());
        write("line.password", "line-secret\n");
        let mut settings = String::from(
            "[sip]\ndigest = [\"MD5\"]\nlisten = [\"udp:127.0.0.1:0\", \"udp:[::1]:0\", \"tcp:127.0.0.1:0\", \
             \"tls:127.0.0.1:0\"]\n\n[tls]\ncertificate = \"desk.pem\"\nkey = \"desk.key\"\nca = \"ca.pem\"\n\
             client_ca = \"ca.pem\"\n\n[rtp]\nports = 0\n",
        );
        for line in &lines {
            let (id, caller) = (line.wire.word(), line.caller);
            settings += &format!(
                "\n[[tenant]]\nid = \"{id}\"\nname = \"{id}\"\n\n[[peer]]\ntenant = \"{id}\"\nname = \"callers-{id}\"\n\
                 addresses = [\"{caller}\"]\n"
            );
            for (number, flow) in numbers {
                let name = flow.name;
                settings +=
                    &format!("\n[[number]]\ntenant = \"{id}\"\nnumber = \"{number}\"\nflow = \"{name}\"\n");
                write(&format!("flows/{name}.toml"), flow.text);
            }
            settings += &tables(line);
        }
        std::fs::write(settings_file(folder.path()), settings).expect("settings");
        Tenants { desk: Desk::open_folder(folder), lines }
    }

    /// Plays this scenario as the caller of each tenant while that one is played as its carrier; both must go as they say.
    pub fn call(&self, carrier: &str, caller: impl Fn(&Line) -> Sipp) -> Vec<[Playing; 2]> {
        self.call_to(|line| line.carrier(carrier), caller)
    }

    /// The same, where the carrier is told more.
    pub fn call_to(
        &self,
        carrier: impl Fn(&Line) -> Sipp,
        caller: impl Fn(&Line) -> Sipp,
    ) -> Vec<[Playing; 2]> {
        let carriers: Vec<_> = self.lines.iter().map(|line| line.start(carrier(line))).collect();
        let callers: Vec<_> = self.lines.iter().map(|line| caller(line).start()).collect();
        let mut played: Vec<_> = callers.into_iter().zip(carriers).map(|(one, other)| [one, other]).collect();
        played.iter_mut().flatten().for_each(Playing::succeed);
        played
    }

    /// The caller of a tenant.
    pub fn caller(&self, line: &Line, scenario: &str) -> Sipp {
        Sipp::phone(&self.desk, line.wire, line.caller, scenario, None)
    }
}

impl Line {
    fn new(wire: Wire, caller: &'static str) -> Line {
        let carrier = match wire {
            Wire::Udp => {
                UdpSocket::bind("127.0.0.1:0").and_then(|one| one.local_addr()).expect("a free port")
            }
            Wire::Tcp | Wire::Tls => free_stream_port(),
        };
        let relay = (wire == Wire::Tls).then(|| Relay::to_carrier(carrier));
        let reached = relay.as_ref().map_or(carrier, |relay| relay.address);
        // Over a stream the desk comes from any port.
        let watched = (wire != Wire::Udp).then(|| watch::speaks(&[Spoken::to(Wire::Tcp, carrier.port())]));
        Line { wire, caller, carrier, reached, _relay: relay, _watched: watched }
    }

    /// A trunk to its carrier without registration; the lower the priority, the sooner it is used.
    pub fn trunk(&self, name: &str, priority: u16) -> String {
        self.trunk_at(name, self.reached, priority)
    }

    /// The same to another address.
    pub fn trunk_at(&self, name: &str, at: SocketAddr, priority: u16) -> String {
        let (id, port) = (self.wire.word(), at.port());
        format!(
            "\n[[trunk]]\ntenant = \"{id}\"\nname = \"{name}-{id}\"\nhost = \"127.0.0.1\"\nport = {port}\n\
             transport = \"{id}\"\ncalls_from_host = false\npriority = {priority}\nnumber = \"+4930123450\"\n"
        )
    }

    /// From where its carrier brings calls.
    pub fn carrier_address(&self) -> &'static str {
        match self.wire {
            Wire::Udp => "127.0.0.21",
            Wire::Tcp => "127.0.0.22",
            Wire::Tls => "127.0.0.23",
        }
    }

    /// Its carrier, who plays this.
    pub fn carrier(&self, scenario: &str) -> Sipp {
        Sipp::at(self.carrier, self.wire, scenario)
    }

    /// Starts the carrier, and waits until it can be reached.
    pub fn start(&self, carrier: Sipp) -> Playing {
        let playing = carrier.start();
        wait_until_it_listens(self.wire, self.carrier.port());
        playing
    }
}

/// Waits until somebody has this port.
pub fn wait_until_it_listens(wire: Wire, port: u16) {
    let until = Instant::now() + Duration::from_secs(5);
    while !listens(wire, port) {
        assert!(Instant::now() < until, "nobody listens on {port} ({wire:?})");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether somebody has this port.
fn listens(wire: Wire, port: u16) -> bool {
    // sockets that listen are in state 0A; of datagrams any does
    let (table, state) = if wire == Wire::Udp { ("udp", "") } else { ("tcp", " 00000000:0000 0A ") };
    let table = std::fs::read_to_string(format!("/proc/net/{table}")).expect("the table of sockets");
    table.lines().any(|line| line.contains(&format!(":{port:04X} ")) && line.contains(state))
}
