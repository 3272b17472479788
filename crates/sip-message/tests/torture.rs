//! The named messages of RFC 4475 and RFC 5118: what is read out of them. What each comes to, here and in the stack, is
//! told in `tests/wire/table.rs`.

#[path = "torture/corpus.rs"]
mod corpus;

use corpus::{Case, cases};
use frontdesk_sip_message::{Contacts, HeaderName, Host, Message, Method, Request, Response, Uri};
use std::net::IpAddr;
use std::path::PathBuf;

fn case(name: &str) -> Case {
    cases().into_iter().find(|case| case.name == name).expect("a case of this name")
}

fn request(name: &str) -> Request {
    match Message::read(&case(name).bytes) {
        Ok(Message::Request(request)) => request,
        other => panic!("{name}: {other:?}"),
    }
}

fn response(name: &str) -> Response {
    match Message::read(&case(name).bytes) {
        Ok(Message::Response(response)) => response,
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn the_texts_are_those_of_the_rfcs_byte_for_byte() {
    let root = std::env::var_os("FRONTDESK_TESTDATA").map(PathBuf::from);
    let root = root
        .unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/testdata")));
    let root = root.join("sip");
    if !root.is_dir() {
        println!("skipped: no test data");
        return;
    }
    let differing: Vec<_> = cases()
        .into_iter()
        .filter(|case| {
            let name =
                if case.document == "rfc4475" { format!("{}.dat", case.name) } else { case.name.to_owned() };
            let path = root.join(case.document).join(name);
            let reference =
                std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            reference != case.bytes
        })
        .map(|case| case.name)
        .collect();
    assert!(differing.is_empty(), "these differ: {differing:?}");
}

#[test]
fn what_was_read_is_written_and_read_again_as_the_same() {
    for case in cases() {
        if let Ok(mut message) = Message::read(&case.bytes) {
            // RFC 2543 left it out; what is written always has it.
            if let Message::Request(request) = &mut message
                && !request.headers.contains(HeaderName::ContentLength)
            {
                request.headers.push(HeaderName::ContentLength, request.body.len().to_string());
            }
            let mut bytes = Vec::new();
            message.write(&mut bytes);
            assert_eq!(Message::read(&bytes).as_ref(), Ok(&message), "{}", case.name);
        }
    }
}

#[test]
fn a_rejected_request_can_be_answered_with_what_it_brought() {
    let mut rejected = 0;
    for case in cases() {
        let Err(error) = Message::read(&case.bytes) else { continue };
        let Some(rejection) = error.answerable() else { continue };
        rejected += 1;
        let answer = Response::answering(&rejection.headers, rejection.fault.status());
        for name in [HeaderName::Via, HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::CSeq]
        {
            assert!(answer.headers.contains(&name), "{}: {name}", case.name);
        }
    }
    assert_eq!(rejected, 9);
}

#[test]
fn wsinv_means_what_the_rfc_says() {
    let request = request("wsinv");
    let headers = &request.headers;
    let vias = headers.vias().unwrap();
    let branches: Vec<_> = vias.iter().filter_map(|via| via.branch()).collect();
    assert_eq!(branches, ["390skdjuw", "z9hG4bK9ikj8", "z9hG4bK30239"]);
    assert!(!vias[0].has_rfc3261_branch() && vias[1].has_rfc3261_branch());
    assert_eq!(vias[1].transport, "TCP");
    assert_eq!(headers.cseq().unwrap().number, 9);
    assert_eq!(headers.max_forwards(), Ok(Some(68)));
    let from = headers.from().unwrap();
    assert_eq!((from.display.as_deref(), from.tag()), (Some("J Rosenberg \\\""), Some("98asjd8")));
    assert_eq!(headers.to().unwrap().tag(), Some("1918181833n"));
    assert_eq!(headers.get(HeaderName::Subject), Some(""));
    let unknown = HeaderName::from_token("newfangledheader").unwrap();
    assert_eq!(headers.get(unknown), Some("newfangled value continued newfangled value"));
    let Contacts::List(contacts) = headers.contacts().unwrap() else { panic!("a list") };
    assert_eq!(contacts[0].address.display.as_deref(), Some("Quoted string \"\""));
    assert_eq!(contacts[0].preference(), 330);
    assert!(headers.routes().unwrap()[0].uri.as_sip().unwrap().is_loose_router());
    assert_eq!(request.body.len(), 150);
}

#[test]
fn odd_characters_are_understood_where_the_grammar_allows_them() {
    let intmeth = request("intmeth");
    assert_eq!(intmeth.method.as_str(), "!interesting-Method0123456789_*+`.%indeed'~");
    let uri = intmeth.uri.as_sip().unwrap();
    assert_eq!(uri.user.as_deref(), Some("1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"));
    assert_eq!(uri.password.as_deref(), Some("&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"));
    let to = intmeth.headers.to().unwrap();
    assert_eq!(to.display.as_deref(), Some("BEL:\u{7} NUL:\0 DEL:\u{7f}"));
    assert_eq!(to.to_string().parse(), Ok(to));
    let from = intmeth.headers.from().unwrap();
    assert_eq!(from.parameters.unquoted("fromParam''~+*_!.-%").as_deref(), Some("работающий"));
    assert_eq!(response("unreason").reason, "= 2**3 * 5**2 но сто девяносто девять - простое");
    assert_eq!(response("noreason").reason, "");
}

#[test]
fn escapes_mean_what_the_rfc_says() {
    let esc01 = request("esc01");
    assert_eq!(esc01.uri.user().as_deref(), Some("sips:user@example.com"));
    let contacts = esc01.headers.contacts().unwrap();
    let caller = &contacts.first().unwrap().address.uri;
    assert!(caller.equivalent(&"sip:caller@host5.example.net;lr;name=value%2541".parse().unwrap()));
    // An escape in a method or a header name is part of the name.
    let esc02 = request("esc02");
    assert_ne!(esc02.method, Method::REGISTER);
    assert_eq!(esc02.headers.get_all(HeaderName::Contact).count(), 2);
    let Contacts::List(nulls) = request("escnull").headers.contacts().unwrap() else { panic!("a list") };
    assert!(!nulls[0].address.uri.equivalent(&nulls[1].address.uri));
    let semicolon = request("semiuri");
    assert_eq!(semicolon.uri.user().as_deref(), Some("user;par=u@example.net"));
    let escaped_route = request("regescrt").headers.contacts().unwrap();
    let fields: Vec<_> =
        escaped_route.first().unwrap().address.uri.as_sip().unwrap().header_fields().collect();
    assert_eq!(fields, [("Route".to_owned(), "<sip:sip.example.com>".to_owned())]);
}

#[test]
fn parameters_belong_to_the_header_without_brackets_and_to_the_uri_within() {
    let bare = request("cparam01").headers.contacts().unwrap();
    let bracketed = request("cparam02").headers.contacts().unwrap();
    assert!(bare.first().unwrap().address.parameters.contains("unknownparam"));
    assert!(bare.first().unwrap().address.uri.as_sip().unwrap().parameters.is_empty());
    assert!(bracketed.first().unwrap().address.uri.as_sip().unwrap().parameters.contains("unknownparam"));
    let to = request("inv2543").headers.to().unwrap();
    assert_eq!(to.parameters.get("user"), Some("phone"));
}

#[test]
fn only_the_first_message_of_a_datagram_counts() {
    let first = request("dblreq");
    assert_eq!(first.method, Method::REGISTER);
    assert!(first.body.is_empty());
}

#[test]
fn what_the_stack_judges_can_be_read() {
    assert_eq!(request("bext01").headers.require(), ["nothingSupportsThis", "nothingSupportsThisEither"]);
    assert_eq!(request("zeromf").headers.max_forwards(), Ok(Some(0)));
    assert!(!request("badbranch").headers.top_via().unwrap().has_rfc3261_branch());
    assert_eq!(request("regaut01").headers.authorizations(), Ok(vec![]));
    assert!(!request("invut").headers.content_type().unwrap().unwrap().is_sdp());
    assert!(matches!(request("unksm2").headers.to().unwrap().uri, Uri::Other(_)));
    let Message::Request(scalar) = Message::read(&case("scalar02").bytes).unwrap() else {
        panic!("a request")
    };
    assert_eq!(scalar.headers.expires(), Ok(Some(u32::MAX)));
    assert_eq!(scalar.headers.contacts().unwrap().first().unwrap().expires(), Some(u32::MAX));
    assert_eq!(request("baddn").headers.from().unwrap().display.as_deref(), Some("Bell, Alexander"));
}

#[test]
fn ipv6_stands_in_brackets_and_the_port_behind_them() {
    let place = |name: &str| {
        let request = request(name);
        let uri = request.uri.as_sip().unwrap();
        (uri.host.to_string(), uri.port)
    };
    assert_eq!(place("port-ambiguous"), ("[2001:db8::10:5070]".to_owned(), None));
    assert_eq!(place("port-unambiguous"), ("[2001:db8::10]".to_owned(), Some(5070)));
    assert_eq!(place("ipv6-bug-abnf-3-colons"), place("ipv6-correct-abnf-2-colons"));
    let expected: IpAddr = "2001:db8::9:255".parse().unwrap();
    for name in ["via-received-param-with-delim", "via-received-param-no-delim"] {
        assert_eq!(request(name).headers.top_via().unwrap().received(), Some(expected), "{name}");
    }
    let via = request("ipv4-mapped-ipv6").headers.top_via().unwrap();
    assert_eq!((via.host, via.port), (Host::Ip("::ffff:192.0.2.10".parse().unwrap()), Some(19823)));
}
