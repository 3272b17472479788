//! Header lines, and headers as what they mean.

use frontdesk_sip_message::{
    CSeq, Challenge, Contacts, HeaderError, HeaderName, Headers, Message, MessageFault, Method, ParseError,
    Request, Response, StatusCode, Uri, Via,
};

fn headers(lines: &str) -> Headers {
    let text = format!("OPTIONS sip:a@b SIP/2.0\r\n{}\r\n\r\n", lines.replace('\n', "\r\n"));
    match Message::read(text.as_bytes()) {
        Ok(Message::Request(request)) => request.headers,
        other => panic!("{other:?}"),
    }
}

#[test]
fn compact_names_are_the_long_ones() {
    let headers = headers(
        "v: SIP/2.0/UDP a\nI: x\nf: <sip:a@b>\nT: <sip:c@d>\nm: *\nk: 100rel, timer\nc: application/sdp",
    );
    assert!(headers.top_via().is_ok() && headers.from().is_ok() && headers.to().is_ok());
    assert_eq!(headers.call_id(), Ok("x"));
    assert_eq!(headers.contacts(), Ok(Contacts::Star));
    assert_eq!(headers.supported(), ["100rel", "timer"]);
    assert!(headers.content_type().unwrap().unwrap().is_sdp());
    for name in HeaderName::KNOWN {
        assert_eq!(HeaderName::from_token(&name.as_str().to_uppercase()).as_ref(), Some(name));
    }
}

#[test]
fn several_vias_in_a_line_are_several_vias() {
    let mut headers = headers(
        "Via: SIP/2.0/UDP a;branch=z9hG4bK1;x=\",\" , SIP/2.0/TCP [::1]:5061;rport\nVia: SIP/2.0/UDP c",
    );
    let hosts: Vec<_> = headers.vias().unwrap().iter().map(|via| via.host.to_string()).collect();
    assert_eq!(hosts, ["a", "[::1]", "c"]);
    let mut top = headers.top_via().unwrap();
    top.set_received("2001:db8::1".parse().unwrap());
    top.set_rport(5062);
    headers.set_top_via(&top);
    let vias = headers.vias().unwrap();
    assert_eq!(vias.len(), 3);
    assert_eq!((vias[0].received(), vias[0].rport()), ("2001:db8::1".parse().ok(), Some(Some(5062))));
    assert_eq!(vias[1].rport(), Some(None));
    assert_eq!((vias[1].port, vias[2].rport()), (Some(5061), None));
}

#[test]
fn a_via_that_cannot_be_read_is_a_fault() {
    for text in [
        "SIP/2.0/UDP",
        "SIP/2.0 UDP a",
        "HTTP/1.1/TCP a",
        "SIP/2.0/UDP a:x",
        "SIP/2.0/UDP a:99999",
        "SIP/2.0/UDP a b",
        "SIP/2.0/UDP [::1",
        "SIP/2.0/UDP a;",
        "SIP/2.0/UDP ::1",
    ] {
        assert!(text.parse::<Via>().is_err(), "{text}");
    }
}

#[test]
fn lists_are_split_outside_quotes_and_brackets_only() {
    let headers = headers(
        "Contact: \"a, b\" <sip:a@b;x=1,2>;q=0.5, <sip:c@d>;expires=60\nContact: sip:e@f;+sip.instance=\"<urn:uuid:1,2>\"\nRoute: <sip:p1;lr>,<sip:p2;lr>",
    );
    // A comma in a URI parameter is not allowed; it does not split either.
    assert!(headers.contacts().is_err());
    assert_eq!(headers.routes().unwrap().len(), 2);
    let headers = self::headers(
        "Contact: \"a, b\" <sip:a,1@b>;q=0.5, <sip:c@d>;expires=60\nContact: sip:e@f;+sip.instance=\"<urn:uuid:1,2>\"",
    );
    let Contacts::List(contacts) = headers.contacts().unwrap() else { panic!("a list") };
    assert_eq!(contacts.len(), 3);
    assert_eq!((contacts[0].preference(), contacts[0].expires()), (500, None));
    assert_eq!((contacts[1].preference(), contacts[1].expires()), (1000, Some(60)));
    assert_eq!(contacts[2].address.parameters.unquoted("+sip.instance").as_deref(), Some("<urn:uuid:1,2>"));
}

