//! Sockets against sockets on loopback, on free ports.

use frontdesk_sip_stack::{Flow, SipInput, Transport};
use frontdesk_sip_transport::{
    Datagrams, Full, ListenAddress, LocateFault, RouteFault, SendFault, TransportFault, TransportSettings,
    Transports, resolve,
};
use rustix::event::{EventfdFlags, eventfd};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

const OPTIONS: &str = "OPTIONS sip:desk SIP/2.0\r\nVia: SIP/2.0/UDP phone;rport;branch=z9hG4bK1\r\n\
     From: <sip:a@b>;tag=1\r\nTo: <sip:desk>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
const BYE: &str = "BYE sip:desk SIP/2.0\r\nVia: SIP/2.0/UDP phone;rport;branch=z9hG4bK2\r\n\
     From: <sip:a@b>;tag=1\r\nTo: <sip:desk>;tag=2\r\nCall-ID: c\r\nCSeq: 2 BYE\r\nContent-Length: 0\r\n\r\n";

/// A desk that takes as many inputs as it has places, and the test's end of what it took.
struct Desk {
    transports: Transports,
    places: Arc<AtomicUsize>,
    inputs: UnboundedReceiver<SipInput>,
}

fn listen(addresses: &[&str]) -> Vec<ListenAddress> {
    addresses.iter().map(|text| text.parse().unwrap()).collect()
}

impl Desk {
    async fn on(addresses: &[&str]) -> Desk {
        Desk::with_places(addresses, usize::MAX).await
    }

    async fn with_places(addresses: &[&str], places: usize) -> Desk {
        let (sender, inputs) = unbounded_channel();
        let places = Arc::new(AtomicUsize::new(places));
        let free = places.clone();
        let settings = TransportSettings::listening_on(&listen(addresses));
        let transports = Transports::start(&settings, move |input| {
            let taken = free.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |places| places.checked_sub(1));
            if taken.is_err() {
                return Err(Full(input));
            }
            let _ = sender.send(input);
            Ok(())
        });
        Desk { transports: transports.await.unwrap(), places, inputs }
    }

    fn address(&self) -> SocketAddr {
        self.transports.local_addresses()[0]
    }

    async fn next(&mut self) -> SipInput {
        timeout(Duration::from_secs(5), self.inputs.recv()).await.expect("an input comes").unwrap()
    }

    async fn received(&mut self) -> (Flow, String) {
        match self.next().await {
            SipInput::Received { flow, bytes } => (flow, String::from_utf8(bytes).unwrap()),
            other => panic!("{other:?}"),
        }
    }
}

async fn phone(ip: &str) -> UdpSocket {
    UdpSocket::bind(format!("{ip}:0")).await.unwrap()
}

async fn heard(phone: &UdpSocket) -> (String, SocketAddr) {
    let mut buffer = vec![0; 65_535];
    let (length, from) = timeout(Duration::from_secs(5), phone.recv_from(&mut buffer))
        .await
        .expect("a datagram comes")
        .unwrap();
    (String::from_utf8(buffer[..length].to_vec()).unwrap(), from)
}

#[tokio::test]
async fn a_datagram_comes_with_the_address_that_the_phone_knows_and_the_answer_leaves_from_it() {
    for (bound, reached, ip) in [
        ("udp:0.0.0.0:0", "127.0.0.1", "127.0.0.1"),
        ("udp:0.0.0.0:0", "127.0.0.2", "127.0.0.1"),
        ("udp:127.0.0.1:0", "127.0.0.1", "127.0.0.1"),
        ("udp:[::]:0", "[::1]", "[::1]"),
        ("udp:[::1]:0", "[::1]", "[::1]"),
    ] {
        let mut desk = Desk::on(&[bound]).await;
        let phone = phone(ip).await;
        let reached: SocketAddr = format!("{reached}:{}", desk.address().port()).parse().unwrap();
        phone.send_to(OPTIONS.as_bytes(), reached).await.unwrap();
        let (flow, text) = desk.received().await;
        assert_eq!(text, OPTIONS);
        let expected =
            Flow { transport: Transport::Udp, local: reached, remote: phone.local_addr().unwrap() };
        assert_eq!(flow, expected, "{bound}");
        desk.transports.send(&flow, b"SIP/2.0 200 OK\r\n\r\n").unwrap();
        assert_eq!(heard(&phone).await, ("SIP/2.0 200 OK\r\n\r\n".to_owned(), reached), "{bound}");
    }
}

