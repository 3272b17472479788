//! Every slip in a flow's file is told with its line and what to do about it, all of them at once.

use frontdesk_call_flow::{Fault, Flow, FlowHash, RECEPTION};
use frontdesk_identifiers::FlowId;

const SOUND: &str = r#"format = 1
flow = "reception"
start = "greeting"
languages = ["en-US", "de-DE"]

[words]
company.name = "Acme"

[step.greeting]
say = { en-US = "Welcome to {{company.name}}.", de-DE = "Willkommen bei {{company.name}}." }
next = "wish"

[step.wish]
ask = "Sales or support?"
repeat = ["Press 1 or 2."]
wait = "6s"
barge_in = true
answer.sales = { key = "1", phrases = ["sales", "buy"], next = "to_sales" }
answer.support = { key = "2", phrases = { en-US = ["support"], de-DE = ["hilfe"] }, next = "goodbye" }
no_input = "goodbye"
no_match = "goodbye"
failed = "goodbye"

[step.to_sales]
transfer = "phone:1001"
announce = "One moment."
ring = "20s"
busy = "goodbye"
no_answer = "goodbye"
declined = "goodbye"
unreachable = "goodbye"

[step.goodbye]
hang_up = "Goodbye."

[layout.greeting]
x = 1
y = 2
"#;

fn faults(text: &str) -> Vec<Fault> {
    Flow::read_by_own_name("reception.toml", text).err().unwrap_or_default()
}

#[test]
fn a_sound_flow_has_no_fault() {
    assert_eq!(faults(SOUND), []);
    for text in [SOUND.replace('\n', "\r\n"), SOUND.replace("hang_up = \"Goodbye.\"", "hang_up = true")] {
        assert_eq!(faults(&text), []);
    }
}

#[test]
fn the_template_has_no_fault_and_asks_for_the_phones_of_a_new_house() {
    let id = FlowId::new(RECEPTION.name).unwrap();
    let flow = Flow::read(&id, "reception.toml", RECEPTION.text).unwrap();
    let targets = flow.transfer_targets(RECEPTION.text);
    let steps: Vec<&str> = targets.iter().map(|target| target.step.as_str()).collect();
    assert_eq!(steps, ["to_sales", "to_reception"]);
    for target in &targets {
        let line = RECEPTION.text.lines().nth(target.line as usize - 1).unwrap();
        assert!(line.starts_with("transfer = "), "{line}");
        assert_eq!(target.column as usize, "transfer = ".len() + 1);
    }
    assert_eq!(flow.hash(), FlowHash::of(RECEPTION.text));
}

/// What is replaced in the sound flow, by what; then the line of the fault, a part of what is wrong, a part of
/// what to do.
type Slip = (&'static str, &'static str, u32, &'static str, &'static str);

