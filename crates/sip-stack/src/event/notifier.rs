//! SUBSCRIBE from outside (RFC 6665 §4.2.1): who may watch what, for how long.

use super::subscription::{Kind, News, Sending, Standing, Subscription};
use super::usages::Usage;
use super::{Package, SubscriptionId};
use crate::dialog::dialog::{Dialog, DialogKey};
use crate::limits::{MAX_SUBSCRIPTIONS, MAX_SUBSCRIPTIONS_PER_ACCOUNT};
use crate::output::SipEvent;
use crate::reply::Asked;
use crate::stack::SipStack;
use frontdesk_sip_message::{Event, HeaderName, Response, StatusCode};
use std::time::Duration;

/// What `Allow-Events` says (RFC 6665 §8.2.2).
pub(crate) const ALLOW_EVENTS: &str = "message-summary, dialog, presence, refer";

/// How long a subscription is granted that does not say (RFC 3842 §3.3, RFC 4235 §3.4, RFC 3856 §6.4: 3600 s).
const EXPIRES: Duration = Duration::from_secs(3_600);

/// How long the user of the stack has to tell a state to who asks for it once.
const ONCE: Duration = Duration::from_secs(30);

/// How long a subscription is wanted.
enum Wish {
    Over,
    Stand(Duration),
}

impl SipStack {
    /// A SUBSCRIBE outside of any dialog.
    pub(crate) fn receive_subscribe(&mut self, asked: &Asked) {
        let (event, package) = match self.watchable(asked) {
            Ok(watchable) => watchable,
            Err(refusal) => return self.respond(asked, *refusal),
        };
        let account = match self.authenticate(asked) {
            Ok(account) => account,
            Err(challenge) => return self.respond(asked, *challenge),
        };
        let wish = match self.wanted_for(asked) {
            Ok(wish) => wish,
            Err(refusal) => return self.respond(asked, *refusal),
        };
        let tag = self.chance.tag();
        let Some(dialog) = Dialog::of_callee(&asked.request, &tag, asked.flow, &self.settings) else {
            return self.refuse(asked, StatusCode::BAD_REQUEST);
        };
        if self.usages.subscriptions.len() >= MAX_SUBSCRIPTIONS
            || self.usages.watches_of(&account) >= MAX_SUBSCRIPTIONS_PER_ACCOUNT
        {
            return self.refuse_overload(asked, "subscriptions");
        }
        if self.open_transaction(asked) {
            self.subscribe(asked, dialog, event, package, account, wish);
        }
    }

    fn subscribe(
        &mut self,
        asked: &Asked,
        dialog: Dialog,
        event: Event,
        package: Package,
        account: String,
        wish: Wish,
    ) {
        let subscription = SubscriptionId(self.usages.number());
        let usage = Usage::Watch(subscription);
        let (granted, once) = match wish {
            Wish::Over => (Duration::ZERO, true),
            Wish::Stand(granted) => (granted, false),
        };
        self.grant(asked, &dialog, granted);
        let until = self.now + if once { ONCE } else { granted };
        let key = dialog.key.clone();
        self.begin_dialog_alone(dialog);
        let resource = asked.request.uri.user().unwrap_or_default();
        // A telephone number without a host is this side's own.
        let host = asked.request.uri.as_sip().map(|uri| uri.host.to_string());
        let host = host.unwrap_or_else(|| self.settings.realm.clone());
        let kind = Kind::Watch {
            account: account.clone(),
            resource: resource.clone(),
            host: host.clone(),
            package,
            once,
        };
        let standing = Standing::Active { until };
        let known = Subscription {
            dialog: key,
            event: event.to_string(),
            content_type: package.content_type(),
            kind,
            standing,
            sending: Sending::Idle,
            waiting: None,
            newest: Vec::new(),
        };
        self.begin_subscription(usage, known);
        self.tell(SipEvent::Subscribed { subscription, account, resource, host, package });
    }

    /// 200 with what is granted (RFC 6665 §4.2.1.1).
    fn grant(&mut self, asked: &Asked, dialog: &Dialog, granted: Duration) {
        let mut response = self.response(asked.headers(), StatusCode::OK, Some(&dialog.key.local_tag));
        for route in asked.headers().get_all(HeaderName::RecordRoute) {
            response.headers.push(HeaderName::RecordRoute, route);
        }
        response.headers.push_display(HeaderName::Contact, dialog.contact());
        response.headers.push_display(HeaderName::Expires, granted.as_secs());
        self.respond(asked, response);
    }

    /// A SUBSCRIBE within a dialog: it refreshes or ends what is watched in it (RFC 6665 §4.2.1.4). Another
    /// subscription in the same dialog is not begun: RFC 6665 §4.5.2 has each in a dialog of its own.
    pub(crate) fn receive_subscribe_within(&mut self, dialog: &DialogKey, asked: &Asked) {
        let Ok(event) = asked.headers().event() else {
            return self.refuse(asked, StatusCode::BAD_EVENT);
        };
        let Some(usage) = self.watched_in(dialog, &event) else {
            return self.refuse(asked, StatusCode::CALL_TRANSACTION_DOES_NOT_EXIST);
        };
        let wish = match self.wanted_for(asked) {
            Ok(wish) => wish,
            Err(refusal) => return self.respond(asked, *refusal),
        };
        if !self.open_transaction(asked) {
            return;
        }
        let wish = match (wish, self.usages.subscriptions.get(&usage).map(|known| &known.standing)) {
            // A referral is not made to last longer by who asked for it.
            (Wish::Stand(wanted), Some(Standing::Active { until }))
                if matches!(usage, Usage::Referral(_)) =>
            {
                Wish::Stand(wanted.min(until.since(self.now)))
            }
            (wish, _) => wish,
        };
        self.refresh(usage, dialog, asked, wish);
    }

