//! An authority of the test's own, and what it certifies.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use std::path::Path;

/// Writes `ca.pem`, and `desk.pem` with `desk.key` for the names `localhost` and 127.0.0.1.
pub fn write(folder: &Path) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "The stories' authority");
    let key = KeyPair::generate().expect("a key");
    let authority = CertifiedIssuer::self_signed(authority, key).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let mut desk = CertificateParams::new(names).expect("names");
    desk.distinguished_name.push(DnType::CommonName, "127.0.0.1");
    let desk = desk.signed_by(&key, &authority).expect("a certificate");
    let put = |name: &str, text: String| std::fs::write(folder.join(name), text).expect("a file is written");
    put("ca.pem", authority.pem());
    put("desk.pem", desk.pem() + &authority.pem());
    put("desk.key", key.serialize_pem());
}
