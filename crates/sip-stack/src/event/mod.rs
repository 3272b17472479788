//! Events (RFC 6665): who watches what at this side, and the dialogs in which it is told.

pub(crate) mod notifier;
pub(crate) mod notifying;
pub(crate) mod sipfrag;
pub(crate) mod subscription;
pub(crate) mod usages;

/// One subscription at this side; numbered by the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId(pub u64);

/// What of a resource is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Package {
    /// `message-summary` (RFC 3842): messages that wait. `application/simple-message-summary`.
    MessageSummary,
    /// `dialog` (RFC 4235): calls of the resource, for busy lamp fields. `application/dialog-info+xml`.
    Dialog,
    /// `presence` (RFC 3856). `application/pidf+xml` (RFC 3863).
    Presence,
}

impl Package {
    /// Every package that this side tells of.
    pub const ALL: [Package; 3] = [Package::MessageSummary, Package::Dialog, Package::Presence];

    /// The package of a name; compared by case (RFC 6665 §8.2.1).
    pub(crate) fn named(name: &str) -> Option<Package> {
        Package::ALL.into_iter().find(|package| package.name() == name)
    }

    /// The name in `Event`.
    pub const fn name(self) -> &'static str {
        match self {
            Package::MessageSummary => "message-summary",
            Package::Dialog => "dialog",
            Package::Presence => "presence",
        }
    }

    /// The media type of its documents.
    pub const fn content_type(self) -> &'static str {
        match self {
            Package::MessageSummary => "application/simple-message-summary",
            Package::Dialog => "application/dialog-info+xml",
            Package::Presence => "application/pidf+xml",
        }
    }
}
