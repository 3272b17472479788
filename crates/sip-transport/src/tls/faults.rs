//! What can be wrong with certificate files, and what to do about it.

use std::io;
use std::path::PathBuf;

/// What a PEM file is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PemPart {
    /// A certificate with its chain.
    Certificate,
    /// The private key of one.
    Key,
    /// Certificates of authorities.
    Authorities,
}

impl std::fmt::Display for PemPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            PemPart::Certificate => "certificate",
            PemPart::Key => "private key",
            PemPart::Authorities => "authorities' certificates",
        })
    }
}

/// Why TLS cannot be spoken with these files. The operator's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsFault {
    /// A file cannot be read.
    #[error("the {part} in {} cannot be read: {kind}; see the file and who may read it", .file.display())]
    Unreadable {
        /// What it was read for.
        part: PemPart,
        /// Which file.
        file: PathBuf,
        /// What the machine says.
        kind: io::ErrorKind,
    },
    /// A file has not what it is read for.
    #[error("{} has no {part}; it must be a PEM file with one", .file.display())]
    Missing {
        /// What it was read for.
        part: PemPart,
        /// Which file.
        file: PathBuf,
    },
    /// A file is damaged.
    #[error("the {part} in {} is damaged; write the file anew", .file.display())]
    Damaged {
        /// What it was read for.
        part: PemPart,
        /// Which file.
        file: PathBuf,
    },
    /// The key is another certificate's.
    #[error(
        "the private key in {} does not belong to the certificate in {}; name the two files of one renewal",
        .key.display(), .certificate.display()
    )]
    KeyOfAnother {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// A renewed certificate is no longer valid.
    #[error("the certificate in {} has expired; renew it", .file.display())]
    Expired {
        /// Which file.
        file: PathBuf,
    },
}
