//! The rules that stand around an attempt, each a pure function of options, state, now and random.
//!
//! They are run, outermost first, in one visible order by the driver in `http`:
//!
//! 1. **deadline** ([`deadline`]): the whole call ends here, whatever the rest would like.
//! 2. **coalescing** ([`coalesce`]): a call that equals one under way waits for its answer.
//! 3. **hold**: a vendor that asked for more time than a call had left is not called before.
//! 4. **retry** ([`retry`], with [`backoff`], [`retry_after`] and [`rate_limit`]): is there another
//!    attempt, and when. None while the vendor fails steadily ([`streak`]), and each attempt beyond
//!    the first takes a token from the **budget** ([`budget`]).
//! 5. **breaker** ([`breaker`]): each attempt takes a permit. An open breaker ends the call; it is
//!    not retried, for waiting for it would only queue up calls.
//! 6. **throttle** ([`throttle`]): each attempt takes its turn, of its route and of the connection.
//! 7. **concurrency limit** ([`concurrency`]): each attempt takes a place.
//! 8. **hedge** ([`hedge`]): a late attempt is joined by a second one, which takes 5 to 7 and a
//!    token too.
//! 9. **attempt timeout**: the smaller of its own bound and what the deadline leaves.
//!
//! Nothing here reads a clock, waits, or keeps state. The state is in the
//! [`segment`](crate::segment), which runs these functions in bounded compare-and-swap loops;
//! losing it costs a few calls to a vendor that is down, never correctness.

pub mod backoff;
pub mod breaker;
pub mod budget;
pub mod coalesce;
pub mod concurrency;
pub mod deadline;
pub mod hedge;
pub mod rate_limit;
pub mod retry;
pub mod retry_after;
pub mod streak;
pub mod throttle;

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
