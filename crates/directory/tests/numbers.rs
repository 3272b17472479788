//! What people dial and what trunks send, in E.164 and back.

use frontdesk_directory::{NumberForm, NumberPlan};
use frontdesk_identifiers::TelephoneNumber;

fn number(text: &str) -> TelephoneNumber {
    TelephoneNumber::new(text).expect("a number")
}

fn plan(country: &str, area: Option<&str>) -> NumberPlan {
    let plan = NumberPlan::of_country(country).expect("a country of the table");
    NumberPlan { area_code: area.map(str::to_owned), ..plan }
}

/// Each number as it is dialled, and as it is meant.
fn dialled(plan: &NumberPlan, table: &[(&str, &str)]) {
    for (from, to) in table {
        assert_eq!(plan.normal(&number(from)).as_str(), *to, "{from} in +{}", plan.country_code);
    }
}

#[test]
fn germany() {
    let table = [
        ("030 901820", "+4930901820"),
        ("0049 30 901820", "+4930901820"),
        ("+49 30 901820", "+4930901820"),
        ("+49 (0)30 901820", "+4930901820"),
        ("901820", "+4930901820"),
        ("0171 1234567", "+491711234567"),
        ("0800 3301000", "+498003301000"),
        ("0033 1 42 68 53 00", "+33142685300"),
        ("110", "110"),
        ("112", "112"),
        ("115", "115"),
        ("116117", "116117"),
        ("11833", "11833"),
        ("1001", "1001"),
        ("*31#", "*31#"),
    ];
    dialled(&plan("DE", Some("30")), &table);
    dialled(&plan("DE", None), &[("901820", "901820"), ("030901820", "+4930901820")]);
}

#[test]
fn the_united_states() {
    let table = [
        ("1 (212) 555-0123", "+12125550123"),
        ("212 555 0123", "+12125550123"),
        ("555-0123", "+12125550123"),
        ("011 49 30 901820", "+4930901820"),
        ("+1 212 555 0123", "+12125550123"),
        ("911", "911"),
        ("988", "988"),
        ("1001", "1001"),
        ("62262", "62262"),
    ];
    dialled(&plan("US", Some("212")), &table);
    dialled(&plan("US", None), &[("5550123", "5550123")]);
}

#[test]
fn the_united_kingdom() {
    let table = [
        ("020 7946 0123", "+442079460123"),
        ("00 44 20 7946 0123", "+442079460123"),
        ("+44 (0)20 7946 0123", "+442079460123"),
        ("7946 0123", "+442079460123"),
        ("07700 900123", "+447700900123"),
        ("999", "999"),
        ("112", "112"),
        ("101", "101"),
        ("118118", "118118"),
        ("116123", "116123"),
    ];
    dialled(&plan("GB", Some("20")), &table);
}

#[test]
fn italy_keeps_its_zero() {
    let table = [
        ("06 1234 5678", "+390612345678"),
        ("+39 06 1234 5678", "+390612345678"),
        ("0039 06 1234 5678", "+390612345678"),
        ("347 1234567", "+393471234567"),
        ("800 123456", "+39800123456"),
        ("0049 30 901820", "+4930901820"),
        ("113", "113"),
        ("118", "118"),
        ("116117", "116117"),
        ("1201", "1201"),
    ];
    dialled(&plan("IT", None), &table);
}

#[test]
fn france() {
    let table = [
        ("01 42 68 53 00", "+33142685300"),
        ("0033 1 42 68 53 00", "+33142685300"),
        ("+33 (0)1 42 68 53 00", "+33142685300"),
        ("06 12 34 56 78", "+33612345678"),
        ("15", "15"),
        ("17", "17"),
        ("3646", "3646"),
        ("118712", "118712"),
        ("116000", "116000"),
    ];
    dialled(&plan("FR", None), &table);
}

#[test]
fn russia() {
    let table = [
        ("8 (495) 123-45-67", "+74951234567"),
        ("8 800 555 35 35", "+78005553535"),
        ("+7 800 555 35 35", "+78005553535"),
        ("810 49 30 901820", "+4930901820"),
        ("123-45-67", "+74951234567"),
        ("855 12 34", "+74958551234"),
        ("102", "102"),
        ("112", "112"),
    ];
    dialled(&plan("RU", Some("495")), &table);
}

