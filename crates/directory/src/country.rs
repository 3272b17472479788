//! How people dial in the countries that are in this table.
//!
//! Facts from ITU-T E.164 (country codes), Operational Bulletin 994 (dialling procedures: international and national
//! prefixes) and the emergency numbers that the national authorities publish. An operator adds or takes away numbers in
//! the settings.

use crate::number_plan::{NumberForm, NumberPlan};
use frontdesk_identifiers::TelephoneNumber;

/// One country: ISO code, country code, national prefix, international prefix, digits of every number, beginnings of
/// services, emergency numbers.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Option<usize>,
    &'static [&'static str],
    &'static [&'static str],
);

const TABLE: [Row; 37] = [
    ("AT", "43", "0", "00", None, &["11"], &["112", "122", "133", "144"]),
    ("AU", "61", "0", "0011", Some(9), &[], &["000", "106", "112"]),
    ("BE", "32", "0", "00", None, &["11"], &["100", "101", "112"]),
    ("BG", "359", "0", "00", None, &["11"], &["112"]),
    ("BR", "55", "0", "00", None, &[], &["190", "192", "193"]),
    ("CA", "1", "1", "011", Some(10), &[], &["911"]),
    ("CH", "41", "0", "00", Some(9), &[], &["112", "117", "118", "144"]),
    ("CZ", "420", "", "00", Some(9), &[], &["112", "150", "155", "158"]),
    ("DE", "49", "0", "00", None, &["11"], &["110", "112"]),
    ("DK", "45", "", "00", Some(8), &[], &["112"]),
    ("EE", "372", "", "00", None, &["11"], &["112"]),
    ("ES", "34", "", "00", Some(9), &[], &["061", "062", "080", "085", "091", "092", "112"]),
    ("FI", "358", "0", "00", None, &["11"], &["112"]),
    ("FR", "33", "0", "00", Some(9), &[], &["15", "17", "18", "112", "114", "196"]),
    ("GB", "44", "0", "00", None, &["1"], &["112", "999"]),
    ("GR", "30", "", "00", Some(10), &[], &["100", "112", "166", "199"]),
    ("HR", "385", "0", "00", None, &["11"], &["112"]),
    ("HU", "36", "06", "00", None, &["11"], &["104", "105", "107", "112"]),
    ("IE", "353", "0", "00", None, &["11"], &["112", "999"]),
    ("IN", "91", "0", "00", Some(10), &[], &["100", "101", "102", "108", "112"]),
    ("IT", "39", "", "00", None, &["11", "12"], &["112", "113", "115", "118"]),
    ("JP", "81", "0", "010", None, &[], &["110", "119"]),
    ("LT", "370", "0", "00", Some(8), &[], &["112"]),
    ("LU", "352", "", "00", None, &["11"], &["112", "113"]),
    ("LV", "371", "", "00", Some(8), &[], &["112"]),
    ("NL", "31", "0", "00", Some(9), &[], &["112"]),
    ("NO", "47", "", "00", Some(8), &[], &["110", "112", "113"]),
    ("NZ", "64", "0", "00", None, &["11"], &["111"]),
    ("PL", "48", "", "00", Some(9), &[], &["112", "997", "998", "999"]),
    ("PT", "351", "", "00", Some(9), &[], &["112"]),
    ("RO", "40", "0", "00", Some(9), &[], &["112"]),
    ("RU", "7", "8", "810", Some(10), &[], &["101", "102", "103", "104", "112"]),
    ("SE", "46", "0", "00", None, &["11"], &["112"]),
    ("SK", "421", "0", "00", Some(9), &[], &["112", "150", "155", "158"]),
    ("TR", "90", "0", "00", Some(10), &[], &["112"]),
    ("UA", "380", "0", "00", Some(9), &[], &["101", "102", "103", "104", "112"]),
    ("US", "1", "1", "011", Some(10), &[], &["911"]),
];

/// Internal numbers and short services have up to so many digits, if nothing else is set.
const SHORT_DIGITS_MAX: usize = 5;

pub(crate) fn plan(code: &str) -> Option<NumberPlan> {
    let row = TABLE.iter().find(|row| row.0.eq_ignore_ascii_case(code))?;
    let (_, country_code, national_prefix, international_prefix, national_digits, services, emergency) = *row;
    Some(NumberPlan {
        country_code: country_code.to_owned(),
        national_prefix: national_prefix.to_owned(),
        national_digits,
        international_prefix: international_prefix.to_owned(),
        area_code: None,
        short_digits_max: SHORT_DIGITS_MAX,
        service_prefixes: services.iter().map(|prefix| (*prefix).to_owned()).collect(),
        inward: NumberForm::Plus,
        outward: NumberForm::Plus,
        emergency: emergency.iter().filter_map(|number| TelephoneNumber::new(number).ok()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_a_plan_with_a_country_and_an_emergency_number() {
        for row in TABLE {
            let plan = plan(row.0).expect("its row");
            assert!(!plan.country_code.is_empty() && plan.emergency.len() == row.6.len(), "{}", row.0);
        }
        assert!(plan("de").is_some() && plan("XX").is_none());
        assert!(TABLE.is_sorted_by_key(|row| row.0), "so that a reader finds a country");
    }
}
