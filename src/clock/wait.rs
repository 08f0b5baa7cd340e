//! Waiting: asleep in real time, or a frozen clock moved on.

use std::time::Duration;

use super::frozen;

/// Waits inside a tokio runtime; a frozen clock is advanced and the wait written down.
pub async fn wait(span: Duration) {
    if !frozen::take_wait(span) {
        sleep(span).await;
    }
}

/// Waits with the whole thread; a frozen clock is advanced and the wait written down.
pub fn wait_blocking(span: Duration) {
    if !frozen::take_wait(span) {
        sleep_blocking(span);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that sleeps in a runtime"
)]
async fn sleep(span: Duration) {
    tokio::time::sleep(span).await;
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that puts a thread to sleep"
)]
fn sleep_blocking(span: Duration) {
    std::thread::sleep(span);
}
