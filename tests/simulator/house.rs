//! What the simulated desk is set up with.

use frontdesk_call_flow::{Flow, RECEPTION};
use frontdesk_caller_identity::Verifier;
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
/// The telephones of the annex: another tenant on the same desk.
pub const ANNEX_PHONES: [(&str, &str); 2] = [("2001", "Press"), ("2002", "Library")];
/// A number of the telephone network that is the house's, and one that is the annex's.
pub const PUBLIC_NUMBERS: [&str; 2] = ["+4930555100", "+4940777100"];
/// The flow of the annex: nobody else's calls come to it.
pub const ANNEX: &str = r#"
format = 1
flow = "annex"
start = "which"

[step.which]
ask = "This is the annex. Press or library?"
repeat = ["Please say press or library."]
wait = "3s"
answer.press = { key = "1", phrases = ["press"], next = "to_press" }
answer.library = { key = "2", phrases = ["library"], next = "to_library" }
failed = "bye"

[step.to_press]
transfer = "phone:2001"
ring = "15s"
busy = "to_library"
no_answer = "to_library"
declined = "to_library"
unreachable = "to_library"

[step.to_library]
transfer = "phone:2002"
ring = "15s"
busy = "bye"
no_answer = "bye"
declined = "bye"
unreachable = "bye"

[step.bye]
hang_up = "The annex says goodbye."
"#;
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
    annex: Option<Vec<(&'static str, &'static str)>>,
    verifier: Option<Arc<Verifier>>,
    crowd: u16,
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
            annex: None,
            verifier: None,
            crowd: 0,
        }
    }
}

/// A tenant of the simulated desk: `main` or `annex`.
pub fn tenant(name: &str) -> TenantId {
    TenantId::new(name).expect("a name")
}

fn number(text: &str) -> TelephoneNumber {
    TelephoneNumber::new(text).expect("a number")
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

    /// With a second tenant: its telephones are [`ANNEX_PHONES`], and 100 is its own flow. From then on each has one of
    /// the [`PUBLIC_NUMBERS`].
    pub fn with_annex(mut self) -> House {
        self.numbers.push((PUBLIC_NUMBERS[0], "reception", false));
        self.flows.push(ANNEX);
        self.annex = Some(ANNEX_PHONES.to_vec());
        self
    }

    /// With one more telephone in the annex.
    pub fn with_annex_phone(mut self, number: &'static str) -> House {
        self.annex.get_or_insert_default().push((number, "Annex"));
        self
    }

    /// With a store of certificates that signed callers are verified against.
    pub fn with_verifier(mut self, verifier: Verifier) -> House {
        self.verifier = Some(Arc::new(verifier));
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

    /// With so many further addresses from which the carrier calls.
    pub fn with_crowd(mut self, crowd: u16) -> House {
        self.crowd = crowd;
        self
    }

    /// The addresses of a crowd of so many.
    pub fn crowd(crowd: u16) -> impl Iterator<Item = IpAddr> {
        (0..crowd).map(|host| IpAddr::from([10, 1, (host / 250) as u8, (1 + host % 250) as u8]))
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
        let accounts = self.everybody().map(|(_, phone)| account(phone)).collect();
        Rules {
            directory: Arc::new(self.directory()),
            flows: flows.collect::<BTreeMap<FlowId, Arc<Flow>>>(),
            sip: Arc::new(SipSettings {
                realm: REALM.to_owned(),
                accounts,
                peers: vec![PeerRule {
                    name: "carrier".to_owned(),
                    addresses: House::carrier().chain(House::crowd(self.crowd)).collect(),
                    ..PeerRule::default()
                }],
                ..SipSettings::default()
            }),
            sound_address: None,
            verifier: self.verifier.clone(),
            limits: self.limits,
            data: "/var/lib/desk".into(),
            seal_recordings: false,
            hold_music: false,
        }
    }

    /// Who and what exists.
    pub fn directory(&self) -> Directory {
        let mut builder = Directory::builder().tenant(entry("main", "Acme")).peer(Peer {
            tenant: tenant("main"),
            name: "carrier".to_owned(),
            addresses: House::carrier().chain(House::crowd(self.crowd)).collect(),
            certificate_names: Vec::new(),
            srtp: Default::default(),
            codecs: None,
        });
        if self.annex.is_some() {
            builder = builder.tenant(entry("annex", "Annex"));
        }
        for (owner, (text, name)) in self.everybody() {
            let account = ha1(text, REALM, PASSWORD);
            builder = builder.phone(Phone {
                tenant: tenant(owner),
                number: number(text),
                name: (*name).to_owned(),
                direct: None,
                ha1_md5: account.ha1_md5,
                ha1_sha256: account.ha1_sha256,
                srtp: Default::default(),
                codecs: None,
            });
        }
        let annex = ["100", PUBLIC_NUMBERS[1]].map(|number| ("annex", (number, "annex", true)));
        let annex = annex.into_iter().filter(|_| self.annex.is_some());
        let numbers = self.numbers.iter().map(|number| ("main", *number)).chain(annex);
        for (owner, (text, flow, record)) in numbers {
            builder = builder.number(Number {
                tenant: tenant(owner),
                number: number(text),
                flow: FlowId::new(flow).expect("a flow's name"),
                record,
            });
        }
        for trunk in &self.trunks {
            builder = builder.trunk(trunk.clone());
        }
        builder.build().expect("the directory is sound")
    }

    /// Every telephone, and of which tenant it is.
    fn everybody(&self) -> impl Iterator<Item = (&'static str, &(&'static str, &'static str))> {
        let annex = self.annex.iter().flatten().map(|phone| ("annex", phone));
        self.phones.iter().map(|phone| ("main", phone)).chain(annex)
    }
}

fn entry(name: &str, company: &str) -> Tenant {
    Tenant {
        id: tenant(name),
        name: company.to_owned(),
        locale: Locale::new("en-US").expect("a locale"),
        country: None,
        words: BTreeMap::from([("company.name".to_owned(), company.to_owned())]),
    }
}
