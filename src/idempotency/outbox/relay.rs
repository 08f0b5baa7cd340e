//! Sending: an item is claimed, sent under its key, and ended in one transaction with its chain.
//!
//! No transaction is open while the vendor is asked. A kill before the end leaves the claim to its
//! lease; the next relay sends the same bytes under the same key. A refusal by the connection
//! (open breaker, pause, throttle) costs an item no attempt and ends the round. [`failpoint`] has a
//! name for each step.

use std::time::Duration;

use serde_json::{Map, Value};

use super::verdict::{self, Verdict};
use super::{
    CANCELLED, CLAIMED, DONE, Outbox, OutboxError, PENDING, SendOptions, UNSENT, Unsure, chain,
    item, millis,
};
use crate::http::{Answer, Fetch, Request};
use crate::idempotency::decide::{self, ClaimDecision, DEAD, LeaseLost};
use crate::idempotency::worker::turn;
use crate::store::{Kind, Query, Record, StoreError, StoreErrorKind, atomically};
use crate::testing::failpoint;

/// How often the end of an item is written again when another writer was first.
const ENDS_AT_MOST: usize = 8;

/// What a round of sending came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relayed {
    /// The vendor has them.
    pub sent: usize,
    /// Failed, and due again after a backoff.
    pub failed: usize,
    /// Given back without an attempt.
    pub deferred: usize,
    /// Given up.
    pub dead: usize,
    /// Why nothing was sent.
    pub paused: Option<String>,
}

impl Outbox {
    /// Sends up to `limit` writes that are due.
    ///
    /// # Errors
    /// The store's; the item at hand is left to its lease.
    pub fn process(&self, fetch: &dyn Fetch, limit: usize) -> Result<Relayed, StoreError> {
        let mut sum = Relayed::default();
        let now_ms = self.store.now_ms()?;
        let noted_at_ms = match self.may_send(now_ms)? {
            Ok(noted_at_ms) => noted_at_ms,
            Err(reason) => {
                sum.paused = Some(reason);
                return Ok(sum);
            }
        };
        let (store, own) = (
            self.store.as_ref(),
            (Kind::Outbox, Some(self.connection.as_str())),
        );
        self.catch_up
            .look(store, own, &self.options.claims, now_ms)?;
        for number in 0..limit {
            if number > 0 && turn::is_over() {
                break;
            }
            failpoint::hit("outbox.before_claim", false)?;
            let Some((known, held)) = self.claim_one(&mut sum)? else {
                break;
            };
            failpoint::hit("outbox.after_claim", true)?;
            if number == 0 {
                self.note_sending(noted_at_ms, now_ms)?;
            }
            let verdict = self.attempt(fetch, &known, &held)?;
            if self.settle(&held, &verdict, &mut sum)? {
                break;
            }
        }
        Ok(sum)
    }

    /// Sends a write at once and keeps its record, so that it is found when this process dies in
    /// the middle. A failure that the caller hears of ends the item, in the dead letters where its
    /// fate is not known; no relay sends it by itself.
    ///
    /// # Errors
    /// When the call failed or was refused; when the same id is at work or dead; the store's.
    pub fn call(
        &self,
        fetch: &dyn Fetch,
        request: &Request,
        options: &SendOptions,
    ) -> Result<Answer, OutboxError> {
        if options.order.is_some() || options.delay != Duration::ZERO {
            let what = "a write-through is sent at once: it has no order and no delay";
            return Err(StoreError::new(StoreErrorKind::Misuse, what).into());
        }
        let (_, fresh) = self.item_of(request, options)?;
        let held = Record {
            payload: fresh.payload.clone(),
            ..decide::held(&fresh, fresh.created_at_ms, &self.options.claims)
        };
        failpoint::hit("outbox.before_record", false).map_err(StoreError::from)?;
        if !self.store.insert(Kind::Outbox, &held)? {
            let what = format!("the outbox has the id '{}' already", held.label);
            return Err(StoreError::new(StoreErrorKind::Misuse, what).into());
        }
        failpoint::hit("outbox.after_record", true).map_err(StoreError::from)?;
        let outcome = fetch.fetch(&self.request_of(&held)?);
        failpoint::hit("outbox.after_send", true).map_err(StoreError::from)?;
        self.settle(&held, &verdict::heard(&outcome), &mut Relayed::default())?;
        match outcome {
            Ok(answer) if answer.status < 400 => Ok(answer),
            Ok(answer) => Err(OutboxError::Refused(Box::new(answer))),
            Err(error) => Err(OutboxError::Call(error)),
        }
    }

    /// Claims the item that has been due the longest: as found, and as it is held.
    fn claim_one(&self, sum: &mut Relayed) -> Result<Option<(Record, Record)>, StoreError> {
        for _ in 0..ENDS_AT_MOST {
            let now_ms = self.store.now_ms()?;
            let due = Query {
                states: UNSENT,
                scope: Some(&self.connection),
                due_until_ms: Some(now_ms),
                limit: 1,
                with_payload: true,
                ..Query::default()
            };
            let mut is_due = false;
            let mut decide = |known: &Record| {
                is_due = true;
                match decide::claim(known, None, now_ms, &self.options.claims) {
                    ClaimDecision::Win(next) | ClaimDecision::GiveUp(next) => Some(next),
                    ClaimDecision::InProgress
                    | ClaimDecision::Done
                    | ClaimDecision::Dead
                    | ClaimDecision::Conflict => None,
                }
            };
            let claimed = self.store.replace_found(Kind::Outbox, &due, &mut decide)?;
            match claimed.into_iter().next() {
                Some((_, next)) if next.state == DEAD => sum.dead += 1,
                Some((known, next)) => {
                    let held = Record {
                        payload: known.payload.clone(),
                        ..next
                    };
                    return Ok(Some((known, held)));
                }
                None if is_due => {}
                None => break,
            }
        }
        Ok(None)
    }

