//! The three calls.

/// One call, and what should come of it.
#[derive(Debug, Clone, Copy)]
pub struct Act {
    /// The folder's name.
    pub name: &'static str,
    /// What is shown.
    pub title: &'static str,
    /// What the caller says and presses, as arguments of `frontdesk call`.
    pub caller: &'static [&'static str],
    /// The telephone that should be rung, and what its person says.
    pub phone: &'static str,
    /// What the person says who answers.
    pub phone_says: &'static str,
    /// The answer that the flow should understand; none when it should not understand any.
    pub understood: Option<Understood>,
}

/// How an answer should be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Understood {
    /// The answer's name in the flow.
    pub answer: &'static str,
    /// By key rather than by voice.
    pub by_key: bool,
}

/// The demo.
pub const ACTS: [Act; 3] = [
    Act {
        name: "1-by-voice",
        title: "a caller asks for sales by voice",
        caller: &[
            "--say",
            "I'd like to speak to sales, please",
            "--pause",
            "5",
            "--say",
            "Hello, I would like to order ten chairs for our office",
            "--pause",
            "1",
            "--hang-up",
        ],
        phone: "1001",
        phone_says: "Good morning, this is the sales department, how can I help you?",
        understood: Some(Understood { answer: "sales", by_key: false }),
    },
    Act {
        name: "2-by-key",
        title: "a caller presses 2",
        caller: &[
            "--pause",
            "2",
            "--dtmf",
            "2",
            "--pause",
            "4",
            "--say",
            "Is Mister Miller in today?",
            "--pause",
            "1",
            "--hang-up",
        ],
        phone: "1002",
        phone_says: "Reception, you are speaking to Anna, what can I do for you?",
        understood: Some(Understood { answer: "reception", by_key: true }),
    },
    Act {
        name: "3-not-understood",
        title: "a caller says twice what the flow does not know",
        caller: &[
            "--say",
            "the quick brown fox jumps over the lazy dog",
            "--say",
            "my bicycle is green and the sky is very high",
            "--pause",
            "5",
            "--say",
            "I have a question about my bicycle",
            "--pause",
            "1",
            "--hang-up",
        ],
        phone: "1002",
        phone_says: "Reception, you are speaking to Anna, what can I do for you?",
        understood: None,
    },
];
