use super::*;
use hound::{WavSpec, WavWriter};
use std::io::Cursor;

fn written<S: hound::Sample + Copy>(channels: u16, bits: u16, format: SampleFormat, values: &[S]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let spec = WavSpec { channels, sample_rate: 22_050, bits_per_sample: bits, sample_format: format };
    let mut writer = WavWriter::new(&mut bytes, spec).unwrap();
    values.iter().for_each(|value| writer.write_sample(*value).unwrap());
    writer.finalize().unwrap();
    bytes.into_inner()
}

#[test]
fn every_width_is_read_as_sixteen_bits() {
    let int = |bits, values: &[i32]| read(&written(1, bits, SampleFormat::Int, values)).unwrap().samples;
    assert_eq!(int(8, &[-128, 0, 127]), [-32_768, 0, 127 << 8]);
    assert_eq!(int(16, &[-32_768, 1, 32_767]), [-32_768, 1, 32_767]);
    assert_eq!(int(24, &[-(1 << 23), 256, (1 << 23) - 1]), [-32_768, 1, 32_767]);
    assert_eq!(int(32, &[i32::MIN, 1 << 16, i32::MAX]), [-32_768, 1, 32_767]);
    let float = written(1, 32, SampleFormat::Float, &[-1.5f32, 0.5, f32::NAN]);
    assert_eq!(read(&float).unwrap().samples, [-32_768, 16_384, 0]);
}

#[test]
fn stereo_is_mixed_to_mono_and_written_stereo_is_read_again() {
    let wav = read(&write_stereo(8_000, &[100, -100, 30_000], &[300, -300])).unwrap();
    assert_eq!(
        (wav.rate, wav.channels, wav.samples, wav.cut_short),
        (8_000, 2, vec![200, -200, 15_000], false)
    );
    let wav = read(&write_mono(16_000, &[1, -2, 3])).unwrap();
    assert_eq!((wav.rate, wav.channels, wav.samples), (16_000, 1, vec![1, -2, 3]));
}

#[test]
fn a_header_may_be_refreshed_in_place_and_a_killed_writer_leaves_a_playable_file() {
    let mut file = WavHeader { rate: 8_000, channels: 2, frames: 0 }.bytes().to_vec();
    file.extend([7u8; 4 * 100]);
    file[..HEADER_BYTES].copy_from_slice(&WavHeader { rate: 8_000, channels: 2, frames: 90 }.bytes());
    let wav = read(&file).unwrap();
    assert_eq!((wav.samples.len(), wav.cut_short), (90, false));
    // A voice that writes to a pipe promises two gigabytes.
    file[40..44].copy_from_slice(&0x7fff_f000u32.to_le_bytes());
    let wav = read(&file).unwrap();
    assert_eq!((wav.samples.len(), wav.cut_short), (100, true));
    let endless = WavHeader { rate: u32::MAX, channels: 2, frames: u32::MAX }.bytes();
    assert_eq!(endless[40..44], (u32::MAX - 36).to_le_bytes());
}

#[test]
fn headers_that_lie_are_refused_by_what_they_lie_about() {
    let good = write_mono(8_000, &[5; 8]);
    let with = |at: usize, bytes: &[u8]| {
        let mut file = good.clone();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        read(&file).unwrap_err()
    };
    assert_eq!(read(&[]), Err(WavFault::Truncated));
    assert_eq!(read(&good[..30]), Err(WavFault::Truncated));
    assert_eq!(read(&good[..44]), Err(WavFault::Empty));
    assert!(matches!(with(0, b"OGGS"), WavFault::Malformed { .. }));
    assert!(matches!(with(22, &[0, 0]), WavFault::Malformed { .. }), "no channels");
    assert!(matches!(with(24, &1_092_676u32.to_le_bytes()), WavFault::Malformed { .. }), "rate");
    assert_eq!(with(20, &[2, 0]), WavFault::Format, "ADPCM");
    assert!(matches!(with(16, &[0xff; 4]), WavFault::Malformed { .. }), "endless format chunk");
    let mut honest_lie = WavHeader { rate: 1_000_000, channels: 1, frames: 4 }.bytes().to_vec();
    honest_lie.extend([0; 8]);
    assert_eq!(read(&honest_lie), Err(WavFault::Rate { rate: 1_000_000 }));
    let surround = written(6, 16, SampleFormat::Int, &[1i16; 12]);
    assert_eq!(read(&surround), Err(WavFault::Channels { channels: 6 }));
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_reading_panic(mut bytes: Vec<u8>, at in 0usize..60, value: u8) {
        let _ = read(&bytes);
        let mut file = write_stereo(8_000, &[3; 5], &[4; 5]);
        file[at] = value;
        let _ = read(&file);
        file.truncate(at);
        file.append(&mut bytes);
        let _ = read(&file);
    }
}
