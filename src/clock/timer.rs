//! Several waits at once while time is frozen.
//!
//! They end in the order of their ends, as in real time: of ten waits of a second side by side all
//! end a second later, and a bound of two seconds around a wait of five ends first. So a wait that
//! is not the next to end gives way, and moves the clock no further than the next end. A bound does
//! nothing by itself: real work inside it takes no frozen time.
//!
//! A wait whose future is not polled any more must not hold up the others: giving way is bounded.

use std::cell::RefCell;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use super::{Monotonic, frozen};

/// Turns in which all others see what time it is, go on, and begin waits of their own; between two
/// waits a call may ask its caller, which takes a turn for each question.
const TURNS: usize = 8;
/// Ends of others that a wait lets pass.
const STEPS_MAX: usize = 64;

/// Ends of the waits and bounds that are under way, by number.
#[derive(Default)]
struct Ends {
    made: u64,
    open: Vec<(u64, Monotonic)>,
}

thread_local! {
    static ENDS: RefCell<Ends> = RefCell::new(Ends::default());
}

/// An end that is known to the waits of this thread until it is dropped.
struct End {
    number: u64,
    at: Monotonic,
}

impl End {
    fn after(span: Duration) -> Self {
        let at = super::monotonic().saturating_add(span);
        ENDS.with_borrow_mut(|ends| {
            ends.made = ends.made.saturating_add(1);
            ends.open.push((ends.made, at));
            Self {
                number: ends.made,
                at,
            }
        })
    }

    /// Gives way until nothing has happened for some turns, or it is over.
    async fn give_turns(&self) {
        let mut seen = super::monotonic();
        let mut quiet_turns = 0;
        while quiet_turns < TURNS && !self.is_over() {
            give_way().await;
            let now = super::monotonic();
            // Another wait has moved the clock: who was waiting for that goes first.
            quiet_turns = if now == seen { quiet_turns + 1 } else { 0 };
            seen = now;
        }
    }

    fn is_over(&self) -> bool {
        super::monotonic() >= self.at
    }

    /// The first end that is not over, if it comes before this one; of equal ones the older.
    fn before(&self) -> Option<Monotonic> {
        let now = super::monotonic();
        ENDS.with_borrow(|ends| {
            let open = ends.open.iter().map(|(number, at)| (*at, *number));
            let next = open.filter(|(at, _)| *at > now).min()?;
            (next < (self.at, self.number)).then_some(next.0)
        })
    }
}

impl Drop for End {
    fn drop(&mut self) {
        ENDS.with_borrow_mut(|ends| ends.open.retain(|(number, _)| *number != self.number));
    }
}

/// A bound of frozen time, for whoever polls what happens inside it.
pub struct Bound(End);

impl Bound {
    /// A bound that ends after `span`; `None` while the clock runs.
    pub fn begin(span: Duration) -> Option<Self> {
        frozen::is_frozen().then(|| Self(End::after(span)))
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.0.is_over()
    }
}

/// Lets frozen time pass; false, and at once, where the clock runs. What a policy waits is written
/// down with `is_wait`; what a fake vendor takes is not.
pub async fn pass_frozen(span: Duration, is_wait: bool) -> bool {
    if !frozen::is_frozen() {
        return false;
    }
    let end = End::after(span);
    for _ in 0..STEPS_MAX {
        end.give_turns().await;
        let Some(next) = end.before() else { break };
        frozen::advance(next.since(super::monotonic()));
    }
    frozen::advance(end.at.since(super::monotonic()));
    if is_wait {
        frozen::log(span);
    }
    true
}

/// Lets others be polled once.
async fn give_way() {
    let mut has_given = false;
    poll_fn(|context| {
        if has_given {
            return Poll::Ready(());
        }
        has_given = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{UnixMs, freeze, thaw, unix, waits};

    const SECOND: Duration = Duration::from_secs(1);

    fn frozen<T>(future: impl Future<Output = T>) -> (T, i64) {
        freeze(UnixMs(0));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let output = runtime.block_on(future);
        (output, unix().0)
    }

    #[test]
    fn of_two_waits_the_shorter_ends_first() {
        let (ended, at) = frozen(async {
            tokio::select! {
                biased;
                _ = pass_frozen(5 * SECOND, true) => "long",
                _ = pass_frozen(SECOND, true) => "short",
            }
        });
        assert_eq!((ended, at), ("short", 1000));
        assert_eq!(waits(), [SECOND]);
        thaw();
    }

    #[test]
    fn waits_side_by_side_pass_together() {
        let all = async {
            let step = || pass_frozen(SECOND, false);
            tokio::join!(step(), step(), step(), pass_frozen(2 * SECOND, false))
        };
        assert_eq!(frozen(all), ((true, true, true, true), 2000));
        assert_eq!(waits(), []);
        thaw();
    }

    #[test]
    fn a_short_wait_among_long_ones_is_followed_by_another_before_they_end() {
        let short = async {
            pass_frozen(SECOND, true).await;
            pass_frozen(2 * SECOND, true).await;
            unix().0
        };
        let long = || async {
            pass_frozen(5 * SECOND, false).await;
            unix().0
        };
        let (ends, _) = frozen(async { tokio::join!(long(), long(), short, long()) });
        assert_eq!(ends, (5000, 5000, 3000, 5000));
        thaw();
    }

    #[test]
    fn a_bound_ends_before_a_longer_wait_inside_it() {
        let (is_over, at) = frozen(async {
            let bound = Bound::begin(2 * SECOND).unwrap();
            let over = poll_fn(|context| {
                if bound.is_over() {
                    return Poll::Ready(true);
                }
                context.waker().wake_by_ref();
                Poll::Pending
            });
            tokio::select! {
                is_over = over => is_over,
                _ = pass_frozen(5 * SECOND, false) => false,
            }
        });
        assert_eq!((is_over, at), (true, 2000));
        thaw();
    }

    #[test]
    fn a_wait_that_nobody_polls_any_more_holds_up_nobody() {
        let ((), at) = frozen(async {
            let mut forgotten = Box::pin(pass_frozen(SECOND, false));
            let is_pending =
                poll_fn(|context| Poll::Ready(forgotten.as_mut().poll(context).is_pending()));
            assert!(is_pending.await);
            pass_frozen(5 * SECOND, false).await;
        });
        assert_eq!(at, 5000);
        thaw();
    }

    #[test]
    fn a_running_clock_takes_no_part() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        assert!(!runtime.block_on(pass_frozen(SECOND, true)));
        assert!(Bound::begin(SECOND).is_none());
    }
}
