//! What a message costs in allocations: a count is the same on every machine, so that it can be held to a promise.

use frontdesk_benches::budget::Budget;
use frontdesk_benches::counting::{Allocated, CountingAllocator, allocated};
use frontdesk_benches::invite;
use frontdesk_sip_message::{Message, Request};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn hold(figure: &str, counted: Allocated) {
    let budget = Budget::read();
    let promise = budget.promise.get(figure).expect("budget.toml promises it");
    println!(
        "{figure}: {} allocations of {} bytes, promised {}",
        counted.times, counted.bytes, promise.at_most
    );
    assert!(counted.times as f64 <= promise.at_most, "{figure}: {} allocations", counted.times);
}

fn read() -> Request {
    match Message::read(&invite::typical()) {
        Ok(Message::Request(request)) => request,
        other => panic!("it is an INVITE, not {other:?}"),
    }
}

#[test]
fn the_counting_allocator_counts() {
    let (_, counted) = allocated(|| drop(std::hint::black_box(vec![1_u8; 100])));
    assert_eq!((counted.times, counted.bytes), (1, 100));
}

#[test]
fn an_invite_is_read_with_few_allocations() {
    let bytes = invite::typical();
    assert!((1_000..1_500).contains(&bytes.len()), "a typical INVITE is a little over 1 kB: {}", bytes.len());
    let (message, counted) = allocated(|| Message::read(&bytes));
    assert!(message.is_ok());
    assert!(counted.times > 0, "a message owns what it says");
    hold("invite_read_allocations", counted);
}

#[test]
fn an_invite_is_understood_with_few_allocations() {
    let bytes = invite::typical();
    let (understood, counted) = allocated(|| {
        let message = Message::read(&bytes).expect("it is read");
        let headers = message.headers();
        let addresses = headers.from().is_ok() && headers.to().is_ok() && headers.contacts().is_ok();
        let names = headers.top_via().is_ok() && headers.call_id().is_ok() && headers.cseq().is_ok();
        addresses && names && headers.max_forwards().is_ok()
    });
    assert!(understood);
    hold("invite_understood_allocations", counted);
}

#[test]
fn an_invite_is_written_with_no_more_allocations_than_promised() {
    let request = read();
    let mut out = Vec::with_capacity(4_096);
    let ((), counted) = allocated(|| request.write(&mut out));
    assert!(out.starts_with(b"INVITE sip:"));
    hold("invite_written_allocations", counted);
}
