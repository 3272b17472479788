//! The headers as what they mean.

use crate::error::{HeaderError, Malformed, What};
use crate::grammar;
use crate::header::challenge::Challenge;
use crate::header::contact::{Contact, Contacts, delta_seconds};
use crate::header::content_type::ContentType;
use crate::header::credentials::DigestCredentials;
use crate::header::cseq::CSeq;
use crate::header::event::Event;
use crate::header::rack::RAck;
use crate::header::reason::Reason;
use crate::header::refer_to::ReferTo;
use crate::header::replaces::Replaces;
use crate::header::session_expires::SessionExpires;
use crate::header::subscription_state::SubscriptionState;
use crate::header::via::Via;
use crate::header_name::HeaderName;
use crate::headers::Headers;
use crate::name_addr::NameAddr;
use std::str::FromStr;

impl Headers {
    /// Every Via, the top one first; several in one line count like several lines.
    pub fn vias(&self) -> Result<Vec<Via>, HeaderError> {
        self.list(HeaderName::Via)
    }

    /// The top Via.
    pub fn top_via(&self) -> Result<Via, HeaderError> {
        let first = self.get_all(HeaderName::Via).flat_map(grammar::pieces).next();
        let text = first.ok_or(HeaderError::Missing(HeaderName::Via))?;
        text.parse().map_err(malformed(HeaderName::Via))
    }

    /// How many there are, well-formed or not; several in one line count like several lines.
    pub fn via_count(&self) -> usize {
        self.get_all(HeaderName::Via).flat_map(grammar::pieces).count()
    }

    /// Whether there is a Via, and all are well-formed.
    pub(crate) fn check_vias(&self) -> Result<(), HeaderError> {
        self.top_via()?;
        let others = self.get_all(HeaderName::Via).flat_map(grammar::pieces).skip(1);
        let mut faults = others.filter_map(|text| text.parse::<Via>().err());
        faults.next().map_or(Ok(()), |fault| Err(malformed(HeaderName::Via)(fault)))
    }

    /// Puts another Via in the place of the top one: `received` and `rport` are set this way (RFC 3261 §18.2.1,
    /// RFC 3581 §4). Adds it if there is none.
    pub fn set_top_via(&mut self, via: &Via) {
        let mut line = via.to_string();
        let list = self.get(HeaderName::Via).filter(|text| text.contains(','));
        for piece in list.into_iter().flat_map(grammar::pieces).skip(1) {
            line.push_str(", ");
            line.push_str(piece);
        }
        self.set_first(HeaderName::Via, line);
    }

    /// From.
    pub fn from(&self) -> Result<NameAddr, HeaderError> {
        self.one(HeaderName::From)
    }

    /// To.
    pub fn to(&self) -> Result<NameAddr, HeaderError> {
        self.one(HeaderName::To)
    }

    /// The tag of From, if that can be read.
    pub fn from_tag(&self) -> Option<&str> {
        NameAddr::tag_in(self.text(HeaderName::From).ok()??)
    }

    /// The tag of To, if that can be read.
    pub fn to_tag(&self) -> Option<&str> {
        NameAddr::tag_in(self.text(HeaderName::To).ok()??)
    }

    /// Whether an address that may stand once is there and well-formed.
    pub(crate) fn check_address(&self, name: HeaderName) -> Result<(), HeaderError> {
        let text = self.text(name.clone())?.ok_or_else(|| HeaderError::Missing(name.clone()))?;
        NameAddr::check(text).map_err(malformed(name))
    }

    /// Whether all addresses of a list are well-formed.
    pub(crate) fn check_addresses(&self, name: HeaderName) -> Result<(), HeaderError> {
        let mut texts = self.get_all(&name).flat_map(grammar::pieces);
        texts.try_for_each(NameAddr::check).map_err(malformed(name.clone()))
    }

    /// Whether all Contacts are well-formed, or one star stands alone.
    pub(crate) fn check_contacts(&self) -> Result<(), HeaderError> {
        if self.get_all(HeaderName::Contact).any(|text| text == "*") {
            return self.contacts().map(drop);
        }
        self.check_addresses(HeaderName::Contact)
    }

    /// Call-ID.
    pub fn call_id(&self) -> Result<&str, HeaderError> {
        let text = self.text(HeaderName::CallId)?.ok_or(HeaderError::Missing(HeaderName::CallId))?;
        if text.is_empty() || text.bytes().any(|byte| byte == b' ' || byte.is_ascii_control()) {
            return Err(malformed(HeaderName::CallId)(Malformed(What::Token)));
        }
        Ok(text)
    }

    /// CSeq.
    pub fn cseq(&self) -> Result<CSeq, HeaderError> {
        self.one(HeaderName::CSeq)
    }

