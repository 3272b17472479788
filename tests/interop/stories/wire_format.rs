//! A foreign reader of the wire finds nothing wrong with what desks say in all these stories.

use crate::rig::budget::Turn;
use crate::rig::desk::{Desk, Number};
use crate::rig::dissect::{Read, read};
use crate::rig::flows::OUTCOMES;
use crate::rig::records::reason;
use crate::rig::sipp::Sipp;
use crate::rig::softphone;
use crate::rig::watch::{Running, Spoken, judge_all};
use crate::rig::wire::Wire;
use frontdesk_call_record::EndReason;
use std::io::{Read as _, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};

#[test]
fn a_call_is_put_through_and_a_key_is_pressed() {
    let mut desk = Desk::open(&[Number { number: "100", flow: OUTCOMES, record: false }]);
    let mut phone = softphone::phone(
        &desk,
        "1001",
        &["--answer", "--ring", "0.5", "--dtmf", "5", "--pause", "6", "--hang-up"],
    );
    Sipp::new(&desk, "listen_to_the_end").run();
    assert_eq!(reason(&desk.closed_record()), EndReason::CalleeHungUp);
    phone.stop(std::time::Duration::from_secs(5));
    desk.close();
}

/// The last story by its name: it waits until nobody plays.
#[test]
fn whatever_desks_said_is_well_formed() {
    let _turn = Turn::alone();
    if let Some(judged) = judge_all() {
        println!("{judged:?}");
        for protocol in ["sip", "sdp", "rtp", "rtpevent", "rtcp"] {
            assert!(judged.contains_key(protocol), "there was no {protocol} to judge: {judged:?}");
        }
    }
}

/// Who says, instead of a desk, what no desk may.
struct Liar {
    talk: UdpSocket,
    sound: UdpSocket,
    listener: UdpSocket,
    ear: UdpSocket,
    stream: TcpListener,
}

impl Liar {
    /// One packet from its port of SIP.
    fn say(&self, text: &str) {
        let to = self.listener.local_addr().expect("an address");
        self.talk.send_to(text.as_bytes(), to).expect("it is sent");
    }

    /// One packet from its port of sound.
    fn sound(&self, bytes: &[u8]) {
        let to = self.ear.local_addr().expect("an address");
        self.sound.send_to(bytes, to).expect("it is sent");
    }

    /// It says where its sound comes from, and where to.
    fn agree(&self) {
        for socket in [&self.sound, &self.ear] {
            self.say(&answer(&description(&format!("audio {} RTP/AVP 0 96", port(socket)))));
        }
    }

    /// Bytes of a stream.
    fn pour(&self, text: &str) {
        let to = self.stream.local_addr().expect("an address");
        let mut from = TcpStream::connect(to).expect("it listens");
        let (mut into, _) = self.stream.accept().expect("a connection");
        into.write_all(text.as_bytes()).expect("it is sent");
        into.shutdown(Shutdown::Write).expect("it ends");
        from.read_to_end(&mut Vec::new()).expect("it arrives");
    }
}

fn port(socket: &UdpSocket) -> u16 {
    socket.local_addr().expect("an address").port()
}

fn description(media: &str) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm={media}\r\n\
         a=rtpmap:96 telephone-event/8000\r\n"
    )
}

fn answer(description: &str) -> String {
    format!(
        "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:a@127.0.0.1>;tag=1\r\n\
         To: <sip:b@127.0.0.1>;tag=2\r\nCall-ID: liar@127.0.0.1\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:127.0.0.1>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{description}",
        description.len()
    )
}

/// What is found when a liar does this.
fn found(does: impl FnOnce(&Liar)) -> Read {
    // Every second port: beside one for sound lies the one for its reports, and what is said there is judged as such.
    let free = || {
        let bound = std::iter::repeat_with(|| UdpSocket::bind("127.0.0.1:0").expect("a free port"));
        bound.take(100).find(|socket| port(socket).is_multiple_of(2)).expect("an even port")
    };
    let stream = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let liar = Liar { talk: free(), sound: free(), listener: free(), ear: free(), stream };
    let stream = liar.stream.local_addr().expect("an address").port();
    let spoken = [Spoken::from(Wire::Udp, port(&liar.talk)), Spoken::from(Wire::Tcp, stream)];
    let capture = Running::start();
    does(&liar);
    let file = capture.stop();
    read(&file.path, &spoken)
}

/// A packet of sound without sound.
const PACKET: [u8; 12] = [0x80, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1];

/// The judgement can fail.
#[test]
fn a_broken_packet_is_found_and_its_story_named() {
    let _turn = Turn::take();
    let clean = found(|liar| {
        liar.agree();
        liar.sound(&[&PACKET[..], &[0xFF; 160]].concat());
        liar.say("\r\n\r\n");
        liar.pour(&(answer(&description("audio 9 RTP/AVP 0")) + "\r\n\r\n"));
    });
    assert!(clean.findings.is_empty(), "{:?}", clean.findings);
    assert_eq!((clean.known["sip"], clean.known["sdp"], clean.known["rtp"]), (3, 3, 1));

    let lies = found(|liar| {
        liar.say(&answer(&description("audio")));
        liar.say(&answer(&description("audio 9 RTP/AVP 0").replace("c=IN IP4 127.0.0.1\r\n", "")));
        liar.say(&answer("").replace("SIP/2.0/UDP", "SIP/2.0/"));
        liar.say("SOMETHING ELSE\r\n\r\n");
        liar.pour("something else\r\n\r\n");
        liar.agree();
        liar.sound(&PACKET[..7]);
        liar.sound(b"something else");
        liar.sound(&[0x80, 96, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 1]);
    });
    lies.findings.iter().for_each(|finding| println!("{finding}"));
    assert_eq!(lies.findings.len(), 8, "each of them");
    for finding in lies.findings {
        assert!(finding.story.ends_with("a_broken_packet_is_found_and_its_story_named"), "{finding:?}");
    }
}
