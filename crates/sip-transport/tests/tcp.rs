//! TCP over loopback: framing, limits, who opens and who closes.

mod desk;

use desk::{DEADLINE, Desk, options, reads, reads_to_end, request};
use frontdesk_sip_stack::{Flow, Transport};
use frontdesk_sip_transport::SendFault;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const HERE: &[&str] = &["tcp:127.0.0.1:0"];
const OK: &str = "SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n";
/// A time that is over soon.
const SOON: Duration = Duration::from_millis(60);

async fn phone(desk: &Desk) -> TcpStream {
    TcpStream::connect(desk.address()).await.unwrap()
}

async fn accepted(listener: &TcpListener) -> TcpStream {
    timeout(DEADLINE, listener.accept()).await.expect("a connection comes").unwrap().0
}

#[tokio::test]
async fn a_request_is_answered_over_its_connection_in_both_ip_versions() {
    for (bound, reached) in [("tcp:0.0.0.0:0", "127.0.0.1"), ("tcp:[::]:0", "[::1]"), (HERE[0], "127.0.0.1")]
    {
        let mut desk = Desk::on(&[bound]).await;
        let reached: SocketAddr = format!("{reached}:{}", desk.address().port()).parse().unwrap();
        let mut phone = TcpStream::connect(reached).await.unwrap();
        phone.write_all(options(1).as_bytes()).await.unwrap();
        let (flow, text) = desk.received().await;
        assert_eq!(text, options(1));
        let remote = phone.local_addr().unwrap();
        assert_eq!(flow, Flow { transport: Transport::Tcp, local: reached, remote });
        desk.transports.send(&flow, OK.as_bytes()).unwrap();
        reads(&mut phone, OK).await;
    }
}

