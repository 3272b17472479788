//! One playback on one leg: where the next 20 ms come from, and how much of it went out.

use crate::orders::StreamFrame;
use crate::status::Reporter;
use frontdesk_audio::{Prompt, PromptFrame, SAMPLES_8K};
use frontdesk_identifiers::{LegId, Moment};
use frontdesk_media_protocol::{MediaEvent, PlaybackEnd, PlaybackId};
use ringbuf::HeapCons;
use ringbuf::traits::{Consumer, Observer};
use std::sync::Arc;

/// What is played.
pub(crate) enum PlaySource {
    /// Sound that stands ready in every codec.
    Prompt { prompt: Arc<Prompt>, at: usize, repeat: bool },
    /// Sound that a voice is still making.
    Stream { ring: HeapCons<StreamFrame> },
}

/// Whether its beginning was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// Nothing of it was sent.
    AwaitingFirstFrame,
    /// Its first packet is written; it left at this moment, if it left already.
    Untold(Option<Moment>),
    /// Its beginning was told.
    Told,
}

/// Whether it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It goes on.
    Awaited,
    /// It is over, since this moment if that is known already.
    Untold(PlaybackEnd, Option<Moment>),
    /// Its end was told; it only has to leave the thread.
    Told,
}

pub(crate) struct Playback {
    pub(crate) id: PlaybackId,
    source: PlaySource,
    start: Start,
    end: End,
    sent_samples: u32,
}

/// One frame to send.
pub(crate) enum PlayFrame<'a> {
    /// In every form.
    Ready(PromptFrame<'a>),
    /// Samples only.
    Samples(&'a StreamFrame),
}

impl Playback {
    pub(crate) fn new(id: PlaybackId, source: PlaySource) -> Self {
        Playback { id, source, start: Start::AwaitingFirstFrame, end: End::Awaited, sent_samples: 0 }
    }

    /// The next frame. `None` when there is nothing to send in this tick: it is over, or the voice is late.
    /// `room` is where a frame from a ring is put.
    pub(crate) fn next<'a>(&'a mut self, room: &'a mut StreamFrame) -> Option<PlayFrame<'a>> {
        if self.end != End::Awaited {
            return None;
        }
        let frame = match &mut self.source {
            PlaySource::Prompt { prompt, at, repeat } => {
                if *repeat && *at >= prompt.frames() {
                    *at = 0;
                }
                let index = *at;
                *at = at.saturating_add(1);
                prompt.frame(index).map(PlayFrame::Ready)
            }
            PlaySource::Stream { ring } => {
                // Asked in this order: a frame written just before the writer went away is still seen.
                let writer_stays = ring.write_is_held();
                let frame = ring.try_pop();
                if frame.is_none() && writer_stays {
                    return None;
                }
                frame.map(|frame| {
                    *room = frame;
                    PlayFrame::Samples(room)
                })
            }
        };
        if frame.is_none() {
            self.end = End::Untold(PlaybackEnd::Completed, None);
            return None;
        }
        if self.start == Start::AwaitingFirstFrame {
            self.start = Start::Untold(None);
        }
        self.sent_samples = self.sent_samples.saturating_add(SAMPLES_8K as u32);
        frame
    }

    /// It is stopped or replaced. One that was over before stays what it was.
    pub(crate) fn stop(&mut self) {
        if self.end == End::Awaited {
            self.end = End::Untold(PlaybackEnd::Stopped, None);
        }
    }

    /// Tells what happened, in its order. What the ring does not take is told later, with the moment of now.
    pub(crate) fn tell(&mut self, leg: LegId, now: Moment, reporter: &mut Reporter) {
        let playback = self.id;
        if let Start::Untold(left_at) = &mut self.start {
            let at = *left_at.get_or_insert(now);
            if !reporter.tell(MediaEvent::PlaybackStarted { leg, playback, at }) {
                return;
            }
            self.start = Start::Told;
        }
        if let End::Untold(end, ended_at) = &mut self.end {
            let (end, at) = (*end, *ended_at.get_or_insert(now));
            let sent_samples = self.sent_samples;
            if reporter.tell(MediaEvent::PlaybackEnded { leg, playback, end, sent_samples, at }) {
                self.end = End::Told;
            }
        }
    }

    /// Whether it is over, told or not.
    pub(crate) fn is_over(&self) -> bool {
        self.end != End::Awaited
    }

    /// Whether it is over and told.
    pub(crate) fn is_told(&self) -> bool {
        self.end == End::Told
    }
}

#[cfg(test)]
mod tests;
