//! What the simulated desk is set up with.

use frontdesk_call_flow::{Flow, RECEPTION};
use frontdesk_directory::{Directory, Number, Peer, Phone, Tenant, Trunk};
use frontdesk_identifiers::{FlowId, Locale, TelephoneNumber, TenantId};
use frontdesk_sip_stack::{PeerRule, SipSettings, ha1};
use frontdesk_switchboard::{Limits, Rules};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

/// The realm of the desk.
pub const REALM: &str = "frontdesk";
/// The one password of all telephones.
pub const PASSWORD: &str = "correct horse";
/// The telephones: number and name. What the reception's flow names is among them.
pub const PHONES: [(&str, &str); 3] = [("1001", "Sales"), ("1002", "Reception"), ("1003", "Workshop")];
/// A flow that asks by keys and words what the reception does not: it hangs up by itself, and says what it took.
pub const CHOICE: &str = r#"
format = 1
flow = "choice"
start = "which"

[step.which]
ask = "Tea or coffee?"
repeat = ["Please say tea or coffee."]
wait = "3s"
answer.tea = { key = "1", phrases = ["tea"], next = "tea" }
answer.coffee = { key = "2", phrases = ["coffee"], next = "coffee" }
failed = "neither"

[step.tea]
hang_up = "Tea it is."

[step.coffee]
hang_up = "Coffee it is."

[step.neither]
hang_up = "Neither, then."
"#;

/// The rules of the simulated desk, as a test wants them.
#[derive(Debug, Clone)]
pub struct House {
    numbers: Vec<(&'static str, &'static str, bool)>,
    flows: Vec<&'static str>,
    limits: Limits,
    phones: Vec<(&'static str, &'static str)>,
    trunks: Vec<Trunk>,
}

impl Default for House {
    /// 100 is the reception, 101 the same and recorded, 102 the choice; 1001 to 1003 are telephones.
    fn default() -> Self {
        House {
            numbers: vec![("100", "reception", false), ("101", "reception", true), ("102", "choice", false)],
            flows: vec![RECEPTION.text, CHOICE],
            limits: Limits::default(),
            phones: PHONES.to_vec(),
            trunks: Vec::new(),
        }
    }
}

impl House {
    /// With one more flow, which answers `number`.
    pub fn with_flow(mut self, number: &'static str, name: &'static str, text: &'static str) -> House {
        self.numbers.push((number, name, false));
        self.flows.push(text);
        self
    }

    /// With a trunk of the house; [`World::place`](super::World::place) says where it is.
    pub fn with_trunk(mut self, trunk: Trunk) -> House {
        self.trunks.push(trunk);
        self
    }

    /// With other limits.
    pub fn with_limits(mut self, limits: Limits) -> House {
        self.limits = limits;
        self
    }

    /// Without one of its telephones.
    pub fn without_phone(mut self, number: &str) -> House {
        self.phones.retain(|(phone, _)| *phone != number);
        self
    }

    /// The addresses from which the carrier calls.
    pub fn carrier() -> impl Iterator<Item = IpAddr> {
        (1..=40).map(|host| IpAddr::from([198, 51, 100, host]))
    }

    /// What the switchboard is told.
    pub fn rules(&self) -> Rules {
        let flows = self.flows.iter().map(|text| {
            let flow = Flow::read_by_own_name("simulated.toml", text).expect("the flow is sound");
            (flow.id().clone(), flow)
        });
        let account = |(number, _): &(&str, &str)| ((*number).to_owned(), ha1(number, REALM, PASSWORD));
        let accounts = self.phones.iter().map(account).collect();
        Rules {
            directory: Arc::new(self.directory()),
            flows: flows.collect::<BTreeMap<FlowId, Arc<Flow>>>(),
            sip: Arc::new(SipSettings {
                realm: REALM.to_owned(),
                accounts,
                peers: vec![PeerRule {
                    name: "carrier".to_owned(),
                    addresses: House::carrier().collect(),
                    ..PeerRule::default()
                }],
                ..SipSettings::default()
            }),
            sound_address: None,
            verifier: None,
            limits: self.limits,
            data: "/var/lib/desk".into(),
        }
    }

    /// Who and what exists.
    pub fn directory(&self) -> Directory {
        let tenant = TenantId::new("main").expect("a name");
        let number = |text: &str| TelephoneNumber::new(text).expect("a number");
        let mut builder = Directory::builder()
            .tenant(Tenant {
                id: tenant.clone(),
                name: "Main".to_owned(),
                locale: Locale::new("en-US").expect("a locale"),
                words: BTreeMap::from([("company.name".to_owned(), "Acme".to_owned())]),
            })
            .peer(Peer {
                tenant: tenant.clone(),
                name: "carrier".to_owned(),
                addresses: House::carrier().collect(),
                certificate_names: Vec::new(),
            });
        for (text, name) in self.phones.iter().copied() {
            let account = ha1(text, REALM, PASSWORD);
            builder = builder.phone(Phone {
                tenant: tenant.clone(),
                number: number(text),
                name: name.to_owned(),
                direct: None,
                ha1_md5: account.ha1_md5,
                ha1_sha256: account.ha1_sha256,
            });
        }
        for (text, flow, record) in &self.numbers {
            builder = builder.number(Number {
                tenant: tenant.clone(),
                number: number(text),
                flow: FlowId::new(flow).expect("a flow's name"),
                record: *record,
            });
        }
        for trunk in &self.trunks {
            builder = builder.trunk(trunk.clone());
        }
        builder.build().expect("the directory is sound")
    }
}
