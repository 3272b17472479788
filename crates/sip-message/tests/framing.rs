//! Messages out of a stream.

use frontdesk_sip_message::{Frame, Framer, FramingFault, MESSAGE_BYTES_MAX, Message};

const FIRST: &[u8] = b"INVITE sip:a@b SIP/2.0\r\nl: 5\r\nX: y\r\n folded\r\n\r\nhello";
const SECOND: &[u8] = b"SIP/2.0 200 OK\r\nContent-Length : 0\r\n\r\n";

fn drain(framer: &mut Framer) -> Vec<Frame> {
    let mut frames = Vec::new();
    while let Some(frame) = framer.next().expect("a sound stream") {
        frames.push(frame);
    }
    frames
}

#[test]
fn a_stream_may_be_cut_anywhere() {
    let stream = [b"\r\n\r\n", FIRST, SECOND, b"\r\n", FIRST].concat();
    for cut in 5..stream.len() {
        let mut framer = Framer::new();
        let (one, two) = stream.split_at(cut);
        framer.feed(one);
        let mut frames = drain(&mut framer);
        framer.feed(two);
        frames.extend(drain(&mut framer));
        let expected = [
            Frame::Ping,
            Frame::Message(FIRST.to_vec()),
            Frame::Message(SECOND.to_vec()),
            Frame::Pong,
            Frame::Message(FIRST.to_vec()),
        ];
        assert_eq!(frames, expected, "cut at {cut}");
    }
    for frame in [FIRST, SECOND] {
        assert!(Message::read(frame).is_ok());
    }
}

#[test]
fn a_stream_comes_byte_by_byte() {
    let mut framer = Framer::new();
    let mut frames = Vec::new();
    for byte in [FIRST, SECOND, FIRST].concat() {
        framer.feed(&[byte]);
        frames.extend(drain(&mut framer));
    }
    assert_eq!(frames.len(), 3);
}

#[test]
fn line_ends_of_both_kinds_end_the_headers() {
    for stream in [
        &b"BYE sip:a@b SIP/2.0\nl: 0\n\n"[..],
        b"BYE sip:a@b SIP/2.0\nl: 0\n\r\n",
        b"BYE sip:a@b SIP/2.0\r\nl: 0\r\n\n",
    ] {
        let mut framer = Framer::new();
        stream.chunks(1).for_each(|byte| framer.feed(byte));
        assert_eq!(drain(&mut framer), [Frame::Message(stream.to_vec())]);
    }
}

#[test]
fn a_ping_in_two_halves_is_still_a_ping() {
    let mut framer = Framer::new();
    framer.feed(b"\r\n");
    assert_eq!(drain(&mut framer), [Frame::Pong]);
    framer.feed(b"\r\n");
    assert_eq!(drain(&mut framer), [Frame::Ping]);
    framer.feed(b"\r\n");
    assert_eq!(drain(&mut framer), [Frame::Pong]);
    framer.feed(b"\r");
    assert_eq!(drain(&mut framer), []);
}

#[test]
fn a_stream_that_cannot_be_cut_is_given_up() {
    let fault = |bytes: &[u8]| {
        let mut framer = Framer::new();
        framer.feed(bytes);
        let fault = framer.next().expect_err("a fault");
        assert_eq!(framer.next(), Err(fault.clone()), "it stays given up");
        fault
    };
    assert_eq!(fault(b"BYE sip:a@b SIP/2.0\r\nX: y\r\n\r\n"), FramingFault::NoContentLength);
    assert!(matches!(fault(b"BYE sip:a@b SIP/2.0\r\nl: 1\r\nl: 1\r\n\r\n"), FramingFault::ContentLength(_)));
    assert!(matches!(fault(b"BYE sip:a@b SIP/2.0\r\nl: -1\r\n\r\n"), FramingFault::ContentLength(_)));
    assert!(matches!(fault(b"BYE sip:a@b SIP/2.0\r\nl: 65536\r\n\r\n"), FramingFault::TooLong { .. }));
    assert!(matches!(
        fault(b"BYE sip:a@b SIP/2.0\r\nl: 18446744073709551615\r\n\r\n"),
        FramingFault::TooLong { .. }
    ));
    assert_eq!(fault(&vec![b'x'; 40_000]), FramingFault::HeadersDoNotEnd);
    assert!(matches!(fault(&vec![b'\n'; 5 * MESSAGE_BYTES_MAX]), FramingFault::TooLong { .. }));
}