    /// What all Contact headers say together.
    pub fn contacts(&self) -> Result<Contacts, HeaderError> {
        let mut texts = self.get_all(HeaderName::Contact).flat_map(grammar::pieces);
        if self.get_all(HeaderName::Contact).any(|text| text == "*") {
            let alone = texts.next().is_some() && texts.next().is_none();
            let error = malformed(HeaderName::Contact)(Malformed(What::Address));
            return if alone { Ok(Contacts::Star) } else { Err(error) };
        }
        texts
            .map(str::parse::<Contact>)
            .collect::<Result<Vec<_>, _>>()
            .map(Contacts::List)
            .map_err(malformed(HeaderName::Contact))
    }

    /// Every Route, the next hop first.
    pub fn routes(&self) -> Result<Vec<NameAddr>, HeaderError> {
        self.list(HeaderName::Route)
    }

    /// Every Record-Route, in the order of the message.
    pub fn record_routes(&self) -> Result<Vec<NameAddr>, HeaderError> {
        self.list(HeaderName::RecordRoute)
    }

    /// Every address of another header that is a list of addresses, such as `Path` or `P-Asserted-Identity`.
    pub fn addresses(&self, name: HeaderName) -> Result<Vec<NameAddr>, HeaderError> {
        self.list(name)
    }

    /// Max-Forwards, 0 to 255.
    pub fn max_forwards(&self) -> Result<Option<u8>, HeaderError> {
        self.number(HeaderName::MaxForwards, |text| grammar::number(text)?.try_into().ok())
    }

    /// Expires in seconds; more than fits is the most that fits.
    pub fn expires(&self) -> Result<Option<u32>, HeaderError> {
        self.number(HeaderName::Expires, delta_seconds)
    }

    /// Min-Expires in seconds.
    pub fn min_expires(&self) -> Result<Option<u32>, HeaderError> {
        self.number(HeaderName::MinExpires, delta_seconds)
    }

    /// RSeq (RFC 3262 §7.1): the number of a reliable provisional response.
    pub fn rseq(&self) -> Result<Option<u32>, HeaderError> {
        self.number(HeaderName::RSeq, |text| grammar::number(text)?.try_into().ok())
    }

    /// RAck (RFC 3262 §7.2): what a PRACK acknowledges.
    pub fn rack(&self) -> Result<RAck, HeaderError> {
        self.one(HeaderName::RAck)
    }

    /// Session-Expires (RFC 4028 §4).
    pub fn session_expires(&self) -> Result<Option<SessionExpires>, HeaderError> {
        let name = HeaderName::SessionExpires;
        self.text(name.clone())?.map(str::parse).transpose().map_err(malformed(name))
    }

    /// Min-SE in seconds (RFC 4028 §5); its parameters are passed over.
    pub fn min_se(&self) -> Result<Option<u32>, HeaderError> {
        self.number(HeaderName::MinSe, |text| {
            delta_seconds(text.split([' ', '\t', ';']).next().unwrap_or_default())
        })
    }

    /// Whether a header that is a comma list has this token, whatever its case.
    pub fn lists(&self, name: HeaderName, token: &str) -> bool {
        self.get_all(name).flat_map(grammar::pieces).any(|piece| piece.eq_ignore_ascii_case(token))
    }

    /// Retry-After in seconds; its comment and parameters are passed over.
    pub fn retry_after(&self) -> Result<Option<u32>, HeaderError> {
        self.number(HeaderName::RetryAfter, |text| {
            delta_seconds(text.split([' ', '\t', '(', ';']).next().unwrap_or_default())
        })
    }

    /// Content-Length in bytes.
    pub fn content_length(&self) -> Result<Option<usize>, HeaderError> {
        self.number(HeaderName::ContentLength, |text| grammar::number(text)?.try_into().ok())
    }

    /// Content-Type.
    pub fn content_type(&self) -> Result<Option<ContentType>, HeaderError> {
        let name = HeaderName::ContentType;
        self.text(name.clone())?.map(str::parse).transpose().map_err(malformed(name))
    }

    /// The digests of Authorization; other schemes are passed over.
    pub fn authorizations(&self) -> Result<Vec<DigestCredentials>, HeaderError> {
        self.credentials(HeaderName::Authorization)
    }

    /// The digests of Proxy-Authorization; other schemes are passed over.
    pub fn proxy_authorizations(&self) -> Result<Vec<DigestCredentials>, HeaderError> {
        self.credentials(HeaderName::ProxyAuthorization)
    }

    /// The challenges of WWW-Authenticate.
    pub fn www_challenges(&self) -> Result<Vec<Challenge>, HeaderError> {
        self.challenges(HeaderName::WwwAuthenticate)
    }

    /// The challenges of Proxy-Authenticate.
    pub fn proxy_challenges(&self) -> Result<Vec<Challenge>, HeaderError> {
        self.challenges(HeaderName::ProxyAuthenticate)
    }

