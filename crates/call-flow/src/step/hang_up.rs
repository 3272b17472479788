//! `hang_up`: the end, with or without a last word.

use crate::source::toml::{Fields, Reading};
use crate::text::Texts;
use toml::de::DeValue;

/// `hang_up = "Goodbye."` or `hang_up = true`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HangUp {
    pub(crate) text: Option<Texts>,
}

impl HangUp {
    pub(crate) fn read(reading: &mut Reading<'_>, mut fields: Fields<'_, '_>) -> Option<HangUp> {
        let value = fields.take("hang_up")?;
        let text = match value.get_ref() {
            DeValue::Boolean(true) => Some(None),
            DeValue::Boolean(false) => {
                let what = format!("{} says hang_up = false, and has no other verb", fields.what);
                reading.fault(value.span().start, what, "write hang_up = true or hang_up = \"Goodbye.\"");
                None
            }
            _ => reading.texts(value, "hang_up").map(Some),
        };
        fields.finish(reading)?;
        Some(HangUp { text: text? })
    }
}
