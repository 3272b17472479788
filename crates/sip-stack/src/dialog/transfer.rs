//! REFER from outside (RFC 3515, RFC 5589): the other side of a session asks this side to call somebody.

use super::dialog::DialogKey;
use super::invite_session::Session;
use crate::event::sipfrag::{self, SIPFRAG};
use crate::event::subscription::{Kind, News, Sending, Standing, Subscription};
use crate::event::usages::Usage;
use crate::input::{ReferralId, SessionId};
use crate::limits::{MAX_REFERRALS_PER_DIALOG, MAX_SUBSCRIPTIONS};
use crate::output::SipEvent;
use crate::reply::Asked;
use crate::stack::SipStack;
use frontdesk_sip_message::{HeaderName, ReferTo, Replaces, StatusCode, Uri};
use std::time::Duration;

/// How long the user of the stack has to answer a REFER, well before its transaction runs out.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// How long who referred is told of the new call: a long ringing, a queue. It is not made longer.
const REFERRAL_LIFE: Duration = Duration::from_secs(300);

impl SipStack {
    /// A REFER within the dialog of a session. Only a call that stands can be put through.
    pub(crate) fn receive_refer(&mut self, session: SessionId, asked: &Asked) {
        if !matches!(self.sessions.get(&session), Some(Session::Talking(_))) {
            return self.refuse(asked, StatusCode::FORBIDDEN);
        }
        // RFC 3515 §2.4.2: none, or more than one, is a bad request.
        let (Ok(refer_to), Ok(referred_by)) = (asked.headers().refer_to(), asked.headers().referred_by())
        else {
            return self.refuse(asked, StatusCode::BAD_REQUEST);
        };
        if let Err(status) = is_a_call(&refer_to) {
            return self.refuse(asked, status);
        }
        let named = match refer_to.replaces.as_deref().map(str::parse::<Replaces>).transpose() {
            Ok(named) => named,
            Err(_) => return self.refuse(asked, StatusCode::BAD_REQUEST),
        };
        let Some(dialog) = DialogKey::of_request(&asked.request) else { return };
        let open = self.usages.of(&dialog).filter(|usage| matches!(usage, Usage::Referral(_))).count();
        if open >= MAX_REFERRALS_PER_DIALOG || self.usages.subscriptions.len() >= MAX_SUBSCRIPTIONS {
            return self.refuse_overload(asked, "referrals");
        }
        if !self.open_transaction(asked) {
            return;
        }
        let referral = ReferralId(self.usages.number());
        self.remember_refer(referral, dialog, asked);
        self.tell(SipEvent::Referred {
            session,
            referral,
            target: refer_to.target,
            replaces: named.and_then(|named| self.session_to_replace(&named)),
            replaces_header: refer_to.replaces,
            referred_by,
        });
    }

    fn remember_refer(&mut self, referral: ReferralId, dialog: DialogKey, asked: &Asked) {
        let number = asked.headers().cseq().map_or(0, |cseq| cseq.number);
        let until = self.now + ANSWER_WITHIN.min(self.settings.timers.life());
        let subscription = Subscription {
            dialog,
            // RFC 3515 §2.4.6: the number tells the REFERs of one dialog apart.
            event: format!("refer;id={number}"),
            content_type: SIPFRAG,
            kind: Kind::Referral,
            standing: Standing::Asked {
                asked: Box::new(asked.clone()),
                // RFC 4488 §4: who wants no NOTIFYs says so.
                silent: asked.headers().refer_sub() == Some(false),
                until,
            },
            sending: Sending::Idle,
            waiting: None,
            newest: Vec::new(),
        };
        self.begin_subscription(Usage::Referral(referral), subscription);
    }

    /// `AnswerRefer`.
    pub(crate) fn answer_refer(&mut self, referral: ReferralId, status: StatusCode) {
        let usage = Usage::Referral(referral);
        let until = self.now + REFERRAL_LIFE;
        let Some(subscription) = self.usages.subscriptions.get_mut(&usage) else { return };
        if !matches!(subscription.standing, Standing::Asked { .. }) {
            return;
        }
        let before = std::mem::replace(&mut subscription.standing, Standing::Active { until });
        let Standing::Asked { asked, silent, .. } = before else { return };
        if !status.is_success() {
            let status = if status.is_failure() { status } else { StatusCode::DECLINE };
            self.end_usage(usage);
            return self.refuse(&asked, status);
        }
        let dialog = subscription.dialog.clone();
        let mut response = self.response(asked.headers(), StatusCode::ACCEPTED, None);
        if let Some(dialog) = self.dialog_named(&dialog) {
            response.headers.push_display(HeaderName::Contact, dialog.contact());
        }
        if silent {
            response.headers.push(HeaderName::ReferSub, "false");
            self.respond(&asked, response);
            return self.end_usage(usage);
        }
        self.respond(&asked, response);
        // RFC 3515 §2.4.4: a NOTIFY at once.
        self.queue_news(usage, News { body: sipfrag::write(StatusCode::TRYING), ended: None });
    }

    /// `NotifyReferrer`.
    pub(crate) fn notify_referrer(&mut self, referral: ReferralId, status: StatusCode) {
        // RFC 3515 §2.4.7: the final status is the last word.
        let ended = status.is_final().then_some("noresource");
        self.queue_news(Usage::Referral(referral), News { body: sipfrag::write(status), ended });
    }

    /// Nobody answered a REFER in time: it is declined, while its transaction still lives.
    pub(crate) fn forget_refer(&mut self, usage: Usage) {
        let Usage::Referral(referral) = usage else { return };
        self.answer_refer(referral, StatusCode::DECLINE);
    }
}

/// Only calls are made for others, and only where this side can call.
fn is_a_call(refer_to: &ReferTo) -> Result<(), StatusCode> {
    match refer_to.method.as_deref() {
        None | Some("INVITE") => {}
        Some(_) => return Err(StatusCode::FORBIDDEN),
    }
    match refer_to.target {
        Uri::Sip(_) | Uri::Tel(_) => Ok(()),
        Uri::Other(_) => Err(StatusCode::FORBIDDEN),
    }
}
