//! The documents that lights are told in.

use crate::lights::{Light, State};
use frontdesk_sip_stack::{DialogName, SessionId};
use std::fmt::Write;

/// One call of a telephone, as it is shown to who watches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dialog {
    pub light: Light,
    /// Whether the telephone calls rather than being called.
    pub calls: bool,
    /// The number at the other end, where it is the caller's.
    pub remote: Option<String>,
    /// Its session at this desk.
    pub session: Option<SessionId>,
    /// The name of the dialog, where it is told.
    pub name: Option<DialogName>,
}

/// `application/dialog-info+xml` (RFC 4235 §4). Always the full state; calls that the document before had are told once
/// more as terminated, because telephones put out their lamp by that rather than by a call's absence.
pub(crate) fn dialog_info(
    entity: &str,
    version: u32,
    state: &State,
    before: Option<&State>,
    host: &str,
) -> Vec<u8> {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        xml,
        "<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"{version}\" state=\"full\" entity=\"{}\">",
        escaped(entity)
    );
    let gone = before.iter().flat_map(|before| &before.dialogs);
    let gone =
        gone.filter(|(leg, dialog)| !state.dialogs.contains_key(leg) && dialog.light != Light::Terminated);
    let gone = gone.map(|(leg, dialog)| (leg, Dialog { light: Light::Terminated, ..dialog.clone() }));
    for (leg, dialog) in state.dialogs.iter().map(|(leg, dialog)| (leg, dialog.clone())).chain(gone) {
        let direction = if dialog.calls { "initiator" } else { "recipient" };
        let word = match dialog.light {
            Light::Trying => "trying",
            Light::Early => "early",
            Light::Confirmed => "confirmed",
            Light::Terminated => "terminated",
        };
        let name = dialog.name.as_ref().filter(|_| dialog.light != Light::Terminated);
        let name = name.map(names).unwrap_or_default();
        let _ = write!(xml, "<dialog id=\"{}\"{name} direction=\"{direction}\"><state>{word}</state>", leg.0);
        if let Some(number) = dialog.remote.filter(|_| dialog.light != Light::Terminated) {
            let (text, number) = (escaped(&number), escaped(&uri_user(&number)));
            let _ = write!(
                xml,
                "<remote><identity display=\"{text}\">sip:{number}@{}</identity></remote>",
                escaped(host)
            );
        }
        xml.push_str("</dialog>\n");
    }
    xml.push_str("</dialog-info>\n");
    xml.into_bytes()
}

/// The dialog as RFC 4235 §4.1.1 names it: from the watched telephone's side, whose local tag is the desk's remote one. Who
/// picks up says `Replaces: call-id;to-tag=remote-tag;from-tag=local-tag` to the desk (RFC 3891 §4).
fn names(name: &DialogName) -> String {
    let DialogName { call_id, local_tag, remote_tag } = name;
    let (call_id, local, remote) = (escaped(call_id), escaped(remote_tag), escaped(local_tag));
    format!(" call-id=\"{call_id}\" local-tag=\"{local}\" remote-tag=\"{remote}\"")
}

/// `application/pidf+xml` (RFC 3863), with what the person does (RFC 4480 §3.2).
pub(crate) fn presence(entity: &str, state: &State) -> Vec<u8> {
    let basic = if state.registered { "open" } else { "closed" };
    let (note, activity) = match state.talks {
        true => ("<note>On the phone</note>", "<rpid:activities><rpid:on-the-phone/></rpid:activities>"),
        false => ("", ""),
    };
    let entity = escaped(entity);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <presence xmlns=\"urn:ietf:params:xml:ns:pidf\" xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\" \
         xmlns:rpid=\"urn:ietf:params:xml:ns:pidf:rpid\" entity=\"{entity}\">\n\
         <tuple id=\"telephone\"><status><basic>{basic}</basic></status>{note}</tuple>\n\
         <dm:person id=\"person\">{activity}</dm:person>\n\
         </presence>\n"
    )
    .into_bytes()
}

/// `application/simple-message-summary` (RFC 3842 §5.2) of a mailbox that is empty.
pub(crate) fn no_messages(account: &str) -> Vec<u8> {
    format!("Messages-Waiting: no\r\nMessage-Account: {account}\r\nVoice-Message: 0/0 (0/0)\r\n").into_bytes()
}

