//! From the facts of a call to a verdict (RFC 8224 §6.2).

use frontdesk_identifiers::WallTime;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use std::time::Duration;

use crate::chain::Chain;
use crate::identity_header::{FullToken, IdentityHeader, Token};
use crate::party::Party;
use crate::passport::{self, Claims, Jose};
use crate::store::Store;
use crate::verdict::{Failure, Verdict};
use crate::{IDENTITIES_MAX, date};

/// What a call says of itself. All of it is hostile.
///
/// Parties are written as a number (`+12155551212`), a `tel:` URI or a SIP URI. Where a trunk sends national numbers,
/// whoever knows its plan gives the E.164 form.
#[derive(Debug, Clone, Copy, Default)]
pub struct Claimed<'a> {
    /// The values of its `Identity` headers.
    pub identities: &'a [&'a str],
    /// Who calls, as it will be shown: of P-Asserted-Identity where that is believed, else of From. Just one: a caller
    /// who is verified by one number and shown by another would not be verified.
    pub from: &'a str,
    /// Who is called: of To, and what this side knows itself to be called by.
    pub to: &'a [&'a str],
    /// The `Date` header.
    pub date: Option<&'a str>,
}

/// What is asked of an identity beyond the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How far the time of signing may lie from now, either way (RFC 8224 §6.2 suggests 60 s).
    pub freshness: Duration,
    /// Whether a certificate must say for whom it may sign (RFC 8226). Only where all certificates are this house's own
    /// may this be given up.
    pub authority_required: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Policy { freshness: Duration::from_secs(60), authority_required: true }
    }
}

/// Verifies callers; keeps nothing of them.
#[derive(Debug, Clone, Default)]
pub struct Verifier {
    store: Store,
    policy: Policy,
}

impl Verifier {
    /// With these certificates.
    pub fn new(store: Store, policy: Policy) -> Self {
        Verifier { store, policy }
    }

    /// The certificates.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The URLs whose certificates would fail every call now, and why.
    pub fn doubts(&self, now: WallTime) -> Vec<(&str, Failure)> {
        let doubt = |chain: &Chain| match chain.standing(now) {
            Err(failure) => Some(failure),
            Ok(_) if chain.authority().is_none() && self.policy.authority_required => {
                Some(Failure::AuthorityMissing)
            }
            Ok(_) => None,
        };
        self.store.chains().filter_map(|(url, chain)| doubt(chain).map(|failure| (url, failure))).collect()
    }

    /// Verifies one call: the first of its identities that holds decides, one with an attestation before one without;
    /// if none holds, the first that could be understood says why.
    pub fn verify(&self, call: Claimed<'_>, now: WallTime) -> Verdict {
        let (mut plain, mut failed) = (None, None);
        for identity in call.identities.iter().take(IDENTITIES_MAX) {
            match self.verify_one(identity, call, now) {
                Ok(claims) if claims.attestation.is_some() => return verified(claims),
                Ok(claims) => plain = plain.or(Some(claims)),
                Err(failure) => {
                    failed = failed.filter(|first| *first != Failure::ExtensionUnsupported).or(Some(failure));
                }
            }
        }
        match (plain, failed) {
            (Some(claims), _) => verified(claims),
            (None, Some(failure)) => Verdict::Failed(failure),
            (None, None) => Verdict::NoIdentity,
        }
    }

    fn verify_one(&self, identity: &str, call: Claimed<'_>, now: WallTime) -> Result<Claims, Failure> {
        let header = IdentityHeader::read(identity)?;
        let from = Party::read(call.from).ok_or(Failure::OriginMismatch)?;
        match header.token {
            Token::Full(token) => self.verify_full(&header, token, &from, call.to, now),
            Token::Compact { signature } => self.verify_compact(&header, signature, from, call, now),
        }
    }

    fn verify_full(
        &self,
        header: &IdentityHeader<'_>,
        token: FullToken<'_>,
        from: &Party,
        to: &[&str],
        now: WallTime,
    ) -> Result<Claims, Failure> {
        let jose = Jose::read(token.header)?;
        let shaken = is_shaken(jose.ppt.as_deref())?;
        if jose.x5u != header.info || jose.ppt.as_deref() != header.ppt {
            return Err(Failure::HeaderContradictsToken);
        }
        let claims = Claims::read(token.payload, shaken)?;
        self.fresh(claims.iat, now)?;
        if claims.origin != *from {
            return Err(Failure::OriginMismatch);
        }
        let is_destination = |to: &str| Party::read(to).is_some_and(|to| claims.destinations.contains(&to));
        if !to.iter().any(|to| is_destination(to)) {
            return Err(Failure::DestinationMismatch);
        }
        let key = self.key(header.info, from, now)?;
        holds(key, token.signed, &passport::decode(token.signature)?)?;
        Ok(claims)
    }

    /// RFC 8225 §7: the claims are what the call itself says.
    fn verify_compact(
        &self,
        header: &IdentityHeader<'_>,
        signature: &str,
        from: Party,
        call: Claimed<'_>,
        now: WallTime,
    ) -> Result<Claims, Failure> {
        if is_shaken(header.ppt)? {
            return Err(Failure::ClaimsMissing);
        }
        let iat = call.date.and_then(date::read).ok_or(Failure::DateMissing)?;
        self.fresh(iat, now)?;
        let key = self.key(header.info, &from, now)?;
        let signature = passport::decode(signature)?;
        let mut failure = Failure::DestinationMismatch;
        for to in call.to.iter().filter_map(|to| Party::read(to)) {
            match holds(key, &passport::compact(header.info, &from, &to, iat), &signature) {
                Ok(()) => {
                    let destinations = vec![to];
                    return Ok(Claims { origin: from, destinations, iat, attestation: None, origid: None });
                }
                Err(wrong) => failure = wrong,
            }
        }
        Err(failure)
    }

    /// RFC 8224 §6.2, step 4: `iat` decides; `Date` only stands in for it where there is none.
    fn fresh(&self, iat: u64, now: WallTime) -> Result<(), Failure> {
        let (now, limit) = (now.as_unix_micros() / 1_000_000, self.policy.freshness.as_secs());
        if now.saturating_sub(iat) > limit {
            return Err(Failure::Stale);
        }
        if iat.saturating_sub(now) > limit {
            return Err(Failure::FromTheFuture);
        }
        Ok(())
    }

    /// RFC 8224 §6.2, steps 2 and 3: the certificate, and whether it may sign for this caller.
    fn key(&self, url: &str, from: &Party, now: WallTime) -> Result<&[u8], Failure> {
        let chain = self.store.chain(url).ok_or(Failure::CertificateUnknown)?;
        let key = chain.standing(now)?;
        match chain.authority() {
            Some(authority) if authority.covers(from) => Ok(key),
            Some(_) => Err(Failure::NumberNotCovered),
            None if self.policy.authority_required => Err(Failure::AuthorityMissing),
            None => Ok(key),
        }
    }
}

fn is_shaken(ppt: Option<&str>) -> Result<bool, Failure> {
    match ppt {
        None => Ok(false),
        Some("shaken") => Ok(true),
        Some(_) => Err(Failure::ExtensionUnsupported),
    }
}

/// RFC 8225 §6: ES256, over the bytes as they came.
fn holds(key: &[u8], signed: &str, signature: &[u8]) -> Result<(), Failure> {
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key)
        .verify(signed.as_bytes(), signature)
        .map_err(|_| Failure::SignatureWrong)
}

fn verified(claims: Claims) -> Verdict {
    Verdict::Verified { attestation: claims.attestation, origid: claims.origid }
}
