//! Who may: digest of an account, or a listed peer (RFC 3261 §22, RFC 7616, RFC 8760); and this side's own answers
//! to challenges.

use crate::chance::hex;
use crate::digest::{Algorithm, Proof, equal_in_constant_time, ha1};
use crate::input::{Credentials, Flow};
use crate::lockout::Source;
use crate::nonces::Standing;
use crate::output::{Admission, SipEvent, SipFact};
use crate::quirks::digests_for;
use crate::reply::Asked;
use crate::routing::Owner;
use crate::settings::{Account, PeerRule};
use crate::stack::{Due, SipStack};
use frontdesk_sip_message::{CSeq, Challenge, DigestCredentials, HeaderName, Request, Response, StatusCode};
use std::sync::Arc;

/// How much of a user name that did not fit is told.
const USERNAME_TOLD_MAX: usize = 64;

/// How many digests of one request are tried: one for each algorithm on offer is sense, more is an attack.
const CREDENTIALS_TRIED_MAX: usize = 4;

/// What credentials turned out to be.
enum Verdict {
    /// The account's.
    Proved(String),
    /// The nonce is too old, of a former run, of somebody else, or used up: ask again with `stale=true`.
    Stale,
    /// Wrong.
    Failed,
}

impl SipStack {
    /// By which right an INVITE is served, or the 401. The 401 is the same whoever is called and whoever calls.
    pub(crate) fn admit(&mut self, asked: &Asked) -> Result<Admission, Box<Response>> {
        let stale = match self.proved_by(asked) {
            Ok(username) => return Ok(Admission::Account { username }),
            Err(stale) => stale,
        };
        match self.peer_over(asked.flow) {
            Some(peer) if !self.is_own_phone(asked) => Ok(Admission::Peer { name: peer.name.clone() }),
            _ => Err(Box::new(self.challenge(asked, stale))),
        }
    }

    /// Whether it calls itself by the name of an account that registered over this very flow: a telephone at a peer's
    /// address, as on the desk's own machine. By its password it may do more than the peer.
    fn is_own_phone(&self, asked: &Asked) -> bool {
        let caller = asked.headers().from().ok().and_then(|from| from.uri.user());
        caller
            .is_some_and(|caller| self.registrar.accounts_over(asked.flow).any(|account| *account == caller))
    }

    /// The listed peer at the other end of a flow.
    pub(crate) fn peer_over(&self, flow: Flow) -> Option<&PeerRule> {
        let proved = self.proved.get(&flow).map_or(&[][..], Vec::as_slice);
        self.settings.peers.iter().find(|peer| peer.is(flow, proved))
    }

    /// The names of all listed peers whom a flow proves: several that are reached at one place, in the order of the list.
    pub fn peers_over(&self, flow: Flow) -> impl Iterator<Item = &str> {
        let proved = self.proved.get(&flow).map_or(&[][..], Vec::as_slice);
        let over = move |peer: &&PeerRule| peer.is(flow, proved);
        self.settings.peers.iter().filter(over).map(|peer| peer.name.as_str())
    }

    /// The user name that a request proves, or the 401.
    pub(crate) fn authenticate(&mut self, asked: &Asked) -> Result<String, Box<Response>> {
        match self.proved_by(asked) {
            Ok(username) => Ok(username),
            Err(stale) => Err(Box::new(self.challenge(asked, stale))),
        }
    }

    /// The user name that a request proves; without one, whether it only used a nonce that is too old. Who guessed too
    /// often is not looked at (`lockout.rs`), unless it is known by a nonce or by its flow.
    fn proved_by(&mut self, asked: &Asked) -> Result<String, bool> {
        let presented = asked.headers().authorizations().unwrap_or_default();
        let mut stale = false;
        let mut failed = None;
        let settings = Arc::clone(&self.settings);
        let own = presented.iter().filter(|presented| presented.realm == settings.realm);
        let source = Source::of(asked.flow.remote.ip());
        let locked_out = self.lockouts.is_locked_out(source, self.now);
        for credentials in own.take(CREDENTIALS_TRIED_MAX) {
            if locked_out && !self.is_known_here(credentials, asked.flow) {
                continue;
            }
            match self.verify(credentials, asked) {
                Verdict::Proved(username) => {
                    self.lockouts.succeeded(source, told_of(&username));
                    return Ok(username);
                }
                Verdict::Stale => stale = true,
                Verdict::Failed => failed = failed.or(Some(&credentials.username)),
            }
        }
        if let Some(username) = failed {
            self.authentication_failed(asked.flow, username);
        }
        Err(stale)
    }

