//! Runs many calls on the caller's thread, a bounded number at once.
//!
//! Each call is a task of its own with its own questions; a task is polled when it was woken, so a
//! quiet one costs nothing. Requests are drawn one by one when there is room, and results handed
//! over as they come, both with nothing of ours held: both may call PHP.

use std::ops::ControlFlow;
use std::rc::Rc;
use std::task::Poll;

use super::asks::Asks;
use super::foreground::{Forked, SLICE};
use super::reactor::{self, Woke};
use super::task::Task;
use crate::clock;
use crate::http::{Host, Stop, engine};

/// Why the whole ended before its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The caller was interrupted: what had begun was given its result, what had not was not drawn.
    Interrupted,
    /// The process forked: nothing of it is the child's.
    Forked(Forked),
}

struct Job<'a, K, T> {
    key: K,
    asks: Rc<Asks>,
    task: Task<'a, T>,
}

/// Runs what `next` gives, at most `concurrency` at once; `each` gets every result with its key and
/// may break off, which drops what is under way.
///
/// # Errors
/// When the caller was interrupted, or the process forked.
pub(crate) fn many<'a, K, T, F: Future<Output = T> + 'a>(
    concurrency: usize,
    host: &dyn Host,
    mut next: impl FnMut(Rc<Asks>) -> Option<(K, F)>,
    mut each: impl FnMut(K, T) -> ControlFlow<()>,
) -> Result<(), Ended> {
    let generation = engine::generation();
    let mut jobs: Vec<Job<'a, K, T>> = Vec::new();
    let mut has_more = true;
    let mut ended = Ok(());
    let mut look_at = clock::running().saturating_add(SLICE);
    loop {
        while has_more && jobs.len() < concurrency.max(1) {
            let asks = Rc::new(Asks::default());
            match next(Rc::clone(&asks)) {
                Some((key, future)) => jobs.push(Job {
                    key,
                    asks,
                    task: Task::new(future),
                }),
                None => has_more = false,
            }
        }
        let is_broken_off = step(&mut jobs, host, &mut each).is_break();
        if engine::generation() != generation {
            jobs.into_iter().for_each(|job| job.task.forget());
            return Err(Ended::Forked(Forked));
        }
        if is_broken_off || (jobs.is_empty() && !has_more) {
            return ended;
        }
        let has_room = has_more && jobs.len() < concurrency.max(1);
        if has_room || jobs.iter().any(|job| job.task.can_go_on()) {
            continue;
        }
        let woke = reactor::wait(look_at);
        if woke == Woke::Signal || clock::running() >= look_at {
            look_at = clock::running().saturating_add(SLICE);
            if let Err(stop) = host.check() {
                if stop == Stop::Interrupted {
                    has_more = false;
                    ended = Err(Ended::Interrupted);
                }
                jobs.iter().for_each(|job| job.asks.stop(stop.clone()));
            }
        }
    }
}

/// Polls what can go on, answers questions, hands results over.
fn step<K, T>(
    jobs: &mut Vec<Job<'_, K, T>>,
    host: &dyn Host,
    each: &mut impl FnMut(K, T) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut at = 0;
    while let Some(job) = jobs.get_mut(at) {
        match job.task.poll() {
            Poll::Ready(output) => {
                let job = jobs.swap_remove(at);
                each(job.key, output)?;
            }
            Poll::Pending => {
                // Asked again at once: the answer is what the task waits for.
                if !job.asks.answer(host) {
                    at = at.saturating_add(1);
                }
            }
        }
    }
    ControlFlow::Continue(())
}
