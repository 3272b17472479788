//! The flows that the stories are played with.

/// A flow's file.
#[derive(Clone, Copy)]
pub struct Flow {
    /// Its name, and that of its file.
    pub name: &'static str,
    /// What stands in the file.
    pub text: &'static str,
}

/// What [`KEYS`] asks: long enough to be interrupted.
pub const KEYS_QUESTION: &str = "Welcome to the house of keys. Please press one if you want to hear the weather, \
                                 or press two if you want to leave.";

/// Asks for a key.
pub const KEYS: Flow = Flow {
    name: "keys",
    text: r#"
format = 1
flow = "keys"
start = "wish"
languages = ["en-US"]
[step.wish]
ask = "Welcome to the house of keys. Please press one if you want to hear the weather, or press two if you want to leave."
wait = "4s"
answer.one = { key = "1", phrases = ["weather"], next = "weather" }
answer.two = { key = "2", phrases = ["leave"], next = "leave" }
failed = "leave"
[step.weather]
say = "It rains."
next = "leave"
[step.leave]
hang_up = "Goodbye."
"#,
};

/// What [`GOODBYE`] says.
pub const GOODBYE_WORDS: &str = "Goodbye.";

/// Says a word and hangs up.
pub const GOODBYE: Flow = Flow {
    name: "goodbye",
    text: r#"
format = 1
flow = "goodbye"
start = "leave"
languages = ["en-US"]
[step.leave]
hang_up = "Goodbye."
"#,
};

/// Puts the caller through at once; every outcome has a step of its own.
pub const OUTCOMES: Flow = Flow {
    name: "outcomes",
    text: r#"
format = 1
flow = "outcomes"
start = "put_through"
languages = ["en-US"]
[step.put_through]
transfer = "phone:1001"
ring = "3s"
busy = "was_busy"
no_answer = "was_not_answered"
declined = "was_declined"
unreachable = "was_unreachable"
[step.was_busy]
hang_up = "Busy."
[step.was_not_answered]
hang_up = "No answer."
[step.was_declined]
hang_up = "Declined."
[step.was_unreachable]
hang_up = "Unreachable."
"#,
};

/// A reception that understands "sales".
pub const RECEPTION: Flow = Flow {
    name: "front",
    text: r#"
format = 1
flow = "front"
start = "wish"
languages = ["en-US"]
[step.wish]
ask = "Sales, or reception?"
wait = "6s"
answer.sales = { key = "1", phrases = ["sales", "buy"], next = "to_sales" }
answer.reception = { key = "2", phrases = ["reception", "operator"], next = "to_reception" }
failed = "to_reception"
[step.to_sales]
transfer = "phone:1001"
failed = "sorry"
[step.to_reception]
transfer = "phone:1002"
failed = "sorry"
[step.sorry]
hang_up = "Nobody is there."
"#,
};

/// Puts the caller through to a number outside at once.
pub const OUTSIDE: Flow = Flow {
    name: "outside",
    text: r#"
format = 1
flow = "outside"
start = "put_through"
languages = ["en-US"]
[step.put_through]
transfer = "number:+4930555001"
ring = "10s"
busy = "was_busy"
no_answer = "was_not_answered"
declined = "was_declined"
unreachable = "was_unreachable"
[step.was_busy]
hang_up = "Busy."
[step.was_not_answered]
hang_up = "No answer."
[step.was_declined]
hang_up = "Declined."
[step.was_unreachable]
hang_up = "Unreachable."
"#,
};

/// The same, without patience.
pub const OUTSIDE_SOON: Flow = Flow {
    name: "soon",
    text: r#"
format = 1
flow = "soon"
start = "put_through"
languages = ["en-US"]
[step.put_through]
transfer = "number:+4930555001"
ring = "3s"
no_answer = "was_not_answered"
failed = "failed"
[step.was_not_answered]
hang_up = "No answer."
[step.failed]
hang_up = "Failed."
"#,
};

/// Puts the caller through to a room.
pub const MEETING: Flow = Flow {
    name: "meeting",
    text: r#"
format = 1
flow = "meeting"
start = "in"
languages = ["en-US"]
[step.in]
transfer = "room:monday"
failed = "full"
[step.full]
hang_up = "The room is full."
"#,
};
