//! How numbers are dialled in a country.
//!
//! From the ITU's list "Dialling procedures (international prefix, national (trunk) prefix and national (significant)
//! number)" (ITU-T E.164 annex, 2011) and the emergency numbers that each country publishes.

use frontdesk_directory::NumberPlan;
use frontdesk_identifiers::TelephoneNumber;

/// One country: ISO 3166 code, code in E.164, national prefix, whether the prefix stays, international prefix, emergency
/// numbers.
type Country = (&'static str, &'static str, &'static str, bool, &'static str, &'static [&'static str]);

const EUROPE: &[&str] = &["112"];

/// The countries that the settings may name.
const COUNTRIES: [Country; 34] = [
    ("AT", "43", "0", false, "00", &["112", "122", "133", "144"]),
    ("AU", "61", "0", false, "0011", &["000", "112", "106"]),
    ("BE", "32", "0", false, "00", &["112", "100", "101"]),
    ("BG", "359", "0", false, "00", EUROPE),
    ("BR", "55", "0", false, "00", &["190", "192", "193"]),
    ("CA", "1", "1", false, "011", &["911"]),
    ("CH", "41", "0", false, "00", &["112", "117", "118", "144"]),
    ("CZ", "420", "", false, "00", &["112", "150", "155", "158"]),
    ("DE", "49", "0", false, "00", &["112", "110"]),
    ("DK", "45", "", false, "00", EUROPE),
    ("EE", "372", "", false, "00", EUROPE),
    ("ES", "34", "", false, "00", &["112", "061", "080", "091"]),
    ("FI", "358", "0", false, "00", EUROPE),
    ("FR", "33", "0", false, "00", &["112", "15", "17", "18", "114"]),
    ("GB", "44", "0", false, "00", &["999", "112"]),
    ("GR", "30", "", false, "00", &["112", "100", "166", "199"]),
    ("HR", "385", "0", false, "00", EUROPE),
    ("HU", "36", "06", false, "00", &["112", "104", "105", "107"]),
    ("IE", "353", "0", false, "00", &["999", "112"]),
    ("IN", "91", "0", false, "00", &["112", "100", "101", "102"]),
    ("IT", "39", "0", true, "00", &["112", "113", "115", "118"]),
    ("JP", "81", "0", false, "010", &["110", "119"]),
    ("LT", "370", "0", false, "00", EUROPE),
    ("LU", "352", "", false, "00", &["112", "113"]),
    ("LV", "371", "", false, "00", EUROPE),
    ("NL", "31", "0", false, "00", EUROPE),
    ("NO", "47", "", false, "00", &["110", "112", "113"]),
    ("NZ", "64", "0", false, "00", &["111"]),
    ("PL", "48", "", false, "00", &["112", "997", "998", "999"]),
    ("PT", "351", "", false, "00", EUROPE),
    ("RO", "40", "0", false, "00", EUROPE),
    ("SE", "46", "0", false, "00", EUROPE),
    ("SK", "421", "0", false, "00", &["112", "150", "155", "158"]),
    ("US", "1", "1", false, "011", &["911"]),
];

/// Numbers of up to so many digits are extensions and services, unless the tenant says otherwise.
const SHORT_DIGITS_MAX: usize = 5;

/// What an operator must write, as the faults say it.
pub(super) const RULE: &str = "a country's two letters (ISO 3166) that frontdesk knows, such as DE, GB or US";

/// The plan of a country.
pub(super) fn plan(code: &str) -> Option<NumberPlan> {
    let (_, country_code, prefix, keeps_prefix, international, emergency) =
        COUNTRIES.iter().find(|(known, ..)| known.eq_ignore_ascii_case(code))?;
    Some(NumberPlan {
        country_code: (*country_code).to_owned(),
        national_prefix: (*prefix).to_owned(),
        // Italy keeps the 0 of fixed lines and has none on mobiles: what is dialled is the number.
        keeps_prefix: *keeps_prefix,
        international_prefix: (*international).to_owned(),
        short_digits_max: SHORT_DIGITS_MAX,
        emergency: emergency.iter().filter_map(|number| TelephoneNumber::new(number).ok()).collect(),
        ..NumberPlan::default()
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_has_its_emergency_numbers() {
        for (code, country, _, _, international, emergency) in COUNTRIES {
            let plan = plan(&code.to_lowercase()).expect(code);
            assert_eq!(plan.emergency.len(), emergency.len(), "{code}");
            assert!(!emergency.is_empty() && !country.is_empty() && !international.is_empty(), "{code}");
        }
        assert!(plan("XX").is_none());
    }
}
