//! The messages of RFC 4475 themselves, where they are at hand: the verdict of a stack that knows nobody.

mod stage;

use frontdesk_sip_message::Message;
use frontdesk_sip_stack::*;
use stage::*;
use std::path::PathBuf;

fn folder() -> Option<PathBuf> {
    let root = std::env::var_os("FRONTDESK_TESTDATA")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/testdata"));
    Some(root.join("sip/rfc4475")).filter(|folder| folder.is_dir())
}

/// What a stranger's datagram is answered with; 0 is silence: a response that nobody asked for, or no way back
/// (`badinv01`, whose Via is broken). `wsinv` names a dialog that is none here.
#[rustfmt::skip]
const VERDICTS: &[(&str, u16)] = &[
    ("badaspec", 200),
    ("badbranch", 200),
    ("baddate", 401),
    ("baddn", 200),
    ("badinv01", 0),
    ("badvers", 505),
    ("bcast", 0),
    ("bext01", 420),
    ("bigcode", 0),
    ("clerr", 400),
    ("cparam01", 401),
    ("cparam02", 401),
    ("dblreq", 401),
    ("esc01", 401),
    ("esc02", 501),
    ("escnull", 401),
    ("escruri", 400),
    ("insuf", 400),
    ("intmeth", 501),
    ("inv2543", 401),
    ("invut", 415),
    ("longreq", 401),
    ("ltgtruri", 400),
    ("lwsdisp", 200),
    ("lwsruri", 400),
    ("lwsstart", 400),
    ("mcl01", 400),
    ("mismatch01", 400),
    ("mismatch02", 400),
    ("mpart01", 415),
    ("multi01", 400),
    ("ncl", 400),
    ("noreason", 0),
    ("novelsc", 416),
    ("quotbal", 400),
    ("regaut01", 401),
    ("regbadct", 400),
    ("regescrt", 401),
    ("scalar02", 400),
    ("scalarlg", 0),
    ("sdp01", 406),
    ("semiuri", 200),
    ("transports", 200),
    ("trws", 400),
    ("unkscm", 416),
    ("unksm2", 400),
    ("unreason", 0),
    ("wsinv", 481),
    ("zeromf", 200),
];

#[test]
fn each_torture_message_gets_its_verdict() {
    let Some(folder) = folder() else { return println!("skipped: no test data") };
    for (name, verdict) in VERDICTS {
        let bytes = std::fs::read(folder.join(format!("{name}.dat"))).expect(name);
        let mut stage = Stage::with(settings(&[]));
        stage.input(SipInput::Received { flow: stage.flow, bytes });
        let code = match stage.sent().pop() {
            Some(Message::Response(response)) => response.status.as_u16(),
            _ => 0,
        };
        assert_eq!(code, *verdict, "{name}");
        assert_eq!(stage.stack.census(), Census::default(), "{name}: no memory for strangers");
    }
}
