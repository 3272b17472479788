//! The certificates of `[tls]`: whether they can be read, fit their keys, and how long they last.

use super::Finding;
use crate::node::wall_time;
use crate::settings::{Settings, TlsSettings};
use crate::signed_callers::verifier;
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

/// So long before its end a certificate should be renewed.
const RENEW_DAYS: i64 = 14;

/// Every file of `[tls]`.
pub fn look(settings: &Settings) -> Vec<Finding> {
    let TlsSettings { server, own, client_ca, ca, .. } = &settings.tls;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let mut findings = Vec::new();
    for (what, pair) in [("certificate", server), ("own certificate", own)] {
        if let Some((certificate, key)) = pair
            && !(what == "own certificate" && own == server)
        {
            findings.push(chain(what, certificate, key, now));
        }
    }
    for (what, file) in [("client_ca", client_ca), ("ca", ca)] {
        findings.extend(file.as_deref().map(|file| authorities(what, file, now)));
    }
    findings
}

/// The store by which signed callers are judged.
pub(super) fn signed_callers(settings: &Settings) -> Vec<Finding> {
    let what = "signed callers";
    match verifier(settings) {
        Ok(None) => Vec::new(),
        Err(fault) => vec![Finding::fail(what, fault.to_string(), "see [identity] certificates")],
        Ok(Some(verifier)) => {
            let store = verifier.store();
            let found = format!("{} authorities, {} certificates", store.anchors(), store.certificates());
            let doubts: Vec<String> = verifier
                .doubts(wall_time())
                .into_iter()
                .map(|(url, why)| format!("{url}: {why:?}"))
                .collect();
            vec![match doubts.is_empty() {
                true => Finding::ok(what, found),
                false => Finding::warn(
                    what,
                    format!("{found}; in doubt: {}", doubts.join(", ")),
                    "renew those certificates",
                ),
            }]
        }
    }
}

fn chain(what: &str, certificate: &Path, key: &Path, now: i64) -> Finding {
    let what = format!("{what} {}", certificate.display());
    let chain = match read(certificate) {
        Ok(chain) => chain,
        Err(why) => return Finding::fail(what, why, "name a PEM file that this user may read"),
    };
    let private = match PrivateKeyDer::from_pem_file(key) {
        Ok(private) => private,
        Err(error) => {
            let found = format!("its key {} cannot be read: {error:?}", key.display());
            return Finding::fail(
                what,
                found,
                "name the PEM file with the private key, readable by this user",
            );
        }
    };
    // The builder holds the key against the certificate.
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain.clone(), private));
    if let Err(error) = config {
        let found = format!("it does not serve with the key {}: {error}", key.display());
        return Finding::fail(what, found, "name the key that the certificate was made for");
    }
    judge(what, &chain, now)
}

fn judge(what: String, chain: &[CertificateDer<'_>], now: i64) -> Finding {
    let mut read = Vec::new();
    for der in chain {
        match X509Certificate::from_der(der) {
            Ok((_, certificate)) => read.push(certificate),
            Err(error) => return Finding::fail(what, format!("it cannot be read: {error}"), "make it anew"),
        }
    }
    let Some(first) = read.first() else {
        return Finding::fail(what, "no certificate in it", "name a PEM file with the certificate");
    };
    let ends = first.validity().not_after.timestamp();
    let days = (ends - now).div_euclid(86_400);
    if ends < now {
        let found = format!("expired {} days ago", -days);
        return Finding::fail(what, found, "renew it; the desk takes the new file without a restart");
    }
    if first.validity().not_before.timestamp() > now {
        return Finding::fail(what, "not valid yet", "see the clock, and the certificate's first day");
    }
    for (one, above) in read.iter().zip(read.iter().skip(1)) {
        if one.issuer() != above.subject() {
            let found = format!("{} is followed by {}, who did not issue it", one.subject(), above.subject());
            return Finding::fail(what, found, "order the file: its own certificate, then each issuer");
        }
    }
    let names = names(first);
    let self_signed = read.len() == 1 && first.issuer() == first.subject();
    let found = format!(
        "{}, {days} days left",
        if names.is_empty() { "no name".to_owned() } else { names.join(", ") }
    );
    if names.is_empty() {
        return Finding::fail(
            what,
            found,
            "let it have a DNS name as subject alternative name (RFC 5922 §7.1)",
        );
    }
    if days < RENEW_DAYS {
        return Finding::warn(what, found, "renew it; the desk takes the new file without a restart");
    }
    if self_signed {
        return Finding::warn(
            what,
            format!("{found}, signed by itself"),
            "telephones and PBXs must be told to believe it",
        );
    }
    Finding::ok(what, found)
}

/// The names that a peer may expect (RFC 5922 §7.1): DNS names and the hosts of `sip:` URIs.
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let alternative = certificate.subject_alternative_name().ok().flatten();
    let listed = alternative.map(|extension| extension.value.general_names.as_slice()).unwrap_or_default();
    listed
        .iter()
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::URI(uri) => uri.strip_prefix("sip:").map(str::to_owned),
            GeneralName::IPAddress(bytes) => match bytes.len() {
                4 => {
                    <[u8; 4]>::try_from(*bytes).ok().map(|bytes| std::net::Ipv4Addr::from(bytes).to_string())
                }
                16 => {
                    <[u8; 16]>::try_from(*bytes).ok().map(|bytes| std::net::Ipv6Addr::from(bytes).to_string())
                }
                _ => None,
            },
            _ => None,
        })
        .collect()
}

