//! The schema says of the template and of broken samples what the reader says.

use frontdesk_call_flow::{Flow, RECEPTION, schema};
use serde_json::Value;

/// As much of JSON Schema as the schema uses; an unknown keyword fails the test rather than being ignored.
struct Validator<'a>(&'a Value);

impl Validator<'_> {
    fn accepts(&self, schema: &Value, value: &Value) -> bool {
        let rules = schema.as_object().expect("a schema is an object");
        rules.iter().all(|(rule, wanted)| self.keeps(rule, wanted, rules, value))
    }

    fn keeps(
        &self,
        rule: &str,
        wanted: &Value,
        rules: &serde_json::Map<String, Value>,
        value: &Value,
    ) -> bool {
        let all = || wanted.as_array().unwrap().iter();
        let number = || wanted.as_u64().unwrap() as usize;
        match rule {
            "$schema" | "$defs" | "title" | "description" | "default" => true,
            "$ref" => {
                let path = wanted.as_str().unwrap().strip_prefix('#').unwrap();
                self.accepts(self.0.pointer(path).unwrap_or_else(|| panic!("{path} is not there")), value)
            }
            "const" => value == wanted,
            "enum" => all().any(|wanted| wanted == value),
            "oneOf" => all().filter(|schema| self.accepts(schema, value)).count() == 1,
            "anyOf" => all().any(|schema| self.accepts(schema, value)),
            "type" => match wanted.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "boolean" => value.is_boolean(),
                other => panic!("type {other}"),
            },
            "pattern" => value.as_str().is_none_or(|text| fits(wanted.as_str().unwrap(), text)),
            "minLength" => value.as_str().is_none_or(|text| text.chars().count() >= number()),
            "maxLength" => value.as_str().is_none_or(|text| text.chars().count() <= number()),
            "minItems" => value.as_array().is_none_or(|list| list.len() >= number()),
            "maxItems" => value.as_array().is_none_or(|list| list.len() <= number()),
            "uniqueItems" => value
                .as_array()
                .is_none_or(|list| list.iter().enumerate().all(|(at, item)| !list[..at].contains(item))),
            "items" => value.as_array().is_none_or(|list| list.iter().all(|item| self.accepts(wanted, item))),
            "minProperties" => value.as_object().is_none_or(|table| table.len() >= number()),
            "maxProperties" => value.as_object().is_none_or(|table| table.len() <= number()),
            "required" => value
                .as_object()
                .is_none_or(|table| all().all(|name| table.contains_key(name.as_str().unwrap()))),
            "properties" => value.as_object().is_none_or(|table| {
                let known = wanted.as_object().unwrap();
                table
                    .iter()
                    .all(|(name, value)| known.get(name).is_none_or(|schema| self.accepts(schema, value)))
            }),
            "additionalProperties" => value.as_object().is_none_or(|table| {
                let known = rules.get("properties").and_then(Value::as_object);
                let is_known = |name: &str| known.is_some_and(|known| known.contains_key(name));
                table.iter().filter(|(name, _)| !is_known(name)).all(|(_, value)| match wanted {
                    Value::Bool(allowed) => *allowed,
                    schema => self.accepts(schema, value),
                })
            }),
            "propertyNames" => value.as_object().is_none_or(|table| {
                table.keys().all(|name| self.accepts(wanted, &Value::String(name.clone())))
            }),
            other => panic!("the schema uses `{other}`, which this test does not know"),
        }
    }
}

/// The few patterns that the schema has, by hand: no crate for them is worth a dependency.
fn fits(pattern: &str, text: &str) -> bool {
    let all = |text: &str, extra: &str| text.chars().all(|c| c.is_ascii_digit() || extra.contains(c));
    let lower = "abcdefghijklmnopqrstuvwxyz";
    match pattern {
        "^[a-z]{2,3}(-[A-Z]{2})?$" => frontdesk_identifiers::Locale::new(text).is_ok(),
        "^[A-Za-z0-9_-]{1,64}$" => {
            (1..=64).contains(&text.len())
                && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
        }
        "^[a-z][a-z0-9_]*$" => {
            text.starts_with(|c: char| lower.contains(c)) && all(text, &format!("{lower}_"))
        }
        "^[a-z0-9_-][a-z0-9_.-]{0,63}$" => frontdesk_identifiers::FlowId::new(text).is_ok(),
        "^[0-9]+(\\.[0-9])? ?(ms|s|m)$" => {
            let number = text.trim_end_matches(['m', 's']).trim_end_matches(' ');
            !number.is_empty() && number.len() < text.len() && all(number, ".")
        }
        "^((phone|number):[+0-9*#.() -]{1,128}|room:[a-z0-9_-]{1,32})$" => match text.split_once(':') {
            Some(("phone" | "number", number)) => !number.is_empty() && all(number, "+*#.() -"),
            Some(("room", name)) => (1..=32).contains(&name.len()) && all(name, &format!("{lower}_-")),
            _ => false,
        },
        other => panic!("the schema has the pattern `{other}`, which this test does not know"),
    }
}

