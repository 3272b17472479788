use super::*;

static SHIPPED: &[u8] = include_bytes!("../../models/desk-en-tiny.q5_0.bin");

#[test]
fn the_shipped_model_is_whole_and_has_the_shape_of_its_card() {
    let header = check(SHIPPED).expect("whole");
    assert_eq!((header.audio_state, header.audio_layers, header.text_layers), (128, 4, 2));
    assert_eq!((header.audio_context, header.tensors, header.vocabulary), (512, 119, 51_864));
    assert!(!header.is_multilingual());
}

#[test]
fn a_file_that_ends_early_is_refused_wherever_it_ends() {
    for length in (0..SHIPPED.len()).step_by(7_919).chain([3, 4, 47, 48, SHIPPED.len() - 1]) {
        let fault = check(&SHIPPED[..length]).expect_err("cut off");
        match fault {
            FileFault::NotGgml => assert!(length < 4, "{length}"),
            FileFault::Truncated { at, .. } => assert_eq!(at, length as u64),
            // Cut exactly between two tensors.
            FileFault::NoTensors | FileFault::Incomplete { .. } => assert!(length > 500_000, "{length}"),
            other => panic!("{other} at {length}"),
        }
    }
}

#[test]
fn numbers_that_no_model_has_are_refused() {
    for (at, value) in
        [(4, u32::MAX), (8, 0), (12, 1 << 30), (20, 5), (28, 512), (40, 81), (52, 1 << 20), (60, 7)]
    {
        let mut bytes = SHIPPED.to_vec();
        bytes[at..at + 4].copy_from_slice(&u32::to_le_bytes(value));
        // Byte 60 is inside the filters: any value is a filter.
        assert_eq!(check(&bytes).is_err(), at != 60, "byte {at}");
    }
    let mut bytes = SHIPPED.to_vec();
    bytes[0] = b'x';
    assert_eq!(check(&bytes), Err(FileFault::NotGgml));
}

#[test]
fn lengths_that_lie_never_ask_for_memory() {
    // Every number in the vocabulary's first words and in the last tensors, made huge.
    let vocabulary = 48 + 8 + 80 * 201 * 4;
    for at in (vocabulary..vocabulary + 64).chain(SHIPPED.len() - 4_000..SHIPPED.len()).step_by(4) {
        let mut bytes = SHIPPED.to_vec();
        bytes[at..at + 4].copy_from_slice(&[0xff; 4]);
        // Whatever it says, it says it without a panic; most of these are data.
        let _ = check(&bytes);
    }
}
