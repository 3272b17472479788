//! What leaves a leg sideways: speech to the ears, both directions to the recorder.

use crate::orders::StreamFrame;
use crate::status::Reporter;
use frontdesk_audio::{AudioFrame, LentFrame, SAMPLES_8K};
use frontdesk_identifiers::LegId;
use frontdesk_media_protocol::{ListeningId, MediaEvent, SpeechFrame};
use ringbuf::HeapProd;
use ringbuf::traits::Producer;

/// One listening: the tick's end of its ring.
pub(crate) struct Listening {
    pub(crate) id: ListeningId,
    ring: HeapProd<SpeechFrame>,
    flow: Flow,
}

/// Whether the ears keep up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Flowing,
    OverrunUntold,
    /// It was told, and is not told again before the ears caught up.
    OverrunTold,
}

impl Listening {
    pub(crate) fn new(id: ListeningId, ring: HeapProd<SpeechFrame>) -> Self {
        Listening { id, ring, flow: Flow::Flowing }
    }

    /// Gives a frame to the ears; if they did not keep up, it is lost.
    pub(crate) fn push(&mut self, frame: SpeechFrame) {
        self.flow = match (self.ring.try_push(frame), self.flow) {
            (Ok(()), Flow::OverrunUntold) => Flow::OverrunUntold,
            (Ok(()), _) => Flow::Flowing,
            (Err(_), Flow::OverrunTold) => Flow::OverrunTold,
            (Err(_), _) => Flow::OverrunUntold,
        };
    }

    /// Tells once that the ears did not keep up.
    pub(crate) fn tell(&mut self, leg: LegId, reporter: &mut Reporter) {
        let event = MediaEvent::HearingOverrun { leg, listening: self.id };
        if self.flow == Flow::OverrunUntold && reporter.tell(event) {
            self.flow = Flow::OverrunTold;
        }
    }
}

/// Frames in the ring between tick and disk: 2 s. When it is full the frame is lost; its place becomes silence.
pub const RECORDER_CAPACITY_FRAMES: usize = 100;

/// 20 ms of a recording.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StereoFrame {
    /// What is missing before this one.
    pub(crate) missing: Missing,
    /// What the party said.
    pub(crate) left: AudioFrame,
    /// What was sent to it.
    pub(crate) right: AudioFrame,
}

/// Frames that are not in a recording; silence stands in their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Missing {
    /// Ticks that were skipped, frames that the disk was too slow for.
    pub(crate) gap_frames: u32,
    /// What was said and heard while the recording was paused: it never leaves the tick.
    pub(crate) paused_frames: u32,
}

/// The tick's end of one recording.
pub(crate) struct RecorderTap {
    pub(crate) recording: u64,
    ring: HeapProd<StereoFrame>,
    paused: bool,
    missing: Missing,
}

impl RecorderTap {
    pub(crate) fn new(recording: u64, ring: HeapProd<StereoFrame>) -> Self {
        RecorderTap { recording, ring, paused: false, missing: Missing::default() }
    }

    /// So many ticks passed without sound.
    pub(crate) fn skip(&mut self, frames: u64) {
        let frames = u32::try_from(frames).unwrap_or(u32::MAX);
        let Missing { gap_frames, paused_frames } = &mut self.missing;
        let counted = if self.paused { paused_frames } else { gap_frames };
        *counted = counted.saturating_add(frames);
    }

    /// From now on nothing is recorded, or everything again.
    pub(crate) fn pause(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// One tick's sound in both directions; both channels advance by the same frame, so they cannot drift apart.
    pub(crate) fn push(&mut self, left: LentFrame<'_>, right: LentFrame<'_>) {
        if self.paused {
            return self.skip(1);
        }
        let frame = StereoFrame { missing: self.missing, left: kept(left), right: kept(right) };
        match self.ring.try_push(frame) {
            Ok(()) => self.missing = Missing::default(),
            Err(_) => self.skip(1),
        }
    }

    /// What is missing after the last frame that was written.
    pub(crate) fn missing(&self) -> Missing {
        self.missing
    }
}

fn kept(lent: LentFrame<'_>) -> AudioFrame {
    let mut frame = AudioFrame::silence(lent.rate());
    frame.copy_from(lent);
    frame
}

/// Nothing: what a channel of a recording has when nothing is said or sent.
pub(crate) const SILENCE: StreamFrame = [0; SAMPLES_8K];

#[cfg(test)]
mod tests {
    use super::*;
    use ringbuf::HeapRb;
    use ringbuf::traits::{Consumer, Split};

    #[test]
    fn what_the_disk_was_too_slow_for_is_counted_before_the_next_frame() {
        let (ring, mut disk) = HeapRb::new(2).split();
        let mut tap = RecorderTap::new(1, ring);
        for sample in 0..5 {
            tap.push(LentFrame::Narrow(&[sample; SAMPLES_8K]), LentFrame::Narrow(&SILENCE));
        }
        assert_eq!(tap.missing().gap_frames, 3);
        assert_eq!(
            disk.pop_iter()
                .map(|frame| (frame.missing.gap_frames, frame.left.samples()[0]))
                .collect::<Vec<_>>(),
            [(0, 0), (0, 1)]
        );
        tap.skip(4);
        tap.push(LentFrame::Narrow(&[9; SAMPLES_8K]), LentFrame::Narrow(&SILENCE));
        let frame = disk.try_pop().unwrap();
        assert_eq!((frame.missing.gap_frames, frame.left.samples()[0]), (7, 9));
        assert_eq!(tap.missing(), Missing::default());
    }

    #[test]
    fn what_is_said_while_it_is_paused_never_reaches_the_ring() {
        let (ring, mut disk) = HeapRb::new(10).split();
        let mut tap = RecorderTap::new(1, ring);
        for sample in 0..6 {
            tap.pause((2..5).contains(&sample));
            tap.push(LentFrame::Narrow(&[sample; SAMPLES_8K]), LentFrame::Narrow(&SILENCE));
        }
        let kept: Vec<_> =
            disk.pop_iter().map(|frame| (frame.missing.paused_frames, frame.left.samples()[0])).collect();
        assert_eq!(kept, [(0, 0), (0, 1), (3, 5)]);
    }
}
