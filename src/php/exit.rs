//! `exit()` inside PHP code that we called.
//!
//! PHP unwinds it as an exception whose object is no exception: it has no message, cannot be
//! caught, and must not be handed to anything that expects a `\Throwable`. A step of ours that
//! records a failure before it goes on takes it out of the engine like an exception, and this file
//! remembers that it was there; with the next exception that we would throw, PHP is told to exit
//! instead. State: one flag for each thread, cleared at the end of the request.

use std::cell::Cell;

use ext_php_rs::types::ZendObject;

use super::raw;

thread_local! {
    static IS_ASKED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a pending "exception" is `exit()`; remembers it then.
pub(super) fn is_exit(thrown: &ZendObject) -> bool {
    let is_exit = raw::is_unwind_exit(thrown);
    if is_exit {
        IS_ASKED.set(true);
    }
    is_exit
}

/// Whether there was one that PHP has not gone on with: no PHP code is called any more.
pub(super) fn is_asked() -> bool {
    IS_ASKED.get()
}

/// Lets PHP go on with an `exit()` that was taken out of the engine; whether there was one.
pub(super) fn resume() -> bool {
    let is_asked = IS_ASKED.take();
    if is_asked {
        raw::throw_unwind_exit();
    }
    is_asked
}

/// At the end of the request.
pub(super) fn forget() {
    IS_ASKED.set(false);
}
