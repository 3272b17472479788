//! TLS 1.2 and 1.3 for both sides (RFC 3261 §26, RFC 5922), with certificates that may be renewed while calls stand.

pub(crate) mod faults;
pub(crate) mod files;
pub(crate) mod names;
pub(crate) mod settings;
mod verifiers;

use faults::{PemPart, TlsFault};
use files::{CertificateStatus, CertificateUse, Identity};
use frontdesk_identifiers::WallTime;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use rustls::server::VerifierBuilderError;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use settings::{PemFiles, TlsSettings};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};
use verifiers::{ClientVerifier, ServerVerifier};

/// For how many addresses a name may be expected. Beyond it another one is forgotten, whose server must prove its IP
/// address then, which none does: the connection fails rather than going to a stranger.
pub const EXPECTED_NAMES_MAX: usize = 4_096;

/// It is never looked more often whether a file has changed.
const LOOK_EVERY_MIN: Duration = Duration::from_millis(1);

/// What is used for new connections; those that stand keep what they began with.
pub(crate) struct Tls {
    loaded: RwLock<Loaded>,
    expected: Mutex<BTreeMap<SocketAddr, ServerName<'static>>>,
}

struct Loaded {
    settings: TlsSettings,
    server: Option<Arc<ServerConfig>>,
    client: Arc<ClientConfig>,
    certificates: Vec<CertificateStatus>,
    /// When the files were written that this was read from, or that were not taken.
    written: Vec<Option<SystemTime>>,
}

impl Tls {
    pub(crate) fn load(settings: TlsSettings) -> Result<Self, TlsFault> {
        let loaded = Loaded::read(settings)?;
        for expired in loaded.expired() {
            tracing::warn!(fault = %expired, "TLS goes on with it, and most others will not");
        }
        Ok(Tls { loaded: RwLock::new(loaded), expected: Mutex::default() })
    }

    /// For connections that come in; none without a certificate.
    pub(crate) fn server(&self) -> Option<Arc<ServerConfig>> {
        self.read(|loaded| loaded.server.clone())
    }

    /// For connections that go there, and the name that the other side must prove.
    pub(crate) fn client(&self, remote: SocketAddr) -> (Arc<ClientConfig>, ServerName<'static>) {
        let expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        let name = expected.get(&remote).cloned();
        (self.read(|loaded| loaded.client.clone()), name.unwrap_or_else(|| remote.ip().into()))
    }

    pub(crate) fn expect(&self, remote: SocketAddr, name: ServerName<'static>) {
        let mut expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        if expected.len() >= EXPECTED_NAMES_MAX && !expected.contains_key(&remote) {
            expected.pop_first();
        }
        expected.insert(remote, name);
    }

    /// Whether one who came from there, with these names, may be sent what is meant for the server that is expected there
    /// (RFC 5923 §4: a connection is used in both directions only for the names that were proved).
    pub(crate) fn is_who_is_expected(&self, remote: SocketAddr, names: &[String]) -> bool {
        let expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        expected.get(&remote).is_none_or(|expected| names::prove(names, &expected.to_str()))
    }

    pub(crate) fn certificates(&self) -> Vec<CertificateStatus> {
        self.read(|loaded| loaded.certificates.clone())
    }

    /// Reads the files anew. What is wrong with them is said, and what there was is kept.
    pub(crate) fn reload(&self) -> Result<(), TlsFault> {
        let settings = self.read(|loaded| loaded.settings.clone());
        let written = written(&settings);
        let renewed = Loaded::renewed(settings);
        let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        match renewed {
            Ok(renewed) => {
                *loaded = renewed;
                tracing::info!("certificates were read anew");
                Ok(())
            }
            Err(fault) => {
                loaded.written = written;
                for certificate in &mut loaded.certificates {
                    certificate.renewal_fault = Some(fault.clone());
                }
                tracing::error!(%fault, "the renewed certificates cannot be used; the ones before are kept");
                Err(fault)
            }
        }
    }

    /// Uses these files from now on. What is wrong with them is returned, and what there was is kept.
    pub(crate) fn replace(&self, settings: TlsSettings) -> Result<(), TlsFault> {
        let renewed = Loaded::renewed(settings)?;
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = renewed;
        Ok(())
    }

    /// Reads the files anew whenever one was written.
    pub(crate) async fn watch_for_ever(self: Arc<Self>) {
        let look_every = self.read(|loaded| loaded.settings.look_every);
        let mut looks = tokio::time::interval(look_every.max(LOOK_EVERY_MIN));
        loop {
            looks.tick().await;
            if self.read(|loaded| loaded.written != written(&loaded.settings)) {
                // What is wrong is logged there.
                let _ = self.reload();
            }
        }
    }