#[tokio::test]
async fn messages_come_in_pieces_and_several_at_once() {
    let mut desk = Desk::on(HERE).await;
    let mut phone = phone(&desk).await;
    phone.set_nodelay(true).unwrap();
    let bye = request("BYE", 2, "a body\r\n\r\n");
    let both = format!("{}{bye}", options(1));
    for piece in both.as_bytes().chunks(7) {
        phone.write_all(piece).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(desk.received().await.1, options(1));
    assert_eq!(desk.received().await.1, bye);
    phone.write_all(format!("{both}\r\n{both}").as_bytes()).await.unwrap();
    for text in [&options(1), &bye, &options(1), &bye] {
        assert_eq!(desk.received().await.1, *text);
    }
}

#[tokio::test]
async fn pieces_of_two_phones_that_come_by_turns_are_not_mixed() {
    let mut desk = Desk::on(HERE).await;
    let (mut one, mut other) = (phone(&desk).await, phone(&desk).await);
    let (of_one, of_other) = (request("BYE", 1, "of one"), request("BYE", 2, "of the other"));
    for (a, b) in of_one.as_bytes().chunks(30).zip(of_other.as_bytes().chunks(30)) {
        one.write_all(a).await.unwrap();
        other.write_all(b).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut came = [desk.received().await, desk.received().await].map(|(flow, text)| (flow.remote, text));
    came.sort_by(|a, b| a.1.cmp(&b.1));
    assert_eq!(came, [(one.local_addr().unwrap(), of_one), (other.local_addr().unwrap(), of_other)]);
}

#[tokio::test]
async fn a_connection_that_ends_is_told_once_and_one_that_said_nothing_is_not() {
    let mut desk = Desk::on(HERE).await;
    let silent = phone(&desk).await;
    let mut pinging = phone(&desk).await;
    pinging.write_all(b"\r\n\r\n").await.unwrap();
    reads(&mut pinging, "\r\n").await;
    drop((silent, pinging));
    desk.counted(|counters| counters.closed == 2).await;
    let mut phone = phone(&desk).await;
    phone.write_all(options(1).as_bytes()).await.unwrap();
    let flow = desk.received().await.0;
    drop(phone);
    assert_eq!(desk.closed().await, flow);
    assert_eq!(desk.transports.counters().pings_answered, 1);
    desk.was_told_nothing_more();
}

#[tokio::test]
async fn a_request_back_goes_over_the_connection_that_was_accepted() {
    let mut desk = Desk::on(HERE).await;
    let mut phone = phone(&desk).await;
    phone.write_all(options(1).as_bytes()).await.unwrap();
    let flow = desk.received().await.0;
    assert_eq!(desk.transports.flow_to(flow.remote, Transport::Tcp), Ok(flow));
    desk.transports.send(&flow, options(7).as_bytes()).unwrap();
    reads(&mut phone, &options(7)).await;
    assert_eq!(desk.transports.counters().opened, 0);
}

#[tokio::test]
async fn a_connection_is_opened_once_for_all_that_wait_for_it_and_again_when_it_is_gone() {
    let mut desk = Desk::on(HERE).await;
    let trunk = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let flow = desk.transports.flow_to(trunk.local_addr().unwrap(), Transport::Tcp).unwrap();
    assert_eq!(flow.local, desk.address());
    for number in 0..3 {
        desk.transports.send(&flow, options(number).as_bytes()).unwrap();
    }
    let mut connection = accepted(&trunk).await;
    reads(&mut connection, &[options(0), options(1), options(2)].concat()).await;
    connection.write_all(OK.as_bytes()).await.unwrap();
    assert_eq!(desk.received().await, (flow, OK.to_owned()));
    assert_eq!(desk.transports.counters().opened, 1);
    drop(connection);
    assert_eq!(desk.closed().await, flow);
    // The place in the table is given back just after the news.
    let again = async {
        while desk.transports.send(&flow, options(9).as_bytes()).is_err() {
            tokio::task::yield_now().await;
        }
        reads(&mut accepted(&trunk).await, &options(9)).await;
    };
    timeout(DEADLINE, again).await.unwrap();
}

#[tokio::test]
async fn who_is_not_there_is_told_as_failed() {
    let mut desk = Desk::on(HERE).await;
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let flow = desk.transports.flow_to(gone, Transport::Tcp).unwrap();
    desk.transports.send(&flow, options(1).as_bytes()).unwrap();
    assert_eq!(desk.failed().await, flow);
    desk.was_told_nothing_more();
    assert_eq!(desk.transports.counters().open_failed, 1);
}

#[tokio::test]
async fn connections_from_here_are_bounded() {
    let mut desk = Desk::with(HERE, |settings| settings.limits.opened_max = 1).await;
    let (one, other) =
        (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let flow = |to: &TcpListener| desk.transports.flow_to(to.local_addr().unwrap(), Transport::Tcp).unwrap();
    let (first, second) = (flow(&one), flow(&other));
    desk.transports.send(&first, b"x").unwrap();
    assert_eq!(desk.transports.send(&second, b"x"), Err(SendFault::TooManyConnections));
    assert_eq!(desk.failed().await, second);
}

#[tokio::test]
async fn a_flood_of_connections_is_bounded_by_source_and_in_all() {
    let desk = Desk::with(HERE, |settings| {
        settings.limits.accepted_per_source_max = 3;
        settings.limits.accepted_max = 4;
    })
    .await;
    let mut flood = Vec::new();
    for _ in 0..5 {
        flood.push(phone(&desk).await);
    }
    desk.counted(|counters| counters.refused_connections == 2).await;
    let from = |ip: &'static str| async move {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(format!("{ip}:0").parse().unwrap()).unwrap();
        socket
    };
    let mut neighbour = from("127.0.0.2").await.connect(desk.address()).await.unwrap();
    neighbour.write_all(b"\r\n\r\n").await.unwrap();
    reads(&mut neighbour, "\r\n").await;
    let mut one_too_many = from("127.0.0.3").await.connect(desk.address()).await.unwrap();
    assert_eq!(reads_to_end(&mut one_too_many).await, "");
    drop(flood);
    desk.counted(|counters| counters.closed == 3).await;
    let mut again = phone(&desk).await;
    again.write_all(b"\r\n\r\n").await.unwrap();
    reads(&mut again, "\r\n").await;
}

const SERVED: &str = "SIP/2.0 200 OK\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n";
const UNKNOWN: &str = "SIP/2.0 401 Unauthorized\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n";

#[tokio::test]
async fn strangers_who_knocked_make_room_and_telephones_that_are_served_do_not() {
    let mut desk = Desk::with(HERE, |settings| settings.limits.accepted_max = 8).await;
    let mut crowd = Vec::new();
    for at in 0..8 {
        let mut one = phone(&desk).await;
        one.write_all(options(1).as_bytes()).await.unwrap();
        let flow = desk.received().await.0;
        let answer = if at == 0 { SERVED } else { UNKNOWN };
        desk.transports.send(&flow, answer.as_bytes()).unwrap();
        reads(&mut one, answer).await;
        crowd.push(one);
    }
    let mut newcomer = phone(&desk).await;
    assert_eq!(reads_to_end(&mut crowd[1]).await, "", "the oldest stranger goes");
    newcomer.write_all(b"\r\n\r\n").await.unwrap();
    reads(&mut newcomer, "\r\n").await;
    for at in [0, 2] {
        crowd[at].write_all(b"\r\n\r\n").await.unwrap();
        reads(&mut crowd[at], "\r\n").await;
    }
    assert_eq!(desk.transports.counters().refused_connections, 0);
}

#[tokio::test]
async fn a_telephone_that_is_served_may_be_silent_for_longer_than_a_stranger() {
    let mut desk = Desk::with(HERE, |settings| settings.limits.stranger = SOON).await;
    let (mut stranger, mut served) = (phone(&desk).await, phone(&desk).await);
    served.write_all(options(1).as_bytes()).await.unwrap();
    let flow = desk.received().await.0;
    desk.transports.send(&flow, SERVED.as_bytes()).unwrap();
    reads(&mut served, SERVED).await;
    stranger.write_all(options(1).as_bytes()).await.unwrap();
    let flow = desk.received().await.0;
    desk.transports.send(&flow, UNKNOWN.as_bytes()).unwrap();
    assert_eq!(reads_to_end(&mut stranger).await, UNKNOWN);
    assert!(timeout(3 * SOON, reads_to_end(&mut served)).await.is_err());
}

#[tokio::test]
async fn who_never_finishes_a_message_is_closed_and_who_never_begins_one_too() {
    let mut desk = Desk::with(HERE, |settings| {
        settings.limits.headers = SOON;
        settings.limits.body = SOON;
        settings.limits.unused = SOON;
    })
    .await;
    let whole = request("OPTIONS", 1, "12345");
    let (_, but_the_body) = (0, &whole[..whole.len() - 1]);
    for (begun, half_sent) in [("OPTIONS sip:desk SI", 1), (but_the_body, 2)] {
        let mut phone = phone(&desk).await;
        phone.write_all(begun.as_bytes()).await.unwrap();
        assert_eq!(reads_to_end(&mut phone).await, "");
        desk.counted(|counters| counters.closed_half_sent == half_sent).await;
    }
    assert_eq!(reads_to_end(&mut phone(&desk).await).await, "");
    desk.counted(|counters| counters.closed_idle == 1).await;
    let mut used = phone(&desk).await;
    used.write_all(options(1).as_bytes()).await.unwrap();
    desk.received().await;
    assert!(timeout(3 * SOON, reads_to_end(&mut used)).await.is_err(), "a connection in use stays");
}

#[tokio::test]
async fn a_stream_that_cannot_be_cut_is_answered_if_it_can_and_closed() {
    let mut desk = Desk::on(HERE).await;
    let no_length = options(1).replace("Content-Length: 0\r\n", "");
    let garbage = "X".repeat(70_000);
    let endless_body = options(1).replace("Content-Length: 0", "Content-Length: 70000");
    let endless_headers = format!("{}{}", options(1).trim_end(), "\r\nX: y".repeat(20_000));
    for (text, answer) in [
        (no_length, "SIP/2.0 400 "),
        (endless_body, "SIP/2.0 513 "),
        (endless_headers, "SIP/2.0 513 "),
        (garbage, ""),
    ] {
        let mut phone = phone(&desk).await;
        // The other side may close before all is written.
        let _ = phone.write_all(text.as_bytes()).await;
        let answered = reads_to_end(&mut phone).await;
        assert!(answered.starts_with(answer) && answered.is_empty() == answer.is_empty(), "{answered}");
    }
    desk.counted(|counters| counters.closed_unreadable == 4).await;
    desk.was_told_nothing_more();
}

#[tokio::test]
async fn a_busy_desk_refuses_the_new_and_does_not_read_on_before_the_rest_has_room() {
    let mut desk = Desk::on(HERE).await;
    desk.places.store(0, Ordering::SeqCst);
    let mut phone = phone(&desk).await;
    let bye = request("BYE", 2, "");
    phone.write_all(format!("{}{bye}{}", options(1), options(3)).as_bytes()).await.unwrap();
    reads(&mut phone, "SIP/2.0 503 Service Unavailable\r\n").await;
    desk.counted(|counters| counters.waited == 1).await;
    desk.places.store(usize::MAX, Ordering::SeqCst);
    assert_eq!(desk.received().await.1, bye);
    assert_eq!(desk.received().await.1, options(3));
    assert_eq!(desk.transports.counters().refused_busy, 1);
}

#[tokio::test]
async fn who_does_not_read_is_closed_while_others_are_served() {
    let mut desk = Desk::with(HERE, |settings| settings.limits.write = SOON).await;
    let (mut deaf, mut other) = (phone(&desk).await, phone(&desk).await);
    deaf.write_all(options(1).as_bytes()).await.unwrap();
    let flow = desk.received().await.0;
    let long = request("MESSAGE", 2, &"x".repeat(60_000));
    let full = async {
        // Until the machine's own buffers are full, and then the outbox.
        while desk.transports.send(&flow, long.as_bytes()).is_ok() {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, full).await.unwrap();
    desk.counted(|counters| counters.closed_slow == 1).await;
    let mut ends = [desk.next().await, desk.next().await].map(|input| format!("{input:?}"));
    ends.sort();
    assert!(ends[0].starts_with("FlowClosed") && ends[1].starts_with("TransportFailed"), "{ends:?}");
    other.write_all(options(3).as_bytes()).await.unwrap();
    assert_eq!(desk.received().await.1, options(3));
}

#[tokio::test]
async fn a_trunk_that_answers_pings_must_go_on_and_one_that_never_did_need_not() {
    let mut desk = Desk::with(HERE, |settings| {
        settings.limits.ping_every = SOON;
        settings.limits.pong = 10 * SOON;
    })
    .await;
    for answers in [false, true] {
        let trunk = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let flow = desk.transports.flow_to(trunk.local_addr().unwrap(), Transport::Tcp).unwrap();
        desk.transports.send(&flow, options(1).as_bytes()).unwrap();
        let mut connection = accepted(&trunk).await;
        reads(&mut connection, &options(1)).await;
        for _ in 0..3 {
            reads(&mut connection, "\r\n\r\n").await;
            if answers {
                connection.write_all(b"\r\n").await.unwrap();
            }
        }
        if answers {
            reads_to_end(&mut connection).await;
            assert_eq!(desk.closed().await, flow);
            assert_eq!(desk.transports.counters().closed_silent, 1);
        } else {
            connection.write_all(options(2).as_bytes()).await.unwrap();
            assert_eq!(desk.received().await, (flow, options(2)));
            drop(connection);
            assert_eq!(desk.closed().await, flow);
        }
    }
}
