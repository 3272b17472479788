//! Runs the table.

use crate::line::{Line, PEER, STRANGER};
use crate::table::{ROWS, Row};
use frontdesk_sip_message::{Message, ParseError, Response};
use frontdesk_sip_stack::{Census, Transport};
use std::collections::BTreeMap;

#[path = "../../crates/sip-message/tests/torture/corpus.rs"]
pub mod corpus;

/// What reading it comes to, in the words of the table.
fn reading(bytes: &[u8]) -> String {
    match Message::read(bytes) {
        Ok(Message::Request(request)) => match request.fault() {
            None => "sound".to_owned(),
            Some(fault) => format!("fault: {fault}"),
        },
        Ok(Message::Response(response)) => match response.fault() {
            None => "sound".to_owned(),
            Some(fault) => format!("dropped: {fault}"),
        },
        Err(ParseError::BadResponse(fault)) => format!("dropped: {fault}"),
        Err(ParseError::Rejected(rejection)) => format!("rejected: {}", rejection.fault),
        Err(error) => format!("no message: {error}"),
    }
}

/// What a desk says to it, in the words of the table.
fn answer(bytes: &[u8], transport: Transport, remote: &str) -> String {
    let mut line = Line::new();
    line.receive(Line::flow(transport, remote), bytes);
    let mut words: Vec<_> = line.responses().iter().map(written).collect();
    if !line.calls.is_empty() {
        words.push("a call".to_owned());
    }
    if remote == STRANGER {
        assert_eq!(line.stack.census(), Census::default(), "no memory for strangers");
    }
    assert_eq!(line.settle(), Census::default(), "nothing is left of it");
    if words.is_empty() { "silence".to_owned() } else { words.join(", ") }
}

/// The status, and the headers that say more.
fn written(response: &Response) -> String {
    let mut text = response.status.to_string();
    for (name, with_value) in [
        ("Allow", false),
        ("WWW-Authenticate", false),
        ("Accept", true),
        ("Accept-Encoding", true),
        ("Unsupported", true),
        ("Retry-After", true),
    ] {
        let name = frontdesk_sip_message::HeaderName::from_token(name).expect("a name");
        if let Some(value) = response.headers.get(&name) {
            text.push_str(&format!(" {name}"));
            if with_value {
                text.push_str(&format!(": {value}"));
            }
        }
    }
    text
}

fn messages() -> BTreeMap<&'static str, corpus::Case> {
    corpus::cases().into_iter().map(|case| (case.name, case)).collect()
}

#[test]
fn every_message_of_the_two_documents_is_in_the_table() {
    let messages = messages();
    let named: Vec<_> = ROWS.iter().map(|row| row.name).collect();
    for (document, count) in [("rfc4475", 49), ("rfc5118", 12)] {
        let those: Vec<_> = messages.values().filter(|case| case.document == document).collect();
        assert_eq!(those.len(), count, "{document}");
        for case in those {
            let rows = named.iter().filter(|name| **name == case.name).count();
            assert_eq!(rows, 1, "{} has {rows} rows", case.name);
        }
    }
    assert_eq!(named.len(), messages.len());
}

#[test]
fn each_message_is_treated_as_the_table_says() {
    let messages = messages();
    let mut wrong = Vec::new();
    for Row { section, name, reads, stranger, peer } in ROWS {
        let bytes = &messages[name].bytes;
        let found =
            (reading(bytes), answer(bytes, Transport::Udp, STRANGER), answer(bytes, Transport::Udp, PEER));
        if (&*found.0, &*found.1, &*found.2) != (*reads, *stranger, *peer) {
            wrong.push(format!(
                "{section} {name}\n  {reads} | {stranger} | {peer}\n  {} | {} | {}",
                found.0, found.1, found.2
            ));
        }
    }
    assert!(wrong.is_empty(), "expected and found:\n{}", wrong.join("\n"));
}

#[test]
fn a_stream_changes_nothing_in_what_a_message_deserves() {
    let messages = messages();
    for Row { name, stranger, peer, .. } in ROWS {
        let bytes = &messages[name].bytes;
        for transport in [Transport::Tcp, Transport::Tls, Transport::Ws] {
            let found = (answer(bytes, transport, STRANGER), answer(bytes, transport, PEER));
            assert_eq!((&*found.0, &*found.1), (*stranger, *peer), "{name} by {}", transport.via_name());
        }
    }
}
