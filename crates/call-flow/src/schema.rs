//! The form of a flow's file, for editors: JSON Schema.

use serde_json::{Value, json};

/// A JSON Schema (draft 2020-12) of a flow's file, from which an editor builds its forms.
///
/// It knows the form of each field and verb. What needs the whole file, that steps exist, are reached and
/// listen, and that words are declared, only [`Flow::read`](crate::Flow::read) tells.
pub fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A call flow of frontdesk",
        "type": "object",
        "required": ["format", "flow", "start", "step"],
        "additionalProperties": false,
        "properties": {
            "format": { "const": crate::FORMAT, "description": "The version of this format." },
            "flow": { "type": "string", "pattern": "^[a-z0-9_-][a-z0-9_.-]{0,63}$", "description": "The flow's name; the file is called after it." },
            "start": { "$ref": "#/$defs/step_name", "description": "The step with which a call begins." },
            "languages": {
                "type": "array", "minItems": 1, "maxItems": 20, "uniqueItems": true,
                "items": { "type": "string", "pattern": LOCALE },
                "default": ["en-US"],
                "description": "The languages that the flow speaks, its own first."
            },
            "words": { "$ref": "#/$defs/words", "description": "Words that stand in texts as {{company.name}}, with their defaults." },
            "step": {
                "type": "object", "minProperties": 1, "maxProperties": 1000,
                "propertyNames": { "pattern": STEP_NAME },
                "additionalProperties": { "$ref": "#/$defs/step" }
            },
            "layout": { "type": "object", "description": "Where an editor draws the steps; the desk ignores it." }
        },
        "$defs": {
            "step": { "oneOf": [
                { "$ref": "#/$defs/say" }, { "$ref": "#/$defs/ask" }, { "$ref": "#/$defs/branch" },
                { "$ref": "#/$defs/transfer" }, { "$ref": "#/$defs/hang_up" }
            ] },
            "say": say(),
            "ask": ask(),
            "branch": branch(),
            "answer": answer(),
            "transfer": transfer(),
            "hang_up": hang_up(),
            "step_name": { "type": "string", "pattern": STEP_NAME },
            "text": { "oneOf": [
                { "type": "string", "minLength": 1, "maxLength": 2000 },
                by_language(&json!({ "type": "string", "minLength": 1, "maxLength": 2000 }))
            ] },
            "phrases": { "oneOf": [ phrase_list(), by_language(&phrase_list()) ] },
            "duration": { "type": "string", "pattern": DURATION },
            "words": {
                "type": "object",
                "propertyNames": { "pattern": WORD_PART },
                "additionalProperties": { "oneOf": [
                    { "type": "string", "minLength": 1 }, { "$ref": "#/$defs/words" }
                ] }
            }
        }
    })
}

const LOCALE: &str = "^[a-z]{2,3}(-[A-Z]{2})?$";
const STEP_NAME: &str = "^[A-Za-z0-9_-]{1,64}$";
const WORD_PART: &str = "^[a-z][a-z0-9_]*$";
const DURATION: &str = "^[0-9]+(\\.[0-9])? ?(ms|s|m)$";

fn by_language(of: &Value) -> Value {
    json!({ "type": "object", "minProperties": 1, "propertyNames": { "pattern": LOCALE }, "additionalProperties": of })
}

fn phrase_list() -> Value {
    json!({ "type": "array", "minItems": 1, "maxItems": 100, "items": { "type": "string", "minLength": 1, "maxLength": 100 } })
}

fn exit(description: &str) -> Value {
    json!({ "$ref": "#/$defs/step_name", "description": description })
}

fn say() -> Value {
    json!({
        "title": "say", "description": "Something is said, then the flow goes on.",
        "type": "object", "required": ["say", "next"], "additionalProperties": false,
        "properties": { "say": { "$ref": "#/$defs/text" }, "next": exit("The step that follows.") }
    })
}

fn ask() -> Value {
    json!({
        "title": "ask", "description": "A question with its answers.",
        "type": "object", "required": ["ask", "answer", "failed"], "additionalProperties": false,
        "properties": {
            "ask": { "$ref": "#/$defs/text" },
            "repeat": {
                "type": "array", "maxItems": 9, "items": { "$ref": "#/$defs/text" }, "default": [],
                "description": "Said one after the other to a party that is silent or not understood."
            },
            "wait": { "$ref": "#/$defs/duration", "default": "6s", "description": "How long the party has to answer, 1s to 60s, from the end of the question." },
            "barge_in": { "type": "boolean", "default": true, "description": "Whether the party may answer before the question has ended." },
            "answer": {
                "type": "object", "minProperties": 1, "maxProperties": 50,
                "additionalProperties": { "$ref": "#/$defs/answer" }
            },
            "no_input": exit("Nothing came, and there is no repetition left; `failed` if not given."),
            "no_match": exit("Nothing was understood, and there is no repetition left; `failed` if not given."),
            "failed": exit("The desk cannot hear, or no answer came.")
        }
    })
}

fn branch() -> Value {
    json!({
        "title": "branch", "description": "The way goes on by what a word is.",
        "type": "object", "required": ["branch", "when", "otherwise"], "additionalProperties": false,
        "properties": {
            "branch": { "type": "string", "minLength": 1, "description": "A declared word, such as caller.verified." },
            "when": {
                "type": "object", "minProperties": 1, "maxProperties": 50,
                "additionalProperties": exit("The step for this word.")
            },
            "otherwise": exit("The step for every other word.")
        }
    })
}

fn answer() -> Value {
    json!({
        "type": "object", "required": ["next"], "additionalProperties": false,
        "anyOf": [ { "required": ["key"] }, { "required": ["phrases"] } ],
        "properties": {
            "key": { "type": "string", "enum": crate::answer::KEYS.chars().map(String::from).collect::<Vec<_>>(), "description": "The key that gives this answer; it may also be said." },
            "phrases": { "$ref": "#/$defs/phrases", "description": "What callers say for it." },
            "next": exit("The step that follows.")
        }
    })
}

fn transfer() -> Value {
    let outcomes = json!(["busy", "no_answer", "declined", "unreachable"]);
    json!({
        "title": "transfer", "description": "The party is put through; each outcome has its step.",
        "type": "object", "required": ["transfer"], "additionalProperties": false,
        "anyOf": [ { "required": ["failed"] }, { "required": outcomes } ],
        "properties": {
            "transfer": { "type": "string", "pattern": "^((phone|number):[+0-9*#.() -]{1,128}|room:[a-z0-9_-]{1,32})$", "description": "To whom, such as phone:1001, number:+4930123456 or room:monday." },
            "announce": { "$ref": "#/$defs/text", "description": "What is said before." },
            "ring": { "$ref": "#/$defs/duration", "default": "20s", "description": "How long it may ring, 3s to 120s." },
            "busy": exit("The phone is busy; `failed` if not given."),
            "no_answer": exit("Nobody answers; `failed` if not given."),
            "declined": exit("The person declines; `failed` if not given."),
            "unreachable": exit("The phone cannot be reached; `failed` if not given."),
            "failed": exit("Each outcome that is not given by itself.")
        }
    })
}

fn hang_up() -> Value {
    json!({
        "title": "hang_up", "description": "The end, with or without a last word.",
        "type": "object", "required": ["hang_up"], "additionalProperties": false,
        "properties": { "hang_up": { "oneOf": [ { "const": true }, { "$ref": "#/$defs/text" } ] } }
    })
}
