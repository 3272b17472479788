//! Two desks in one process: one plays the carrier, where the other registers and over which it calls.

use super::*;
use crate::console::Words;
use crate::doctor::{Finding, Scope, Verdict, examine};
use frontdesk_identifiers::{FlowId, TelephoneNumber, TenantId};
use frontdesk_switchboard::{OriginationId, Then};

const FLOW: &str = "format = 1\nflow = \"greet\"\nstart = \"hello\"\nlanguages = [\"en-US\"]\n\n[step.hello]\n\
                    hang_up = \"Good day.\"\n";
/// The longest that anything here may take, on a machine that does other things too.
const LONGEST: Duration = Duration::from_secs(30);

fn settings(folder: &Path, more: &str) -> Settings {
    std::fs::create_dir_all(folder).expect("a folder");
    std::fs::write(folder.join("greet.toml"), FLOW).expect("a file");
    std::fs::write(folder.join("password"), "open sesame\n").expect("a file");
    std::fs::write(folder.join("wrong"), "close sesame\n").expect("a file");
    let text =
        format!("[sip]\nlisten = [\"udp:127.0.0.1:0\", \"tcp:127.0.0.1:0\"]\n[rtp]\nports = 0\n{more}");
    Settings::parse(&folder.join("frontdesk.toml"), &text).expect("right settings")
}

/// A desk that is a carrier to others: the account 2001, and a number outside.
async fn carrier(folder: &Path) -> Node {
    let more = "[[phone]]\nnumber = \"2001\"\npassword_file = \"password\"\n[[number]]\nnumber = \"+4930100\"\n\
                flow = \"./greet.toml\"\n";
    Node::start(&settings(folder, more), Console::silent(), |_| {}).await.expect("the carrier opens")
}

/// The settings of a customer of that carrier.
fn customer(folder: &Path, carrier: &Node, transport: &str, password: &str) -> Settings {
    let at = carrier.listening.iter().find(|at| at.transport.via_name().eq_ignore_ascii_case(transport));
    let port = at.expect("it listens").address.port();
    let more = format!(
        "[[trunk]]\nname = \"line\"\nhost = \"127.0.0.1\"\nport = {port}\ntransport = \"{transport}\"\nuser = \"2001\"\n\
         password_file = \"{password}\"\nregister = true\n[[number]]\nnumber = \"200\"\nflow = \"./greet.toml\"\n"
    );
    settings(folder, &more)
}

fn call_out() -> Origination {
    Origination {
        id: OriginationId(0),
        tenant: TenantId::new("main").expect("a name"),
        shown: (None, TelephoneNumber::new("200").expect("a number")),
        first: TelephoneNumber::new("+4930100").expect("a number"),
        ring: Duration::from_secs(10),
        then: Then::Flow(FlowId::new("greet").expect("a name")),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trunk_is_found_and_registered_and_carries_a_call_from_inside() {
    let folder = tempfile::tempdir().expect("a folder");
    let carrier = carrier(&folder.path().join("carrier")).await;
    let settings = customer(&folder.path().join("desk"), &carrier, "tcp", "password");
    let (console, lines) = Console::watched(Words::Shown);
    let desk = Node::start(&settings, console, |_| {}).await.expect("the desk opens");
    let (told, desk) = tokio::task::spawn_blocking(move || {
        let until = Instant::now() + LONGEST;
        loop {
            let news = desk.originate(call_out());
            let told: Vec<_> = std::iter::from_fn(|| news.recv_timeout(LONGEST).ok()).collect();
            if told.contains(&OriginationNews::Answered) || Instant::now() > until {
                return (told, desk);
            }
            // It is tried again when something more has happened: the trunk is found, asked and registered at first.
            let _ = lines.recv_timeout(Duration::from_millis(300));
        }
    })
    .await
    .expect("a thread");
    assert!(matches!(told.first(), Some(OriginationNews::Began(_))), "{told:?}");
    assert!(told.contains(&OriginationNews::Answered), "{told:?}");
    assert!(matches!(told.last(), Some(OriginationNews::Ended(_))), "{told:?}");
    desk.stop().await.expect("every fact is kept");
    carrier.stop().await.expect("every fact is kept");
}

async fn registration(settings: &Settings) -> Finding {
    let scope = Scope { trunks: true, self_call: false };
    let findings = examine(settings, scope, |_| {}).await;
    let found = findings.iter().find(|finding| finding.what == "trunk line: registration");
    found.unwrap_or_else(|| panic!("no registration was tried: {findings:#?}")).clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_registers_for_real_and_tells_a_wrong_password_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let carrier = carrier(&folder.path().join("carrier")).await;
    let good = registration(&customer(&folder.path().join("good"), &carrier, "udp", "password")).await;
    assert!(good.verdict == Verdict::Ok && good.found.contains("granted for"), "{good}");
    let wrong = registration(&customer(&folder.path().join("bad"), &carrier, "udp", "wrong")).await;
    assert!(wrong.verdict == Verdict::Fail, "{wrong}");
    assert!(wrong.advice.as_deref().is_some_and(|advice| advice.contains("password")), "{wrong}");
    carrier.stop().await.expect("every fact is kept");
}
