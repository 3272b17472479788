//! The called parties of one INVITE: each answers in a dialog of its own (RFC 3261 §12.1.2, §13.2.2.4, RFC 3262 §4,
//! RFC 6228).

use super::caller::OutgoingInvite;
use super::dialog::{Dialog, DialogKey};
use super::offer_answer::Exchange;
use super::partner::Partner;
use super::within::description_of;
use crate::input::{Flow, SessionId};
use crate::limits::MAX_FORKS;
use crate::output::SipEvent;
use crate::routing::Owner;
use crate::stack::SipStack;
use crate::transaction::table::ClientKey;
use frontdesk_identifiers::Moment;
use frontdesk_sip_message::{HeaderName, Method, RAck, Request, Response, StatusCode};

/// One called party, by what it said last.
#[derive(Debug)]
pub(crate) enum Fork {
    /// A provisional response.
    Early(Box<EarlyDialog>),
    /// A 2xx: the ACK to it, for each repetition.
    Answered { flow: Flow, ack: Vec<u8> },
}

/// The called parties of one INVITE by their To tags: mostly one, [`MAX_FORKS`] at most.
#[derive(Debug, Default)]
pub(crate) struct Forks(Vec<(String, Fork)>);

impl Forks {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn contains(&self, tag: &str) -> bool {
        self.get(tag).is_some()
    }

    pub(crate) fn get(&self, tag: &str) -> Option<&Fork> {
        self.0.iter().find(|(known, _)| known == tag).map(|(_, fork)| fork)
    }

    pub(crate) fn get_mut(&mut self, tag: &str) -> Option<&mut Fork> {
        self.0.iter_mut().find(|(known, _)| known == tag).map(|(_, fork)| fork)
    }

    /// One more, or another in the place of that of the same tag.
    pub(crate) fn insert(&mut self, tag: String, fork: Fork) {
        match self.get_mut(&tag) {
            Some(place) => *place = fork,
            None => {
                self.0.reserve_exact(1);
                self.0.push((tag, fork));
            }
        }
    }

    pub(crate) fn remove(&mut self, tag: &str) -> Option<Fork> {
        let at = self.0.iter().position(|(known, _)| known == tag)?;
        Some(self.0.remove(at).1)
    }

    fn values(&self) -> impl Iterator<Item = &Fork> {
        self.0.iter().map(|(_, fork)| fork)
    }

    fn values_mut(&mut self) -> impl Iterator<Item = &mut Fork> {
        self.0.iter_mut().map(|(_, fork)| fork)
    }
}

/// A called party that has not answered.
#[derive(Debug)]
pub(crate) struct EarlyDialog {
    /// Counted from 0 in the order of their first words.
    pub(crate) branch: u16,
    pub(crate) partner: Partner,
    /// The last reliable response that came in order.
    number: Option<u32>,
    /// It said that it is out (RFC 6228), or hung up. Its sequence numbers are kept for a 2xx that comes all the same.
    over: bool,
}

impl EarlyDialog {
    pub(crate) fn new(branch: u16, partner: Partner) -> Self {
        EarlyDialog { branch, partner, number: None, over: false }
    }

    /// Whether a reliable response is the next one (RFC 3262 §4): repetitions and what is out of order are dropped,
    /// the other side sends them again.
    fn takes(&mut self, number: u32) -> bool {
        let next = self.number.is_none_or(|last| last.checked_add(1) == Some(number));
        if next {
            self.number = Some(number);
        }
        next
    }
}

impl OutgoingInvite {
    /// The early dialog that began first and stands.
    pub(crate) fn first_early(&self) -> Option<&Partner> {
        let early = self.forks.values().filter_map(|fork| match fork {
            Fork::Early(early) if !early.over => Some(early),
            _ => None,
        });
        early.min_by_key(|early| early.branch).map(|early| &early.partner)
    }

    /// The early dialog with the called party of this tag.
    pub(crate) fn early_mut(&mut self, tag: &str) -> Option<&mut Partner> {
        match self.forks.get_mut(tag)? {
            Fork::Early(early) if !early.over => Some(&mut early.partner),
            _ => None,
        }
    }

    pub(crate) fn earlies_mut(&mut self) -> impl Iterator<Item = &mut Partner> {
        self.forks.values_mut().filter_map(|fork| match fork {
            Fork::Early(early) if !early.over => Some(&mut early.partner),
            _ => None,
        })
    }

    pub(crate) fn deadline(&self) -> Option<Moment> {
        let early = |fork: &Fork| match fork {
            Fork::Early(early) if !early.over => early.partner.deadline(),
            _ => None,
        };
        self.forks.values().filter_map(early).min()
    }
}

