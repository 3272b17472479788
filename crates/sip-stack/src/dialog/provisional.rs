//! How far a call is, told to the caller: 180, 183, and reliably where it wants that (RFC 3262 §3).

use super::dialog::DialogKey;
use super::invite_session::{Arriving, Session};
use super::offer_answer::{Exchange, Judgement};
use super::within::description_of;
use crate::dialog::callee::Told;
use crate::input::SessionId;
use crate::limits::MAX_QUEUED_PROVISIONALS;
use crate::output::{SessionEnd, SipEvent};
use crate::quirks::Reliability;
use crate::reply::Asked;
use crate::stack::SipStack;
use crate::transaction::ServerInput;
use frontdesk_identifiers::Moment;
use frontdesk_sip_message::{HeaderName, Headers, Method, RAck, StatusCode};
use std::collections::VecDeque;
use std::time::Duration;

/// The greatest first number of a reliable response (RFC 3262 §3): 2³¹ − 1.
const FIRST_NUMBER_MAX: u64 = (1 << 31) - 1;

/// The reliable provisional responses to one INVITE: one at a time is on the wire.
#[derive(Debug, Default)]
pub(crate) struct Provisionals {
    /// Whether the caller requires them.
    required: bool,
    /// Whether it can.
    supported: bool,
    /// The number of the last one; none before the first.
    number: Option<u32>,
    unacknowledged: Option<Unproved>,
    queued: VecDeque<(StatusCode, Option<Vec<u8>>)>,
    /// The call is answered, but the 2xx waits for a PRACK: the response before it carried a description.
    accepting: Option<Vec<u8>>,
}

/// A reliable provisional response whose PRACK has not come.
#[derive(Debug)]
struct Unproved {
    rack: RAck,
    described: bool,
    wire: Vec<u8>,
    interval: Duration,
    resend_at: Moment,
    give_up_at: Moment,
}

/// What became of the time of a reliable response.
enum Wait {
    Repeat(Vec<u8>),
    GiveUp,
    Nothing,
}

impl Provisionals {
    pub(crate) fn asked_by(invite: &Headers) -> Self {
        let required = invite.lists(HeaderName::Require, "100rel");
        let supported = required || invite.lists(HeaderName::Supported, "100rel");
        Provisionals { required, supported, ..Provisionals::default() }
    }

    /// Whether a response goes out reliably.
    fn reliably(&self, described: bool, how: Reliability) -> bool {
        let useful = match how {
            Reliability::WhenUseful => described,
            Reliability::WhenRequired => false,
            Reliability::Demanded => true,
        };
        self.required || (self.supported && useful)
    }

    pub(crate) fn deadline(&self) -> Option<Moment> {
        self.unacknowledged.as_ref().map(|wait| wait.resend_at.min(wait.give_up_at))
    }

    fn wait(&mut self, now: Moment) -> Wait {
        match &mut self.unacknowledged {
            Some(wait) if wait.give_up_at <= now => Wait::GiveUp,
            Some(wait) if wait.resend_at <= now => {
                // RFC 3262 §3: doubled each time, without the bound of T2.
                wait.interval *= 2;
                wait.resend_at = now + wait.interval;
                Wait::Repeat(wait.wire.clone())
            }
            _ => Wait::Nothing,
        }
    }

    /// Whether a 2xx must wait, and if so remembers it: RFC 3262 §3.
    pub(crate) fn hold_back(&mut self, description: &[u8]) -> bool {
        let held = self.unacknowledged.as_ref().is_some_and(|wait| wait.described);
        if held {
            self.queued.clear();
            self.accepting.get_or_insert_with(|| description.to_vec());
        }
        held
    }

    /// What a final response overtakes.
    pub(crate) fn overtaken(&mut self) -> Option<RAck> {
        self.unacknowledged.take().map(|wait| wait.rack)
    }
}

impl SipStack {
    /// `Ring`. What is not reliable may be lost; the caller hears of it at the next one.
    pub(crate) fn ring(&mut self, id: SessionId, status: StatusCode, description: Option<Vec<u8>>) {
        let ringing = status.is_provisional() && status != StatusCode::TRYING;
        let status = if ringing { status } else { StatusCode::RINGING };
        let Some(Session::Arriving(arriving)) = self.sessions.get_mut(&id) else { return };
        if arriving.provisionals.accepting.is_some() {
            return;
        }
        // RFC 6337 §3.1.1: after the reliable answer nothing describes the session again.
        let mut description = description.filter(|_| arriving.partner.exchange.owes_description());
        let late_offer = arriving.partner.exchange == Exchange::AwaitingOfferHere;
        let how = arriving.partner.quirks.reliable_provisional;
        let mut reliable = arriving.provisionals.reliably(description.is_some(), how);
        if late_offer && description.is_none() && reliable {
            // RFC 3262 §5: the first reliable response to an INVITE without an offer must bring one.
            if arriving.provisionals.required {
                return;
            }
            reliable = false;
        }
        if late_offer && !reliable {
            // An offer in what may be lost is none.
            description = None;
        }
        if !reliable {
            return self.send_provisional(id, status, description, None);
        }
        if arriving.provisionals.unacknowledged.is_none() {
            return self.send_reliably(id, status, description);
        }
        // RFC 3262 §3: no second one before the PRACK to the first.
        if arriving.provisionals.queued.len() < MAX_QUEUED_PROVISIONALS {
            arriving.provisionals.queued.push_back((status, description));
        } else {
            self.overloaded("provisional responses");
        }
    }

