//! When a whole call ends, and what that leaves for an attempt or a wait.
//!
//! The deadline is fixed once, when the call begins. Attempts and waits only ever shrink to fit
//! it; none of them may extend it. No state beyond the point in time.

use std::time::Duration;

use crate::clock::Monotonic;

/// An attempt with less time than this would only load the vendor.
pub const ATTEMPT_MIN: Duration = Duration::from_millis(1);

/// The point at which a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Monotonic);

impl Deadline {
    /// A deadline so long after the call's start.
    pub fn after(start: Monotonic, total: Duration) -> Self {
        Self(start.saturating_add(total))
    }

    /// The point itself.
    pub const fn at(self) -> Monotonic {
        self.0
    }

    /// What is left; zero once it has passed.
    pub const fn remaining(self, now: Monotonic) -> Duration {
        self.0.since(now)
    }

    /// Whether nothing is left.
    pub fn has_passed(self, now: Monotonic) -> bool {
        now >= self.0
    }

    /// What an attempt may take: its own timeout, or less; `None` where no attempt is worth it.
    pub fn for_attempt(self, timeout: Duration, now: Monotonic) -> Option<Duration> {
        let left = self.remaining(now).min(timeout);
        (left >= ATTEMPT_MIN).then_some(left)
    }

    /// The earlier of two deadlines.
    #[must_use]
    pub fn or_earlier(self, other: Self) -> Self {
        self.min(other)
    }
}

/// Whether a wait leaves an attempt behind it any time at all.
pub fn leaves_room(wait: Duration, remaining: Duration) -> bool {
    wait.saturating_add(ATTEMPT_MIN) <= remaining
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Monotonic {
        Monotonic::from_millis(ms)
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn an_attempt_gets_the_smaller_bound() {
        let deadline = Deadline::after(at(1000), ms(8000));
        let rows = [
            (1000, Some(2000)),
            (7000, Some(2000)),
            (7001, Some(1999)),
            (8999, Some(1)),
            (9000, None),
            (20_000, None),
        ];
        for (now_ms, left_ms) in rows {
            assert_eq!(
                deadline.for_attempt(ms(2000), at(now_ms)),
                left_ms.map(ms),
                "{now_ms}"
            );
        }
    }

    #[test]
    fn it_has_passed_at_its_own_point() {
        let deadline = Deadline::after(at(5), ms(10));
        assert_eq!(
            (deadline.has_passed(at(14)), deadline.has_passed(at(15))),
            (false, true)
        );
        assert_eq!(deadline.remaining(at(99)), Duration::ZERO);
        assert_eq!(
            deadline.or_earlier(Deadline::after(at(0), ms(3))).at(),
            at(3)
        );
    }

    #[test]
    fn a_wait_must_leave_time_for_an_attempt() {
        let rows = [
            (0, 1, true),
            (0, 0, false),
            (99, 100, true),
            (100, 100, false),
            (101, 100, false),
        ];
        for (wait, remaining, expected) in rows {
            assert_eq!(
                leaves_room(ms(wait), ms(remaining)),
                expected,
                "{wait} of {remaining}"
            );
        }
        assert!(!leaves_room(Duration::MAX, Duration::from_secs(1)));
    }
}
