//! How long the suite may take, and how many stories are played at once.

use std::io::Write;
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// The whole suite, on two cores; 90 s of it are what is told over UDP, TCP and TLS alike, 40 s are Linphone's, 90 s are the
/// endurance's, and 120 s are what is measured, encrypted, said in each codec and in rooms.
const BUDGET: Duration = Duration::from_secs(560);
/// The calls of the endurance story, and those a second that are its own time beyond them, pauses among it.
const SOAK_CALLS: u32 = 2_000;
const SOAK_CALLS_A_SECOND: u32 = 20;
/// Stories at once. They carry sound in real time: more of them on two cores would judge the machine, not the desk.
const AT_ONCE: u32 = 2;

static STARTED: OnceLock<Instant> = OnceLock::new();
static TAKEN: Mutex<u32> = Mutex::new(0);
static FREED: Condvar = Condvar::new();

/// How many calls the endurance story makes: 2,000, or `FRONTDESK_SOAK_CALLS`.
pub fn soak_calls() -> u32 {
    let wanted = std::env::var("FRONTDESK_SOAK_CALLS").ok().and_then(|calls| calls.parse().ok());
    wanted.unwrap_or(SOAK_CALLS)
}

/// What the suite may take, a longer soak included.
fn budget() -> Duration {
    BUDGET + Duration::from_secs((soak_calls().saturating_sub(SOAK_CALLS) / SOAK_CALLS_A_SECOND).into())
}

/// The right to play a story; given back when dropped.
pub struct Turn(u32);

impl Turn {
    /// Waits for a turn among the others.
    pub fn take() -> Turn {
        Turn::of(1)
    }

    /// Waits until nobody else plays: for stories that load both cores.
    pub fn alone() -> Turn {
        Turn::of(AT_ONCE)
    }

    fn of(weight: u32) -> Turn {
        let started = *STARTED.get_or_init(|| {
            // Not by println: the test harness would keep it to itself.
            let _ = writeln!(std::io::stderr(), "interop: budget {} s", budget().as_secs());
            Instant::now()
        });
        let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        while *taken + weight > AT_ONCE {
            let left = budget().saturating_sub(started.elapsed());
            assert!(
                !left.is_zero(),
                "the budget of {} s was used up before this story began",
                budget().as_secs()
            );
            taken = FREED.wait_timeout(taken, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        *taken += weight;
        Turn(weight)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) -= self.0;
        FREED.notify_all();
        if let Some(used) = STARTED.get().map(Instant::elapsed).filter(|used| *used > budget()) {
            let _ = writeln!(std::io::stderr(), "interop: over its budget: {} s", used.as_secs());
        }
    }
}
