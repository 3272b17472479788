//! WebSockets over loopback (RFC 7118).

mod desk;

use desk::certificates::Authority;
use desk::{DEADLINE, Desk, options, request};
use frontdesk_sip_stack::{Flow, Transport};
use frontdesk_sip_transport::{RouteFault, SendFault};
use futures_util::{SinkExt, StreamExt};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::{self, Bytes};
use tokio_tungstenite::{WebSocketStream, client_async};

const HERE: &[&str] = &["ws:127.0.0.1:0"];
const OK: &str = "SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n";

async fn shake_hands<S>(stream: S, protocol: Option<&str>) -> Result<WebSocketStream<S>, tungstenite::Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut request = "ws://desk.example/".into_client_request().unwrap();
    if let Some(protocol) = protocol {
        request.headers_mut().insert("Sec-WebSocket-Protocol", protocol.parse().unwrap());
    }
    let (socket, response) = timeout(DEADLINE, client_async(request, stream)).await.unwrap()?;
    assert_eq!(response.headers()["Sec-WebSocket-Protocol"], "sip");
    Ok(socket)
}

async fn browser(address: SocketAddr) -> WebSocketStream<TcpStream> {
    shake_hands(TcpStream::connect(address).await.unwrap(), Some("chat, sip")).await.unwrap()
}

async fn heard<S: AsyncRead + AsyncWrite + Unpin>(browser: &mut WebSocketStream<S>) -> Option<Message> {
    timeout(DEADLINE, browser.next()).await.expect("something comes").map(Result::unwrap)
}

#[tokio::test]
async fn a_browser_talks_and_is_called_back_over_what_it_opened() {
    let mut desk = Desk::on(HERE).await;
    let mut browser = browser(desk.address()).await;
    browser.send(Message::text(options(1))).await.unwrap();
    let (flow, text) = desk.received().await;
    let remote = browser.get_ref().local_addr().unwrap();
    assert_eq!((flow, text), (Flow { transport: Transport::Ws, local: desk.address(), remote }, options(1)));
    // RFC 7118 needs no Content-Length: the frame says where a message ends.
    let no_length = options(2).replace("Content-Length: 0\r\n", "");
    browser.send(Message::binary(no_length.clone())).await.unwrap();
    assert_eq!(desk.received().await.1, no_length);
    desk.transports.send(&flow, OK.as_bytes()).unwrap();
    assert_eq!(heard(&mut browser).await, Some(Message::text(OK)));
    assert_eq!(desk.transports.flow_to(remote, Transport::Ws), Ok(flow));
    desk.transports.send(&flow, b"MESSAGE \xff").unwrap();
    assert_eq!(heard(&mut browser).await, Some(Message::binary(&b"MESSAGE \xff"[..])));
}

#[tokio::test]
async fn a_secure_websocket_is_one_over_tls() {
    let authority = Authority::new();
    let identity = authority.certify("desk", &["desk.example"]);
    let mut desk = Desk::with(&["wss:127.0.0.1:0"], |settings| settings.tls.identity = Some(identity)).await;
    let stream = TcpStream::connect(desk.address()).await.unwrap();
    let connector = TlsConnector::from(authority.client(None));
    let stream = connector.connect("desk.example".try_into().unwrap(), stream).await.unwrap();
    let mut browser = shake_hands(stream, Some("sip")).await.unwrap();
    browser.send(Message::text(options(1))).await.unwrap();
    let flow = desk.received().await.0;
    assert_eq!(flow.transport, Transport::Wss);
    desk.transports.send(&flow, OK.as_bytes()).unwrap();
    assert_eq!(heard(&mut browser).await, Some(Message::text(OK)));
}

#[tokio::test]
async fn who_does_not_ask_for_sip_is_refused_and_who_says_nothing_is_closed() {
    let desk = Desk::with(HERE, |settings| settings.limits.handshake = Duration::from_millis(500)).await;
    for protocol in [None, Some("chat"), Some("sipx, xsip")] {
        let stream = TcpStream::connect(desk.address()).await.unwrap();
        match shake_hands(stream, protocol).await {
            Err(tungstenite::Error::Http(response)) => assert_eq!(response.status(), 400),
            other => panic!("{other:?}"),
        }
    }
    let mut half = TcpStream::connect(desk.address()).await.unwrap();
    half.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    assert_eq!(desk::reads_to_end(&mut half).await, "");
    desk.counted(|counters| counters.handshake_failed == 4).await;
}

#[tokio::test]
async fn fragments_are_one_message_and_pings_come_between_them() {
    let mut desk = Desk::on(HERE).await;
    let mut browser = browser(desk.address()).await;
    let text = options(1);
    let (one, two) = text.split_at(50);
    let fragment = |text: &str, code, last| {
        Message::Frame(Frame::message(Bytes::copy_from_slice(text.as_bytes()), OpCode::Data(code), last))
    };
    browser.send(fragment(one, Data::Text, false)).await.unwrap();
    browser.send(Message::Ping(Bytes::from_static(b"there?"))).await.unwrap();
    assert_eq!(heard(&mut browser).await, Some(Message::Pong(Bytes::from_static(b"there?"))));
    browser.send(fragment(two, Data::Continue, true)).await.unwrap();
    assert_eq!(desk.received().await.1, text);
    browser.send(Message::text("\r\n\r\n")).await.unwrap();
    assert_eq!(heard(&mut browser).await, Some(Message::text("\r\n")));
}

