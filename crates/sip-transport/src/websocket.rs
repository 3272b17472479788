//! SIP over WebSocket (RFC 7118): one SIP message is one WebSocket message. The other side opens it, unless this one is a
//! telephone.

use crate::chance;
use crate::connection::{Connection, End};
use crate::outbox::Next;
use frontdesk_sip_message::MESSAGE_BYTES_MAX;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode, Uri, header};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, ClientRequestBuilder, Error};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async_with_config, client_async_with_config};

/// The subprotocol (RFC 7118 §4.1).
const SUBPROTOCOL: &str = "sip";
/// How much is read at once.
const READ_BYTES: usize = 4_096;
/// How much may wait inside the WebSocket beside what waits in the outbox: one message of the desk, and answers to pings.
const WRITE_BYTES_MAX: usize = 4 * MESSAGE_BYTES_MAX;
/// How long a connection that ends may take for its last words.
const FAREWELL: Duration = Duration::from_secs(1);

/// Makes a WebSocket of a connection, if the other side asks for SIP.
pub(crate) async fn accept<S>(stream: S) -> Result<WebSocketStream<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    accept_hdr_async_with_config(stream, choose_sip, Some(config())).await
}

/// Asks for SIP at the other end of a connection; one that agrees on something else is refused (RFC 7118 §4.1).
pub(crate) async fn ask<S>(stream: S, uri: Uri) -> Result<WebSocketStream<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let request = ClientRequestBuilder::new(uri).with_sub_protocol(SUBPROTOCOL);
    client_async_with_config(request, stream, Some(config())).await.map(|(socket, _)| socket)
}

fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BYTES_MAX)
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX))
}

/// RFC 7118 §4.1: who does not ask for the subprotocol `sip` is refused.
fn choose_sip(request: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    let asked = request.headers().get_all(header::SEC_WEBSOCKET_PROTOCOL);
    let mut names = asked.iter().filter_map(|value| value.to_str().ok()).flat_map(|list| list.split(','));
    if names.any(|name| name.trim().eq_ignore_ascii_case(SUBPROTOCOL)) {
        let chosen = HeaderValue::from_static(SUBPROTOCOL);
        response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, chosen);
        return Ok(response);
    }
    let mut refusal = ErrorResponse::new(Some("the subprotocol spoken here is sip (RFC 7118)\n".to_owned()));
    *refusal.status_mut() = StatusCode::BAD_REQUEST;
    Err(refusal)
}

type Incoming<S> = SplitStream<WebSocketStream<S>>;
type Outgoing<S> = SplitSink<WebSocketStream<S>, Message>;

