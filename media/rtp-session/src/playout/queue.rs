//! Samples that were decoded and not yet played.

/// What it holds: a packet of 60 ms at 16 kHz behind what a tick and a stretching of it look at.
const CAPACITY: usize = 1_920;

/// The samples of one stream between decoding and playing. Takes its memory when it is made.
#[derive(Debug)]
pub struct SampleQueue {
    samples: Box<[i16; CAPACITY]>,
    start: usize,
    end: usize,
}

impl SampleQueue {
    /// An empty queue.
    pub fn new() -> Self {
        SampleQueue { samples: Box::new([0; CAPACITY]), start: 0, end: 0 }
    }

    /// How many samples wait.
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// The samples that wait, the next one first.
    pub fn samples(&self) -> &[i16] {
        &self.samples[self.start..self.end]
    }

    /// Room behind the last sample, as much as there is up to `most`; [`push`](Self::push) says how much of it was used.
    pub fn room(&mut self, most: usize) -> &mut [i16] {
        if self.end + most > CAPACITY {
            self.samples.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        let end = (self.end + most).min(CAPACITY);
        &mut self.samples[self.end..end]
    }

    /// So many samples were written into the room.
    pub fn push(&mut self, count: usize) {
        self.end = (self.end + count).min(CAPACITY);
    }

    /// Moves the next samples out, as many as there are; how many.
    pub fn take(&mut self, out: &mut [i16]) -> usize {
        let count = out.len().min(self.len());
        out[..count].copy_from_slice(&self.samples[self.start..self.start + count]);
        self.start += count;
        count
    }

    /// Leaves out the last `count` of the samples from place `from` on that follow it.
    pub fn forget_at(&mut self, from: usize, count: usize) {
        let from = (self.start + from).min(self.end);
        let count = count.min(self.end - from);
        self.samples.copy_within(from + count..self.end, from);
        self.end -= count;
    }

    /// Leaves out all.
    pub fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    /// Shortens by a period of `lag` samples: what begins here goes over, within `overlap` samples, into what begins a
    /// period later.
    pub fn leave_out(&mut self, lag: usize, overlap: usize) {
        let waiting = &mut self.samples[self.start..self.end];
        if waiting.len() < lag + overlap {
            return;
        }
        // Written where it will stand, so that only the start moves.
        for at in (0..overlap).rev() {
            waiting[lag + at] = blend(waiting[at], waiting[lag + at], at, overlap);
        }
        self.start += lag;
    }

    /// Lengthens by a period of `lag` samples: after one period, what follows goes over, within `overlap` samples, into
    /// what stands a period before. Whether there was room.
    pub fn repeat(&mut self, lag: usize, overlap: usize) -> bool {
        let count = self.len();
        if count < lag + overlap || self.room(lag).len() < lag {
            return false;
        }
        let (start, end) = (self.start, self.end);
        self.samples.copy_within(start..end, start + lag);
        self.end += lag;
        // Now x[0..lag] x[0..]: the second x begins where x[lag..] would go on, which it overwrote; that stands a period
        // later.
        let waiting = &mut self.samples[start..self.end];
        for at in 0..overlap {
            waiting[lag + at] = blend(waiting[2 * lag + at], waiting[lag + at], at, overlap);
        }
        true
    }
}

impl Default for SampleQueue {
    fn default() -> Self {
        SampleQueue::new()
    }
}

/// From one sound to another, `at` of `length` samples on the way.
fn blend(from: i16, to: i16, at: usize, length: usize) -> i16 {
    let (share, whole) = (at as i32 + 1, length as i32 + 1);
    ((i32::from(from) * (whole - share) + i32::from(to) * share) / whole) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue_of(samples: impl Iterator<Item = i16>) -> SampleQueue {
        let mut queue = SampleQueue::new();
        let samples: Vec<i16> = samples.collect();
        queue.room(samples.len()).copy_from_slice(&samples);
        queue.push(samples.len());
        queue
    }

    /// A sound with a period of 50 samples.
    fn periodic() -> impl Iterator<Item = i16> {
        (0..400i16).map(|n| (n % 50) * 100)
    }

    #[test]
    fn a_period_less_or_more_is_the_same_sound() {
        let expected: Vec<i16> = periodic().collect();
        let mut queue = queue_of(periodic());
        queue.leave_out(50, 40);
        assert_eq!(queue.samples(), &expected[..350]);
        assert!(queue.repeat(50, 40));
        assert_eq!(queue.samples(), expected);
        assert!(queue.repeat(100, 40));
        assert_eq!((queue.len(), &queue.samples()[..400]), (500, &expected[..]));
    }

    #[test]
    fn what_is_left_out_or_repeated_makes_no_jump() {
        let mut queue = queue_of((0..300).map(|n| n * 10));
        queue.leave_out(70, 40);
        let shorter = queue.samples().to_vec();
        assert_eq!((shorter.len(), shorter[229]), (230, 2_990));
        let steepest = |samples: &[i16]| samples.windows(2).map(|w| w[1].abs_diff(w[0])).max().unwrap();
        assert!(steepest(&shorter) < 40 && shorter[0] < 30, "{shorter:?}");
        assert!(queue.repeat(70, 40));
        assert!(steepest(queue.samples()) < 70);
        assert_eq!((queue.len(), queue.samples()[299]), (300, 2_990));
    }

    #[test]
    fn it_holds_what_it_says_and_no_more() {
        let mut queue = queue_of(0..1_900);
        assert_eq!(queue.room(100).len(), 20);
        let mut out = [0; 100];
        assert_eq!((queue.take(&mut out), out[99]), (100, 99));
        assert_eq!(queue.room(100).len(), 100);
        assert!(!queue.repeat(1_000, 40));
        queue.forget_at(10, 1_000);
        assert_eq!((queue.len(), queue.samples()[9], queue.samples()[10]), (800, 109, 1_110));
    }
}
