//! Where a call goes: from who may call and what was dialled to a flow or a telephone.

use crate::identity::{self, Identity};
use crate::input::Rules;
use frontdesk_call_flow::Flow;
use frontdesk_call_record::AdmittedBy;
use frontdesk_directory::{Phone, Trunk};
use frontdesk_identifiers::{TelephoneNumber, TenantId, WallTime};
use frontdesk_sip_message::{Host, NameAddr, SipUri, Uri};
use frontdesk_sip_stack::{Admission, IncomingCall};
use std::net::IpAddr;
use std::sync::Arc;

/// Letters of a name or number that a peer sends. Displays show two dozen; the rest is cut off.
const PEER_WORD_LETTERS_MAX: usize = 80;

/// Who calls, as far as it is proven.
#[derive(Debug, Clone)]
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
    /// What else is known of who calls.
    pub identity: Identity,
}

/// Where the call goes.
#[derive(Debug)]
pub(crate) enum Route {
    /// To a flow.
    Flow { flow: Arc<Flow>, record: bool },
    /// To a telephone of the same tenant.
    Phone { number: TelephoneNumber },
}

impl Route {
    /// Whether it leads to where help comes from.
    pub fn is_emergency(&self, rules: &Rules, party: &Party) -> bool {
        matches!(self, Route::Phone { number } if rules.directory.is_emergency(&party.tenant, number))
    }
}

/// Who calls; none when the account or peer is gone since it was admitted.
pub(crate) fn caller(rules: &Rules, call: &IncomingCall, wall: WallTime) -> Option<Party> {
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
                identity: Identity { withheld: identity::is_withheld(call), ..Identity::default() },
            })
        }
        Admission::Peer { name } => {
            if let Some(trunk) = rules.directory.trunk(name) {
                return Some(caller_over(trunk, rules, call, wall));
            }
            let peer = rules.directory.peer(name)?;
            let withheld = identity::is_withheld(call);
            let from = Some(&call.from).filter(|_| !withheld);
            let display = from.and_then(|from| from.display.as_deref()).map(plain);
            let number = from.and_then(|from| from.uri.user()).map(|user| plain(&user));
            Some(Party {
                tenant: peer.tenant.clone(),
                name: display.filter(|name| !name.is_empty()),
                number: number.unwrap_or_else(|| identity::ANONYMOUS.to_owned()),
                admitted_by: AdmittedBy::Peer(name.clone()),
                hops: call.hops,
                identity: Identity { withheld, ..Identity::default() },
            })
        }
    }
}

/// Who calls over a trunk.
fn caller_over(trunk: &Trunk, rules: &Rules, call: &IncomingCall, wall: WallTime) -> Party {
    let mut brought = identity::brought(trunk, call);
    if let Some(verifier) = &rules.verifier {
        brought.identity.verdict = Some(identity::verdict(verifier, call, &brought.identity, wall));
    }
    Party {
        tenant: trunk.tenant.clone(),
        name: brought.name,
        number: brought.number,
        admitted_by: AdmittedBy::Peer(trunk.name.clone()),
        hops: call.hops,
        identity: brought.identity,
    }
}

/// What a peer says of its caller, as it can be shown, kept, spoken and told to a telephone: short, and without what
/// steers a terminal.
pub(crate) fn plain(said: &str) -> String {
    let shown = said.chars().filter(|letter| !letter.is_control());
    shown.take(PEER_WORD_LETTERS_MAX).collect::<String>().trim().to_owned()
}

/// Where the called number leads; none is a 404.
///
/// Telephones of the house dial as people of its country do, and reach the telephone network over its trunks. Who calls
/// over a trunk reaches what has the number, and nothing outside: nobody makes calls at this side's expense.
pub(crate) fn route(rules: &Rules, party: &Party, called: &Uri) -> Option<Route> {
    match &party.admitted_by {
        AdmittedBy::Account(_) | AdmittedBy::Desk => dialled(rules, &party.tenant, called),
        AdmittedBy::Peer(name) => over_neighbour(rules, &party.tenant, name, called),
    }
}

