//! Whether a caller is who the call says: signed identities (STIR, RFC 8224, 8225, 8226; SHAKEN, RFC 8588), verified
//! against a configured store of certificates.
//!
//! **The way of a header.** [`Verifier::verify`] takes the [`Claimed`] facts of one call and the time. Each value of its
//! `Identity` headers goes through `identity_header` (the grammar: token, `info`, `alg`, `ppt`), `passport` (base64url,
//! JSON within bounds, the claims), then through the checks in the order of their price: freshness, numbers
//! (`party`), the certificate that `x5u` names ([`Store`]), its dates and what numbers it may sign (`authority`), and
//! last the signature over the bytes as they came. What comes out is a [`Verdict`], with a word for the record and the
//! status that RFC 8224 §6.2.2 has for it; whether a call is refused for it is not decided here.
//!
//! **Two forms.** The full form carries its claims. The compact form (`..signature`) does not: they are written anew
//! from the call's numbers and its `Date` (RFC 8225 §7) and stand or fall with the signature. A `shaken` token needs the
//! full form, because attestation and origination cannot be guessed (RFC 8588 §7).
//!
//! **The store.** Trust anchors, and certificates by the URL that tokens name ([`Index`]). All of it is read and its
//! signatures are checked once, in [`Store::read`]; at a call only the dates are looked at. A chain that leads to no
//! anchor does not stop the rest: [`Verifier::doubts`] names it, and its callers are
//! [`Failure::CertificateNotTrusted`].
//!
//! **What it never does.** No clock, no file, no socket: nothing is ever fetched, and a certificate that is not in the
//! store is [`Failure::CertificateUnknown`]. No memory for calls: the same token within its freshness, with the same
//! numbers, is verified again. No panic on what the outside says; no work beyond the bounds below; nothing of RSA.
//!
//! | RFC | what | done | held by |
//! |---|---|---|---|
//! | 8224 §4 | grammar of `Identity`, both forms | yes | `grammar`, `any_text` |
//! | 8224 §6.2 | verifying, the first sound header of several | yes | `verdicts` |
//! | 8224 §6.2.2 | 403, 428, 436, 437, 438 as hints | yes | `certificates::every_failure_has_its_own_word` |
//! | 8224 §8.3 | canonical telephone numbers | yes; a country is not guessed: whoever knows the plan gives E.164 | `verdicts` |
//! | 8225 | PASSporT, ES256 | yes; `mky` is not looked at | `verdicts` |
//! | 8226 | certificates, TNAuthList by value | yes; by reference no, revocation no; claim constraints (§8, RFC 9118) are not checked, so who has them is refused | `certificates` |
//! | 8588 | `attest`, `origid` | yes | `verdicts` |
//! | 8946, 9795 | `div`, `rcd` | no: passed over like every unknown extension | `verdicts` |

mod authority;
mod chain;
mod date;
mod identity_header;
mod index;
mod party;
mod passport;
mod store;
mod verdict;
mod verifier;

pub use index::{Index, Listing};
pub use store::{Store, StoreFault, Unfit};
pub use verdict::{Attestation, Culprit, Failure, Verdict};
pub use verifier::{Claimed, Policy, Verifier};

/// The longest `Identity` value that is read, in bytes; a SHAKEN one has about 700.
pub const IDENTITY_BYTES_MAX: usize = 8 * 1024;

/// The most `Identity` values of one call that are looked at; the rest are passed over.
pub const IDENTITIES_MAX: usize = 4;

/// How deep the JSON of a token may be nested; a sound one is 3 deep.
pub const JSON_DEPTH_MAX: usize = 8;

/// The most certificates from a signer's to an anchor, both included.
pub const CHAIN_CERTIFICATES_MAX: usize = 5;
