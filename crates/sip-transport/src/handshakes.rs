//! Handshakes under way on accepted connections: bounded apart from the connections that talk, so that whoever begins
//! handshakes and finishes none takes no place from anybody who does.
//!
//! Beyond a bound somebody gives way at once: of a source that has too many, its own oldest; of all, the oldest of the
//! source that has the most. So a source with one handshake loses it only where there are as many sources as places.

use crate::limits::network;
use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// The handshakes under way.
#[derive(Debug)]
pub(crate) struct Handshakes {
    most: usize,
    most_per_source: usize,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    last_id: u64,
    /// By source, as [`network`] tells sources apart, the oldest of each first; none is empty.
    by_source: BTreeMap<IpAddr, VecDeque<UnderWay>>,
    all: usize,
}

#[derive(Debug)]
struct UnderWay {
    id: u64,
    /// Dropped when it shall give way.
    _stays: oneshot::Sender<()>,
}

impl Handshakes {
    pub(crate) fn new(most: usize, most_per_source: usize) -> Arc<Self> {
        Arc::new(Handshakes { most, most_per_source, table: Mutex::default() })
    }

    /// Begins one, at the cost of another where there are too many.
    pub(crate) fn begin(self: &Arc<Self>, source: IpAddr) -> Handshake {
        let source = network(source);
        let mut table = self.lock();
        let of_source = table.by_source.get(&source).map_or(0, VecDeque::len);
        if of_source >= self.most_per_source {
            table.drop_oldest_of(source);
        } else if table.all >= self.most
            && let Some(busiest) = table.busiest()
        {
            table.drop_oldest_of(busiest);
        }
        table.last_id += 1;
        table.all += 1;
        let (id, (stays, gives_way)) = (table.last_id, oneshot::channel());
        table.by_source.entry(source).or_default().push_back(UnderWay { id, _stays: stays });
        Handshake { handshakes: self.clone(), source, id, gives_way }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// The source with the most; of equals the one whose oldest began first.
    fn busiest(&self) -> Option<IpAddr> {
        let oldest = |of: &VecDeque<UnderWay>| of.front().map(|oldest| oldest.id);
        let by_count = self.by_source.iter().max_by_key(|(_, of)| (of.len(), std::cmp::Reverse(oldest(of))));
        by_count.map(|(source, _)| *source)
    }

    fn drop_oldest_of(&mut self, source: IpAddr) {
        self.take_out(source, |of| of.pop_front());
    }

    fn take_out(&mut self, source: IpAddr, which: impl FnOnce(&mut VecDeque<UnderWay>) -> Option<UnderWay>) {
        let Some(of) = self.by_source.get_mut(&source) else { return };
        self.all -= usize::from(which(of).is_some());
        if of.is_empty() {
            self.by_source.remove(&source);
        }
    }
}

/// One handshake's share of the bounds, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Handshake {
    handshakes: Arc<Handshakes>,
    source: IpAddr,
    id: u64,
    gives_way: oneshot::Receiver<()>,
}

impl Handshake {
    /// Waits until it must give way to another.
    pub(crate) async fn gives_way(&mut self) {
        // Nothing is ever sent: the other end is dropped.
        let _ = (&mut self.gives_way).await;
    }
}

impl Drop for Handshake {
    fn drop(&mut self) {
        let id = self.id;
        self.handshakes.lock().take_out(self.source, |of| {
            let at = of.iter().position(|under_way| under_way.id == id)?;
            of.remove(at)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot::error::TryRecvError;

    fn source(number: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, number])
    }

    impl Handshake {
        fn stays(&mut self) -> bool {
            self.gives_way.try_recv() == Err(TryRecvError::Empty)
        }
    }

    fn who_stays(all: &mut [Handshake]) -> Vec<bool> {
        all.iter_mut().map(Handshake::stays).collect()
    }

    #[test]
    fn a_source_with_too_many_loses_its_own_oldest() {
        let handshakes = Handshakes::new(100, 2);
        let mut all: Vec<_> = [1, 2, 1, 1].map(|number| handshakes.begin(source(number))).into();
        assert_eq!(who_stays(&mut all), [false, true, true, true]);
        drop(all);
        assert!(handshakes.lock().by_source.is_empty());
        assert_eq!(handshakes.lock().all, 0);
    }

    #[test]
    fn a_full_table_costs_the_source_that_has_the_most() {
        let handshakes = Handshakes::new(4, 3);
        let mut all: Vec<_> = [1, 2, 2, 2, 3, 4].map(|number| handshakes.begin(source(number))).into();
        assert_eq!(who_stays(&mut all), [true, false, false, true, true, true]);
        // One each: now it is the oldest.
        all.push(handshakes.begin(source(5)));
        assert_eq!(who_stays(&mut all), [false, false, false, true, true, true, true]);
        assert_eq!(handshakes.lock().all, 4);
    }

    #[test]
    fn what_is_over_makes_room_and_no_other_gives_way() {
        let handshakes = Handshakes::new(2, 2);
        let mut first = handshakes.begin(source(1));
        for _ in 0..10 {
            drop(handshakes.begin(source(1)));
        }
        assert!(first.stays());
        assert_eq!(handshakes.lock().all, 1);
    }
}
