//! Written messages between telephones (MESSAGE, RFC 3428).

use crate::rig::baresip::{Baresip, Style as BaresipStyle};
use crate::rig::desk::Desk;
use crate::rig::linphone::{Linphone, Style};
use crate::rig::speech::Speech;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

#[test]
fn linphone_writes_and_is_answered() {
    let mut desk = Desk::open_to_telephones(&[], &[], "");
    let silence = Speech(vec![0; 8_000]);
    let mut one = Linphone::register("1001", &silence, Style::udp(&desk));
    let mut other = Linphone::register("1002", &silence, Style::udp(&desk));
    let (of_one, of_other) = (one.address("1001"), other.address("1002"));
    one.types(&format!("chat {of_other} \"Lunch at noon?\""));
    other.says(
        "the message arrives, and from whom",
        "Message received from sip:1001@127.0.0.1: \"Lunch at noon?\"",
    );
    other.types(&format!("chat {of_one} \"Yes, gladly – at the corner\""));
    one.says(
        "the answer arrives",
        "Message received from sip:1002@127.0.0.1: \"Yes, gladly – at the corner\"",
    );
    one.quit();
    other.quit();
    desk.close();
}

#[test]
fn baresip_is_written_to_and_answers() {
    let mut desk = Desk::open_to_telephones(&[], &[], "");
    let silence = Speech(vec![0; 8_000]);
    let mut writer = Linphone::register("1001", &silence, Style::udp(&desk));
    let contacts = format!("\"Sales\" <sip:1001@{}>\n", desk.address);
    let style = BaresipStyle {
        contacts: &contacts,
        settings: "module_app contact.so\n",
        traces: true,
        ..BaresipStyle::udp(&desk)
    };
    let mut answerer = Baresip::register_as("1002", &silence, style);
    writer.types(&format!("chat {} \"Is the parcel there?\"", writer.address("1002")));
    answerer.program.wait_for("the message arrives", SOON, |line| line.contains("Is the parcel there?"));
    // It writes to the first of its contacts.
    answerer.command("message It is");
    writer.says("the answer arrives", "Message received from sip:1002@127.0.0.1: It is");
    writer.quit();
    answerer.program.stop(SOON);
    desk.close();
}
