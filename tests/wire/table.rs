//! What each of the 49 messages of RFC 4475 and the 12 of RFC 5118 must come to.
//!
//! `reads` is what `sip-message` makes of it: `sound`; `fault: …`, found by whoever asks for the headers; `rejected: …`,
//! not even a frame, but answerable; `dropped: …`, a response that serves nobody. `stranger` and `peer` are what a
//! desk answers to somebody it does not know and to a listed peer: the status and the headers that say more. What the
//! headers of the sound ones *mean* is held in `crates/sip-message/tests/torture.rs`.

/// One message.
pub struct Row {
    /// Where it is described.
    pub section: &'static str,
    pub name: &'static str,
    pub reads: &'static str,
    pub stranger: &'static str,
    pub peer: &'static str,
}

const fn row(
    section: &'static str,
    name: &'static str,
    reads: &'static str,
    stranger: &'static str,
    peer: &'static str,
) -> Row {
    Row { section, name, reads, stranger, peer }
}

const CHALLENGED: &str = "401 WWW-Authenticate";
const CAPABILITIES: &str = "200 Allow Accept: application/sdp Accept-Encoding: identity";
const A_CALL: &str = "100, a call";

#[rustfmt::skip]
pub const ROWS: &[Row] = &[
    // A To tag names a dialog, and here is none (RFC 3261 §12.2.2).
    row("RFC 4475 §3.1.1.1", "wsinv", "sound", "481", "481"),
    // Every odd character of the grammar; a method that nobody knows.
    row("RFC 4475 §3.1.1.2", "intmeth", "sound", "501 Allow", "501 Allow"),
    // Escapes are characters; an escaped URI is a user's name.
    row("RFC 4475 §3.1.1.3", "esc01", "sound", CHALLENGED, A_CALL),
    // Escaped NULs; no peer registers for others.
    row("RFC 4475 §3.1.1.4", "escnull", "sound", CHALLENGED, CHALLENGED),
    // %47 in a method is no escape, so the method is unknown.
    row("RFC 4475 §3.1.1.5", "esc02", "sound", "501 Allow", "501 Allow"),
    // No blank before the bracket.
    row("RFC 4475 §3.1.1.6", "lwsdisp", "sound", CAPABILITIES, CAPABILITIES),
    // Long names, 33 Vias.
    row("RFC 4475 §3.1.1.7", "longreq", "sound", CHALLENGED, A_CALL),
    // What stands behind the Content-Length of a datagram is not looked at.
    row("RFC 4475 §3.1.1.8", "dblreq", "sound", CHALLENGED, CHALLENGED),
    // Semicolons in the user part.
    row("RFC 4475 §3.1.1.9", "semiuri", "sound", CAPABILITIES, CAPABILITIES),
    // Transports that nobody knows, in the Vias of others.
    row("RFC 4475 §3.1.1.10", "transports", "sound", CAPABILITIES, CAPABILITIES),
    // A MESSAGE with a multipart body: only plain text is read.
    row("RFC 4475 §3.1.1.11", "mpart01", "sound", "415 Accept: text/plain", "415 Accept: text/plain"),
    // A reason in UTF-8. Answers that nobody asked for are dropped.
    row("RFC 4475 §3.1.1.12", "unreason", "sound", "silence", "silence"),
    // An empty reason.
    row("RFC 4475 §3.1.1.13", "noreason", "sound", "silence", "silence"),
    // The Via names no way back, so the answer goes where it came from.
    row("RFC 4475 §3.1.2.1", "badinv01", "fault: Via: expected a parameter", "400", "400"),
    // A stream would wait for the rest: the framer's tests.
    row("RFC 4475 §3.1.2.2", "clerr", "rejected: the body has 154 bytes of 9999", "400", "400"),
    row("RFC 4475 §3.1.2.3", "ncl", "rejected: Content-Length: expected a number within its bounds", "400", "400"),
    row("RFC 4475 §3.1.2.4", "scalar02", "fault: CSeq: expected a number within its bounds", "400", "400"),
    row("RFC 4475 §3.1.2.5", "scalarlg", "dropped: CSeq: expected a number within its bounds", "silence", "silence"),
    row("RFC 4475 §3.1.2.6", "quotbal", "fault: To: expected a quoted string", "400", "400"),
    row("RFC 4475 §3.1.2.7", "ltgtruri", "rejected: malformed Request-URI", "400", "400"),
    row("RFC 4475 §3.1.2.8", "lwsruri", "rejected: malformed request line", "400", "400"),
    row("RFC 4475 §3.1.2.9", "lwsstart", "rejected: malformed request line", "400", "400"),
    row("RFC 4475 §3.1.2.10", "trws", "rejected: malformed request line", "400", "400"),
    row("RFC 4475 §3.1.2.11", "escruri", "fault: malformed Request-URI", "400", "400"),
    // A Date that is not GMT may be passed over; nobody asks for it.
    row("RFC 4475 §3.1.2.12", "baddate", "sound", CHALLENGED, A_CALL),
    row("RFC 4475 §3.1.2.13", "regbadct", "fault: Contact: expected the end of the value", "400", "400"),
    // Blanks within the brackets: a liberal reader passes over them.
    row("RFC 4475 §3.1.2.14", "badaspec", "sound", CAPABILITIES, CAPABILITIES),
    // A comma in a name without quotes: telephones send it.
    row("RFC 4475 §3.1.2.15", "baddn", "sound", CAPABILITIES, CAPABILITIES),
    row("RFC 4475 §3.1.2.16", "badvers", "rejected: unknown version of SIP", "505", "505"),
    row("RFC 4475 §3.1.2.17", "mismatch01", "fault: CSeq speaks of another method", "400", "400"),
    // 501 would be right too.
    row("RFC 4475 §3.1.2.18", "mismatch02", "fault: CSeq speaks of another method", "400", "400"),
    row("RFC 4475 §3.1.2.19", "bigcode", "dropped: malformed status line", "silence", "silence"),
    // The cookie alone is no branch: matched as RFC 2543 did.
    row("RFC 4475 §3.2.1", "badbranch", "sound", CAPABILITIES, CAPABILITIES),
    row("RFC 4475 §3.3.1", "insuf", "fault: no From", "400", "400"),
    row("RFC 4475 §3.3.2", "unkscm", "fault: unknown scheme of the Request-URI", "416", "416"),
    row("RFC 4475 §3.3.3", "novelsc", "fault: unknown scheme of the Request-URI", "416", "416"),
    // A REGISTER for an ISBN.
    row("RFC 4475 §3.3.4", "unksm2", "sound", "400", "400"),
    // Proxy-Require is a proxy's.
    row("RFC 4475 §3.3.5", "bext01", "sound", "420 Unsupported: nothingSupportsThis, nothingSupportsThisEither", "420 Unsupported: nothingSupportsThis, nothingSupportsThisEither"),
    row("RFC 4475 §3.3.6", "invut", "sound", "415 Accept: application/sdp", "415 Accept: application/sdp"),
    // As if there were no credentials.
    row("RFC 4475 §3.3.7", "regaut01", "sound", CHALLENGED, CHALLENGED),
    row("RFC 4475 §3.3.8", "multi01", "fault: more than one From", "400", "400"),
    row("RFC 4475 §3.3.9", "mcl01", "rejected: more than one Content-Length", "400", "400"),
    // Two Vias: somebody else's, and forwarded to nobody.
    row("RFC 4475 §3.3.10", "bcast", "sound", "silence", "silence"),
    // The last hop answers.
    row("RFC 4475 §3.3.11", "zeromf", "sound", CAPABILITIES, CAPABILITIES),
    // The parameter is the header's.
    row("RFC 4475 §3.3.12", "cparam01", "sound", CHALLENGED, CHALLENGED),
    // The parameter is the URI's.
    row("RFC 4475 §3.3.13", "cparam02", "sound", CHALLENGED, CHALLENGED),
    // An escaped Route in a Contact, once admitted, is kept.
    row("RFC 4475 §3.3.14", "regescrt", "sound", CHALLENGED, CHALLENGED),
    // Who cannot read SDP cannot read the answer.
    row("RFC 4475 §3.3.15", "sdp01", "sound", "406", "406"),
    // Read as RFC 2543 wrote it; but without Contact there is nobody to send a BYE to.
    row("RFC 4475 §3.4.1", "inv2543", "sound", CHALLENGED, "400"),
    row("RFC 5118 §4.1", "ipv6-good", "sound", CHALLENGED, CHALLENGED),
    // No brackets.
    row("RFC 5118 §4.2", "ipv6-bad", "rejected: malformed Request-URI", "400", "400"),
    // 5070 is the end of the address.
    row("RFC 5118 §4.3", "port-ambiguous", "sound", CHALLENGED, CHALLENGED),
    // 5070 is the port.
    row("RFC 5118 §4.4", "port-unambiguous", "sound", CHALLENGED, CHALLENGED),
    row("RFC 5118 §4.5", "via-received-param-with-delim", "sound", "481", "481"),
    row("RFC 5118 §4.5", "via-received-param-no-delim", "sound", CAPABILITIES, CAPABILITIES),
    row("RFC 5118 §4.6", "ipv6-in-sdp", "sound", CHALLENGED, A_CALL),
    row("RFC 5118 §4.7", "mult-ip-in-header", "sound", "481", "481"),
    row("RFC 5118 §4.8", "mult-ip-in-sdp", "sound", CHALLENGED, A_CALL),
    row("RFC 5118 §4.9", "ipv4-mapped-ipv6", "sound", CHALLENGED, A_CALL),
    // Three colons, by a slip of the grammar, are read as two.
    row("RFC 5118 §4.10", "ipv6-bug-abnf-3-colons", "sound", CAPABILITIES, CAPABILITIES),
    row("RFC 5118 §4.10", "ipv6-correct-abnf-2-colons", "sound", CAPABILITIES, CAPABILITIES),
];
