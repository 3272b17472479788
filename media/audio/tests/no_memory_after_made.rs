//! Coders, decoders and filters take memory when they are made, and never on the tick: neither Rust's nor C's.

use frontdesk_audio::{
    AudioFrame, Conceal, Decoder, Encoder, LentFrame, OPUS_MAX_SAMPLES, OpusWishes, RateFit, SampleRate,
};
use std::cell::Cell;
use std::ffi::c_void;

unsafe extern "C" {
    fn __libc_malloc(size: usize) -> *mut c_void;
    fn __libc_calloc(count: usize, size: usize) -> *mut c_void;
    fn __libc_realloc(old: *mut c_void, size: usize) -> *mut c_void;
    fn __libc_free(old: *mut c_void);
}

thread_local! {
    /// How often this thread took memory or gave some back.
    static TOUCHED: Cell<u64> = const { Cell::new(0) };
}

fn touch() {
    // Where the thread is ending there is nothing to count any more.
    let _ = TOUCHED.try_with(|touched| touched.set(touched.get() + 1));
}

/// Stands before the C library's, for libopus and for Rust, which both ask here.
///
/// # Safety
///
/// As `malloc`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn malloc(size: usize) -> *mut c_void {
    touch();
    // SAFETY: handed on as it came.
    unsafe { __libc_malloc(size) }
}

/// # Safety
///
/// As `calloc`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    touch();
    // SAFETY: handed on as it came.
    unsafe { __libc_calloc(count, size) }
}

/// # Safety
///
/// As `realloc`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn realloc(old: *mut c_void, size: usize) -> *mut c_void {
    touch();
    // SAFETY: handed on as it came.
    unsafe { __libc_realloc(old, size) }
}

/// # Safety
///
/// As `free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn free(old: *mut c_void) {
    touch();
    // SAFETY: handed on as it came.
    unsafe { __libc_free(old) }
}

fn touched() -> u64 {
    TOUCHED.with(Cell::get)
}

#[test]
fn libopus_asks_here_too() {
    let before = touched();
    let decoder = Decoder::opus();
    assert!(touched() > before, "making one takes memory");
    let before = touched();
    drop(decoder);
    assert!(touched() > before, "and dropping it gives it back");
}

#[test]
fn no_codec_takes_memory_while_it_works() {
    let wishes = OpusWishes { copies: true, pauses: true, ..OpusWishes::default() };
    let mut encoders = [Encoder::Pcmu, Encoder::Pcma, Encoder::g722(), Encoder::opus(wishes)];
    let mut decoders = [Decoder::Pcmu, Decoder::Pcma, Decoder::g722(), Decoder::opus()];
    let mut conceal = [Conceal::new(), Conceal::at(SampleRate::Wide)];
    let (mut raise, mut lower) = (RateFit::new(), RateFit::new());
    let mut frame = AudioFrame::silence(SampleRate::Wide);
    let before = touched();
    for round in 0..400i32 {
        for (at, sample) in frame.samples_mut().iter_mut().enumerate() {
            let loud = if round / 50 % 2 == 0 { 9_000.0 } else { 3.0 };
            *sample = (((round * 320 + at as i32) as f32 * 0.09).sin() * loud) as i16;
        }
        let narrow = lower.fit(frame.lend(), SampleRate::Narrow);
        let LentFrame::Wide(_) = raise.fit(narrow, SampleRate::Wide) else { panic!("not raised") };
        for (encoder, decoder) in encoders.iter_mut().zip(&mut decoders) {
            encoder.network((round / 8) as u8);
            let samples = if encoder.rate() == SampleRate::Wide { frame.samples() } else { narrow.samples() };
            let (mut payload, mut room) = ([0; 480], [0; OPUS_MAX_SAMPLES]);
            let length = encoder.encode(samples, &mut payload);
            if round % 7 == 3 {
                decoder.conceal(&mut room[..320]);
                decoder.recover(&payload[..length], &mut room[..320]);
            }
            decoder.decode(&payload[..length], &mut room);
            decoder.decode(&[0xff; 99], &mut room);
        }
        for conceal in &mut conceal {
            let mut room = [100; 320];
            let room = &mut room[..conceal.rate().frame_samples()];
            if round % 5 == 0 { conceal.conceal(room) } else { conceal.received(room) }
        }
    }
    assert_eq!(touched(), before);
}
