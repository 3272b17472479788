//! Which machine.

crate::slug!(
    /// One running desk among several.
    NodeId,
    "node name"
);
