//! NOTIFYs of this side: one at a time for each subscription, the newest state last (RFC 6665 §4.2.2).

use super::subscription::{Kind, News, Sending, Standing};
use super::usages::Usage;
use crate::dialog::dialog::DialogKey;
use crate::dialog::invite_session::Session;
use crate::errand::Errand;
use crate::limits::MAX_NOTIFY_TRIES;
use crate::output::SipEvent;
use crate::routing::Owner;
use crate::stack::SipStack;
use crate::transaction::table::{ClientKey, Step};
use frontdesk_sip_message::{HeaderName, Method, Response, StatusCode};
use std::time::Duration;

/// How long a NOTIFY rests that was refused for now, if the refusal does not say.
const REST: Duration = Duration::from_secs(2);

/// How long a BYE waits for the answer to the NOTIFY before it, at most.
const BYE_WAITS: Duration = Duration::from_secs(4);

/// The longest rest that a `Retry-After` may ask for.
const REST_MAX: Duration = Duration::from_secs(60);

impl SipStack {
    /// There is news for a subscriber. What ends the subscription is the last that is told.
    pub(crate) fn queue_news(&mut self, usage: Usage, mut news: News) {
        let Some(subscription) = self.usages.subscriptions.get_mut(&usage) else { return };
        if !matches!(subscription.standing, Standing::Active { .. }) {
            return;
        }
        // RFC 6665 §4.4.3: who only asks once is told once, and that it is over.
        let once = matches!(subscription.kind, Kind::Watch { once: true, .. }) && news.ended.is_none();
        if once {
            news.ended = Some("timeout");
        }
        if news.ended.is_some() {
            subscription.standing = Standing::Ending { bye_until: None };
        }
        subscription.newest.clone_from(&news.body);
        match subscription.sending {
            Sending::Idle => self.send_news(usage, news, 1),
            Sending::Awaiting { .. } | Sending::Resting { .. } => subscription.waiting = Some(news),
        }
        self.watch_usage(usage);
        if once {
            self.told_unsubscribed(usage);
        }
    }

    /// Sends a NOTIFY for the `tries`th time.
    fn send_news(&mut self, usage: Usage, news: News, tries: u8) {
        let now = self.now;
        if !self.has_room() {
            self.overloaded("transactions");
            return self.rest(usage, news, tries, REST);
        }
        let Some(subscription) = self.usages.subscriptions.get(&usage) else { return };
        let dialog = subscription.dialog.clone();
        let (event, state) = (subscription.event.clone(), subscription.state(&news, now));
        let content_type = subscription.content_type;
        self.follow_registration(usage);
        let Some(dialog) = self.dialog_named(&dialog) else { return self.end_usage(usage) };
        let mut notify = dialog.request(Method::NOTIFY);
        let flow = dialog.flow();
        notify.headers.push_display(HeaderName::Contact, dialog.contact());
        notify.headers.push(HeaderName::Event, event);
        notify.headers.push(HeaderName::SubscriptionState, state);
        if !news.body.is_empty() {
            notify.headers.push(HeaderName::ContentType, content_type);
            notify.body.clone_from(&news.body);
        }
        let key = self.send_request(notify, flow, Owner::Errand(Errand::Notify(usage)));
        if let Some(subscription) = self.usages.subscriptions.get_mut(&usage) {
            subscription.sending = Sending::Awaiting { key, news, tries };
        }
    }

    /// A telephone whose address changed registers anew before it subscribes anew: what it watches is told over the flow
    /// of its newest registration.
    fn follow_registration(&mut self, usage: Usage) {
        let Some(subscription) = self.usages.subscriptions.get(&usage) else { return };
        let Some(account) = subscription.account().map(str::to_owned) else { return };
        let key = subscription.dialog.clone();
        let Some(target) = self.dialog_named(&key).map(|dialog| dialog.remote_target().clone()) else {
            return;
        };
        let bound = self.bindings(&account).filter(|binding| binding.contact.equivalent(&target));
        let flow = bound.last().map(|binding| binding.flow);
        if let (Some(flow), Some(dialog)) = (flow, self.dialog_named(&key)) {
            dialog.registered_by(flow);
        }
    }

    fn rest(&mut self, usage: Usage, news: News, tries: u8, rest: Duration) {
        let until = self.now + rest;
        if let Some(subscription) = self.usages.subscriptions.get_mut(&usage) {
            subscription.sending = Sending::Resting { news, tries, until };
        }
        self.watch_usage(usage);
    }