    fn read<T>(&self, what: impl FnOnce(&Loaded) -> T) -> T {
        what(&self.loaded.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Loaded {
    /// What is read while others are in use: it must not have expired.
    fn renewed(settings: TlsSettings) -> Result<Loaded, TlsFault> {
        let renewed = Loaded::read(settings)?;
        let expired = renewed.expired().next();
        expired.map_or(Ok(renewed), Err)
    }

    fn read(settings: TlsSettings) -> Result<Loaded, TlsFault> {
        // Before the files are read: what is written meanwhile is read again.
        let written = written(&settings);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut certificates = Vec::new();
        let mut read = |files: &PemFiles, used_as| -> Result<Identity, TlsFault> {
            let identity = files::identity(files)?;
            let own = identity.0.first().map(|own| files::status(used_as, &files.certificate, own));
            certificates.extend(own.transpose()?);
            Ok(identity)
        };
        let server = match &settings.identity {
            Some(files) => {
                let identity = read(files, CertificateUse::Server)?;
                Some(Arc::new(server_config(&settings, files, identity, &provider)?))
            }
            None => None,
        };
        let identity = match &settings.client_identity {
            Some(files) => Some((files, read(files, CertificateUse::Client)?)),
            None => None,
        };
        let client = Arc::new(client_config(&settings, identity, &provider)?);
        Ok(Loaded { settings, server, client, certificates, written })
    }

    fn expired(&self) -> impl Iterator<Item = TlsFault> {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let now = WallTime::from_unix_micros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX));
        let expired = self.certificates.iter().filter(move |certificate| certificate.not_after < now);
        expired.map(|certificate| TlsFault::Expired { file: certificate.file.clone() })
    }
}

fn server_config(
    settings: &TlsSettings,
    files: &PemFiles,
    (chain, key): Identity,
    provider: &Arc<CryptoProvider>,
) -> Result<ServerConfig, TlsFault> {
    let versions = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|_| unusable(files))?;
    let proved = match &settings.client_authorities {
        Some(file) => {
            let roots = Arc::new(files::authorities(file)?);
            let verifier =
                ClientVerifier::new(roots, provider).map_err(|error| no_authorities(&error, file))?;
            versions.with_client_cert_verifier(Arc::new(verifier))
        }
        None => versions.with_no_client_auth(),
    };
    proved.with_single_cert(chain, key).map_err(|error| mismatch(&error, files))
}

fn client_config(
    settings: &TlsSettings,
    identity: Option<(&PemFiles, Identity)>,
    provider: &Arc<CryptoProvider>,
) -> Result<ClientConfig, TlsFault> {
    let nowhere = PathBuf::new();
    let file = settings.server_authorities.as_ref().unwrap_or(&nowhere);
    let roots = match &settings.server_authorities {
        Some(file) => files::authorities(file)?,
        None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
    };
    let verifier =
        ServerVerifier::new(Arc::new(roots), provider).map_err(|error| no_authorities(&error, file))?;
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|_| TlsFault::Damaged { part: PemPart::Authorities, file: file.clone() })?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    match identity {
        Some((files, (chain, key))) => {
            builder.with_client_auth_cert(chain, key).map_err(|error| mismatch(&error, files))
        }
        None => Ok(builder.with_no_client_auth()),
    }
}

fn mismatch(error: &rustls::Error, files: &PemFiles) -> TlsFault {
    match error {
        rustls::Error::InconsistentKeys(_) => {
            TlsFault::KeyOfAnother { certificate: files.certificate.clone(), key: files.key.clone() }
        }
        rustls::Error::InvalidCertificate(_) => unusable(files),
        _ => TlsFault::Damaged { part: PemPart::Key, file: files.key.clone() },
    }
}

fn unusable(files: &PemFiles) -> TlsFault {
    TlsFault::Damaged { part: PemPart::Certificate, file: files.certificate.clone() }
}

fn no_authorities(error: &VerifierBuilderError, file: &std::path::Path) -> TlsFault {
    let (part, file) = (PemPart::Authorities, file.to_owned());
    match error {
        VerifierBuilderError::NoRootAnchors => TlsFault::Missing { part, file },
        _ => TlsFault::Damaged { part, file },
    }
}

/// When each file was written.
fn written(settings: &TlsSettings) -> Vec<Option<SystemTime>> {
    let pairs = [&settings.identity, &settings.client_identity].into_iter().flatten();
    let of_pairs = pairs.flat_map(|files| [&files.certificate, &files.key]);
    let authorities = [&settings.client_authorities, &settings.server_authorities].into_iter().flatten();
    of_pairs.chain(authorities).map(|file| file.metadata().and_then(|data| data.modified()).ok()).collect()
}
