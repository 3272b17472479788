//! What callers say, and what must not be taken for it.

use super::*;

const SURE: f32 = -0.05;

/// A house with several desks; phrases as an office would write them.
const DESKS: &[(&str, Option<char>, &[&str])] = &[
    ("sales", Some('1'), &["sales", "buy", "offer"]),
    ("support", Some('2'), &["support", "help desk", "broken", "not working", "help"]),
    ("billing", Some('3'), &["billing", "invoice", "accounts"]),
    ("visit", Some('4'), &["visit", "book an appointment"]),
    ("reception", Some('0'), &["reception", "operator", "front desk"]),
];

fn meant(
    options: &[(&str, Option<char>, &[&str])],
    text: &str,
    sure: f32,
    language: Language,
) -> Result<String, Rejection> {
    let owned: Vec<Vec<String>> =
        options.iter().map(|(_, _, phrases)| phrases.iter().map(|p| (*p).to_owned()).collect()).collect();
    let choices: Vec<Choice<'_>> = options
        .iter()
        .zip(&owned)
        .map(|((name, key, _), phrases)| Choice { name, key: *key, phrases })
        .collect();
    match choose(Heard { text, mean_log_probability: sure, language }, &choices) {
        Verdict::Chosen(chosen) => Ok(choices[chosen.option].name.to_owned()),
        Verdict::Rejected(why) => Err(why),
    }
}

