//! How long the task at work may go on before the others have their turn.
//!
//! A portion's size is a guess from how long items took before. So whoever processes a portion asks
//! here between two items, and ends early where the turn is over: what is left is still due. State:
//! a time, for the thread that runs a worker; without one no turn is ever over.

use std::cell::Cell;

use crate::clock::{self, Monotonic};

thread_local! {
    static OVER_AT: Cell<Option<Monotonic>> = const { Cell::new(None) };
}

/// Whether the others wait.
pub(in crate::idempotency) fn is_over() -> bool {
    OVER_AT
        .get()
        .is_some_and(|over_at| clock::monotonic() >= over_at)
}

/// A turn, from its making to its drop.
pub(super) struct Turn;

impl Turn {
    pub(super) fn until(over_at: Monotonic) -> Self {
        OVER_AT.set(Some(over_at));
        Self
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        OVER_AT.set(None);
    }
}
