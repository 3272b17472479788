//! The recorder: a thread that moves sound from the rings of the legs to the disk.

pub(crate) mod file;
pub(crate) mod key;
pub(crate) mod recover;
pub(crate) mod sealed;

use crate::tap::{Missing, RECORDER_CAPACITY_FRAMES, StereoFrame};
use file::RecordingFile;
use frontdesk_audio::{AudioFrame, RateFit, SAMPLES_8K, SampleRate};
use frontdesk_identifiers::LegId;
use frontdesk_media_protocol::MediaEvent;
use key::RecordingKey;
use ringbuf::HeapCons;
use ringbuf::traits::Consumer;
use rustix::fd::OwnedFd;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often the rings are emptied. A twentieth of what they hold, so that a disk may stall for most of 2 s.
const ROUND: Duration = Duration::from_millis(100);

enum WriterOrder {
    Begin { recording: u64, leg: LegId, path: PathBuf, ring: HeapCons<StereoFrame> },
    Finish { recording: u64, missing: Missing },
}

/// The control side's hand on the writer thread. Neither queue has a bound of its own: both hold at most two
/// words for each recording, and there is one recording a leg.
pub(crate) struct Recorder {
    orders: Option<Sender<WriterOrder>>,
    ended: Receiver<MediaEvent>,
    writer: Option<JoinHandle<()>>,
}

impl Recorder {
    /// Starts the thread; it rings `wake` after it reported something.
    pub(crate) fn start(wake: Option<OwnedFd>) -> io::Result<Self> {
        let (orders, inbox) = channel();
        let (outbox, ended) = channel();
        let writer = Writer { inbox, outbox, wake, recordings: BTreeMap::new() };
        let writer = std::thread::Builder::new().name("recorder".into()).spawn(|| writer.run())?;
        Ok(Recorder { orders: Some(orders), ended, writer: Some(writer) })
    }

    pub(crate) fn begin(&self, recording: u64, leg: LegId, path: PathBuf, ring: HeapCons<StereoFrame>) {
        self.tell(WriterOrder::Begin { recording, leg, path, ring });
    }

    /// The tick does not write to this recording any more.
    pub(crate) fn finish(&self, recording: u64, missing: Missing) {
        self.tell(WriterOrder::Finish { recording, missing });
    }

    /// The next recording that is over.
    pub(crate) fn ended(&self) -> Option<MediaEvent> {
        self.ended.try_recv().ok()
    }

    /// Publishes what is still being written, and ends the thread.
    pub(crate) fn stop(&mut self) {
        self.orders = None;
        if let Some(writer) = self.writer.take() {
            // A writer that panicked left `.part` files, which the next start publishes.
            let _ = writer.join();
        }
    }

    fn tell(&self, order: WriterOrder) {
        if let Some(orders) = &self.orders {
            let _ = orders.send(order);
        }
    }
}

struct Recording {
    leg: LegId,
    ring: HeapCons<StereoFrame>,
    file: Written,
    /// Whatever rate the frames have, a channel has the file's.
    fits: [RateFit; 2],
    frames: u64,
    gap_frames: u64,
    paused_frames: u64,
}

/// How far a recording's file is.
enum Written {
    /// It has the rate of the first frame of the party: what it says is never worse kept than it is heard.
    FirstFrameAwaited(PathBuf),
    Open(RecordingFile),
    /// The ring is emptied all the same.
    Failed,
}

struct Writer {
    inbox: Receiver<WriterOrder>,
    outbox: Sender<MediaEvent>,
    wake: Option<OwnedFd>,
    recordings: BTreeMap<u64, Recording>,
}

