//! The programs that telephones on the open network meet every day: sipvicious looks for desks, for numbers and for
//! passwords. None of them learns anything, while calls go on.

use crate::neighbour::{Neighbour, credentials, sound_address, sound_at, status};
use crate::rig::desk::{Desk, Number, PASSWORDS};
use crate::rig::flows::{GOODBYE, KEYS};
use crate::rig::program::{Program, installed};
use crate::stream::Stream;
use std::net::Ipv4Addr;
use std::process::Command;
use std::time::Duration;

/// The scanners send from where the machine likes, which is 127.0.0.1; so the carrier is elsewhere.
const CARRIER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// How long a scan may take.
const LONGEST: Duration = Duration::from_secs(10);

/// A desk that offers MD5 alone, because the cracker trips over anything else.
fn desk() -> Desk {
    let numbers = [
        Number { number: "100", flow: KEYS, record: false },
        Number { number: "101", flow: GOODBYE, record: false },
    ];
    Desk::open_with(&numbers, &[], "", |folder| {
        let file = folder.join("frontdesk.toml");
        let settings = std::fs::read_to_string(&file).expect("settings");
        let settings = settings.replace("[sip]\n", "[sip]\ndigest = [\"MD5\"]\n");
        let settings = settings.replace("\"127.0.0.1\", \"::1\"", &format!("\"{CARRIER}\""));
        std::fs::write(&file, settings).expect("settings");
    })
}

/// Lets a scanner loose on the desk.
fn start(desk: &Desk, scanner: &str, arguments: &[&str]) -> Program {
    let mut command = Command::new(installed(scanner, "sipvicious"));
    let port = desk.address.port().to_string();
    command.current_dir(desk.folder()).env("HOME", desk.folder()).env("TERM", "dumb");
    command.args(arguments).args(["-p", &port, "127.0.0.1"]);
    Program::start(scanner, command)
}

/// What a scanner printed up to its end.
fn scan(desk: &Desk, scanner: &str, arguments: &[&str]) -> String {
    let mut program = start(desk, scanner, &[arguments, &["--maximumtime", "1"]].concat());
    program.finish(LONGEST);
    program.output()
}

/// The numbers that a scanner says it has found, from its table.
fn found(output: &str) -> Vec<&str> {
    let rows = output.lines().filter(|line| line.starts_with('|') && !line.contains("Extension"));
    rows.filter_map(|row| row.split('|').nth(1)).map(str::trim).collect()
}

#[test]
fn a_scanner_does_not_learn_which_numbers_there_are() {
    let mut desk = desk();
    for method in ["REGISTER", "INVITE", "OPTIONS"] {
        let output = scan(&desk, "svwar", &["--force", "-m", method, "-e", "998-1003"]);
        assert!(output.contains("found nothing"), "{method}: {output}");
        assert!(found(&output).is_empty(), "{method}: {output}");
    }
    // It looks at six answers only, and gives up; so each of them is compared by hand.
    let stranger = Neighbour::at(Ipv4Addr::LOCALHOST, desk.address);
    for method in ["REGISTER", "INVITE", "SUBSCRIBE", "MESSAGE", "OPTIONS"] {
        let said = |user: &str| {
            let mut request = stranger.request(method, user);
            request.from = format!("<sip:{user}@{}>;tag=s", desk.address);
            request.more.push("Event: dialog".to_owned());
            if method == "MESSAGE" {
                request.more.push("Content-Type: text/plain".to_owned());
                request.body = "hello".to_owned();
            }
            let answer = stranger.ask(&request);
            let lines = answer.lines().map(|line| line.split(':').next().unwrap_or_default().to_owned());
            lines.collect::<Vec<_>>()
        };
        let nobody = said("4711");
        for user in ["1001", "1002", "100", "112"] {
            assert_eq!(said(user), nobody, "{method} {user}");
        }
    }
    desk.close();
}

#[test]
fn a_scan_for_desks_wakes_nobody() {
    let mut desk = desk();
    let phone = Neighbour::at(Ipv4Addr::new(127, 0, 0, 3), desk.address);
    phone.register(PASSWORDS[0].0, PASSWORDS[0].1);
    for method in ["OPTIONS", "INVITE", "REGISTER"] {
        start(&desk, "svmap", &["-m", method, "-e", PASSWORDS[0].0]).finish(LONGEST);
    }
    assert!(phone.receive_within(Duration::from_millis(300)).is_none(), "no telephone rings");
    desk.close();
    assert!(crate::rig::records::records(&desk.data()).is_empty(), "and nobody was let in");
}

#[test]
fn a_guesser_is_locked_out_before_the_right_password_and_no_call_notices() {
    let mut desk = desk();
    let (caller, mut stream) = (Neighbour::at(CARRIER, desk.address), Stream::at(CARRIER));
    let invite = caller.invite("100", &sound_at(stream.address()));
    let answer = caller.call(&invite);
    let (number, password) = PASSWORDS[1];
    let words = (0..60).fold(String::new(), |words, at| format!("{words}guess-{at}\n")) + password;
    std::fs::write(desk.folder().join("words"), words).expect("a file");
    let cracker = start(&desk, "svcrack", &["-u", number, "-d", "words"]);
    desk.program.wait_for("it is told", LONGEST, |line| line.contains("locked out"));
    // It does not notice, and would go on for ever.
    std::thread::sleep(Duration::from_secs(1));
    assert!(!cracker.output().contains(password), "{}", cracker.output());
    drop(cracker);
    let told = desk.program.output();
    let count = |what: &str| told.lines().filter(|line| line.contains(what)).count();
    assert_eq!(count("sip: 127.0.0.1 guesses passwords: locked out for 60 s"), 1, "{told}");
    assert!(count("does not know the password of `1002`") <= 20, "{told}");
    let guesser = Neighbour::at(Ipv4Addr::LOCALHOST, desk.address);
    let mut register = guesser.request("REGISTER", number);
    let challenge = guesser.ask(&register);
    guesser.renew(&mut register);
    register.from = register.to.clone() + ";tag=g";
    register.more.push(credentials(&challenge, number, password, "REGISTER", &register.uri, 1));
    assert_eq!(status(&guesser.ask(&register)), 401, "now the right one does not help either");

    // The call went on, others come, and the telephone whose password was guessed at registers from its own address.
    assert!(stream.hears_something(Duration::from_secs(1)));
    let other = Stream::at(CARRIER);
    assert_eq!(status(&caller.ask(&caller.invite("101", &sound_at(other.address())))), 200);
    Neighbour::at(Ipv4Addr::new(127, 0, 0, 3), desk.address).register(number, password);
    stream.press(sound_address(&answer), 2);
    caller.wait_for_request("BYE");
    desk.close();
}

#[test]
fn a_guesser_finds_the_password_where_nobody_locks_it_out() {
    // What the story above shows is the desk's doing: the same program finds what stands early enough in its list.
    let desk = desk();
    let (number, password) = PASSWORDS[1];
    std::fs::write(desk.folder().join("words"), format!("one\ntwo\n{password}\n")).expect("a file");
    let output = scan(&desk, "svcrack", &["-u", number, "-d", "words"]);
    assert!(output.contains(password), "{output}");
}
