//! What a dialog is used for besides its session (RFC 5057 §3): who refers, who is referred, who watches. A dialog lives
//! as long as one of its usages.

use super::SubscriptionId;
use super::subscription::{Standing, Subscription};
use crate::dialog::dialog::{Dialog, DialogKey};
use crate::dialog::invite_session::Session;
use crate::dialog::referring::Referring;
use crate::input::{Flow, ReferralId, SessionId};
use crate::reply::Asked;
use crate::stack::{Due, SipStack};
use frontdesk_identifiers::Moment;
use frontdesk_sip_message::{Method, StatusCode};
use std::collections::{BTreeMap, BTreeSet};

/// The name of a usage of a dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Usage {
    /// A REFER came, and who sent it is told how its call goes.
    Referral(ReferralId),
    /// This side sent a REFER in the dialog of this session, and is told.
    Referring(SessionId),
    /// Somebody watches a resource of this side.
    Watch(SubscriptionId),
}

/// All usages and their dialogs.
#[derive(Debug, Default)]
pub(crate) struct Usages {
    /// Those in which this side sends the NOTIFYs: referrals and watches.
    pub(crate) subscriptions: BTreeMap<Usage, Subscription>,
    /// Those in which it receives them.
    pub(crate) referring: BTreeMap<SessionId, Referring>,
    by_dialog: BTreeMap<DialogKey, BTreeSet<Usage>>,
    /// Dialogs without a session: they never had one, or it is over.
    alone: BTreeMap<DialogKey, Dialog>,
    /// How many watches each account has.
    watches: BTreeMap<String, usize>,
    next: u64,
}

impl Usages {
    /// A number that no referral and no watch had.
    pub(crate) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// The usages of a dialog.
    pub(crate) fn of(&self, dialog: &DialogKey) -> impl Iterator<Item = Usage> + '_ {
        self.by_dialog.get(dialog).into_iter().flatten().copied()
    }

    pub(crate) fn watches_of(&self, account: &str) -> usize {
        self.watches.get(account).copied().unwrap_or(0)
    }

    /// Whether the dialog had a session that is over.
    pub(crate) fn outlived_session(&self, dialog: &DialogKey) -> bool {
        let of_session = |usage| !matches!(usage, Usage::Watch(_));
        self.alone.contains_key(dialog) && self.of(dialog).any(of_session)
    }

    /// Referrals, watches.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let watches = self.watches.values().sum();
        (self.subscriptions.len() - watches + self.referring.len(), watches)
    }

    /// How many dialogs live without a session.
    pub(crate) fn dialogs_alone(&self) -> usize {
        self.alone.len()
    }

    /// The connection is no more.
    pub(crate) fn flow_closed(&mut self, flow: Flow) {
        self.alone.values_mut().for_each(|dialog| dialog.flow_closed(flow));
    }

    fn bind(&mut self, usage: Usage, dialog: DialogKey) {
        self.by_dialog.entry(dialog).or_default().insert(usage);
    }

    fn unbind(&mut self, usage: Usage, dialog: &DialogKey) {
        let Some(usages) = self.by_dialog.get_mut(dialog) else { return };
        usages.remove(&usage);
        if usages.is_empty() {
            self.by_dialog.remove(dialog);
            self.alone.remove(dialog);
        }
    }
}

impl SipStack {
    /// The dialog, of a session or alone.
    pub(crate) fn dialog_named(&mut self, key: &DialogKey) -> Option<&mut Dialog> {
        let session = self.dialogs.get(key).and_then(|session| self.sessions.get_mut(session));
        match session {
            Some(Session::Talking(talking)) if talking.partner.dialog.key == *key => {
                Some(&mut talking.partner.dialog)
            }
            Some(Session::Arriving(arriving)) if arriving.partner.dialog.key == *key => {
                Some(&mut arriving.partner.dialog)
            }
            _ => self.usages.alone.get_mut(key),
        }
    }

    /// The session of a dialog is over; what else it is used for goes on in it (RFC 5057 §4.1).
    pub(crate) fn leave_alone(&mut self, session: &Session) {
        let dialog = match session {
            Session::Talking(talking) => &talking.partner.dialog,
            Session::Arriving(arriving) => &arriving.partner.dialog,
            _ => return,
        };
        if self.usages.by_dialog.contains_key(&dialog.key) {
            let mut dialog = dialog.clone();
            dialog.leave_numbers_for_bye();
            self.usages.alone.insert(dialog.key.clone(), dialog);
        }
    }

