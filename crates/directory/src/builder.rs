//! How a directory comes to be: everything is checked, and everything that is wrong is told at once.

use crate::{Directory, Number, Peer, Phone, RegisterAs, Tenant, Trunk};
use frontdesk_identifiers::{TelephoneNumber, TenantId};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Why an entry cannot stand. All of them are the operator's to mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryFault {
    /// Two tenants of one name.
    #[error("tenant `{tenant}` is listed twice")]
    DuplicateTenant {
        /// The name.
        tenant: TenantId,
    },
    /// An entry belongs to a tenant that is not there.
    #[error("{what} belongs to the tenant `{tenant}`, which is not listed")]
    UnknownTenant {
        /// The entry, as a phrase: `phone 1001`.
        what: String,
        /// The tenant that it names.
        tenant: TenantId,
    },
    /// Two phones of one tenant with one number.
    #[error("phone {number} is listed twice")]
    DuplicatePhone {
        /// The number.
        number: TelephoneNumber,
    },
    /// Two tenants have a phone of the same number, so that a REGISTER would not tell which is meant.
    #[error(
        "phone {number} is listed by the tenants `{first}` and `{second}`: phones register by number, so it must be unique on this desk"
    )]
    AccountTaken {
        /// The number.
        number: TelephoneNumber,
        /// Who has it.
        first: TenantId,
        /// Who wants it too.
        second: TenantId,
    },
    /// Two peers of one name.
    #[error("peer `{name}` is listed twice")]
    DuplicatePeer {
        /// The name.
        name: String,
    },
    /// A peer that could never be told from others.
    #[error("peer `{name}` has neither an address nor a certificate's name")]
    PeerWithoutAddress {
        /// The name.
        name: String,
    },
    /// One address, two peers: a call from it would belong to both.
    #[error("the address {address} belongs to the peers `{first}` and `{second}`")]
    PeerAddressTaken {
        /// The address.
        address: IpAddr,
        /// Who has it.
        first: String,
        /// Who wants it too.
        second: String,
    },
    /// Two trunks, or a trunk and a peer, of one name.
    #[error("trunk `{name}`: another trunk or peer has this name")]
    DuplicateTrunk {
        /// The name.
        name: String,
    },
    /// A trunk that leads nowhere.
    #[error("trunk `{name}` has no host that could be a name or an address")]
    TrunkWithoutHost {
        /// The name.
        name: String,
    },
    /// A trunk registers, and has nothing to prove itself with.
    #[error("trunk `{name}` registers, but has no account")]
    TrunkWithoutAccount {
        /// The name.
        name: String,
    },
    /// A trunk shall register as each of nobody.
    #[error("trunk `{name}` registers each number, but names none")]
    TrunkWithoutNumbers {
        /// The name.
        name: String,
    },
    /// A number of the telephone network that is not in its international form.
    #[error("{what}: {number} is not in international form, with `+` and the country first")]
    NotInternational {
        /// The entry, as a phrase: `phone 1001`.
        what: String,
        /// The number.
        number: TelephoneNumber,
    },
    /// A phone or a flow has a number that is for emergencies: whoever calls for help would reach it instead.
    #[error("{what}: {number} is an emergency number of the trunk `{trunk}`")]
    EmergencyNumberTaken {
        /// The entry, as a phrase: `phone 110`.
        what: String,
        /// The number.
        number: TelephoneNumber,
        /// The trunk whose plan says so.
        trunk: String,
    },
    /// A direct number that leads elsewhere already.
    #[error("the direct number {number} belongs to another phone or flow")]
    DirectNumberTaken {
        /// The number.
        number: TelephoneNumber,
    },
    /// Two numbers of one tenant.
    #[error("number {number} is listed twice")]
    DuplicateNumber {
        /// The number.
        number: TelephoneNumber,
    },
    /// A number is both a phone and answered by a flow.
    #[error("{number} is both a phone and a number that a flow answers")]
    NumberIsPhone {
        /// The number.
        number: TelephoneNumber,
    },
}

