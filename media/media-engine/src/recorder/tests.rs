//! Files that are whole at every moment.

use super::*;

mod sealing;
use crate::recorder::file::{HEADER_BYTES, header, part_of};
use crate::recorder::recover::{Recovery, recover_recordings};
use crate::tap::{RECORDER_CAPACITY_FRAMES, RecorderTap, SILENCE};
use frontdesk_audio::LentFrame;
use ringbuf::HeapRb;
use ringbuf::traits::Split;
use std::path::Path;

const LEG: LegId = LegId(5);

fn append(file: &mut RecordingFile, left: i16, right: i16) {
    file.append(&[left; 160], &[right; 160]).unwrap();
}

fn plain(path: &Path) -> RecordingFile {
    RecordingFile::create(path, SampleRate::Narrow, None).unwrap()
}

fn samples(path: &Path) -> Vec<i16> {
    let mut wav = hound::WavReader::open(path).unwrap();
    let spec = wav.spec();
    assert_eq!((spec.channels, spec.sample_rate, spec.bits_per_sample), (2, 8_000, 16));
    wav.samples::<i16>().map(Result::unwrap).collect()
}

#[test]
fn a_recording_that_is_still_being_written_can_be_played() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/call.wav");
    let mut file = plain(&path);
    for at in 0..130 {
        append(&mut file, at, -at);
        let bytes = std::fs::read(part_of(&path)).unwrap();
        let claimed = u32::from_le_bytes(bytes[40..44].try_into().unwrap()) as usize;
        assert!(HEADER_BYTES + claimed <= bytes.len(), "the header says more than there is");
    }
    let copy = folder.path().join("copy.wav");
    std::fs::copy(part_of(&path), &copy).unwrap();
    let heard = samples(&copy);
    assert_eq!(heard.len(), 2 * 160 * 100, "two of 2.6 s were claimed");
    assert_eq!(heard[2 * 160 * 99..][..2], [99, -99]);
    file.publish().unwrap();
    assert_eq!(samples(&path).len(), 2 * 160 * 130);
    assert!(!part_of(&path).exists());
}

#[test]
fn a_writer_killed_at_any_byte_leaves_a_recording_that_is_recovered() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole.wav");
    let mut file = plain(&whole);
    for at in 0..60 {
        append(&mut file, at, at);
    }
    file.publish().unwrap();
    let bytes = std::fs::read(&whole).unwrap();
    let killed = folder.path().join("tenants/one/recordings");
    std::fs::create_dir_all(&killed).unwrap();
    // Every byte of the header and of some frames, and then each that is of another remainder.
    let lengths: Vec<usize> =
        (0..1_500).chain((1_500..bytes.len()).step_by(619)).chain([bytes.len()]).collect();
    for length in &lengths {
        std::fs::write(killed.join(format!("{length:05}.wav.part")), &bytes[..*length]).unwrap();
    }
    let recovered = recover_recordings(folder.path()).unwrap();
    assert_eq!(recovered.len(), lengths.len());
    for (recovered, length) in recovered.iter().zip(lengths) {
        let blocks = length.saturating_sub(HEADER_BYTES) / 4;
        match recovered.outcome {
            Recovery::Empty => assert_eq!(blocks, 0, "{length}"),
            Recovery::Published { samples: found } => {
                assert_eq!(found as usize, blocks, "{length}");
                assert_eq!(samples(&recovered.path).len(), blocks * 2);
            }
            ref other => panic!("{length}: {other:?}"),
        }
    }
    assert!(recover_recordings(folder.path()).unwrap().is_empty(), "nothing is left to recover");
}

#[test]
fn what_is_not_ours_and_what_is_published_already_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("film.part"), b"RIFF but of somebody else, and long enough to be one")
        .unwrap();
    let mut ours = header(8, SampleRate::Narrow).to_vec();
    ours.extend_from_slice(&[1; 8]);
    std::fs::write(folder.path().join("call.wav.part"), &ours).unwrap();
    std::fs::write(folder.path().join("call.wav"), b"published").unwrap();
    let recovered = recover_recordings(folder.path()).unwrap();
    let outcomes: Vec<_> = recovered.iter().map(|recovered| &recovered.outcome).collect();
    assert!(matches!(outcomes[..], [Recovery::Failed(_), Recovery::Foreign]), "{outcomes:?}");
    assert_eq!(std::fs::read(folder.path().join("call.wav")).unwrap(), b"published");
    assert!(recover_recordings(&folder.path().join("nowhere")).unwrap().is_empty());
}

/// Runs a recording of `frames` frames through the writer thread, and what it reported.
fn recorded(path: &Path, frames: i16, gap_frames: u32) -> MediaEvent {
    let mut recorder = Recorder::start(None).unwrap();
    let (tick, disk) = HeapRb::new(RECORDER_CAPACITY_FRAMES).split();
    let mut tap = RecorderTap::new(1, tick);
    recorder.begin(1, LEG, path.to_owned(), disk);
    for value in 0..frames {
        if value == 3 {
            tap.skip(2);
        }
        tap.push(LentFrame::Narrow(&[value; 160]), LentFrame::Narrow(&SILENCE));
    }
    recorder.finish(1, Missing { gap_frames, paused_frames: 0 });
    recorder.stop();
    recorder.ended().unwrap()
}

