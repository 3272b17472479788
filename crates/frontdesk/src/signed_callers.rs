//! The certificates by which signed caller numbers are judged (STIR/SHAKEN): the folder of `[identity] certificates`.
//!
//! In it: `anchors/*.pem`, the authorities that are trusted; `index.txt`, which file has the certificate of which URL; and
//! those files beside it.

use crate::settings::Settings;
use frontdesk_caller_identity::{Index, Listing, Policy, Store, StoreFault, Verifier};
use std::path::{Path, PathBuf};

/// The largest file that is read; a chain has a few kilobytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Why the folder cannot serve. The operator's to mend.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignedCallersFault {
    /// A file or folder cannot be read.
    #[error("[identity] certificates: {} cannot be read: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// What is in the files does not serve.
    #[error("[identity] certificates: {}: {fault}", folder.display())]
    Store {
        /// The folder.
        folder: PathBuf,
        /// What is wrong.
        fault: StoreFault,
    },
    /// Nobody could ever be verified.
    #[error("[identity] certificates: no authority in {}: put the PEM files of those you trust there", folder.display())]
    NoAnchor {
        /// The folder of the anchors.
        folder: PathBuf,
    },
}

/// Who verifies; none where the settings name no certificates.
///
/// # Errors
/// See [`SignedCallersFault`].
pub fn verifier(settings: &Settings) -> Result<Option<Verifier>, SignedCallersFault> {
    let Some(folder) = &settings.identity_store else { return Ok(None) };
    let wrong = |fault| SignedCallersFault::Store { folder: folder.clone(), fault };
    let index = String::from_utf8_lossy(&read(&folder.join("index.txt"))?).into_owned();
    let index = Index::read(&index).map_err(wrong)?;
    let anchors = folder.join("anchors");
    let trusted = pem_files(&anchors)?;
    if trusted.is_empty() {
        return Err(SignedCallersFault::NoAnchor { folder: anchors });
    }
    let mut certificates: Vec<(&Listing, Vec<u8>)> = Vec::new();
    for listing in &index.listings {
        certificates.push((listing, read(&folder.join(&listing.file))?));
    }
    let store = Store::read(
        trusted.iter().map(|(name, pem)| (name.as_str(), pem.as_slice())),
        certificates.iter().map(|(listing, pem)| (*listing, pem.as_slice())),
    );
    Ok(Some(Verifier::new(store.map_err(wrong)?, Policy::default())))
}

/// Every PEM file of a folder, by name.
fn pem_files(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, SignedCallersFault> {
    let unreadable = |source| SignedCallersFault::Unreadable { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|kind| kind == "pem") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.push((name, read(&path)?));
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<Vec<u8>, SignedCallersFault> {
    let unreadable = |source| SignedCallersFault::Unreadable { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(unreadable)?.len() > FILE_BYTES_MAX {
        return Err(unreadable(std::io::Error::other("it is larger than 1 MiB")));
    }
    std::fs::read(path).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, KeyUsagePurpose};

    #[test]
    fn a_folder_with_an_authority_and_an_index_serves_and_what_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let text = "[identity]\ncertificates = \"stir\"\n";
        let settings = Settings::parse(&at.join("desk.toml"), text).expect("right settings");
        let told = |settings: &Settings| verifier(settings).expect_err("something is missing").to_string();
        assert!(told(&settings).contains("index.txt cannot be read"));
        std::fs::create_dir_all(at.join("stir/anchors")).unwrap();
        std::fs::write(at.join("stir/index.txt"), "# nobody yet\n").unwrap();
        assert!(told(&settings).contains("no authority in"));

        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let authority = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        std::fs::write(at.join("stir/anchors/office.pem"), authority.pem()).unwrap();
        assert_eq!(verifier(&settings).expect("it serves").expect("it is named").store().anchors(), 1);

        std::fs::write(at.join("stir/index.txt"), "https://c.example/a.pem a.pem\n").unwrap();
        assert!(told(&settings).contains("a.pem cannot be read"));
        std::fs::write(at.join("stir/index.txt"), "https://c.example/a.pem ../a.pem\n").unwrap();
        assert!(told(&settings).contains("line 1 of the index"));
        let none = Settings::parse(&at.join("desk.toml"), "").unwrap();
        assert!(verifier(&none).expect("nothing is named").is_none());
    }
}