#[test]
fn a_contact_says_which_device_and_which_of_its_flows() {
    let read = |text: &str| {
        let contact: frontdesk_sip_message::Contact = text.parse().expect("a contact");
        (contact.instance(), contact.flow_number())
    };
    let uuid = Some("urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF".to_owned());
    let whole = "<sip:a@b>;reg-id=1;+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>\"";
    assert_eq!(read(whole), (uuid.clone(), Some(1)));
    assert_eq!(
        read("<sip:a@b>;+SIP.Instance=\"urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF\""),
        (uuid, None)
    );
    assert_eq!(read("<sip:a@b>;REG-ID=2147483647"), (None, Some(2_147_483_647)));
    for number in ["0", "2147483648", "x", "-1", "99999999999999999999"] {
        assert_eq!(read(&format!("<sip:a@b>;reg-id={number}")), (None, None), "{number}");
    }
    assert_eq!(read("<sip:a@b;reg-id=1>;+sip.instance=\"<>\""), (None, None), "of the URI, and of nobody");
}

#[test]
fn a_star_stands_alone() {
    assert!(headers("Contact: *\nContact: <sip:a@b>").contacts().is_err());
    assert!(headers("Contact: *, <sip:a@b>").contacts().is_err());
    assert_eq!(headers("X: y").contacts(), Ok(Contacts::List(vec![])));
}

#[test]
fn cseq_lies_below_two_to_the_31st() {
    let cseq = |text: &str| text.parse::<CSeq>();
    assert_eq!(cseq("2147483647 INVITE"), Ok(CSeq { number: 2147483647, method: Method::INVITE }));
    for text in [
        "2147483648 INVITE",
        "-1 INVITE",
        "+1 INVITE",
        "1INVITE",
        "INVITE",
        "1",
        "1 INVITE x",
        "99999999999999999999 ACK",
    ] {
        assert!(cseq(text).is_err(), "{text}");
    }
}

#[test]
fn challenges_are_read_with_everything_that_rfc_8760_brings() {
    let line = "Digest realm=\"a, \\\"b\\\"\", nonce=\"n==\", algorithm=SHA-256, qop=\"auth,auth-int\", opaque=\"\", stale=TRUE";
    let read = headers(&format!(
        "WWW-Authenticate: {line}\nWWW-Authenticate: Digest realm=\"x\", nonce=\"y\"\nProxy-Authenticate: Bearer realm=\"z\""
    ));
    let challenges = read.www_challenges().unwrap();
    assert_eq!(challenges[0].realm, "a, \"b\"");
    assert_eq!(challenges[0].qop, ["auth", "auth-int"]);
    assert_eq!(challenges[0].algorithm.as_deref(), Some("SHA-256"));
    assert_eq!((challenges[0].opaque.as_deref(), challenges[0].stale), (Some(""), true));
    assert_eq!((challenges[1].qop.len(), challenges[1].algorithm.as_deref()), (0, None));
    assert!(!read.proxy_challenges().unwrap()[0].is_digest());
    for challenge in &challenges {
        let again = headers(&format!("WWW-Authenticate: {challenge}"));
        assert_eq!(again.www_challenges().unwrap(), std::slice::from_ref(challenge));
    }
    let joined =
        headers("WWW-Authenticate: Digest realm=a, nonce=b, Digest realm=\"c\", nonce=\"d\",algorithm=MD5");
    let realms: Vec<_> =
        joined.www_challenges().unwrap().into_iter().map(|challenge| challenge.realm).collect();
    assert_eq!(realms, ["a", "c"]);
    assert_eq!(
        Challenge::digest("r", "n", "MD5").to_string(),
        "Digest realm=\"r\", nonce=\"n\", algorithm=MD5, qop=\"auth\""
    );
}

