//! What the kernel says of the machine and of a process.

use rustix::time::{ClockId, clock_gettime};
use std::collections::BTreeMap;
use std::fs::{read_dir, read_to_string};
use std::time::Duration;

/// In what parts of a second the kernel tells processor times (`man 5 proc`); the same on all common machines.
const USER_HZ: u64 = 100;

/// The load averages of 1, 5 and 15 minutes, and how many cores there are.
pub fn load() -> String {
    let averages = read_to_string("/proc/loadavg").unwrap_or_default();
    let averages: Vec<&str> = averages.split_whitespace().take(3).collect();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{} on {cores} cores", averages.join(" "))
}

/// The processor time that a process has used, from `/proc/<pid>/stat`: threads that ended count too, but many kernels
/// look only a few hundred times a second at who runs. None when the process is gone.
pub fn processor_time(process: u32) -> Option<Duration> {
    let stat = read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field is the name, in brackets, and may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis((user + system) * 1_000 / USER_HZ))
}

/// The processor time of this thread alone: a busy machine counts less in it.
pub fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// The processor time of a process and of the children that it has.
pub fn processor_time_of_group(process: u32) -> Duration {
    let one = processor_time(process).unwrap_or_default();
    one + children(process).into_iter().filter_map(processor_time).sum::<Duration>()
}

/// The processes whose parent this one is.
fn children(process: u32) -> Vec<u32> {
    let parent_of = |child: u32| -> Option<u32> {
        let stat = read_to_string(format!("/proc/{child}/stat")).ok()?;
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
    };
    let entries = read_dir("/proc").into_iter().flatten().flatten();
    let processes = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    processes.filter(|child| parent_of(*child) == Some(process)).collect()
}

/// What a process' living threads used, by their names; threads of one name are one.
#[derive(Debug, Clone, Default)]
pub struct ThreadTimes(BTreeMap<String, Used>);

/// What a thread used.
#[derive(Debug, Clone, Copy, Default)]
struct Used {
    /// Processor time, to the nanosecond.
    time: Duration,
    /// How often it went to sleep by itself, and so was woken.
    wakes: u64,
}

impl ThreadTimes {
    /// As they are now.
    pub fn of(process: u32) -> ThreadTimes {
        let mut times = ThreadTimes::default();
        for task in read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten() {
            let file = |name| read_to_string(task.path().join(name)).unwrap_or_default();
            let spent = file("schedstat").split_whitespace().next().and_then(|nanos| nanos.parse().ok());
            let status = file("status");
            let wakes = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
            let used = times.0.entry(file("comm").trim_end().to_owned()).or_default();
            used.time += Duration::from_nanos(spent.unwrap_or_default());
            used.wakes += wakes.and_then(|wakes| wakes.trim().parse::<u64>().ok()).unwrap_or_default();
        }
        times
    }

    /// All of them together.
    pub fn sum(&self) -> Duration {
        self.0.values().map(|used| used.time).sum()
    }

    /// What each has used since, the most first.
    pub fn since(&self, before: &ThreadTimes) -> Vec<(String, Duration)> {
        self.wakes_since(before).into_iter().map(|(name, time, _)| (name, time)).collect()
    }

    /// What each has used since, and how often it was woken, the most time first.
    pub fn wakes_since(&self, before: &ThreadTimes) -> Vec<(String, Duration, u64)> {
        let spent = |(name, used): (&String, &Used)| {
            let before = before.0.get(name).copied().unwrap_or_default();
            (name.clone(), used.time.saturating_sub(before.time), used.wakes.saturating_sub(before.wakes))
        };
        let mut spent: Vec<_> = self.0.iter().map(spent).collect();
        spent.sort_by_key(|(_, time, _)| std::cmp::Reverse(*time));
        spent
    }
}

/// The memory that a process holds (`VmRSS`), in kB.
pub fn resident_kb(process: u32) -> Option<u64> {
    let status = read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Asks that the calling thread comes before ordinary ones, so that what it measures is not how busy the machine is
/// with other things. Whether that was granted.
pub fn hurry() -> bool {
    let wish = libc::sched_param { sched_priority: 5 };
    // SAFETY: thread 0 is the calling one, and the parameter outlives the call, which only reads it.
    let refused = unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK, &wish) };
    refused == 0
}

/// The same for the calling thread and every thread and program that it will start.
pub fn hurry_for_good() -> bool {
    let wish = libc::sched_param { sched_priority: 10 };
    // SAFETY: as above.
    let refused = unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &wish) };
    refused == 0
}

/// What this process or one of its threads has used of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spent {
    /// Time on processors.
    pub processor_time: Duration,
    /// How often a thread went to sleep.
    pub switches: i64,
}

impl Spent {
    /// By all threads, also those that ended.
    pub fn by_this_process() -> Spent {
        Spent::by(ClockId::ProcessCPUTime, libc::RUSAGE_SELF)
    }

    /// By the thread that asks.
    pub fn by_this_thread() -> Spent {
        Spent::by(ClockId::ThreadCPUTime, libc::RUSAGE_THREAD)
    }

    fn by(clock: ClockId, whose: i32) -> Spent {
        let time = clock_gettime(clock);
        let processor_time = Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32);
        let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
        // SAFETY: the pointer is to a `rusage` of our own, and one of zeros is a valid one, should the kernel refuse.
        let switches = unsafe {
            libc::getrusage(whose, usage.as_mut_ptr());
            usage.assume_init().ru_nvcsw
        };
        Spent { processor_time, switches }
    }

    /// The difference to an earlier asking.
    pub fn since(self, before: Spent) -> Spent {
        let processor_time = self.processor_time.saturating_sub(before.processor_time);
        Spent { processor_time, switches: self.switches - before.switches }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;
    use std::time::Instant;

    #[test]
    fn this_process_uses_time_and_memory() {
        let me = std::process::id();
        let before = processor_time(me).expect("this process lives");
        let began = Instant::now();
        let mut sum = 0_u64;
        while processor_time(me).expect("it still does") < before + Duration::from_millis(20) {
            sum = black_box(sum.wrapping_add(1));
            assert!(began.elapsed() < Duration::from_secs(60), "no processor time was counted");
        }
        let threads = ThreadTimes::of(me).since(&ThreadTimes::default());
        assert!(threads.first().is_some_and(|(_, time)| !time.is_zero()), "{threads:?}");
        assert!(resident_kb(me).expect("it has memory") > 100);
        assert_eq!(resident_kb(u32::MAX), None);
    }

    #[test]
    fn granted_or_not_the_question_is_answered() {
        std::thread::spawn(hurry).join().expect("no panic");
        assert!(load().contains(" on "));
    }
}
