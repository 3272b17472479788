use super::*;
use frontdesk_directory::{NumberPlan, Presentation, Tenant};
use frontdesk_identifiers::{Locale, TenantId};
use frontdesk_sip_stack::{Admission, Flow, SessionId, Transport};

fn number(text: &str) -> TelephoneNumber {
    TelephoneNumber::new(text).expect("a number")
}

fn trunk(trusted: bool) -> Trunk {
    let presentation = Presentation { main: Some(number("+4930555000")), ..Presentation::default() };
    let plan = NumberPlan::of_country("DE").expect("a plan");
    let tenant = TenantId::new("main").expect("a name");
    Trunk { trusted, plan, presentation, ..Trunk::new(tenant, "carrier", "carrier.example") }
}

fn call(from: &str, lines: &[(&str, &str)]) -> IncomingCall {
    let mut headers = Headers::new();
    for (name, value) in lines {
        headers.push(HeaderName::from_token(name).expect("a name"), value);
    }
    let (local, remote) = (([192, 0, 2, 1], 5060).into(), ([198, 51, 100, 1], 5060).into());
    IncomingCall {
        session: SessionId::Incoming(1),
        admission: Admission::Peer { name: "carrier".to_owned() },
        called: "sip:+4930555100@192.0.2.1".parse().expect("a URI"),
        from: from.parse().expect("an address"),
        to: "<sip:+4930555100@192.0.2.1>".parse().expect("an address"),
        call_id: "1".to_owned(),
        offer: None,
        flow: Flow { transport: Transport::Udp, local, remote },
        headers,
        replaces: None,
        hops: 70,
    }
}

const FROM: &str = "\"Eve\" <sip:030111@carrier.example>";
const ASSERTED: (&str, &str) =
    ("P-Asserted-Identity", "\"Jane\" <sip:+4930222@carrier.example>, <tel:+4930222>");

#[test]
fn an_asserted_number_is_believed_from_a_trusted_trunk_only() {
    let of = |trusted| {
        let brought = brought(&trunk(trusted), &call(FROM, &[ASSERTED]));
        (brought.number, brought.name, brought.identity.asserted)
    };
    assert_eq!(of(true), ("+4930222".to_owned(), Some("Jane".to_owned()), true));
    assert_eq!(of(false), ("+4930111".to_owned(), Some("Eve".to_owned()), false));
}

#[test]
fn who_does_not_want_to_be_shown_is_shown_to_nobody() {
    let hidden: [(&str, &[(&str, &str)]); 6] = [
        (FROM, &[("Privacy", "id")]),
        (FROM, &[("Privacy", "header;critical")]),
        (FROM, &[("Privacy", "user")]),
        ("\"Anonymous\" <sip:anonymous@anonymous.invalid>", &[]),
        ("<sip:Restricted@carrier.example>", &[]),
        (FROM, &[("Remote-Party-ID", "<sip:+4930222@x>;party=calling;privacy=full")]),
    ];
    for (from, lines) in hidden {
        let brought = brought(&trunk(true), &call(from, lines));
        assert!(brought.identity.withheld && brought.name.is_none(), "{from} {lines:?}");
        assert_eq!(brought.number, "anonymous");
    }
    assert!(!brought(&trunk(true), &call(FROM, &[("Privacy", "none")])).identity.withheld);
}

#[test]
fn a_withheld_number_is_kept_for_the_record_from_a_trusted_trunk_only() {
    let of = |trusted| {
        let lines = [ASSERTED, ("Privacy", "id")];
        brought(&trunk(trusted), &call("<sip:anonymous@anonymous.invalid>", &lines)).identity.number
    };
    assert_eq!((of(true), of(false)), (Some(number("+4930222")), None));
}

