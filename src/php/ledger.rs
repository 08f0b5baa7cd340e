//! `Causeway\Ledger`: what was already done.

use std::rc::Rc;
use std::time::Duration;

use ext_php_rs::boxed::ZBox;
use ext_php_rs::convert::IntoZval;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendCallable, ZendClassObject, ZendHashTable, Zval};

use super::arguments::StoreArgument;
use super::claim::PhpClaim;
use super::{callbacks, durable, throw, value};
use crate::idempotency::{Claim, Ledger, Recorded, ReplayFilter};
use crate::store::CallbackError;

/// What was already done: one row for each (source, event id).
#[php_class]
#[php(name = "Causeway\\Ledger", flags = ClassFlags::Final)]
pub struct PhpLedger {
    ledger: Ledger,
}

impl PhpLedger {
    pub(super) fn new(ledger: Ledger) -> Self {
        Self { ledger }
    }
}

fn claim_object(claim: Rc<Claim>) -> PhpResult<Zval> {
    Ok(ZendClassObject::new(PhpClaim::new(claim)).into_zval(false)?)
}

fn limit_of(limit: i64) -> usize {
    usize::try_from(limit).unwrap_or(0)
}

#[php_impl]
impl PhpLedger {
    /// A ledger on this store.
    ///
    /// @param array<string, mixed>|null $options
    ///   lease_ms (30000), max_attempts (8), base_delay_ms (1000), max_delay_ms (3600000).
    ///
    /// @throws \Causeway\Exception\OptionsException
    pub fn __construct(store: StoreArgument, options: Option<&ZendHashTable>) -> PhpResult<Self> {
        let options = durable::ledger_options("Ledger", options)?;
        Ok(Self {
            ledger: Ledger::new(store.store, options),
        })
    }

