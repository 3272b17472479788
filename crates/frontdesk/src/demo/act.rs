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
    /// The telephone that should be rung.
    pub phone: &'static str,
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

/// A telephone of the office, and the person at it.
#[derive(Debug, Clone, Copy)]
pub struct Desk {
    /// Its number.
    pub number: &'static str,
    /// Its name in the settings.
    pub name: &'static str,
    /// Its password; the demo's data folder is thrown away.
    pub password: &'static str,
    /// What the person says who answers.
    pub says: &'static str,
    /// The flite voice of the person.
    pub voice: &'static str,
}

/// The office.
pub const DESKS: [Desk; 2] = [
    Desk {
        number: "1001",
        name: "Sales",
        password: "sales demo pass",
        says: "Good morning, this is the sales department, how can I help you?",
        voice: "rms",
    },
    Desk {
        number: "1002",
        name: "Reception",
        password: "reception demo pass",
        says: "Reception, you are speaking to Anna, what can I do for you?",
        voice: "awb",
    },
];

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
        understood: None,
    },
];
