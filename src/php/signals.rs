//! Signals that come while a call waits: PHP's handlers run in the wait itself.
//!
//! PHP notes a signal and runs its handler where it next looks for interrupts. Were a method of ours
//! to throw in between, that place is reached with our exception under way, and the handler is
//! lost for good: PHP calls nothing then. So the handlers run here. One that returns leaves the
//! call going. What one throws (or its `exit()`) ends the wait, is kept here, because nothing may
//! lie in the engine while we go on, and is thrown on in the place of our own exception. A time
//! limit that ran out ends the wait and stays PHP's to act on.
//!
//! State: what a handler threw, one for each thread, dropped at the end of the request.

use std::cell::RefCell;

use ext_php_rs::zend::ExecutorGlobals;

use super::{raw, throw, worker_signals};
use crate::http::Stop;
use crate::store::CallbackError;

thread_local! {
    static THROWN: RefCell<Option<CallbackError>> = const { RefCell::new(None) };
}

/// Runs the handlers of signals that came; between polls, with nothing of ours held.
pub(super) fn look() -> Result<(), Stop> {
    // A worker was told to end, and then once more.
    if worker_signals::count_of_signals() > 1 {
        return Err(Stop::Interrupted);
    }
    if !raw::is_interrupt_pending() {
        return Ok(());
    }
    if raw::is_timed_out() {
        return Err(Stop::Interrupted);
    }
    raw::run_interrupt_handlers();
    if !ExecutorGlobals::has_exception() {
        return Ok(());
    }
    let thrown = throw::caught(&ext_php_rs::error::Error::Callable);
    THROWN.with_borrow_mut(|slot| *slot = Some(thrown));
    Err(Stop::Interrupted)
}

/// Whether a handler threw: no results are handed out any more.
pub(super) fn has_thrown() -> bool {
    THROWN.with_borrow(Option::is_some)
}

/// What a handler threw and ended a wait with.
pub(super) fn take_thrown() -> Option<CallbackError> {
    THROWN.take()
}

/// At the end of the request, before PHP frees its objects.
pub(super) fn forget() {
    drop(take_thrown());
}
