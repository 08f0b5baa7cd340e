//! Waiting: asleep in real time, or a frozen clock moved on.

use std::time::Duration;

use super::frozen;

/// Waits with the whole thread; a frozen clock is advanced and the wait written down.
pub fn wait_blocking(span: Duration) {
    if !frozen::take_wait(span) {
        sleep_blocking(span);
    }
}

/// Waits in real time even where a test froze the clock: for what other processes hold, as they
/// know nothing of that.
pub fn wait_running(span: Duration) {
    sleep_blocking(span);
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that puts a thread to sleep"
)]
fn sleep_blocking(span: Duration) {
    std::thread::sleep(span);
}
