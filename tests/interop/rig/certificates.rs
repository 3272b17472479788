//! An authority of the suite's own, and what it certifies.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use std::path::Path;
use std::sync::OnceLock;

/// The name that the certificate `carrier.pem` proves.
pub const CARRIER: &str = "carrier.example";

/// Files by their names: one authority for all desks and relays of a suite.
type Files = Vec<(&'static str, String)>;

/// Writes `ca.pem`; `desk.pem` with `desk.key` for the names `localhost` and 127.0.0.1; `carrier.pem` with `carrier.key` for
/// [`CARRIER`].
pub fn write(folder: &Path) {
    static FILES: OnceLock<Files> = OnceLock::new();
    for (name, text) in FILES.get_or_init(certify) {
        std::fs::write(folder.join(name), text).expect("a file is written");
    }
}

fn certify() -> Files {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "The stories' authority");
    let key = KeyPair::generate().expect("a key");
    let authority = CertifiedIssuer::self_signed(authority, key).expect("an authority");
    let certified = |names: &[&str], common: &str| {
        let key = KeyPair::generate().expect("a key");
        let names = names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let mut certificate = CertificateParams::new(names).expect("names");
        certificate.distinguished_name.push(DnType::CommonName, common);
        let certificate = certificate.signed_by(&key, &authority).expect("a certificate");
        (certificate.pem() + &authority.pem(), key.serialize_pem())
    };
    let desk = certified(&["localhost", "127.0.0.1"], "127.0.0.1");
    let carrier = certified(&[CARRIER], CARRIER);
    vec![
        ("ca.pem", authority.pem()),
        ("desk.pem", desk.0),
        ("desk.key", desk.1),
        ("carrier.pem", carrier.0),
        ("carrier.key", carrier.1),
    ]
}