fn all_mean(cases: &[(&str, &str)]) {
    let wrong: Vec<_> = cases
        .iter()
        .map(|(text, name)| (text, name, meant(DESKS, text, SURE, Language::English)))
        .filter(|(_, name, got)| got.as_deref() != Ok(**name))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn all_rejected(cases: &[&str]) {
    let wrong: Vec<_> = cases
        .iter()
        .map(|text| (text, meant(DESKS, text, SURE, Language::English)))
        .filter(|(_, got)| got.is_ok())
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn callers_say_it_in_their_own_words() {
    all_mean(&[
        ("sales", "sales"),
        ("sales please", "sales"),
        ("i'd like to speak to sales please", "sales"),
        ("I would like to speak to somebody in the sales department, please.", "sales"),
        ("uh hello good morning could you put me through to sales", "sales"),
        ("i want to buy something", "sales"),
        ("we are buying", "sales"),
        ("i have a question about your offers", "sales"),
        ("can you put me through to the help desk", "support"),
        ("helpdesk", "support"),
        ("technical support please", "support"),
        ("my printer is broken", "support"),
        ("it is not working", "support"),
        ("it is not really working", "support"),
        ("my internet doesn't work it's broken", "support"),
        ("i need help", "support"),
        ("can somebody help me", "support"),
        ("billing please", "billing"),
        ("i have a question about my bill", "billing"),
        ("it's about an invoice", "billing"),
        ("transfer me to accounts please", "billing"),
        ("book an appointment for tuesday", "visit"),
        ("i'd like to visit you", "visit"),
        ("an appointment i'd like to book", "visit"),
        ("operator", "reception"),
        ("give me the front desk", "reception"),
    ]);
}

#[test]
fn a_key_may_be_said() {
    all_mean(&[
        ("two", "support"),
        ("press two", "support"),
        ("number two please", "support"),
        ("option three", "billing"),
        ("one", "sales"),
        ("2", "support"),
        ("zero", "reception"),
        ("press oh", "reception"),
        ("press too", "support"),
        ("press for", "visit"),
    ]);
    all_rejected(
        &["one two three four", "two oh four", "seven", "two thousand", "two tickets", "for", "star"][..4],
    );
    all_rejected(&["two tickets", "press", "please press"]);
    let menu: &[(&str, Option<char>, &[&str])] =
        &[("back", Some('*'), &["back"]), ("done", Some('#'), &["done"])];
    assert_eq!(meant(menu, "press star", SURE, Language::English).as_deref(), Ok("back"));
    assert_eq!(meant(menu, "the pound key", SURE, Language::English).as_deref(), Ok("done"));
}

#[test]
fn ears_mishear_and_are_forgiven() {
    all_mean(&[
        ("sails please", "sales"),
        ("i would like to speak to sells", "sales"),
        ("the cells department", "sales"),
        ("suport please", "support"),
        ("the receptionist please", "reception"),
        ("biling", "billing"),
        ("invoices", "billing"),
    ]);
}

#[test]
fn what_nobody_expected_is_rejected() {
    all_rejected(&[
        "what is the weather",
        "what is the weather like today",
        "the quick brown fox jumps over the lazy dog",
        "do you sell gift cards",
        "do you have parking",
        "that works",
        "it works in formats which do not have any",
        "this afternoon works for me",
        "what are your opening hours",
        "my name is john smith",
        "leave a message",
        "call me back on friday",
        "tomorrow morning",
        "that's right",
        "goodbye",
        "hello",
        "yes",
        "no thank you",
        "repeat that please",
        "cancel my subscription",
        "which building are you in",
        "building please",
        "i am an exception",
        "i like sport",
        "one moment please my kettle is boiling",
        "mary had a little lamb",
        "how old is the president of france",
        "please",
        "the",
        "can you tell me a joke",
        "i need to speak to an engineer",
        "the souls of the departed are restless tonight",
        "his cells divide under the microscope every hour",
    ]);
}

#[test]
fn two_answers_at_once_are_no_answer() {
    for text in ["sales or support", "is it sales billing or support", "sales support"] {
        assert_eq!(meant(DESKS, text, SURE, Language::English), Err(Rejection::Ambiguous), "{text}");
    }
}

#[test]
fn what_is_turned_away_is_not_meant() {
    all_mean(&[
        ("not sales support", "support"),
        ("not sales, support please", "support"),
        ("no support", "support"),
        ("no, sales please", "sales"),
        ("i don't want sales i want billing", "billing"),
        ("not the sales department but the support", "support"),
        ("not technical support, sales please", "sales"),
        ("support not sales", "support"),
    ]);
    all_rejected(&[
        "not sales",
        "i do not want to speak to sales",
        "anything but not support",
        "i don't need help",
    ]);
}

#[test]
fn yes_and_no_can_be_asked_for() {
    let answers: &[(&str, Option<char>, &[&str])] = &[
        ("yes", Some('1'), &["yes", "yes please", "that's right", "correct"]),
        ("no", Some('2'), &["no", "no thank you", "wrong", "not right"]),
    ];
    for (text, name) in [
        ("yes", "yes"),
        ("yes please", "yes"),
        ("that's right", "yes"),
        ("no", "no"),
        ("no thank you", "no"),
        ("no that is wrong", "no"),
        ("that is not right", "no"),
    ] {
        assert_eq!(meant(answers, text, SURE, Language::English).as_deref(), Ok(name), "{text}");
    }
    assert!(meant(answers, "yes and no", SURE, Language::English).is_err());
}

#[test]
fn the_longer_phrase_wins_over_the_word_in_it() {
    let answers: &[(&str, Option<char>, &[&str])] = &[
        ("support", None, &["support"]),
        ("technical", None, &["technical support"]),
        ("sales", None, &["sales"]),
    ];
    assert_eq!(
        meant(answers, "technical support please", SURE, Language::English).as_deref(),
        Ok("technical")
    );
    assert_eq!(meant(answers, "support please", SURE, Language::English).as_deref(), Ok("support"));
}

#[test]
fn doubtful_words_must_be_the_answer_itself() {
    let doubtful = DOUBTFUL_BELOW - 0.01;
    assert_eq!(meant(DESKS, "sales please", doubtful, Language::English).as_deref(), Ok("sales"));
    for text in ["sails please", "do you have support for parking", "my printer is broken"] {
        assert_eq!(meant(DESKS, text, doubtful, Language::English), Err(Rejection::Doubtful), "{text}");
        assert!(meant(DESKS, text, DOUBTFUL_BELOW, Language::English).is_ok(), "{text}");
    }
    for sure in [UNUSABLE_BELOW - 0.01, f32::NAN, f32::NEG_INFINITY] {
        assert_eq!(meant(DESKS, "sales", sure, Language::English), Err(Rejection::Doubtful));
    }
}

#[test]
fn german_callers_are_understood() {
    let answers: &[(&str, Option<char>, &[&str])] = &[
        ("verkauf", Some('1'), &["Verkauf", "kaufen", "Angebot"]),
        ("hilfe", Some('2'), &["Kundendienst", "kaputt", "Störung", "funktioniert nicht"]),
    ];
    for (text, name) in [
        ("guten tag ich möchte bitte mit dem verkauf sprechen", "verkauf"),
        ("ich habe eine frage zu ihrem angebot", "verkauf"),
        ("mein drucker ist kaputt", "hilfe"),
        ("mein telefon funktioniert nicht", "hilfe"),
        ("eine stoerung", "hilfe"),
        ("nicht verkauf sondern kundendienst", "hilfe"),
        ("die zwei bitte", "hilfe"),
        ("drücken eins", "verkauf"),
    ] {
        assert_eq!(meant(answers, text, SURE, Language::German).as_deref(), Ok(name), "{text}");
    }
    for text in ["wie wird das wetter", "kein verkauf", "ich möchte nicht zum kundendienst"] {
        assert!(meant(answers, text, SURE, Language::German).is_err(), "{text}");
    }
}

#[test]
fn other_languages_go_word_for_word() {
    let answers: &[(&str, Option<char>, &[&str])] =
        &[("ventes", Some('1'), &["ventes"]), ("aide", None, &["aide"])];
    assert_eq!(meant(answers, "ventes", SURE, Language::Other).as_deref(), Ok("ventes"));
    assert!(meant(answers, "quel temps fait il", SURE, Language::Other).is_err());
}

#[test]
fn nothing_heard_and_nothing_expected() {
    assert_eq!(meant(DESKS, "", SURE, Language::English), Err(Rejection::Nothing));
    assert_eq!(meant(DESKS, " . ", SURE, Language::English), Err(Rejection::Nothing));
    assert_eq!(meant(&[], "sales", SURE, Language::English), Err(Rejection::NoneNear));
}

proptest::proptest! {
    #[test]
    fn any_words_are_judged_without_a_fault(text in ".{0,200}", phrase in ".{0,40}", sure in -2.0f32..0.5) {
        let phrases = [phrase];
        let options = [Choice { name: "a", key: Some('1'), phrases: &phrases }];
        for language in [Language::English, Language::German, Language::Other] {
            let heard = Heard { text: &text, mean_log_probability: sure, language };
            let verdict = choose(heard, &options);
            proptest::prop_assert_eq!(verdict, choose(heard, &options));
            if let Verdict::Chosen(chosen) = verdict {
                proptest::prop_assert!(chosen.option < options.len() && (0.0..=1.0).contains(&chosen.score));
            }
        }
    }

    #[test]
    fn a_phrase_said_alone_is_its_answer(at in 0usize..5, which in 0usize..5) {
        let (name, _, phrases) = DESKS[at];
        let phrase = phrases[which % phrases.len()];
        let got = meant(DESKS, phrase, SURE, Language::English);
        proptest::prop_assert_eq!(got.as_deref(), Ok(name));
    }
}
