//! Callers and the telephone they are put through to: two sockets, many calls, one thread.

use crate::sip_text::{Request, Text, description, response};
use frontdesk_benches::open_desk::{PASSWORD, PHONE};
use frontdesk_benches::registering;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// One call, as both ends see it.
#[derive(Debug, Clone)]
pub struct Call {
    /// When its INVITE was sent.
    pub invited: Instant,
    /// How long until 180 came.
    pub rang: Option<Duration>,
    /// How long until 200 came.
    pub answered: Option<Duration>,
    /// The final status that was not 200.
    pub refused: Option<u16>,
    /// Where the desk awaits the caller's sound.
    pub caller_sound: Option<SocketAddr>,
    /// Where the desk awaits the telephone's sound.
    pub phone_sound: Option<SocketAddr>,
    /// Whether nothing of it is left on the caller's side.
    pub over: bool,
    /// The To header with its tag, and the desk's contact.
    dialog: Option<(String, String)>,
    dialled: String,
}

/// All callers, and the telephone.
pub struct Telephones {
    desk: SocketAddr,
    callers: UdpSocket,
    phone: UdpSocket,
    callers_at: SocketAddr,
    phone_at: SocketAddr,
    /// Where both want their sound.
    callers_sound: u16,
    phone_sound: u16,
    calls: BTreeMap<u32, Call>,
    next: u32,
}

/// Which of the two sockets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Callers,
    Phone,
}

impl Telephones {
    /// Opens both, and registers the telephone with its password.
    pub fn open(desk: SocketAddr, callers_sound: u16, phone_sound: u16) -> io::Result<Telephones> {
        let open = || -> io::Result<(UdpSocket, SocketAddr)> {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            let here = socket.local_addr()?;
            Ok((socket, here))
        };
        let ((callers, callers_at), (phone, phone_at)) = (open()?, open()?);
        registering::register(&phone, desk, PHONE, PASSWORD)?;
        callers.set_nonblocking(true)?;
        phone.set_nonblocking(true)?;
        let calls = BTreeMap::new();
        Ok(Telephones {
            desk,
            callers,
            phone,
            callers_at,
            phone_at,
            callers_sound,
            phone_sound,
            calls,
            next: 1_000,
        })
    }

    /// Sends an INVITE for this number; the call's own number.
    pub fn place(&mut self, dialled: &str) -> u32 {
        let number = self.next;
        self.next += 1;
        let target = format!("sip:{dialled}@{}", self.desk);
        let body = description(self.callers_sound);
        let to = format!("<{target}>");
        let from = self.callers_at;
        let invite = Request {
            method: "INVITE",
            target: &target,
            from,
            number,
            to: &to,
            sequence: 1,
            branch: "i",
            body: &body,
        };
        let call = Call {
            invited: Instant::now(),
            rang: None,
            answered: None,
            refused: None,
            caller_sound: None,
            phone_sound: None,
            over: false,
            dialog: None,
            dialled: dialled.to_owned(),
        };
        self.calls.insert(number, call);
        self.send(&invite);
        number
    }

    /// Hangs up as the caller.
    pub fn hang_up(&mut self, number: u32) {
        let Some((to, contact)) = self.calls.get(&number).and_then(|call| call.dialog.clone()) else {
            return;
        };
        let from = self.callers_at;
        self.send(&Request {
            method: "BYE",
            target: &contact,
            from,
            number,
            to: &to,
            sequence: 2,
            branch: "b",
            body: "",
        });
    }

    /// A call that was placed and not forgotten.
    pub fn call(&self, number: u32) -> Option<&Call> {
        self.calls.get(&number)
    }

    /// Forgets calls, and gives them back.
    pub fn forget(&mut self, numbers: &[u32]) -> Vec<Call> {
        numbers.iter().filter_map(|number| self.calls.remove(number)).collect()
    }

    /// Answers what comes until then, or until `enough` says so.
    pub fn serve(&mut self, until: Instant, enough: impl Fn(&Telephones) -> bool) -> bool {
        loop {
            if enough(self) {
                return true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
            let mut sockets =
                [PollFd::new(&self.callers, PollFlags::IN), PollFd::new(&self.phone, PollFlags::IN)];
            // An interrupted wait is a short wait.
            let _ = poll(&mut sockets, Some(&timeout));
            self.read(End::Callers);
            self.read(End::Phone);
        }
    }

    fn read(&mut self, end: End) {
        let mut bytes = [0; 4_096];
        loop {
            let socket = if end == End::Callers { &self.callers } else { &self.phone };
            let Ok((length, _)) = socket.recv_from(&mut bytes) else { return };
            let now = Instant::now();
            let Some(Ok(text)) = bytes.get(..length).map(std::str::from_utf8) else { continue };
            let text = Text(text);
            match (text.status(), end) {
                (Some(status), End::Callers) => self.on_response(status, text, now),
                (Some(_), End::Phone) => {}
                (None, _) => self.on_request(text, end),
            }
        }
    }

    /// What the desk says to a caller.
    fn on_response(&mut self, status: u16, text: Text<'_>, now: Instant) {
        let Some(number) = text.number_in("Call-ID") else { return };
        let Some(call) = self.calls.get_mut(&number) else { return };
        let to = text.header("To").unwrap_or_default().to_owned();
        match (status, text.method()) {
            (180, "INVITE") => {
                call.rang.get_or_insert(now - call.invited);
            }
            (200, "INVITE") => {
                call.answered.get_or_insert(now - call.invited);
                call.caller_sound = text.sound();
                let contact = text.uri_in("Contact").unwrap_or_default().to_owned();
                call.dialog = Some((to.clone(), contact.clone()));
                self.acknowledge(number, &contact, &to, "a");
            }
            (300.., "INVITE") => {
                call.refused = Some(status);
                call.over = true;
                let target = format!("sip:{}@{}", call.dialled, self.desk);
                // The ACK to a refusal belongs to the INVITE's transaction (RFC 3261 §17.1.1.3).
                self.acknowledge(number, &target, &to, "i");
            }
            (200.., "BYE") => call.over = true,
            _ => {}
        }
    }

    /// What the desk wants of the telephone, or of a caller.
    fn on_request(&mut self, text: Text<'_>, end: End) {
        let here = if end == End::Callers { self.callers_at } else { self.phone_at };
        let socket = if end == End::Callers { &self.callers } else { &self.phone };
        let send = |text: String| {
            let _ = socket.send_to(text.as_bytes(), self.desk);
        };
        match text.method() {
            "ACK" => {}
            "INVITE" => {
                let caller = text.number_in("From").and_then(|number| self.calls.get_mut(&number));
                if let Some(call) = caller {
                    call.phone_sound = text.sound();
                }
                send(response(text, "180 Ringing", here, ""));
                send(response(text, "200 OK", here, &description(self.phone_sound)));
            }
            method => {
                let call = text.number_in("Call-ID").filter(|_| end == End::Callers);
                if let Some(call) = call.and_then(|number| self.calls.get_mut(&number))
                    && method == "BYE"
                {
                    call.over = true;
                }
                send(response(text, "200 OK", here, ""));
            }
        }
    }

    fn acknowledge(&self, number: u32, target: &str, to: &str, branch: &str) {
        let from = self.callers_at;
        self.send(&Request { method: "ACK", target, from, number, to, sequence: 1, branch, body: "" });
    }

    fn send(&self, request: &Request<'_>) {
        // What the desk does not get is missing in the figures.
        let _ = self.callers.send_to(request.text().as_bytes(), self.desk);
    }
}