#[test]
fn gaps_stand_as_silence_in_their_place_and_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("call.wav");
    let ended = recorded(&path, 5, 4);
    let expected = MediaEvent::RecordingEnded {
        leg: LEG,
        samples: 11 * 160,
        gap_samples: 6 * 160,
        paused_samples: 0,
        kept: true,
    };
    assert_eq!(ended, expected);
    let left: Vec<i16> = samples(&path).chunks(320).map(|frame| frame[0]).collect();
    assert_eq!(left, [0, 1, 2, 0, 0, 3, 4, 0, 0, 0, 0]);
}

#[test]
fn a_recording_that_cannot_be_kept_says_so_and_takes_nothing_with_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), b"").unwrap();
    let ended = recorded(&folder.path().join("file/call.wav"), 5, 0);
    assert!(matches!(ended, MediaEvent::RecordingEnded { kept: false, samples: 1_120, .. }), "{ended:?}");
    let path = folder.path().join("call.wav");
    std::fs::write(&path, b"older").unwrap();
    assert!(matches!(recorded(&path, 5, 0), MediaEvent::RecordingEnded { kept: false, .. }));
    assert_eq!(std::fs::read(&path).unwrap(), b"older");
}

#[test]
fn a_stopped_engine_publishes_what_was_being_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("call.wav");
    let mut recorder = Recorder::start(None).unwrap();
    let (tick, disk) = HeapRb::new(RECORDER_CAPACITY_FRAMES).split();
    let mut tap = RecorderTap::new(7, tick);
    recorder.begin(7, LEG, path.clone(), disk);
    tap.push(LentFrame::Narrow(&[1; 160]), LentFrame::Narrow(&[2; 160]));
    recorder.stop();
    assert_eq!(samples(&path)[..2], [1, 2]);
}

/// Runs frames of a leg that says wide sound to somebody who is heard narrow, and back.
#[test]
fn a_wide_leg_is_recorded_wide_whatever_it_hears() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("call.wav");
    let mut recorder = Recorder::start(None).unwrap();
    let (tick, disk) = HeapRb::new(RECORDER_CAPACITY_FRAMES).split();
    let mut tap = RecorderTap::new(1, tick);
    recorder.begin(1, LEG, path.clone(), disk);
    for turn in 0..60 {
        match turn {
            0..30 => tap.push(LentFrame::Wide(&[3_000; 320]), LentFrame::Narrow(&[5_000; 160])),
            // A transfer to a narrow leg: the file stays as it began.
            _ => tap.push(LentFrame::Narrow(&[3_000; 160]), LentFrame::Wide(&[5_000; 320])),
        }
    }
    recorder.finish(1, Missing::default());
    recorder.stop();
    let Some(MediaEvent::RecordingEnded { samples, kept: true, .. }) = recorder.ended() else { panic!() };
    assert_eq!(samples, 60 * 160, "told at 8 kHz");
    let mut wav = hound::WavReader::open(&path).unwrap();
    assert_eq!((wav.spec().sample_rate, wav.duration()), (16_000, 60 * 320));
    let heard: Vec<i16> = wav.samples::<i16>().map(Result::unwrap).collect();
    for turn in [5, 25, 35, 55] {
        let pair = &heard[turn * 640 + 600..][..2];
        assert!((pair[0] - 3_000).abs() < 40 && (pair[1] - 5_000).abs() < 40, "{turn}: {pair:?}");
    }
}

#[test]
fn what_is_said_while_it_is_paused_is_silence_in_the_file_and_counted_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("call.wav");
    let mut recorder = Recorder::start(None).unwrap();
    let (tick, disk) = HeapRb::new(RECORDER_CAPACITY_FRAMES).split();
    let mut tap = RecorderTap::new(1, tick);
    recorder.begin(1, LEG, path.clone(), disk);
    for value in 1..=9 {
        tap.pause(matches!(value, 3..=5 | 9));
        tap.push(LentFrame::Narrow(&[value; 160]), LentFrame::Narrow(&[value; 160]));
    }
    recorder.finish(1, tap.missing());
    recorder.stop();
    let expected = MediaEvent::RecordingEnded {
        leg: LEG,
        samples: 9 * 160,
        gap_samples: 0,
        paused_samples: 4 * 160,
        kept: true,
    };
    assert_eq!(recorder.ended(), Some(expected));
    let left: Vec<i16> = samples(&path).chunks(320).map(|frame| frame[0]).collect();
    assert_eq!(left, [1, 2, 0, 0, 0, 6, 7, 8, 0]);
}
