//! What a switchboard was told, so that another can be told the same without the costs of whoever told it first.

use frontdesk_identifiers::Moment;
use frontdesk_switchboard::{Switchboard, SwitchboardInput, SwitchboardOutput};
use std::hint::black_box;

/// Inputs, and when each came.
#[derive(Debug, Clone, Default)]
pub struct Tape {
    inputs: Vec<(Moment, SwitchboardInput)>,
}

impl Tape {
    /// One input more.
    pub fn record(&mut self, at: Moment, input: SwitchboardInput) {
        self.inputs.push((at, input));
    }

    /// How many inputs.
    pub fn len(&self) -> usize {
        self.inputs.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }

    /// Brings a switchboard to where this tape ends, for what is measured then.
    #[inline(never)]
    pub fn wind(self, board: &mut Switchboard) {
        for (at, input) in self.inputs {
            board.handle(input, at);
            while board.poll().is_some() {}
        }
    }

    /// Tells a switchboard the same. As it draws its chance from the same seed, it says the same; how many bytes it sends.
    #[inline(never)]
    pub fn play(self, board: &mut Switchboard) -> usize {
        let mut sent = 0;
        for (at, input) in self.inputs {
            board.handle(input, at);
            while let Some(output) = board.poll() {
                if let SwitchboardOutput::Transmit { bytes, .. } = &output {
                    sent += bytes.len();
                }
                drop(black_box(output));
            }
        }
        sent
    }
}
