//! Authorities, certificates and tokens, made for a test.

#![allow(dead_code, reason = "each test file takes what it needs")]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use frontdesk_caller_identity::{Claimed, Listing, Policy, Store, Verdict, Verifier};
use frontdesk_identifiers::WallTime;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, date_time_ymd,
};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};

pub const URL: &str = "https://certificates.carrier.example/2026.pem";
pub const CALLER: &str = "+12155551212";
pub const CALLED: &str = "+12155551213";
pub const ORIGID: &str = "123e4567-e89b-12d3-a456-426655440000";
/// 2026-11-20 12:00:00, in seconds.
pub const NOON: u64 = 1_795_176_000;
pub const NOON_DATE: &str = "Fri, 20 Nov 2026 12:00:00 GMT";

/// A TNAuthList with the carrier code 709J.
pub const CARRIER: &[u8] = b"\x30\x08\xa0\x06\x16\x04709J";
/// A TNAuthList with the numbers 12155551200 to 12155551219.
pub const TWENTY_NUMBERS: &[u8] = b"\x30\x14\xa1\x12\x30\x10\x16\x0b12155551200\x02\x01\x14";

pub fn noon() -> WallTime {
    WallTime::from_unix_micros(NOON * 1_000_000)
}

/// An authority: its certificate and what signs others.
pub struct Authority {
    pub pem: String,
    pub issuer: Issuer<'static, KeyPair>,
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2027, 1, 1);
    params
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

pub fn root(name: &str) -> Authority {
    root_with(name, |_| ())
}

pub fn root_with(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Authority {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
    let mut params = authority_params(name);
    change(&mut params);
    let pem = params.self_signed(&key).expect("a certificate").pem();
    Authority { pem, issuer: Issuer::new(params, key) }
}

pub fn beneath(above: &Authority, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Authority {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
    let mut params = authority_params(name);
    change(&mut params);
    let pem = params.signed_by(&key, &above.issuer).expect("a certificate").pem();
    Authority { pem, issuer: Issuer::new(params, key) }
}

/// Who signs calls.
pub struct Signer {
    pub pem: String,
    key: Vec<u8>,
}

pub fn signer(above: &Authority, list: &[u8]) -> Signer {
    signer_with(above, |params| params.custom_extensions.push(numbers(list)))
}

pub fn signer_with(above: &Authority, change: impl FnOnce(&mut CertificateParams)) -> Signer {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
    let mut params = params("SHAKEN 709J");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    change(&mut params);
    let pem = params.signed_by(&key, &above.issuer).expect("a certificate").pem();
    Signer { pem, key: key.serialize_der() }
}

/// The extension for whom a certificate may sign.
pub fn numbers(list: &[u8]) -> CustomExtension {
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 26], list.to_vec())
}

impl Signer {
    /// base64url of the signature over these bytes.
    pub fn signature(&self, signed: &str) -> String {
        let chance = SystemRandom::new();
        let key =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &self.key, &chance).expect("a key");
        URL_SAFE_NO_PAD.encode(key.sign(&chance, signed.as_bytes()).expect("a signature"))
    }

    /// `header.payload.signature`.
    pub fn token(&self, header: &str, payload: &str) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        format!("{signed}.{}", self.signature(&signed))
    }

    /// An Identity value for such a token.
    pub fn identity(&self, header: &str, payload: &str) -> String {
        format!("{};info=<{URL}>;alg=ES256;ppt=shaken", self.token(header, payload))
    }

    /// The sound one: from [`CALLER`] to [`CALLED`] at noon, attestation A.
    pub fn sound(&self) -> String {
        self.identity(&header(), &payload())
    }
}

pub fn header() -> String {
    format!(r#"{{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"{URL}"}}"#)
}

pub fn payload() -> String {
    format!(
        r#"{{"attest":"A","dest":{{"tn":["12155551213"]}},"iat":{NOON},"orig":{{"tn":"12155551212"}},"origid":"{ORIGID}"}}"#
    )
}

/// A store with one listed file.
pub fn verifier(anchors: &[&Authority], file: &str) -> Verifier {
    Verifier::new(store(anchors, file), Policy::default())
}

pub fn store(anchors: &[&Authority], file: &str) -> Store {
    let listing = Listing { url: URL.to_owned(), file: "2026.pem".to_owned() };
    let anchors = anchors.iter().map(|anchor| ("anchors.pem", anchor.pem.as_bytes()));
    Store::read(anchors, [(&listing, file.as_bytes())]).expect("a store")
}

/// The verdict for a call from [`CALLER`] to [`CALLED`] at noon.
pub fn at_noon(verifier: &Verifier, identity: &str) -> Verdict {
    verifier.verify(claimed(&[identity]), noon())
}

pub fn claimed<'a>(identities: &'a [&'a str]) -> Claimed<'a> {
    Claimed { identities, from: CALLER, to: &[CALLED], date: Some(NOON_DATE) }
}