/// Where a written message leads.
pub(crate) fn written_to(rules: &Rules, tenant: &TenantId, by: &Admission, to: &Uri) -> Option<Route> {
    match by {
        Admission::Account { .. } => dialled(rules, tenant, to),
        Admission::Peer { name } => over_neighbour(rules, tenant, name, to),
    }
}

/// Where a number leads that a trunk or a peer calls.
fn over_neighbour(rules: &Rules, tenant: &TenantId, name: &str, called: &Uri) -> Option<Route> {
    match rules.directory.trunk(name) {
        Some(trunk) => route_over(rules, trunk, called),
        None => inside(rules, tenant, &TelephoneNumber::new(&called.user()?).ok()?),
    }
}

/// Where a number leads that a telephone of the house dials, or has somebody put through to.
pub(crate) fn dialled(rules: &Rules, tenant: &TenantId, called: &Uri) -> Option<Route> {
    let dialled = TelephoneNumber::new(&called.user()?).ok()?;
    if rules.directory.is_emergency(tenant, &dialled) {
        return Some(Route::Phone { number: dialled });
    }
    let number = rules.directory.normal(tenant, &dialled);
    let inside = inside(rules, tenant, &dialled).or_else(|| inside(rules, tenant, &number));
    let has_trunk = || rules.directory.trunks().any(|trunk| trunk.tenant == *tenant);
    inside.or_else(|| (number.is_e164() && has_trunk()).then_some(Route::Phone { number }))
}

/// Where a number leads that is called over a trunk, which writes numbers in its own form.
pub(crate) fn route_over(rules: &Rules, trunk: &Trunk, called: &Uri) -> Option<Route> {
    let sent = TelephoneNumber::new(&called.user()?).ok()?;
    let number = trunk.plan.inward(&sent);
    inside(rules, &trunk.tenant, &number).or_else(|| inside(rules, &trunk.tenant, &sent))
}

/// What has this number within the house.
fn inside(rules: &Rules, tenant: &TenantId, dialled: &TelephoneNumber) -> Option<Route> {
    if let Some(number) = rules.directory.number(tenant, dialled) {
        let flow = Arc::clone(rules.flows.get(&number.flow)?);
        return Some(Route::Flow { flow, record: number.record });
    }
    let directory = &rules.directory;
    let phone =
        directory.phone(tenant, dialled).or_else(|| directory.phone_by_direct_number(tenant, dialled))?;
    Some(Route::Phone { number: phone.number.clone() })
}

impl Party {
    /// The number as the record keeps it: also where the caller does not want to be shown, if a trusted trunk tells it
    /// (who is threatened by telephone must find out by whom).
    pub fn number_for_record(&self) -> String {
        match &self.identity.number {
            Some(number) if self.identity.withheld => number.to_string(),
            _ => self.number.clone(),
        }
    }

    /// The number as others may see it: not that of who does not want to be shown.
    pub fn number_for_others(&self) -> &str {
        if self.identity.withheld { identity::ANONYMOUS } else { &self.number }
    }

    /// How the caller is presented to the telephone that it is put through to: its own name and number, at this
    /// desk's address, so that the person sees who calls and calls back through the desk.
    pub fn presented(&self, desk: IpAddr) -> NameAddr {
        let mut presented = NameAddr::new(SipUri::new(Some(self.number_for_others()), Host::Ip(desk), None));
        presented.display = self.name.clone().filter(|_| !self.identity.withheld);
        presented
    }

