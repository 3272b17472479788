//! STUN and keep-alives over loopback.

mod desk;

use desk::{DEADLINE, Desk};
use frontdesk_sip_stack::Transport;
use frontdesk_sip_transport::{StunFault, StunMessage, StunTiming, learn_external_address};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::timeout;

const QUICK: StunTiming = StunTiming { first_wait: Duration::from_millis(60), requests: 5 };

async fn heard(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = vec![0; 1_500];
    let (length, from) = timeout(DEADLINE, socket.recv_from(&mut buffer)).await.unwrap().unwrap();
    buffer.truncate(length);
    (buffer, from)
}

#[tokio::test]
async fn a_phone_learns_its_address_at_the_port_of_sip() {
    for (bound, ip) in [("udp:127.0.0.1:0", "127.0.0.1"), ("udp:[::1]:0", "[::1]")] {
        let mut desk = Desk::on(&[bound]).await;
        let phone = UdpSocket::bind(format!("{ip}:0")).await.unwrap();
        let transaction = [7; 12];
        phone.send_to(&StunMessage::request(&transaction), desk.address()).await.unwrap();
        let (answer, from) = heard(&phone).await;
        let mapped = Some(phone.local_addr().unwrap());
        assert_eq!(StunMessage::read(&answer), Ok(StunMessage::Success { transaction, mapped }));
        assert_eq!(from, desk.address());
        // An answer to a question that was never asked is none of the desk's.
        phone.send_to(&answer, desk.address()).await.unwrap();
        desk.counted(|counters| (counters.stun_answered, counters.passed_over) == (1, 1)).await;
        desk.was_told_nothing_more();
        assert!(learn_external_address(desk.address(), QUICK).await.unwrap().ip().is_loopback());
    }
}

#[tokio::test]
async fn a_lost_question_is_repeated_and_a_strangers_answer_is_passed_over() {
    let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let asking = tokio::spawn(learn_external_address(address, QUICK));
    let outside: SocketAddr = "198.51.100.7:4000".parse().unwrap();
    let (lost, _) = heard(&server).await;
    let (question, from) = heard(&server).await;
    assert_eq!(lost, question, "a repetition is the same question");
    let Ok(StunMessage::Request { transaction, .. }) = StunMessage::read(&question) else { panic!() };
    let wrong: SocketAddr = "203.0.113.9:1".parse().unwrap();
    server.send_to(&StunMessage::success(&[0; 12], wrong, false), from).await.unwrap();
    server.send_to(b"garbage", from).await.unwrap();
    let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    stranger.send_to(&StunMessage::success(&transaction, wrong, false), from).await.unwrap();
    server.send_to(&StunMessage::success(&transaction, outside, true), from).await.unwrap();
    assert_eq!(asking.await.unwrap(), Ok(outside));
}

#[tokio::test]
async fn who_does_not_answer_or_refuses_is_named() {
    let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let hasty = StunTiming { first_wait: Duration::from_millis(5), requests: 2 };
    assert_eq!(learn_external_address(address, hasty).await, Err(StunFault::NoAnswer { server: address }));
    for _ in 0..2 {
        heard(&server).await;
    }
    let asking = tokio::spawn(learn_external_address(address, QUICK));
    let (question, from) = heard(&server).await;
    let Ok(StunMessage::Request { transaction, .. }) = StunMessage::read(&question) else { panic!() };
    server.send_to(&StunMessage::not_understood(&transaction, &[1], false), from).await.unwrap();
    assert_eq!(asking.await.unwrap(), Err(StunFault::Refused { server: address, code: 420 }));
}

#[tokio::test]
async fn a_way_through_a_nat_is_kept_open_until_it_is_not_needed_any_more() {
    let desk = Desk::with(&["udp:127.0.0.1:0"], |settings| {
        settings.limits.ping_every = Duration::from_millis(20);
    })
    .await;
    let trunk = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let flow = desk.transports.flow_to(trunk.local_addr().unwrap(), Transport::Udp).unwrap();
    assert!(desk.transports.keep_alive(&flow));
    for _ in 0..2 {
        assert_eq!(heard(&trunk).await, (b"\r\n\r\n".to_vec(), desk.address()));
    }
    desk.transports.end_keep_alive(&flow);
    let silence = async {
        loop {
            heard(&trunk).await;
        }
    };
    assert!(timeout(Duration::from_millis(200), silence).await.is_err());
    assert!(desk.transports.counters().kept_alive < 6);
}