impl Connection {
    /// Serves the WebSocket until it ends.
    pub(crate) async fn run_websocket<S>(&self, socket: WebSocketStream<S>) -> End
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (mut outgoing, mut incoming) = socket.split();
        let (end, code) = tokio::select! {
            ended = self.read_websocket(&mut incoming) => ended,
            end = self.write_websocket(&mut outgoing) => (end, CloseCode::Away),
        };
        if end.leaves_time() {
            self.outbox.close();
            let leaving = self.leave_websocket(&mut outgoing, &mut incoming, code);
            // Whether the last words arrive is the other side's affair.
            let _ = timeout(FAREWELL, leaving).await;
        }
        end
    }

    async fn read_websocket<S>(&self, incoming: &mut Incoming<S>) -> (End, CloseCode)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let opened = Instant::now();
        loop {
            let since = Instant::now();
            let until = self.silent_until(opened, since);
            let Ok(next) = timeout_at(until, incoming.next()).await else {
                if until < self.silent_until(opened, since) {
                    // It was served meanwhile, and may be silent for longer.
                    continue;
                }
                return (End::Idle, CloseCode::Away);
            };
            self.note_heard();
            match next {
                Some(Ok(Message::Text(text))) => self.take_message(text.as_bytes()).await,
                Some(Ok(Message::Binary(bytes))) => self.take_message(&bytes).await,
                // A ping is answered by the WebSocket itself (RFC 6455 §5.5.2).
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Close(_))) | None => return (End::ByPeer, CloseCode::Normal),
                Some(Err(error)) => return ended(&error),
            }
        }
    }

    /// A message, or a keep-alive as streams have it, which some send over WebSockets too.
    async fn take_message(&self, bytes: &[u8]) {
        if !bytes.iter().all(u8::is_ascii_whitespace) {
            self.bring(bytes.to_vec()).await;
        } else if bytes == b"\r\n\r\n" {
            self.tally().pings_answered.add_one();
            self.answer(b"\r\n".to_vec());
        }
    }

    /// RFC 6455 §5.5.3: every ping is answered, so silence is the end. A browser cannot ping by itself, and its way
    /// through a NAT is kept open by these.
    async fn write_websocket<S>(&self, outgoing: &mut Outgoing<S>) -> End
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut ping_at = self.next_websocket_ping();
        let mut pong_until: Option<(Instant, u64)> = None;
        loop {
            let due = pong_until.map_or(ping_at, |(until, _)| until.min(ping_at));
            let message = tokio::select! {
                next = self.outbox.next() => match next {
                    Next::Message(message) => wrapped(message),
                    Next::Overflowed => return End::TooSlow,
                    Next::Closed => return End::FromHere,
                },
                () = sleep_until(due) => {
                    if let Some((until, heard)) = pong_until && Instant::now() >= until {
                        if heard == self.heard() {
                            return End::Silent;
                        }
                        pong_until = None;
                        continue;
                    }
                    ping_at = self.next_websocket_ping();
                    pong_until.get_or_insert((Instant::now() + self.limits().pong, self.heard()));
                    Message::Ping(Bytes::new())
                }
            };
            let is_message = !message.is_ping();
            match timeout(self.limits().write, outgoing.send(message)).await {
                Ok(Ok(())) if is_message => self.note_sent(),
                Ok(Ok(())) => {}
                Ok(Err(error)) => return ended(&error).0,
                Err(_) => return End::TooSlow,
            }
        }
    }

    fn next_websocket_ping(&self) -> Instant {
        Instant::now() + chance::about(self.limits().ping_every)
    }

    /// Sends what waits, and takes leave as RFC 6455 §7.1.2 wants it.
    async fn leave_websocket<S>(
        &self,
        outgoing: &mut Outgoing<S>,
        incoming: &mut Incoming<S>,
        code: CloseCode,
    ) where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        while let Next::Message(message) = self.outbox.next().await {
            if outgoing.send(wrapped(message)).await.is_err() {
                break;
            }
            self.note_sent();
        }
        // A close that the other side began is answered by the WebSocket itself, and this one is refused then.
        let _ = outgoing.send(Message::Close(Some(CloseFrame { code, reason: "".into() }))).await;
        while let Some(Ok(_)) = incoming.next().await {}
    }
}

/// RFC 7118 §4.2: text if it can be, for browsers read that more easily.
fn wrapped(message: Vec<u8>) -> Message {
    match String::from_utf8(message) {
        Ok(text) => Message::text(text),
        Err(not_text) => Message::binary(not_text.into_bytes()),
    }
}

/// Why a WebSocket ends by this error, and what is said of it in farewell.
fn ended(error: &Error) -> (End, CloseCode) {
    match error {
        Error::ConnectionClosed | Error::AlreadyClosed => (End::ByPeer, CloseCode::Normal),
        Error::Io(error) => (End::Broken(error.kind()), CloseCode::Away),
        Error::Protocol(
            tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
        ) => (End::Broken(io::ErrorKind::ConnectionReset), CloseCode::Away),
        Error::Capacity(_) => (End::Unreadable, CloseCode::Size),
        Error::Utf8(_) => (End::Unreadable, CloseCode::Invalid),
        _ => (End::Unreadable, CloseCode::Protocol),
    }
}