    /// The same caller, who calls for help: whoever comes must know whom to call back, also where the caller is never
    /// shown to others.
    pub fn calling_for_help(&self) -> Party {
        let mut party = self.clone();
        party.identity.withheld &= !matches!(party.admitted_by, AdmittedBy::Account(_));
        party
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use frontdesk_directory::{Directory, Number, Peer, Tenant};
    use frontdesk_identifiers::{FlowId, Locale};
    use frontdesk_sip_stack::SipSettings;
    use std::collections::BTreeMap;

    fn tenant() -> TenantId {
        TenantId::new("main").expect("a name")
    }

    fn number(text: &str) -> TelephoneNumber {
        TelephoneNumber::new(text).expect("a number")
    }

    /// 100 and 101 have flows, of which only that of 100 is there; 1001 is a telephone.
    fn rules() -> Rules {
        const FLOW: &str =
            "format = 1\nflow = \"bye\"\nstart = \"end\"\n[step.end]\nhang_up = \"Goodbye.\"\n";
        let flow = Flow::read_by_own_name("bye.toml", FLOW).expect("a flow");
        let line = |text: &str, flow: &str| Number {
            tenant: tenant(),
            number: number(text),
            flow: FlowId::new(flow).expect("a name"),
            record: true,
        };
        let directory = Directory::builder()
            .tenant(Tenant {
                id: tenant(),
                name: "Main".to_owned(),
                locale: Locale::default(),
                country: None,
                words: BTreeMap::new(),
            })
            .peer(Peer {
                tenant: tenant(),
                name: "carrier".to_owned(),
                addresses: vec![[192, 0, 2, 9].into()],
                certificate_names: Vec::new(),
                srtp: Default::default(),
                codecs: None,
            })
            .number(line("100", "bye"))
            .number(line("101", "lost"))
            .phone(Phone {
                tenant: tenant(),
                number: number("1001"),
                name: String::new(),
                direct: None,
                ha1_md5: [0; 16],
                ha1_sha256: [0; 32],
                srtp: Default::default(),
                codecs: None,
            });
        Rules {
            directory: Arc::new(directory.build().expect("a directory")),
            flows: BTreeMap::from([(flow.id().clone(), flow)]),
            sip: Arc::new(SipSettings::default()),
            sound_address: None,
            verifier: None,
            limits: Limits::default(),
            data: "data".into(),
            seal_recordings: false,
            hold_music: false,
        }
    }

    fn party(tenant: TenantId) -> Party {
        Party {
            tenant,
            name: None,
            number: "1002".to_owned(),
            admitted_by: AdmittedBy::Account("1002".to_owned()),
            hops: 70,
            identity: Identity::default(),
        }
    }

    fn to(user: &str) -> Option<Route> {
        let uri: Uri = format!("sip:{user}@192.0.2.1").parse().expect("a URI");
        route(&rules(), &party(tenant()), &uri)
    }

    #[test]
    fn a_number_leads_to_its_flow_and_a_telephone_to_itself() {
        assert!(matches!(to("100"), Some(Route::Flow { record: true, .. })));
        assert!(matches!(to("1001"), Some(Route::Phone { number }) if number.as_str() == "1001"));
    }

    #[test]
    fn what_is_not_there_leads_nowhere() {
        for user in ["999", "101", "reception", "100;x=1", "%00", "1001%00"] {
            assert!(to(user).is_none(), "{user}");
        }
        assert!(route(&rules(), &party(tenant()), &"sip:192.0.2.1".parse().expect("a URI")).is_none());
        let other = TenantId::new("other").expect("a name");
        assert!(route(&rules(), &party(other), &"sip:100@192.0.2.1".parse().expect("a URI")).is_none());
    }

    #[test]
    fn a_caller_without_a_name_is_presented_by_its_number_at_the_desk() {
        let party = Party {
            tenant: tenant(),
            name: None,
            number: "+49 30 1".to_owned(),
            admitted_by: AdmittedBy::Peer("carrier".to_owned()),
            hops: 70,
            identity: Identity::default(),
        };
        let presented = party.presented(IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, 1]));
        assert_eq!(presented.to_string(), "<sip:+49%2030%201@[fd00::1]>");
    }

    #[test]
    fn what_a_peer_says_of_its_caller_is_short_and_steers_nothing() {
        assert_eq!(plain("  Eve\u{1b}[2J\r\nX-Evil: 1 "), "Eve[2JX-Evil: 1");
        assert_eq!(plain(&"é".repeat(30_000)).chars().count(), PEER_WORD_LETTERS_MAX);
    }
}
