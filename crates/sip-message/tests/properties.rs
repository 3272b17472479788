//! parse ∘ write is the identity on whatever this crate can make.

#[path = "oracle/walk.rs"]
mod walk;

use frontdesk_sip_message::{
    CSeq, HeaderName, Headers, Host, Message, Method, NameAddr, Parameters, RAck, Request, Response,
    SessionExpires, SipUri, StatusCode, TelUri, Uri, Via,
};
use proptest::prelude::*;
use std::net::IpAddr;

fn token() -> impl Strategy<Value = String> {
    "[A-Za-z0-9.!%*_+`'~-]{1,12}"
}

fn host() -> impl Strategy<Value = Host> {
    prop_oneof![
        "[a-z]([a-z0-9-]{0,8}[a-z0-9])?(\\.[a-z]{2,6})?".prop_map(Host::Name),
        any::<u32>().prop_map(|bits| Host::Ip(IpAddr::V4(bits.into()))),
        any::<u128>().prop_map(|bits| Host::Ip(IpAddr::V6(bits.into()))),
    ]
}

/// Values of any characters: those that need quotes get them.
fn parameters() -> impl Strategy<Value = Parameters> {
    prop::collection::vec((token(), prop::option::of("\\PC{1,12}")), 0..4).prop_map(|list| {
        list.iter()
            .fold(Parameters::new(), |parameters, (name, value)| parameters.with(name, value.as_deref()))
    })
}

fn uri_parameters() -> impl Strategy<Value = Parameters> {
    let name = "[A-Za-z0-9.!*_+`'~-]{1,12}";
    let value = "[a-z0-9_.!~*'()/:&+$-]{1,10}";
    prop::collection::vec((name, prop::option::of(value)), 0..4).prop_map(|list| {
        list.iter()
            .fold(Parameters::new(), |parameters, (name, value)| parameters.with(name, value.as_deref()))
    })
}

fn uri() -> impl Strategy<Value = Uri> {
    let sip = (
        any::<bool>(),
        prop::option::of("\\PC{1,12}"),
        host(),
        prop::option::of(any::<u16>()),
        uri_parameters(),
        prop::option::of("[a-z]{1,5}=[a-z0-9%]{0}[a-z0-9]{0,5}"),
    )
        .prop_map(|(secure, user, host, port, parameters, headers)| {
            let mut uri = SipUri::new(user.as_deref(), host, port);
            (uri.secure, uri.parameters, uri.headers) = (secure, parameters, headers);
            Uri::Sip(uri)
        });
    let tel = ("\\+[0-9][0-9.()-]{0,14}", uri_parameters())
        .prop_map(|(number, parameters)| Uri::Tel(TelUri { number, parameters }));
    prop_oneof![4 => sip, 1 => tel, 1 => "urn:[a-z:]{1,12}".prop_map(Uri::Other)]
}

fn name_addr() -> impl Strategy<Value = NameAddr> {
    (prop::option::of("[^\r\n]{0,16}"), uri(), parameters()).prop_map(|(display, uri, parameters)| NameAddr {
        display,
        uri,
        parameters,
    })
}

fn via() -> impl Strategy<Value = Via> {
    (token(), host(), prop::option::of(any::<u16>()), parameters())
        .prop_map(|(transport, host, port, parameters)| Via { transport, host, port, parameters })
}

fn method() -> impl Strategy<Value = Method> {
    prop_oneof![
        prop::sample::select(Method::KNOWN.to_vec()),
        token().prop_map(|token| Method::from_token(&token).expect("a token")),
    ]
}

