//! The tick takes no memory: counted by an allocator of our own.

mod network;

use frontdesk_audio::{
    ActivityDetector, AudioFrame, Decoder, Encoder, MediaTick, OpusWishes, SampleRate, ToneDetector,
    ToneGenerator, g711,
};
use frontdesk_identifiers::{Moment, WallTime};
use frontdesk_rtp_session::packet::{self, RtpPacket};
use frontdesk_rtp_session::{MAX_PACKET_BYTES, PayloadTypes, Played, Received, RtpRemote};
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

/// Packets of 20 ms of a voice, encoded.
fn packets(encoder: &mut Encoder, clock_hz: u32) -> Vec<Vec<u8>> {
    let samples = encoder.rate().frame_samples();
    let voice = |n: usize| ((n % (samples / 3)) as i16 - samples as i16 / 6) * 60;
    let packet = |number: usize| {
        let frame: Vec<i16> = (0..samples).map(|n| voice(number * samples + n)).collect();
        let mut payload = [0; 480];
        // Each eighth is a description of silence, which the voice does not care about.
        let is_noise = number % 8 == 7;
        let length = if is_noise { 2 } else { encoder.encode(&frame, &mut payload) };
        let (payload_type, payload) = if is_noise { (13, &[50, 90][..]) } else { (0, &payload[..length]) };
        let timestamp = number as u32 * clock_hz / 50;
        let packet =
            RtpPacket { marker: false, payload_type, sequence: number as u16, timestamp, ssrc: 9, payload };
        let mut datagram = vec![0; 12 + payload.len()];
        packet::write(&packet, &mut datagram);
        datagram
    };
    (0..1_000).map(packet).collect()
}

#[test]
fn no_codec_takes_memory_over_a_network_that_loses_delays_and_stalls() {
    let codecs = [
        (Decoder::Pcma, Encoder::Pcma, 8_000),
        (Decoder::g722(), Encoder::g722(), 8_000),
        (Decoder::opus(), Encoder::opus(OpusWishes { copies: true, ..OpusWishes::default() }), 48_000),
    ];
    for (decoder, mut encoder, clock_hz) in codecs {
        encoder.network(15);
        let packets = packets(&mut encoder, clock_hz);
        let mut desk = session(2);
        let remote = RtpRemote { rtp: address(4_000), rtcp: address(4_001), messages_from: None };
        let unused = desk.reconfigure(PayloadTypes::both_ways(0, Some(101)), remote, decoder);
        let (mut heard, mut next, mut frames) = (AudioFrame::silence(SampleRate::Wide), 0, 0);
        let before = ALLOCATIONS.get();
        for tick in 0..1_000u64 {
            let now = Moment::from_millis(tick * 20);
            // Stalls of up to 160 ms, then all that waited; one in nine is lost.
            let arrived = if tick % 40 < 8 { tick - tick % 40 } else { tick } as usize;
            while next < arrived.min(packets.len()) {
                if next % 9 != 4 {
                    desk.receive(&packets[next], address(4_000), now);
                }
                next += 1;
            }
            frames += u32::from(matches!(desk.playout(now, &mut heard), Played::Frame { .. }));
            if tick % 250 == 249 {
                desk.close_quality_interval();
            }
        }
        assert_eq!(ALLOCATIONS.get() - before, 0, "allocations and frees, {clock_hz}");
        let counters = desk.counters();
        assert!(frames > 300 && counters.frames_concealed > 20, "{frames}, {counters:?}");
        drop(unused);
    }
}

#[test]
fn a_session_of_g711_takes_less_than_twenty_kilobytes() {
    let before = BYTES.get();
    let session = Box::new(session(1));
    let taken = BYTES.get() - before;
    assert!((12_000..20_000).contains(&taken), "{taken} bytes");
    drop(session);
}
