//! The messages of RFC 4475 and RFC 5118, built from the texts beside this file.
//!
//! The notation: `=== name` begins a message, and every line up to the next such line is one of its lines,
//! ended by CRLF. A `#` at the start of a line is a remark. Between `‹` and `›` stands what a text cannot show:
//! `‹07 00›` bytes, `‹long*20›` a word twenty times, `‹sdp A B T›` the session description that most of these messages
//! share, with its two addresses and start time, and `‹signature›` the PKCS #7 object of §3.1.1.11.
//!
//! What each of them must come to is told in `tests/wire/table.rs`.

/// One message.
#[allow(dead_code, reason = "not every test that uses the corpus asks for the names")]
pub struct Case {
    pub document: &'static str,
    pub name: &'static str,
    pub bytes: Vec<u8>,
}

/// All of them.
pub fn cases() -> Vec<Case> {
    let texts = [
        ("rfc4475", include_str!("rfc4475_valid.txt")),
        ("rfc4475", include_str!("rfc4475_invalid.txt")),
        ("rfc4475", include_str!("rfc4475_above.txt")),
        ("rfc5118", include_str!("rfc5118.txt")),
    ];
    texts.into_iter().flat_map(|(document, text)| read(document, text)).collect()
}

fn read(document: &'static str, text: &'static str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(title) = line.strip_prefix("=== ") {
            cases.push(Case { document, name: title, bytes: Vec::new() });
        } else {
            let case = cases.last_mut().expect("a title comes first");
            expand(line, &mut case.bytes);
            case.bytes.extend_from_slice(b"\r\n");
        }
    }
    cases
}

fn expand(line: &str, out: &mut Vec<u8>) {
    let mut rest = line;
    while let Some((before, marked)) = rest.split_once('‹') {
        let (mark, after) = marked.split_once('›').expect("a mark is closed");
        out.extend_from_slice(before.as_bytes());
        if let Some((word, times)) = mark.split_once('*') {
            out.extend_from_slice(word.repeat(times.parse().expect("a count")).as_bytes());
        } else if let Some(parts) = mark.strip_prefix("sdp ") {
            out.extend_from_slice(session_description(parts).as_bytes());
        } else if mark == "signature" {
            out.extend_from_slice(&hexadecimal(SIGNATURE));
        } else {
            out.extend_from_slice(&hexadecimal(mark));
        }
        rest = after;
    }
    out.extend_from_slice(rest.as_bytes());
}

/// Without its last line end, which the line that it stands in brings.
fn session_description(parts: &str) -> String {
    let parts: Vec<&str> = parts.split(' ').collect();
    let [origin, connection, start] = parts[..] else { panic!("three parts") };
    [
        "v=0",
        &format!("o=mhandley 29739 7272939 IN IP4 {origin}"),
        "s=-",
        &format!("c=IN IP4 {connection}"),
        &format!("t={start} 0"),
        "m=audio 49217 RTP/AVP 0 12",
        "m=video 3227 RTP/AVP 31",
        "a=rtpmap:31 LPC",
    ]
    .join("\r\n")
}

fn hexadecimal(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|character| !character.is_whitespace())
        .map(|digit| digit.to_digit(16).expect("hexadecimal") as u8)
        .collect();
    digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect()
}

const SIGNATURE: &str = "
    3082015206092a864886f70d010702a08201433082013f0201013109300706052b0e03021a300b06092a864886f70d010701
    318201203082011c020101307c3070310b3009060355040613025553311330110603550408130a43616c69666f726e696131
    11300f0603550407130853616e204a6f7365310e300c060355040a1305736970697431293027060355040b13205369706974
    205465737420436572746966696361746520417574686f7269747902080195007102330113300706052b0e03021a300d0609
    2a864886f70d01010105000481808ef466f948f0522dd2e5978e9d95aae9f2fe15a06659716292e8da2aa8d8350a68ceffae
    3cbd2bff1675ddd5648e593dd64728f26220f7e941749e330d9a15edabdb93d10c42102e7b7289d29cc0c9ae2efbc7c0cff9
    172f3b027e4fc027e1546de4b6aa3abb3e66cccb5dd6c64b8383149cb8e6ff182d944fe57b65bc99d005";
