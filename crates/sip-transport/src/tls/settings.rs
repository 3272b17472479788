//! Whose certificates TLS uses, and whose it believes.

use std::path::PathBuf;
use std::time::Duration;

/// How TLS is spoken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSettings {
    /// Shown to whoever connects; without it nothing can be listened on with TLS.
    pub identity: Option<PemFiles>,
    /// Shown to servers that ask for a certificate; none shows none.
    pub client_identity: Option<PemFiles>,
    /// A PEM file of the authorities that certify clients. With it clients are asked for a certificate, and may have none;
    /// without it they are not asked.
    pub client_authorities: Option<PathBuf>,
    /// A PEM file of the authorities that certify servers; none takes those that browsers take.
    pub server_authorities: Option<PathBuf>,
    /// How often it is looked whether a file has changed.
    pub look_every: Duration,
}

impl Default for TlsSettings {
    fn default() -> Self {
        TlsSettings {
            identity: None,
            client_identity: None,
            client_authorities: None,
            server_authorities: None,
            look_every: Duration::from_secs(60),
        }
    }
}

/// A certificate and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PemFiles {
    /// The certificate, and behind it the chain to its authority.
    pub certificate: PathBuf,
    /// The private key, not encrypted.
    pub key: PathBuf,
}
