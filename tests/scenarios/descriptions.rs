//! Offers that the desk cannot serve.

use frontdesk_call_record::{CallRecord, EndReason, FaultCode, Whose};
use frontdesk_sip_stack::SessionEnd;
use frontdesk_tests::simulator::{House, Offering, World};

const HEAD: &str = "v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n";

/// Offers this to the reception; the status that comes back, and the record.
fn offering(text: &'static str) -> (Option<u16>, CallRecord) {
    let mut world = World::new(11, &House::default());
    let caller = world.caller();
    let call = world.call_offering(caller, "101", Offering::This(text), vec![]);
    let record = world.settle().pop().expect("a record");
    assert_eq!(record.recordings, []);
    let status = match &world.seen(call).ended {
        Some((_, SessionEnd::Refused { status, .. })) => Some(status.as_u16()),
        _ => None,
    };
    (status, record)
}

fn fault(record: &CallRecord) -> (EndReason, Whose, FaultCode) {
    let end = record.end.as_ref().expect("a closed record");
    let fault = end.fault.expect("a fault");
    (end.reason, fault.whose, fault.code)
}

#[test]
fn an_offer_of_other_codecs_only_is_not_acceptable() {
    const G729: &str = "v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n\
                        m=audio 10000 RTP/AVP 18\r\n";
    let (status, record) = offering(G729);
    assert_eq!(status, Some(488));
    assert_eq!(fault(&record), (EndReason::NotAcceptable, Whose::Caller, FaultCode::NoCommonCodec));
}

#[test]
fn an_offer_without_sound_is_not_acceptable() {
    let (status, record) = offering(HEAD);
    assert_eq!(status, Some(488));
    assert_eq!(fault(&record), (EndReason::NotAcceptable, Whose::Caller, FaultCode::NoAudio));
}

#[test]
fn an_offer_that_nobody_can_read_is_a_bad_request() {
    let (status, record) = offering("this is no description");
    assert_eq!(status, Some(400));
    assert_eq!(fault(&record), (EndReason::NotAcceptable, Whose::Caller, FaultCode::DescriptionUnreadable));
}
