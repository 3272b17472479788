//! One signer's certificate and those above it (RFC 5280 §6.1, RFC 8226 §4).

use frontdesk_identifiers::WallTime;
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;
use x509_parser::oid_registry::{
    OID_EC_P256, OID_NIST_EC_P384, OID_SIG_ECDSA_WITH_SHA256, OID_SIG_ECDSA_WITH_SHA384,
};
use x509_parser::pem::Pem;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::CHAIN_CERTIFICATES_MAX;
use crate::authority::{self, Authority};
use crate::store::{StoreFault, Unfit};
use crate::verdict::Failure;

/// JWTClaimConstraints (RFC 8226 §8) and its successor (RFC 9118 §3).
const CLAIM_CONSTRAINTS: [&str; 2] = ["1.3.6.1.5.5.7.1.27", "1.3.6.1.5.5.7.1.33"];

/// From when to when one certificate holds, in seconds since the Unix epoch, both included.
#[derive(Debug, Clone, Copy)]
struct Window {
    from: i64,
    until: i64,
}

impl Window {
    fn of(certificate: &X509Certificate<'_>) -> Self {
        let validity = certificate.validity();
        Window { from: validity.not_before.timestamp(), until: validity.not_after.timestamp() }
    }
}

/// A trust anchor: an authority's own certificate, in DER.
pub(crate) struct Anchor {
    der: Vec<u8>,
}

impl Anchor {
    pub(crate) fn read_all(file: &str, pem: &[u8]) -> Result<Vec<Self>, StoreFault> {
        let mut anchors = Vec::new();
        for (number, der) in (1..).zip(certificates(file, pem)?) {
            if let Err(why) = fit_to_issue(&parsed(file, number, &der)?, usize::MAX) {
                return Err(StoreFault::AnchorUnfit { file: file.to_owned(), number, why });
            }
            anchors.push(Anchor { der });
        }
        Ok(anchors)
    }
}

/// What calls are checked against.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    /// The uncompressed point on P-256, or why the signer's certificate is no use.
    key: Result<Vec<u8>, Failure>,
    authority: Option<Authority>,
    /// The signer's first; up to the anchor.
    windows: Vec<Window>,
}

impl Chain {
    /// From the signer's certificate and those above it, in any order after the first.
    pub(crate) fn read(file: &str, pem: &[u8], anchors: &[Anchor]) -> Result<Self, StoreFault> {
        let ders = certificates(file, pem)?;
        let mut read = Vec::new();
        for (number, der) in (1..).zip(&ders) {
            read.push(parsed(file, number, der)?);
        }
        let Some((leaf, above)) = read.split_first() else {
            return Err(StoreFault::NoCertificate { file: file.to_owned() });
        };
        // They were read once already.
        let anchors: Vec<_> = anchors.iter().filter_map(|anchor| certificate(&anchor.der)).collect();
        let path = path(leaf, above, &anchors);
        let key = match &path {
            None => Err(Failure::CertificateNotTrusted),
            Some(_) if !fit_to_sign(leaf) => Err(Failure::CertificateUnfit),
            Some(_) => Ok(leaf.public_key().subject_public_key.data.to_vec()),
        };
        let authority = leaf
            .iter_extensions()
            .find(|extension| extension.oid.to_id_string() == authority::OID)
            .and_then(|extension| Authority::read(extension.value));
        Ok(Chain { key, authority, windows: path.unwrap_or_default() })
    }

    /// Whether it may serve at this time.
    pub(crate) fn standing(&self, now: WallTime) -> Result<&[u8], Failure> {
        let key = self.key.as_ref().map_err(|failure| *failure)?;
        let now = i64::try_from(now.as_unix_micros() / 1_000_000).unwrap_or(i64::MAX);
        if self.windows.iter().any(|window| now > window.until) {
            return Err(Failure::CertificateExpired);
        }
        if self.windows.iter().any(|window| now < window.from) {
            return Err(Failure::CertificateNotYetValid);
        }
        Ok(key)
    }

    /// For whom it may sign; none if it does not say, or not readably.
    pub(crate) fn authority(&self) -> Option<&Authority> {
        self.authority.as_ref()
    }
}

