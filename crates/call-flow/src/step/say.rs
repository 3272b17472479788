//! `say`: something is said, then the flow goes on.

use crate::source::toml::{Exit, Fields, Reading};
use crate::text::Texts;

/// `say = "…"`, `next = "…"`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Say {
    pub(crate) text: Texts,
    pub(crate) next: Exit,
}

impl Say {
    pub(crate) fn read(reading: &mut Reading<'_>, mut fields: Fields<'_, '_>) -> Option<Say> {
        let text = fields.take("say").and_then(|value| reading.texts(value, "say"));
        let next = fields.required_exit(reading, "next", "add next = \"…\" with the step that follows");
        fields.finish(reading)?;
        Some(Say { text: text?, next: next? })
    }
}
