//! The tick takes no memory: counted by an allocator of our own.

mod network;

use frontdesk_audio::{
    ActivityDetector, AudioFrame, MediaTick, SampleRate, ToneDetector, ToneGenerator, g711,
};
use frontdesk_identifiers::{Moment, WallTime};
use frontdesk_rtp_session::{MAX_PACKET_BYTES, Played, Received};
use network::{SUITES, address, security, session};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is handed on to the system's allocator unchanged; the counter is a plain cell of this
// thread, constant-initialised and without a destructor, so that touching it allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        BYTES.set(BYTES.get() + layout.size());
        // SAFETY: the caller keeps the contract of `alloc`, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the block came from `alloc` above, thus from the system's allocator, with this layout.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_thousand_ticks_of_two_sessions_take_no_memory() {
    let (mut caller, mut desk) = (session(1), session(2));
    let (mut activity, mut detector) = (ActivityDetector::new(), ToneDetector::new());
    let mut heard = AudioFrame::silence(SampleRate::Narrow);
    let mut tone = ToneGenerator::dtmf('5').unwrap();
    let (mut out, mut frame, mut payload) = ([0; MAX_PACKET_BYTES], [0i16; 160], [0u8; 160]);
    let (mut frames, mut missing, mut keys, mut reports, mut tones) = (0, 0, 0, 0, 0);

    let mut keys_to_come: Vec<_> =
        SUITES.iter().rev().flat_map(|suite| [(security(*suite, 1, 2), security(*suite, 2, 1))]).collect();
    let mut old_keys = Vec::with_capacity(16);

    let before = ALLOCATIONS.get();
    for n in 0..1_000u64 {
        let (tick, now) = (MediaTick(n), Moment::from_millis(n * 20));
        // Plain, then each suite.
        if n % 200 == 199
            && let Some((callers, desks)) = keys_to_come.pop()
        {
            old_keys.push((caller.secure(callers, now), desk.secure(desks, now)));
        }
        tone.fill(&mut frame);
        g711::encode_ulaw(&frame, &mut payload);
        if n % 100 == 50 {
            caller.queue_digits("1").unwrap();
        }
        let mut length = caller.write_digit_packet(tick, now, &mut out);
        if length == 0 {
            length = caller.write_packet(&payload, tick, now, &mut out);
        }
        if n % 10 != 3 {
            keys +=
                u32::from(matches!(desk.receive(&out[..length], address(4_000), now), Received::Digit(_)));
        }
        match desk.playout(now, &mut heard) {
            Played::Frame { .. } => frames += 1,
            Played::Concealed => missing += 1,
            Played::Silence => {}
        }
        frame.copy_from_slice(heard.samples());
        activity.frame(&frame);
        tones += u32::from(detector.frame(&frame).is_some());
        let length = caller.write_rtcp(now, WallTime::from_unix_micros(n), &mut out);
        if length > 0 {
            desk.receive_rtcp(&out[..length], address(4_001), now);
            reports += 1;
        }
        desk.counters();
    }
    let taken = ALLOCATIONS.get() - before;
    assert_eq!(taken, 0, "allocations and frees in a thousand ticks");
    assert!(frames > 700 && missing > 50 && keys == 10 && reports >= 2 && tones >= 1);
    // The allocator does count.
    let before = ALLOCATIONS.get();
    drop(std::hint::black_box(Box::new(7)));
    assert_eq!(ALLOCATIONS.get() - before, 2);
}

#[test]
fn a_session_of_g711_takes_less_than_twenty_kilobytes() {
    let before = BYTES.get();
    let session = Box::new(session(1));
    let taken = BYTES.get() - before;
    assert!((12_000..20_000).contains(&taken), "{taken} bytes");
    drop(session);
}
