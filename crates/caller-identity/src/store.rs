//! The certificates that callers' signatures are checked against.

use std::collections::BTreeMap;

use crate::chain::{Anchor, Chain};
use crate::index::Listing;

/// Why a store cannot be read: the operator's to mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreFault {
    /// A line of the index is not `URL FILE`.
    #[error("line {line} of the index is not a URL and the name of a file beside it")]
    IndexLine {
        /// Counted from 1.
        line: usize,
    },
    /// Two lines of the index have the same URL.
    #[error("{url} is listed twice")]
    ListedTwice {
        /// Which.
        url: String,
    },
    /// No `CERTIFICATE` in PEM.
    #[error("{file} holds no certificate in PEM")]
    NoCertificate {
        /// Which file.
        file: String,
    },
    /// PEM that is cut short, or a certificate that is none.
    #[error("certificate {number} in {file} cannot be read")]
    Unreadable {
        /// Which file.
        file: String,
        /// Counted from 1.
        number: usize,
    },
    /// A trust anchor that cannot be one.
    #[error("certificate {number} in {file} cannot be a trust anchor: {why}")]
    AnchorUnfit {
        /// Which file.
        file: String,
        /// Counted from 1.
        number: usize,
        /// Why not.
        why: Unfit,
    },
}

/// Why a certificate cannot stand above others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// Its basic constraints do not make it an authority (RFC 5280 §4.2.1.9).
    #[error("it is not an authority's")]
    NotAnAuthority,
    /// Its key may not sign certificates (RFC 5280 §4.2.1.3).
    #[error("its key may not sign certificates")]
    KeyUsage,
    /// A key that is not on P-256 or P-384.
    #[error("its key is not an elliptic curve's, P-256 or P-384")]
    Key,
    /// An extension that must be understood and is not (RFC 5280 §4.2).
    #[error("it has a critical extension that is not known")]
    CriticalExtension,
}

/// Trust anchors, and certificates by the URL that tokens name. Read once; a reload makes a new one.
#[derive(Debug, Clone, Default)]
pub struct Store {
    chains: BTreeMap<String, Chain>,
    anchors: usize,
}

impl Store {
    /// Reads the trust anchors (file name and PEM of each file) and the certificates (listing and PEM of each), and checks
    /// each chain's signatures. A chain that leads to no anchor is kept: see
    /// [`Verifier::doubts`](crate::Verifier::doubts).
    ///
    /// # Errors
    /// See [`StoreFault`].
    pub fn read<'a>(
        anchors: impl IntoIterator<Item = (&'a str, &'a [u8])>,
        certificates: impl IntoIterator<Item = (&'a Listing, &'a [u8])>,
    ) -> Result<Self, StoreFault> {
        let mut trusted = Vec::new();
        for (file, pem) in anchors {
            trusted.extend(Anchor::read_all(file, pem)?);
        }
        let mut chains = BTreeMap::new();
        for (listing, pem) in certificates {
            let chain = Chain::read(&listing.file, pem, &trusted)?;
            if chains.insert(listing.url.clone(), chain).is_some() {
                return Err(StoreFault::ListedTwice { url: listing.url.clone() });
            }
        }
        Ok(Store { chains, anchors: trusted.len() })
    }

    /// How many trust anchors there are. Without one nobody can be verified.
    pub fn anchors(&self) -> usize {
        self.anchors
    }

    /// How many certificates are listed.
    pub fn certificates(&self) -> usize {
        self.chains.len()
    }

    pub(crate) fn chains(&self) -> impl Iterator<Item = (&str, &Chain)> {
        self.chains.iter().map(|(url, chain)| (url.as_str(), chain))
    }

    pub(crate) fn chain(&self, url: &str) -> Option<&Chain> {
        self.chains.get(url)
    }
}
