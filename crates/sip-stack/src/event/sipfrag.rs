//! `message/sipfrag` (RFC 3420): how the call goes that a REFER asked for (RFC 3515 §2.4.5).

use frontdesk_sip_message::StatusCode;

/// The media type.
pub(crate) const SIPFRAG: &str = "message/sipfrag";

/// The longest first line that is read, in bytes: longer ones are no status line.
const LINE_BYTES_MAX: usize = 256;

/// A status line alone, which is all that RFC 3515 §2.4.5 asks for and all that should be told of a call of others.
pub(crate) fn write(status: StatusCode) -> Vec<u8> {
    format!("SIP/2.0 {status} {}\r\n", status.default_reason()).into_bytes()
}

/// The status of the first line. Whatever follows it is not looked at.
pub(crate) fn read(body: &[u8]) -> Option<StatusCode> {
    let line = body.split(|byte| matches!(byte, b'\r' | b'\n')).next()?;
    let rest = line.get(..LINE_BYTES_MAX.min(line.len()))?.strip_prefix(b"SIP/2.0 ")?;
    let (code, after) = rest.split_at_checked(3)?;
    let ends = matches!(after.first(), None | Some(b' '));
    let digits = code.iter().all(u8::is_ascii_digit) && ends && line.len() <= LINE_BYTES_MAX;
    let code = std::str::from_utf8(code).ok().filter(|_| digits)?;
    StatusCode::new(code.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for status in (100..700).filter_map(StatusCode::new) {
            assert_eq!(read(&write(status)), Some(status));
        }
    }

    #[test]
    fn only_a_status_line_is_a_status() {
        assert_eq!(read(b"SIP/2.0 180"), Some(StatusCode::RINGING));
        assert_eq!(read(b"SIP/2.0 200 OK\nTo: x\n"), Some(StatusCode::OK));
        for nonsense in [
            b"".as_slice(),
            b"SIP/2.0",
            b"SIP/2.0 20",
            b"SIP/2.0 2000",
            b"SIP/2.0 +20 x",
            b"SIP/2.0 099 x",
            b"SIP/2.0 700 x",
            b"INVITE sip:a@b SIP/2.0",
            b"\r\nSIP/2.0 200 OK",
            b"\xff\xfe\xfd",
        ] {
            assert_eq!(read(nonsense), None, "{nonsense:?}");
        }
        let giant = [b"SIP/2.0 200 ".as_slice(), &[b'x'; 60_000]].concat();
        assert_eq!(read(&giant), None);
    }
}
