use super::*;

/// The upper decision values of µ-law's positive half at 14 bits, built as G.711 Table 2a lists them: one
/// step of 1, fifteen of 2, then sixteen of each doubled width.
fn ulaw_decisions() -> Vec<i32> {
    let mut edges = vec![1];
    edges.extend((1..16).map(|n| 1 + 2 * n));
    let mut edge = 31;
    for segment in 1..8 {
        for _ in 0..16 {
            edge += 2 << segment;
            edges.push(edge);
        }
    }
    edges
}

/// The decision values of A-law's positive half at 13 bits (Table 1a): 32 steps of 2, then 16 of each
/// doubled width.
fn alaw_decisions() -> Vec<i32> {
    let mut edges: Vec<i32> = (1..=32).map(|n| 2 * n).collect();
    let mut edge = 64;
    for segment in 1..7 {
        for _ in 0..16 {
            edge += 2 << segment;
            edges.push(edge);
        }
    }
    edges
}

#[test]
fn tables_have_the_values_of_the_recommendation() {
    let edges = ulaw_decisions();
    assert_eq!((edges.len(), edges[15], edges[31], edges[127]), (128, 31, 95, 8159));
    let edges = alaw_decisions();
    assert_eq!((edges.len(), edges[31], edges[47], edges[127 - 16]), (128, 64, 128, 2048));
    assert_eq!(edges[127], 4096);
    // First and last rows of Tables 1a, 1b, 2a and 2b, in 16 bits.
    assert_eq!((ulaw_sample(0xff), ulaw_sample(0xfe), ulaw_sample(0x80)), (0, 2 << 2, 8031 << 2));
    assert_eq!((ulaw_sample(0x7f), ulaw_sample(0x7e), ulaw_sample(0x00)), (0, -(2 << 2), -(8031 << 2)));
    assert_eq!((alaw_sample(0xd5), alaw_sample(0xd4), alaw_sample(0xaa)), (8, 24, 4032 << 3));
    assert_eq!((alaw_sample(0x55), alaw_sample(0x54), alaw_sample(0x2a)), (-8, -24, -(4032 << 3)));
    assert_eq!((ulaw_of(0), alaw_of(0)), (ULAW_SILENCE, ALAW_SILENCE));
}

#[test]
fn each_of_the_256_codes_decodes_to_the_value_of_its_decision_interval() {
    for code in 0..=255u8 {
        let step = usize::from(!code & 0x7f);
        let edges = ulaw_decisions();
        let value = if step == 0 { 0 } else { (edges[step - 1] + edges[step]) / 2 };
        let signed = if code & 0x80 == 0 { -value } else { value };
        assert_eq!(i32::from(ulaw_sample(code)), signed << 2, "µ-law {code:#04x}");

        let bits = code ^ 0x55;
        let edges = alaw_decisions();
        let step = usize::from(bits & 0x7f);
        let low = if step == 0 { 0 } else { edges[step - 1] };
        let value = (low + edges[step]) << 2;
        let signed = if bits & 0x80 == 0 { -value } else { value };
        assert_eq!(i32::from(alaw_sample(code)), signed, "A-law {code:#04x}");
    }
}

#[test]
fn all_samples_encode_as_the_decision_values_say() {
    let (ulaw, alaw) = (ulaw_decisions(), alaw_decisions());
    for sample in i16::MIN..=i16::MAX {
        let size = i32::from(if sample < 0 { !sample } else { sample });
        let sign = if sample < 0 { 0 } else { 0x80 };
        let step = ulaw.partition_point(|edge| *edge <= size >> 2).min(127) as u8;
        assert_eq!(ulaw_of(sample), sign | (!step & 0x7f), "µ-law {sample}");
        let step = alaw.partition_point(|edge| *edge <= size >> 3).min(127) as u8;
        assert_eq!(alaw_of(sample), (sign | step) ^ 0x55, "A-law {sample}");
    }
}

#[test]
fn a_code_survives_decoding_and_encoding() {
    for code in 0..=255u8 {
        // µ-law has two zeros; the negative one becomes the positive one.
        let expected = if code == 0x7f { 0xff } else { code };
        assert_eq!(ulaw_of(ulaw_sample(code)), expected);
        assert_eq!(alaw_of(alaw_sample(code)), code);
    }
}

#[test]
fn slices_are_coded_as_far_as_the_shorter_reaches() {
    let samples = [0, 1000, -1000, 32_767];
    let mut payload = [0u8; 3];
    encode_ulaw(&samples, &mut payload);
    let mut back = [7i16; 4];
    decode_ulaw(&payload, &mut back);
    assert!(back[1] > 950 && back[2] < -950);
    assert_eq!((back[0], back[3]), (0, 7));
    encode_alaw(&samples, &mut payload);
    decode_alaw(&payload, &mut back);
    assert_eq!((back[0], back[3]), (8, 7));
}