/// Collects entries, in any order.
#[derive(Debug, Clone, Default)]
pub struct DirectoryBuilder {
    tenants: Vec<Tenant>,
    phones: Vec<Phone>,
    peers: Vec<Peer>,
    trunks: Vec<Trunk>,
    numbers: Vec<Number>,
}

impl DirectoryBuilder {
    /// Adds a tenant.
    pub fn tenant(mut self, tenant: Tenant) -> Self {
        self.tenants.push(tenant);
        self
    }

    /// Adds a phone.
    pub fn phone(mut self, phone: Phone) -> Self {
        self.phones.push(phone);
        self
    }

    /// Adds a peer.
    pub fn peer(mut self, peer: Peer) -> Self {
        self.peers.push(peer);
        self
    }

    /// Adds a trunk.
    pub fn trunk(mut self, trunk: Trunk) -> Self {
        self.trunks.push(trunk);
        self
    }

    /// Adds a number that a flow answers.
    pub fn number(mut self, number: Number) -> Self {
        self.numbers.push(number);
        self
    }

    /// The directory, or everything that is wrong with it.
    pub fn build(self) -> Result<Directory, Vec<DirectoryFault>> {
        let mut directory = Directory::default();
        let mut faults = Vec::new();
        for tenant in self.tenants {
            if directory.tenants.contains_key(&tenant.id) {
                faults.push(DirectoryFault::DuplicateTenant { tenant: tenant.id });
            } else {
                directory.tenants.insert(tenant.id.clone(), tenant);
            }
        }
        for phone in self.phones {
            add_phone(&mut directory, phone, &mut faults);
        }
        let mut taken = BTreeMap::new();
        for peer in self.peers {
            add_peer(&mut directory, peer, &mut taken, &mut faults);
        }
        for trunk in self.trunks {
            add_trunk(&mut directory, trunk, &mut taken, &mut faults);
        }
        for number in self.numbers {
            add_number(&mut directory, number, &mut faults);
        }
        check_direct_numbers(&directory, &mut faults);
        check_emergency_numbers(&directory, &mut faults);
        if faults.is_empty() { Ok(directory) } else { Err(faults) }
    }
}

fn known(directory: &Directory, tenant: &TenantId, what: &str, faults: &mut Vec<DirectoryFault>) {
    if !directory.tenants.contains_key(tenant) {
        faults.push(DirectoryFault::UnknownTenant { what: what.to_owned(), tenant: tenant.clone() });
    }
}

fn add_phone(directory: &mut Directory, phone: Phone, faults: &mut Vec<DirectoryFault>) {
    known(directory, &phone.tenant, &format!("phone {}", phone.number), faults);
    let number = phone.number.clone();
    if let Some((first, _)) = directory.accounts.get(number.as_str()) {
        faults.push(if *first == phone.tenant {
            DirectoryFault::DuplicatePhone { number }
        } else {
            DirectoryFault::AccountTaken { number, first: first.clone(), second: phone.tenant }
        });
        return;
    }
    let key = (phone.tenant.clone(), number.clone());
    directory.accounts.insert(number.as_str().to_owned(), key.clone());
    if let Some(direct) = &phone.direct {
        if !direct.is_e164() {
            let what = format!("phone {number}");
            faults.push(DirectoryFault::NotInternational { what, number: direct.clone() });
        } else if directory.direct.insert(direct.clone(), key.clone()).is_some() {
            faults.push(DirectoryFault::DirectNumberTaken { number: direct.clone() });
        }
    }
    directory.phones.insert(key, phone);
}

fn add_peer(
    directory: &mut Directory,
    mut peer: Peer,
    taken: &mut BTreeMap<IpAddr, String>,
    faults: &mut Vec<DirectoryFault>,
) {
    known(directory, &peer.tenant, &format!("peer `{}`", peer.name), faults);
    if directory.peers.contains_key(&peer.name) {
        faults.push(DirectoryFault::DuplicatePeer { name: peer.name });
        return;
    }
    if peer.addresses.is_empty() && peer.certificate_names.is_empty() {
        faults.push(DirectoryFault::PeerWithoutAddress { name: peer.name });
        return;
    }
    // A dual-stack socket sees an IPv4 peer as ::ffff:a.b.c.d; both are the same neighbour.
    for address in &mut peer.addresses {
        *address = address.to_canonical();
        match taken.get(address) {
            Some(first) if *first != peer.name => faults.push(DirectoryFault::PeerAddressTaken {
                address: *address,
                first: first.clone(),
                second: peer.name.clone(),
            }),
            _ => {
                taken.insert(*address, peer.name.clone());
            }
        }
    }
    directory.peers.insert(peer.name.clone(), peer);
}

