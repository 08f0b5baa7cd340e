//! An attempt's place among those under way, where the connection limits them.
//!
//! It is had before the attempt connects and takes its turn, and held until its end: a turn that
//! waits for a place would be used late. That costs no throughput, because who has no place takes no
//! turn either.

use std::time::Duration;

use super::Call;
use crate::clock;
use crate::http::CallError;
use crate::http::permit::Permit;
use crate::policy::concurrency;
use crate::telemetry::Counter;

/// A place outlasts its attempt by so much.
const LEASE_EXTRA: Duration = Duration::from_secs(1);

impl Call<'_> {
    /// Looks for a place until there is one, where there is a limit; whether that took more than one
    /// look.
    ///
    /// # Errors
    /// When none came free in time, or the wait was stopped.
    pub(super) async fn place(&self, permit: &mut Permit<'_>) -> Result<bool, CallError> {
        let Some(limit) = &self.client.plan().concurrency else {
            return Ok(false);
        };
        let mut waited = Duration::ZERO;
        for vain in 0.. {
            let now = clock::monotonic();
            if permit.take_place(limit, self.lease(), now) {
                return Ok(vain > 0);
            }
            let left = limit
                .max_wait
                .saturating_sub(waited)
                .min(self.waitable(now));
            if left.is_zero() {
                break;
            }
            let look = concurrency::look_after(vain).min(left);
            self.wait(look)
                .await
                .map_err(|failure| self.failed(failure))?;
            waited = waited.saturating_add(look);
        }
        self.client.count(Counter::RefusedByLimit);
        let message = format!(
            "{} attempts are under way, and no place came free in time",
            limit.max
        );
        Err(self.throttled_error(&message, None))
    }

    /// A place is held while the attempt connects, waits for its turn, and is under way.
    pub(super) fn lease(&self) -> Duration {
        let plan = self.client.plan();
        let throttle = plan.throttle.as_ref();
        let turn = throttle.map_or(Duration::ZERO, |throttle| throttle.mode.max_wait());
        [plan.timeouts.connect, turn, LEASE_EXTRA]
            .into_iter()
            .fold(self.attempt_timeout(), Duration::saturating_add)
    }
}