    /// Sends it, unless it must not be sent any more.
    fn attempt(
        &self,
        fetch: &dyn Fetch,
        known: &Record,
        held: &Record,
    ) -> Result<Verdict, StoreError> {
        if known.state == CLAIMED && self.options.unsure == Unsure::Hold {
            let what = "its worker died while it sent: it may have been sent";
            return Ok(Verdict::Never(what.to_owned()));
        }
        let mut request = match self.request_of(held) {
            Ok(request) => request,
            Err(error) => return Ok(Verdict::Never(error.to_string())),
        };
        if let Some(deadline_ms) = deadline_of(held) {
            // A store that cannot tell the time does not say that there is time left.
            let left_ms = deadline_ms.saturating_sub(self.store.now_ms()?);
            if left_ms <= 0 {
                return Ok(Verdict::Never(
                    "its deadline passed before it was sent".to_owned(),
                ));
            }
            let left = Duration::from_millis(left_ms.unsigned_abs());
            request.total = Some(request.total.map_or(left, |total| total.min(left)));
        }
        failpoint::hit("outbox.before_send", true)?;
        let outcome = fetch.fetch(&request);
        failpoint::hit("outbox.after_send", true)?;
        Ok(verdict::of(&outcome, self.options.unsure))
    }

    fn request_of(&self, held: &Record) -> Result<Request, StoreError> {
        item::parse(held.payload.as_deref().unwrap_or_default())
    }

    /// Writes what an attempt came to, with the item's chain; whether the round is over.
    fn settle(
        &self,
        held: &Record,
        verdict: &Verdict,
        sum: &mut Relayed,
    ) -> Result<bool, StoreError> {
        let random = crate::clock::random_unit();
        let once = || {
            atomically(self.store.as_ref(), || {
                let now_ms = self.store.now_ms()?;
                let row = self.store.read(Kind::Outbox, &held.key)?;
                let next = row
                    .as_ref()
                    .map(|row| self.next(row, held, verdict, now_ms, random));
                let (Some(row), Some(Ok(next))) = (row, next) else {
                    // Another worker has it by now: what it does counts.
                    return Ok(None);
                };
                if !self.store.replace(Kind::Outbox, &next, row.version)? {
                    return Err(StoreError::lost_race());
                }
                if next.state == DONE {
                    chain::advance(self.store.as_ref(), &next, now_ms)?;
                }
                failpoint::hit("outbox.before_commit", true)?;
                Ok(Some(next.state))
            })
        };
        let mut ended = once();
        for _ in 1..ENDS_AT_MOST {
            match &ended {
                Err(error) if error.kind == StoreErrorKind::LostRace => ended = once(),
                _ => break,
            }
        }
        let is_over = matches!(verdict, Verdict::NotNow(_));
        match ended?.as_deref() {
            Some(DONE) => sum.sent += 1,
            Some(DEAD) => sum.dead += 1,
            Some(PENDING) if !is_over => sum.failed += 1,
            _ => sum.deferred += 1,
        }
        failpoint::hit("outbox.after_commit", false)?;
        Ok(is_over)
    }

    /// The item's record after an attempt.
    fn next(
        &self,
        row: &Record,
        held: &Record,
        verdict: &Verdict,
        now_ms: i64,
        random: f64,
    ) -> Result<Record, LeaseLost> {
        let claims = &self.options.claims;
        match verdict {
            Verdict::Sent(status) => {
                let mut outcome = Map::new();
                outcome.insert("status".to_owned(), Value::from(*status));
                // The vendor has it, whatever the lease says: only another holder may object.
                let row = Record {
                    lease_until_ms: i64::MAX,
                    ..row.clone()
                };
                decide::complete(&row, held.token, now_ms, &Value::Object(outcome))
            }
            Verdict::Later(error, wait) => {
                let mut next = decide::fail(row, held.token, now_ms, error, claims, random)?;
                let earliest_ms = now_ms.saturating_add(millis(wait.unwrap_or_default()));
                if next.state == PENDING {
                    next.due_at_ms = next.due_at_ms.max(earliest_ms);
                }
                Ok(next)
            }
            Verdict::NotNow(delay) => decide::release(row, held.token, now_ms, millis(*delay)),
            Verdict::Never(error) => decide::bury(row, held.token, now_ms, error),
            Verdict::Dropped(error) => Ok(Record {
                state: CANCELLED.to_owned(),
                ..decide::bury(row, held.token, now_ms, error)?
            }),
        }
    }
}

fn deadline_of(item: &Record) -> Option<i64> {
    decide::detail_of(item)
        .get("deadline_ms")
        .and_then(Value::as_i64)
}