const SLIPS: &[Slip] = &[
    ("format = 1\n", "", 1, "has no `format`", "format = 1"),
    ("format = 1", "format = 2", 1, "format 2", "format = 1"),
    ("format = 1", "format = \"1\"", 1, "must be a number", "format = 1"),
    ("flow = \"reception\"\n", "", 1, "has no `flow`", "flow = "),
    ("flow = \"reception\"", "flow = \"The Reception\"", 2, "is no flow name", "flow = "),
    ("flow = ", "flo = \"x\"\nflow = ", 2, "does not know `flo`", "did you mean `flow`?"),
    (
        "start = \"greeting\"",
        "start = \"greting\"",
        3,
        "`greting`, which does not exist",
        "did you mean \"greeting\"?",
    ),
    ("start = \"greeting\"\n", "", 1, "has no `start`", "start = "),
    ("\"de-DE\"]", "\"de_DE\"]", 4, "is no locale", "languages = "),
    ("\"de-DE\"]", "\"en-US\"]", 4, "stands there twice", "leave one out"),
    ("[\"en-US\", \"de-DE\"]", "\"en-US\"", 4, "must be a list", "languages = "),
    ("company.name = \"Acme\"", "company.name = 7", 7, "must be a text", "company.name = "),
    (
        "company.name = \"Acme\"",
        "company.Name = \"A\"\ncompany.name = \"B\"",
        7,
        "no name of a word",
        "small letters",
    ),
    ("company.name = \"Acme\"", "company.name = \" \"", 7, "no plain text", "if the house"),
    (
        "Welcome to {{company.name}}",
        "Welcome to {{company.nme}}",
        10,
        "the word `company.nme`",
        "did you mean {{company.name}}?",
    ),
    ("Welcome to {{company.name}}", "Welcome to {{visitor}}", 10, "the word `visitor`", "visitor = "),
    ("Welcome to {{company.name}}", "Welcome to {{company.name", 10, "has no `}}`", "{{company.name}}"),
    ("de-DE = \"Willkommen", "fr-FR = \"Willkommen", 10, "none of the flow's languages", "en-US, de-DE"),
    ("en-US = \"Welcome to {{company.name}}.\", ", "", 10, "own language `en-US`", "en-US = "),
    ("next = \"wish\"", "nxt = \"wish\"", 11, "does not know `nxt`", "did you mean `next`?"),
    ("next = \"wish\"\n", "", 9, "has no `next`", "next = "),
    ("next = \"wish\"", "next = 3", 11, "must be a text, and this is a number", "next = "),
    ("ask = \"Sales or support?\"", "ask = \"\"", 14, "the text is empty", "to be said"),
    ("ask = ", "aks = ", 14, "does not know `aks`", "did you mean `ask`?"),
    ("ask = ", "say = \"Hm.\"\nask = ", 15, "two verbs, `say` and `ask`", "step of its own"),
    ("[\"Press 1 or 2.\"]", "\"Press 1 or 2.\"", 15, "must be a list of texts", "repeat = ["),
    ("wait = \"6s\"", "wait = \"6 seconds\"", 16, "is no time", "wait = \"6s\""),
    ("wait = \"6s\"", "wait = 6", 16, "must be a time in quotes", "wait = \"6s\""),
    ("wait = \"6s\"", "wait = \"5m\"", 16, "not from 1s to 60s", "wait = "),
    ("barge_in = true", "barge_in = \"yes\"", 17, "must be true or false", "barge_in = true"),
    ("key = \"1\"", "key = \"12\"", 18, "no key of a telephone", "0 to 9"),
    ("key = \"1\"", "key = 1", 18, "`key` must be a text", "key = "),
    ("key = \"2\"", "key = \"1\"", 19, "`sales` and `support` have the same key 1", "key of its own"),
    ("en-US = [\"support\"]", "en-US = [\"Buy!\"]", 19, "the same phrase \"buy\"", "the one that it means"),
    ("[\"sales\", \"buy\"]", "[\"?\"]", 18, "has no word in it", "a caller says"),
    ("[\"sales\", \"buy\"]", "[]", 18, "1 to 100 phrases", "key"),
    ("key = \"1\", phrases = [\"sales\", \"buy\"], ", "", 18, "neither `key` nor `phrases`", "add key"),
    ("[\"sales\", \"buy\"]", "\"sales\"", 18, "must be a list", "phrases = ["),
    ("next = \"to_sales\" }", "next = \"to_slaes\" }", 18, "`to_slaes`", "did you mean \"to_sales\"?"),
    (
        "phrases = [\"sales\", \"buy\"]",
        "phrase = [\"sales\"]",
        18,
        "does not know `phrase`",
        "did you mean `phrases`?",
    ),
    ("failed = \"goodbye\"\n", "", 13, "has no `failed`", "failed = "),
    ("no_input = ", "noinput = ", 20, "does not know `noinput`", "did you mean `no_input`?"),
    ("phone:1001", "1001", 25, "what kind of target", "phone:1001"),
    ("phone:1001", "queue:sales", 25, "`queue:` is no kind", "phone:1001"),
    ("phone:1001", "phone:sales", 25, "no telephone number", "phone:1001"),
    ("ring = \"20s\"", "ring = \"1s\"", 27, "not from 3s to 120s", "ring = "),
    ("declined = \"goodbye\"\n", "", 24, "if the phone is: declined", "failed = "),
    (
        "declined = \"goodbye\"",
        "declined = \"nobody\"",
        30,
        "`nobody`, which does not exist",
        "[step.nobody]",
    ),
    ("hang_up = \"Goodbye.\"", "hang_up = false", 34, "hang_up = false", "hang_up = true"),
    (
        "hang_up = \"Goodbye.\"",
        "hang_up = \"Goodbye.\"\nnext = \"wish\"",
        35,
        "does not know `next`",
        "leave it out",
    ),
    ("hang_up = \"Goodbye.\"", "", 33, "does nothing", "say, ask, branch, transfer, hang_up"),
    ("[layout.greeting]", "[laiout.greeting]", 36, "does not know `laiout`", "did you mean `layout`?"),
    (
        "[layout.greeting]",
        "[step.lost]\nhang_up = true\n[layout.greeting]",
        36,
        "no way leads to step `lost`",
        "take it out",
    ),
    (
        "[layout.greeting]",
        "[step.\"two words\"]\nhang_up = true\n[layout.greeting]",
        36,
        "no name of a step",
        "letters",
    ),
    ("[layout.greeting]", "[step.greeting]\n[layout.greeting]", 36, "duplicate", "TOML"),
    ("start = \"greeting\"", "start = greeting", 3, "", "TOML"),
];

