//! From the first frame to the told end.

use super::*;
use crate::orders::stream_ring;
use ringbuf::HeapRb;
use ringbuf::traits::{Producer, Split};

const LEG: LegId = LegId(3);

fn prompt(frames: usize) -> Arc<Prompt> {
    Arc::new(Prompt::from_pcm_8k(vec![100; frames * SAMPLES_8K]))
}

fn playback(source: PlaySource) -> Playback {
    Playback::new(PlaybackId(1), source)
}

/// What a playback tells now.
fn told(playback: &mut Playback, at_ms: u64) -> Vec<MediaEvent> {
    let (ring, mut control) = HeapRb::new(8).split();
    playback.tell(LEG, Moment::from_millis(at_ms), &mut Reporter::new(ring));
    control.pop_iter().collect()
}

fn ended(end: PlaybackEnd, sent_samples: u32, at_ms: u64) -> MediaEvent {
    let at = Moment::from_millis(at_ms);
    MediaEvent::PlaybackEnded { leg: LEG, playback: PlaybackId(1), end, sent_samples, at }
}

#[test]
fn a_prompt_ends_after_its_last_frame_with_all_its_samples_sent() {
    let mut playback = playback(PlaySource::Prompt { prompt: prompt(2), at: 0, repeat: false });
    assert_eq!(told(&mut playback, 1), []);
    assert!(playback.next(&mut [0; SAMPLES_8K]).is_some());
    let at = Moment::from_millis(2);
    assert_eq!(
        told(&mut playback, 2),
        [MediaEvent::PlaybackStarted { leg: LEG, playback: PlaybackId(1), at }]
    );
    assert!(playback.next(&mut [0; SAMPLES_8K]).is_some());
    assert_eq!(told(&mut playback, 3), []);
    assert!(playback.next(&mut [0; SAMPLES_8K]).is_none());
    playback.stop();
    assert_eq!(
        told(&mut playback, 4),
        [ended(PlaybackEnd::Completed, 320, 4)],
        "a late stop changes nothing"
    );
    assert!(playback.is_told());
    assert_eq!(told(&mut playback, 5), [], "an end is told once");
}

#[test]
fn an_empty_prompt_ends_at_once_even_if_it_shall_repeat() {
    for repeat in [false, true] {
        let mut playback = playback(PlaySource::Prompt { prompt: prompt(0), at: 0, repeat });
        assert!(playback.next(&mut [0; SAMPLES_8K]).is_none());
        assert_eq!(told(&mut playback, 0), [ended(PlaybackEnd::Completed, 0, 0)]);
    }
}

#[test]
fn a_repeated_prompt_goes_on_until_it_is_stopped() {
    let mut playback = playback(PlaySource::Prompt { prompt: prompt(2), at: 0, repeat: true });
    assert!((0..7).all(|_| playback.next(&mut [0; SAMPLES_8K]).is_some()));
    playback.stop();
    assert!(playback.next(&mut [0; SAMPLES_8K]).is_none());
    assert_eq!(told(&mut playback, 9).last(), Some(&ended(PlaybackEnd::Stopped, 7 * 160, 9)));
}

#[test]
fn a_late_voice_is_waited_for_and_one_that_left_ends_the_playback() {
    let (mut voice, ring) = stream_ring();
    let mut playback = playback(PlaySource::Stream { ring });
    assert!(playback.next(&mut [0; SAMPLES_8K]).is_none());
    assert_eq!(told(&mut playback, 0), []);
    voice.try_push([1; SAMPLES_8K]).unwrap();
    voice.try_push([2; SAMPLES_8K]).unwrap();
    assert!(playback.next(&mut [0; SAMPLES_8K]).is_some());
    drop(voice);
    assert!(playback.next(&mut [0; SAMPLES_8K]).is_some(), "what was written before is still played");
    assert!(playback.next(&mut [0; SAMPLES_8K]).is_none());
    assert_eq!(told(&mut playback, 0).last(), Some(&ended(PlaybackEnd::Completed, 320, 0)));
}

#[test]
fn what_a_full_ring_does_not_take_is_told_later_with_the_moment_when_it_was_true() {
    let (ring, mut control) = HeapRb::new(1).split();
    let mut reporter = Reporter::new(ring);
    assert!(reporter.tell(MediaEvent::NoMedia { leg: LEG, since: Moment::ZERO }));
    let mut playback = playback(PlaySource::Prompt { prompt: prompt(1), at: 0, repeat: false });
    assert!(playback.next(&mut [0; SAMPLES_8K]).is_some());
    playback.tell(LEG, Moment::from_millis(20), &mut reporter);
    assert!(playback.next(&mut [0; SAMPLES_8K]).is_none());
    let mut heard = Vec::new();
    for at_ms in [40, 60, 80, 100] {
        playback.tell(LEG, Moment::from_millis(at_ms), &mut reporter);
        heard.extend(control.pop_iter().skip(usize::from(at_ms == 40)));
    }
    let at = Moment::from_millis(20);
    let started = MediaEvent::PlaybackStarted { leg: LEG, playback: PlaybackId(1), at };
    assert!(
        matches!(heard[..], [first, MediaEvent::PlaybackEnded { sent_samples: 160, .. }] if first == started)
    );
}
