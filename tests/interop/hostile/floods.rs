//! What costs the neighbour little and shall cost the desk little.

use crate::desk;
use crate::neighbour::{Neighbour, STRANGER, credentials, status};
use std::fmt::Write;
use std::time::{Duration, Instant};

/// A thing that a stranger sends, again and again, within what one source may send at once.
fn flood(neighbour: &Neighbour, times: usize, datagram: impl Fn(usize) -> Vec<u8>) {
    for at in 0..times {
        neighbour.send(datagram(at));
        if at % 50 == 49 {
            // The kernel's buffer holds some hundred datagrams; the desk shall see them all.
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// The desk answers within this time, whatever else it has to do.
fn is_awake(neighbour: &Neighbour) {
    let began = Instant::now();
    assert_eq!(status(&neighbour.ask(&neighbour.request("OPTIONS", "100"))), 200);
    let took = began.elapsed();
    assert!(took < Duration::from_secs(1), "it took {took:?}");
}

#[test]
fn strangers_who_call_thousands_of_times_leave_nothing_and_few_lines() {
    let mut desk = desk();
    let stranger = Neighbour::at(STRANGER, desk.address);
    let knock = stranger.invite("100", "");
    let proof = credentials(&stranger.ask(&knock), "1001", "guessed", "INVITE", &knock.uri, 1);
    let knocks = |times| {
        flood(&stranger, times, |_| {
            let mut invite = stranger.invite("100", "");
            invite.more.push(proof.clone());
            invite.text().into_bytes()
        });
        is_awake(&Neighbour::at(STRANGER, desk.address));
    };
    knocks(500);
    let before = desk.held();
    knocks(2_500);
    let after = desk.held();
    assert_eq!(after.udp_sockets, before.udp_sockets);
    let grown = after.memory_kib.saturating_sub(before.memory_kib);
    assert!(grown < 3_000, "2,500 strangers cost {grown} KiB");
    desk.program.wait_for("the flood is told", Duration::from_secs(3), |line| line.contains("locked out"));
    let output = desk.program.output();
    let told = |what: &str| output.lines().filter(|line| line.contains(what)).count();
    assert_eq!(told("sip: 127.0.0.66 guesses passwords: locked out for 60 s"), 1);
    assert!(told("sip:") <= 40, "{output}");
    desk.close();
}

#[test]
fn rubbish_of_every_kind_is_borne() {
    let mut desk = desk();
    let stranger = Neighbour::at(STRANGER, desk.address);
    // A generator of its own is enough: the fuzzers look for what is rare.
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let mut chance = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let good = stranger.invite("100", "v=0\r\n").text().into_bytes();
    let mut datagrams = Vec::new();
    for _ in 0..1_500 {
        let mut bytes = good.clone();
        match chance() % 3 {
            0 => bytes.truncate(chance() as usize % good.len()),
            1 => (0..8).for_each(|_| {
                let at = chance() as usize % good.len();
                bytes[at] = chance() as u8;
            }),
            _ => bytes = (0..chance() % 400).map(|_| chance() as u8).collect(),
        }
        datagrams.push(bytes);
    }
    flood(&stranger, datagrams.len(), |at| datagrams[at].clone());
    flood(&stranger, 200, |at| format!("SIP/2.0 {at} Odd\r\n\r\n").into_bytes());
    flood(&stranger, 200, |_| b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\r\n".to_vec());
    is_awake(&Neighbour::at(STRANGER, desk.address));
    desk.close();
}

#[test]
fn the_dearest_messages_that_fit_into_a_datagram_keep_nobody_waiting() {
    let mut desk = desk();
    let stranger = Neighbour::at(STRANGER, desk.address);
    let many = |count: usize, each: &dyn Fn(usize) -> String| {
        (0..count).fold(String::new(), |mut text, at| {
            let _ = write!(text, "{}", each(at));
            text
        })
    };
    let dear: Vec<(&str, String)> = vec![
        ("commas", format!("Contact: {}", many(4_000, &|_| "<sip:a>,".to_owned()))),
        ("parameters", format!("Contact: <sip:a{}>", many(4_000, &|at| format!(";p{at}=1")))),
        ("quotes", format!("Contact: {}", "\"\\".repeat(15_000))),
        ("brackets", format!("Contact: {}", "<".repeat(30_000))),
        ("routes", format!("Record-Route: {}", many(1_500, &|at| format!("<sip:p{at};lr>,")))),
        (
            "credentials",
            many(250, &|at| {
                format!(
                    "Authorization: Digest username=\"{at}\", realm=\"frontdesk\", nonce=\"{}\", uri=\"x\", response=\"0\", qop=auth, nc=1, cnonce=\"1\"\r\n",
                    "0".repeat(64)
                )
            }),
        ),
        (
            "credentials of one line",
            format!("Authorization: Digest {}", many(3_000, &|at| format!("p{at}=\"1\","))),
        ),
        ("folds", format!("Subject: {}", "\r\n ".repeat(9_000))),
        ("tags", format!("Require: {}", many(6_000, &|_| "abc,".to_owned()))),
        ("a body", String::new()),
    ];
    for method in ["INVITE", "REGISTER", "OPTIONS"] {
        for (name, line) in &dear {
            let mut request = stranger.request(method, "100");
            request.more = line.trim_end().split("\r\n").map(str::to_owned).collect();
            if name == &"folds" {
                request.more = vec![line.trim_end().to_owned()];
            }
            if name == &"a body" {
                request.body = "m=audio 1 RTP/AVP 0\r\n".repeat(2_500);
                request.more.push("Content-Type: application/sdp".to_owned());
            }
            let text = request.text();
            let began = Instant::now();
            (0..10).for_each(|_| stranger.send(&text));
            is_awake(&Neighbour::at(STRANGER, desk.address));
            let took = began.elapsed();
            assert!(took < Duration::from_millis(500), "{method} with {name}: ten took {took:?}");
        }
    }
    desk.close();
}
