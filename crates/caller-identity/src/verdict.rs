//! What is known of a caller in the end.

/// How far the carrier that signed vouches for the caller (RFC 8588 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attestation {
    /// `A`: it knows the customer, and that the number is the customer's.
    Full,
    /// `B`: it knows the customer, but not whether the number is the customer's.
    Partial,
    /// `C`: it took the call from elsewhere.
    Gateway,
}

impl Attestation {
    pub(crate) fn from_claim(claim: &str) -> Option<Self> {
        Some(match claim {
            "A" => Attestation::Full,
            "B" => Attestation::Partial,
            "C" => Attestation::Gateway,
            _ => return None,
        })
    }

    /// The letter of the claim.
    pub const fn as_str(self) -> &'static str {
        match self {
            Attestation::Full => "A",
            Attestation::Partial => "B",
            Attestation::Gateway => "C",
        }
    }
}

/// What verifying came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Somebody with the right to sign for this number signed this call, just now.
    Verified {
        /// How far the signer vouches; a token without the `shaken` extension does not say.
        attestation: Option<Attestation>,
        /// The signer's own mark for where the call entered (RFC 8588 §5): visible ASCII.
        origid: Option<String>,
    },
    /// The call brought no `Identity`.
    NoIdentity,
    /// It brought one that does not hold.
    Failed(Failure),
}

impl Verdict {
    /// A word for records; it stays as it is from version to version.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Verdict::Verified { attestation: Some(Attestation::Full), .. } => "verified-a",
            Verdict::Verified { attestation: Some(Attestation::Partial), .. } => "verified-b",
            Verdict::Verified { attestation: Some(Attestation::Gateway), .. } => "verified-c",
            Verdict::Verified { attestation: None, .. } => "verified",
            Verdict::NoIdentity => "no-identity",
            Verdict::Failed(failure) => failure.as_str(),
        }
    }

    /// With which status and reason to refuse the call, for whoever refuses calls for this (RFC 8224 §6.2.2); none for a
    /// verified one.
    pub const fn status(&self) -> Option<(u16, &'static str)> {
        match self {
            Verdict::Verified { .. } => None,
            Verdict::NoIdentity => Some((428, "Use Identity Header")),
            Verdict::Failed(failure) => Some(failure.status()),
        }
    }
}

/// Whose fault a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Culprit {
    /// Who signed, or who pretends to have.
    Signer,
    /// Who carried the call and changed or delayed it; or a caller who plays an old token again.
    Path,
    /// This side's store lacks something.
    Store,
}

/// Why an identity does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The header is not of the grammar (RFC 8224 §4), or longer than
    /// [`IDENTITY_BYTES_MAX`](crate::IDENTITY_BYTES_MAX).
    #[error("the Identity header cannot be read")]
    HeaderMalformed,
    /// The token is no base64url, no JSON within the bounds, or lacks a claim (RFC 8225 §4, §5; RFC 8588).
    #[error("the signed token cannot be read")]
    TokenMalformed,
    /// Signed by something other than ES256, or with a critical parameter that is not known (RFC 8225 §4).
    #[error("the token is signed in a way that is not supported")]
    AlgorithmUnsupported,
    /// An extension other than `shaken`: such a header counts as absent (RFC 8224 §6.2).
    #[error("the token has an extension that is not supported")]
    ExtensionUnsupported,
    /// Header and token do not name the same certificate, extension or algorithm.
    #[error("the header contradicts its token")]
    HeaderContradictsToken,
    /// A `shaken` token in the compact form, which cannot carry its claims (RFC 8588 §7).
    #[error("a SHAKEN token came without its claims")]
    ClaimsMissing,
    /// A compact token, and no `Date` to write its claims from (RFC 8225 §7).
    #[error("the token has no claims, and the call no date")]
    DateMissing,
    /// Signed too long ago (RFC 8224 §6.2, step 4): delayed, or played again.
    #[error("the token is too old")]
    Stale,
    /// Signed in the future: one of the two clocks is wrong.
    #[error("the token is from the future")]
    FromTheFuture,
    /// Signed for a call from another number.
    #[error("the token is for another caller")]
    OriginMismatch,
    /// Signed for a call to another number: retargeted without saying so, or cut out of another call.
    #[error("the token is for another called party")]
    DestinationMismatch,
    /// No certificate of the store has the URL that the token names.
    #[error("the certificate is not in the store")]
    CertificateUnknown,
    /// The certificate leads to none of the trust anchors.
    #[error("the certificate leads to no trust anchor")]
    CertificateNotTrusted,
    /// The certificate cannot sign tokens: an authority's, a wrong key, a wrong use, an unknown critical
    /// extension, or constraints on claims, which are not checked here (RFC 8226 §8).
    #[error("the certificate is not fit to sign calls")]
    CertificateUnfit,
    /// The certificate or one above it has expired.
    #[error("the certificate has expired")]
    CertificateExpired,
    /// The certificate or one above it is not valid yet.
    #[error("the certificate is not valid yet")]
    CertificateNotYetValid,
    /// The certificate does not say for whom it may sign (RFC 8226 §9), or not readably.
    #[error("the certificate names no numbers and no carrier")]
    AuthorityMissing,
    /// The certificate may sign for other numbers only.
    #[error("the certificate is for other numbers")]
    NumberNotCovered,
    /// The signature is not that of the certificate over these bytes.
    #[error("the signature does not hold")]
    SignatureWrong,
}

