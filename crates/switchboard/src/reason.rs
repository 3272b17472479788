//! Why a call ended, passed on from one leg to the other: the `Reason` header (RFC 3326).

use frontdesk_sip_stack::SessionEnd;

/// Reasons of one header that are passed on. RFC 3326 §2 allows one for each protocol; there are two protocols.
const REASONS_MAX: usize = 2;

/// What of a `Reason` header is told to the other side: the protocol and its cause, written anew. A text that somebody
/// outside wrote goes no further, but for the one that telephones look for.
pub(crate) fn passed_on(reason: Option<&str>) -> Option<String> {
    let read = reason?.split(',').filter_map(read_one).take(REASONS_MAX);
    let written: Vec<String> = read.map(|(protocol, cause)| write_one(protocol, cause)).collect();
    (!written.is_empty()).then(|| written.join(", "))
}

/// The reason that the other side gave for the end of its session.
pub(crate) fn of_end(end: &SessionEnd) -> Option<String> {
    match end {
        SessionEnd::Refused { reason, .. }
        | SessionEnd::CancelledByPeer { reason }
        | SessionEnd::HungUpByPeer { reason } => passed_on(reason.as_deref()),
        _ => None,
    }
}

fn read_one(reason: &str) -> Option<(&'static str, u16)> {
    let mut parts = reason.split(';').map(str::trim);
    let protocol = parts.next()?;
    let protocol = ["Q.850", "SIP"].into_iter().find(|known| known.eq_ignore_ascii_case(protocol))?;
    let cause = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("cause").then(|| value.trim().parse::<u16>().ok())?
    })?;
    // ITU-T Q.850 has causes up to 127, SIP has statuses up to 699.
    let known = if protocol == "Q.850" { 1..=127 } else { 100..=699 };
    known.contains(&cause).then_some((protocol, cause))
}

fn write_one(protocol: &str, cause: u16) -> String {
    match (protocol, cause) {
        // RFC 3326 §3.1: a telephone that reads it does not list the call as missed.
        ("SIP", 200) => COMPLETED_ELSEWHERE.to_owned(),
        _ => format!("{protocol};cause={cause}"),
    }
}

/// Why a telephone stops ringing when the call was answered at another place (RFC 3326 §2).
pub(crate) const COMPLETED_ELSEWHERE: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_pass_and_words_do_not() {
        let told = |reason| passed_on(Some(reason));
        assert_eq!(told("Q.850;cause=17;text=\"User busy\"").as_deref(), Some("Q.850;cause=17"));
        assert_eq!(told("q.850 ; Cause = 31").as_deref(), Some("Q.850;cause=31"));
        assert_eq!(told("SIP;cause=200;text=\"x\"").as_deref(), Some(COMPLETED_ELSEWHERE));
        let both = told("SIP;cause=480, Q.850;cause=19, Q.850;cause=16");
        assert_eq!(both.as_deref(), Some("SIP;cause=480, Q.850;cause=19"));
    }

    #[test]
    fn what_is_no_reason_is_not_passed_on() {
        for reason in
            ["", "Q.850", "Q.850;cause=x", "Q.850;cause=900", "SIP;cause=7", "evil;cause=17\r\nX: 1"]
        {
            assert_eq!(passed_on(Some(reason)), None, "{reason}");
        }
        assert_eq!(passed_on(None), None);
    }
}