    /// Records an event without claiming it.
    ///
    /// @return 'recorded'|'duplicate'|'conflict'
    #[php(name = "record")]
    pub fn record(
        &self,
        source: &str,
        eventId: &str,
        payload: ext_php_rs::binary_slice::BinarySlice<u8>,
    ) -> PhpResult<&'static str> {
        let recorded = self
            .ledger
            .record(source, eventId, &payload)
            .map_err(durable::ledger_error)?;
        Ok(match recorded {
            Recorded::Recorded => "recorded",
            Recorded::Duplicate => "duplicate",
            Recorded::Conflict => "conflict",
        })
    }

    /// Claims an event, recording it first when it is new; see Claim::status().
    #[php(name = "claim")]
    pub fn claim(
        &self,
        source: &str,
        eventId: &str,
        payload: ext_php_rs::binary_slice::BinarySlice<u8>,
    ) -> PhpResult<PhpClaim> {
        let claim = self
            .ledger
            .claim(source, eventId, &payload)
            .map_err(durable::ledger_error)?;
        Ok(PhpClaim::new(Rc::new(claim)))
    }

    /// Claims up to $limit events that are due, oldest first.
    ///
    /// @return list<\Causeway\Claim>
    #[php(name = "claimDue", defaults(limit = 1))]
    pub fn claim_due(&self, limit: i64, source: Option<&str>) -> PhpResult<ZBox<ZendHashTable>> {
        let claims = self
            .ledger
            .claim_due(limit_of(limit), source)
            .map_err(durable::ledger_error)?;
        let claims = claims.into_iter().map(|claim| claim_object(Rc::new(claim)));
        value::list(claims.collect::<PhpResult<Vec<_>>>()?)
    }

    /// Runs $handler once for the event and records what it returns.
    ///
    /// No transaction is open while it runs: it is at least once in general, and exactly once
    /// where the handler completes the claim in the store's own transaction, together with its
    /// effect. A duplicate returns the recorded outcome without running the handler.
    ///
    /// @param callable(\Causeway\Claim): mixed $handler
    ///
    /// @throws \Causeway\Exception\InProgressException
    /// @throws \Causeway\Exception\ConflictException
    /// @throws \Causeway\Exception\DeadLetterException
    /// @throws \Causeway\Exception\LeaseLostException
    /// @throws \Throwable
    ///   What $handler throws; the attempt counts as failed.
    #[php(name = "run")]
    pub fn run(
        &self,
        source: &str,
        eventId: &str,
        payload: ext_php_rs::binary_slice::BinarySlice<u8>,
        handler: ZendCallable<'_>,
    ) -> PhpResult<Zval> {
        let mut handle = |claim: &Rc<Claim>| {
            let failed = |_| CallbackError::new("PHP could not build the handler's argument");
            let claim = claim_object(Rc::clone(claim)).map_err(failed)?;
            let outcome = callbacks::call(&handler, vec![&claim])?;
            durable::outcome_from_php(Some(&outcome)).map_err(|error| {
                error.throw();
                throw::caught(&ext_php_rs::error::Error::Callable)
            })
        };
        let outcome = self
            .ledger
            .run(source, eventId, &payload, &mut handle)
            .map_err(durable::ledger_error)?;
        durable::outcome_to_php(&outcome)
    }

    /// How many events stand where.
    ///
    /// @return array{
    ///   pending: int, claimed: int, done: int, dead: int, conflict: int,
    ///   oldest_pending_age_ms: int
    /// }
    #[php(name = "counts")]
    pub fn counts(&self, source: Option<&str>) -> PhpResult<ZBox<ZendHashTable>> {
        let counts = self.ledger.counts(source).map_err(throw::store)?;
        value::record([
            ("pending", value::int(counts.pending)),
            ("claimed", value::int(counts.claimed)),
            ("done", value::int(counts.done)),
            ("dead", value::int(counts.dead)),
            ("conflict", value::int(counts.conflict)),
            (
                "oldest_pending_age_ms",
                value::int(counts.oldest_pending_age_ms),
            ),
        ])
    }

    /// Events that were given up, with their last error.
    ///
    /// @return list<array{
    ///   source: string, event_id: string, attempts: int, error: string, updated_at_ms: int
    /// }>
    #[php(name = "deadLetters", defaults(limit = 100))]
    #[php(optional = source)]
    pub fn dead_letters(&self, source: Option<&str>, limit: i64) -> PhpResult<ZBox<ZendHashTable>> {
        let letters = self
            .ledger
            .dead_letters(source, limit_of(limit))
            .map_err(throw::store)?;
        let rows = letters.iter().map(|letter| {
            value::record([
                ("source", value::bytes(letter.source.as_bytes())),
                ("event_id", value::bytes(letter.event_id.as_bytes())),
                ("attempts", value::int(letter.attempts)),
                ("error", value::bytes(letter.error.as_bytes())),
                ("updated_at_ms", value::int(letter.updated_at_ms)),
            ])
            .map(value::array)
        });
        value::list(rows.collect::<PhpResult<Vec<_>>>()?)
    }

    /// Puts a dead letter back in line, with its attempts counted anew. FALSE when there is none.
    #[php(name = "replay")]
    pub fn replay(&self, source: &str, eventId: &str) -> PhpResult<bool> {
        self.ledger.replay(source, eventId).map_err(throw::store)
    }

    /// Puts up to $limit dead letters back in line, the longest dead first; how many. The times
    /// are those of their deaths, Unix milliseconds, and belong to the span.
    #[php(name = "replayAll", defaults(limit = 1000))]
    #[php(optional = source)]
    pub fn replay_all(
        &self,
        source: Option<&str>,
        fromMs: Option<i64>,
        untilMs: Option<i64>,
        limit: i64,
    ) -> PhpResult<i64> {
        let filter = ReplayFilter {
            source,
            from_ms: fromMs,
            until_ms: untilMs,
        };
        let replayed = self.ledger.replay_all(filter, limit_of(limit));
        let replayed = replayed.map_err(throw::store)?;
        Ok(i64::try_from(replayed).unwrap_or(i64::MAX))
    }

    /// Erases the payloads of events that were done before; the rows stay, and know a duplicate.
    /// Returns how many rows it looked at: fewer than $limit mean that nothing is left.
    #[php(name = "erasePayloads", defaults(limit = 1000))]
    pub fn erase_payloads(&self, olderThanS: i64, limit: i64) -> PhpResult<i64> {
        let older_than = Duration::from_secs(u64::try_from(olderThanS).unwrap_or(0));
        let looked_at = self.ledger.erase_payloads(older_than, limit_of(limit));
        let looked_at = looked_at.map_err(throw::store)?;
        Ok(i64::try_from(looked_at).unwrap_or(i64::MAX))
    }

    /// Deletes at most $limit done rows older than this; how many went. Keep them for longer than
    /// the senders repeat their deliveries.
    #[php(name = "purge", defaults(limit = 1000))]
    pub fn purge(&self, olderThanS: i64, limit: i64) -> PhpResult<i64> {
        let older_than = Duration::from_secs(u64::try_from(olderThanS).unwrap_or(0));
        let purged = self
            .ledger
            .purge(older_than, limit_of(limit))
            .map_err(throw::store)?;
        Ok(i64::try_from(purged).unwrap_or(i64::MAX))
    }
}
