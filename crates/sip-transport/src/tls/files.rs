//! Certificates out of PEM files.

use super::faults::{PemPart, TlsFault};
use super::names;
use super::settings::PemFiles;
use frontdesk_identifiers::WallTime;
use rustls::RootCertStore;
use rustls::pki_types::pem::{Error, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::{Path, PathBuf};
use x509_parser::prelude::{FromDer, X509Certificate};

/// What this side uses a certificate for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateUse {
    /// Shown to whoever connects.
    Server,
    /// Shown to servers that ask for one.
    Client,
}

/// One certificate of this side, for those who watch over it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateStatus {
    /// What it is for.
    pub used_as: CertificateUse,
    /// Where it came from.
    pub file: PathBuf,
    /// The names that it proves (RFC 5922 §7.1), lower case.
    pub names: Vec<String>,
    /// From when it is valid.
    pub not_before: WallTime,
    /// Until when it is valid.
    pub not_after: WallTime,
    /// Why a renewal of it was not taken, and this one kept.
    pub renewal_fault: Option<TlsFault>,
}

/// A certificate with its chain, and its key.
pub(super) type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

pub(super) fn identity(files: &PemFiles) -> Result<Identity, TlsFault> {
    let chain = certificates(&files.certificate, PemPart::Certificate)?;
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|error| fault(&error, PemPart::Key, &files.key))?;
    Ok((chain, key))
}

pub(super) fn authorities(file: &Path) -> Result<RootCertStore, TlsFault> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file, PemPart::Authorities)? {
        roots
            .add(certificate)
            .map_err(|_| TlsFault::Damaged { part: PemPart::Authorities, file: file.to_owned() })?;
    }
    Ok(roots)
}

/// What is to be said of a certificate; none if it cannot be read.
pub(super) fn status(
    used_as: CertificateUse,
    file: &Path,
    certificate: &[u8],
) -> Result<CertificateStatus, TlsFault> {
    let (_, parsed) = X509Certificate::from_der(certificate)
        .map_err(|_| TlsFault::Damaged { part: PemPart::Certificate, file: file.to_owned() })?;
    let wall = |seconds: i64| {
        WallTime::from_unix_micros(u64::try_from(seconds).unwrap_or_default().saturating_mul(1_000_000))
    };
    Ok(CertificateStatus {
        used_as,
        file: file.to_owned(),
        names: names::proved(certificate),
        not_before: wall(parsed.validity().not_before.timestamp()),
        not_after: wall(parsed.validity().not_after.timestamp()),
        renewal_fault: None,
    })
}

fn certificates(file: &Path, part: PemPart) -> Result<Vec<CertificateDer<'static>>, TlsFault> {
    let all: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(file).map_err(|error| fault(&error, part, file))?.collect();
    let all = all.map_err(|error| fault(&error, part, file))?;
    if all.is_empty() { Err(TlsFault::Missing { part, file: file.to_owned() }) } else { Ok(all) }
}

fn fault(error: &Error, part: PemPart, file: &Path) -> TlsFault {
    let file = file.to_owned();
    match error {
        Error::Io(error) => TlsFault::Unreadable { part, file, kind: error.kind() },
        Error::NoItemsFound => TlsFault::Missing { part, file },
        _ => TlsFault::Damaged { part, file },
    }
}