prop_compose! {
    fn headers(method: Method)(
        vias in prop::collection::vec(via(), 1..4),
        from in name_addr(), to in name_addr(),
        routes in prop::collection::vec(name_addr(), 0..3),
        number in 0..=CSeq::NUMBER_MAX,
        call_id in "[!-~]{1,20}",
        extension in (token(), "[^\r\n]{0,20}"),
    ) -> Headers {
        let mut headers = Headers::new();
        vias.iter().for_each(|via| headers.push(HeaderName::Via, via.to_string()));
        headers.push(HeaderName::From, from.to_string());
        headers.push(HeaderName::To, to.to_string());
        headers.push(HeaderName::CallId, call_id);
        headers.push(HeaderName::CSeq, CSeq { number, method: method.clone() }.to_string());
        routes.iter().for_each(|route| headers.push(HeaderName::Route, route.to_string()));
        // A known name would change what the message means.
        headers.push(HeaderName::from_token(&format!("X-{}", extension.0)).expect("a token"), extension.1);
        headers
    }
}

fn message() -> impl Strategy<Value = Message> {
    let body = prop::collection::vec(any::<u8>(), 0..40);
    (method(), uri(), 100_u16..700, "\\PC{0,12}", any::<bool>()).prop_flat_map(
        move |(method, uri, status, reason, is_request)| {
            let status = StatusCode::new(status).expect("within the bounds");
            (headers(method.clone()), body.clone()).prop_map(move |(mut headers, body)| {
                headers.push(HeaderName::ContentLength, body.len().to_string());
                if is_request {
                    Message::Request(Request { method: method.clone(), uri: uri.clone(), headers, body })
                } else {
                    Message::Response(Response { status, reason: reason.clone(), headers, body })
                }
            })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_message_that_was_written_is_read_as_the_same(message in message()) {
        let mut bytes = Vec::new();
        message.write(&mut bytes);
        prop_assert_eq!(Message::read(&bytes), Ok(message));
    }

    #[test]
    fn a_made_request_has_no_fault_but_its_scheme(message in message()) {
        if let Message::Request(request) = message {
            let expected_fault = match &request.uri {
                Uri::Other(_) => true,
                Uri::Sip(uri) => uri.headers.is_some(),
                Uri::Tel(_) => false,
            };
            prop_assert_eq!(request.fault().is_some(), expected_fault, "{:?}", request.fault());
        }
    }

    #[test]
    fn addresses_and_vias_that_were_written_are_read_as_the_same(address in name_addr(), via in via(), uri in uri()) {
        prop_assert_eq!(address.to_string().parse(), Ok(address));
        prop_assert_eq!(via.to_string().parse(), Ok(via));
        prop_assert!(uri.equivalent(&uri));
        prop_assert_eq!(uri.to_string().parse(), Ok(uri));
    }

    #[test]
    fn a_list_of_addresses_is_split_as_it_was_joined(addresses in prop::collection::vec(name_addr(), 0..5)) {
        let texts: Vec<String> = addresses.iter().map(NameAddr::to_string).collect();
        let mut headers = Headers::new();
        headers.push(HeaderName::Route, texts.join(" , "));
        prop_assert_eq!(headers.routes(), Ok(addresses));
    }

    #[test]
    fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        walk::walk(&bytes);
        let mut line = b"INVITE sip:a@b SIP/2.0\r\n".to_vec();
        line.extend(bytes);
        walk::walk(&line);
    }

    #[test]
    fn an_acknowledgement_of_a_provisional_response_is_read_as_it_was_written(
        response in any::<u32>(), number in 0..=CSeq::NUMBER_MAX, method in method(),
    ) {
        let rack = RAck { response, request: CSeq { number, method } };
        prop_assert_eq!(rack.to_string().parse(), Ok(rack));
    }

    #[test]
    fn a_session_interval_is_read_as_it_was_written(seconds in any::<u32>(), parameters in parameters()) {
        let expires = SessionExpires { seconds, parameters };
        prop_assert_eq!(expires.to_string().parse(), Ok(expires));
    }

    #[test]
    fn no_value_breaks_a_header(value in "\\PC{0,60}") {
        for name in ["Via", "From", "Contact", "CSeq", "Authorization", "WWW-Authenticate", "Content-Type", "Reason", "RAck", "RSeq", "Session-Expires", "Min-SE"] {
            walk::walk(format!("OPTIONS sip:a@b SIP/2.0\r\n{name}: {value}\r\n\r\n").as_bytes());
        }
    }
}