#[test]
fn who_was_called_first_is_the_last_of_the_diversions_or_the_first_of_the_history() {
    let of = |lines: &[(&str, &str)]| brought(&trunk(false), &call(FROM, lines)).identity.diverted_from;
    let two = "<tel:+4930444>;reason=user-busy, <sip:030333@x>;reason=unconditional";
    assert_eq!(of(&[("Diversion", two)]).as_deref(), Some("+4930333"));
    assert_eq!(of(&[("Diversion", "<tel:+4930444>;privacy=full")]), None);
    let history = "<sip:+4930666@x>;index=1, <sip:+4930555100@x>;index=1.1;mp=1";
    assert_eq!(of(&[("History-Info", history)]).as_deref(), Some("+4930666"));
    assert_eq!(of(&[("History-Info", "<sip:+4930555100@x>;index=1")]), None, "nobody passed it on");
    assert_eq!(of(&[]), None);
}

fn directory() -> Directory {
    let id = TenantId::new("main").expect("a name");
    let (words, locale) = (Default::default(), Locale::default());
    Directory::builder()
        .tenant(Tenant { id, name: "Main".to_owned(), locale, country: None, words })
        .build()
        .expect("sound")
}

fn from_outside(withheld: bool) -> Party {
    Party {
        tenant: TenantId::new("main").expect("a name"),
        name: Some("Jane".to_owned()),
        number: "+4930222".to_owned(),
        admitted_by: AdmittedBy::Peer("other".to_owned()),
        hops: 70,
        identity: Identity {
            number: Some(number("+4930222")),
            called: Some(number("+4930555100")),
            withheld,
            ..Identity::default()
        },
    }
}

#[test]
fn a_call_that_is_passed_on_shows_the_caller_only_where_the_trunk_lets_it() {
    let user = |trunk: &Trunk| shown(&from_outside(false), trunk, &directory()).from.uri.user();
    let mut screening = trunk(false);
    assert_eq!(user(&screening).as_deref(), Some("+4930555000"));
    screening.presentation.no_screening = true;
    assert_eq!(user(&screening).as_deref(), Some("+4930222"));
    let mut telling = trunk(false);
    telling.presentation.diversion = DiversionForm::Diversion;
    let shown = shown(&from_outside(false), &telling, &directory());
    assert_eq!(shown.from.uri.user().as_deref(), Some("+4930222"));
    let diversion = &shown.extra.iter().find(|line| line.0 == "Diversion").expect("a Diversion").1;
    assert!(diversion.starts_with("<sip:+4930555100@carrier.example>"), "{diversion}");
}

#[test]
fn who_is_hidden_stays_hidden_and_an_own_number_vouches() {
    let mut outside = trunk(false);
    outside.presentation.no_screening = true;
    outside.presentation.identity = IdentityForm::Asserted;
    let shown = shown(&from_outside(true), &outside, &directory());
    assert_eq!(shown.from.to_string(), "\"Anonymous\" <sip:anonymous@anonymous.invalid>");
    assert!(shown.extra.contains(&("Privacy".to_owned(), "id".to_owned())));
    let all = format!("{:?}", shown.extra);
    assert!(all.contains("+4930555000") && !all.contains("+4930222"), "{all}");
}

#[test]
fn a_number_that_nobody_vouched_for_is_shown_and_not_asserted() {
    let mut outside = trunk(false);
    outside.presentation.no_screening = true;
    let mut told = |form, asserted| {
        outside.presentation.identity = form;
        let mut caller = from_outside(false);
        caller.identity.asserted = asserted;
        let shown = shown(&caller, &outside, &directory());
        assert_eq!(shown.from.uri.user().as_deref(), Some("+4930222"));
        shown.extra[0].1.contains("+4930222")
    };
    assert!(!told(IdentityForm::Asserted, false) && told(IdentityForm::Asserted, true));
    assert!(!told(IdentityForm::RemoteParty, false) && told(IdentityForm::RemoteParty, true));
    assert!(told(IdentityForm::Preferred, false), "it is only asked for");
}