fn authorities(what: &str, file: &Path, now: i64) -> Finding {
    let what = format!("{what} {}", file.display());
    let list = match read(file) {
        Ok(list) => list,
        Err(why) => return Finding::fail(what, why, "name a PEM file that this user may read"),
    };
    let expired = list
        .iter()
        .filter(|der| match X509Certificate::from_der(der) {
            Ok((_, certificate)) => certificate.validity().not_after.timestamp() < now,
            Err(_) => true,
        })
        .count();
    let found = format!("{} authorities, {expired} of them expired or unreadable", list.len());
    if expired == list.len() {
        return Finding::fail(what, found, "take the current certificates of these authorities");
    }
    if expired > 0 {
        Finding::warn(what, found, "take the expired ones out")
    } else {
        Finding::ok(what, found)
    }
}

fn read(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let cannot = |error: rustls::pki_types::pem::Error| match error {
        rustls::pki_types::pem::Error::NoItemsFound => "no certificate in PEM in it".to_owned(),
        rustls::pki_types::pem::Error::Io(error) => error.to_string(),
        other => format!("it is no PEM: {other:?}"),
    };
    let list: Vec<_> =
        CertificateDer::pem_file_iter(file).map_err(cannot)?.collect::<Result<_, _>>().map_err(cannot)?;
    if list.is_empty() { Err("no certificate in PEM in it".to_owned()) } else { Ok(list) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    fn write(folder: &Path, name: &str, until: (i32, u8, u8), names: &[&str]) -> KeyPair {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(until.0, until.1, until.2);
        let certificate = params.self_signed(&key).unwrap();
        std::fs::write(folder.join(format!("{name}.pem")), certificate.pem()).unwrap();
        std::fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).unwrap();
        key
    }

    fn found(folder: &Path, certificate: &str, key: &str) -> Finding {
        let text = format!("[tls]\ncertificate = \"{certificate}.pem\"\nkey = \"{key}.key\"\n");
        let settings = Settings::parse(&folder.join("desk.toml"), &text).expect("right settings");
        look(&settings).remove(0)
    }

    #[test]
    fn what_is_wrong_with_a_certificate_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        write(at, "good", (2090, 1, 1), &["desk.example"]);
        write(at, "other", (2090, 1, 1), &["desk.example"]);
        write(at, "old", (2021, 1, 1), &["desk.example"]);
        write(at, "nameless", (2090, 1, 1), &[]);
        std::fs::write(at.join("garbage.pem"), "no certificate").unwrap();

        let good = found(at, "good", "good");
        assert_eq!(good.verdict, Verdict::Warn, "it is signed by itself: {good}");
        assert!(good.found.contains("desk.example") && good.found.contains("days left"), "{good}");
        for (certificate, key, what) in [
            ("good", "other", "does not serve with the key"),
            ("old", "old", "expired"),
            ("nameless", "nameless", "no name"),
            ("garbage", "good", "no certificate"),
            ("missing", "good", "No such file"),
            ("good", "missing", "its key"),
        ] {
            let finding = found(at, certificate, key);
            assert!(
                finding.verdict == Verdict::Fail && finding.found.contains(what),
                "{certificate}: {finding}"
            );
        }
    }

    #[test]
    fn a_chain_in_the_wrong_order_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        write(at, "one", (2090, 1, 1), &["one.example"]);
        let mut two = CertificateParams::new(vec!["two.example".to_owned()]).unwrap();
        two.distinguished_name.push(rcgen::DnType::CommonName, "another authority");
        let two = two.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let both = std::fs::read_to_string(at.join("one.pem")).unwrap() + &two.pem();
        std::fs::write(at.join("one.pem"), both).unwrap();
        let finding = found(at, "one", "one");
        assert!(finding.found.contains("who did not issue it"), "{finding}");
    }
}
