//! Who sends: RFC 3264 §5.1, §6.1, RFC 8866 §6.7.

use frontdesk_media_protocol::Direction;

/// The name of the attribute.
pub(crate) const fn name(direction: Direction) -> &'static str {
    match direction {
        Direction::SendReceive => "sendrecv",
        Direction::SendOnly => "sendonly",
        Direction::ReceiveOnly => "recvonly",
        Direction::Inactive => "inactive",
    }
}

/// The direction that an attribute of this name says, if it is one.
pub(crate) fn by_name(text: &str) -> Option<Direction> {
    [Direction::SendReceive, Direction::SendOnly, Direction::ReceiveOnly, Direction::Inactive]
        .into_iter()
        .find(|d| name(*d).eq_ignore_ascii_case(text))
}

/// A direction out of its two halves.
const fn of(sends: bool, receives: bool) -> Direction {
    match (sends, receives) {
        (true, true) => Direction::SendReceive,
        (true, false) => Direction::SendOnly,
        (false, true) => Direction::ReceiveOnly,
        (false, false) => Direction::Inactive,
    }
}

/// What is left for this side of what the other side says and what this side wants: each way flows only if
/// its sender sends and its receiver receives (RFC 3264 §6.1). `reachable` is false for `c=0.0.0.0`, which
/// forbids sending whatever the attribute says (RFC 3264 §8.4).
pub(crate) const fn agree(local: Direction, remote: Direction, reachable: bool) -> Direction {
    of(local.sends() && remote.receives() && reachable, local.receives() && remote.sends())
}

#[cfg(test)]
mod tests {
    use super::*;
    use Direction::{Inactive, ReceiveOnly, SendOnly, SendReceive};

    #[test]
    fn each_way_flows_only_if_both_ends_want_it() {
        for (local, remote, agreed) in [
            (SendReceive, SendReceive, SendReceive),
            (SendReceive, SendOnly, ReceiveOnly),
            (SendReceive, ReceiveOnly, SendOnly),
            (SendReceive, Inactive, Inactive),
            (SendOnly, SendReceive, SendOnly),
            (SendOnly, SendOnly, Inactive),
            (ReceiveOnly, SendOnly, ReceiveOnly),
            (Inactive, SendReceive, Inactive),
        ] {
            assert_eq!(agree(local, remote, true), agreed, "{local:?} meets {remote:?}");
        }
    }

    #[test]
    fn nothing_is_sent_to_an_unreachable_address() {
        assert_eq!(agree(SendReceive, SendReceive, false), ReceiveOnly);
        assert_eq!(agree(SendReceive, ReceiveOnly, false), Inactive);
    }
}