    fn send_reliably(&mut self, id: SessionId, status: StatusCode, description: Option<Vec<u8>>) {
        let first = self.chance.below(FIRST_NUMBER_MAX) + 1;
        let Some(Session::Arriving(arriving)) = self.sessions.get_mut(&id) else { return };
        let first = u32::try_from(first).unwrap_or(1);
        let number = arriving.provisionals.number.map_or(first, |last| last.saturating_add(1));
        arriving.provisionals.number = Some(number);
        // What was answered while this one waited is not answered again.
        let description = description.filter(|_| arriving.partner.exchange.owes_description());
        if description.is_some() {
            arriving.partner.exchange = arriving.partner.exchange.described_here();
            arriving.partner.described.clone_from(&description);
        }
        self.send_provisional(id, status, description, Some(number));
        self.watch_session(id);
    }

    fn send_provisional(
        &mut self,
        id: SessionId,
        status: StatusCode,
        description: Option<Vec<u8>>,
        number: Option<u32>,
    ) {
        let (t1, now) = (self.settings.timers.t1, self.now);
        let Some(Session::Arriving(arriving)) = self.sessions.get(&id) else { return };
        let dialog = &arriving.partner.dialog;
        let (asked, described) = (arriving.asked.clone(), description.is_some());
        let mut response = self.dialog_response(
            asked.headers(),
            status,
            &dialog.key.local_tag,
            dialog.contact(),
            description,
        );
        let Some(number) = number else { return self.respond(&asked, response) };
        response.headers.push(HeaderName::Require, "100rel");
        response.headers.push_display(HeaderName::RSeq, number);
        let Ok(request) = asked.headers().cseq() else { return };
        let unproved = Unproved {
            rack: RAck { response: number, request },
            described,
            wire: response.to_bytes(),
            interval: t1,
            resend_at: now + t1,
            give_up_at: now + self.settings.timers.life(),
        };
        self.respond(&asked, response);
        if let Some(Session::Arriving(arriving)) = self.sessions.get_mut(&id) {
            arriving.provisionals.unacknowledged = Some(unproved);
        }
    }

    /// The time of a reliable response: repeated, or given up after 64·T1 and the call refused (RFC 3262 §3).
    pub(crate) fn provisional_due(&mut self, id: SessionId) {
        let now = self.now;
        let Some(Session::Arriving(arriving)) = self.sessions.get_mut(&id) else { return };
        let key = arriving.asked.key.clone();
        match arriving.provisionals.wait(now) {
            Wait::Repeat(wire) => {
                self.step_server(&key, ServerInput::Provisional(wire));
            }
            Wait::GiveUp => {
                self.drop_reoffer(id);
                self.answer_arriving(id, StatusCode::SERVER_TIME_OUT, Told::default());
                self.forget_session(id);
                self.told_end(id, SessionEnd::NoAck);
            }
            Wait::Nothing => {}
        }
    }

    /// PRACK (RFC 3262 §3): 200 to the one that is awaited, 481 to any other.
    pub(crate) fn receive_prack(&mut self, id: SessionId, dialog: &DialogKey, asked: &Asked) {
        if !self.open_transaction(asked) {
            return;
        }
        let Ok(rack) = asked.headers().rack() else { return self.refuse(asked, StatusCode::BAD_REQUEST) };
        let awaited = match self.sessions.get_mut(&id) {
            Some(Session::Arriving(arriving)) => {
                arriving.provisionals.unacknowledged.take_if(|wait| wait.rack == rack).is_some()
            }
            Some(Session::Talking(talking)) => talking.overtaken.take_if(|last| *last == rack).is_some(),
            _ => false,
        };
        if !awaited {
            return self.refuse(asked, StatusCode::CALL_TRANSACTION_DOES_NOT_EXIST);
        }
        self.serve_prack(id, dialog, asked);
        self.after_prack(id);
    }

    /// What a PRACK brings: nothing, the answer to an offer in the response, or a new offer (RFC 3262 §5).
    fn serve_prack(&mut self, id: SessionId, dialog: &DialogKey, asked: &Asked) {
        let description = description_of(asked.headers(), &asked.request.body);
        let arriving = matches!(self.sessions.get(&id), Some(Session::Arriving(_)));
        let Some(partner) = self.partner_mut(id, dialog) else { return };
        // Only a provisional response can have offered then.
        let offered =
            arriving && partner.exchange == Exchange::OfferedHere && partner.proposals.open.is_none();
        match (partner.exchange, description) {
            (_, Some(description)) if offered => {
                partner.exchange = Exchange::Stable;
                partner.heard = Some(description.clone());
                self.refuse(asked, StatusCode::OK);
                self.tell(SipEvent::ReofferAnswered { session: id, description });
            }
            // The answer is missing: the 2xx will offer once more.
            (_, None) if offered => {
                partner.exchange = Exchange::AwaitingOfferHere;
                self.refuse(asked, StatusCode::OK);
            }
            (_, None) => self.refuse(asked, StatusCode::OK),
            (exchange, Some(_)) => match exchange.judge() {
                Judgement::Serve => self.pass_up(id, dialog, asked),
                judgement => self.refuse_change(asked, judgement),
            },
        }
    }

    /// The way is free for the 2xx that waited, or for the next response.
    fn after_prack(&mut self, id: SessionId) {
        let Some(Session::Arriving(arriving)) = self.sessions.get_mut(&id) else { return };
        let Arriving { provisionals, .. } = &mut **arriving;
        if let Some(description) = provisionals.accepting.take() {
            return self.accept(id, description);
        }
        if let Some((status, description)) = provisionals.queued.pop_front() {
            self.send_reliably(id, status, description);
        }
        self.propose(id);
    }
}

/// Whether a method is one that PRACK and UPDATE share with INVITE: it may bring a description.
pub(crate) fn may_describe(method: &Method) -> bool {
    [Method::INVITE, Method::UPDATE, Method::PRACK].contains(method)
}