impl Failure {
    /// A word for records; it stays as it is from version to version.
    pub const fn as_str(self) -> &'static str {
        match self {
            Failure::HeaderMalformed => "identity-header-malformed",
            Failure::TokenMalformed => "identity-token-malformed",
            Failure::AlgorithmUnsupported => "identity-algorithm-unsupported",
            Failure::ExtensionUnsupported => "identity-extension-unsupported",
            Failure::HeaderContradictsToken => "identity-header-contradicts-token",
            Failure::ClaimsMissing => "identity-claims-missing",
            Failure::DateMissing => "identity-date-missing",
            Failure::Stale => "identity-stale",
            Failure::FromTheFuture => "identity-from-the-future",
            Failure::OriginMismatch => "identity-origin-mismatch",
            Failure::DestinationMismatch => "identity-destination-mismatch",
            Failure::CertificateUnknown => "identity-certificate-unknown",
            Failure::CertificateNotTrusted => "identity-certificate-not-trusted",
            Failure::CertificateUnfit => "identity-certificate-unfit",
            Failure::CertificateExpired => "identity-certificate-expired",
            Failure::CertificateNotYetValid => "identity-certificate-not-yet-valid",
            Failure::AuthorityMissing => "identity-authority-missing",
            Failure::NumberNotCovered => "identity-number-not-covered",
            Failure::SignatureWrong => "identity-signature-wrong",
        }
    }

    /// The status and reason that RFC 8224 §6.2.2 has for it.
    pub const fn status(self) -> (u16, &'static str) {
        match self {
            Failure::ExtensionUnsupported => (428, "Use Identity Header"),
            Failure::Stale | Failure::FromTheFuture => (403, "Stale Date"),
            Failure::CertificateUnknown => (436, "Bad Identity Info"),
            Failure::CertificateNotTrusted
            | Failure::CertificateUnfit
            | Failure::CertificateExpired
            | Failure::CertificateNotYetValid
            | Failure::AuthorityMissing
            | Failure::NumberNotCovered => (437, "Unsupported Credential"),
            Failure::HeaderMalformed
            | Failure::TokenMalformed
            | Failure::AlgorithmUnsupported
            | Failure::HeaderContradictsToken
            | Failure::ClaimsMissing
            | Failure::DateMissing
            | Failure::OriginMismatch
            | Failure::DestinationMismatch
            | Failure::SignatureWrong => (438, "Invalid Identity Header"),
        }
    }

    /// Whose fault it is, as far as can be told from here.
    pub const fn culprit(self) -> Culprit {
        match self {
            Failure::CertificateUnknown | Failure::CertificateNotTrusted | Failure::ExtensionUnsupported => {
                Culprit::Store
            }
            Failure::Stale
            | Failure::OriginMismatch
            | Failure::DestinationMismatch
            | Failure::DateMissing
            | Failure::SignatureWrong => Culprit::Path,
            Failure::HeaderMalformed
            | Failure::TokenMalformed
            | Failure::AlgorithmUnsupported
            | Failure::HeaderContradictsToken
            | Failure::ClaimsMissing
            | Failure::FromTheFuture
            | Failure::CertificateUnfit
            | Failure::CertificateExpired
            | Failure::CertificateNotYetValid
            | Failure::AuthorityMissing
            | Failure::NumberNotCovered => Culprit::Signer,
        }
    }
}
