//! Whose turn it is to describe the session (RFC 3264 §4, RFC 3311 §5, RFC 6337 §2): a table, nothing else.

/// The offer/answer exchange of a dialog: at most one offer is open in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exchange {
    /// No offer is open.
    Stable,
    /// The other side offered, in an INVITE, UPDATE or PRACK, and this side has not answered.
    OfferedThere,
    /// The other side sent an INVITE without an offer; this side has not answered it with one yet.
    AwaitingOfferHere,
    /// This side offered, in whatever message; the answer has not come.
    OfferedHere,
    /// This side sent a re-INVITE without an offer; the other side's 2xx shall bring one.
    AwaitingOfferThere,
}

/// What is to be done with a request that wants to change the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// Pass it up.
    Serve,
    /// 491: an offer of this side is open (RFC 3261 §14.2, RFC 3311 §5.2).
    RequestPending,
    /// 500 with a `Retry-After` of 0 to 10 s: one of the other side is not answered (RFC 3261 §14.2, RFC 3311 §5.2).
    TooEarly,
}

impl Exchange {
    /// An INVITE came, with an offer or without.
    pub(crate) fn invited(offer: bool) -> Self {
        if offer { Exchange::OfferedThere } else { Exchange::AwaitingOfferHere }
    }

    /// This side sends an INVITE, or an UPDATE with an offer.
    pub(crate) fn asked(offer: bool) -> Self {
        if offer { Exchange::OfferedHere } else { Exchange::AwaitingOfferThere }
    }

    /// This side sent a description where it counts: in a reliable response (RFC 3262 §5, RFC 6337 §2.2).
    pub(crate) fn described_here(self) -> Self {
        match self {
            Exchange::AwaitingOfferHere => Exchange::OfferedHere,
            Exchange::OfferedThere | Exchange::AwaitingOfferThere => Exchange::Stable,
            Exchange::Stable | Exchange::OfferedHere => self,
        }
    }

    /// The other side sent a description where it counts: in a reliable response, an ACK or a PRACK.
    pub(crate) fn described_there(self) -> Self {
        match self {
            Exchange::OfferedHere => Exchange::Stable,
            Exchange::AwaitingOfferThere => Exchange::OfferedThere,
            Exchange::Stable | Exchange::OfferedThere | Exchange::AwaitingOfferHere => self,
        }
    }

    /// Whether this side's next reliable response still owes a description, and an unreliable one may foretell it.
    pub(crate) fn owes_description(self) -> bool {
        matches!(self, Exchange::OfferedThere | Exchange::AwaitingOfferHere)
    }

    /// Whether this side may offer now.
    pub(crate) fn may_offer(self) -> bool {
        self == Exchange::Stable
    }

    /// An INVITE, or an offer by UPDATE or PRACK, comes now.
    pub(crate) fn judge(self) -> Judgement {
        match self {
            Exchange::Stable => Judgement::Serve,
            Exchange::OfferedThere | Exchange::AwaitingOfferHere => Judgement::TooEarly,
            Exchange::OfferedHere | Exchange::AwaitingOfferThere => Judgement::RequestPending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Exchange::{AwaitingOfferHere, AwaitingOfferThere, OfferedHere, OfferedThere, Stable};

    #[test]
    fn each_description_moves_the_exchange_by_one_step_or_none() {
        for (before, here, there) in [
            (Stable, Stable, Stable),
            (OfferedThere, Stable, OfferedThere),
            (AwaitingOfferHere, OfferedHere, AwaitingOfferHere),
            (OfferedHere, OfferedHere, Stable),
            (AwaitingOfferThere, Stable, OfferedThere),
        ] {
            assert_eq!(before.described_here(), here, "{before:?} described here");
            assert_eq!(before.described_there(), there, "{before:?} described there");
        }
    }

    #[test]
    fn a_change_is_served_only_while_no_offer_is_open() {
        for (exchange, judgement) in [
            (Stable, Judgement::Serve),
            (OfferedThere, Judgement::TooEarly),
            (AwaitingOfferHere, Judgement::TooEarly),
            (OfferedHere, Judgement::RequestPending),
            (AwaitingOfferThere, Judgement::RequestPending),
        ] {
            assert_eq!(exchange.judge(), judgement, "{exchange:?}");
            assert_eq!(exchange.may_offer(), exchange == Stable, "{exchange:?}");
        }
    }

    #[test]
    fn an_offer_in_the_invite_is_settled_by_the_success() {
        assert_eq!(Exchange::invited(true).described_here(), Stable);
        assert_eq!(Exchange::asked(true).described_there(), Stable);
    }

    #[test]
    fn a_late_offer_is_open_until_the_acknowledgement() {
        let offered = Exchange::invited(false).described_here();
        assert_eq!(offered.judge(), Judgement::RequestPending);
        assert_eq!(offered.described_there(), Stable);
        let answering = Exchange::asked(false).described_there();
        assert_eq!(answering.judge(), Judgement::TooEarly);
        assert_eq!(answering.described_here(), Stable);
    }
}
