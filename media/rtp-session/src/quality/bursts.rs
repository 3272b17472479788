//! Bursts of loss and the gaps between them (RFC 3611 §4.7.2, and its Appendix A.1 for the counting).
//!
//! A burst begins and ends with a packet that was not heard, and has fewer than [`GMIN`] heard packets in a row within it.
//! All else is gap; a lone loss between [`GMIN`] heard packets on both sides is gap too.

/// So many packets in a row end a burst (RFC 3611 §4.7.2 recommends it).
pub const GMIN: u32 = 16;

/// What is counted of a stream's packets, in the order of their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bursts {
    /// Packets that came, and too late.
    discarded: u64,
    /// Packets that were heard, and that were not; and the runs of those.
    all_heard: u64,
    missing: u64,
    runs: u64,
    /// Packets that were not heard, in the current run of trouble.
    run: u32,
    /// Heard since the last that was not.
    heard: u32,
    /// Anything at all was missing.
    troubled: bool,
    c11: u64,
    c13: u64,
    c14: u64,
    c22: u64,
    c23: u64,
    c33: u64,
    c31: u64,
}

/// What a report says of them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct BurstMetrics {
    /// The share of packets not heard within bursts,
    pub burst_density: f32,
    /// and within gaps.
    pub gap_density: f32,
    /// The mean length of bursts in packets,
    pub burst_packets: f32,
    /// and of gaps.
    pub gap_packets: f32,
    /// The packets that came too late.
    pub discarded: u64,
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It was heard.
    Heard,
    /// It never came.
    Lost,
    /// It came too late.
    Discarded,
}

impl Bursts {
    /// The next packet by its number.
    pub fn packet(&mut self, fate: Fate) {
        if fate == Fate::Heard {
            self.heard = self.heard.saturating_add(1);
            self.all_heard += 1;
            return;
        }
        self.missing += 1;
        self.runs += u64::from(self.heard > 0 || !self.troubled);
        self.discarded += u64::from(fate == Fate::Discarded);
        let heard = u64::from(self.heard);
        if self.heard >= GMIN || !self.troubled {
            // The trouble before is over: a lone loss was part of a gap, more were a burst.
            match self.run {
                0 => {}
                1 => self.c14 += 1,
                _ => self.c13 += 1,
            }
            self.run = 1;
            self.c11 += heard;
        } else {
            self.run += 1;
            if self.heard == 0 {
                self.c33 += 1;
            } else {
                self.c23 += 1;
                self.c31 += 1;
                self.c22 += heard - 1;
            }
        }
        self.troubled = true;
        self.heard = 0;
    }

    /// How much longer the runs of loss are than by chance (ITU-T G.107 §7.5, BurstR); 1 without loss.
    pub fn ratio(&self) -> f32 {
        if self.runs == 0 {
            return 1.0;
        }
        let loss = self.missing as f32 / (self.missing + self.all_heard) as f32;
        (self.missing as f32 / self.runs as f32 * (1.0 - loss)).max(1.0)
    }

    /// What is known so far. A stream without trouble is one gap.
    pub fn metrics(&self) -> BurstMetrics {
        // The open run counts as what it is so far.
        let lone = self.c14 + u64::from(self.run == 1);
        let bursts = self.c13 + u64::from(self.run > 1);
        let gap_heard = self.c11 + u64::from(self.heard);
        let burst_lost = self.c33 + self.c23 + bursts;
        let burst_heard = self.c22 + self.c31;
        let gaps = (bursts + 1) as f32;
        let share = |lost: u64, heard: u64| {
            if lost + heard == 0 { 0.0 } else { lost as f32 / (lost + heard) as f32 }
        };
        BurstMetrics {
            burst_density: share(burst_lost, burst_heard),
            gap_density: share(lone, gap_heard),
            burst_packets: if bursts == 0 { 0.0 } else { (burst_lost + burst_heard) as f32 / bursts as f32 },
            gap_packets: (lone + gap_heard) as f32 / gaps,
            discarded: self.discarded,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(fates: &str) -> BurstMetrics {
        let mut bursts = Bursts::default();
        for letter in fates.chars() {
            bursts.packet(match letter {
                '.' => Fate::Heard,
                'x' => Fate::Lost,
                _ => Fate::Discarded,
            });
        }
        bursts.metrics()
    }

    #[test]
    fn a_lone_loss_is_gap_and_losses_near_each_other_are_a_burst() {
        let long = ".".repeat(20);
        let lone = of(&format!("{long}x{long}"));
        assert_eq!((lone.burst_packets, lone.gap_packets, lone.gap_density), (0.0, 41.0, 1.0 / 41.0));
        let burst = of(&format!("{long}x..xd..x{long}"));
        assert_eq!((burst.burst_packets, burst.burst_density, burst.gap_density), (8.0, 0.5, 0.0));
        assert_eq!((burst.gap_packets, burst.discarded), (20.0, 1));
        let two = of(&format!("{long}xx{long}x{long}xxx"));
        assert_eq!((two.burst_packets, two.burst_density), (2.5, 1.0));
    }

    #[test]
    fn runs_of_loss_are_told_from_chance() {
        let ratio = |fates: &str| {
            let mut bursts = Bursts::default();
            fates.chars().for_each(|c| bursts.packet(if c == 'x' { Fate::Lost } else { Fate::Heard }));
            bursts.ratio()
        };
        assert_eq!((ratio("...."), ratio("..x..x..")), (1.0, 1.0));
        assert_eq!(ratio("xxxx............"), 3.0);
    }

    #[test]
    fn every_packet_is_counted_once() {
        for seed in 0..2_000u32 {
            let fates: String = (0..11).map(|bit| if seed >> bit & 1 == 1 { 'x' } else { '.' }).collect();
            let fates = format!("{fates}{}{fates}", ".".repeat((seed % 19) as usize));
            let m = of(&fates);
            let bursts = if m.burst_packets > 0.0 { 1 } else { 0 };
            // At most two bursts here: the totals must come out whole for one of both.
            let total = |bursts: u32| m.burst_packets * bursts as f32 + m.gap_packets * (bursts + 1) as f32;
            let whole = |bursts| (total(bursts) - fates.len() as f32).abs() < 0.01;
            assert!(whole(bursts) || whole(2), "{fates}: {m:?}");
        }
    }
}
