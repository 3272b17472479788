//! Where a call goes: from who may call and what was dialled to a flow or a telephone.

use crate::input::Rules;
use frontdesk_call_flow::Flow;
use frontdesk_call_record::AdmittedBy;
use frontdesk_directory::Phone;
use frontdesk_identifiers::{TelephoneNumber, TenantId};
use frontdesk_sip_message::{Host, NameAddr, SipUri, Uri};
use frontdesk_sip_stack::{Admission, IncomingCall};
use std::net::IpAddr;
use std::sync::Arc;

/// Who calls, as far as it is proven.
#[derive(Debug)]
pub(crate) struct Party {
    pub tenant: TenantId,
    /// A name for people: the phone's own, or what the peer sent.
    pub name: Option<String>,
    /// The number for people: the phone's own, or what the peer sent.
    pub number: String,
    /// By which right.
    pub admitted_by: AdmittedBy,
    /// How many more hops the call may take (RFC 7332).
    pub hops: u8,
}

/// Where the call goes.
#[derive(Debug)]
pub(crate) enum Route {
    /// To a flow.
    Flow { flow: Arc<Flow>, record: bool },
    /// To a telephone of the same tenant.
    Phone { number: TelephoneNumber },
}

/// Who calls; none when the account or peer is gone since it was admitted.
pub(crate) fn caller(rules: &Rules, call: &IncomingCall) -> Option<Party> {
    match &call.admission {
        Admission::Account { username } => {
            // A phone cannot call itself what it likes: its name and number come from the directory.
            let phone: &Phone = rules.directory.phone_by_account(username)?;
            Some(Party {
                tenant: phone.tenant.clone(),
                name: Some(phone.name.clone()).filter(|name| !name.is_empty()),
                number: phone.number.to_string(),
                admitted_by: AdmittedBy::Account(username.clone()),
                hops: call.hops,
            })
        }
        Admission::Peer { name } => {
            let peer = rules.directory.peer(name)?;
            Some(Party {
                tenant: peer.tenant.clone(),
                name: call.from.display.clone().filter(|name| !name.is_empty()),
                number: call.from.uri.user().unwrap_or_else(|| "anonymous".to_owned()),
                admitted_by: AdmittedBy::Peer(name.clone()),
                hops: call.hops,
            })
        }
    }
}

/// Where the called number leads within the caller's tenant; none is a 404.
pub(crate) fn route(rules: &Rules, tenant: &TenantId, called: &Uri) -> Option<Route> {
    let dialled = TelephoneNumber::new(&called.user()?).ok()?;
    if let Some(number) = rules.directory.number(tenant, &dialled) {
        let flow = Arc::clone(rules.flows.get(&number.flow)?);
        return Some(Route::Flow { flow, record: number.record });
    }
    let phone = rules.directory.phone(tenant, &dialled)?;
    Some(Route::Phone { number: phone.number.clone() })
}

impl Party {
    /// How the caller is presented to the telephone that it is put through to: its own name and number, at this
    /// desk's address, so that the person sees who calls and calls back through the desk.
    pub fn presented(&self, desk: IpAddr) -> NameAddr {
        let mut presented = NameAddr::new(SipUri::new(Some(&self.number), Host::Ip(desk), None));
        presented.display = self.name.clone();
        presented
    }
}