    /// Whether it is the account that proved its password under the nonce before, or whose contact is bound over the flow:
    /// of whom it is known, it is heard in spite of a lock-out, and nobody else over the same way.
    fn is_known_here(&self, presented: &DigestCredentials, flow: Flow) -> bool {
        let username = &presented.username;
        self.nonces.is_proved_by(&presented.nonce, username)
            || self.registrar.accounts_over(flow).any(|account| account == username)
    }

    /// Counted once for each request, however many digests it brought.
    fn authentication_failed(&mut self, flow: Flow, username: &str) {
        let username = told_of(username);
        self.tell(SipEvent::Noticed(SipFact::AuthenticationFailed { flow, username: username.to_owned() }));
        let (most, wait) = (self.settings.failed_digests_max, self.settings.lockout);
        if self.lockouts.failed(Source::of(flow.remote.ip()), username, self.now, most, wait) {
            self.tell(SipEvent::Noticed(SipFact::LockedOut { flow, wait }));
        }
    }

    /// 401 with a challenge for each hash on offer, the preferred one first (RFC 8760 §2.3).
    fn challenge(&mut self, asked: &Asked, stale: bool) -> Response {
        let mut response = self.refusal(asked, StatusCode::UNAUTHORIZED);
        let nonce = self.nonces.mint(&mut self.chance, self.now, asked.flow.remote.ip());
        let user_agent = asked.headers().get(HeaderName::UserAgent);
        for algorithm in digests_for(user_agent, &self.settings.digests) {
            let mut challenge = Challenge::digest(&self.settings.realm, &nonce, algorithm.name());
            challenge.stale = stale;
            response.headers.push_display(HeaderName::WwwAuthenticate, challenge);
        }
        response
    }

    /// The proof is computed for unknown users too, against a secret that nobody has, so that time tells nothing.
    /// What is under a nonce that this source cannot have is not looked at: neither a right nor a wrong password shows.
    fn verify(&mut self, presented: &DigestCredentials, asked: &Asked) -> Verdict {
        let standing = self.nonces.examine(&presented.nonce, self.now, asked.flow.remote.ip());
        let Standing::Good(key) = standing else { return Verdict::Stale };
        let account = self.settings.accounts.get(&presented.username);
        let nobody = Account { ha1_md5: self.tag_secret, ha1_sha256: [0; 32] };
        let qop = presented.qop.as_deref().is_some_and(|qop| qop.eq_ignore_ascii_case("auth"));
        let algorithm = Algorithm::read(presented.algorithm.as_deref())
            .filter(|algorithm| self.settings.digests.contains(algorithm));
        let counted = presented.nc.as_deref().zip(presented.cnonce.as_deref());
        // Without qop there is no count and nothing stops replay; it was on offer, so it is demanded.
        let (Some(algorithm), Some(counted), Some(count), true) =
            (algorithm, counted, presented.nonce_count(), qop)
        else {
            return Verdict::Failed;
        };
        let proof = Proof {
            algorithm,
            nonce: &presented.nonce,
            counted: Some(counted),
            method: asked.request.method.as_str(),
            uri: &presented.uri,
        };
        let expected = proof.response(account.unwrap_or(&nobody));
        let given = presented.response.to_ascii_lowercase();
        if !equal_in_constant_time(expected.as_bytes(), given.as_bytes()) || account.is_none() {
            return Verdict::Failed;
        }
        // RFC 7616 §3.3: the password is known, only the nonce is not good any more.
        if !self.nonces.count(key, &presented.username, count) {
            return Verdict::Stale;
        }
        if self.nonces.bound() {
            self.overloaded("nonces");
        }
        self.wheel.set(Due::Nonces, self.nonces.deadline());
        Verdict::Proved(presented.username.clone())
    }

