//! What is counted for each connection, over all workers of the host.
//!
//! One list: the place in the segment, the name in `Metrics::connection()`, and the meaning. A
//! place is never given to another meaning within a layout version of the segment. Losing the
//! segment sets all of them to zero, as after a restart.

/// So many places a connection has in the segment, some of them not yet used.
pub(crate) const PLACES: usize = 32;

macro_rules! counters {
    ($($(#[doc = $doc:literal])+ $variant:ident = $place:literal, $name:literal;)+) => {
        /// What is counted; the number is its place in the segment.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(usize)]
        pub enum Counter {
            $($(#[doc = $doc])+ $variant = $place,)+
        }

        impl Counter {
            /// All of them, by place.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name that metrics give it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

counters! {
    /// Logical calls that were asked for.
    Calls = 0, "calls";
    /// Calls that got past the switch and into the policies.
    Entered = 1, "entered";
    /// Requests that were begun, retries included.
    Attempts = 2, "attempts";
    /// Calls that ended with an answer that is no failure.
    Succeeded = 3, "succeeded";
    /// Calls that ended otherwise.
    Failed = 4, "failed";
    /// Attempts beyond a call's first.
    Retries = 5, "retries";
    /// Retries that the budget refused.
    RetriesDenied = 6, "retries_denied";
    /// Attempts that an open breaker refused.
    RefusedByBreaker = 7, "refused_by_breaker";
    /// Calls that the switch refused.
    RefusedBySwitch = 8, "refused_by_switch";
    /// Times that the breaker opened.
    BreakerOpened = 9, "breaker_opened";
    /// Tokens that were asked for.
    TokenRequests = 10, "token_requests";
    /// Calls that took another's answer.
    Coalesced = 11, "coalesced";
    /// Snapshots served fresh.
    SnapshotFresh = 12, "snapshot_fresh";
    /// Snapshots served beyond their freshness.
    SnapshotStale = 13, "snapshot_stale";
    /// Snapshots that were not there.
    SnapshotMissing = 14, "snapshot_missing";
    /// Second attempts beside a late one.
    Hedges = 15, "hedges";
    /// Attempts whose turn with the throttle would have come too late.
    RefusedByThrottle = 16, "refused_by_throttle";
    /// Attempts that found no place among those under way.
    RefusedByLimit = 17, "refused_by_limit";
}

impl Counter {
    /// The place in the segment, below [`PLACES`].
    pub const fn place(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn places_and_names_are_each_used_once_and_within_bounds() {
        let places: HashSet<usize> = Counter::ALL.iter().map(|counter| counter.place()).collect();
        let names: HashSet<&str> = Counter::ALL.iter().map(|counter| counter.name()).collect();
        assert_eq!((places.len(), names.len()), (18, 18));
        assert!(places.iter().all(|place| *place < PLACES));
    }

    #[test]
    fn a_place_keeps_its_meaning() {
        let rows = [
            (Counter::Calls, 0),
            (Counter::BreakerOpened, 9),
            (Counter::SnapshotMissing, 14),
        ];
        for (counter, place) in rows {
            assert_eq!(counter.place(), place, "{}", counter.name());
        }
    }
}