#[test]
fn credentials_are_read_and_written() {
    let text = "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"sip:a@b;x=\\\"\", algorithm=SHA-256, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, response=\"753927\", opaque=\"FQhe\"";
    let read =
        headers(&format!("Authorization: {text}\nAuthorization: Basic abc\nProxy-Authorization: {text}"));
    let credentials = read.authorizations().unwrap();
    assert_eq!(credentials.len(), 1);
    assert_eq!((credentials[0].username.as_str(), credentials[0].nonce_count()), ("Mufasa", Some(1)));
    assert_eq!(credentials[0].qop.as_deref(), Some("auth"));
    assert_eq!(read.proxy_authorizations().unwrap(), credentials);
    assert_eq!(headers(&format!("Authorization: {}", credentials[0])).authorizations().unwrap(), credentials);
    for broken in
        ["Digest", "Digest username=\"a\"", "Digest username=\"a", "Digest username", "=", "Digest a=b c=d"]
    {
        assert!(headers(&format!("Authorization: {broken}")).authorizations().is_err(), "{broken}");
    }
}

#[test]
fn numbers_and_reasons_are_read() {
    let read = headers(
        "Max-Forwards: 70\nExpires: 99999999999\nMin-Expires: 60\nRetry-After: 120 (in a meeting);duration=60\nReason: Q.850;cause=16;text=\"Terminated, normally\", SIP;cause=200",
    );
    assert_eq!(read.max_forwards(), Ok(Some(70)));
    assert_eq!((read.expires(), read.min_expires()), (Ok(Some(u32::MAX)), Ok(Some(60))));
    assert_eq!(read.retry_after(), Ok(Some(120)));
    let reason = read.reason().unwrap();
    assert_eq!((reason.cause(), reason.text().as_deref()), (Some(16), Some("Terminated, normally")));
    assert!(headers("Max-Forwards: 256").max_forwards().is_err());
    assert_eq!(
        headers("Max-Forwards: 1\nMax-Forwards: 1").max_forwards(),
        Err(HeaderError::Repeated(HeaderName::MaxForwards))
    );
}

#[test]
fn lines_can_be_set_removed_and_put_in_front() {
    let mut headers = Headers::new();
    headers.push(HeaderName::Via, "SIP/2.0/UDP b");
    headers.push(HeaderName::To, "<sip:a@b>");
    headers.push(HeaderName::Via, "SIP/2.0/UDP c");
    headers.push_front(HeaderName::Via, "SIP/2.0/UDP a");
    headers.push(HeaderName::Subject, "hello\r\nEvil: yes");
    assert_eq!(headers.tokens(HeaderName::Via), ["SIP/2.0/UDP a", "SIP/2.0/UDP b", "SIP/2.0/UDP c"]);
    headers.set(HeaderName::Via, "SIP/2.0/UDP d");
    headers.set(HeaderName::UserAgent, "frontdesk");
    let all: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    assert_eq!(
        all,
        ["Via: SIP/2.0/UDP d", "To: <sip:a@b>", "Subject: hello  Evil: yes", "User-Agent: frontdesk"]
    );
    headers.remove(HeaderName::Via);
    assert!(!headers.contains(HeaderName::Via));
    assert_eq!(headers.len(), 3);
}

#[test]
fn a_name_in_latin_1_does_not_lose_the_message() {
    let bytes = b"BYE sip:a@b SIP/2.0\r\nFrom: \"K\xe4the\" <sip:a@b>;tag=1\r\n\r\n";
    let Ok(Message::Request(request)) = Message::read(bytes) else { panic!("a request") };
    assert_eq!(request.headers.from().unwrap().display.as_deref(), Some("Käthe"));
}

#[test]
fn the_body_is_cut_to_its_length_and_its_length_is_written_as_it_is() {
    let Ok(Message::Request(mut request)) = Message::read(b"\r\n\r\nINFO sip:a@b SIP/2.0\nl: 3\n\nabcdef")
    else {
        panic!("a request")
    };
    assert_eq!(request.body, b"abc");
    request.body = b"longer".to_vec();
    assert_eq!(request.to_bytes(), b"INFO sip:a@b SIP/2.0\r\nContent-Length: 6\r\n\r\nlonger");
    let mut request = Request::new(Method::BYE, Uri::Other("x:y\r\nEvil: yes".to_owned()));
    request.headers.push(HeaderName::CallId, "1");
    assert_eq!(request.to_bytes(), b"BYE x:y  Evil: yes SIP/2.0\r\nCall-ID: 1\r\nContent-Length: 0\r\n\r\n");
    let mut response = Response::new(StatusCode::RINGING);
    response.reason = "Läutet".to_owned();
    assert_eq!(response.to_bytes(), "SIP/2.0 180 Läutet\r\nContent-Length: 0\r\n\r\n".as_bytes());
}

