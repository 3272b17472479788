//! baresip with its own G.711, G.722 (of spandsp) and Opus (of Debian's libopus): a caller of each codec and a telephone of
//! each are put through to each other, and each hears what the other says.

use crate::rig::baresip::{Baresip, Style};
use crate::rig::desk::{Desk, Number};
use crate::rig::flows::GOODBYE;
use crate::rig::records::reason;
use crate::rig::speech::Speech;
use frontdesk_call_record::EndReason;
use std::time::Duration;

/// A codec as baresip calls it, and as records do. Of one channel, which its SDP says of two (RFC 7587 §7).
const CODECS: [(&str, &str); 4] =
    [("PCMU/8000", "PCMU"), ("PCMA/8000", "PCMA"), ("G722/16000", "G722"), ("opus/48000/1", "opus")];

/// The codecs' modules; its files are of 8 kHz, whatever it speaks.
const MODULES: &str = "module g722.so\nmodule opus.so\nausrc_srate 8000\nausrc_channels 1\nopus_stereo no\n\
                       opus_sprop_stereo no\nopus_application voip\n";

fn speaking(desk: &Desk, number: &str, codec: &str, says: &Speech) -> Baresip {
    let account = format!(";audio_codecs={codec}");
    Baresip::register_as(number, says, Style { account: &account, settings: MODULES, ..Style::udp(desk) })
}

/// By itself, or by the desk.
fn is_over(line: &str) -> bool {
    line.contains("terminated") || line.contains("session closed")
}

/// A caller and a telephone of these codecs talk; what was agreed with each.
fn talk(caller_codec: (&str, &str), phone_codec: (&str, &str)) {
    let mut desk = Desk::open(&[]);
    let caller_says = Speech::say("Good morning, I want to buy a hundred bicycles", "slt");
    let phone_says = Speech::say("This is the sales department, what can we do for you", "slt");
    let lasts = |speech: &Speech| Speech(speech.0.clone()).between_silence(700, 1_500);
    let mut phone = speaking(&desk, "1001", phone_codec.0, &lasts(&phone_says));
    let mut caller = speaking(&desk, "1002", caller_codec.0, &lasts(&caller_says));
    caller.command(&format!("dial sip:1001@{}", desk.address));
    for program in [&mut caller.program, &mut phone.program] {
        program.wait_for("the call is over", Duration::from_secs(20), is_over);
        program.stop(Duration::from_secs(5));
    }
    let record = desk.closed_record();
    let pair = format!("{} with {}", caller_codec.1, phone_codec.1);
    let mut agreed: Vec<_> = record.streams.iter().filter_map(|stream| stream.codec.as_deref()).collect();
    let mut meant = [caller_codec.1, phone_codec.1];
    agreed.sort_unstable();
    meant.sort_unstable();
    assert_eq!(agreed, meant, "{pair}");
    caller_says.must_be_in(&phone.heard(), &format!("{pair}: the telephone"));
    phone_says.must_be_in(&caller.heard(), &format!("{pair}: the caller"));
    assert!(matches!(reason(&record), EndReason::CallerHungUp | EndReason::CalleeHungUp), "{pair}");
    desk.close();
}

#[test]
fn telephones_of_every_two_codecs_talk_with_each_other() {
    for (at, caller) in CODECS.into_iter().enumerate() {
        for phone in &CODECS[at..] {
            talk(caller, *phone);
            if caller != *phone && at == 0 {
                talk(*phone, caller);
            }
        }
    }
}

#[test]
fn the_desk_speaks_to_a_telephone_in_every_codec() {
    for codec in CODECS {
        let mut desk = Desk::open(&[Number { number: "100", flow: GOODBYE, record: false }]);
        let silence = Speech(Vec::new()).between_silence(30_000, 0);
        let mut caller = speaking(&desk, "1002", codec.0, &silence);
        caller.command(&format!("dial sip:100@{}", desk.address));
        let record = desk.closed_record();
        caller
            .program
            // Of a call of less than a second baresip says the one, of a longer one the other.
            .wait_for("the call is over", Duration::from_secs(20), |line| {
                line.contains("session closed") || line.contains("terminated")
            });
        caller.program.stop(Duration::from_secs(5));
        let heard = caller.heard();
        assert_eq!(record.streams[0].codec.as_deref(), Some(codec.1));
        let loud = heard.0.iter().filter(|sample| sample.unsigned_abs() > 1_000).count();
        assert!(loud > 2_000, "{}: {loud} loud samples in {:.1} s", codec.1, heard.seconds());
        assert_eq!(reason(&record), EndReason::DeskHungUp);
        desk.close();
    }
}
