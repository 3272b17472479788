//! Which file of the store holds the certificate of which URL.

use crate::store::StoreFault;

/// The index of a store: one line for each certificate, its URL as tokens name it (`x5u`), blanks, and the name of a PEM
/// file in the same folder: the signer's certificate first, then those above it. Empty lines and lines that begin with
/// `#` say nothing.
///
/// ```text
/// # Example Carrier, renewed each January
/// https://certificates.carrier.example/2026.pem   carrier-2026.pem
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Index {
    /// In the order of the lines.
    pub listings: Vec<Listing>,
}

/// One line of an [`Index`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The URL, compared letter by letter.
    pub url: String,
    /// A plain file name, without folders.
    pub file: String,
}

impl Index {
    /// Reads the index.
    ///
    /// # Errors
    /// [`StoreFault::IndexLine`] with the line that is not `URL FILE`, [`StoreFault::ListedTwice`].
    pub fn read(text: &str) -> Result<Self, StoreFault> {
        let mut listings: Vec<Listing> = Vec::new();
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let mut words = text.split_ascii_whitespace();
            let (Some(url), Some(file), None) = (words.next(), words.next(), words.next()) else {
                return Err(StoreFault::IndexLine { line });
            };
            // A file of another folder would not be seen when the folder is looked after.
            if file.contains(['/', '\\']) || file.starts_with('.') || !url.contains("://") {
                return Err(StoreFault::IndexLine { line });
            }
            listings.push(Listing { url: url.to_owned(), file: file.to_owned() });
        }
        Ok(Index { listings })
    }
}