#[tokio::test]
async fn a_websocket_that_closes_is_told_once_and_is_not_opened_again() {
    let mut desk = Desk::on(HERE).await;
    let mut browser = browser(desk.address()).await;
    browser.send(Message::text(options(1))).await.unwrap();
    let flow = desk.received().await.0;
    browser.close(None).await.unwrap();
    assert!(matches!(heard(&mut browser).await, Some(Message::Close(_))), "the close is answered");
    assert_eq!(heard(&mut browser).await, None);
    assert_eq!(desk.closed().await, flow);
    assert_eq!(desk.transports.send(&flow, OK.as_bytes()), Err(SendFault::Closed));
    assert_eq!(desk.failed().await, flow);
    desk.was_told_nothing_more();
    let stranger = "127.0.0.1:9".parse().unwrap();
    let fault = RouteFault::NotConnected { remote: stranger };
    assert_eq!(desk.transports.flow_to(stranger, Transport::Wss), Err(fault));
}

#[tokio::test]
async fn what_is_too_long_or_no_websocket_is_closed_with_a_reason() {
    let mut desk = Desk::on(HERE).await;
    for (message, code) in [
        (Message::text("x".repeat(70_000)), CloseCode::Size),
        (
            Message::Frame(Frame::message(Bytes::from_static(b"\xff\xfe"), OpCode::Data(Data::Text), true)),
            CloseCode::Invalid,
        ),
        (
            Message::Frame(Frame::message(Bytes::from_static(b"x"), OpCode::Data(Data::Continue), true)),
            CloseCode::Protocol,
        ),
    ] {
        let mut browser = browser(desk.address()).await;
        browser.send(message).await.unwrap();
        match heard(&mut browser).await {
            Some(Message::Close(Some(frame))) => assert_eq!(frame.code, code),
            other => panic!("{other:?}"),
        }
    }
    desk.counted(|counters| counters.closed_unreadable == 3).await;
    desk.was_told_nothing_more();
}

#[tokio::test]
async fn a_browser_that_answers_no_pings_is_closed() {
    let mut desk = Desk::with(HERE, |settings| {
        settings.limits.ping_every = Duration::from_millis(50);
        settings.limits.pong = Duration::from_secs(1);
    })
    .await;
    let (mut good, mut silent) = (browser(desk.address()).await, browser(desk.address()).await);
    silent.send(Message::text(request("BYE", 1, ""))).await.unwrap();
    let flow = desk.received().await.0;
    // Reading is what answers pings here; the silent one does not read.
    let closed = tokio::select! {
        closed = desk.closed() => closed,
        other = async { while let Some(Ok(_)) = good.next().await {} } => panic!("{other:?}"),
    };
    assert_eq!(closed, flow);
    assert_eq!(desk.transports.counters().closed_silent, 1);
}

#[tokio::test]
async fn a_telephone_opens_a_websocket_and_is_called_back_over_it() {
    let authority = Authority::new();
    let identity = authority.certify("desk", &["127.0.0.1"]);
    let mut desk = Desk::with(&["ws:127.0.0.1:0", "wss:127.0.0.1:0"], |settings| {
        settings.tls.identity = Some(identity);
    })
    .await;
    let mut telephone = Desk::with(&["udp:127.0.0.1:0"], |settings| {
        settings.opens_websockets = true;
        settings.tls.server_authorities = Some(authority.file());
    })
    .await;
    let places = desk.transports.local_addresses();
    for (remote, transport) in [(places[0], Transport::Ws), (places[1], Transport::Wss)] {
        let way = telephone.transports.flow_to(remote, transport).unwrap();
        telephone.transports.send(&way, options(1).as_bytes()).unwrap();
        let (back, text) = desk.received().await;
        assert_eq!((back.transport, text), (transport, options(1)));
        desk.transports.send(&back, OK.as_bytes()).unwrap();
        assert_eq!(telephone.received().await, (way, OK.to_owned()));
    }
}

#[tokio::test]
async fn who_takes_no_sip_over_websocket_is_said_to_be_that() {
    let desk = Desk::on(&["tcp:127.0.0.1:0"]).await;
    let mut telephone = Desk::with(&["udp:127.0.0.1:0"], |settings| settings.opens_websockets = true).await;
    let way = telephone.transports.flow_to(desk.address(), Transport::Ws).unwrap();
    telephone.transports.send(&way, options(1).as_bytes()).unwrap();
    assert_eq!(telephone.failed().await, way);
    let fault = telephone.transports.open_fault(desk.address(), Transport::Ws);
    assert_eq!(fault, Some(frontdesk_sip_transport::OpenFault::NoWebSocket));
}
