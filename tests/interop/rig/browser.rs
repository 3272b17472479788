//! A telephone in a browser: Chromium without a window, in whose page SIP.js speaks SIP over WebSocket (RFC 7118).
//!
//! The page comes from a small server of the test's own, with the library as npm has laid it down. What the telephone
//! is ordered goes there as events; what happens to it are lines on the browser's console, and so of its process.

use super::desk::PASSWORDS;
use super::program::{Program, installed};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{KeyPair, PublicKeyData};
use sha2::{Digest, Sha256};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long a browser may take to start, to load its page and to register.
const OPENING: Duration = Duration::from_secs(20);

/// A browser with one telephone in it.
pub struct Browser {
    /// The process.
    pub program: Program,
    orders: Sender<String>,
    _profile: tempfile::TempDir,
}

/// Where the telephone registers.
pub struct Server<'a> {
    /// The desk, as it stands in the telephone's address.
    pub desk: SocketAddr,
    /// Where its WebSockets are taken: `ws://127.0.0.1:8080`.
    pub url: &'a str,
    /// The key of the certificate that the browser believes beside those of known authorities.
    pub trusted_key: Option<&'a Path>,
}

impl Browser {
    /// Starts a browser whose telephone has this number.
    pub fn start(number: &str, server: &Server<'_>) -> Browser {
        let profile = tempfile::tempdir().expect("a temporary folder");
        let (orders, ordered) = channel();
        let page = serve_page(ordered);
        let password =
            PASSWORDS.into_iter().find(|(phone, _)| *phone == number).expect("a phone of the desk").1;
        let Server { desk, url, trusted_key } = server;
        let mut command = Command::new(installed("chromium-headless-shell", "chromium-headless-shell"));
        command
            // Tests run as root, too, and the page is ours.
            .args(["--no-sandbox", "--disable-gpu", "--no-proxy-server", "--remote-debugging-port=0"])
            .args(["--disable-background-networking", "--enable-logging=stderr"])
            // A microphone, and nobody to be asked for it.
            .args(["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"])
            .arg(format!("--user-data-dir={}", profile.path().display()));
        if let Some(key) = trusted_key {
            command.arg(format!("--ignore-certificate-errors-spki-list={}", key_hash(key)));
        }
        command.arg(format!("http://{page}/?number={number}&password={password}&domain={desk}&server={url}"));
        let program = Program::start("the browser", command);
        Browser { program, orders, _profile: profile }
    }

    /// Starts a browser, and waits until its telephone has registered.
    pub fn register(number: &str, server: &Server<'_>) -> Browser {
        let mut browser = Browser::start(number, server);
        browser.says("registered", OPENING);
        browser
    }

    /// Gives its telephone an order: `register`, `sign-off`, `when-called 486`, `when-called answer`, `write 1002 Hello`.
    pub fn order(&self, order: &str) {
        self.orders.send(order.to_owned()).expect("the page's server lives as long as the test");
    }

    /// Waits until its telephone has said this.
    pub fn says(&mut self, what: &str, longest: Duration) {
        self.says_times(1, what, longest);
    }

    /// Waits until its telephone has said this so many times.
    pub fn says_times(&mut self, times: usize, what: &str, longest: Duration) {
        // [1120/204420.123456:INFO:CONSOLE:12] "telephone: registered", source: http://… (12)
        let line = format!("\"telephone: {what}\"");
        self.program.wait_for_times(times, what, longest, |printed| printed.contains(&line));
    }
}

/// How Chromium knows a key: the hash of its SubjectPublicKeyInfo.
fn key_hash(file: &Path) -> String {
    let key = std::fs::read_to_string(file).expect("a key");
    let key = KeyPair::from_pem(&key).expect("a key");
    STANDARD.encode(Sha256::digest(key.subject_public_key_info()))
}

/// Serves the page, its library and its orders until the test is over.
fn serve_page(ordered: Receiver<String>) -> SocketAddr {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("interop/browser");
    let library = folder.join("node_modules/sip.js");
    assert!(library.is_dir(), "{} is missing: `make test` gets it, by npm ci", library.display());
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let ordered = Arc::new(Mutex::new(ordered));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (folder, ordered) = (folder.clone(), ordered.clone());
            std::thread::spawn(move || answer(stream, &folder, &ordered));
        }
    });
    address
}

/// Answers one request. A browser that is gone meanwhile needs no answer.
fn answer(mut stream: TcpStream, folder: &Path, ordered: &Mutex<Receiver<String>>) {
    let mut lines = BufReader::new(stream.try_clone().expect("a handle")).lines().map_while(Result::ok);
    let request = lines.next().unwrap_or_default();
    lines.take_while(|line| !line.is_empty()).for_each(drop);
    let path = request.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default();
    let mut head = |kind: &str, more: &str| {
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n{more}\r\n")
    };
    if path == "/orders" {
        if head("text/event-stream", "").is_ok() {
            let ordered = ordered.lock().expect("one page at a time");
            for order in ordered.iter() {
                if write!(stream, "data: {order}\n\n").is_err() {
                    break;
                }
            }
        }
        return;
    }
    let (file, kind) = match path {
        "/" => (folder.join("telephone.html"), "text/html"),
        module => (folder.join("node_modules").join(module.trim_start_matches('/')), "text/javascript"),
    };
    let Ok(bytes) = std::fs::read(&file) else {
        let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        return;
    };
    let length = format!("Content-Length: {}\r\n", bytes.len());
    let _ = head(kind, &length).and_then(|()| stream.write_all(&bytes));
}
