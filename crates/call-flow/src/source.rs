//! The file: TOML with places, and texts with `{{words}}` in them.

pub(crate) mod template;
pub(crate) mod toml;