#[tokio::test]
async fn both_ip_versions_listen_on_one_port() {
    // A port that is free in one version may by chance be taken in the other; then another one is tried.
    let mut pair = None;
    for _ in 0..20 {
        let desk = Desk::on(&["udp:0.0.0.0:0"]).await;
        let beside = listen(&[&format!("udp:[::]:{}", desk.address().port())]);
        if let Ok(second) = Transports::start(&TransportSettings::listening_on(&beside), |_| Ok(())).await {
            pair = Some((desk, second));
            break;
        }
    }
    let (mut desk, second) = pair.expect("both versions find a port");
    let phone = phone("127.0.0.1").await;
    phone.send_to(OPTIONS.as_bytes(), ("127.0.0.1", desk.address().port())).await.unwrap();
    desk.received().await;
    assert_eq!(second.counters().received, 0);
}

#[tokio::test]
async fn a_message_longer_than_a_packet_arrives_whole() {
    let mut desk = Desk::on(&["udp:127.0.0.1:0"]).await;
    let phone = phone("127.0.0.1").await;
    let long = format!("{OPTIONS}{}", "x".repeat(20_000));
    phone.send_to(long.as_bytes(), desk.address()).await.unwrap();
    let (flow, text) = desk.received().await;
    assert_eq!(text, long);
    desk.transports.send(&flow, long.as_bytes()).unwrap();
    assert_eq!(heard(&phone).await.0, long);
    assert_eq!(desk.transports.send(&flow, &vec![0; 70_000]), Err(SendFault::TooLong));
}

#[tokio::test]
async fn keep_alives_and_stun_do_not_reach_the_desk() {
    let mut desk = Desk::on(&["udp:127.0.0.1:0"]).await;
    let phone = phone("127.0.0.1").await;
    for datagram in [&b""[..], b"\r\n\r\n", b"\0\0\0\0", b"\0\x01\0\0\x21\x12\xa4\x42", OPTIONS.as_bytes()] {
        phone.send_to(datagram, desk.address()).await.unwrap();
    }
    assert_eq!(desk.received().await.1, OPTIONS);
    let counters = desk.transports.counters();
    assert_eq!((counters.received, counters.passed_over, counters.delivered), (5, 4, 1));
}

#[tokio::test]
async fn a_busy_desk_refuses_the_new_and_keeps_what_belongs_to_calls() {
    let mut desk = Desk::with_places(&["udp:127.0.0.1:0"], 0).await;
    let phone = phone("127.0.0.1").await;
    let response = "SIP/2.0 180 Ringing\r\n\r\n";
    for text in [BYE, response, OPTIONS] {
        phone.send_to(text.as_bytes(), desk.address()).await.unwrap();
    }
    let (refusal, _) = heard(&phone).await;
    assert!(refusal.starts_with("SIP/2.0 503 Service Unavailable\r\n"), "{refusal}");
    assert!(refusal.contains("\r\nRetry-After: 5\r\n") && refusal.contains("\r\nCSeq: 1 OPTIONS\r\n"));
    desk.places.store(usize::MAX, Ordering::SeqCst);
    assert_eq!(desk.received().await.1, BYE);
    assert_eq!(desk.received().await.1, response);
    phone.send_to(OPTIONS.as_bytes(), desk.address()).await.unwrap();
    assert_eq!(desk.received().await.1, OPTIONS);
    let counters = desk.transports.counters();
    assert_eq!((counters.refused_busy, counters.waited, counters.dropped_busy), (1, 2, 0));
}

/// Everything that came, as text; an ICMP error is the address that it names.
fn taken(datagrams: &mut Datagrams) -> Vec<String> {
    datagrams.gather();
    let text = |input| match input {
        SipInput::Received { bytes, .. } => String::from_utf8(bytes).unwrap(),
        SipInput::TransportFailed { flow } => flow.remote.to_string(),
        other => panic!("{other:?}"),
    };
    std::iter::from_fn(|| datagrams.take()).map(text).collect()
}

