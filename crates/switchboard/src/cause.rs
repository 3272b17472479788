//! Q.850 causes and SIP statuses, each as the other (RFC 3398 §7.2.4.1 and §8.2.6.1, RFC 4497 §8.4.4).

use frontdesk_sip_message::Reason;

/// The Q.850 cause in a `Reason` header (RFC 3326), which may list several protocols.
pub(crate) fn of_reason(reason: &str) -> Option<u8> {
    let one = |text: &str| {
        text.trim().parse::<Reason>().ok().filter(|one| one.protocol.eq_ignore_ascii_case("Q.850"))
    };
    let cause = one(reason).or_else(|| reason.split(',').find_map(one))?.cause()?;
    u8::try_from(cause).ok().filter(|cause| (1..=127).contains(cause))
}

/// The cause that a final status stands for where nobody says one (RFC 3398 §8.2.6.1).
pub(crate) fn of_status(status: u16) -> Option<u8> {
    Some(match status {
        400 | 481 | 500 | 503 => 41,
        401 | 402 | 403 | 407 | 603 => 21,
        404 | 485 | 604 => 1,
        405 | 501 => 63,
        406 | 415 | 420 | 421 | 488 | 606 => 79,
        408 | 504 => 102,
        410 => 22,
        413 | 414 | 416 | 423 | 505 | 513 => 127,
        480 => 18,
        482 | 483 => 25,
        484 => 28,
        486 | 600 => 17,
        487 => 16,
        502 => 38,
        _ => return None,
    })
}

/// The status that a cause stands for (RFC 3398 §7.2.4.1); 500 for what is in no table.
pub(crate) fn to_status(cause: u8) -> u16 {
    match cause {
        1..=3 => 404,
        16 => 487,
        17 => 486,
        18 => 408,
        19 | 20 | 31 => 480,
        21 => 403,
        22 | 23 => 410,
        26 => 404,
        27 | 38 => 502,
        28 => 484,
        29 | 79 => 501,
        34 | 41 | 42 | 47 | 58 | 88 => 503,
        55 | 57 | 87 => 403,
        65 | 70 => 488,
        102 => 504,
        111 | 127 => 500,
        _ => 500,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_says_its_cause() {
        let table = [
            ("Q.850;cause=17;text=\"User busy\"", Some(17)),
            ("q.850 ; cause=16", Some(16)),
            ("SIP;cause=200;text=\"Call completed elsewhere\"", None),
            ("SIP;cause=486, Q.850;cause=17", Some(17)),
            ("Q.850;cause=0", None),
            ("Q.850;cause=999", None),
            ("Q.850", None),
            ("\u{7f}", None),
        ];
        for (text, cause) in table {
            assert_eq!(of_reason(text), cause, "{text}");
        }
    }

    #[test]
    fn every_cause_stands_for_the_status_of_the_rfc() {
        let table = [
            (1, 404),
            (16, 487),
            (17, 486),
            (18, 408),
            (19, 480),
            (21, 403),
            (22, 410),
            (27, 502),
            (28, 484),
            (31, 480),
            (34, 503),
            (38, 502),
            (41, 503),
            (55, 403),
            (58, 503),
            (65, 488),
            (79, 501),
            (102, 504),
            (111, 500),
            (99, 500),
        ];
        for (cause, status) in table {
            assert_eq!(to_status(cause), status, "{cause}");
        }
    }

    #[test]
    fn every_status_stands_for_the_cause_of_the_rfc() {
        let table = [
            (404, 1),
            (486, 17),
            (600, 17),
            (480, 18),
            (403, 21),
            (603, 21),
            (408, 102),
            (503, 41),
            (484, 28),
        ];
        for (status, cause) in table {
            assert_eq!(of_status(status), Some(cause), "{status}");
        }
        for status in [200, 302, 399, 700] {
            assert_eq!(of_status(status), None, "{status}");
        }
    }

    #[test]
    fn busy_and_unknown_survive_the_way_there_and_back() {
        for status in [404, 486, 484, 410, 502, 504, 403] {
            assert_eq!(of_status(status).map(to_status), Some(status));
        }
    }
}
