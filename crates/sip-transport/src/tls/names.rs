//! Which names a certificate proves (RFC 5922 §7.1).

use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// How many names of one certificate are told; more are left out.
const NAMES_MAX: usize = 128;

/// The names that a certificate proves, lower case: the hosts of `sip:` URIs without a user; only if there are none its
/// DNS names; and only if it has no alternative names at all its common name.
pub(crate) fn proved(certificate: &[u8]) -> Vec<String> {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return Vec::new() };
    let mut names: Vec<String> = match certificate.subject_alternative_name() {
        Ok(Some(alternative)) => {
            let all = &alternative.value.general_names;
            let uris: Vec<String> = all.iter().filter_map(sip_host).collect();
            let dns = all.iter().filter_map(|name| match name {
                GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
                _ => None,
            });
            if uris.is_empty() { dns.collect() } else { uris }
        }
        Ok(None) => certificate
            .subject()
            .iter_common_name()
            .filter_map(|name| Some(name.as_str().ok()?.to_ascii_lowercase()))
            .collect(),
        Err(_) => Vec::new(),
    };
    names.retain(|name| is_host(name));
    names.truncate(NAMES_MAX);
    names
}

/// Whether one of these names is this host's; the first label of a name may be a wildcard.
pub(crate) fn prove(names: &[String], host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    names.iter().any(|name| match name.strip_prefix("*.") {
        Some(domain) => host.split_once('.').is_some_and(|(_, of)| of == domain),
        None => *name == host,
    })
}

/// `sip:host`, maybe with a port; one with a user names a person, not a domain.
fn sip_host(name: &GeneralName<'_>) -> Option<String> {
    let GeneralName::URI(uri) = name else { return None };
    let (scheme, rest) = uri.split_once(':')?;
    if !scheme.eq_ignore_ascii_case("sip") || rest.contains('@') {
        return None;
    }
    let host = rest.split([':', ';', '?']).next()?;
    Some(host.to_ascii_lowercase())
}

/// Whether this can be a DNS name, the first label maybe a wildcard.
fn is_host(name: &str) -> bool {
    let labels = name.strip_prefix("*.").unwrap_or(name);
    !labels.is_empty()
        && labels.len() <= 253
        && labels.split('.').all(|label| {
            !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, SanType};

    fn names(common: &str, uris: &[&str], dns: &[&str]) -> Vec<String> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, common);
        let uris = uris.iter().map(|uri| SanType::URI((*uri).try_into().unwrap()));
        let dns = dns.iter().map(|name| SanType::DnsName((*name).try_into().unwrap()));
        params.subject_alt_names = uris.chain(dns).collect();
        proved(params.self_signed(&KeyPair::generate().unwrap()).unwrap().der())
    }

    #[test]
    fn sip_uris_come_before_dns_names_and_the_common_name_counts_only_alone() {
        assert_eq!(names("c.example", &["sip:A.example"], &["b.example"]), ["a.example"]);
        assert_eq!(names("c.example", &["sip:a.example:5061;x=y"], &[]), ["a.example"]);
        assert_eq!(names("c.example", &["https://a.example"], &["B.example"]), ["b.example"]);
        assert_eq!(names("c.example", &["sip:bob@a.example"], &["*.b.example"]), ["*.b.example"]);
        assert_eq!(names("c.example", &["sip:bob@a.example"], &[]), [""; 0]);
        assert_eq!(names("C.example", &[], &[]), ["c.example"]);
        assert_eq!(names("Bob of the desk", &[], &[]), [""; 0]);
        assert_eq!(proved(b"no certificate"), [""; 0]);
    }

    #[test]
    fn a_wildcard_stands_for_one_label() {
        let names = ["*.a.example".to_owned(), "b.example".to_owned()];
        for (host, proved) in [
            ("x.a.example", true),
            ("X.A.example", true),
            ("b.example", true),
            ("a.example", false),
            ("x.y.a.example", false),
            ("x.b.example", false),
        ] {
            assert_eq!(prove(&names, host), proved, "{host}");
        }
        assert!(!prove(&[], "a.example"));
    }
}
