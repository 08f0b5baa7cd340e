//! The rules that stand around an attempt, each a pure function of options, state, now and random.
//!
//! They are run, outermost first, in one visible order by the driver in `http`:
//!
//! 1. **deadline** ([`deadline`]): the whole call ends here, whatever the rest would like.
//! 2. **hold**: a vendor that asked for more time than a call had left is not called before.
//! 3. **retry** ([`retry`], with [`backoff`] and [`retry_after`]): is there another attempt, and
//!    when. Each attempt beyond the first takes a token from the **budget** ([`budget`]).
//! 4. **breaker** ([`breaker`]): each attempt takes a permit. An open breaker ends the call; it is
//!    not retried, for waiting for it would only queue up calls.
//! 5. **attempt timeout**: the smaller of its own bound and what the deadline leaves.
//!
//! Nothing here reads a clock, waits, or keeps state. The state (breaker, budget, hold) is in the
//! [`segment`](crate::segment), which runs these functions in bounded compare-and-swap loops;
//! losing it costs a few calls to a vendor that is down, never correctness.

pub mod backoff;
pub mod breaker;
pub mod budget;
pub mod deadline;
pub mod retry;
pub mod retry_after;

/// Whether the vendor may have seen a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Surely not: no connection, or the peer refused the stream.
    No,
    /// It may have.
    Maybe,
    /// It answered.
    Yes,
}