impl Writer {
    fn run(mut self) {
        loop {
            let order = if self.recordings.is_empty() {
                self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                self.inbox.recv_timeout(ROUND)
            };
            match order {
                Ok(order) => self.carry_out(order),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            // All that waits, so that a burst of orders costs one round.
            let stopped = loop {
                match self.inbox.try_recv() {
                    Ok(order) => self.carry_out(order),
                    Err(TryRecvError::Empty) => break false,
                    Err(TryRecvError::Disconnected) => break true,
                }
            };
            self.recordings.values_mut().for_each(Recording::empty_ring);
            if stopped {
                break;
            }
        }
        while let Some((_, recording)) = self.recordings.pop_first() {
            self.end(recording, Missing::default());
        }
    }

    fn carry_out(&mut self, order: WriterOrder) {
        match order {
            WriterOrder::Begin { recording, leg, path, ring } => {
                let begun = Recording {
                    leg,
                    ring,
                    file: Written::FirstFrameAwaited(path),
                    fits: [RateFit::new(), RateFit::new()],
                    frames: 0,
                    gap_frames: 0,
                    paused_frames: 0,
                };
                self.recordings.insert(recording, begun);
            }
            WriterOrder::Finish { recording, missing } => {
                if let Some(recording) = self.recordings.remove(&recording) {
                    self.end(recording, missing);
                }
            }
        }
    }

    fn end(&mut self, mut recording: Recording, missing: Missing) {
        recording.empty_ring();
        recording.miss(missing);
        recording.open(SampleRate::Narrow);
        let Recording { leg, file, frames, gap_frames, paused_frames, .. } = recording;
        let kept = match file {
            Written::Open(file) => file
                .publish()
                .inspect_err(|error| tracing::error!(%leg, %error, "the recording stays unpublished"))
                .is_ok(),
            Written::FirstFrameAwaited(_) | Written::Failed => false,
        };
        let [samples, gap_samples, paused_samples] =
            [frames, gap_frames, paused_frames].map(|frames| frames * SAMPLES_8K as u64);
        let ended = MediaEvent::RecordingEnded { leg, samples, gap_samples, paused_samples, kept };
        let _ = self.outbox.send(ended);
        crate::status::ring_bell(self.wake.as_ref());
    }
}

impl Recording {
    fn empty_ring(&mut self) {
        // Bounded by the ring: what the tick adds meanwhile is for the next round.
        for _ in 0..RECORDER_CAPACITY_FRAMES {
            let Some(frame) = self.ring.try_pop() else { break };
            self.open(frame.left.rate());
            self.miss(frame.missing);
            self.write(&frame.left, &frame.right);
        }
    }

    /// Makes the file, if it is awaited.
    fn open(&mut self, rate: SampleRate) {
        let Written::FirstFrameAwaited(path) = &self.file else { return };
        let key = RecordingKey::for_recording(path);
        self.file = match key.and_then(|key| RecordingFile::create(path, rate, key.as_ref())) {
            Ok(file) => Written::Open(file),
            Err(error) => {
                tracing::error!(leg = %self.leg, path = %path.display(), %error, "no recording: the file cannot be made");
                Written::Failed
            }
        };
    }

    fn miss(&mut self, Missing { gap_frames, paused_frames }: Missing) {
        self.gap_frames += u64::from(gap_frames);
        self.paused_frames += u64::from(paused_frames);
        let silence = AudioFrame::silence(SampleRate::Narrow);
        for _ in 0..u64::from(gap_frames) + u64::from(paused_frames) {
            self.write(&silence, &silence);
        }
    }

    fn write(&mut self, left: &AudioFrame, right: &AudioFrame) {
        self.frames += 1;
        let Written::Open(file) = &mut self.file else { return };
        let [left_fit, right_fit] = &mut self.fits;
        let (left, right) =
            (left_fit.fit(left.lend(), file.rate()), right_fit.fit(right.lend(), file.rate()));
        if let Err(error) = file.append(left.samples(), right.samples()) {
            tracing::error!(leg = %self.leg, %error, "the recording breaks off: the disk does not take it");
            // Its `.part` stays, with what was written before, and is published at the next start.
            self.file = Written::Failed;
        }
    }
}

#[cfg(test)]
mod tests;
