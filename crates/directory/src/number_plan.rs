//! How numbers are written: by the people of a country, and by a trunk.

use crate::country;
use frontdesk_identifiers::TelephoneNumber;
use std::collections::BTreeSet;

/// How numbers are dialled in a country, and how one trunk writes them.
///
/// Inside frontdesk a number of the telephone network is in E.164 with its `+`; what is internal (`1001`) or a service
/// of the country (`112`) stays as it is dialled.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NumberPlan {
    /// The country's digits in E.164: `49`. Empty knows no country: only numbers with `+` are of the network.
    pub country_code: String,
    /// What is dialled before a number of the country: `0`, `1`, `8`. Empty where nothing is, as in Italy, whose `0`
    /// belongs to the number and stays in E.164.
    pub national_prefix: String,
    /// How many digits every number of the country has, without prefix; none where they differ.
    pub national_digits: Option<usize>,
    /// What is dialled before a number of another country: `00`, `011`, `810`.
    pub international_prefix: String,
    /// The area that numbers without one belong to, without the national prefix: `30`. None keeps such numbers as they
    /// are.
    pub area_code: Option<String>,
    /// Numbers of up to so many digits are internal or services, and stay as they are.
    pub short_digits_max: usize,
    /// Longer numbers that begin like this are services too, such as `116117` and `11833`: they have no international
    /// form.
    pub service_prefixes: Vec<String>,
    /// How the trunk writes numbers that it sends.
    pub inward: NumberForm,
    /// How the trunk wants numbers written.
    pub outward: NumberForm,
    /// Numbers for emergencies, as they are dialled.
    pub emergency: BTreeSet<TelephoneNumber>,
}

/// How a trunk writes numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NumberForm {
    /// `+4930123456`
    #[default]
    Plus,
    /// `4930123456`
    Digits,
    /// `030123456` within the country, `0033…` beyond it.
    National,
    /// As it came.
    AsIs,
}

impl NumberPlan {
    /// The plan of a country by its ISO 3166 code (`DE`), as its numbering authority has it; none for a country that is
    /// not in the table: it is written out in the settings then.
    pub fn of_country(code: &str) -> Option<NumberPlan> {
        country::plan(code)
    }

    /// Whether this number, as it is dialled, is for emergencies.
    pub fn is_emergency(&self, dialled: &TelephoneNumber) -> bool {
        self.emergency.contains(dialled)
    }

    /// What somebody in this country dials, in E.164; as it is where it is internal, a service, or cannot be told.
    pub fn normal(&self, dialled: &TelephoneNumber) -> TelephoneNumber {
        let text = dialled.as_str();
        if self.is_emergency(dialled) || text.contains(['*', '#']) {
            return dialled.clone();
        }
        if let Some(digits) = text.strip_prefix('+') {
            return self.international(digits, dialled);
        }
        if let Some(rest) = after(text, &self.international_prefix) {
            return self.international(rest, dialled);
        }
        self.national(text)
            .and_then(|digits| TelephoneNumber::e164(&digits))
            .unwrap_or_else(|| dialled.clone())
    }

    /// A number as the trunk sends it.
    pub fn inward(&self, sent: &TelephoneNumber) -> TelephoneNumber {
        let text = sent.as_str();
        match self.inward {
            NumberForm::AsIs => sent.clone(),
            NumberForm::Digits
                if text.len() > self.short_digits_max
                    && !self.is_emergency(sent)
                    && text.starts_with(|first: char| ('1'..='9').contains(&first)) =>
            {
                TelephoneNumber::e164(text).unwrap_or_else(|| sent.clone())
            }
            _ => self.normal(sent),
        }
    }

    /// A number as the trunk wants it. What is no E.164 stays as it is.
    pub fn outward(&self, number: &TelephoneNumber) -> TelephoneNumber {
        let Some(digits) = number.as_str().strip_prefix('+').filter(|_| number.is_e164()) else {
            return number.clone();
        };
        let written = match self.outward {
            NumberForm::Plus | NumberForm::AsIs => return number.clone(),
            NumberForm::Digits => digits.to_owned(),
            NumberForm::National => match after(digits, &self.country_code) {
                Some(rest) => format!("{}{rest}", self.national_prefix),
                None => format!("{}{digits}", self.international_prefix),
            },
        };
        TelephoneNumber::new(&written).unwrap_or_else(|_| number.clone())
    }

    /// `+49 (0)30 …`, as it stands on visiting cards, is meant without its zero where no number begins with one.
    fn international(&self, digits: &str, dialled: &TelephoneNumber) -> TelephoneNumber {
        let zero = after(digits, &self.country_code)
            .filter(|_| self.national_prefix == "0")
            .and_then(|national| national.strip_prefix('0'));
        let digits = match zero {
            Some(rest) => format!("{}{rest}", self.country_code),
            None => digits.to_owned(),
        };
        TelephoneNumber::e164(&digits).unwrap_or_else(|| dialled.clone())
    }

    /// The digits of E.164 of a number that is dialled within the country; none for internal numbers and services.
    fn national(&self, text: &str) -> Option<String> {
        let service = |prefix: &String| !prefix.is_empty() && text.starts_with(prefix.as_str());
        if self.country_code.is_empty()
            || text.len() <= self.short_digits_max
            || self.service_prefixes.iter().any(service)
        {
            return None;
        }
        let in_country = |digits: &str| Some(format!("{}{digits}", self.country_code));
        let in_area =
            |digits: &str| self.area_code.as_ref().map(|area| format!("{}{area}{digits}", self.country_code));
        let behind_prefix = after(text, &self.national_prefix);
        match self.national_digits {
            Some(length) => match behind_prefix {
                Some(rest) if rest.len() == length => in_country(rest),
                _ if text.len() == length => in_country(text),
                _ => in_area(text).filter(|_| {
                    self.area_code.as_ref().is_some_and(|area| area.len() + text.len() == length)
                }),
            },
            None if self.national_prefix.is_empty() => in_country(text),
            None => match behind_prefix {
                Some(rest) => in_country(rest),
                None => in_area(text),
            },
        }
    }
}

/// What stands behind a prefix; none if it is not there, is empty, or nothing stands behind it.
fn after<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    text.strip_prefix(prefix).filter(|rest| !prefix.is_empty() && !rest.is_empty())
}
