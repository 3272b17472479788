//! What this side wants changed in a dialog: offers and refreshes, by re-INVITE or UPDATE (RFC 3261 §14.1, RFC 3311
//! §5.1, RFC 4028 §7.4), one at a time.

use super::dialog::{Dialog, DialogKey};
use super::invite_session::Session;
use super::offer_answer::Exchange;
use super::partner::Partner;
use super::session_timer;
use crate::input::{Flow, SessionId};
use crate::output::SipEvent;
use crate::reply::ALLOW;
use crate::routing::Owner;
use crate::settings::SessionTimer;
use crate::stack::{Due, SipStack};
use crate::transaction::table::ClientKey;
use frontdesk_identifiers::Moment;
use frontdesk_sip_message::{HeaderName, Method, Request};
use std::time::Duration;

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wish {
    /// To offer this, or with none to have the other side offer.
    Offer(Option<Vec<u8>>),
    /// To keep the session alive.
    Refresh,
}

/// The wishes of this side in one dialog.
#[derive(Debug, Default)]
pub(crate) struct Proposals {
    /// On the wire.
    pub(crate) open: Option<OpenProposal>,
    /// To be sent once nothing is in the way; the newest stands.
    pub(crate) waiting: Option<Wish>,
    /// Not before this: the other side wanted to be left alone for a while (491, 500).
    pub(crate) not_before: Option<Moment>,
    /// How often in a row the other side sent a wish away for a while.
    pub(crate) postponed: u8,
    /// The least interval of the session timer that a 422 demanded.
    pub(crate) least_interval: Option<Duration>,
}

/// A re-INVITE or UPDATE of this side.
#[derive(Debug)]
pub(crate) struct OpenProposal {
    pub(crate) key: ClientKey,
    pub(crate) wish: Wish,
    /// Whether it opened an offer/answer exchange: all do but an UPDATE that only refreshes.
    pub(crate) offers: bool,
    /// Whether it carries an answer to a challenge: a second challenge is a refusal.
    pub(crate) challenged: bool,
    /// The 2xx came with an offer, and the ACK waits for this side's answer.
    pub(crate) answer_due: bool,
}

/// A re-INVITE of this side, as long as its transaction lives: longer than the session where that ends first.
#[derive(Debug)]
pub(crate) struct OutgoingReinvite {
    /// As it was when the re-INVITE went out.
    pub(crate) dialog: Dialog,
    /// The ACK to the 2xx, for each repetition of it.
    pub(crate) ack: Option<(Flow, Vec<u8>)>,
    /// Whether it was cancelled, because it was never answered for good.
    pub(crate) cancelled: bool,
}

impl Proposals {
    /// A new wish. An offer refreshes too, so a refresh never takes its place.
    pub(crate) fn want(&mut self, wish: Wish) {
        if self.waiting.is_none() || wish != Wish::Refresh {
            self.waiting = Some(wish);
        }
    }

    pub(crate) fn deadline(&self) -> Option<Moment> {
        self.not_before.filter(|_| self.waiting.is_some() && self.open.is_none())
    }

    fn is_free(&self, now: Moment) -> bool {
        self.open.is_none() && self.waiting.is_some() && self.not_before.is_none_or(|at| at <= now)
    }
}

impl Partner {
    /// The next wish and its method, if nothing is in the way. `confirmed`: the call is answered, `settled`: and every
    /// 2xx of this side is acknowledged.
    fn next_wish(&mut self, now: Moment, confirmed: bool, settled: bool) -> Option<(Wish, Method)> {
        if !self.proposals.is_free(now) {
            return None;
        }
        // The wait is over. What else is in the way, something that happens will clear.
        self.proposals.not_before = None;
        let by_update = match self.proposals.waiting.as_ref()? {
            Wish::Refresh => self.takes_update(),
            Wish::Offer(Some(_)) => !confirmed && self.takes_update(),
            Wish::Offer(None) => false,
        };
        let bare = by_update && self.proposals.waiting == Some(Wish::Refresh);
        // RFC 3261 §14.1: no INVITE while another one is in progress either way, nor an offer while one is open
        // (RFC 3311 §5.1).
        let free = bare || (self.exchange.may_offer() && (by_update || settled));
        if !free {
            return None;
        }
        let wish = self.proposals.waiting.take()?;
        Some((wish, if by_update { Method::UPDATE } else { Method::INVITE }))
    }

