//! What a call sees of the node while it handles one input: the time, the rules, who is registered, and where
//! its outputs go.

use crate::input::{FlowFault, Rules};
use crate::output::SwitchboardOutput;
use crate::rooms::Rooms;
use crate::trunk::Trunks;
use frontdesk_call_record::Fact;
use frontdesk_identifiers::{CallId, LegId, Moment, WallTime};
use frontdesk_media_protocol::{ListeningId, MediaCommand, PlaybackId};
use frontdesk_sip_stack::{Flow, MessageId, ProbeId, RegistrationId, SessionId, SipCommand, SipStack};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng;
use std::collections::VecDeque;

/// The surroundings of one call during one input.
pub(crate) struct Desk<'a> {
    pub now: Moment,
    pub wall: WallTime,
    pub rules: &'a Rules,
    pub stack: &'a SipStack,
    pub trunks: &'a mut Trunks,
    pub out: &'a mut Outbox,
}

/// What calls want done, in order, and the numbers that they are given.
pub(crate) struct Outbox {
    /// Drained by [`Switchboard::poll`](crate::Switchboard::poll) after each input, hence bounded by what one
    /// input can cause.
    pub outputs: VecDeque<SwitchboardOutput>,
    /// Drained into the SIP stack before `handle` returns.
    pub commands: VecDeque<SipCommand>,
    /// Facts told by parts of a call that do not hold its record; the call writes them down after each input.
    pub aside: Vec<Fact>,
    /// Why the flow failed of which the stack is being told.
    pub flow_fault: Option<(Flow, FlowFault)>,
    /// Who hears whom in rooms.
    pub rooms: Rooms,
    next: u64,
    chance: ChaCha20Rng,
}

impl Outbox {
    pub fn new(chance: ChaCha20Rng) -> Self {
        Outbox {
            outputs: VecDeque::new(),
            commands: VecDeque::new(),
            aside: Vec::new(),
            flow_fault: None,
            rooms: Rooms::default(),
            next: 1,
            chance,
        }
    }

    pub fn media(&mut self, command: MediaCommand) {
        self.outputs.push_back(SwitchboardOutput::Media(command));
    }

    pub fn sip(&mut self, command: SipCommand) {
        self.commands.push_back(command);
    }

    pub fn call_id(&mut self, at: WallTime) -> CallId {
        let mut chance = [0; 10];
        self.chance.fill_bytes(&mut chance);
        CallId::new(at, chance)
    }

    pub fn leg(&mut self) -> LegId {
        LegId(self.number())
    }

    pub fn session(&mut self) -> SessionId {
        SessionId::Outgoing(self.number())
    }

    pub fn message(&mut self) -> MessageId {
        MessageId(self.number())
    }

    pub fn playback(&mut self) -> PlaybackId {
        PlaybackId(self.number())
    }

    pub fn listening(&mut self) -> ListeningId {
        ListeningId(self.number())
    }

    /// A number for `o=` in SDP (RFC 8866 §5.2), kept to 31 bits for the peers that read no more.
    pub fn description_number(&mut self) -> u64 {
        u64::from(self.chance.next_u32() >> 1)
    }

    /// One sequence serves every kind of id, so that a log line shows at a glance what came first.
    pub fn registration(&mut self) -> RegistrationId {
        RegistrationId(self.number())
    }

    pub fn probe(&mut self) -> ProbeId {
        ProbeId(self.number())
    }

    /// Where choices among equals are drawn from.
    pub fn chance(&mut self) -> &mut ChaCha20Rng {
        &mut self.chance
    }

    fn number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }
}
