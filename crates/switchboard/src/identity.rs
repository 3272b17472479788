//! Who calls, as far as it can be known, and how a caller is shown to a trunk.

use crate::routing::{Party, plain};
use crate::trunk::line::host;
use frontdesk_call_record::{AdmittedBy, Fact};
use frontdesk_caller_identity::{Claimed, Verdict, Verifier};
use frontdesk_directory::{Directory, DiversionForm, FromUser, IdentityForm, Trunk};
use frontdesk_identifiers::{TelephoneNumber, WallTime};
use frontdesk_sip_message::{HeaderName, Headers, Host, NameAddr, SipUri, Uri};
use frontdesk_sip_stack::IncomingCall;

/// What is known of a caller beyond the name and number that are shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Identity {
    /// The caller's number, in E.164 where it is of the network; also where it is not to be shown, if a trusted trunk
    /// tells it: for the record only then.
    pub number: Option<TelephoneNumber>,
    /// Whether the caller does not want to be shown.
    pub withheld: bool,
    /// Whether a trusted trunk vouches for the number (RFC 3325).
    pub asserted: bool,
    /// Who was called first, where the call was passed on to here.
    pub diverted_from: Option<String>,
    /// Which number of the house the caller called.
    pub called: Option<TelephoneNumber>,
    /// What became of a signed identity (RFC 8224); none where nobody verifies.
    pub verdict: Option<Verdict>,
}

/// A caller that a trunk brings: name and number to show, and what else is known.
#[derive(Debug)]
pub(crate) struct Brought {
    pub name: Option<String>,
    pub number: String,
    pub identity: Identity,
}

/// What is shown for a caller who does not want to be shown.
pub(crate) const ANONYMOUS: &str = "anonymous";

/// Reads who calls from the INVITE of a trunk.
///
/// P-Asserted-Identity and Remote-Party-ID are believed from a trusted trunk only (RFC 3325 §5, §9.1); from others they
/// are whatever the caller's telephone wrote, and From is all there is.
pub(crate) fn brought(trunk: &Trunk, call: &IncomingCall) -> Brought {
    let headers = &call.headers;
    let remote =
        headers.remote_parties().into_iter().find(|party| party.is_calling()).filter(|_| trunk.trusted);
    let asserted =
        headers.asserted_identities().into_iter().find(|address| number_in(&address.uri).is_some());
    let asserted = asserted.filter(|_| trunk.trusted);
    let vouched = asserted.is_some() || remote.as_ref().is_some_and(|party| party.is_screened());
    let withheld = is_withheld(call) || remote.as_ref().is_some_and(|party| party.hides_party());
    let address = asserted.or(remote.map(|party| party.address)).unwrap_or_else(|| call.from.clone());
    let number = number_in(&address.uri).map(|number| trunk.plan.inward(&number));
    let display = address.display.as_ref().or(call.from.display.as_ref());
    let name = display.map(|name| plain(name)).filter(|name| !name.is_empty() && !withheld);
    let shown = match &number {
        _ if withheld => ANONYMOUS.to_owned(),
        Some(number) => number.to_string(),
        None => address.uri.user().map_or_else(|| ANONYMOUS.to_owned(), |user| plain(&user)),
    };
    let identity = Identity {
        number: number.filter(|_| !withheld || trunk.trusted),
        withheld,
        asserted: vouched,
        diverted_from: first_called(headers, trunk),
        called: number_in(&call.called).map(|number| trunk.plan.inward(&number)),
        verdict: None,
    };
    Brought { name, number: shown, identity }
}

/// Whether who calls asks not to be shown (RFC 3323 §4.2, RFC 3325 §9.3). Whoever asks it is obeyed, trusted or not.
pub(crate) fn is_withheld(call: &IncomingCall) -> bool {
    call.headers.privacy().hides_caller() || is_anonymous(&call.from)
}

/// RFC 3323 §4.1.1.3 and what trunks make of it.
fn is_anonymous(from: &NameAddr) -> bool {
    let invalid = |uri: &SipUri| matches!(&uri.host, Host::Name(name) if name.eq_ignore_ascii_case("anonymous.invalid"));
    let hidden = |user: String| {
        matches!(user.to_ascii_lowercase().as_str(), "anonymous" | "restricted" | "unavailable")
    };
    from.uri.as_sip().is_some_and(invalid) || from.uri.user().is_some_and(hidden)
}

/// The telephone number in an address; none where it is a name.
fn number_in(uri: &Uri) -> Option<TelephoneNumber> {
    TelephoneNumber::new(&uri.user()?).ok()
}

