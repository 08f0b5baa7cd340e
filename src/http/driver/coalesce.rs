//! Equal calls of all workers that are under way at once share one answer.
//!
//! What is equal is said by [`policy::coalesce`](crate::policy::coalesce), who leads and how the
//! others get the answer by [`segment::Flight`](crate::segment::Flight). A follower that gets none
//! (the leader failed, the answer was too large) makes its own call, under its own policies; where
//! the leader is gone it may lead. It waits no longer than its own deadline.
//!
//! The token is fetched first: it is part of the key, and the first attempt uses it.

use std::time::Duration;

use super::{Call, Delivery, Incoming, shared};
use crate::auth;
use crate::clock;
use crate::http::transport::Wire;
use crate::http::{Answer, CallError, CallErrorKind, Content, Sent};
use crate::policy::{coalesce, concurrency};
use crate::segment::{Flight, RESULT_MAX_BYTES};
use crate::telemetry::Counter;

/// Leaders that a follower outlives before it goes on by itself.
const LEADERS_MAX: u32 = 3;
/// A lease outlives the call that it stands for by so much.
const LEASE_EXTRA: Duration = Duration::from_secs(1);
/// A thread that has nothing else to do waits for the bell this long before it looks around.
const LISTEN: Duration = Duration::from_millis(50);

/// What came of waiting for another's answer.
enum Followed {
    /// It.
    Answer(Box<Answer>),
    /// There will be none that could be shared.
    Alone,
    /// Whoever led is gone.
    LeaderGone,
}

impl Call<'_> {
    /// The call, or its part in another that is under way.
    pub(super) async fn coalesced(&mut self, wire: &Wire) -> Result<(Answer, Incoming), CallError> {
        let has_content = !matches!(self.request.content, Content::Empty);
        if self.delivery != Delivery::Whole || !coalesce::may_share(&wire.method, has_content) {
            return self.writing(wire).await;
        }
        if let Some(options) = &self.client.plan().auth {
            let token = auth::authorize(options, self.client.segment(), self);
            match Box::pin(token).await {
                Ok(token) => self.token = Some(token),
                // Who cannot say who is asking shares nothing; why is the attempt's to say.
                Err(_) => return self.attempts(wire).await,
            }
        }
        let key = self.key(wire);
        let flight = self.client.segment().flight(&key);
        for _ in 0..LEADERS_MAX {
            let now = clock::monotonic();
            let ttl = self.deadline.remaining(now).saturating_add(LEASE_EXTRA);
            if let Some(lease) = self.client.segment().lease(&key, ttl, now) {
                let outcome = self.attempts(wire).await;
                flight.land(|| landed(&outcome), || lease.release(), clock::monotonic());
                return outcome;
            }
            match self.follow(&flight, &key).await? {
                Followed::Answer(answer) => {
                    self.client.count(Counter::Coalesced);
                    let incoming = self.incoming_of(answer.status);
                    return Ok((*answer, incoming));
                }
                Followed::Alone => break,
                Followed::LeaderGone => {}
            }
        }
        self.attempts(wire).await
    }

    /// A call that may change what others read: answers that are under way are then not handed to
    /// who asks later.
    async fn writing(&mut self, wire: &Wire) -> Result<(Answer, Incoming), CallError> {
        if wire.method.is_safe() {
            return self.attempts(wire).await;
        }
        self.client.connection().note_write();
        let outcome = self.attempts(wire).await;
        self.client.connection().note_write();
        outcome
    }

    fn key(&self, wire: &Wire) -> [u8; 32] {
        let plan = self.client.plan();
        coalesce::key(&coalesce::Call {
            connection: (&plan.namespace, &plan.name),
            identity: self
                .token
                .as_ref()
                .map_or(&[], |token| token.value.as_bytes()),
            writes: self.client.connection().writes(),
            method: &wire.method,
            url: wire.url.as_str(),
            headers: &wire.headers,
        })
    }

    async fn follow(&self, flight: &Flight, key: &[u8; 32]) -> Result<Followed, CallError> {
        flight.listen(self.deadline.at());
        for vain in 0.. {
            let rings = flight.rings();
            let is_led = self.client.segment().held_by_other(key, clock::monotonic());
            if let Some(bytes) = flight.result(self.started) {
                let answer = shared::decode(&bytes, &self.correlation_id, self.elapsed());
                return Ok(
                    answer.map_or(Followed::Alone, |answer| Followed::Answer(Box::new(answer)))
                );
            }
            if !is_led {
                return Ok(Followed::LeaderGone);
            }
            let left = self.deadline.remaining(clock::monotonic());
            if left.is_zero() {
                let message = "another worker's equal call did not end in time".to_owned();
                return Err(self.error(CallErrorKind::Timeout, Sent::No, message));
            }
            if self.asks.is_alone() && !clock::is_frozen() {
                flight.wait(rings, left.min(LISTEN));
                if flight.rings() != rings {
                    continue;
                }
            }
            // Also where the bell was waited for: the runner looks at signals and the switch.
            let look = concurrency::look_after(vain).min(left);
            self.wait(look)
                .await
                .map_err(|failure| self.failed(failure))?;
        }
        Ok(Followed::Alone)
    }
}

/// What the others are handed; nothing tells them to go on by themselves.
fn landed(outcome: &Result<(Answer, Incoming), CallError>) -> Vec<u8> {
    match outcome {
        Ok((answer, _)) if answer.body.len() < RESULT_MAX_BYTES => shared::encode(answer),
        Ok(_) | Err(_) => Vec::new(),
    }
}