#[tokio::test]
async fn a_thread_that_reads_by_itself_is_woken_by_datagrams_by_errors_and_by_its_bell() {
    let settings = TransportSettings::listening_on(&listen(&["udp:127.0.0.1:0", "udp:[::1]:0"]));
    let (transports, mut datagrams) = Transports::start_apart(&settings, |_| Ok(())).await.unwrap();
    let (bell, patience) = (eventfd(0, EventfdFlags::NONBLOCK).unwrap(), Some(Duration::from_secs(5)));
    assert!(taken(&mut datagrams).is_empty());
    assert!(!datagrams.wait(bell.as_fd(), Some(Duration::ZERO)));

    let addresses = transports.local_addresses();
    for (ip, address) in ["127.0.0.1", "[::1]"].into_iter().zip(addresses) {
        let phone = phone(ip).await;
        for text in [OPTIONS, BYE] {
            phone.send_to(text.as_bytes(), address).await.unwrap();
        }
        assert!(!datagrams.wait(bell.as_fd(), patience), "it was not the bell");
        assert_eq!(taken(&mut datagrams), [OPTIONS, BYE]);
        // More than is read at once: it goes on without sleeping.
        for _ in 0..300 {
            phone.send_to(BYE.as_bytes(), address).await.unwrap();
        }
        let mut came = 0;
        while came < 300 {
            datagrams.wait(bell.as_fd(), patience);
            came += taken(&mut datagrams).len();
        }
    }

    let gone = phone("127.0.0.1").await.local_addr().unwrap();
    transports.send(&transports.flow_to(gone, Transport::Udp).unwrap(), BYE.as_bytes()).unwrap();
    assert!(!datagrams.wait(bell.as_fd(), patience));
    assert_eq!(taken(&mut datagrams), [gone.to_string()]);

    rustix::io::write(&bell, &1_u64.to_ne_bytes()).unwrap();
    assert!(datagrams.wait(bell.as_fd(), patience));
    let counters = transports.counters();
    assert_eq!((counters.received, counters.delivered, counters.unreachable), (604, 605, 1));
}

#[tokio::test]
async fn a_phone_that_is_gone_is_told_by_the_network() {
    for bound in ["udp:0.0.0.0:0", "udp:127.0.0.1:0", "udp:[::]:0", "udp:[::1]:0"] {
        let mut desk = Desk::on(&[bound]).await;
        let ip = if bound.contains('[') { "[::1]" } else { "127.0.0.1" };
        let gone = phone(ip).await.local_addr().unwrap();
        let flow = desk.transports.flow_to(gone, Transport::Udp).unwrap();
        desk.transports.send(&flow, BYE.as_bytes()).unwrap();
        match desk.next().await {
            SipInput::TransportFailed { flow: failed } => assert_eq!(failed, flow, "{bound}"),
            other => panic!("{other:?}"),
        }
        // The next message, to somebody else, is not harmed by it.
        let phone = phone(ip).await;
        let flow = desk.transports.flow_to(phone.local_addr().unwrap(), Transport::Udp).unwrap();
        desk.transports.send(&flow, BYE.as_bytes()).unwrap();
        assert_eq!(heard(&phone).await.0, BYE);
        assert_eq!(desk.transports.counters().send_failed, 0);
    }
}

/// The error of a lost datagram is pending on the socket when the next one is sent at once.
#[tokio::test]
async fn an_error_of_one_phone_is_not_blamed_on_the_next() {
    let desk = Desk::on(&["udp:127.0.0.1:0"]).await;
    let gone = phone("127.0.0.1").await.local_addr().unwrap();
    let there = phone("127.0.0.1").await;
    for round in 0..50 {
        let text = format!("{round}");
        desk.transports.send(&desk.transports.flow_to(gone, Transport::Udp).unwrap(), b"x").unwrap();
        desk.transports
            .send(
                &desk.transports.flow_to(there.local_addr().unwrap(), Transport::Udp).unwrap(),
                text.as_bytes(),
            )
            .unwrap();
        assert_eq!(heard(&there).await.0, text);
    }
    assert_eq!(desk.transports.counters().sent, 100);
}

