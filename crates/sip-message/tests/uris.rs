//! URIs and addresses.

use frontdesk_sip_message::{Host, Message, NameAddr, Parameters, SipUri, Uri};

fn uri(text: &str) -> Uri {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn uris_are_written_as_they_were_read() {
    for text in [
        "sip:alice@atlanta.com",
        "sip:alice:secretword@atlanta.com;transport=tcp",
        "sips:alice@atlanta.com?subject=project%20x&priority=urgent",
        "sip:+1-212-555-1212:1234@gateway.com;user=phone",
        "sips:1212@gateway.com",
        "sip:alice@192.0.2.4",
        "sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com",
        "sip:alice;day=tuesday@atlanta.com",
        "sip:user@[2001:db8::10]:5070;lr",
        "sip:*21#@pbx.example",
        "sip:desk@office_1.local",
        "tel:+49-30-1234567",
        "tel:7042;phone-context=example.com",
        "urn:service:sos",
        "mailto:desk@example.com",
    ] {
        assert_eq!(uri(text).to_string(), text);
    }
}

#[test]
fn what_is_no_uri_is_refused() {
    for text in [
        "",
        "sip",
        "sip:",
        "sip:@example.com",
        "sip:a@",
        "sip:a@b@c",
        "sip:a b@c",
        "sip:a@b:",
        "sip:a@b:65536",
        "sip:a@b:-1",
        "sip:a@b:50 60",
        "sip:a@b;",
        "sip:a@b;;lr",
        "sip:a@b;=x",
        "sip:a@b;x=",
        "sip:a@b?",
        "sip:a%4@b",
        "sip:a%zz@b",
        "sip:2001:db8::1",
        "sip:[2001:db8::1",
        "sip:[2001:db8::1]x",
        "sip:[2001:db8:::1]",
        "sip:[192.0.2.1]",
        "tel:",
        "tel:+",
        "tel:+12a",
        "tel:--",
        "1scheme:x",
        "<sip:a@b>",
        "urn:",
    ] {
        assert!(text.parse::<Uri>().is_err(), "{text} was read as {:?}", text.parse::<Uri>());
    }
}

/// The examples of RFC 3261 §19.1.4.
#[test]
fn uris_that_mean_the_same_are_equivalent() {
    for (one, two) in [
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
        ("sip:a@b;maddr=c;maddr=d", "sip:a@b;maddr=c;maddr=e"),
        ("tel:+49-30-1234", "tel:+49301234"),
        ("sip:a@[2001:DB8::1]", "sip:a@[2001:db8:0::1]"),
    ] {
        assert!(uri(one).equivalent(&uri(two)) && uri(two).equivalent(&uri(one)), "{one} {two}");
    }
}

/// The examples of RFC 3261 §19.1.4.
#[test]
fn uris_that_mean_something_else_are_not_equivalent() {
    for (one, two) in [
        ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
        ("sip:a@b", "sips:a@b"),
        ("sip:a@b;user=phone", "sip:a@b"),
        ("tel:+49301234", "tel:+49301235"),
        ("tel:7042;phone-context=example.com", "tel:7042"),
        ("tel:+49301234", "sip:+49301234@example.com"),
    ] {
        assert!(!uri(one).equivalent(&uri(two)) && !uri(two).equivalent(&uri(one)), "{one} {two}");
    }
}

#[test]
fn a_user_is_escaped_when_a_uri_is_made_and_unescaped_when_it_is_read() {
    let made = SipUri::new(Some("Käthe #1@home"), Host::Name("example.com".to_owned()), Some(5060));
    assert_eq!(made.to_string(), "sip:K%C3%A4the%20%231%40home@example.com:5060");
    assert_eq!(uri(&made.to_string()).user().as_deref(), Some("Käthe #1@home"));
    assert_eq!(uri("tel:+49-(30)-12.34").user().as_deref(), Some("+49301234"));
}

#[test]
fn addresses_are_read_in_every_form() {
    for (text, display, address, tag) in [
        (
            "\"A. G. Bell\" <sip:agb@bell-telephone.com> ;tag=a48s",
            Some("A. G. Bell"),
            "sip:agb@bell-telephone.com",
            Some("a48s"),
        ),
        (
            "sip:+12125551212@server.phone2net.com;tag=887s",
            None,
            "sip:+12125551212@server.phone2net.com",
            Some("887s"),
        ),
        (
            "Anonymous <sip:c8oqz84zk7z@privacy.org>;tag=hyh8",
            Some("Anonymous"),
            "sip:c8oqz84zk7z@privacy.org",
            Some("hyh8"),
        ),
        ("<sip:a@b;lr>", None, "sip:a@b;lr", None),
        ("\"\" <sip:a@b>", Some(""), "sip:a@b", None),
        ("\"<sip:x@y>\" <sip:a@b>;TAG = t", Some("<sip:x@y>"), "sip:a@b", Some("t")),
        ("\"a, \\\"b\\\" \\\\\" <sip:a@b>", Some("a, \"b\" \\"), "sip:a@b", None),
        ("Käthe <sip:k@b>", Some("Käthe"), "sip:k@b", None),
        ("tel:+49301234;tag=9", None, "tel:+49301234", Some("9")),
        ("sip:a@b;x=\"<\";tag=1", None, "sip:a@b", Some("1")),
    ] {
        let read: NameAddr = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(read.display.as_deref(), display, "{text}");
        assert_eq!(read.uri.to_string(), address, "{text}");
        assert_eq!(read.tag(), tag, "{text}");
        assert_eq!(read.to_string().parse(), Ok(read), "{text}");
    }
}

#[test]
fn what_is_no_address_is_refused() {
    for text in [
        "",
        "<",
        "<>",
        "<sip:a@b",
        "\"a <sip:a@b>",
        "\"a\" sip:a@b",
        "sip:a@b?x=y",
        "a \"b\" <sip:a@b>",
        "<sip:a@b>;",
        "<sip:a@b>x",
        "<sip:a@b>;tag=\"x",
    ] {
        assert!(text.parse::<NameAddr>().is_err(), "{text}");
    }
}

#[test]
fn a_parameter_that_needs_quotes_gets_them() {
    let mut parameters = Parameters::new();
    parameters.set("+sip.instance", Some("<urn:uuid:1>"));
    parameters.set("text", Some("he said \"no\"\r\nVia: x"));
    parameters.set("expires", Some("60"));
    parameters.set("EXPIRES", Some("90"));
    parameters.set("lr", None);
    assert_eq!(
        parameters.to_string(),
        ";+sip.instance=\"<urn:uuid:1>\";text=\"he said \\\"no\\\"  Via: x\";expires=90;lr"
    );
    assert_eq!(parameters.unquoted("+SIP.instance").as_deref(), Some("<urn:uuid:1>"));
    parameters.remove("Expires");
    assert!(!parameters.contains("expires") && parameters.contains("lr"));
}

#[test]
fn a_flood_of_parameters_is_malformed() {
    let with = |count: usize| format!("sip:a@b{}", ";x".repeat(count));
    assert!(with(64).parse::<Uri>().is_ok());
    assert!(with(65).parse::<Uri>().is_err());
    assert!(format!("<sip:a@b>{}", ";x".repeat(65)).parse::<NameAddr>().is_err());
}

#[test]
fn a_password_is_written_but_never_shown() {
    let uri = uri("sip:alice:secretword@atlanta.com");
    assert!(uri.to_string().contains("secretword"));
    assert!(!format!("{uri:?}").contains("secretword"));
}

#[test]
fn debug_shows_an_extension_and_no_caller() {
    let shown = |text: &str| format!("{:?}", text.parse::<NameAddr>().unwrap());
    assert_eq!(
        shown("Jane Doe <sip:+4930123456@example.com;user=phone>;tag=1"),
        "\"…\" <sip:xxxxxxxxx56@example.com;user=phone>;tag=1"
    );
    assert_eq!(shown("<sip:1001@example.com?Subject=divorce>"), "<sip:1001@example.com?…>");
    assert_eq!(shown("<tel:+49-30-123456>"), "<tel:xxxxxxxxxxx56>");
    assert_eq!(shown("<mailto:jane@example.com>"), "<mailto:…>");
}

#[test]
fn debug_of_a_message_shows_how_it_is_made_and_nobody() {
    let message = b"INVITE sip:1001@example.com SIP/2.0\r\n\
        Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n\
        From: \"Jane Doe\" <sip:+4930123456@example.com>;tag=1\r\n\
        To: <sip:1001@example.com>\r\n\
        Call-ID: abc\r\nCSeq: 1 INVITE\r\n\
        Authorization: Digest username=\"1001\", realm=\"r\", nonce=\"n\", uri=\"sip:x\", response=\"0123456789abcdef\"\r\n\
        Subject: divorce\r\n\r\n";
    let message = Message::read(message).unwrap();
    let shown = format!("{message:?} {:?}", message.headers().authorizations());
    for kept in ["Jane", "30123456", "divorce", "0123456789abcdef"] {
        assert!(!shown.contains(kept), "{kept} is shown: {shown}");
    }
    assert!(
        shown.contains("z9hG4bK1") && shown.contains("1 INVITE") && shown.contains("sip:1001@example.com")
    );
}

#[test]
fn a_header_in_a_uri_is_escaped_and_read_back() {
    let Uri::Sip(mut uri) = uri("sip:bob@192.0.2.2") else { panic!("a SIP URI") };
    uri.add_header_field("Replaces", "a@b;to-tag=1;from-tag=2");
    uri.add_header_field("Subject", "ä & ?");
    let text = uri.to_string();
    assert_eq!(
        text,
        "sip:bob@192.0.2.2?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2&Subject=%C3%A4%20%26%20%3F"
    );
    let Ok(Uri::Sip(read)) = text.parse::<Uri>() else { panic!("a SIP URI") };
    let fields: Vec<_> = read.header_fields().collect();
    assert_eq!(fields[0], ("Replaces".to_owned(), "a@b;to-tag=1;from-tag=2".to_owned()));
    assert_eq!(fields[1], ("Subject".to_owned(), "ä & ?".to_owned()));
}