/// The way from the signer's certificate to an anchor: each certificate's window. Signatures are checked; dates are not.
fn path(
    leaf: &X509Certificate<'_>,
    above: &[X509Certificate<'_>],
    anchors: &[X509Certificate<'_>],
) -> Option<Vec<Window>> {
    let mut current = leaf;
    let mut windows = vec![Window::of(leaf)];
    while windows.len() < CHAIN_CERTIFICATES_MAX {
        // RFC 5280 §4.2.1.9: how many authorities stand between this one and the signer.
        let below = windows.len() - 1;
        let issues = |issuer: &&X509Certificate<'_>| {
            issuer.subject().as_raw() == current.issuer().as_raw()
                && fit_to_issue(issuer, below).is_ok()
                && signed_by(current, issuer)
        };
        if let Some(anchor) = anchors.iter().find(issues) {
            windows.push(Window::of(anchor));
            return Some(windows);
        }
        current = above.iter().find(issues)?;
        windows.push(Window::of(current));
    }
    None
}

/// Whether it may stand above others, with so many authorities below it; `usize::MAX` asks nothing about that.
fn fit_to_issue(certificate: &X509Certificate<'_>, below: usize) -> Result<(), Unfit> {
    if !critical_extensions_are_known(certificate) {
        return Err(Unfit::CriticalExtension);
    }
    if curve(certificate.public_key()).is_none() {
        return Err(Unfit::Key);
    }
    let constraints = certificate.basic_constraints().ok().flatten().ok_or(Unfit::NotAnAuthority)?.value;
    let allowed =
        constraints.path_len_constraint.is_none_or(|most| below == usize::MAX || below <= most as usize);
    if !constraints.ca || !allowed {
        return Err(Unfit::NotAnAuthority);
    }
    match certificate.key_usage() {
        Ok(usage) if usage.as_ref().is_none_or(|usage| usage.value.key_cert_sign()) => Ok(()),
        _ => Err(Unfit::KeyUsage),
    }
}

/// Whether it may sign calls (RFC 8226 §4, RFC 8225 §6): its own key on P-256, not an authority's.
/// One that is constrained to certain claims is refused, since nobody here compares them.
fn fit_to_sign(leaf: &X509Certificate<'_>) -> bool {
    let constraints = leaf.basic_constraints();
    let plain =
        constraints.is_ok_and(|constraints| constraints.is_none_or(|constraints| !constraints.value.ca));
    let usage = leaf.key_usage();
    let may_sign = usage.is_ok_and(|usage| usage.is_none_or(|usage| usage.value.digital_signature()));
    let constrained =
        leaf.iter_extensions().any(|extension| CLAIM_CONSTRAINTS.contains(&&*extension.oid.to_id_string()));
    plain
        && may_sign
        && !constrained
        && curve(leaf.public_key()) == Some(Curve::P256)
        && critical_extensions_are_known(leaf)
}

fn critical_extensions_are_known(certificate: &X509Certificate<'_>) -> bool {
    certificate.iter_extensions().filter(|extension| extension.critical).all(|extension| {
        let known = matches!(
            extension.parsed_extension(),
            ParsedExtension::BasicConstraints(_)
                | ParsedExtension::KeyUsage(_)
                | ParsedExtension::ExtendedKeyUsage(_)
                | ParsedExtension::CertificatePolicies(_)
                | ParsedExtension::SubjectAlternativeName(_)
        );
        known || extension.oid.to_id_string() == authority::OID
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Curve {
    P256,
    P384,
}

fn curve(key: &SubjectPublicKeyInfo<'_>) -> Option<Curve> {
    let named = key.algorithm.parameters.as_ref()?.as_oid().ok()?;
    if named == OID_EC_P256 {
        Some(Curve::P256)
    } else if named == OID_NIST_EC_P384 {
        Some(Curve::P384)
    } else {
        None
    }
}

fn signed_by(certificate: &X509Certificate<'_>, issuer: &X509Certificate<'_>) -> bool {
    let named = &certificate.signature_algorithm.algorithm;
    let sha256 = *named == OID_SIG_ECDSA_WITH_SHA256;
    let known = sha256 || *named == OID_SIG_ECDSA_WITH_SHA384;
    if !known || certificate.tbs_certificate.signature.algorithm != *named {
        return false;
    }
    let algorithm: &'static dyn VerificationAlgorithm = match (curve(issuer.public_key()), sha256) {
        (Some(Curve::P256), true) => &signature::ECDSA_P256_SHA256_ASN1,
        (Some(Curve::P256), false) => &signature::ECDSA_P256_SHA384_ASN1,
        (Some(Curve::P384), true) => &signature::ECDSA_P384_SHA256_ASN1,
        (Some(Curve::P384), false) => &signature::ECDSA_P384_SHA384_ASN1,
        (None, _) => return false,
    };
    let key = UnparsedPublicKey::new(algorithm, &issuer.public_key().subject_public_key.data);
    key.verify(certificate.tbs_certificate.as_ref(), &certificate.signature_value.data).is_ok()
}

/// The DER of each certificate of a PEM file.
fn certificates(file: &str, pem: &[u8]) -> Result<Vec<Vec<u8>>, StoreFault> {
    let mut ders = Vec::new();
    for block in Pem::iter_from_buffer(pem) {
        let number = ders.len() + 1;
        let block = block.map_err(|_| StoreFault::Unreadable { file: file.to_owned(), number })?;
        if block.label == "CERTIFICATE" {
            ders.push(block.contents);
        }
    }
    if ders.is_empty() {
        return Err(StoreFault::NoCertificate { file: file.to_owned() });
    }
    Ok(ders)
}

fn parsed<'a>(file: &str, number: usize, der: &'a [u8]) -> Result<X509Certificate<'a>, StoreFault> {
    certificate(der).ok_or_else(|| StoreFault::Unreadable { file: file.to_owned(), number })
}

fn certificate(der: &[u8]) -> Option<X509Certificate<'_>> {
    let (rest, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    rest.is_empty().then_some(certificate)
}
