//! What the settings know of countries: the directory has the table.

use frontdesk_directory::NumberPlan;
use frontdesk_identifiers::TelephoneNumber;

/// Numbers of up to so many digits are extensions and services, unless the tenant says otherwise.
const SHORT_DIGITS_MAX: usize = 5;

/// What an operator must write, as the faults say it.
pub(super) const RULE: &str = "a country's two letters (ISO 3166) that frontdesk knows, such as DE, GB or US";

/// The plan of a country.
pub(super) fn plan(code: &str) -> Option<NumberPlan> {
    NumberPlan::of_country(code)
}

/// The plan of a desk that knows no country: only short numbers and numbers with a plus.
pub(super) fn nowhere() -> NumberPlan {
    NumberPlan {
        short_digits_max: SHORT_DIGITS_MAX,
        // Every mobile network of the world takes this one (3GPP TS 22.101 §10.1), and most fixed ones do.
        emergency: ["112", "911"].iter().filter_map(|number| TelephoneNumber::new(number).ok()).collect(),
        ..NumberPlan::default()
    }
}