    /// The transaction of a NOTIFY moved.
    pub(crate) fn notify_stepped(
        &mut self,
        usage: Usage,
        key: &ClientKey,
        answer: Option<&Response>,
        step: Step,
    ) {
        let Some(subscription) = self.usages.subscriptions.get_mut(&usage) else { return };
        let (news, tries) = match &subscription.sending {
            Sending::Awaiting { key: awaited, news, tries } if awaited == key => (news.clone(), *tries),
            _ => return,
        };
        match answer {
            Some(answer) if answer.status.is_provisional() => {}
            Some(answer) if answer.status.is_success() => {
                subscription.sending = Sending::Idle;
                if news.ended.is_some() { self.end_usage(usage) } else { self.send_waiting(usage) }
            }
            // RFC 5057 §5.1: these speak of the request, not of the subscription.
            Some(answer) if is_for_now(answer.status) && tries < MAX_NOTIFY_TRIES => {
                let said = answer.headers.retry_after().ok().flatten();
                let rest = said.map_or(REST, |seconds| Duration::from_secs(seconds.into()).min(REST_MAX));
                self.rest(usage, news, tries + 1, rest.max(REST));
            }
            // RFC 6665 §4.2.2: whoever does not answer or refuses is told no more.
            Some(_) => self.lose_subscriber(usage),
            None if step.timed_out || step.failed => self.lose_subscriber(usage),
            None => {}
        }
    }

    fn send_waiting(&mut self, usage: Usage) {
        let waiting = self.usages.subscriptions.get_mut(&usage).and_then(|known| known.waiting.take());
        if let Some(news) = waiting {
            self.send_news(usage, news, 1);
        }
    }

    fn lose_subscriber(&mut self, usage: Usage) {
        let stood = self.usages.subscriptions.get(&usage);
        let stood = stood.is_some_and(|known| matches!(known.standing, Standing::Active { .. }));
        self.end_usage(usage);
        if stood {
            self.told_unsubscribed(usage);
        }
    }

    pub(crate) fn told_unsubscribed(&mut self, usage: Usage) {
        if let Usage::Watch(subscription) = usage {
            self.tell(SipEvent::Unsubscribed { subscription });
        }
    }

    /// Ends a subscription that stands, with the newest state that there is.
    pub(crate) fn end_subscription_for(&mut self, usage: Usage, reason: &'static str) {
        let Some(subscription) = self.usages.subscriptions.get(&usage) else { return };
        let body = subscription.newest.clone();
        self.queue_news(usage, News { body, ended: Some(reason) });
    }

    /// The session of a dialog is to be hung up. Whether its BYE waits for the answer to the last NOTIFY of a referral:
    /// telephones, and Teams among the carriers, forget with the BYE that they referred, refuse the NOTIFY that came
    /// before it, and never hear how it went.
    pub(crate) fn bye_waits_for_news(&mut self, dialog: &DialogKey) -> bool {
        let until = Some(self.now + BYE_WAITS);
        let usages: Vec<Usage> = self.usages.of(dialog).collect();
        let mut waits = false;
        for usage in usages {
            let Some(subscription) = self.usages.subscriptions.get_mut(&usage) else { continue };
            if matches!(subscription.standing, Standing::Ending { .. }) {
                subscription.standing = Standing::Ending { bye_until: until };
                self.watch_usage(usage);
                waits = true;
            }
        }
        waits
    }

    /// The BYE of a dialog need not wait any more.
    pub(crate) fn send_waiting_bye(&mut self, dialog: &DialogKey) {
        let Some(session) = self.dialogs.get(dialog).copied() else { return };
        let Some(Session::Talking(talking)) = self.sessions.get_mut(&session) else { return };
        // One that waits for its ACK too goes with that.
        if talking.unacknowledged.iter().any(|wait| wait.first) {
            return;
        }
        if let Some(reason) = talking.leaving.take() {
            self.hang_up(session, reason);
        }
    }

    /// A subscription ran out, a REFER was not answered, or a rest is over.
    pub(crate) fn subscription_due(&mut self, usage: Usage) {
        let now = self.now;
        let Some(subscription) = self.usages.subscriptions.get_mut(&usage) else { return };
        match &subscription.standing {
            Standing::Asked { until, .. } if *until <= now => return self.forget_refer(usage),
            // RFC 6665 §4.1.3: whoever does not refresh is told that it is over.
            Standing::Active { until } if *until <= now => {
                self.told_unsubscribed(usage);
                self.end_subscription_for(usage, "timeout");
            }
            Standing::Ending { bye_until: Some(until) } if *until <= now => {
                let dialog = subscription.dialog.clone();
                subscription.standing = Standing::Ending { bye_until: None };
                self.send_waiting_bye(&dialog);
            }
            _ => {}
        }
        let Some(subscription) = self.usages.subscriptions.get_mut(&usage) else { return };
        match &subscription.sending {
            Sending::Resting { news, tries, until } if *until <= now => {
                let again = (news.clone(), *tries);
                let (news, tries) = subscription.waiting.take().map_or(again, |newer| (newer, 1));
                subscription.sending = Sending::Idle;
                self.send_news(usage, news, tries);
            }
            _ => {}
        }
        self.watch_usage(usage);
    }
}

/// Whether a refusal may be another word a little later.
fn is_for_now(status: StatusCode) -> bool {
    let passing = [
        StatusCode::REQUEST_PENDING,
        StatusCode::SERVER_INTERNAL_ERROR,
        StatusCode::BAD_GATEWAY,
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::SERVER_TIME_OUT,
    ];
    passing.contains(&status)
}
