use super::*;
use proptest::prelude::*;
use rtcp::extended_report::ExtendedReport;
use rtcp::extended_report::vm::VoIPMetricsReportBlock;
use rtcp::receiver_report::ReceiverReport;
use rtcp::sender_report::SenderReport;
use rtcp::source_description::{SdesType, SourceDescription};

fn block() -> impl Strategy<Value = ReportBlock> {
    (any::<(u32, u8, u32, u32, u32, u32)>(), -0x80_0000i32..=0x7f_ffff).prop_map(
        |((ssrc, fraction_lost, highest, jitter, last_sender_report, delay), lost)| ReportBlock {
            ssrc,
            fraction_lost,
            lost,
            highest,
            jitter,
            last_sender_report,
            delay,
        },
    )
}

fn sender() -> impl Strategy<Value = SenderInfo> {
    any::<(u64, u32, u32, u32)>().prop_map(|(ntp, rtp_timestamp, packets, bytes)| SenderInfo {
        ntp,
        rtp_timestamp,
        packets,
        bytes,
    })
}

fn voip() -> impl Strategy<Value = VoipMetrics> {
    (any::<[u8; 13]>(), any::<[u16; 7]>()).prop_map(|(bytes, times)| VoipMetrics {
        ssrc: 0,
        loss_rate: bytes[0],
        discard_rate: bytes[1],
        burst_density: bytes[2],
        gap_density: bytes[3],
        burst_ms: times[0],
        gap_ms: times[1],
        round_trip_ms: times[2],
        end_system_ms: times[3],
        signal_level: bytes[4],
        noise_level: bytes[5],
        echo_return_loss: bytes[6],
        gmin: bytes[7],
        rating: bytes[8],
        external_rating: bytes[9],
        listening: bytes[10],
        conversation: bytes[11],
        configuration: bytes[12],
        buffer_ms: times[4],
        buffer_most_ms: times[5],
        buffer_limit_ms: times[6],
    })
}

proptest! {
    #[test]
    fn a_report_survives_writing_and_reading(
        ssrc: u32, sender in proptest::option::of(sender()), block in proptest::option::of(block()),
        voip in proptest::option::of(voip()),
        cname in "[a-z0-9@.]{0,80}", goodbye: bool,
    ) {
        let mut out = [0; MAX_REPORT_BYTES];
        let about = block.map_or(0, |block| block.ssrc);
        let voip = voip.map(|voip| VoipMetrics { ssrc: about, ..voip });
        let length = write(&Report { ssrc, sender, block, voip, cname: &cname, goodbye }, &mut out);
        prop_assert!(length > 0 && length.is_multiple_of(4));
        let heard = read(&out[..length], about).unwrap();
        prop_assert_eq!(heard, Heard { ssrc, sender, block, voip, goodbye });
        // The library reads the same, our name included.
        let theirs = ::rtcp::packet::unmarshal(&mut &out[..length]).unwrap();
        prop_assert_eq!(theirs.len(), 2 + usize::from(voip.is_some()) + usize::from(goodbye));
        let (their_ssrc, their_blocks) = match sender {
            Some(_) => {
                let report = theirs[0].as_any().downcast_ref::<SenderReport>().unwrap();
                prop_assert_eq!(report.ntp_time, sender.unwrap().ntp);
                prop_assert_eq!(report.octet_count, sender.unwrap().bytes);
                (report.ssrc, report.reports.clone())
            }
            None => {
                let report = theirs[0].as_any().downcast_ref::<ReceiverReport>().unwrap();
                (report.ssrc, report.reports.clone())
            }
        };
        prop_assert_eq!(their_ssrc, ssrc);
        prop_assert_eq!(their_blocks.len(), usize::from(block.is_some()));
        if let (Some(theirs), Some(ours)) = (their_blocks.first(), block) {
            prop_assert_eq!(theirs.last_sequence_number, ours.highest);
            prop_assert_eq!(theirs.total_lost, ours.lost as u32 & 0xff_ffff);
            prop_assert_eq!(theirs.delay, ours.delay);
        }
        if let Some(ours) = voip {
            let report = theirs[2].as_any().downcast_ref::<ExtendedReport>().unwrap();
            let theirs = report.reports[0].as_any().downcast_ref::<VoIPMetricsReportBlock>().unwrap();
            prop_assert_eq!((theirs.ssrc, theirs.mos_cq, theirs.rfactor), (ours.ssrc, ours.conversation, ours.rating));
            prop_assert_eq!((theirs.burst_duration, theirs.jb_abs_max), (ours.burst_ms, ours.buffer_limit_ms));
        }
        let names = theirs[1].as_any().downcast_ref::<SourceDescription>().unwrap();
        prop_assert_eq!(names.chunks[0].items[0].sdes_type, SdesType::SdesCname);
        prop_assert_eq!(&names.chunks[0].items[0].text[..], &cname.as_bytes()[..cname.len().min(64)]);
    }

    #[test]
    fn any_bytes_are_read_or_refused(mut datagram: Vec<u8>, about: u32, length in 0u8..12) {
        let _ = read(&datagram, about);
        if let Some(header) = datagram.first_chunk_mut::<4>() {
            *header = [0x80 | (header[0] & 0x3f), 200 + (header[1] & 3), 0, length];
        }
        let _ = read(&datagram, about);
    }
}

