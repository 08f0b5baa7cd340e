//! The identity provider as a call's token flow sees it: one POST on the call's engine, under the
//! call's deadline and the connection's address guard. Nothing of it counts as an attempt.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use url::Url;

use super::driver::{Call, Delivery, OUT_OF_TIME, Terms};
use super::failure::{Failure, FailureKind};
use super::transport::Wire;
use super::{Sent, guard, target};
use crate::options::{SecretBytes, SecretError, SecretRef};
use crate::telemetry::Counter;
use crate::{auth, clock};

/// A token answer is small.
const TOKEN_BODY_CAP_BYTES: usize = 64 * 1024;

impl auth::Endpoint for Call<'_> {
    type Error = Failure;

    async fn post(
        &self,
        url: &Url,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Result<(u16, Bytes), Failure> {
        guard::check_literal(self.client.plan().address, url).map_err(|refused| {
            Failure::new(FailureKind::AddressRefused, Sent::No, refused.to_string())
        })?;
        if let Ok(id) = http::HeaderValue::from_str(&self.correlation_id) {
            headers.insert(target::CORRELATION_ID, id);
        }
        self.client.count(Counter::TokenRequests);
        let wire = Wire {
            method: http::Method::POST,
            url: url.clone(),
            headers,
            content: body.into(),
            decodes: false,
        };
        let timeout = self.post_timeout();
        let terms = Terms {
            timeout,
            body_cap_bytes: TOKEN_BODY_CAP_BYTES,
            delivery: Delivery::Whole,
            redirects: 0,
        };
        self.exchange(&wire, None, terms)
            .await
            .map(|mut answer| {
                let body = answer.body.take_whole().unwrap_or_default();
                (answer.head.status.as_u16(), body)
            })
            .map_err(|failure| self.of_token_request(failure))
    }

    async fn secret(&self, secret: &SecretRef) -> Result<SecretBytes, SecretError> {
        self.asks.secret(secret).await
    }

    async fn wait(&self, span: Duration) -> Result<(), Failure> {
        if self.deadline.has_passed(clock::monotonic()) {
            return Err(Failure::new(FailureKind::Timeout, Sent::No, OUT_OF_TIME));
        }
        Call::wait(self, span).await
    }

    fn post_timeout(&self) -> Duration {
        self.client.plan().timeouts.attempt
    }

    fn denied(&self, message: String, transient: bool) -> Failure {
        Failure::new(FailureKind::Auth { transient }, Sent::No, message)
    }
}

impl Call<'_> {
    /// The vendor itself has seen nothing when the identity provider failed.
    fn of_token_request(&self, failure: Failure) -> Failure {
        let kind = match failure.kind {
            FailureKind::Connect | FailureKind::Network | FailureKind::Timeout => {
                FailureKind::Auth { transient: true }
            }
            FailureKind::Limit | FailureKind::Setup => FailureKind::Auth { transient: false },
            FailureKind::AddressRefused
            | FailureKind::Auth { .. }
            | FailureKind::Interrupted
            | FailureKind::Paused
            | FailureKind::BadRequest
            | FailureKind::Stray => failure.kind,
        };
        let message = format!("the token request failed: {}", failure.message);
        Failure {
            kind,
            sent: Sent::No,
            message,
            retry_after: None,
            status: None,
        }
    }
}