#[test]
fn what_is_no_message_is_told_apart() {
    let read = |bytes: &[u8]| Message::read(bytes).unwrap_err();
    assert_eq!(read(b""), ParseError::KeepAlive);
    assert_eq!(read(b"\r\n\r\n"), ParseError::KeepAlive);
    assert_eq!(read(b"\0\0\0\0"), ParseError::KeepAlive);
    assert_eq!(read(b"GET / HTTP/1.1\r\n\r\n"), ParseError::NotSip);
    assert_eq!(read(b"\x80\x00\x01"), ParseError::NotSip);
    assert_eq!(read(b"INVITE sip:a@b SIP/2.0\r\nVia: x\r\n"), ParseError::HeadersDoNotEnd);
    assert_eq!(read(&vec![b'a'; 65_536]), ParseError::TooLong { length: 65_536 });
    assert_eq!(read(b"SIP/3.0 200 OK\r\n\r\n"), ParseError::BadResponse(MessageFault::Version));
    assert_eq!(read(b"SIP/2.0 99 OK\r\n\r\n"), ParseError::BadResponse(MessageFault::StatusLine));
    let mut endless = b"INVITE sip:a@b SIP/2.0\r\nX: ".to_vec();
    endless.extend(vec![b'x'; 40_000]);
    endless.extend_from_slice(b"\r\n\r\n");
    assert_eq!(read(&endless), ParseError::HeadersDoNotEnd);
}

#[test]
fn too_many_lines_and_lines_without_a_name_are_answered_with_400() {
    let start = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP a\r\n";
    for (rest, fault) in [
        ("X: y\r\n".repeat(256), MessageFault::TooManyHeaderLines),
        ("no colon\r\n".to_owned(), MessageFault::HeaderLine { line: 2 }),
        (": no name\r\n".to_owned(), MessageFault::HeaderLine { line: 2 }),
        ("a b: c\r\n".to_owned(), MessageFault::HeaderLine { line: 2 }),
    ] {
        let error = Message::read(format!("{start}{rest}\r\n").as_bytes()).unwrap_err();
        let rejection = error.answerable().expect("it can be answered");
        assert_eq!(rejection.fault, fault);
        assert_eq!(rejection.fault.status(), StatusCode::BAD_REQUEST);
    }
    let folded_first = "OPTIONS sip:a@b SIP/2.0\r\n folded: line\r\nVia: SIP/2.0/UDP a\r\n\r\n";
    assert!(Message::read(folded_first.as_bytes()).unwrap_err().answerable().is_some());
}

#[test]
fn an_ack_and_a_request_without_via_are_never_answered() {
    let broken_ack = b"ACK <sip:a@b> SIP/2.0\r\nVia: SIP/2.0/UDP a\r\n\r\n";
    assert!(Message::read(broken_ack).unwrap_err().answerable().is_none());
    assert!(Message::read(b"BYE <sip:a@b> SIP/2.0\r\n\r\n").unwrap_err().answerable().is_none());
}

#[test]
fn an_answer_copies_what_the_rfc_says() {
    let request = headers(
        "Via: SIP/2.0/UDP a, SIP/2.0/UDP b\nVia: SIP/2.0/UDP c\nTo: x\nFrom: y\nCall-ID: z\nCSeq: 1 OPTIONS\nTimestamp: 5\nSubject: no",
    );
    let names = |status| -> Vec<String> {
        Response::answering(&request, status).headers.iter().map(|(name, _)| name.to_string()).collect()
    };
    assert_eq!(names(StatusCode::OK), ["Via", "Via", "To", "From", "Call-ID", "CSeq"]);
    assert_eq!(names(StatusCode::TRYING), ["Via", "Via", "To", "From", "Call-ID", "CSeq", "Timestamp"]);
}

#[test]
fn a_call_id_is_one_word_without_control_characters() {
    for text in ["", "a b", "\u{c}a", "a\u{0}"] {
        assert!(headers(&format!("Call-ID: {text}")).call_id().is_err(), "{text:?}");
    }
    assert_eq!(headers("i:  word@host ").call_id(), Ok("word@host"));
}
