//! Recordings that are encrypted at rest.

use super::*;
use crate::recorder::key::RecordingKey;
use crate::recorder::sealed::{Unsealed, unseal};
use std::io::Cursor;
use std::os::unix::fs::PermissionsExt;

/// Three seconds and a half, each frame of which has its number.
fn sealed(folder: &Path, key: &RecordingKey) -> Vec<u8> {
    let path = folder.join("call.wav.sealed");
    let mut file = RecordingFile::create(&path, SampleRate::Narrow, Some(key)).unwrap();
    for value in 0..175 {
        append(&mut file, 0x1100 + value, 0x2200);
    }
    file.publish().unwrap();
    std::fs::read(path).unwrap()
}

fn opened(bytes: &[u8], key: &RecordingKey) -> io::Result<(Unsealed, Vec<i16>)> {
    let mut wav = Cursor::new(Vec::new());
    let unsealed = unseal(&mut &bytes[..], key, &mut wav)?;
    let mut reader = hound::WavReader::new(Cursor::new(wav.into_inner())).unwrap();
    assert_eq!(reader.spec().sample_rate, unsealed.rate.hz());
    Ok((unsealed, reader.samples::<i16>().map(Result::unwrap).collect()))
}

#[test]
fn the_key_is_made_once_and_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let tenant = folder.path().join("tenants/main");
    let key = RecordingKey::of_folder(&tenant).unwrap();
    assert_eq!(RecordingKey::of_folder(&tenant).unwrap(), key);
    let file = tenant.join(RecordingKey::FILE);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(&tenant).unwrap().count(), 1, "nothing else is left");
    assert_ne!(RecordingKey::of_folder(&folder.path().join("other")).unwrap(), key);
    assert_eq!(format!("{key:?}"), "RecordingKey(…)");
    std::fs::write(&file, "too short").unwrap();
    assert!(RecordingKey::of_folder(&tenant).is_err(), "a broken key is not replaced: recordings need it");
}

#[test]
fn a_recording_is_encrypted_by_its_name_with_the_key_of_its_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let tenant = folder.path().join("tenants/main");
    let recording = |name| tenant.join("recordings").join(name);
    assert_eq!(RecordingKey::for_recording(&recording("one.wav")).unwrap(), None);
    assert!(!RecordingKey::file_of(&recording("one.wav")).exists(), "nothing needs a key yet");
    let key = RecordingKey::for_recording(&recording("two.wav.sealed")).unwrap();
    assert_eq!(key, Some(RecordingKey::of_folder(&tenant).unwrap()));
    std::fs::write(RecordingKey::file_of(&recording("two.wav.sealed")), "too short").unwrap();
    let error = RecordingKey::for_recording(&recording("three.wav.sealed")).unwrap_err().to_string();
    assert!(error.contains("recordings.key"), "rather none than one that everybody can read: {error}");
}

#[test]
fn what_is_sealed_is_opened_by_its_key_and_by_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let key = RecordingKey::of_folder(folder.path()).unwrap();
    let bytes = sealed(folder.path(), &key);
    let (unsealed, heard) = opened(&bytes, &key).unwrap();
    assert_eq!(unsealed, Unsealed { samples: 175 * 160, rate: SampleRate::Narrow, is_whole: true });
    assert!(heard.chunks(320).enumerate().all(|(at, frame)| frame[..2] == [0x1100 + at as i16, 0x2200]));
    let plain = [0x2200i16.to_le_bytes(), 0x1101i16.to_le_bytes()].concat();
    assert!(!bytes.windows(plain.len()).any(|window| window == plain), "the sound stands there to be read");
    let other = RecordingKey::of_folder(&folder.path().join("other")).unwrap();
    assert!(opened(&bytes, &other).is_err());
    for at in [0, 9, 15, 30, 51, 52, 60, 1_000, bytes.len() - 1] {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let whole = opened(&changed, &key).is_ok_and(|(unsealed, _)| unsealed.is_whole);
        assert!(!whole, "byte {at} was changed");
    }
}

#[test]
fn a_writer_killed_at_any_byte_loses_at_most_its_last_chunk() {
    let folder = tempfile::tempdir().unwrap();
    let key = RecordingKey::of_folder(folder.path()).unwrap();
    let bytes = sealed(folder.path(), &key);
    let killed = folder.path().join("killed");
    std::fs::create_dir(&killed).unwrap();
    let chunk = 4 + 32_000 + 16;
    let near = |place: usize| place.saturating_sub(30)..(place + 30).min(bytes.len());
    let lengths: Vec<usize> = (0..200)
        .chain(near(52 + chunk))
        .chain(near(52 + 2 * chunk))
        .chain([40_000, bytes.len() - 1, bytes.len()])
        .collect();
    for length in lengths {
        let part = killed.join("call.wav.sealed.part");
        std::fs::write(&part, &bytes[..length]).unwrap();
        let recovered = recover_recordings(&killed).unwrap();
        let chunks = length.saturating_sub(52) / chunk;
        let ended = length == bytes.len();
        match &recovered[..] {
            [found] if matches!(found.outcome, Recovery::Empty) => assert_eq!(chunks, 0, "{length}"),
            [found] => {
                let Recovery::Published { samples } = found.outcome else { panic!("{length}: {found:?}") };
                let (unsealed, heard) = opened(&std::fs::read(&found.path).unwrap(), &key).unwrap();
                let frames = if ended { 175 } else { chunks * 50 };
                assert_eq!((unsealed.samples, unsealed.is_whole), (frames as u64 * 160, ended), "{length}");
                assert_eq!((samples, heard.len()), (unsealed.samples, frames * 320), "{length}");
                std::fs::remove_file(&found.path).unwrap();
            }
            other => panic!("{length}: {other:?}"),
        }
    }
}