/// Who was called before the call came here: the first of the diversions (the last line, RFC 5806 §4), or the first
/// target of the history that is not the last one (RFC 7044 §10.4).
fn first_called(headers: &Headers, trunk: &Trunk) -> Option<String> {
    let diversions = headers.diversions();
    let diverted =
        diversions.last().filter(|diversion| !diversion.is_private()).map(|one| one.address.uri.clone());
    let history = headers.history();
    let first = || {
        history.first().filter(|entry| history.iter().any(|one| one.is_retargeted()) && !entry.is_private())
    };
    let uri = diverted.or_else(|| first().map(|entry| entry.address.uri.clone()))?;
    Some(match number_in(&uri) {
        Some(number) => trunk.plan.inward(&number).to_string(),
        None => plain(&uri.user()?),
    })
}

/// Looks at the signed identity of a call (RFC 8224 §6.2) with the number that is shown.
pub(crate) fn verdict(
    verifier: &Verifier,
    call: &IncomingCall,
    identity: &Identity,
    now: WallTime,
) -> Verdict {
    let identities: Vec<&str> = call.headers.get_all(HeaderName::Identity).collect();
    let from = identity.number.as_ref().map_or_else(|| call.from.uri.to_string(), TelephoneNumber::to_string);
    let (to, called) = (call.to.uri.to_string(), call.called.to_string());
    let own = identity.called.as_ref().map(TelephoneNumber::to_string).unwrap_or_default();
    let to: Vec<&str> =
        [to.as_str(), called.as_str(), own.as_str()].into_iter().filter(|to| !to.is_empty()).collect();
    let date = call.headers.get(HeaderName::Date);
    verifier.verify(Claimed { identities: &identities, from: &from, to: &to, date }, now)
}

impl Identity {
    /// What the record is told of it, if there is anything to tell.
    pub fn fact(&self) -> Option<Fact> {
        let verified = self.verdict.as_ref().map(|verdict| verdict.as_str().to_owned());
        let known = self.withheld || self.asserted || self.diverted_from.is_some() || verified.is_some();
        known.then(|| Fact::CallerIdentified {
            withheld: self.withheld,
            asserted: self.asserted,
            diverted_from: self.diverted_from.clone().map(Into::into),
            verified,
        })
    }

    /// What flows may say and ask about the caller, besides `party.number` and `party.name`.
    pub fn words(&self) -> impl Iterator<Item = (String, String)> {
        // Where nobody verifies, the word is as the flow has it.
        let verified = self.verdict.as_ref().map(|verdict| verdict.as_str().to_owned());
        let verified = verified.map(|verdict| ("caller.verified".to_owned(), verdict));
        let diverted = ("call.diverted_from".to_owned(), self.diverted_from.clone().unwrap_or_default());
        std::iter::once(diverted).chain(verified)
    }
}

/// How a caller is shown to a trunk: the From of the INVITE, and the header lines that belong to it.
#[derive(Debug)]
pub(crate) struct Shown {
    pub from: NameAddr,
    pub extra: Vec<(String, String)>,
}

