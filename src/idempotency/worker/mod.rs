//! One loop over everything that waits: inboxes, outboxes, refreshes, backfills.
//!
//! Each task gets turns of bounded time ([`WorkerOptions::turn`]), and within a turn small portions
//! whose size follows from how long an item took: a source that floods, or whose vendor is slow,
//! delays the others by its turn and one item (`turn.rs`). A task that fails is left alone for a
//! while that doubles, and the others go on; a run that ends when nothing is left does not wait for
//! it. The loop ends between two items, for a signal, a limit, or when there is nothing left and
//! that was asked for; what was begun is finished first.
//!
//! What a task does, and what the program around it is told (signals, memory, heartbeat), is the
//! binding's: [`Around`]. State lives as long as a run; losing it costs a look at each task.

mod notify;
mod options;
pub(super) mod turn;

use std::time::Duration;

use crate::clock::{self, Monotonic};
use crate::store::CallbackError;
pub use notify::Heartbeat;
pub use options::WorkerOptions;

/// No portion is larger.
const PORTION_MAX: usize = 50;
/// After a first failure a task rests for so long; twice as long after each further one.
const REST: Duration = Duration::from_secs(1);
/// No rest is longer.
const REST_MAX: Duration = Duration::from_secs(30);

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// A signal asked for it.
    Signal,
    /// The process holds more memory than it may.
    Memory,
    /// The time is up.
    Time,
    /// So many items were done.
    Items,
    /// Nothing was left to do.
    Idle,
}

impl Stopped {
    /// The word that PHP sees.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Memory => "memory",
            Self::Time => "time",
            Self::Items => "items",
            Self::Idle => "idle",
        }
    }
}

/// Whether the loop goes on after a task failed.
#[derive(Debug)]
pub enum AfterFailure {
    /// With the others, and with this one after a rest.
    GoOn,
    /// Not at all: the failure is the whole program's.
    End(CallbackError),
}

/// The program around the loop.
pub trait Around {
    /// Whether a signal asked the loop to end.
    fn is_asked_to_stop(&self) -> bool;
    /// What the process holds, bytes.
    fn memory_bytes(&self) -> u64;
    /// Called between items: the loop is alive.
    fn beat(&self);
    /// A task failed.
    fn failed(&self, task: &str, error: CallbackError) -> AfterFailure;
}

/// Does up to so many items; how many it did.
pub type Step<'a> = dyn FnMut(usize) -> Result<usize, CallbackError> + 'a;

/// One source of work.
pub struct Task<'a> {
    name: String,
    step: Box<Step<'a>>,
    /// Items that were done.
    items: u64,
    errors: u64,
    failures_in_a_row: u32,
    rests_until: Monotonic,
    /// How long an item took lately.
    per_item: Option<Duration>,
}

impl<'a> Task<'a> {
    /// A task of this name.
    pub fn new(name: &str, step: Box<Step<'a>>) -> Self {
        Self {
            name: name.to_owned(),
            step,
            items: 0,
            errors: 0,
            failures_in_a_row: 0,
            rests_until: Monotonic::default(),
            per_item: None,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Items that it did.
    pub fn items(&self) -> u64 {
        self.items
    }

    /// How often it failed.
    pub fn errors(&self) -> u64 {
        self.errors
    }
}

/// Runs the tasks in turns until something ends the loop.
///
/// # Errors
/// What [`Around::failed`] said to end with.
pub fn work(
    tasks: &mut [Task<'_>],
    options: &WorkerOptions,
    around: &dyn Around,
) -> Result<Stopped, CallbackError> {
    let run = Run {
        options,
        around,
        began: clock::monotonic(),
    };
    let mut done = 0;
    loop {
        let before = done;
        for task in tasks.iter_mut() {
            if task.rests_until > clock::monotonic() {
                continue;
            }
            if let Some(stopped) = run.turn(task, &mut done)? {
                return Ok(stopped);
            }
        }
        if done > before {
            continue;
        }
        if options.until_idle {
            return Ok(Stopped::Idle);
        }
        clock::wait_blocking(options.idle);
        around.beat();
        if let Some(stopped) = run.why_stop(done) {
            return Ok(stopped);
        }
    }
}

/// What does not change while the loop runs.
struct Run<'a> {
    options: &'a WorkerOptions,
    around: &'a dyn Around,
    began: Monotonic,
}

impl Run<'_> {
    /// One turn of a task; why the loop ends with it, if it does.
    fn turn(&self, task: &mut Task<'_>, done: &mut u64) -> Result<Option<Stopped>, CallbackError> {
        let began = clock::monotonic();
        let _turn = turn::Turn::until(began.saturating_add(self.options.turn));
        loop {
            if let Some(stopped) = self.why_stop(*done) {
                return Ok(Some(stopped));
            }
            let begun = clock::monotonic();
            let left = self.options.turn.saturating_sub(begun.since(began));
            let wanted = self.portion(task.per_item, left, *done);
            let result = (task.step)(wanted);
            self.around.beat();
            match result {
                Ok(items) => {
                    note_success(task, items, clock::monotonic().since(begun));
                    *done = done.saturating_add(items as u64);
                    if items < wanted {
                        return Ok(None);
                    }
                }
                Err(error) => return self.note_failure(task, error).map(|()| None),
            }
            if clock::monotonic().since(began) >= self.options.turn {
                return Ok(None);
            }
        }
    }

    /// How many items are asked for at once: those that fit into what is left of the turn.
    fn portion(&self, per_item: Option<Duration>, left: Duration, done: u64) -> usize {
        let fitting = match per_item {
            // How long one takes is not known yet.
            None => 1,
            Some(per_item) => left.as_nanos() / per_item.as_nanos().max(1),
        };
        let allowed = self.options.items.map_or(u64::MAX, |items| items - done);
        let allowed = usize::try_from(allowed).unwrap_or(usize::MAX);
        usize::try_from(fitting)
            .unwrap_or(usize::MAX)
            .clamp(1, PORTION_MAX)
            .min(allowed)
    }

    fn note_failure(&self, task: &mut Task<'_>, error: CallbackError) -> Result<(), CallbackError> {
        task.errors += 1;
        let doublings = task.failures_in_a_row.min(10);
        task.failures_in_a_row += 1;
        let rest = REST.saturating_mul(1 << doublings).min(REST_MAX);
        task.rests_until = clock::monotonic().saturating_add(rest);
        match self.around.failed(&task.name, error) {
            AfterFailure::GoOn => Ok(()),
            AfterFailure::End(error) => Err(error),
        }
    }

    fn why_stop(&self, done: u64) -> Option<Stopped> {
        let options = self.options;
        if self.around.is_asked_to_stop() {
            return Some(Stopped::Signal);
        }
        if options.items.is_some_and(|items| done >= items) {
            return Some(Stopped::Items);
        }
        let age = clock::monotonic().since(self.began);
        if options.time.is_some_and(|time| age >= time) {
            return Some(Stopped::Time);
        }
        let is_full = options
            .memory_bytes
            .is_some_and(|bytes| self.around.memory_bytes() >= bytes);
        is_full.then_some(Stopped::Memory)
    }
}

fn note_success(task: &mut Task<'_>, items: usize, took: Duration) {
    task.failures_in_a_row = 0;
    task.items = task.items.saturating_add(items as u64);
    if let Ok(items) = u32::try_from(items)
        && items > 0
    {
        // A slow one weighs at once, a fast one little by little: a portion must not be too long.
        let latest = took / items;
        let before = task.per_item.unwrap_or(latest);
        task.per_item = Some(latest.max((before * 3 + latest) / 4));
    }
}

#[cfg(test)]
mod tests;