#[test]
fn a_buffer_that_is_too_small_gets_nothing() {
    let report = Report { ssrc: 1, sender: None, block: None, voip: None, cname: "desk", goodbye: true };
    let mut out = [0; MAX_REPORT_BYTES];
    let length = write(&report, &mut out);
    assert_eq!(write(&report, &mut out[..length]), length);
    assert_eq!(write(&report, &mut out[..length - 1]), 0);
}

#[test]
fn what_is_no_compound_packet_says_why() {
    assert_eq!(read(&[], 0), Err(ReportFault::Short));
    assert_eq!(read(&[0x81, 202, 0, 1, 0, 0, 0, 1], 0), Err(ReportFault::NoReport));
    assert_eq!(read(&[0x41, 201, 0, 1, 0, 0, 0, 1], 0), Err(ReportFault::Version));
    assert_eq!(read(&[0x80, 201, 0, 2, 0, 0, 0, 1], 0), Err(ReportFault::Short));
    assert_eq!(read(&[0x80, 201, 0, 1, 0, 0, 0, 1, 0x80], 0), Err(ReportFault::Short));
    assert_eq!(read(&[0x80, 200, 0, 1, 0, 0, 0, 1], 0), Err(ReportFault::Short));
}

#[test]
fn wall_time_becomes_ntp_time() {
    let wall = WallTime::from_unix_micros(500_000);
    assert_eq!(ntp_of(wall), (2_208_988_800 << 32) | (1 << 31));
    assert_eq!(ntp_middle(0x0123_4567_89ab_cdef), 0x4567_89ab);
    assert_eq!(in_ntp_fractions(Duration::from_millis(1_500)), 98_304);
}

#[test]
fn reports_are_about_five_seconds_apart_and_never_in_step() {
    let mut timer = ReportTimer::new([3; 32], Moment::ZERO);
    let first = timer.deadline();
    assert!((1_000..=3_100).contains(&first.as_millis()), "{first:?}");
    assert!(!timer.is_due(first - Duration::from_nanos(1)));
    let mut gaps = Vec::new();
    for _ in 0..1_000 {
        let now = timer.deadline();
        assert!(timer.is_due(now));
        gaps.push(timer.deadline().since(now));
    }
    let low = Duration::from_secs_f64(2.5 / 1.21829);
    let high = Duration::from_secs_f64(7.5 / 1.21828);
    assert!(gaps.iter().all(|gap| (low..=high).contains(gap)));
    let mean: Duration = gaps.iter().sum::<Duration>() / 1_000;
    assert!((3_900..4_300).contains(&mean.as_millis()), "{mean:?}");
    let mut again = ReportTimer::new([3; 32], Moment::ZERO);
    assert!(again.is_due(first));
    assert_eq!(again.deadline().since(first), gaps[0], "one seed, one sequence");
}
