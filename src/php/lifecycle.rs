//! What happens when PHP starts, when a request ends and when the process forks.

use std::time::Duration;

use super::{exception_classes, exit, ini, raw, signals};
use crate::segment::{self, SegmentOptions};
use crate::{clock, http, options, store, testing};

/// MINIT: settings, exception classes, fork hooks. No thread, socket or file is opened here,
/// because FPM forks its workers from this process.
pub(super) fn startup(_ty: i32, module_number: i32) -> i32 {
    let started = std::panic::catch_unwind(|| {
        ini::register(module_number);
        segment::configure(SegmentOptions {
            dir: ini::segment_dir(),
        });
        if ini::is_testing() {
            testing::failpoint::enable();
        }
        http::on_thread_start(raw::block_signals);
        raw::at_fork(before_fork, after_fork_in_child);
        exception_classes::register().is_ok()
    });
    if matches!(started, Ok(true)) { 0 } else { -1 }
}

/// What calls in the background get at the end of a request.
const BACKGROUND_GRACE: Duration = Duration::from_secs(1);

/// RSHUTDOWN: ends what runs in the background and drops what belongs to the request, before PHP
/// frees its objects.
pub(super) extern "C" fn request_shutdown(_ty: i32, _module_number: i32) -> i32 {
    let _ = std::panic::catch_unwind(|| {
        for connection in http::finish_background(BACKGROUND_GRACE) {
            let grace_ms = BACKGROUND_GRACE.as_millis();
            raw::log(&format!(
                "causeway: {connection}: a call started in the background was given up \
                 {grace_ms} ms after the end of its request"
            ));
        }
        store::sqlite::end_request();
        options::secret::clear_resolvers();
        signals::forget();
        exit::forget();
        clock::thaw();
        clock::pin_unit(None);
        super::testing_fake::end_request();
    });
    0
}

/// MSHUTDOWN: no thread of ours runs once the module may be unloaded.
pub(super) extern "C" fn shutdown(_ty: i32, _module_number: i32) -> i32 {
    let _ = std::panic::catch_unwind(http::stop_background);
    0
}

/// A WAL file held open across a fork loses committed rows: close before, reopen lazily.
extern "C" fn before_fork() {
    let _ = std::panic::catch_unwind(store::sqlite::close_all_before_fork);
}

/// The parent's engine, its sockets and its runtime are not the child's.
extern "C" fn after_fork_in_child() {
    http::engine::forked();
    clock::forked();
}
