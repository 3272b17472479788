//! What is bound at this side's registrar.

use super::binding::Binding;
use crate::input::Flow;
use frontdesk_identifiers::Moment;
use std::collections::{BTreeMap, BTreeSet};

/// The bindings, by account. There are never more accounts here than the settings name.
#[derive(Debug)]
pub(crate) struct Registrar {
    accounts: BTreeMap<String, Vec<Binding>>,
    /// The accounts by the flows of their bindings.
    flows: BTreeSet<(Flow, String)>,
}

impl Registrar {
    pub(crate) fn new() -> Self {
        Registrar { accounts: BTreeMap::new(), flows: BTreeSet::new() }
    }

    /// All of an account, refreshed last comes last.
    pub(super) fn all(&self, account: &str) -> &[Binding] {
        self.accounts.get(account).map_or(&[], Vec::as_slice)
    }

    /// Those of an account that a call goes to: of several flows of one device the one that was refreshed last. When it
    /// closes, the one before takes its place (RFC 5626 §7: one flow of an instance at a time).
    pub(crate) fn bindings(&self, account: &str) -> impl Iterator<Item = &Binding> {
        let all = self.all(account);
        all.iter().enumerate().filter_map(|(at, binding)| {
            let later = all.get(at + 1..).unwrap_or_default();
            (!later.iter().any(|other| other.is_flow_of_the_device_of(binding))).then_some(binding)
        })
    }

    pub(crate) fn accounts(&self) -> impl Iterator<Item = &String> {
        self.accounts.keys()
    }

    /// The accounts with a binding that came over a flow.
    pub(crate) fn accounts_over(&self, flow: Flow) -> impl Iterator<Item = &String> {
        let from = (flow, String::new());
        self.flows.range(from..).take_while(move |(over, _)| *over == flow).map(|(_, account)| account)
    }

    pub(crate) fn len(&self) -> usize {
        self.accounts.values().map(Vec::len).sum()
    }

    pub(crate) fn clear(&mut self, account: &str) -> Vec<Binding> {
        self.set(account, Vec::new())
    }

    /// When the first of an account runs out.
    pub(super) fn deadline(&self, account: &str) -> Option<Moment> {
        self.all(account).iter().map(|binding| binding.expires).min()
    }

    /// Puts these in the place of what was bound, and gives that back.
    pub(super) fn set(&mut self, account: &str, bindings: Vec<Binding>) -> Vec<Binding> {
        let before = self.accounts.remove(account).unwrap_or_default();
        for binding in &before {
            self.flows.remove(&(binding.flow, account.to_owned()));
        }
        for binding in &bindings {
            self.flows.insert((binding.flow, account.to_owned()));
        }
        if !bindings.is_empty() {
            self.accounts.insert(account.to_owned(), bindings);
        }
        before
    }
}