fn by_schema(text: &str) -> bool {
    let schema = schema();
    let value: Value = toml::from_str(text).expect("the samples are TOML");
    Validator(&schema).accepts(&schema, &value)
}

fn by_reader(text: &str) -> bool {
    Flow::read_by_own_name("x.toml", text).is_ok()
}

const SMALL: &str = r#"
format = 1
flow = "small"
start = "ask"
languages = ["en-US", "de-DE"]
[words]
company.name = "Acme"
company.long.name = "Acme Limited"
[step.ask]
ask = { en-US = "Yes?", de-DE = "Ja?" }
repeat = ["Well?"]
wait = "1.5s"
barge_in = false
answer.yes = { key = "1", phrases = ["yes"], next = "who" }
answer.no = { phrases = { en-US = ["no"], de-DE = ["nein"] }, next = "end" }
failed = "end"
[step.who]
branch = "company.name"
when = { Acme = "put", "Acme Limited" = "end" }
otherwise = "put"
[step.put]
transfer = "phone:+49 30 1234"
ring = "30s"
failed = "meet"
[step.meet]
transfer = "room:monday-2"
failed = "end"
[step.end]
hang_up = true
[layout.end]
x = 1
"#;

#[test]
fn the_template_and_a_flow_with_everything_fit_the_schema() {
    for text in [RECEPTION.text, SMALL] {
        assert!(by_reader(text) && by_schema(text), "{text}");
    }
}

#[test]
fn what_the_reader_refuses_for_its_form_the_schema_refuses_too() {
    for (from, to) in [
        ("format = 1", "format = 2"),
        ("format = 1", ""),
        ("flow = \"small\"", "flow = \"Small\""),
        ("start = \"ask\"", "start = 1"),
        ("\"de-DE\"]", "\"en-US\"]"),
        ("\"de-DE\"]", "\"german\"]"),
        ("languages", "language"),
        ("company.name = \"Acme\"", "company.Name = \"Acme\""),
        ("ask = {", "aks = {"),
        ("repeat = [\"Well?\"]", "repeat = \"Well?\""),
        ("wait = \"1.5s\"", "wait = \"soon\""),
        ("wait = \"1.5s\"", "wait = 6"),
        ("barge_in = false", "barge_in = \"no\""),
        ("key = \"1\"", "key = \"x\""),
        ("key = \"1\", phrases = [\"yes\"], ", ""),
        ("phrases = [\"yes\"]", "phrases = []"),
        ("phrases = [\"yes\"]", "phrases = \"yes\""),
        (", next = \"who\"", ""),
        ("failed = \"end\"\n[step.who]", "[step.who]"),
        ("branch = \"company.name\"", "branch = 1"),
        ("when = { Acme = \"put\", \"Acme Limited\" = \"end\" }", "when = {}"),
        ("when = { Acme = \"put\",", "when = { Acme = 1,"),
        ("otherwise = \"put\"", ""),
        ("otherwise = \"put\"", "otherwise = \"put\"\nnext = \"end\""),
        ("failed = \"end\"\n[step.end]", "[step.end]"),
        ("phone:+49", "sales"),
        ("hang_up = true", "hang_up = false"),
        ("hang_up = true", "hang_up = \"\""),
        ("hang_up = true", "hang_up = true\nnext = \"end\""),
        ("hang_up = true", "hang_up = true\nsay = \"Bye.\""),
        ("hang_up = true", "x = 1"),
    ] {
        assert!(SMALL.contains(from), "{from}");
        let text = SMALL.replacen(from, to, 1);
        assert!(!by_reader(&text), "the reader takes {to}");
        assert!(!by_schema(&text), "the schema takes {to}");
    }
}