impl SipStack {
    /// A provisional response that may make or change an early dialog.
    pub(crate) fn branch_progressed(&mut self, key: &ClientKey, session: SessionId, answer: &Response) {
        let Some(tag) = self.early_dialog(key, session, answer) else { return };
        let Some(Fork::Early(early)) = self.invites.get_mut(key).and_then(|i| i.forks.get_mut(&tag)) else {
            return;
        };
        if early.over {
            return;
        }
        early.partner.note_abilities(&answer.headers);
        let required = answer.headers.lists(HeaderName::Require, "100rel");
        let number = answer.headers.rseq().ok().flatten().filter(|_| required);
        if number.is_some_and(|number| !early.takes(number)) {
            return;
        }
        // RFC 3261 §13.2.1: the first description in a reliable response is the answer, and none after it.
        let awaited =
            early.partner.exchange == Exchange::OfferedHere && early.partner.proposals.open.is_none();
        let description = description_of(&answer.headers, &answer.body).filter(|_| awaited);
        if description.is_some() {
            early.partner.heard.clone_from(&description);
        }
        if number.is_some() && description.is_some() {
            early.partner.exchange = Exchange::Stable;
        }
        let (branch, dialog) = (early.branch, early.partner.dialog.key.clone());
        if let Some(number) = number {
            self.send_prack(key, session, &dialog, number);
        }
        self.tell(SipEvent::Progress { session, branch, status: answer.status, description });
        if answer.status == StatusCode::EARLY_DIALOG_TERMINATED {
            self.end_branch(key, &dialog);
        }
        self.propose(session);
    }

    /// The tag of the called party, its early dialog made where it speaks for the first time. None where it answered
    /// already, or there is no room.
    fn early_dialog(&mut self, key: &ClientKey, session: SessionId, answer: &Response) -> Option<String> {
        let tag = answer.headers.to_tag().unwrap_or_default();
        let invite = self.invites.get_mut(key)?;
        if invite.forks.contains(tag) {
            return Some(tag.to_owned());
        }
        let client = self.transactions.client(key)?;
        let request = client.request.clone();
        let dialog = Dialog::of_caller(&request, answer, client.flow)?;
        let tag = dialog.key.remote_tag.clone();
        if invite.forks.len() >= MAX_FORKS {
            self.overloaded("forks");
            return None;
        }
        let name = dialog.key.clone();
        let early = invite.first_word(dialog, &request);
        invite.forks.insert(tag.clone(), Fork::Early(Box::new(early)));
        // Without a tag there is no dialog yet (RFC 3261 §12.1).
        if !tag.is_empty() {
            self.dialogs.insert(name, session);
        }
        Some(tag)
    }

    /// PRACK (RFC 3262 §4): a request of the early dialog, repeated by its own transaction.
    fn send_prack(&mut self, key: &ClientKey, session: SessionId, dialog: &DialogKey, number: u32) {
        let Some(client) = self.transactions.client(key) else { return };
        let Ok(request) = client.request.headers.cseq() else { return };
        if !self.has_room() {
            return self.overloaded("transactions");
        }
        let Some(partner) = self.partner_mut(session, dialog) else { return };
        let mut prack = partner.dialog.request(Method::PRACK);
        let flow = partner.dialog.flow();
        prack.headers.push_display(HeaderName::RAck, RAck { response: number, request });
        let owner = Owner::Prack { session, dialog: dialog.clone(), challenged: false };
        self.send_request(prack, flow, owner);
    }

    /// A PRACK was answered: only a challenge to it matters, the INVITE says the rest.
    pub(crate) fn prack_answered(
        &mut self,
        session: SessionId,
        dialog: DialogKey,
        challenged: bool,
        prack: Request,
        answer: &Response,
    ) {
        let credentials = self.partner_mut(session, &dialog).and_then(|partner| partner.credentials.clone());
        if let Some(credentials) = credentials.filter(|_| !challenged)
            && let Some(mut prack) = self.answering_challenge(prack, answer, &credentials)
            && let Some(partner) = self.partner_mut(session, &dialog)
        {
            partner.dialog.renumber(&mut prack);
            let flow = partner.dialog.flow();
            self.send_request(prack, flow, Owner::Prack { session, dialog, challenged: true });
        }
    }

    /// One called party is out of the call; the others go on.
    pub(crate) fn end_branch(&mut self, key: &ClientKey, dialog: &DialogKey) {
        self.dialogs.remove(dialog);
        let fork = self.invites.get_mut(key).and_then(|invite| invite.forks.get_mut(&dialog.remote_tag));
        if let Some(Fork::Early(early)) = fork {
            early.over = true;
        }
    }

    /// The INVITE came to its end, or nobody waits for it: its early dialogs are over (RFC 3261 §12.3, §13.2.2.4).
    pub(crate) fn end_early_dialogs(&mut self, key: &ClientKey) {
        let Some(invite) = self.invites.get_mut(key) else { return };
        for fork in invite.forks.values_mut() {
            if let Fork::Early(early) = fork {
                early.over = true;
                self.dialogs.remove(&early.partner.dialog.key);
            }
        }
    }
}
