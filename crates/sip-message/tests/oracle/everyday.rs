//! Everyday requests, beside the torture messages a corpus for mutation and for the oracle.

/// Whole requests.
pub fn requests() -> Vec<String> {
    let mut requests = Vec::new();
    for (method, uri) in [
        ("INVITE", "sip:100@192.0.2.10:5060;transport=udp"),
        ("REGISTER", "sip:desk.example.com"),
        ("OPTIONS", "sip:desk@example.com"),
        ("BYE", "sip:1001@198.51.100.7:5062"),
        ("CANCEL", "sip:alice:secret@example.com"),
        ("ACK", "sips:bob@biloxi.example.com;lr"),
        ("SUBSCRIBE", "sip:1002@example.com;user=phone"),
    ] {
        for (via, from, to) in [
            (
                "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKabc;rport",
                "\"A. Caller\" <sip:alice@example.com>;tag=9fxced76sl",
                "<sip:bob@example.com>",
            ),
            (
                "SIP/2.0/TCP pc33.example.com;branch=z9hG4bK776asdhds;received=192.0.2.9",
                "<sip:alice@example.com:5070>;tag=1",
                "Bob <sip:bob@example.com>;tag=8321234356",
            ),
            (
                "SIP/2.0/TLS pc33.example.com:5061;branch=z9hG4bK1",
                "sip:alice@example.com;tag=x-1",
                "sip:bob@example.com",
            ),
        ] {
            let body = if method == "INVITE" {
                "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0 8 101\r\n"
            } else {
                ""
            };
            let extension = extension(method);
            requests.push(format!(
                "{method} {uri} SIP/2.0\r\nVia: {via}\r\nMax-Forwards: 70\r\nFrom: {from}\r\nTo: {to}\r\nCall-ID: a84b4c76e66710@pc33.example.com\r\nCSeq: 314159 {method}\r\nContact: <sip:alice@192.0.2.1:5060>\r\nAuthorization: Digest username=\"alice\", realm=\"desk\", nonce=\"84a4cc6f3082121f32b42a2187831a9e\", uri=\"{uri}\", response=\"7587245234b3434cc3412213e5f113a5\", algorithm=MD5, qop=auth, nc=00000001, cnonce=\"0a4f113b\"\r\nSupported: timer, 100rel\r\nAllow: INVITE, ACK, BYE, CANCEL, OPTIONS\r\nUser-Agent: softphone/1.0\r\n{extension}Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            ));
        }
    }
    requests
}

/// What later RFCs let it say.
fn extension(method: &str) -> &'static str {
    match method {
        "INVITE" => {
            "Session-Expires: 1800;refresher=uac\r\nMin-SE: 90\r\n\
             Replaces: 425928@phone.example.org;to-tag=7743;from-tag=6472;early-only\r\n\
             P-Asserted-Identity: \"A. Caller\" <sip:+493012345@example.com>, <tel:+493012345>\r\n\
             Diversion: <sip:+4930999@example.com>;reason=no-answer\r\n"
        }
        "SUBSCRIBE" => {
            "Event: refer;id=93809823\r\nSubscription-State: terminated;reason=noresource;retry-after=5\r\n\
             Refer-Sub: false\r\nReferred-By: <sip:alice@example.com>\r\n\
             Refer-To: <sip:b@example.com?Replaces=1%40a%3Bto-tag%3Dx%3Bfrom-tag%3Dy>\r\n"
        }
        "REGISTER" => "Path: <sip:edge.example.com;lr>\r\n",
        "ACK" => "RSeq: 776656\r\nRAck: 776656 1 INVITE\r\n",
        _ => "",
    }
}
