//! Runs one future on the caller's thread until it is done.
//!
//! The caller's side is looked at every [`SLICE`], and at once when a signal came, so that a signal
//! and a pause act within 250 ms. Between polls nothing of ours is held: the host may call PHP, PHP
//! may call us again, and the process may even fork there; the child then leaves the future behind.

use std::task::Poll;
use std::time::Duration;

use super::asks::Asks;
use super::reactor::{self, Woke};
use super::task::Task;
use crate::clock;
use crate::http::{Host, engine};

/// The host is asked at least so often while a call waits.
pub(super) const SLICE: Duration = Duration::from_millis(100);

/// The process forked while the future was under way: in the child there is no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Forked;

/// Runs the future, answering what it asks.
///
/// # Errors
/// In the child of a fork that came in between.
pub(crate) fn run<'a, T>(
    asks: &'a Asks,
    host: &dyn Host,
    future: impl Future<Output = T> + 'a,
) -> Result<T, Forked> {
    let generation = engine::generation();
    let mut task = Task::new(future);
    let mut look_at = None;
    loop {
        if let Poll::Ready(output) = task.poll() {
            return Ok(output);
        }
        let is_asked = asks.answer(host);
        if !is_asked && !task.can_go_on() {
            let until = *look_at.get_or_insert_with(|| clock::running().saturating_add(SLICE));
            let woke = reactor::wait(until);
            if woke == Woke::Signal || clock::running() >= until {
                look_at = None;
                if let Err(stop) = host.check() {
                    asks.stop(stop);
                }
            }
        }
        if engine::generation() != generation {
            task.forget();
            return Err(Forked);
        }
    }
}
