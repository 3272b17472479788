//! Digest authentication: the hashes, and what is asked and answered (RFC 7616, RFC 8760).

use crate::chance::hex;
use crate::settings::Account;
use md5::Md5;
use sha2::{Digest, Sha256};

/// The hash of a challenge. SHA-256 is preferred (RFC 8760 §2.3, §2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// SHA-256.
    Sha256,
    /// MD5, which many phones speak alone.
    Md5,
}

impl Algorithm {
    /// The `algorithm` parameter; none means MD5 (RFC 7616 §3.3). The `-sess` forms are not spoken.
    pub(crate) fn read(name: Option<&str>) -> Option<Self> {
        match name {
            None => Some(Algorithm::Md5),
            Some(name) if name.eq_ignore_ascii_case("MD5") => Some(Algorithm::Md5),
            Some(name) if name.eq_ignore_ascii_case("SHA-256") => Some(Algorithm::Sha256),
            Some(_) => None,
        }
    }

    /// What the `algorithm` parameter says.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Sha256 => "SHA-256",
            Algorithm::Md5 => "MD5",
        }
    }

    fn hash(self, text: &str) -> String {
        match self {
            Algorithm::Sha256 => hex(&Sha256::digest(text.as_bytes())),
            Algorithm::Md5 => hex(&Md5::digest(text.as_bytes())),
        }
    }

    fn ha1(self, account: &Account) -> String {
        match self {
            Algorithm::Sha256 => hex(&account.ha1_sha256),
            Algorithm::Md5 => hex(&account.ha1_md5),
        }
    }
}

/// The secret of an account from its password: `H(username:realm:password)` (RFC 7616 §3.4.2).
pub fn ha1(username: &str, realm: &str, password: &str) -> Account {
    let text = format!("{username}:{realm}:{password}");
    let mut ha1_md5 = [0; 16];
    ha1_md5.copy_from_slice(&Md5::digest(text.as_bytes()));
    let mut ha1_sha256 = [0; 32];
    ha1_sha256.copy_from_slice(&Sha256::digest(text.as_bytes()));
    Account { ha1_md5, ha1_sha256 }
}

/// What goes into a response beside the account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Proof<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) nonce: &'a str,
    /// `nc` as its eight digits and `cnonce`, with `qop=auth`; none is the form of RFC 2069, which only this
    /// side's client speaks, to servers that offer nothing better.
    pub(crate) counted: Option<(&'a str, &'a str)>,
    pub(crate) method: &'a str,
    pub(crate) uri: &'a str,
}

impl Proof<'_> {
    /// The `response` (RFC 7616 §3.4.1).
    pub(crate) fn response(&self, account: &Account) -> String {
        let ha1 = self.algorithm.ha1(account);
        let ha2 = self.algorithm.hash(&format!("{}:{}", self.method, self.uri));
        let nonce = self.nonce;
        self.algorithm.hash(&match self.counted {
            Some((count, client_nonce)) => format!("{ha1}:{nonce}:{count}:{client_nonce}:auth:{ha2}"),
            None => format!("{ha1}:{nonce}:{ha2}"),
        })
    }
}

/// Compares without telling by its time where the first difference is.
pub(crate) fn equal_in_constant_time(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0u8, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7616 §3.9.1.
    fn proof(algorithm: Algorithm) -> String {
        let account = ha1("Mufasa", "http-auth@example.org", "Circle of Life");
        Proof {
            algorithm,
            nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            counted: Some(("00000001", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")),
            method: "GET",
            uri: "/dir/index.html",
        }
        .response(&account)
    }

    #[test]
    fn the_examples_of_rfc_7616_come_out() {
        assert_eq!(proof(Algorithm::Md5), "8ca523f5e9506fed4657c9700eebdbec");
        assert_eq!(
            proof(Algorithm::Sha256),
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
        );
    }

    #[test]
    fn the_example_of_rfc_2617_without_qop_differs_from_the_one_with_it() {
        let account = ha1("Mufasa", "testrealm@host.com", "Circle Of Life");
        let proof = |counted| {
            Proof {
                algorithm: Algorithm::Md5,
                nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
                counted,
                method: "GET",
                uri: "/dir/index.html",
            }
            .response(&account)
        };
        assert_eq!(proof(Some(("00000001", "0a4f113b"))), "6629fae49393a05397450978507c4ef1");
        assert_eq!(proof(None), "670fd8c2df070c60b045671b8b24ff02");
    }

    #[test]
    fn equality_is_equality() {
        assert!(equal_in_constant_time(b"abc", b"abc"));
        assert!(!equal_in_constant_time(b"abc", b"abd"));
        assert!(!equal_in_constant_time(b"abc", b"ab"));
    }
}
