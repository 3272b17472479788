//! A stream is the same however it is cut. Shared with the fuzz target.

use frontdesk_sip_message::{Frame, Framer, FramingFault};

/// The messages of a stream, and why it could not be read further if it could not. Keep-alives are left out: a ping cut in
/// two is told as a pong and a ping.
fn read<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> (Vec<Vec<u8>>, Option<FramingFault>) {
    let (mut framer, mut messages) = (Framer::new(), Vec::new());
    for chunk in chunks {
        framer.feed(chunk);
        loop {
            match framer.next() {
                Ok(Some(Frame::Message(message))) => messages.push(message),
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(fault) => {
                    assert_eq!(framer.next(), Err(fault.clone()), "a fault stays");
                    return (messages, Some(fault));
                }
            }
        }
    }
    (messages, None)
}

/// The first byte says how the rest is cut.
pub fn check(bytes: &[u8]) {
    let Some((cut, stream)) = bytes.split_first() else { return };
    let whole = read(std::iter::once(stream));
    let even = read(stream.chunks(usize::from(*cut) + 1));
    let (mut rest, mut step) = (stream, usize::from(*cut));
    let uneven = read(std::iter::from_fn(|| {
        step = step * 7 % 61 + 1;
        let (chunk, behind) = rest.split_at(step.min(rest.len()));
        rest = behind;
        (!chunk.is_empty()).then_some(chunk)
    }));
    assert_eq!(whole, even, "cut into pieces of {}", usize::from(*cut) + 1);
    assert_eq!(whole, uneven, "cut unevenly");
}
