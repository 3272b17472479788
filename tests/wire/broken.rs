//! Oversized, endless, half-sent, interleaved and bit-flipped input: it costs what it brings, and calls go on.

use crate::line::{Line, PEER, STRANGER};
use crate::torture::corpus;
use frontdesk_sip_message::{
    Frame, Framer, FramingFault, HEADER_BYTES_MAX, HEADER_LINES_MAX, HeaderName, MESSAGE_BYTES_MAX, Message,
    ParseError,
};
use frontdesk_sip_stack::{Census, Flow, SessionId, SipCommand, SipInput, Transport};
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nt=0 0\r\n";

/// A request of the peer in one dialog.
fn request(method: &str, number: u32, to_tag: &str, body: &str) -> Vec<u8> {
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    let length = body.len();
    format!(
        "{method} sip:100@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP {PEER};branch=z9hG4bK{method}{number}\r\nMax-Forwards: 70\r\n\
         From: <sip:alice@192.0.2.9>;tag=alice\r\nTo: <sip:100@192.0.2.1>{to_tag}\r\nCall-ID: steady\r\n\
         CSeq: {number} {method}\r\nContact: <sip:alice@{PEER}>\r\n{kind}Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// A call of the peer that stands, and the To tag of this side.
fn steady_call(line: &mut Line, flow: Flow) -> (SessionId, String) {
    line.receive(flow, &request("INVITE", 1, "", SDP));
    let session = *line.calls.first().expect("a call");
    let description = SDP.as_bytes().to_vec();
    line.input(SipInput::Command(SipCommand::Accept { session, description }));
    let answer = line.responses().pop().expect("an answer");
    let to = answer.headers.get(HeaderName::To).expect("To").to_owned();
    let (_, tag) = to.split_once(";tag=").expect("a tag");
    let tag = format!(";tag={tag}");
    line.receive(flow, &request("ACK", 1, &tag, ""));
    (session, tag)
}

/// The steady call still stands, hears what is said to it, and ends when it is told to.
fn ends_as_it_should(line: &mut Line, flow: Flow, session: SessionId, tag: &str) {
    assert!(!line.ends.contains_key(&session), "it went on");
    line.responses();
    line.receive(flow, &request("BYE", 2, tag, ""));
    assert_eq!(line.responses().pop().expect("an answer").status.as_u16(), 200);
    assert_eq!(line.ends.get(&session), Some(&1));
}

struct Rain(ChaCha12Rng);

impl Rain {
    fn below(&mut self, end: usize) -> usize {
        self.0.next_u32() as usize % end.max(1)
    }

    /// A torture message with up to eight bits flipped, sometimes cut short.
    fn drop(&mut self, messages: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = messages[self.below(messages.len())].clone();
        for _ in 0..self.below(9) {
            let at = self.below(bytes.len());
            bytes[at] ^= 1 << self.below(8);
        }
        if self.below(4) == 0 {
            bytes.truncate(self.below(bytes.len()));
        }
        bytes
    }
}

fn messages() -> Vec<Vec<u8>> {
    corpus::cases().into_iter().map(|case| case.bytes).collect()
}

#[test]
fn a_call_goes_on_while_strangers_send_broken_messages() {
    let mut line = Line::new();
    let flow = Line::flow(Transport::Udp, PEER);
    let (session, tag) = steady_call(&mut line, flow);
    line.run(std::time::Duration::from_secs(40));
    let before = line.stack.census();
    let (messages, mut rain) = (messages(), Rain(ChaCha12Rng::seed_from_u64(1)));
    for count in 0..20_000 {
        let transport = [Transport::Udp, Transport::Tcp, Transport::Ws][count % 3];
        line.receive(Line::flow(transport, STRANGER), &rain.drop(&messages));
        assert!(line.sent.len() <= 1, "one answer at most for each");
        line.sent.clear();
        line.facts.clear();
    }
    assert_eq!(line.stack.census(), before, "strangers cost no memory");
    ends_as_it_should(&mut line, flow, session, &tag);
    assert_eq!(line.settle(), Census::default());
}

#[test]
fn a_call_goes_on_while_its_own_peer_sends_broken_messages() {
    let mut line = Line::new();
    let flow = Line::flow(Transport::Udp, PEER);
    let (session, tag) = steady_call(&mut line, flow);
    let (messages, mut rain) = (messages(), Rain(ChaCha12Rng::seed_from_u64(2)));
    for count in 0..4_000_usize {
        line.receive(flow, &rain.drop(&messages));
        line.sent.clear();
        if count % 100 == 0 {
            let Census { sessions, server_transactions, client_transactions, .. } = line.stack.census();
            let most = 1 + count + 1;
            assert!(sessions <= most && server_transactions <= 2 * most && client_transactions <= most);
        }
    }
    ends_as_it_should(&mut line, flow, session, &tag);
    assert_eq!(line.settle(), Census::default());
    assert!(line.ends.values().all(|ends| *ends == 1));
}

#[test]
fn every_single_bit_of_an_invite_may_be_flipped() {
    let invite = request("INVITE", 1, "", SDP);
    for bit in 0..invite.len() * 8 {
        let mut flipped = invite.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let mut line = Line::new();
        line.receive(Line::flow(Transport::Udp, PEER), &flipped);
        line.responses();
        assert_eq!(line.settle(), Census::default(), "bit {bit}");
    }
}

#[test]
fn what_is_too_large_is_refused_unread_and_remembered_nowhere() {
    let huge = [b"INVITE sip:100@192.0.2.1 SIP/2.0\r\nX: ".to_vec(), vec![b'a'; MESSAGE_BYTES_MAX]].concat();
    assert!(matches!(Message::read(&huge), Err(ParseError::TooLong { .. })));
    let endless =
        [b"INVITE sip:100@192.0.2.1 SIP/2.0\r\nX: ".to_vec(), vec![b'a'; HEADER_BYTES_MAX]].concat();
    let crowded = {
        let text = String::from_utf8(request("INVITE", 1, "", "")).expect("text");
        text.replace("Contact: ", &format!("{}Contact: ", "X: y\r\n".repeat(HEADER_LINES_MAX))).into_bytes()
    };
    for bytes in [huge, endless, crowded] {
        let mut line = Line::new();
        line.receive(Line::flow(Transport::Udp, PEER), &bytes);
        assert!(line.calls.is_empty());
        assert_eq!(line.stack.census(), Census::default());
        assert_eq!(line.facts.len(), 1, "it is noticed");
    }
}

#[test]
fn a_stream_without_end_is_given_up_after_the_headers_that_are_allowed() {
    let mut framer = Framer::new();
    framer.feed(b"INVITE sip:100@192.0.2.1 SIP/2.0\r\n");
    let line = b"X: 0123456789012345678901234567890123456789012345678901234567\r\n";
    let lines = (0..).find(|_| {
        framer.feed(line);
        framer.next() == Err(FramingFault::HeadersDoNotEnd)
    });
    assert!(lines.expect("a fault") <= HEADER_BYTES_MAX / line.len());
    // Whoever goes on reading is told the same, and nothing more is kept than was bounded.
    for _ in 0..10_000 {
        framer.feed(line);
        assert!(framer.next().is_err());
    }
    assert!(framer.untold().len() <= 4 * MESSAGE_BYTES_MAX);
}

#[test]
fn a_body_without_end_is_refused_by_its_length_and_not_by_its_bytes() {
    for length in [MESSAGE_BYTES_MAX.to_string(), "4294967295".to_owned(), "99999999999999999999".to_owned()]
    {
        let mut framer = Framer::new();
        framer
            .feed(format!("INVITE sip:100@192.0.2.1 SIP/2.0\r\nContent-Length: {length}\r\n\r\n").as_bytes());
        assert!(framer.next().is_err(), "{length}");
    }
}

#[test]
fn half_a_message_waits_and_is_nobody_elses_hindrance() {
    let (mut half, mut whole) = (Framer::new(), Framer::new());
    let invite = request("INVITE", 1, "", SDP);
    let mut line = Line::new();
    for (at, byte) in invite.iter().enumerate() {
        whole.feed(&[*byte]);
        if at < invite.len() - 1 {
            half.feed(&[*byte]);
            assert_eq!(half.next(), Ok(None));
        }
        if let Ok(Some(Frame::Message(bytes))) = whole.next() {
            line.receive(Line::flow(Transport::Tcp, PEER), &bytes);
        }
    }
    assert_eq!(line.calls.len(), 1);
    assert_eq!(half.next(), Ok(None), "its last byte never came");
    assert_eq!(line.settle(), Census::default());
}

#[test]
fn two_connections_that_speak_by_turns_are_heard_each_for_itself() {
    let (first, second) = (request("INVITE", 1, "", SDP), request("OPTIONS", 1, "", ""));
    let (mut one, mut other) = (Framer::new(), Framer::new());
    let mut heard = Vec::new();
    let pieces = first.chunks(7).zip(second.chunks(7).chain(std::iter::repeat(&b""[..])));
    for (of_first, of_second) in pieces {
        one.feed(of_first);
        other.feed(of_second);
        for framer in [&mut one, &mut other] {
            if let Ok(Some(Frame::Message(bytes))) = framer.next() {
                heard.push(bytes);
            }
        }
    }
    heard.sort();
    let mut said = [first.clone(), second];
    said.sort();
    assert_eq!(heard, said);
    // One message within another is neither.
    let mut mixed = Framer::new();
    let (begin, end) = first.split_at(first.len() / 2);
    mixed.feed(&[begin, b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n", end].concat());
    while let Ok(Some(frame)) = mixed.next() {
        if let Frame::Message(bytes) = frame {
            let mut line = Line::new();
            line.receive(Line::flow(Transport::Tcp, PEER), &bytes);
            assert_eq!(line.settle(), Census::default());
        }
    }
}