    /// A request within a dialog that has no session.
    pub(crate) fn receive_alone(&mut self, dialog: &DialogKey, asked: &Asked) {
        let Ok(cseq) = asked.headers().cseq() else { return };
        let Some(known) = self.usages.alone.get_mut(dialog) else {
            return self.refuse(asked, StatusCode::CALL_TRANSACTION_DOES_NOT_EXIST);
        };
        // RFC 3261 §12.2.2.
        if !known.takes(cseq.number) {
            return self.refuse(asked, StatusCode::SERVER_INTERNAL_ERROR);
        }
        known.came_by(asked.flow);
        match &asked.request.method {
            method if *method == Method::NOTIFY => self.receive_notify(dialog, asked),
            method if *method == Method::SUBSCRIBE => self.receive_subscribe_within(dialog, asked),
            _ => self.refuse(asked, StatusCode::CALL_TRANSACTION_DOES_NOT_EXIST),
        }
    }

    /// A usage in which this side sends NOTIFYs.
    pub(crate) fn begin_subscription(&mut self, usage: Usage, subscription: Subscription) {
        self.usages.bind(usage, subscription.dialog.clone());
        if let Some(account) = subscription.account() {
            *self.usages.watches.entry(account.to_owned()).or_default() += 1;
        }
        self.usages.subscriptions.insert(usage, subscription);
        self.watch_usage(usage);
    }

    /// A dialog that a SUBSCRIBE made.
    pub(crate) fn begin_dialog_alone(&mut self, dialog: Dialog) {
        self.usages.alone.insert(dialog.key.clone(), dialog);
    }

    pub(crate) fn begin_referring(&mut self, session: SessionId, referring: Referring) {
        self.usages.bind(Usage::Referring(session), referring.dialog.clone());
        self.usages.referring.insert(session, referring);
        self.watch_usage(Usage::Referring(session));
    }

    /// Forgets a usage, and its dialog with the last of them.
    pub(crate) fn end_usage(&mut self, usage: Usage) {
        self.wheel.set(Due::Usage(usage), None);
        let holds_bye = self.usages.holds_bye(usage);
        let dialog = match usage {
            Usage::Referring(session) => {
                self.usages.referring.remove(&session).map(|referring| referring.dialog)
            }
            Usage::Referral(_) | Usage::Watch(_) => {
                self.usages.subscriptions.remove(&usage).map(|subscription| {
                    if let Some(account) = subscription.account() {
                        self.usages.watch_is_over(account);
                    }
                    subscription.dialog
                })
            }
        };
        if let Some(dialog) = dialog {
            self.usages.unbind(usage, &dialog);
            if holds_bye && !self.usages.of(&dialog).any(|other| self.usages.holds_bye(other)) {
                self.send_waiting_bye(&dialog);
            }
        }
    }

    /// Keeps the wheel in step with a usage.
    pub(crate) fn watch_usage(&mut self, usage: Usage) {
        let deadline: Option<Moment> = match usage {
            Usage::Referring(session) => self.usages.referring.get(&session).and_then(Referring::deadline),
            Usage::Referral(_) | Usage::Watch(_) => {
                self.usages.subscriptions.get(&usage).and_then(Subscription::deadline)
            }
        };
        self.wheel.set(Due::Usage(usage), deadline);
    }

    /// Something of a usage is due.
    pub(crate) fn usage_due(&mut self, usage: Usage) {
        match usage {
            Usage::Referring(session) => self.referring_due(session),
            Usage::Referral(_) | Usage::Watch(_) => self.subscription_due(usage),
        }
    }
}

impl Usages {
    /// Whether the BYE of its dialog waits for the end of this usage.
    fn holds_bye(&self, usage: Usage) -> bool {
        let known = self.subscriptions.get(&usage);
        known.is_some_and(|known| matches!(known.standing, Standing::Ending { bye_until: Some(_) }))
    }

    fn watch_is_over(&mut self, account: &str) {
        let Some(count) = self.watches.get_mut(account) else { return };
        *count = count.saturating_sub(1);
        if *count == 0 {
            self.watches.remove(account);
        }
    }
}
