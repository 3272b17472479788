//! One subscription at this side (RFC 6665 §4.2): what it is for, how long it stands, and the NOTIFY under way.

use super::Package;
use crate::dialog::dialog::DialogKey;
use crate::reply::Asked;
use crate::transaction::table::ClientKey;
use frontdesk_identifiers::Moment;

/// A subscription: of who sent a REFER, or of an account that watches.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) dialog: DialogKey,
    /// What `Event` says in each of its NOTIFYs.
    pub(crate) event: String,
    pub(crate) content_type: &'static str,
    pub(crate) kind: Kind,
    pub(crate) standing: Standing,
    pub(crate) sending: Sending,
    /// The newest state that is not sent yet: it takes the place of an older one, so that a slow watcher is told less
    /// often and never late.
    pub(crate) waiting: Option<News>,
    /// The newest state that there is.
    pub(crate) newest: Vec<u8>,
}

/// Whose it is.
#[derive(Debug)]
pub(crate) enum Kind {
    /// A REFER made it.
    Referral,
    /// A SUBSCRIBE of this account made it. With `once` it wants the state a single time (RFC 6665 §4.4.3).
    Watch { account: String, resource: String, host: String, package: Package, once: bool },
}

/// By what is true of it.
#[derive(Debug)]
pub(crate) enum Standing {
    /// The REFER waits for this side's answer; at this time it is refused.
    Asked { asked: Box<Asked>, silent: bool, until: Moment },
    /// It stands until then.
    Active { until: Moment },
    /// Its user is done with it; the NOTIFY that says so is on its way. The BYE of its dialog may wait for that, till then
    /// at most.
    Ending { bye_until: Option<Moment> },
}

/// A NOTIFY at most is under way (RFC 6665 §4.2.2 wants them in order, and a flood helps nobody).
#[derive(Debug)]
pub(crate) enum Sending {
    Idle,
    /// Waits for the answer.
    Awaiting {
        key: ClientKey,
        news: News,
        tries: u8,
    },
    /// It was refused for now, and is sent again then.
    Resting {
        news: News,
        tries: u8,
        until: Moment,
    },
}

/// What a NOTIFY says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) body: Vec<u8>,
    /// Why the subscription is over, if it is.
    pub(crate) ended: Option<&'static str>,
}

impl Subscription {
    /// The account that watches.
    pub(crate) fn account(&self) -> Option<&str> {
        match &self.kind {
            Kind::Watch { account, .. } => Some(account),
            Kind::Referral => None,
        }
    }

    pub(crate) fn deadline(&self) -> Option<Moment> {
        let stands = match &self.standing {
            Standing::Asked { until, .. } | Standing::Active { until } => Some(*until),
            Standing::Ending { bye_until } => *bye_until,
        };
        let rests = match &self.sending {
            Sending::Resting { until, .. } => Some(*until),
            Sending::Idle | Sending::Awaiting { .. } => None,
        };
        [stands, rests].into_iter().flatten().min()
    }

    /// What `Subscription-State` says with this news (RFC 6665 §4.1.3).
    pub(crate) fn state(&self, news: &News, now: Moment) -> String {
        match (news.ended, &self.standing) {
            (Some(reason), _) => format!("terminated;reason={reason}"),
            (None, Standing::Active { until }) => {
                format!("active;expires={}", until.since(now).as_secs())
            }
            (None, _) => "active".to_owned(),
        }
    }
}