#[test]
fn a_desk_without_a_country_knows_only_what_is_international() {
    let none = NumberPlan::default();
    dialled(&none, &[("+4930901820", "+4930901820"), ("030901820", "030901820"), ("1001", "1001")]);
}

#[test]
fn what_is_no_number_of_the_network_is_left_alone() {
    let plan = plan("DE", None);
    let table =
        [("+0123", "+0123"), ("+12345678901234567", "+12345678901234567"), ("00", "00"), ("+49", "+49")];
    dialled(&plan, &table);
}

#[test]
fn a_trunk_gets_numbers_as_it_wants_them() {
    let table = [
        ("DE", NumberForm::Plus, "+4930901820", "+4930901820"),
        ("DE", NumberForm::Digits, "+4930901820", "4930901820"),
        ("DE", NumberForm::National, "+4930901820", "030901820"),
        ("DE", NumberForm::National, "+33142685300", "0033142685300"),
        ("DE", NumberForm::AsIs, "+4930901820", "+4930901820"),
        ("DE", NumberForm::Digits, "112", "112"),
        ("IT", NumberForm::National, "+390612345678", "0612345678"),
        ("US", NumberForm::National, "+12125550123", "12125550123"),
        ("US", NumberForm::National, "+4930901820", "0114930901820"),
        ("US", NumberForm::Digits, "+12125550123", "12125550123"),
        ("RU", NumberForm::National, "+78005553535", "88005553535"),
        ("GB", NumberForm::National, "+442079460123", "02079460123"),
    ];
    for (country, outward, from, to) in table {
        let plan = NumberPlan { outward, ..plan(country, None) };
        assert_eq!(plan.outward(&number(from)).as_str(), to, "{from} to {country} as {outward:?}");
    }
}

#[test]
fn a_trunks_numbers_are_read_as_it_writes_them() {
    let table = [
        ("DE", NumberForm::Plus, "+4930901820", "+4930901820"),
        ("DE", NumberForm::Plus, "004930901820", "+4930901820"),
        ("DE", NumberForm::Digits, "4930901820", "+4930901820"),
        ("DE", NumberForm::Digits, "030901820", "+4930901820"),
        ("DE", NumberForm::Digits, "1001", "1001"),
        ("DE", NumberForm::National, "030901820", "+4930901820"),
        ("DE", NumberForm::National, "0033142685300", "+33142685300"),
        ("DE", NumberForm::AsIs, "030901820", "030901820"),
        ("IT", NumberForm::Digits, "390612345678", "+390612345678"),
        ("US", NumberForm::Digits, "12125550123", "+12125550123"),
        ("US", NumberForm::National, "2125550123", "+12125550123"),
        ("RU", NumberForm::National, "88005553535", "+78005553535"),
    ];
    for (country, inward, from, to) in table {
        let plan = NumberPlan { inward, ..plan(country, None) };
        assert_eq!(plan.inward(&number(from)).as_str(), to, "{from} from {country} as {inward:?}");
    }
}

#[test]
fn a_number_survives_the_way_out_and_in_again() {
    for country in ["DE", "US", "GB", "IT", "FR", "RU", "ES", "CH"] {
        for form in [NumberForm::Plus, NumberForm::Digits, NumberForm::National] {
            let plan = NumberPlan { inward: form, outward: form, ..plan(country, None) };
            for text in [
                "+4930901820",
                "+12125550123",
                "+390612345678",
                "+78005553535",
                "+33142685300",
                "+41446681800",
            ] {
                let back = plan.inward(&plan.outward(&number(text)));
                assert_eq!(back.as_str(), text, "{country} as {form:?}");
            }
        }
    }
}

#[test]
fn emergency_numbers_are_known_as_they_are_dialled() {
    for (country, calls) in [("DE", "112"), ("US", "911"), ("GB", "999"), ("FR", "15"), ("AU", "000")] {
        assert!(plan(country, None).is_emergency(&number(calls)), "{calls} in {country}");
    }
    assert!(!plan("DE", None).is_emergency(&number("911")));
    assert!(!plan("DE", Some("30")).is_emergency(&number("+4930112")));
}