#[tokio::test]
async fn a_flow_goes_out_by_the_listener_that_reaches_there() {
    let desk = Desk::on(&["udp:127.0.0.1:0", "udp:[::1]:0"]).await;
    let addresses = desk.transports.local_addresses();
    let flow = |remote: &str| {
        desk.transports.flow_to(remote.parse().unwrap(), Transport::Udp).map(|flow| flow.local)
    };
    assert_eq!(flow("127.0.0.1:9"), Ok(addresses[0]));
    assert_eq!(flow("[::ffff:127.0.0.1]:9"), Ok(addresses[0]));
    assert_eq!(flow("[::1]:9"), Ok(addresses[1]));

    let only_v6 = Desk::on(&["udp:[::]:0"]).await;
    let remote = "127.0.0.1:9".parse().unwrap();
    assert_eq!(only_v6.transports.flow_to(remote, Transport::Udp), Err(RouteFault::NoListener { remote }));
    let local = only_v6.transports.flow_to("[::1]:9".parse().unwrap(), Transport::Udp).unwrap().local;
    assert_eq!(local, SocketAddr::new("::1".parse().unwrap(), only_v6.address().port()));
}

#[tokio::test]
async fn a_flow_of_nobody_is_not_sent_and_the_desk_is_told() {
    let mut desk = Desk::on(&["udp:127.0.0.1:0"]).await;
    let flow = desk.transports.flow_to("127.0.0.1:9".parse().unwrap(), Transport::Udp).unwrap();
    let mut foreign = flow;
    foreign.local.set_port(1);
    assert_eq!(desk.transports.send(&foreign, b"x"), Err(SendFault::NoSocket));
    assert!(matches!(desk.next().await, SipInput::TransportFailed { flow } if flow == foreign));
    assert_eq!(desk.transports.counters().send_failed, 1);
}

#[tokio::test]
async fn what_cannot_be_listened_on_says_what_to_do() {
    async fn fault(addresses: &[&str]) -> TransportFault {
        Transports::start(&TransportSettings::listening_on(&listen(addresses)), |_| Ok(()))
            .await
            .map(|_| ())
            .unwrap_err()
    }
    let desk = Desk::on(&["udp:127.0.0.1:0"]).await;
    let port = desk.address().port();
    let taken = fault(&[&format!("udp:127.0.0.1:{port}")]).await;
    assert!(matches!(taken, TransportFault::PortTaken { .. }));
    assert_eq!(
        taken.to_string(),
        format!(
            "UDP port {port} of 127.0.0.1 is taken by another program; stop it or set another port in [sip] listen"
        )
    );
    assert!(matches!(fault(&[]).await, TransportFault::NothingToListenOn));
    assert!(matches!(fault(&["udp:192.0.2.1:0"]).await, TransportFault::AddressNotHere { .. }));
    assert!(matches!(
        fault(&["udp:127.0.0.9:5999", "udp:127.0.0.9:5999"]).await,
        TransportFault::Twice { .. }
    ));
}

#[tokio::test]
async fn a_stopped_desk_gives_its_port_back() {
    let desk = Desk::on(&["udp:127.0.0.77:0"]).await;
    let address = format!("udp:{}", desk.address());
    let Desk { transports, mut inputs, .. } = desk;
    drop(transports);
    // The reader holds the socket until the runtime has ended it; then its end of the channel is gone too.
    assert!(timeout(Duration::from_secs(5), inputs.recv()).await.expect("the reader ends").is_none());
    Desk::on(&[&address]).await;
}

#[tokio::test]
async fn hosts_are_found() {
    assert_eq!(resolve("192.0.2.1", 5060).await, Ok("192.0.2.1:5060".parse().unwrap()));
    assert_eq!(resolve("[2001:db8::1]", 1).await, Ok("[2001:db8::1]:1".parse().unwrap()));
    assert!(resolve("localhost", 5060).await.unwrap().ip().is_loopback());
    for host in ["", "a b", "[x]", "a\0", &"a".repeat(254)] {
        assert!(matches!(resolve(host, 5060).await, Err(LocateFault::NotAHost { .. })), "{host}");
    }
}
