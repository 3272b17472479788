//! The INVITE that parsers are measured with.

/// An INVITE as a carrier sends it, with two Vias, two Record-Routes and an SDP offer of three codecs.
pub fn typical() -> Vec<u8> {
    let offer = "v=0\r\n\
        o=- 1792147 1792147 IN IP4 192.0.2.44\r\n\
        s=call\r\n\
        c=IN IP4 192.0.2.44\r\n\
        t=0 0\r\n\
        m=audio 17384 RTP/AVP 8 0 101\r\n\
        a=rtpmap:8 PCMA/8000\r\n\
        a=rtpmap:0 PCMU/8000\r\n\
        a=rtpmap:101 telephone-event/8000\r\n\
        a=fmtp:101 0-15\r\n\
        a=ptime:20\r\n\
        a=sendrecv\r\n";
    let head = "INVITE sip:+493012345678@desk.example.com:5060;transport=udp SIP/2.0\r\n\
        Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-524287-1---8f2c7d5b1e0a;rport\r\n\
        Via: SIP/2.0/UDP 198.51.100.23:5062;received=198.51.100.23;rport=5062;branch=z9hG4bK77ef4c2312983\r\n\
        Record-Route: <sip:192.0.2.10;lr;ftag=a73kszlfl>\r\n\
        Max-Forwards: 68\r\n\
        From: \"Anna Beispiel\" <sip:+491701234567@carrier.example.net;user=phone>;tag=a73kszlfl\r\n\
        To: <sip:+493012345678@desk.example.com;user=phone>\r\n\
        Call-ID: 3848276298220188511@198.51.100.23\r\n\
        CSeq: 4711 INVITE\r\n\
        Contact: <sip:+491701234567@198.51.100.23:5062;transport=udp>\r\n\
        Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE\r\n\
        Supported: 100rel, timer\r\n\
        P-Asserted-Identity: <sip:+491701234567@carrier.example.net;user=phone>\r\n\
        User-Agent: Carrier Gateway 7.2\r\n\
        Content-Type: application/sdp\r\n";
    format!("{head}Content-Length: {}\r\n\r\n{offer}", offer.len()).into_bytes()
}
