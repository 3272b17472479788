//! The circuit breaker of one trunk: a trunk that fails call after call is left alone for a while, then tried with one.

use frontdesk_identifiers::Moment;
use std::collections::VecDeque;
use std::time::Duration;

/// Calls in a row that fail before the trunk is left alone.
const FAILURES_IN_A_ROW: u32 = 5;
/// Of so many last calls …
const WINDOW: usize = 20;
/// … so many failing leave it alone as well: a trunk that works now and then costs each caller its time-out.
const FAILURES_IN_WINDOW: usize = 10;
/// How long it is left alone the first time; doubled each time that the trial fails.
const OPEN_FIRST: Duration = Duration::from_secs(30);
/// How long it is left alone at most.
const OPEN_LONGEST: Duration = Duration::from_secs(300);

/// By what is true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Breaker {
    /// Calls go over the trunk.
    Closed {
        /// Failures since the last success.
        in_a_row: u32,
        /// Of the last [`WINDOW`] calls, which failed; the oldest first.
        failed: VecDeque<bool>,
    },
    /// No calls go over it.
    Open {
        until: Moment,
        /// How long this time.
        wait: Duration,
    },
    /// One call is on its way to find out; no other goes.
    Trying { wait: Duration },
}

impl Breaker {
    pub fn new() -> Breaker {
        Breaker::Closed { in_a_row: 0, failed: VecDeque::new() }
    }

    /// Whether a call may go.
    pub fn permits(&self, now: Moment) -> bool {
        match self {
            Breaker::Closed { .. } => true,
            Breaker::Open { until, .. } => *until <= now,
            Breaker::Trying { .. } => false,
        }
    }

    /// A call goes. After the rest of an open breaker it is the trial.
    pub fn begin(&mut self, now: Moment) {
        if let Breaker::Open { until, wait } = self
            && *until <= now
        {
            *self = Breaker::Trying { wait: *wait };
        }
    }

    /// The trunk answered a call, whatever it said of the called party.
    pub fn succeeded(&mut self) {
        match self {
            Breaker::Closed { in_a_row, failed } => {
                *in_a_row = 0;
                note(failed, false);
            }
            // A call that an emergency forced through proves the same.
            Breaker::Open { .. } | Breaker::Trying { .. } => *self = Breaker::new(),
        }
    }

    /// The trunk failed a call.
    pub fn failed(&mut self, now: Moment) {
        match self {
            Breaker::Closed { in_a_row, failed } => {
                *in_a_row += 1;
                note(failed, true);
                let often = failed.iter().filter(|failed| **failed).count() >= FAILURES_IN_WINDOW;
                if *in_a_row >= FAILURES_IN_A_ROW || often {
                    *self = Breaker::Open { until: now + OPEN_FIRST, wait: OPEN_FIRST };
                }
            }
            Breaker::Trying { wait } => {
                let wait = (*wait * 2).min(OPEN_LONGEST);
                *self = Breaker::Open { until: now + wait, wait };
            }
            // Calls that began before it opened come to their end.
            Breaker::Open { .. } => {}
        }
    }

    /// A call came to its end without a word about the trunk: the caller left. If it was the trial, the next call is.
    pub fn abandoned(&mut self, now: Moment) {
        if let Breaker::Trying { wait } = self {
            *self = Breaker::Open { until: now, wait: *wait };
        }
    }
}

fn note(failed: &mut VecDeque<bool>, this: bool) {
    if failed.len() == WINDOW {
        failed.pop_front();
    }
    failed.push_back(this);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::ZERO + Duration::from_secs(seconds)
    }

    fn opened() -> Breaker {
        let mut breaker = Breaker::new();
        for _ in 0..FAILURES_IN_A_ROW {
            assert!(breaker.permits(at(0)));
            breaker.begin(at(0));
            breaker.failed(at(0));
        }
        breaker
    }

    #[test]
    fn failures_in_a_row_open_it_and_a_success_between_them_does_not() {
        assert!(!opened().permits(at(29)));
        let mut breaker = Breaker::new();
        for _ in 0..4 {
            for _ in 0..FAILURES_IN_A_ROW - 3 {
                breaker.failed(at(0));
            }
            breaker.succeeded();
        }
        assert!(breaker.permits(at(0)));
    }

    #[test]
    fn every_second_call_failing_opens_it_too() {
        let mut breaker = Breaker::new();
        let mut calls = 0;
        while breaker.permits(at(0)) {
            breaker.succeeded();
            breaker.failed(at(0));
            calls += 2;
            assert!(calls <= 2 * WINDOW, "it opens at last");
        }
        assert_eq!(calls, 2 * FAILURES_IN_WINDOW);
    }

    #[test]
    fn after_its_rest_one_call_tries_and_no_other_goes_meanwhile() {
        let mut breaker = opened();
        assert!(breaker.permits(at(30)));
        breaker.begin(at(30));
        assert!(!breaker.permits(at(30)));
        breaker.succeeded();
        assert!(breaker.permits(at(30)));
        assert_eq!(breaker, Breaker::new(), "with a clean slate");
    }

    #[test]
    fn each_trial_that_fails_doubles_the_rest_up_to_a_bound() {
        let (mut breaker, mut now, mut rests) = (opened(), 30, Vec::new());
        for _ in 0..6 {
            breaker.begin(at(now));
            breaker.failed(at(now));
            let rest = (1..).find(|seconds| breaker.permits(at(now + seconds))).expect("it ends");
            rests.push(rest);
            now += rest;
        }
        assert_eq!(rests, [60, 120, 240, 300, 300, 300]);
    }

    #[test]
    fn a_trial_whose_caller_leaves_lets_the_next_call_try() {
        let mut breaker = opened();
        breaker.begin(at(31));
        breaker.abandoned(at(32));
        assert!(breaker.permits(at(32)));
        breaker.begin(at(32));
        assert!(!breaker.permits(at(33)));
    }

    #[test]
    fn calls_that_began_before_it_opened_do_not_lengthen_the_rest() {
        let mut breaker = opened();
        breaker.failed(at(20));
        assert!(breaker.permits(at(30)));
    }
}
