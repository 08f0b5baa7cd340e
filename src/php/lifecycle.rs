//! What happens when PHP starts and when the process forks.

use super::{exception_classes, ini, raw};

/// MINIT: settings, exception classes, fork hooks. No thread, socket or file is opened here,
/// because FPM forks its workers from this process.
pub(super) fn startup(_ty: i32, module_number: i32) -> i32 {
    let started = std::panic::catch_unwind(|| {
        ini::register(module_number);
        raw::at_fork(before_fork, after_fork_in_child);
        exception_classes::register().is_ok()
    });
    if matches!(started, Ok(true)) { 0 } else { -1 }
}

extern "C" fn before_fork() {}

extern "C" fn after_fork_in_child() {}