    /// The request without its Via. `own` is this side's session timer; none before the call is answered.
    fn proposal(&mut self, wish: &Wish, method: &Method, own: Option<SessionTimer>) -> Request {
        let mut request = self.dialog.request(method.clone());
        request.headers.push_display(HeaderName::Contact, self.dialog.contact());
        request.headers.push(HeaderName::Allow, ALLOW);
        if let Some(own) = own {
            request.headers.push(HeaderName::Supported, "timer");
            let interval = self.clock.map_or(own.expires, |clock| clock.interval);
            let keeper = self.clock.map(|clock| clock.keeper);
            session_timer::ask(&mut request.headers, interval, keeper, self.proposals.least_interval);
        }
        let body = match wish {
            Wish::Offer(description) => description.clone(),
            // RFC 4028 §7.4: the description as it was last, so that nothing looks changed.
            Wish::Refresh if *method == Method::INVITE => self.described.clone(),
            Wish::Refresh => None,
        };
        if let Some(body) = body {
            request.headers.push(HeaderName::ContentType, "application/sdp");
            request.body = body;
        }
        request
    }
}

impl SipStack {
    /// `Reoffer`. Before the answer it goes to the called party with whom an exchange is finished already; if there is
    /// none, it waits for the answer.
    pub(crate) fn reoffer(&mut self, id: SessionId, description: Option<Vec<u8>>) {
        let wish = Wish::Offer(description);
        let placed = match self.sessions.get(&id) {
            None => return,
            Some(Session::Talking(talking)) if talking.leaving.is_some() => return,
            Some(Session::Calling { invite }) => Some(*invite),
            Some(_) => None,
        };
        let early = |partner: &Partner| partner.exchange.may_offer() && partner.takes_update();
        if let Some(invite) = placed
            && self.find_partner(id, early).is_none()
        {
            if let Some(invite) = self.invites.get_mut(&invite) {
                invite.waiting = Some(wish);
            }
            return;
        }
        let is_placed = matches!(self.sessions.get(&id), Some(Session::Calling { .. }));
        if let Some(partner) = self.find_partner(id, |partner| !is_placed || early(partner)) {
            partner.proposals.want(wish);
        }
        self.propose(id);
    }

    /// Sends the wish that waits, if nothing is in its way any more. Called whenever something got out of the way.
    pub(crate) fn propose(&mut self, id: SessionId) {
        let now = self.now;
        let (confirmed, settled) = match self.sessions.get(&id) {
            Some(Session::Talking(talking)) if talking.leaving.is_some() => return self.watch_session(id),
            Some(Session::Talking(talking)) => (true, talking.unacknowledged.is_empty()),
            _ => (false, false),
        };
        let Some(partner) = self.find_partner(id, |partner| partner.proposals.is_free(now)) else {
            return self.watch_session(id);
        };
        let key = partner.dialog.key.clone();
        if let Some((wish, method)) = partner.next_wish(now, confirmed, settled) {
            let quirks = partner.quirks.clone();
            let own = self.own_timer(&quirks).filter(|_| confirmed);
            if let Some(partner) = self.partner_mut(id, &key) {
                let request = partner.proposal(&wish, &method, own);
                self.send_proposal(id, &key, request, wish, false);
            }
        }
        self.watch_session(id);
    }

    /// Puts a proposal on the wire.
    pub(crate) fn send_proposal(
        &mut self,
        id: SessionId,
        key: &DialogKey,
        request: Request,
        wish: Wish,
        challenged: bool,
    ) {
        if !self.has_room() {
            self.overloaded("transactions");
            return self.tell_refused(id, &wish, None);
        }
        let Some(flow) = self.partner_mut(id, key).map(|partner| partner.dialog.flow()) else { return };
        let invites = request.method == Method::INVITE;
        let offers = invites || !request.body.is_empty();
        let described = (!request.body.is_empty()).then(|| request.body.clone());
        let owner = Owner::Proposal { session: id, dialog: key.clone() };
        let client = self.send_request(request, flow, owner);
        let Some(partner) = self.partner_mut(id, key) else { return };
        if offers {
            partner.exchange = Exchange::asked(described.is_some());
        }
        partner.proposals.open =
            Some(OpenProposal { key: client, wish, offers, challenged, answer_due: false });
        if invites {
            let dialog = partner.dialog.clone();
            // A provisional response ends timer B, and nobody is rung who would need longer.
            let answered_by = self.now + self.settings.timers.life();
            self.wheel.set(Due::Invite(client), Some(answered_by));
            self.reinvites.insert(client, OutgoingReinvite { dialog, ack: None, cancelled: false });
        }
    }

    /// An offer came to nothing; of a refresh nobody is told.
    pub(crate) fn tell_refused(
        &mut self,
        session: SessionId,
        wish: &Wish,
        status: Option<frontdesk_sip_message::StatusCode>,
    ) {
        if matches!(wish, Wish::Offer(_)) {
            self.tell(SipEvent::ReofferRefused { session, status });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_offer_waits_and_no_refresh_takes_its_place() {
        let mut proposals = Proposals::default();
        proposals.want(Wish::Refresh);
        assert_eq!(proposals.waiting, Some(Wish::Refresh));
        proposals.want(Wish::Offer(None));
        proposals.want(Wish::Offer(Some(vec![1])));
        proposals.want(Wish::Refresh);
        assert_eq!(proposals.waiting, Some(Wish::Offer(Some(vec![1]))));
    }
}
