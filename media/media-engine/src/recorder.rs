//! The recorder: a thread that moves sound from the rings of the legs to the disk.

pub(crate) mod file;
pub(crate) mod recover;

use crate::tap::StereoFrame;
use file::RecordingFile;
use frontdesk_identifiers::LegId;
use frontdesk_media_protocol::MediaEvent;
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
    Finish { recording: u64, gap_frames: u32 },
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
    pub(crate) fn finish(&self, recording: u64, gap_frames: u32) {
        self.tell(WriterOrder::Finish { recording, gap_frames });
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
    /// The file, or nothing after it failed: then the ring is emptied all the same.
    file: Option<RecordingFile>,
    frames: u64,
    gap_frames: u64,
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
            self.end(recording, 0);
        }
    }

    fn carry_out(&mut self, order: WriterOrder) {
        match order {
            WriterOrder::Begin { recording, leg, path, ring } => {
                let file = RecordingFile::create(&path)
                    .inspect_err(|error| {
                        tracing::error!(%leg, path = %path.display(), %error, "no recording: the file cannot be made");
                    })
                    .ok();
                self.recordings.insert(recording, Recording { leg, ring, file, frames: 0, gap_frames: 0 });
            }
            WriterOrder::Finish { recording, gap_frames } => {
                if let Some(recording) = self.recordings.remove(&recording) {
                    self.end(recording, gap_frames);
                }
            }
        }
    }

    fn end(&mut self, mut recording: Recording, gap_frames: u32) {
        recording.empty_ring();
        recording.gap(gap_frames);
        let Recording { leg, file, frames, gap_frames, .. } = recording;
        let kept = file.is_some_and(|file| {
            file.publish()
                .inspect_err(|error| tracing::error!(%leg, %error, "the recording stays unpublished"))
                .is_ok()
        });
        let samples = frames * crate::tap::SILENCE.len() as u64;
        let gap_samples = gap_frames * crate::tap::SILENCE.len() as u64;
        let _ = self.outbox.send(MediaEvent::RecordingEnded { leg, samples, gap_samples, kept });
        crate::status::ring_bell(self.wake.as_ref());
    }
}

impl Recording {
    fn empty_ring(&mut self) {
        // Bounded by the ring: what the tick adds meanwhile is for the next round.
        for _ in 0..crate::tap::RECORDER_CAPACITY_FRAMES {
            let Some(frame) = self.ring.try_pop() else { break };
            self.gap(frame.gap_frames);
            self.write(&frame);
        }
    }

    fn gap(&mut self, frames: u32) {
        self.gap_frames += u64::from(frames);
        let silence = StereoFrame { gap_frames: 0, left: crate::tap::SILENCE, right: crate::tap::SILENCE };
        for _ in 0..frames {
            self.write(&silence);
        }
    }

    fn write(&mut self, frame: &StereoFrame) {
        self.frames += 1;
        let Some(file) = &mut self.file else { return };
        if let Err(error) = file.append(frame) {
            tracing::error!(leg = %self.leg, %error, "the recording breaks off: the disk does not take it");
            // Its `.part` stays, with what was written before, and is published at the next start.
            self.file = None;
        }
    }
}

#[cfg(test)]
mod tests;
