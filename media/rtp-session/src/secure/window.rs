//! Which packets came: the highest index and a sliding window below it (RFC 3711 §3.3.1, §3.3.2).

/// Packets that may come late and are still told from replays; RFC 3711 §3.3.2 asks for 64 at least.
pub(super) const WINDOW: u64 = u128::BITS as u64;

/// The packets of one stream that were seen. It changes by [`note`](Self::note) alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    highest: u64,
    /// Bit n: the packet `highest − n` was seen.
    seen: u128,
}

impl Window {
    /// A stream that begins with this packet.
    pub(super) const fn beginning_with(index: u64) -> Self {
        Window { highest: index, seen: 1 }
    }

    /// How often the sequence number wrapped.
    pub(super) const fn rollovers(&self) -> u32 {
        (self.highest >> 16) as u32
    }

    /// The index nearest to the highest one that ends with this sequence number (RFC 3711 §3.3.1, appendix A); none if
    /// it lies before the stream's beginning.
    pub(super) fn guess(&self, sequence: u16) -> Option<u64> {
        let ahead = sequence.wrapping_sub(self.highest as u16).cast_signed();
        self.highest.checked_add_signed(i64::from(ahead))
    }

    /// Whether this packet did not come yet, as far as the window reaches.
    pub(super) fn is_new(&self, index: u64) -> bool {
        match self.highest.checked_sub(index) {
            None => true,
            Some(behind) => behind < WINDOW && self.seen >> behind & 1 == 0,
        }
    }

    /// The packet came, and is what it says that it is.
    pub(super) fn note(&mut self, index: u64) {
        match self.highest.checked_sub(index) {
            Some(behind) if behind < WINDOW => self.seen |= 1 << behind,
            Some(_) => {}
            None => {
                let ahead = index - self.highest;
                self.seen = if ahead < WINDOW { self.seen << ahead | 1 } else { 1 };
                self.highest = index;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_guessed_over_the_wrap_in_both_directions() {
        let window = Window::beginning_with(0x1_fffe);
        assert_eq!(window.guess(0xffff), Some(0x1_ffff));
        assert_eq!(window.guess(0x0003), Some(0x2_0003), "ahead over the wrap");
        let window = Window::beginning_with(0x2_0003);
        assert_eq!(window.guess(0xfffe), Some(0x1_fffe), "late over the wrap");
        assert_eq!(window.rollovers(), 2);
        assert_eq!(Window::beginning_with(3).guess(0xfffe), None, "before the beginning");
    }

    #[test]
    fn a_packet_is_new_once_and_never_when_it_is_too_old() {
        let mut window = Window::beginning_with(1_000);
        assert!(!window.is_new(1_000) && window.is_new(999) && window.is_new(1_001));
        window.note(999);
        assert!(!window.is_new(999));
        window.note(1_100);
        assert!(!window.is_new(999) && !window.is_new(1_000) && window.is_new(1_001));
        assert!(window.is_new(1_100 - WINDOW + 1) && !window.is_new(1_100 - WINDOW));
        window.note(1_100 + 5 * WINDOW);
        assert!(!window.is_new(1_100) && window.is_new(1_100 + 5 * WINDOW - 1));
    }
}