/// How this caller is shown to this trunk.
///
/// Somebody of the house is shown by the direct number or the main number. A caller from outside, whose call is passed
/// on, keeps the own number where the trunk lets numbers pass that are not this side's, or is told by a Diversion for
/// whom the call is passed on; elsewhere the main number stands for the caller, because a trunk that screens would refuse
/// any other.
pub(crate) fn shown(caller: &Party, trunk: &Trunk, directory: &Directory) -> Shown {
    let presentation = &trunk.presentation;
    let account = trunk.account.as_ref().map(|account| account.user.clone());
    let own = own_number(caller, trunk, directory);
    let foreign = matches!(caller.admitted_by, AdmittedBy::Peer(_));
    let may_pass = presentation.no_screening || presentation.diversion != DiversionForm::Hidden;
    let original = caller.identity.number.as_ref().filter(|number| foreign && may_pass && number.is_e164());
    let number = original.or(own.as_ref());
    let written = number.map(|number| trunk.plan.outward(number).to_string());
    let user = written.clone().or_else(|| account.clone()).unwrap_or_else(|| ANONYMOUS.to_owned());
    let domain = presentation.from_domain.as_deref().unwrap_or_else(|| trunk.domain());
    let address = |user: &str| SipUri::new(Some(user), host(domain), None);
    let mut extra = Vec::new();
    let mut named = NameAddr::new(address(&user));
    named.display = caller.name.clone().filter(|_| !caller.identity.withheld);
    // The network must know who pays, whoever is shown: an own number, where the caller is hidden from everybody.
    // A number that nobody vouched for is asserted to nobody (RFC 3325 §5); that it be shown may be asked (§9.2).
    let asks = presentation.identity == IdentityForm::Preferred;
    let vouched = original.filter(|_| caller.identity.asserted || asks);
    let identity = match vouched.filter(|_| !caller.identity.withheld || trunk.trusted) {
        Some(_) => named.clone(),
        None => {
            let own = own.as_ref().map(|number| trunk.plan.outward(number).to_string());
            NameAddr::new(address(&own.or_else(|| account.clone()).unwrap_or(user.clone())))
        }
    };
    match presentation.identity {
        IdentityForm::FromOnly => {}
        IdentityForm::Asserted => extra.push(("P-Asserted-Identity".to_owned(), identity.to_string())),
        IdentityForm::Preferred => extra.push(("P-Preferred-Identity".to_owned(), identity.to_string())),
        IdentityForm::RemoteParty => {
            let mut party = identity.clone();
            party.parameters.set("party", Some("calling"));
            party.parameters.set("screen", Some("yes"));
            party.parameters.set("privacy", Some(if caller.identity.withheld { "full" } else { "off" }));
            extra.push(("Remote-Party-ID".to_owned(), party.to_string()));
        }
    }
    if foreign {
        extra.extend(diversion(caller, trunk, own.as_ref()));
    }
    if caller.identity.withheld {
        // RFC 3323 §4.1.1.3, RFC 3325 §7.
        extra.push(("Privacy".to_owned(), "id".to_owned()));
        let mut from =
            NameAddr::new(SipUri::new(Some(ANONYMOUS), Host::Name("anonymous.invalid".to_owned()), None));
        from.display = Some("Anonymous".to_owned());
        return Shown { from, extra };
    }
    let from = match (presentation.from, account) {
        (FromUser::Account, Some(account)) => {
            NameAddr { display: named.display, ..NameAddr::new(address(&account)) }
        }
        _ => named,
    };
    Shown { from, extra }
}

/// Who asks this trunk to put its own party through, as `Referred-By` says it (RFC 3892 §3).
pub(crate) fn on_behalf(party: &Party, trunk: &Trunk, directory: &Directory) -> Option<Uri> {
    let own = own_number(party, trunk, directory).map(|number| trunk.plan.outward(&number).to_string());
    let user = own.or_else(|| trunk.account.as_ref().map(|account| account.user.clone()))?;
    Some(SipUri::new(Some(&user), host(trunk.domain()), None).into())
}

/// The number of the house that stands for this caller on this trunk.
fn own_number(caller: &Party, trunk: &Trunk, directory: &Directory) -> Option<TelephoneNumber> {
    // A call that begins here says itself by which number of the house it is shown.
    if caller.admitted_by == AdmittedBy::Desk
        && let Some(number) = TelephoneNumber::new(&caller.number).ok().filter(TelephoneNumber::is_e164)
    {
        return Some(number);
    }
    let direct = match &caller.admitted_by {
        AdmittedBy::Account(account) => {
            directory.phone_by_account(account).and_then(|phone| phone.direct.clone())
        }
        // The number that was called is whose the call is passed on for.
        AdmittedBy::Desk => None,
        AdmittedBy::Peer(_) => caller.identity.called.clone().filter(TelephoneNumber::is_e164),
    };
    direct.filter(|_| trunk.presentation.direct).or_else(|| trunk.presentation.main.clone())
}

/// For whom a call is passed on.
fn diversion(caller: &Party, trunk: &Trunk, own: Option<&TelephoneNumber>) -> Option<(String, String)> {
    let called = caller.identity.called.as_ref().filter(|called| called.is_e164()).or(own)?;
    let written = trunk.plan.outward(called).to_string();
    let mut uri = SipUri::new(Some(&written), host(trunk.domain()), None);
    match trunk.presentation.diversion {
        DiversionForm::Hidden => None,
        DiversionForm::Diversion => {
            let mut address = NameAddr::new(uri);
            address.parameters.set("reason", Some("unconditional"));
            address.parameters.set("counter", Some("1"));
            Some(("Diversion".to_owned(), address.to_string()))
        }
        DiversionForm::HistoryInfo => {
            uri.headers = Some("Reason=SIP%3Bcause%3D302".to_owned());
            let mut address = NameAddr::new(uri);
            address.parameters.set("index", Some("1"));
            Some(("History-Info".to_owned(), address.to_string()))
        }
    }
}

#[cfg(test)]
mod tests;