fn add_trunk(
    directory: &mut Directory,
    mut trunk: Trunk,
    taken: &mut BTreeMap<IpAddr, String>,
    faults: &mut Vec<DirectoryFault>,
) {
    let name = trunk.name.clone();
    known(directory, &trunk.tenant, &format!("trunk `{name}`"), faults);
    if directory.trunks.contains_key(&name) || directory.peers.contains_key(&name) {
        faults.push(DirectoryFault::DuplicateTrunk { name });
        return;
    }
    if !is_host(&trunk.host) || trunk.proxy.as_ref().is_some_and(|proxy| !is_host(&proxy.host)) {
        faults.push(DirectoryFault::TrunkWithoutHost { name: name.clone() });
    }
    if let Some(register) = &trunk.register {
        if trunk.account.is_none() {
            faults.push(DirectoryFault::TrunkWithoutAccount { name: name.clone() });
        }
        if matches!(&register.as_whom, RegisterAs::Each(users) if users.is_empty()) {
            faults.push(DirectoryFault::TrunkWithoutNumbers { name: name.clone() });
        }
    }
    if let Some(main) = trunk.presentation.main.as_ref().filter(|main| !main.is_e164()) {
        let what = format!("trunk `{name}`");
        faults.push(DirectoryFault::NotInternational { what, number: main.clone() });
    }
    for address in &mut trunk.addresses {
        *address = address.to_canonical();
        // Two trunks at one carrier share its addresses: the number that is called tells which of them is meant. A peer
        // has no such numbers.
        match taken.get(address).filter(|first| directory.peers.contains_key(*first)) {
            Some(first) => faults.push(DirectoryFault::PeerAddressTaken {
                address: *address,
                first: first.clone(),
                second: name.clone(),
            }),
            None => {
                taken.insert(*address, name.clone());
            }
        }
    }
    directory.trunks.insert(name, trunk);
}

/// Whether a text can stand as the host of a URI; the DNS decides whether it is one.
fn is_host(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric() || ".-_:[]".contains(letter))
}

/// A call to a direct number rings one phone, and starts no flow.
fn check_direct_numbers(directory: &Directory, faults: &mut Vec<DirectoryFault>) {
    for (direct, (tenant, _)) in &directory.direct {
        if directory.numbers.contains_key(&(tenant.clone(), direct.clone())) {
            faults.push(DirectoryFault::DirectNumberTaken { number: direct.clone() });
        }
    }
}

fn check_emergency_numbers(directory: &Directory, faults: &mut Vec<DirectoryFault>) {
    for trunk in directory.trunks() {
        for number in &trunk.plan.emergency {
            let key = (trunk.tenant.clone(), number.clone());
            let what = match (directory.phones.contains_key(&key), directory.numbers.contains_key(&key)) {
                (true, _) => format!("phone {number}"),
                (_, true) => format!("number {number}"),
                (false, false) => continue,
            };
            let (number, trunk) = (number.clone(), trunk.name.clone());
            faults.push(DirectoryFault::EmergencyNumberTaken { what, number, trunk });
        }
    }
}

fn add_number(directory: &mut Directory, number: Number, faults: &mut Vec<DirectoryFault>) {
    known(directory, &number.tenant, &format!("number {}", number.number), faults);
    let key = (number.tenant.clone(), number.number.clone());
    if directory.numbers.contains_key(&key) {
        faults.push(DirectoryFault::DuplicateNumber { number: number.number });
    } else if directory.phones.contains_key(&key) {
        faults.push(DirectoryFault::NumberIsPhone { number: number.number });
    } else {
        directory.numbers.insert(key, number);
    }
}
