//! How good the sound of a leg was, over its life.

/// Both directions of a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct StreamQuality {
    /// What the party said, as it arrived at the desk.
    pub received: DirectionQuality,
    /// What the party heard, as its reports told (RFC 3550 §6.4).
    pub sent: DirectionQuality,
    /// The mean time to the party and back in microseconds, if it reported,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round_trip_mean_us: Option<u32>,
    /// and the longest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round_trip_max_us: Option<u32>,
}

/// One direction of a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct DirectionQuality {
    /// Packets that came.
    pub packets: u64,
    /// Packets that did not.
    pub lost: u64,
    /// Packets that came too late to be heard.
    pub late: u64,
    /// The mean of the jitter in microseconds (RFC 3550 §6.4.1), measured each 5 s,
    pub jitter_mean_us: u32,
    /// and the greatest of it.
    pub jitter_max_us: u32,
    /// The mean opinion score times hundred (ITU-T G.107), each 5 s counting the same; absent where nobody measured,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mos_mean_hundredths: Option<u16>,
    /// and that of the worst 5 s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mos_min_hundredths: Option<u16>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StreamSummary;

    #[test]
    fn a_record_of_before_is_read_and_one_of_today_says_how_good_it_was() {
        let before = r#"{"received":5,"sent":5,"lost":0,"late":0,"refused":0,"jitter_us":9,"concealed":0}"#;
        let summary: StreamSummary = serde_json::from_str(before).unwrap();
        assert_eq!(summary.quality, None);
        let received = DirectionQuality { packets: 5, mos_min_hundredths: Some(441), ..Default::default() };
        let quality = StreamQuality { received, round_trip_max_us: Some(80_000), ..Default::default() };
        let today = StreamSummary { quality: Some(quality), ..summary };
        let written = serde_json::to_string(&today).unwrap();
        assert!(
            written.contains(r#""mos_min_hundredths":441"#) && !written.contains("mos_mean"),
            "{written}"
        );
        assert_eq!(serde_json::from_str::<StreamSummary>(&written).unwrap(), today);
    }
}
