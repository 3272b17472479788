//! What calls cost that stand: processor time, memory, and the time that their sound takes.

use crate::sound::{Heard, Sockets, Way};
use crate::telephones::Telephones;
use frontdesk_benches::machine::{ThreadTimes, resident_kb};
use frontdesk_benches::open_desk::OpenDesk;
use std::time::{Duration, Instant};

/// Between two calls that are placed.
const PACE: Duration = Duration::from_millis(25);
/// How long all of them may take until they stand, and until they are gone.
const PATIENCE: Duration = Duration::from_secs(4);
/// The measured time is parted, and the median of the parts is the figure.
pub const PARTS: u32 = 3;

/// How many calls stand, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub dialled: &'static str,
    pub bridged: bool,
    pub calls: usize,
    /// How long the sound flows before anything is measured.
    pub settle: Duration,
    /// One of [`PARTS`].
    pub part: Duration,
}

/// What they cost.
pub struct Cost {
    pub heard: Heard,
    /// Processor time of the desk, % of a core for each call, in each part.
    pub percent_a_call: Vec<f64>,
    /// The same by thread, over all parts, the most expensive first.
    pub by_thread: Vec<(String, f64)>,
    /// Memory of the desk before the calls, with them, and after them, in kB.
    pub resident_kb: [u64; 3],
}

/// Places the calls, lets them talk, hangs up, and measures meanwhile.
///
/// # Errors
/// When not all of them stand.
pub fn measure(
    plan: Plan,
    desk: &OpenDesk,
    telephones: &mut Telephones,
    sockets: &Sockets,
) -> Result<Cost, String> {
    let process = desk.process();
    let before = resident_kb(process).unwrap_or_default();
    let numbers = place(plan, telephones);
    let ways = ways(plan, telephones, &numbers)?;
    let measured = plan.part * PARTS;
    let (heard, percent_a_call, by_thread, with) = std::thread::scope(|scope| {
        let sound = scope.spawn(|| sockets.carry(&ways, plan.settle, measured));
        std::thread::sleep(plan.settle);
        let threads = ThreadTimes::of(process);
        let parts: Vec<f64> = (0..PARTS).map(|_| percent(process, plan)).collect();
        let spent = ThreadTimes::of(process).since(&threads);
        let by_thread =
            spent.into_iter().map(|(name, spent)| (name, share(spent, measured, plan.calls))).collect();
        let with = resident_kb(process).unwrap_or_default();
        (sound.join().unwrap_or_default(), parts, by_thread, with)
    });
    numbers.iter().for_each(|number| telephones.hang_up(*number));
    let over = |telephones: &Telephones| {
        numbers.iter().all(|number| telephones.call(*number).is_none_or(|call| call.over))
    };
    telephones.serve(Instant::now() + PATIENCE, over);
    telephones.serve(Instant::now() + Duration::from_secs(1), |_| false);
    let after = resident_kb(process).unwrap_or_default();
    telephones.forget(&numbers);
    Ok(Cost { heard, percent_a_call, by_thread, resident_kb: [before, with, after] })
}

fn place(plan: Plan, telephones: &mut Telephones) -> Vec<u32> {
    let mut numbers = Vec::new();
    for _ in 0..plan.calls {
        numbers.push(telephones.place(plan.dialled));
        telephones.serve(Instant::now() + PACE, |_| false);
    }
    let stand = |telephones: &Telephones| {
        numbers.iter().all(|number| telephones.call(*number).is_some_and(|call| call.answered.is_some()))
    };
    telephones.serve(Instant::now() + PATIENCE, stand);
    numbers
}

fn ways(plan: Plan, telephones: &Telephones, numbers: &[u32]) -> Result<Vec<Way>, String> {
    let way = |number: &u32| {
        let call = telephones.call(*number)?;
        let phone = if plan.bridged { Some(call.phone_sound?) } else { None };
        Some(Way { caller: call.caller_sound?, phone })
    };
    let ways: Vec<Way> = numbers.iter().filter_map(way).collect();
    if ways.len() == numbers.len() {
        Ok(ways)
    } else {
        Err(format!("only {} of {} calls to {} stand", ways.len(), numbers.len(), plan.dialled))
    }
}

/// Processor time while a part passes, % of a core for each call.
fn percent(process: u32, plan: Plan) -> f64 {
    let (began, before) = (Instant::now(), ThreadTimes::of(process).sum());
    std::thread::sleep(plan.part);
    let spent = ThreadTimes::of(process).sum().saturating_sub(before);
    share(spent, began.elapsed(), plan.calls)
}

fn share(spent: Duration, of: Duration, calls: usize) -> f64 {
    spent.as_secs_f64() / of.as_secs_f64() * 100.0 / calls as f64
}
