//! One message after another out of a stream (RFC 3261 §7.5, §18.3), and its keep-alives (RFC 5626 §3.5.1).

use crate::error::HeaderError;
use crate::header_lines;
use crate::{HEADER_BYTES_MAX, MESSAGE_BYTES_MAX};

/// What a stream holds next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// The bytes of one message, for [`Message::read`](crate::Message::read).
    Message(Vec<u8>),
    /// Two line ends: asks for a [`Pong`](Self::Pong).
    Ping,
    /// One line end: answers a [`Ping`](Self::Ping). A ping that comes in two halves is told as a pong and a ping.
    Pong,
}

/// What a stream is in the middle of; its reader gives each so much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfinished {
    /// Of nothing: what came was whole.
    Nothing,
    /// Of the header lines of a message.
    Headers,
    /// Of the body of a message.
    Body,
}

/// Why a stream cannot be read any further and must be closed: where the next message begins is not known. The peer's
/// fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FramingFault {
    /// The headers are longer than [`HEADER_BYTES_MAX`].
    #[error("the headers do not end")]
    HeadersDoNotEnd,
    /// The message would be longer than [`MESSAGE_BYTES_MAX`].
    #[error("{length} bytes are too many for a message")]
    TooLong {
        /// How long.
        length: usize,
    },
    /// No Content-Length, which a stream must have (RFC 3261 §20.14).
    #[error("no Content-Length in a stream")]
    NoContentLength,
    /// A Content-Length that is none, or several.
    #[error(transparent)]
    ContentLength(#[from] HeaderError),
}

/// What may wait in a framer: one message that is not whole and one read behind it. More is dropped and the stream
/// given up, which only a caller who does not drain [`next`](Framer::next) can bring about.
const BUFFER_BYTES_MAX: usize = 4 * MESSAGE_BYTES_MAX;

/// Cuts a stream into messages.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    /// How far the buffer was searched for the end of the headers.
    searched: usize,
    /// Headers and body of the message at the start of the buffer, once known.
    length: Option<usize>,
    after_line_end: bool,
    fault: Option<FramingFault>,
}

impl Framer {
    /// For a new stream.
    pub fn new() -> Self {
        Framer::default()
    }

    /// Takes what was read from the stream. Drain [`next`](Self::next) afterwards.
    pub fn feed(&mut self, bytes: &[u8]) {
        let length = self.buffer.len() + bytes.len();
        if length > BUFFER_BYTES_MAX {
            self.fault.get_or_insert(FramingFault::TooLong { length });
            return;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next message or keep-alive; `None` when more bytes are needed.
    ///
    /// # Errors
    /// See [`FramingFault`]; the same fault comes again and again.
    #[allow(clippy::should_implement_trait, reason = "a stream that may go on later is no iterator")]
    pub fn next(&mut self) -> Result<Option<Frame>, FramingFault> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        if self.length.is_none()
            && let Some(keep_alive) = self.keep_alive()
        {
            return Ok(Some(keep_alive));
        }
        let frame = self.message();
        if let Err(fault) = &frame {
            self.fault = Some(fault.clone());
        }
        frame
    }

    /// What is begun and not whole, once [`next`](Self::next) said that it needs more.
    pub fn unfinished(&self) -> Unfinished {
        if self.length.is_some() {
            Unfinished::Body
        } else if self.buffer.is_empty() {
            Unfinished::Nothing
        } else {
            Unfinished::Headers
        }
    }

    /// The bytes that are taken and not told yet: after a [`FramingFault`] they begin with the message that is faulty.
    pub fn untold(&self) -> &[u8] {
        &self.buffer
    }

    fn keep_alive(&mut self) -> Option<Frame> {
        let (frame, length) = if self.buffer.starts_with(b"\r\n\r\n") {
            (Frame::Ping, 4)
        } else if self.buffer.starts_with(b"\r\n") {
            (if self.after_line_end { Frame::Ping } else { Frame::Pong }, 2)
        } else {
            return None;
        };
        self.after_line_end = frame == Frame::Pong;
        self.buffer.drain(..length);
        Some(frame)
    }

    fn message(&mut self) -> Result<Option<Frame>, FramingFault> {
        let length = match self.length {
            Some(length) => length,
            None => match self.measure()? {
                Some(length) => length,
                None => return Ok(None),
            },
        };
        self.length = Some(length);
        if self.buffer.len() < length {
            return Ok(None);
        }
        let rest = self.buffer.split_off(length);
        let message = std::mem::replace(&mut self.buffer, rest);
        self.searched = 0;
        self.length = None;
        self.after_line_end = false;
        Ok(Some(Frame::Message(message)))
    }

    /// How long the message at the start of the buffer is, once its headers are there.
    fn measure(&mut self) -> Result<Option<usize>, FramingFault> {
        // The empty line may lie across two reads: two bytes of it may have been there before.
        let from = self.searched.saturating_sub(2);
        let unsearched = self.buffer.get(from..).unwrap_or_default();
        let ends = unsearched.windows(2).any(|two| two == b"\n\n")
            || unsearched.windows(3).any(|three| three == b"\n\r\n");
        self.searched = self.buffer.len();
        if !ends {
            let endless = self.buffer.len() > HEADER_BYTES_MAX;
            return if endless { Err(FramingFault::HeadersDoNotEnd) } else { Ok(None) };
        }
        let section = header_lines::read(&self.buffer).ok_or(FramingFault::HeadersDoNotEnd)?;
        let body = section.headers.content_length()?.ok_or(FramingFault::NoContentLength)?;
        let length = (self.buffer.len() - section.rest.len()).saturating_add(body);
        if length > MESSAGE_BYTES_MAX {
            return Err(FramingFault::TooLong { length });
        }
        Ok(Some(length))
    }
}
