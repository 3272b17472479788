//! What a directory finds, and what it refuses to hold.

use frontdesk_directory::{Directory, DirectoryBuilder, DirectoryFault, Number, Peer, Phone, Tenant};
use frontdesk_identifiers::{FlowId, Locale, TelephoneNumber, TenantId};
use std::collections::BTreeMap;

fn id(name: &str) -> TenantId {
    TenantId::new(name).unwrap()
}

fn number(text: &str) -> TelephoneNumber {
    TelephoneNumber::new(text).unwrap()
}

fn tenant(name: &str) -> Tenant {
    Tenant {
        id: id(name),
        name: name.to_owned(),
        locale: Locale::default(),
        country: None,
        words: BTreeMap::new(),
    }
}

fn phone(tenant: &str, digits: &str) -> Phone {
    let name = format!("{tenant} {digits}");
    Phone {
        tenant: id(tenant),
        number: number(digits),
        name,
        direct: None,
        ha1_md5: [7; 16],
        ha1_sha256: [9; 32],
        srtp: Default::default(),
        codecs: None,
    }
}

fn peer(name: &str, addresses: &[&str]) -> Peer {
    let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
    Peer {
        tenant: id("acme"),
        name: name.to_owned(),
        addresses,
        certificate_names: Vec::new(),
        srtp: Default::default(),
        codecs: None,
    }
}

fn answered(digits: &str) -> Number {
    Number {
        tenant: id("acme"),
        number: number(digits),
        flow: FlowId::new("reception").unwrap(),
        record: true,
    }
}

fn acme() -> DirectoryBuilder {
    Directory::builder().tenant(tenant("acme"))
}

fn refused(builder: DirectoryBuilder) -> Vec<DirectoryFault> {
    builder.build().expect_err("it must be refused")
}

#[test]
fn a_phone_is_found_by_number_and_by_account() {
    let directory = acme().phone(phone("acme", "1001")).number(answered("100")).build().unwrap();
    assert_eq!(directory.phone(&id("acme"), &number("1001")).unwrap().name, "acme 1001");
    assert_eq!(directory.phone_by_account("1001").unwrap().account(), "1001");
    assert!(directory.phone_by_account("100").is_none(), "a flow's number is no account");
    assert!(directory.phone(&id("acme"), &number("100")).is_none());
    assert!(directory.number(&id("acme"), &number("100")).unwrap().record);
}

#[test]
fn a_tenant_finds_only_what_is_its_own() {
    let directory = acme().tenant(tenant("other")).phone(phone("acme", "1001")).number(answered("100"));
    let directory = directory.build().unwrap();
    assert!(directory.phone(&id("other"), &number("1001")).is_none());
    assert!(directory.number(&id("other"), &number("100")).is_none());
    assert_eq!(directory.tenants().count(), 2);
    assert_eq!(directory.tenant(&id("other")).unwrap().name, "other");
}

#[test]
fn a_peer_has_its_addresses_as_they_are_whatever_socket_sees_them() {
    let directory = acme().peer(peer("carrier", &["::ffff:192.0.2.1", "2001:db8::1"])).build().unwrap();
    let addresses: Vec<String> =
        directory.peer("carrier").unwrap().addresses.iter().map(ToString::to_string).collect();
    assert_eq!(addresses, ["192.0.2.1", "2001:db8::1"]);
    assert!(directory.peer("other").is_none());
}

#[test]
fn a_secret_never_shows() {
    let shown = format!("{:?}", acme().phone(phone("acme", "1001")).build().unwrap());
    assert!(shown.contains("1001"));
    assert!(!shown.contains("7, 7") && !shown.contains("9, 9") && !shown.contains("ha1"), "{shown}");
}

#[test]
fn everything_that_contradicts_itself_is_told_at_once() {
    let faults = refused(
        acme()
            .tenant(tenant("acme"))
            .tenant(tenant("other"))
            .phone(phone("acme", "1001"))
            .phone(phone("acme", "1001"))
            .phone(phone("other", "1001"))
            .phone(phone("nobody", "5"))
            .peer(peer("a", &["192.0.2.1"]))
            .peer(peer("a", &["192.0.2.9"]))
            .peer(peer("b", &["::ffff:192.0.2.1"]))
            .peer(peer("c", &[]))
            .number(answered("100"))
            .number(answered("100"))
            .number(answered("1001")),
    );
    let a = "a".to_owned();
    let expected = [
        DirectoryFault::DuplicateTenant { tenant: id("acme") },
        DirectoryFault::DuplicatePhone { number: number("1001") },
        DirectoryFault::AccountTaken { number: number("1001"), first: id("acme"), second: id("other") },
        DirectoryFault::UnknownTenant { what: "phone 5".to_owned(), tenant: id("nobody") },
        DirectoryFault::DuplicatePeer { name: a.clone() },
        DirectoryFault::PeerAddressTaken {
            address: "192.0.2.1".parse().unwrap(),
            first: a,
            second: "b".to_owned(),
        },
        DirectoryFault::PeerWithoutAddress { name: "c".to_owned() },
        DirectoryFault::DuplicateNumber { number: number("100") },
        DirectoryFault::NumberIsPhone { number: number("1001") },
    ];
    assert_eq!(faults, expected);
}
