//! How numbers are written: by the people of a country, and by a trunk.

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
    /// What is dialled before a number of the country: `0`, `1`, `8`; empty where nothing is.
    pub national_prefix: String,
    /// Whether the national prefix belongs to the number and stays in E.164, as in Italy.
    pub keeps_prefix: bool,
    /// What is dialled before a number of another country: `00`, `011`, `810`.
    pub international_prefix: String,
    /// The area that numbers without one belong to, without the national prefix: `30`. None keeps such numbers as they
    /// are.
    pub area_code: Option<String>,
    /// Numbers of up to so many digits are internal or services, and stay as they are.
    pub short_digits_max: usize,
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
