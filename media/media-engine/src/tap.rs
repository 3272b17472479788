//! What leaves a leg sideways: speech to the ears, both directions to the recorder.

use crate::orders::StreamFrame;
use crate::status::Reporter;
use frontdesk_audio::{LentFrame, RateFit, SAMPLES_8K, SampleRate};
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
    /// Frames that are missing before this one: ticks that were skipped, frames that the disk was too slow for.
    pub(crate) gap_frames: u32,
    /// What the party said.
    pub(crate) left: StreamFrame,
    /// What was sent to it.
    pub(crate) right: StreamFrame,
}

/// The tick's end of one recording.
pub(crate) struct RecorderTap {
    pub(crate) recording: u64,
    ring: HeapProd<StereoFrame>,
    gap_frames: u32,
    /// A recording is of 8 kHz.
    left: RateFit,
    right: RateFit,
}

impl RecorderTap {
    pub(crate) fn new(recording: u64, ring: HeapProd<StereoFrame>) -> Self {
        RecorderTap { recording, ring, gap_frames: 0, left: RateFit::new(), right: RateFit::new() }
    }

    /// So many ticks passed without sound.
    pub(crate) fn skip(&mut self, frames: u64) {
        let frames = u32::try_from(frames).unwrap_or(u32::MAX);
        self.gap_frames = self.gap_frames.saturating_add(frames);
    }

    /// One tick's sound in both directions; both channels advance by the same frame, so they cannot drift apart.
    pub(crate) fn push(&mut self, left: LentFrame<'_>, right: LentFrame<'_>) {
        let frame = StereoFrame {
            gap_frames: self.gap_frames,
            left: narrow(self.left.fit(left, SampleRate::Narrow)),
            right: narrow(self.right.fit(right, SampleRate::Narrow)),
        };
        match self.ring.try_push(frame) {
            Ok(()) => self.gap_frames = 0,
            Err(_) => self.skip(1),
        }
    }

    /// Frames that are missing after the last one that was written.
    pub(crate) fn gap_frames(&self) -> u32 {
        self.gap_frames
    }
}

/// A frame that was brought to 8 kHz.
fn narrow(frame: LentFrame<'_>) -> StreamFrame {
    match frame {
        LentFrame::Narrow(samples) => *samples,
        LentFrame::Wide(_) => SILENCE,
    }
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
        assert_eq!(tap.gap_frames(), 3);
        assert_eq!(
            disk.pop_iter().map(|frame| (frame.gap_frames, frame.left[0])).collect::<Vec<_>>(),
            [(0, 0), (0, 1)]
        );
        tap.skip(4);
        tap.push(LentFrame::Narrow(&[9; SAMPLES_8K]), LentFrame::Narrow(&SILENCE));
        let frame = disk.try_pop().unwrap();
        assert_eq!((frame.gap_frames, frame.left[0], tap.gap_frames()), (7, 9, 0));
    }
}
