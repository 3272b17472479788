//! `[tls]`: who this side is, and whom it believes.

use super::fault::{Faults, Problem};
use super::section::Section;
use frontdesk_sip_transport::ListenAddress;
use std::path::{Path, PathBuf};

/// `[tls]`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsSettings {
    /// The certificate chain that this side shows to whoever connects, PEM, its own first; and its key.
    pub server: Option<(PathBuf, PathBuf)>,
    /// The authorities whose certificates of clients are believed, PEM. A client without a certificate is served all the
    /// same: it proves itself by password or address.
    pub client_ca: Option<PathBuf>,
    /// The certificate that this side shows where it connects, and its key; the server's if there is one.
    pub own: Option<(PathBuf, PathBuf)>,
    /// Authorities that are believed instead of the public ones where this side connects, PEM.
    pub ca: Option<PathBuf>,
    /// The line of each key, for what is wrong with the files.
    pub(crate) line: usize,
}

pub(super) fn read(
    mut tls: Section<'_, '_>,
    folder: &Path,
    listen: &[ListenAddress],
    faults: &Faults<'_>,
) -> TlsSettings {
    let server = pair(&mut tls, "certificate", "key", folder);
    let own = pair(&mut tls, "own_certificate", "own_key", folder);
    let client_ca = tls.path("client_ca", folder);
    let ca = tls.path("ca", folder);
    let line = tls.line();
    tls.finish();
    if server.is_none()
        && let Some(address) = listen.iter().find(|address| address.transport.is_secure())
    {
        faults.push(None, Problem::NoCertificate { address: *address });
    }
    TlsSettings { own: own.or_else(|| server.clone()), server, client_ca, ca, line }
}

fn pair(
    tls: &mut Section<'_, '_>,
    certificate: &'static str,
    key: &'static str,
    folder: &Path,
) -> Option<(PathBuf, PathBuf)> {
    match (tls.path(certificate, folder), tls.path(key, folder)) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        (Some(_), None) => {
            tls.need(key);
            None
        }
        (None, Some(_)) => {
            tls.need(certificate);
            None
        }
    }
}
