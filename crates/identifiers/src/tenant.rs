//! Whose data it is.

crate::slug!(
    /// One customer of this desk. Every call, recording and record carries one, from the first line on,
    /// though at first a single tenant exists.
    TenantId,
    "tenant name"
);
