//! Messages over a stream, TCP or TLS (RFC 3261 §18.3), and its keep-alives (RFC 5626 §4.4.1).

use crate::chance;
use crate::connection::{Connection, End};
use crate::outbox::Next;
use crate::overload::{self, Refused};
use frontdesk_sip_message::{Frame, Framer, FramingFault, Unfinished};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

/// How much is read at once. Each connection has it, so it is no more than a usual message.
const READ_BYTES: usize = 4_096;
/// How long a connection that ends may take for its last words.
const FAREWELL: Duration = Duration::from_secs(1);
const PING: &[u8] = b"\r\n\r\n";
const PONG: &[u8] = b"\r\n";

impl Connection {
    /// Serves the connection until it ends.
    pub(crate) async fn run_stream<S: AsyncRead + AsyncWrite>(&self, stream: S) -> End {
        let (mut read, write) = tokio::io::split(stream);
        let mut writer = Writer { io: write, message: Vec::new(), written: 0 };
        let end = tokio::select! {
            end = self.read(&mut read) => end,
            end = self.write(&mut writer) => end,
        };
        if end.leaves_time() {
            self.outbox.close();
            // Whether the last words arrive is the other side's affair.
            let _ = timeout(FAREWELL, self.take_leave(&mut writer, &mut read)).await;
        }
        end
    }

    async fn read<S: AsyncRead>(&self, stream: &mut ReadHalf<S>) -> End {
        let mut framer = Framer::new();
        let mut buffer = [0; READ_BYTES];
        let opened = Instant::now();
        let mut waits = (Unfinished::Nothing, opened);
        loop {
            let whole = match self.take_frames(&mut framer).await {
                Ok(whole) => whole,
                Err(fault) => {
                    self.answer_unreadable(&fault, framer.untold());
                    return End::Unreadable;
                }
            };
            let unfinished = framer.unfinished();
            if whole || unfinished != waits.0 || unfinished == Unfinished::Nothing {
                waits = (unfinished, Instant::now());
            }
            let limits = self.limits();
            let (until, end) = match waits {
                (Unfinished::Nothing, since) => (self.silent_until(opened, since), End::Idle),
                (Unfinished::Headers, since) => (since + limits.headers, End::HalfSent),
                (Unfinished::Body, since) => (since + limits.body, End::HalfSent),
            };
            match timeout_at(until, stream.read(&mut buffer)).await {
                // It was served meanwhile, and may be silent for longer.
                Err(_) if unfinished == Unfinished::Nothing && until < self.silent_until(opened, waits.1) => {
                }
                Err(_) => return end,
                Ok(Ok(0)) => return End::ByPeer,
                Ok(Ok(length)) => framer.feed(buffer.get(..length).unwrap_or_default()),
                Ok(Err(error)) => return End::Broken(error.kind()),
            }
            self.note_heard();
        }
    }

    /// Takes every whole message and keep-alive; tells whether there was a message.
    async fn take_frames(&self, framer: &mut Framer) -> Result<bool, FramingFault> {
        let mut whole = false;
        while let Some(frame) = framer.next()? {
            match frame {
                Frame::Message(message) => {
                    self.bring(message).await;
                    whole = true;
                }
                Frame::Ping => {
                    self.tally().pings_answered.add_one();
                    self.answer(PONG.to_vec());
                }
                Frame::Pong => self.note_pong(),
            }
        }
        Ok(whole)
    }

    /// RFC 3261 §18.3: a stream without a readable length is answered 400 and closed.
    fn answer_unreadable(&self, fault: &FramingFault, message: &[u8]) {
        let refused = match fault {
            FramingFault::HeadersDoNotEnd | FramingFault::TooLong { .. } => Refused::TooLong,
            _ => Refused::NoLength,
        };
        if let Some((bytes, _)) = overload::refusal(message, self.flow.remote, refused) {
            self.answer(bytes);
        }
    }

    async fn write<S: AsyncWrite>(&self, writer: &mut Writer<S>) -> End {
        let mut ping_at = self.opened.then(|| self.next_ping());
        let mut pong_until: Option<(Instant, u64)> = None;
        loop {
            let due = ping_at.into_iter().chain(pong_until.map(|(until, _)| until)).min();
            let due_at = due.unwrap_or_else(Instant::now);
            let bytes = tokio::select! {
                next = self.outbox.next() => match next {
                    Next::Message(message) => message,
                    Next::Overflowed => return End::TooSlow,
                    Next::Closed => return End::FromHere,
                },
                () = sleep_until(due_at), if due.is_some() => {
                    if let Some((until, heard)) = pong_until && Instant::now() >= until {
                        if heard == self.heard() && self.ponged() {
                            return End::Silent;
                        }
                        pong_until = None;
                        continue;
                    }
                    ping_at = Some(self.next_ping());
                    pong_until.get_or_insert((Instant::now() + self.limits().pong, self.heard()));
                    PING.to_vec()
                }
            };
            let is_message = !bytes.iter().all(u8::is_ascii_whitespace);
            writer.load(bytes);
            if let Err(end) = writer.put(self.limits().write).await {
                return end;
            }
            if is_message {
                self.note_sent();
            }
        }
    }

    /// Pings of many connections must not fall together (RFC 5626 §4.4.1).
    fn next_ping(&self) -> Instant {
        Instant::now() + chance::about(self.limits().ping_every)
    }

    /// Sends what waits, says that no more comes, and lets the other side read it: closing a socket with unread bytes in
    /// it would take back what was sent.
    async fn take_leave<S: AsyncRead + AsyncWrite>(&self, writer: &mut Writer<S>, read: &mut ReadHalf<S>) {
        loop {
            if writer.put(FAREWELL).await.is_err() {
                return;
            }
            match self.outbox.next().await {
                Next::Message(message) => {
                    writer.load(message);
                    self.note_sent();
                }
                Next::Overflowed | Next::Closed => break,
            }
        }
        let mut unread = [0; READ_BYTES];
        if writer.io.shutdown().await.is_ok() {
            while matches!(read.read(&mut unread).await, Ok(length) if length > 0) {}
        }
    }
}

/// The writing half, and the message that is being written. Nothing is lost or written twice when a future of it is
/// dropped.
struct Writer<S> {
    io: WriteHalf<S>,
    message: Vec<u8>,
    written: usize,
}

impl<S: AsyncWrite> Writer<S> {
    fn load(&mut self, message: Vec<u8>) {
        self.message = message;
        self.written = 0;
    }

    /// Writes the rest of the message; `stall` bounds each step of it.
    async fn put(&mut self, stall: Duration) -> Result<(), End> {
        let broken = |error: io::Error| End::Broken(error.kind());
        while let Some(rest) = self.message.get(self.written..).filter(|rest| !rest.is_empty()) {
            let written = timeout(stall, self.io.write(rest)).await.map_err(|_| End::TooSlow)?;
            match written.map_err(broken)? {
                0 => return Err(End::Broken(io::ErrorKind::WriteZero)),
                length => self.written += length,
            }
        }
        timeout(stall, self.io.flush()).await.map_err(|_| End::TooSlow)?.map_err(broken)
    }
}
