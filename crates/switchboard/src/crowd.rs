//! How many calls each party has at once, counted as calls change: a limit is looked up, not counted anew for every call
//! that wants in.

use crate::call::Call;
use frontdesk_call_record::AdmittedBy;
use std::collections::BTreeMap;

/// The calls of this node, as the limits count them.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    /// Answered calls of peers whose ACK has not come.
    unacknowledged: usize,
    /// Calls of each telephone of the house that had one. Bounded by the telephones; mostly forgotten with the last call.
    of_phones: BTreeMap<String, usize>,
}

impl Crowd {
    /// A call is about to change, or to be forgotten.
    pub fn leave_out(&mut self, call: &Call) {
        self.unacknowledged -= usize::from(call.awaits_ack_of_peer());
        if let AdmittedBy::Account(name) = &call.party.admitted_by
            && let Some(calls) = self.of_phones.get_mut(name)
        {
            *calls = calls.saturating_sub(1);
        }
    }

    /// A call is new, or has changed.
    pub fn count(&mut self, call: &Call) {
        self.unacknowledged += usize::from(call.awaits_ack_of_peer());
        let AdmittedBy::Account(name) = &call.party.admitted_by else { return };
        match self.of_phones.get_mut(name) {
            Some(calls) => *calls += 1,
            None => drop(self.of_phones.insert(name.clone(), 1)),
        }
    }

    /// A call is no more.
    pub fn forget(&mut self, call: &Call) {
        if let AdmittedBy::Account(name) = &call.party.admitted_by
            && self.of_phone(name) == 0
        {
            self.of_phones.remove(name);
        }
    }

    /// Answered calls of peers whose ACK has not come.
    pub fn unacknowledged(&self) -> usize {
        self.unacknowledged
    }

    /// Calls of a telephone of the house.
    pub fn of_phone(&self, account: &str) -> usize {
        self.of_phones.get(account).copied().unwrap_or_default()
    }
}
