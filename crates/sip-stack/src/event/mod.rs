//! Events (RFC 6665): who watches what at this side.

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
