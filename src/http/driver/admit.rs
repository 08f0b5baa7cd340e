//! Whether an attempt may begin: switch, time, hold, breaker, in this order.

use std::time::Duration;

use super::{Call, OUT_OF_TIME, ending};
use crate::clock;
use crate::http::permit::Permit;
use crate::http::{CallError, CallErrorKind, Sent, Stop};
use crate::telemetry::Counter;

impl<'client> Call<'client> {
    /// The right to make one attempt.
    ///
    /// # Errors
    /// Who says no, and until when.
    pub(super) async fn admit(&self) -> Result<Permit<'client>, CallError> {
        self.asks.before_attempt().await.map_err(|stop| {
            if matches!(stop, Stop::Paused { .. }) {
                self.client.count(Counter::RefusedBySwitch);
            }
            self.failed(ending::stopped(stop))
        })?;
        let now = clock::monotonic();
        if self.deadline.for_attempt(Duration::MAX, now).is_none() {
            let message = OUT_OF_TIME.to_owned();
            return Err(self.error(CallErrorKind::Timeout, Sent::No, message));
        }
        if let Some(wait) = self.client.connection().held(now) {
            let message = format!(
                "the vendor asked to be left alone for {} ms",
                wait.as_millis()
            );
            let mut error = self.error(CallErrorKind::Throttled, Sent::No, message);
            error.retry_after = Some(wait);
            return Err(error);
        }
        Permit::take(self.client, now).map_err(|open| self.breaker_open(open.retry_after))
    }

    pub(super) fn breaker_open(&self, retry_after: Duration) -> CallError {
        self.client.count(Counter::RefusedByBreaker);
        let message = "the breaker is open: the vendor is left alone".to_owned();
        let mut error = self.error(CallErrorKind::BreakerOpen, Sent::No, message);
        error.retry_after = Some(retry_after);
        error
    }
}