    /// The option tags of Supported.
    pub fn supported(&self) -> Vec<&str> {
        self.tokens(HeaderName::Supported)
    }

    /// The option tags of Require.
    pub fn require(&self) -> Vec<&str> {
        self.tokens(HeaderName::Require)
    }

    /// The option tags of Proxy-Require.
    pub fn proxy_require(&self) -> Vec<&str> {
        self.tokens(HeaderName::ProxyRequire)
    }

    /// The methods of Allow.
    pub fn allow(&self) -> Vec<&str> {
        self.tokens(HeaderName::Allow)
    }

    /// The media types of Accept.
    pub fn accept(&self) -> Vec<&str> {
        self.tokens(HeaderName::Accept)
    }

    /// The first Reason (RFC 3326), if it can be read.
    pub fn reason(&self) -> Option<Reason> {
        self.get_all(HeaderName::Reason).flat_map(grammar::pieces).find_map(|text| text.parse().ok())
    }

    /// Refer-To (RFC 3515 §2.1): exactly one.
    pub fn refer_to(&self) -> Result<ReferTo, HeaderError> {
        self.one(HeaderName::ReferTo)
    }

    /// Referred-By (RFC 3892 §3).
    pub fn referred_by(&self) -> Result<Option<NameAddr>, HeaderError> {
        self.one_or_none(HeaderName::ReferredBy)
    }

    /// Refer-Sub (RFC 4488 §4): whether the NOTIFYs of a REFER are wanted. What is neither `true` nor `false` is as if
    /// it were not there.
    pub fn refer_sub(&self) -> Option<bool> {
        let word = self.get(HeaderName::ReferSub)?.split(';').next().map(grammar::trim)?;
        [true, false].into_iter().find(|wanted| word.eq_ignore_ascii_case(&wanted.to_string()))
    }

    /// Replaces (RFC 3891 §6.1).
    pub fn replaces(&self) -> Result<Option<Replaces>, HeaderError> {
        self.one_or_none(HeaderName::Replaces)
    }

    /// Event (RFC 6665 §8.2.1).
    pub fn event(&self) -> Result<Event, HeaderError> {
        self.one(HeaderName::Event)
    }

    /// Subscription-State (RFC 6665 §8.2.3).
    pub fn subscription_state(&self) -> Result<SubscriptionState, HeaderError> {
        self.one(HeaderName::SubscriptionState)
    }

    /// The pieces of any header that is a comma list.
    pub fn tokens(&self, name: HeaderName) -> Vec<&str> {
        self.get_all(name).flat_map(grammar::pieces).collect()
    }

    /// The text of a header that may stand once.
    fn text(&self, name: HeaderName) -> Result<Option<&str>, HeaderError> {
        let mut texts = self.get_all(&name);
        let first = texts.next();
        if texts.next().is_some() { Err(HeaderError::Repeated(name.clone())) } else { Ok(first) }
    }

    fn one<T: FromStr<Err = Malformed>>(&self, name: HeaderName) -> Result<T, HeaderError> {
        let text = self.text(name.clone())?.ok_or_else(|| HeaderError::Missing(name.clone()))?;
        text.parse().map_err(malformed(name))
    }

    fn one_or_none<T: FromStr<Err = Malformed>>(&self, name: HeaderName) -> Result<Option<T>, HeaderError> {
        self.text(name.clone())?.map(str::parse).transpose().map_err(malformed(name))
    }

    fn list<T: FromStr<Err = Malformed>>(&self, name: HeaderName) -> Result<Vec<T>, HeaderError> {
        let texts = self.get_all(&name).flat_map(grammar::pieces);
        texts.map(str::parse).collect::<Result<_, _>>().map_err(malformed(name.clone()))
    }

    fn number<T>(
        &self,
        name: HeaderName,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, HeaderError> {
        match self.text(name.clone())? {
            Some(text) => read(text).map(Some).ok_or_else(|| malformed(name)(Malformed(What::Number))),
            None => Ok(None),
        }
    }

    fn credentials(&self, name: HeaderName) -> Result<Vec<DigestCredentials>, HeaderError> {
        let lines = self.get_all(&name).map(DigestCredentials::read_line);
        lines.filter_map(Result::transpose).collect::<Result<_, _>>().map_err(malformed(name.clone()))
    }

    fn challenges(&self, name: HeaderName) -> Result<Vec<Challenge>, HeaderError> {
        let mut challenges = Vec::new();
        for line in self.get_all(&name) {
            challenges.extend(Challenge::read_line(line).map_err(malformed(name.clone()))?);
        }
        Ok(challenges)
    }
}

fn malformed(name: HeaderName) -> impl Fn(Malformed) -> HeaderError {
    move |malformed| HeaderError::Malformed { name: name.clone(), malformed }
}
