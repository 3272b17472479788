//! An allocator that counts, so that a bench and a test can say what something allocates.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, with a count for each thread. A binary that counts makes it its own:
/// `#[global_allocator] static ALLOCATOR: CountingAllocator = CountingAllocator;`
#[derive(Debug)]
pub struct CountingAllocator;

/// What a thread has asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Allocated {
    /// How many times: allocations and enlargements.
    pub times: u64,
    /// How many bytes in all.
    pub bytes: u64,
}

thread_local! {
    // Made at compile time and never dropped: looking at it allocates nothing.
    static ALLOCATED: Cell<Allocated> = const { Cell::new(Allocated { times: 0, bytes: 0 }) };
}

thread_local! {
    static HELD: Cell<i64> = const { Cell::new(0) };
}

/// How many bytes this thread has taken and not given back; what another thread took or gives back counts there. Zero when
/// the binary did not make [`CountingAllocator`] its own.
pub fn held() -> i64 {
    HELD.get()
}

fn hold(bytes: usize) {
    let _ = HELD.try_with(|held| held.set(held.get() + bytes as i64));
}

fn give_back(bytes: usize) {
    let _ = HELD.try_with(|held| held.set(held.get() - bytes as i64));
}

fn count(bytes: usize) {
    // A thread that is ending has no count any more.
    let _ = ALLOCATED.try_with(|allocated| {
        let Allocated { times, bytes: sum } = allocated.get();
        allocated.set(Allocated { times: times + 1, bytes: sum + bytes as u64 });
    });
}

/// What this thread allocates while `work` runs. Zero when the binary did not make [`CountingAllocator`] its own.
pub fn allocated<T>(work: impl FnOnce() -> T) -> (T, Allocated) {
    let before = ALLOCATED.get();
    let result = work();
    let after = ALLOCATED.get();
    (result, Allocated { times: after.times - before.times, bytes: after.bytes - before.bytes })
}

// SAFETY: every call goes to the system's allocator as it came; counting allocates nothing and does not unwind.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        hold(layout.size());
        // SAFETY: the caller's promises are those of the system's allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        hold(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        hold(size);
        give_back(layout.size());
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        give_back(layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}