    /// The request once more, with the answer to a challenge; none where it cannot be answered. SHA-256 is preferred
    /// (RFC 8760 §2.4). The Via is taken out, the number goes up (RFC 3261 §22.2).
    pub(crate) fn answering_challenge(
        &mut self,
        mut request: Request,
        answer: &Response,
        credentials: &Credentials,
    ) -> Option<Request> {
        let (challenges, header) = match answer.status {
            StatusCode::UNAUTHORIZED => (answer.headers.www_challenges().ok()?, HeaderName::Authorization),
            StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                (answer.headers.proxy_challenges().ok()?, HeaderName::ProxyAuthorization)
            }
            _ => return None,
        };
        let challenge = preferred(&challenges)?;
        let answer = self.credentials_for(challenge, credentials, &request)?;
        request.headers.remove(HeaderName::Via);
        request.headers.set(header, answer.to_string());
        let number = request.headers.cseq().ok()?.number.checked_add(1)?;
        let cseq = CSeq { number, method: request.method.clone() };
        request.headers.set(HeaderName::CSeq, cseq.to_string());
        Some(request)
    }

    fn credentials_for(
        &mut self,
        challenge: &Challenge,
        credentials: &Credentials,
        request: &Request,
    ) -> Option<DigestCredentials> {
        let algorithm = Algorithm::read(challenge.algorithm.as_deref())?;
        let account = ha1(&credentials.username, &challenge.realm, &credentials.password);
        let uri = request.uri.to_string();
        let counted = challenge.qop.iter().any(|qop| qop == "auth");
        let (count, client_nonce) = (hex(&1u32.to_be_bytes()), self.chance.client_nonce());
        let proof = Proof {
            algorithm,
            nonce: &challenge.nonce,
            counted: counted.then_some((count.as_str(), client_nonce.as_str())),
            method: request.method.as_str(),
            uri: &uri,
        };
        let response = proof.response(&account);
        Some(DigestCredentials {
            username: credentials.username.clone(),
            realm: challenge.realm.clone(),
            nonce: challenge.nonce.clone(),
            uri,
            response,
            algorithm: challenge.algorithm.clone(),
            cnonce: counted.then_some(client_nonce),
            qop: counted.then(|| "auth".to_owned()),
            nc: counted.then_some(count),
            opaque: challenge.opaque.clone(),
        })
    }

    /// A BYE that is challenged is answered once; the second has no credentials left to give.
    pub(crate) fn answer_challenge_to_bye(
        &mut self,
        bye: Request,
        flow: Flow,
        answer: &Response,
        credentials: Credentials,
    ) {
        if let Some(bye) = self.answering_challenge(bye, answer, &credentials) {
            self.send_request(bye, flow, Owner::Bye(None));
        }
    }
}

/// As much of a user name as is told and remembered.
fn told_of(username: &str) -> &str {
    let end = username.char_indices().nth(USERNAME_TOLD_MAX).map(|(end, _)| end);
    end.and_then(|end| username.get(..end)).unwrap_or(username)
}

/// The strongest challenge that can be answered: SHA-256, then MD5; with `qop=auth` or of the old form.
fn preferred(challenges: &[Challenge]) -> Option<&Challenge> {
    let answerable = |wanted: Algorithm| {
        challenges.iter().find(|challenge| {
            challenge.is_digest()
                && Algorithm::read(challenge.algorithm.as_deref()) == Some(wanted)
                && (challenge.qop.is_empty() || challenge.qop.iter().any(|qop| qop == "auth"))
        })
    };
    answerable(Algorithm::Sha256).or_else(|| answerable(Algorithm::Md5))
}