/// Text as XML 1.0 §2.4 has it, within elements and attributes; what XML cannot say at all is left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars().filter(|letter| !letter.is_control()) {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            letter => out.push(letter),
        }
    }
    out
}

/// The letters of a number that may stand in a URI as they are; others are no part of a number to call.
fn uri_user(number: &str) -> String {
    number.chars().filter(|letter| letter.is_ascii_alphanumeric() || "+*#-._".contains(*letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontdesk_identifiers::LegId;
    use std::collections::BTreeMap;

    fn state(dialogs: &[(u64, Light, Option<&str>)]) -> State {
        let dialog = |&(leg, light, remote): &(u64, Light, Option<&str>)| {
            let (calls, remote) = (remote.is_none(), remote.map(str::to_owned));
            (LegId(leg), Dialog { light, calls, remote, session: None, name: None })
        };
        State {
            registered: true,
            talks: false,
            dialogs: dialogs.iter().map(dialog).collect::<BTreeMap<_, _>>(),
        }
    }

    #[test]
    fn calls_are_told_and_told_once_more_when_they_are_over() {
        let before = state(&[(7, Light::Early, Some("<\"Eve\" & co>")), (8, Light::Confirmed, None)]);
        let text = String::from_utf8(dialog_info("sip:1001@desk", 3, &before, None, "desk")).unwrap();
        assert_eq!(
            text,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"3\" state=\"full\" \
             entity=\"sip:1001@desk\">\n\
             <dialog id=\"7\" direction=\"recipient\"><state>early</state><remote>\
             <identity display=\"&lt;&quot;Eve&quot; &amp; co&gt;\">sip:Eveco@desk</identity></remote></dialog>\n\
             <dialog id=\"8\" direction=\"initiator\"><state>confirmed</state></dialog>\n\
             </dialog-info>\n"
        );
        let after = state(&[(8, Light::Confirmed, None)]);
        let text = String::from_utf8(dialog_info("sip:1001@desk", 4, &after, Some(&before), "desk")).unwrap();
        assert!(
            text.contains("<dialog id=\"7\" direction=\"recipient\"><state>terminated</state></dialog>"),
            "{text}"
        );
    }

    #[test]
    fn a_call_that_rings_is_told_so_that_it_can_be_picked_up() {
        let mut rings = state(&[(7, Light::Early, Some("1003"))]);
        let name = |tag: &str| DialogName {
            call_id: "a\"b@desk".to_owned(),
            local_tag: "desk".to_owned(),
            remote_tag: tag.to_owned(),
        };
        rings.dialogs.get_mut(&LegId(7)).unwrap().name = Some(name("phone"));
        let text = String::from_utf8(dialog_info("sip:1001@desk", 1, &rings, None, "desk")).unwrap();
        let expected = "<dialog id=\"7\" call-id=\"a&quot;b@desk\" local-tag=\"phone\" remote-tag=\"desk\" direction=\"recipient\">";
        assert!(text.contains(expected), "{text}");
        let over = dialog_info("sip:1001@desk", 2, &state(&[]), Some(&rings), "desk");
        assert!(!String::from_utf8(over).unwrap().contains("call-id"), "nothing to pick up");
    }

    #[test]
    fn presence_says_open_closed_and_on_the_phone() {
        let text = |state: &State| String::from_utf8(presence("sip:1001@desk", state)).unwrap();
        let idle = text(&state(&[]));
        assert!(
            idle.contains("<basic>open</basic></status></tuple>") && !idle.contains("on-the-phone"),
            "{idle}"
        );
        let talks = text(&State { talks: true, ..state(&[]) });
        assert!(talks.contains("<note>On the phone</note>") && talks.contains("<rpid:on-the-phone/>"));
        assert!(text(&State { registered: false, ..state(&[]) }).contains("<basic>closed</basic>"));
    }

    #[test]
    fn an_empty_mailbox_says_so() {
        let text = String::from_utf8(no_messages("sip:1001@desk")).unwrap();
        assert_eq!(
            text,
            "Messages-Waiting: no\r\nMessage-Account: sip:1001@desk\r\nVoice-Message: 0/0 (0/0)\r\n"
        );
    }
}
