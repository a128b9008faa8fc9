//! How many failed runs an agent accepts.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::protocol;

/// How many failed runs an agent accepts. 0 turns a limit off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failures {
    /// How many runs in a row may fail within `quick`.
    pub max_quick: u32,
    /// The time within which this number of runs may not fail.
    pub quick: Duration,
    /// How many runs may fail before the first one that does not.
    pub max_initial: u32,
}

impl Default for Failures {
    fn default() -> Self {
        Self {
            max_quick: protocol::MAX_QUICK_FAILURES,
            quick: protocol::QUICK_SECONDS,
            max_initial: protocol::MAX_INITIAL_FAILURES,
        }
    }
}

impl Failures {
    /// Returns the limits of an agent that never gives up.
    #[must_use]
    pub fn unlimited() -> Self {
        Self {
            max_quick: 0,
            quick: Duration::ZERO,
            max_initial: 0,
        }
    }
}

/// Counts failed runs against the limits.
#[derive(Debug)]
pub(super) struct FailureCounter {
    limits: Failures,
    latest: VecDeque<Instant>,
    initial: u32,
    succeeded: bool,
}

impl FailureCounter {
    pub(super) fn new(limits: Failures) -> Self {
        Self {
            limits,
            latest: VecDeque::new(),
            initial: 0,
            succeeded: false,
        }
    }

    /// Counts a run that did not fail.
    pub(super) fn passed(&mut self) {
        self.succeeded = true;
        self.latest.clear();
    }

    /// Counts a run that failed at a time; it returns why the agent must give up.
    pub(super) fn failed(&mut self, now: Instant) -> Option<String> {
        let Failures {
            max_quick,
            quick,
            max_initial,
        } = self.limits;
        self.latest.push_back(now);
        while self.latest.len() > max_quick as usize {
            self.latest.pop_front();
        }
        if let Some(&first) = self.latest.front()
            && self.latest.len() == max_quick as usize
            && now - first <= quick
        {
            return Some(format!("{max_quick} runs in a row failed within {quick:?}"));
        }
        if !self.succeeded {
            self.initial += 1;
            if self.initial == max_initial {
                return Some(format!("the first {max_initial} runs all failed"));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Failures = Failures {
        max_quick: 2,
        quick: Duration::from_secs(60),
        max_initial: 3,
    };

    #[test]
    fn failures_in_a_row_within_the_time_are_too_many() {
        let start = Instant::now();
        let mut counter = FailureCounter::new(LIMITS);
        assert_eq!(counter.failed(start), None);
        counter.passed();
        assert_eq!(counter.failed(start), None);
        let why = counter
            .failed(start + Duration::from_secs(60))
            .expect("too many");
        assert_eq!(why, "2 runs in a row failed within 60s");
    }

    #[test]
    fn slow_failures_count_only_at_first() {
        let start = Instant::now();
        let mut counter = FailureCounter::new(LIMITS);
        let hour = |count: u64| start + Duration::from_secs(3_600 * count);
        assert_eq!(counter.failed(hour(0)), None);
        assert_eq!(counter.failed(hour(1)), None);
        assert_eq!(
            counter.failed(hour(2)),
            Some("the first 3 runs all failed".to_owned())
        );
    }

    #[test]
    fn unlimited_failures_are_never_too_many() {
        let mut counter = FailureCounter::new(Failures::unlimited());
        assert!((0..100).all(|_| counter.failed(Instant::now()).is_none()));
    }
}
