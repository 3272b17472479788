//! What follows when a trunk fails a call, sends it elsewhere, or says nothing at all.

use super::way::{OverTrunk, contacts_over};
use crate::attempt::{Contact, Failure};
use crate::call::Call;
use crate::cause;
use crate::desk::Desk;
use crate::routing::Party;
use frontdesk_call_record::Fact;
use frontdesk_directory::Redirects;
use frontdesk_identifiers::{LegId, TelephoneNumber};
use frontdesk_sip_stack::{SessionEnd, SessionId};

/// What the record is told of a try over a trunk that came to nothing.
pub(crate) fn told(over: &OverTrunk, end: &SessionEnd) -> Fact {
    let trunk = over.trunk.name.clone();
    match end {
        SessionEnd::Refused { status, reason, .. } => {
            let status = status.as_u16();
            let given = reason.as_deref().and_then(cause::of_reason);
            Fact::TrunkFailed {
                trunk,
                status: Some(status),
                cause: given.or_else(|| cause::of_status(status)),
            }
        }
        _ => Fact::TrunkFailed { trunk, status: None, cause: None },
    }
}

/// The ways that a 3xx opens (RFC 3261 §8.1.3.4), if the trunk's profile follows it: to the first of its contacts that
/// is a number of the telephone network. Only the number is taken from it: where calls go is said by the settings, not by
/// the other side. An emergency call is not sent elsewhere.
pub(crate) fn redirected(
    over: &OverTrunk,
    end: &SessionEnd,
    caller: &Party,
    before: u16,
    desk: &mut Desk<'_>,
) -> Option<Vec<Contact>> {
    let SessionEnd::Refused { status, redirects, .. } = end else { return None };
    if !(300..400).contains(&status.as_u16()) || over.emergency {
        return None;
    }
    let trunk = &over.trunk;
    let number = |uri: &frontdesk_sip_message::Uri| {
        let number = trunk.plan.inward(&TelephoneNumber::new(&uri.user()?).ok()?);
        number.is_e164().then_some(number)
    };
    let number = redirects.iter().find_map(number)?;
    let ways = match trunk.redirects {
        Redirects::Never => return None,
        Redirects::SameTrunk => desk.trunks.ways_of(&trunk.name, desk.out, desk.now),
        Redirects::AnyTrunk => desk.trunks.ways(&caller.tenant, false, desk.out, desk.now).ways,
    };
    let to = number.as_str().to_owned().into();
    desk.out.aside.push(Fact::Redirected { trunk: trunk.name.clone(), to });
    let first = REDIRECTED_PREFERENCE + 100 * before;
    let contacts = contacts_over(ways, first, caller, &number, false, desk);
    (!contacts.is_empty()).then_some(contacts)
}

/// Above that of every way that waits already, so that no two are tried at once.
const REDIRECTED_PREFERENCE: u16 = 2_000;

impl Call {
    /// Whoever is called by this session is there, and may think about it.
    pub fn called_speaks(&mut self, session: SessionId) {
        let Some(leg) = self.called_leg(session) else { return };
        if let Some(transfer) = self.calling(leg) {
            transfer.speaks(leg);
        }
    }

    /// Trunks that did not say a word to an INVITE while another way waits are left for it.
    pub fn leave_silent_ways(&mut self, desk: &mut Desk<'_>) {
        let referred = self.referral.as_ref().map(|referral| &referral.transfer);
        let transfers = self.transfer.iter().chain(referred);
        let silent: Vec<LegId> = transfers.flat_map(|transfer| transfer.silent_too_long(desk.now)).collect();
        for leg in silent {
            let Some(transfer) = self.calling(leg) else { continue };
            let Some(attempt) = transfer.legs().find(|one| one.id == leg) else { continue };
            if let Some(session) = attempt.session {
                desk.trunks.silent(session, desk.out, desk.now);
            }
            if let Some(trunk) = transfer.trunk_of(leg) {
                desk.out.aside.push(Fact::TrunkFailed { trunk, status: None, cause: None });
            }
            self.attempt_failed(leg, Failure::UNREACHABLE, desk);
        }
    }
}
