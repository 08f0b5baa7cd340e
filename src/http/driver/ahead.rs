//! The connection of an attempt that is throttled, made before its turn is taken.
//!
//! A turn that is taken and then waits for TCP and TLS comes to the vendor late, next to somebody
//! else's: with handshakes of 100 ms and 50 turns a second a cold worker's request would come among
//! the five behind it. Where no connection can be had, no turn is used up: nothing of a call reached
//! the vendor. HTTP/2 and proxies are the library's, which connects when it sends: there the first
//! request of a process may come late by its handshake.

use std::pin::pin;
use std::time::Duration;

use super::{Call, OUT_OF_TIME, ending};
use crate::clock;
use crate::http::failure::{Failure, FailureKind};
use crate::http::transport::{self, Ready, Wire};
use crate::http::{Sent, run};

impl Call<'_> {
    /// A connection for this attempt; `None` where it is not throttled, and where there is none to
    /// be had before it is sent.
    ///
    /// # Errors
    /// Why the attempt ends here.
    pub(super) async fn ahead(&self, wire: &Wire) -> Result<Option<Box<Ready>>, Failure> {
        if self.client.plan().throttle.is_none() {
            return Ok(None);
        }
        let key = self.client.transport_key(&wire.url);
        if !transport::connects_ahead(key) {
            return Ok(None);
        }
        if let Some(idle) = Ready::idle(key, &wire.url) {
            return Ok(Some(Box::new(idle)));
        }
        // Boxed: a fresh connection is rare, and its future large.
        let connected = Box::pin(self.connected(wire)).await?;
        Ok(connected.map(Box::new))
    }

    async fn connected(&self, wire: &Wire) -> Result<Option<Ready>, Failure> {
        let timeout = self
            .deadline
            .for_attempt(self.attempt_timeout(), clock::monotonic())
            .ok_or_else(|| Failure::new(FailureKind::Timeout, Sent::No, OUT_OF_TIME))?;
        let key = self.client.transport_key(&wire.url);
        let connecting = pin!(transport::connect(key, &wire.url));
        let in_time = pin!(run::within(timeout, connecting));
        match self.asks.unless_stopped(in_time).await {
            Ok(Some(connected)) => connected,
            Ok(None) => Err(not_in_time(timeout)),
            Err(stop) => Err(ending::stopped(stop)),
        }
    }
}

fn not_in_time(timeout: Duration) -> Failure {
    let message = format!("no connection within {} ms", timeout.as_millis());
    Failure::new(FailureKind::Timeout, Sent::No, message)
}