#[test]
fn each_slip_is_told_with_its_line_and_its_remedy() {
    let mut wrong = Vec::new();
    for (from, to, line, what, remedy) in SLIPS {
        assert!(SOUND.contains(from), "{from}");
        let faults = faults(&SOUND.replacen(from, to, 1));
        let told =
            |fault: &Fault| fault.line == *line && fault.what.contains(what) && fault.remedy.contains(remedy);
        if !faults.iter().any(told) {
            wrong.push(format!("{from} -> {to}: wanted {line}: {what}; {remedy}: got {faults:#?}"));
        }
        // One slip is told once, or at most with what follows from it.
        if faults.len() > 3 {
            wrong.push(format!("{from} -> {to}: {} faults: {faults:#?}", faults.len()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_branch_says_what_is_wrong_with_it() {
    const WHO: &str =
        "[step.who]\nbranch = \"company.name\"\nwhen.Acme = \"wish\"\notherwise = \"goodbye\"\n";
    let with = |branch: &str| {
        let flow = SOUND.replace("[step.wish]", &format!("{branch}[step.wish]"));
        faults(&flow.replace("next = \"wish\"", "next = \"who\""))
    };
    assert_eq!(with(WHO), []);
    for (from, to, line, what) in [
        ("\"company.name\"", "\"caller.verified\"", 14, "does not declare"),
        ("\"company.name\"", "1", 14, "must be a text"),
        ("when.Acme = \"wish\"", "when.Acme = \"wich\"", 15, "`wich`, which does not exist"),
        ("when.Acme = \"wish\"", "when = \"wish\"", 15, "must be a table"),
        ("when.Acme = \"wish\"", "when = {}", 15, "1 to 50"),
        ("otherwise = \"goodbye\"", "", 13, "has no `otherwise`"),
    ] {
        assert!(WHO.contains(from), "{from}");
        let faults = with(&WHO.replace(from, to));
        let told = |fault: &Fault| fault.line == line && fault.what.contains(what);
        assert!(faults.iter().any(told), "{to}: {faults:#?}");
    }
}

#[test]
fn a_question_without_answers_is_a_fault() {
    let text = SOUND.lines().filter(|line| !line.starts_with("answer.")).collect::<Vec<_>>().join("\n");
    assert!(faults(&text).iter().any(|fault| fault.line == 13 && fault.what.contains("has no `answer`")));
}

#[test]
fn several_faults_are_told_at_once_in_the_order_of_the_file() {
    let text = SOUND
        .replace("start = \"greeting\"", "start = \"greting\"")
        .replace("wait = \"6s\"", "wait = \"soon\"")
        .replace("phone:1001", "phone:sales")
        .replace("hang_up = ", "hangup = ");
    let lines: Vec<u32> = faults(&text).iter().map(|fault| fault.line).collect();
    assert_eq!(lines, [3, 16, 25, 34]);
}

#[test]
fn several_slips_of_grammar_are_told_at_once() {
    let text = SOUND.replace("start = \"greeting\"", "start = ").replace("ring = \"20s\"", "ring = 20s");
    let lines: Vec<u32> = faults(&text).iter().map(|fault| fault.line).collect();
    assert!(lines.contains(&3) && lines.contains(&27), "{lines:?}");
}

#[test]
fn a_loop_that_never_listens_is_a_fault() {
    let text = r#"format = 1
flow = "round"
start = "a"
[step.a]
say = "One."
next = "b"
[step.b]
say = "Two."
next = "c"
[step.c]
say = "Three."
next = "b"
"#;
    let faults = faults(text);
    assert!(
        faults
            .iter()
            .any(|f| f.line == 12 && f.what.contains("b → c") && f.what.contains("without ever listening")),
        "{faults:#?}"
    );
    let itself = "format = 1\nflow = \"x\"\nstart = \"a\"\n[step.a]\nsay = \"Hm.\"\nnext = \"a\"\n";
    assert!(
        self::faults(itself)
            .iter()
            .any(|fault| fault.line == 6 && fault.what.contains("the steps a go round"))
    );
}

#[test]
fn a_way_that_never_ends_is_a_fault() {
    let text = r#"format = 1
flow = "round"
start = "a"
[step.a]
ask = "Well?"
answer.yes = { key = "1", next = "b" }
failed = "a"
[step.b]
say = "Good."
next = "a"
"#;
    let lines: Vec<u32> =
        faults(text).iter().filter(|f| f.what.contains("no way ever ends")).map(|fault| fault.line).collect();
    assert_eq!(lines, [4, 8]);
}

#[test]
fn a_flow_is_known_by_the_name_that_it_has_in_its_file() {
    let other = FlowId::new("night").unwrap();
    let faults = Flow::read(&other, "night.toml", SOUND).unwrap_err();
    assert_eq!((faults.len(), faults[0].line), (1, 2));
    assert_eq!(
        faults[0].to_string(),
        "night.toml:2:8: the flow calls itself `reception`, and is known as `night`; \
         write flow = \"night\", or name the file after the flow"
    );
}

#[test]
fn a_file_that_is_too_large_is_refused_whole() {
    let faults = faults(&format!("{SOUND}#{}", "x".repeat(1 << 20)));
    assert_eq!(faults.len(), 1);
    assert!(faults[0].what.contains("1 MiB"));
}

#[test]
fn a_thousand_faults_are_not_told_one_by_one() {
    let unknown: String = (0..1_000).map(|n| format!("unknown{n} = 1\n")).collect();
    assert_eq!(faults(&format!("{unknown}{SOUND}")).len(), 100);
}

#[test]
fn a_text_falls_back_to_the_flows_own_language() {
    use frontdesk_call_flow::Context;
    use frontdesk_identifiers::Locale;
    let flow = Flow::read_by_own_name("reception.toml", SOUND).unwrap();
    let phrases = flow.phrases_to_render(&Context::new());
    let has = |text: &str, locale: &str| phrases.contains(&(text.into(), Locale::new(locale).unwrap()));
    assert!(has("Willkommen bei Acme.", "de-DE") && has("Welcome to Acme.", "en-US"));
    assert!(has("Goodbye.", "en-US") && !has("Goodbye.", "de-DE"));
    assert_eq!(phrases.len(), 6);
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in ".{0,300}") {
        let _ = faults(&text);
    }

    #[test]
    fn any_cut_or_garbled_flow_is_read_without_a_panic(at in 0usize..1_200, length in 0usize..60, with in "[a-z\"={}\\[\\]. \n]{0,8}") {
        let end = (at + length).min(SOUND.len());
        let at = at.min(end);
        if SOUND.is_char_boundary(at) && SOUND.is_char_boundary(end) {
            let text = format!("{}{with}{}", &SOUND[..at], &SOUND[end..]);
            for fault in faults(&text) {
                proptest::prop_assert!(fault.line >= 1 && fault.line as usize <= text.lines().count() + 1);
                proptest::prop_assert!(!fault.what.is_empty() && !fault.remedy.is_empty());
            }
        }
    }
}
