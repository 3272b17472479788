//! The keys of a session, as they change.

use super::{Room, SecureFault, Security};
use frontdesk_identifiers::Moment;
use std::time::Duration;

/// So long after a change of keys packets of the old ones are still opened: the other side changes when it has our
/// answer, and what it sent before is on its way.
pub const KEY_OVERLAP: Duration = Duration::from_secs(5);

/// What a session encrypts and decrypts with; nothing as long as the stream is plain.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    current: Option<Box<Security>>,
    /// What was before, and until when it opens packets.
    before: Option<Box<Security>>,
    before_until: Moment,
}

impl Guard {
    /// Whether the stream is encrypted.
    pub(crate) fn is_on(&self) -> bool {
        self.current.is_some()
    }

    /// From now on with these keys, or plain. What becomes superfluous is given back, to be dropped elsewhere.
    ///
    /// A direction whose key did not change goes on with its counters and windows: an index that is used twice under
    /// one key betrays the sound, and a window that begins anew takes replays.
    pub(crate) fn change(&mut self, new: Option<Box<Security>>, now: Moment) -> Option<Box<Security>> {
        let Some(mut new) = new else {
            // The keys are kept, for the case that they are agreed on once more.
            let was = self.current.take()?;
            self.before_until = now;
            return self.before.replace(was);
        };
        let (mut seals_on, mut opens_on) = (false, false);
        for known in [&mut self.current, &mut self.before].into_iter().flatten() {
            if !seals_on && known.seals_as(&new) {
                std::mem::swap(&mut known.sealing, &mut new.sealing);
                seals_on = true;
            }
            if !opens_on && known.opens_as(&new) {
                std::mem::swap(&mut known.opening, &mut new.opening);
                opens_on = true;
            }
        }
        let was = self.current.replace(new)?;
        match &mut self.current {
            Some(new) if !was.opens_as(new) => {
                if !opens_on {
                    new.opening.follows(&was.opening);
                }
                self.before_until = now + KEY_OVERLAP;
                self.before.replace(was)
            }
            // It was emptied of what goes on.
            _ => Some(was),
        }
    }

    pub(crate) fn open_rtp(
        &mut self,
        datagram: &[u8],
        now: Moment,
        room: &mut Room,
    ) -> Result<(), SecureFault> {
        self.open(now, |security| security.opening.open_rtp(datagram, room))
    }

    pub(crate) fn open_rtcp(
        &mut self,
        datagram: &[u8],
        now: Moment,
        room: &mut Room,
    ) -> Result<(), SecureFault> {
        self.open(now, |security| security.opening.open_rtcp(datagram, room))
    }

    fn open(
        &mut self,
        now: Moment,
        mut with: impl FnMut(&mut Security) -> Result<(), SecureFault>,
    ) -> Result<(), SecureFault> {
        let Some(current) = &mut self.current else { return Err(SecureFault::NotAuthentic) };
        match (with(current), &mut self.before) {
            (Err(SecureFault::NotAuthentic), Some(before))
                if now < self.before_until && !before.opens_as(current) =>
            {
                with(before)
            }
            (outcome, _) => outcome,
        }
    }

    /// Encrypts a packet of `length` bytes in place, if the stream is encrypted; the length of what is to be sent, or 0
    /// if it must not be.
    pub(crate) fn seal_rtp(&mut self, packet: &mut [u8], length: usize) -> usize {
        match &mut self.current {
            Some(security) => security.sealing.seal_rtp(packet, length),
            None => length,
        }
    }

    /// The same with a report.
    pub(crate) fn seal_rtcp(&mut self, report: &mut [u8], length: usize) -> usize {
        match &mut self.current {
            Some(security) => security.sealing.seal_rtcp(report, length),
            None => length,
        }
    }
}

impl Security {
    fn seals_as(&self, other: &Security) -> bool {
        (self.keys.suite, self.keys.send) == (other.keys.suite, other.keys.send)
    }

    fn opens_as(&self, other: &Security) -> bool {
        (self.keys.suite, self.keys.receive) == (other.keys.suite, other.keys.receive)
    }
}
