//! Which conversation is held.

crate::slug!(
    /// The name of a call flow, such as `reception`.
    FlowId,
    "flow name"
);
