//! How many items a page is asked for, and what a failed page leads to. Pure.
//!
//! A page that the vendor refuses as too large, or whose body is beyond the connection's cap, is
//! asked for again with half as many items, and so are all that follow. One that was too slow is
//! asked for with half as many, and the size grows again after some good pages. Where the vendor
//! wants to be left alone (429, a hold, an open breaker, the own throttle) the walk waits as long
//! as it was told, within its patience.

use std::time::Duration;

use crate::http::{CallError, CallErrorKind};

/// After so many good pages a size that was too slow is doubled.
const GOOD_PAGES: u32 = 8;
/// How long to wait where nobody says how long.
const WAIT_DEFAULT: Duration = Duration::from_secs(1);
/// No wait is shorter: a throttle that says "now" would make a loop of it.
const WAIT_LEAST: Duration = Duration::from_millis(50);

/// What a failed page leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reaction {
    /// The walk ends with the error.
    Fail,
    /// Ask again, for so many items.
    Again {
        /// Items a page.
        size: u32,
    },
    /// Wait, then ask again.
    Wait(Duration),
}

/// The size of pages, as it follows the vendor's limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    wanted: u32,
    /// What the vendor is known to take.
    ceiling: u32,
    size: u32,
    good_pages: u32,
}

impl Pace {
    /// The size that is wanted, and the one that an earlier run came down to.
    pub(super) fn new(wanted: u32, saved: Option<u32>) -> Self {
        let size = saved.unwrap_or(wanted).clamp(1, wanted.max(1));
        Self {
            wanted,
            ceiling: size,
            size,
            good_pages: 0,
        }
    }

    /// Items to ask for.
    pub(super) fn size(&self) -> u32 {
        self.size
    }

    /// What a later run is to begin with; nothing where it is what is wanted.
    pub(super) fn saved(&self) -> Option<u32> {
        (self.ceiling < self.wanted).then_some(self.ceiling)
    }

    /// A page came.
    pub(super) fn good(&mut self) {
        self.good_pages = self.good_pages.saturating_add(1);
        if self.size < self.ceiling && self.good_pages >= GOOD_PAGES {
            self.good_pages = 0;
            self.size = self.size.saturating_mul(2).min(self.ceiling);
        }
    }

    /// A page did not come. `may_shrink`: another size loses no items at this place.
    pub(super) fn after(
        &mut self,
        error: &CallError,
        may_shrink: bool,
        waited: Duration,
        patience: Duration,
    ) -> Reaction {
        let wait = error.retry_after.unwrap_or(WAIT_DEFAULT).max(WAIT_LEAST);
        let or_wait = if waited.saturating_add(wait) <= patience {
            Reaction::Wait(wait)
        } else {
            Reaction::Fail
        };
        let can_shrink = may_shrink && self.size > 1;
        match (&error.kind, error.status) {
            (CallErrorKind::Limit, _) | (CallErrorKind::Status(_), Some(413)) if can_shrink => {
                self.shrink(true)
            }
            (CallErrorKind::Timeout, _) | (CallErrorKind::Status(_), Some(504))
                if can_shrink && error.retry_after.is_none() =>
            {
                self.shrink(false)
            }
            (CallErrorKind::Status(_), Some(429 | 503))
            | (CallErrorKind::Throttled | CallErrorKind::BreakerOpen, _) => or_wait,
            _ => Reaction::Fail,
        }
    }

    fn shrink(&mut self, is_for_good: bool) -> Reaction {
        self.good_pages = 0;
        // Numbers of pages can be told for a size that divides the old one.
        self.size = if self.size.is_multiple_of(2) {
            self.size / 2
        } else {
            1
        };
        if is_for_good {
            self.ceiling = self.size;
        }
        Reaction::Again { size: self.size }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::testing::{answer, call_error};

    const PATIENCE: Duration = Duration::from_secs(60);

    fn status(code: u16, retry_after: Option<u64>) -> CallError {
        CallError {
            status: Some(code),
            retry_after: retry_after.map(Duration::from_secs),
            ..call_error(CallErrorKind::Status(Box::new(answer(code, ""))))
        }
    }

    fn without_time(kind: CallErrorKind) -> CallError {
        CallError {
            retry_after: None,
            ..call_error(kind)
        }
    }

    #[test]
    fn each_failure_has_its_reaction() {
        let wait = |seconds| Reaction::Wait(Duration::from_secs(seconds));
        for (error, expected) in [
            (status(413, None), Reaction::Again { size: 50 }),
            (
                without_time(CallErrorKind::Limit),
                Reaction::Again { size: 50 },
            ),
            (
                without_time(CallErrorKind::Timeout),
                Reaction::Again { size: 50 },
            ),
            (status(504, None), Reaction::Again { size: 50 }),
            (status(429, Some(9)), wait(9)),
            (status(429, None), wait(1)),
            (status(503, Some(60)), wait(60)),
            (status(503, Some(61)), Reaction::Fail),
            (call_error(CallErrorKind::Throttled), wait(7)),
            (call_error(CallErrorKind::BreakerOpen), wait(7)),
            (status(404, None), Reaction::Fail),
            (status(500, None), Reaction::Fail),
            (call_error(CallErrorKind::Paused), Reaction::Fail),
            (call_error(CallErrorKind::Interrupted), Reaction::Fail),
            (call_error(CallErrorKind::Connect), Reaction::Fail),
        ] {
            let got = Pace::new(100, None).after(&error, true, Duration::ZERO, PATIENCE);
            assert_eq!(got, expected, "{error:?}");
        }
    }

    #[test]
    fn too_large_is_for_good_and_too_slow_is_not() {
        let mut pace = Pace::new(100, None);
        pace.after(&status(413, None), true, Duration::ZERO, PATIENCE);
        assert_eq!((pace.size(), pace.saved()), (50, Some(50)));
        pace.after(
            &without_time(CallErrorKind::Timeout),
            true,
            Duration::ZERO,
            PATIENCE,
        );
        pace.after(
            &without_time(CallErrorKind::Timeout),
            true,
            Duration::ZERO,
            PATIENCE,
        );
        assert_eq!((pace.size(), pace.saved()), (1, Some(50)), "25 is odd");
        for _ in 0..8 * 10 {
            pace.good();
        }
        assert_eq!(pace.size(), 50);
        assert_eq!(Pace::new(100, pace.saved()).size(), 50);
    }

    #[test]
    fn one_item_that_is_too_large_is_a_failure_and_so_is_a_place_without_another_size() {
        let error = status(413, None);
        let alone = Pace::new(1, None).after(&error, true, Duration::ZERO, PATIENCE);
        assert_eq!(alone, Reaction::Fail);
        let fixed = Pace::new(100, None).after(&error, false, Duration::ZERO, PATIENCE);
        assert_eq!(fixed, Reaction::Fail);
    }

    #[test]
    fn patience_ends() {
        let error = status(429, Some(30));
        let mut pace = Pace::new(100, None);
        let waited = Duration::from_secs(31);
        assert_eq!(pace.after(&error, true, waited, PATIENCE), Reaction::Fail);
    }
}