    fn refresh(&mut self, usage: Usage, dialog: &DialogKey, asked: &Asked, wish: Wish) {
        let Some(known) = self.dialog_named(dialog) else { return };
        known.refresh_target(asked.headers());
        let known = known.clone();
        match wish {
            Wish::Over => {
                self.grant(asked, &known, Duration::ZERO);
                self.told_unsubscribed(usage);
                self.end_subscription_for(usage, "timeout");
            }
            Wish::Stand(granted) => {
                self.grant(asked, &known, granted);
                let until = self.now + granted;
                let Some(subscription) = self.usages.subscriptions.get_mut(&usage) else { return };
                subscription.standing = Standing::Active { until };
                self.watch_usage(usage);
                self.wants_state_again(usage);
            }
        }
    }

    /// RFC 6665 §4.2.1.2: each SUBSCRIBE is followed by a NOTIFY with the state.
    fn wants_state_again(&mut self, usage: Usage) {
        let Some(known) = self.usages.subscriptions.get(&usage) else { return };
        match (usage, &known.kind) {
            (Usage::Watch(subscription), Kind::Watch { account, resource, host, package, .. }) => {
                let (account, resource, host) = (account.clone(), resource.clone(), host.clone());
                let package = *package;
                self.tell(SipEvent::Subscribed { subscription, account, resource, host, package });
            }
            _ => {
                let body = known.newest.clone();
                self.queue_news(usage, News { body, ended: None });
            }
        }
    }

    /// The subscription that stands in a dialog and is meant by this `Event`.
    fn watched_in(&self, dialog: &DialogKey, event: &Event) -> Option<Usage> {
        let stands = |usage: &Usage| {
            let Some(known) = self.usages.subscriptions.get(usage) else { return false };
            let named = known.event.parse::<Event>().is_ok_and(|own| {
                own.package == event.package && (own.id() == event.id() || event.id().is_none())
            });
            named && matches!(known.standing, Standing::Active { .. })
        };
        self.usages.of(dialog).find(stands)
    }

    /// What is to be watched, if this side tells of it in a form that the watcher reads. Nothing here depends on users.
    fn watchable(&self, asked: &Asked) -> Result<(Event, Package), Box<Response>> {
        let event = asked.headers().event().ok();
        let Some((event, package)) = event.and_then(|event| {
            let package = Package::named(&event.package)?;
            Some((event, package))
        }) else {
            // RFC 6665 §4.2.1.2, §8.3.2.
            let mut refusal = self.refusal(asked, StatusCode::BAD_EVENT);
            refusal.headers.push(HeaderName::AllowEvents, ALLOW_EVENTS);
            return Err(Box::new(refusal));
        };
        let kind = package.content_type();
        let fits = |range: &&str| {
            let range = range.split(';').next().unwrap_or_default().trim();
            [kind, "application/*", "*/*"].iter().any(|known| range.eq_ignore_ascii_case(known))
        };
        let accepted = asked.headers().accept();
        if !accepted.is_empty() && !accepted.iter().any(fits) {
            let mut refusal = self.refusal(asked, StatusCode::NOT_ACCEPTABLE);
            refusal.headers.push(HeaderName::Accept, kind);
            return Err(Box::new(refusal));
        }
        Ok((event, package))
    }

    /// For how long; 423 where that is too brief (RFC 6665 §4.2.1.1).
    fn wanted_for(&self, asked: &Asked) -> Result<Wish, Box<Response>> {
        let asked_for = match asked.headers().expires() {
            Ok(Some(0)) => return Ok(Wish::Over),
            Ok(Some(seconds)) => Duration::from_secs(seconds.into()),
            Ok(None) | Err(_) => EXPIRES,
        };
        let granted = asked_for.min(self.settings.expires_max);
        if granted < self.settings.expires_min {
            let mut refusal = self.refusal(asked, StatusCode::INTERVAL_TOO_BRIEF);
            refusal.headers.push_display(HeaderName::MinExpires, self.settings.expires_min.as_secs());
            return Err(Box::new(refusal));
        }
        Ok(Wish::Stand(granted))
    }

    /// `Notify`.
    pub(crate) fn notify(&mut self, subscription: SubscriptionId, document: Vec<u8>) {
        self.queue_news(Usage::Watch(subscription), News { body: document, ended: None });
    }

    /// `EndSubscription`.
    pub(crate) fn end_subscription(&mut self, subscription: SubscriptionId, reason: &'static str) {
        self.end_subscription_for(Usage::Watch(subscription), reason);
    }

    /// The watches of accounts that are no more are over.
    pub(crate) fn reject_watches_without_account(&mut self) {
        let gone: Vec<Usage> = self
            .usages
            .subscriptions
            .iter()
            .filter(|(_, known)| {
                known.account().is_some_and(|name| !self.settings.accounts.contains_key(name))
            })
            .filter(|(_, known)| matches!(known.standing, Standing::Active { .. }))
            .map(|(usage, _)| *usage)
            .collect();
        for usage in gone {
            self.told_unsubscribed(usage);
            self.end_subscription_for(usage, "rejected");
        }
    }
}
