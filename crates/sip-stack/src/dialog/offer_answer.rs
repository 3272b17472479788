//! Whose turn it is to describe the session (RFC 3264 §4, RFC 6337 §2).

/// The offer/answer exchange of a session, as far as the stack must know it to judge a re-INVITE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exchange {
    /// No offer is open.
    Stable,
    /// The other side offered in an INVITE that is not answered.
    OfferedThere,
    /// The INVITE brought no offer; this side has not answered it with one yet.
    AwaitingOfferHere,
    /// This side offered in its 2xx; the answer comes with the ACK.
    OfferedHere,
}

/// What is to be done with a re-INVITE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// Pass it up.
    Serve,
    /// 491: an offer of this side is open (RFC 3261 §14.2).
    RequestPending,
    /// 500 with a `Retry-After` of 0 to 10 s: an earlier INVITE is not answered (RFC 3261 §14.2).
    TooEarly,
}

impl Exchange {
    /// An INVITE came, with an offer or without.
    pub(crate) fn invited(offer: bool) -> Self {
        if offer { Exchange::OfferedThere } else { Exchange::AwaitingOfferHere }
    }

    /// This side sent its 2xx.
    pub(crate) fn accepted(self) -> Self {
        match self {
            Exchange::AwaitingOfferHere => Exchange::OfferedHere,
            Exchange::Stable | Exchange::OfferedThere => Exchange::Stable,
            Exchange::OfferedHere => Exchange::OfferedHere,
        }
    }

    /// A further INVITE comes now.
    pub(crate) fn judge(self) -> Judgement {
        match self {
            Exchange::Stable => Judgement::Serve,
            Exchange::OfferedThere | Exchange::AwaitingOfferHere => Judgement::TooEarly,
            Exchange::OfferedHere => Judgement::RequestPending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_in_the_invite_is_settled_by_the_success() {
        let exchange = Exchange::invited(true);
        assert_eq!(exchange.judge(), Judgement::TooEarly);
        assert_eq!(exchange.accepted().judge(), Judgement::Serve);
    }

    #[test]
    fn a_late_offer_is_open_until_the_acknowledgement() {
        let exchange = Exchange::invited(false);
        assert_eq!(exchange.judge(), Judgement::TooEarly);
        assert_eq!(exchange.accepted().judge(), Judgement::RequestPending);
        assert_eq!(Exchange::Stable.judge(), Judgement::Serve);
    }
}
