//! A few claims at a time: one look and one transaction in place of one for each event.
//!
//! An attempt counts when it is begun, and a payload that kills its worker is given up by that.
//! The events that were claimed with it must not be given up too: so one that was begun before
//! and did not end is processed alone, and the others of its batch are given back uncounted. A
//! batch is small, so that a kill leaves few events to their leases, and a claim whose lease has
//! grown old while its turn came is renewed first.

use std::collections::VecDeque;
use std::time::Duration;

use crate::idempotency::{Claim, Ledger, LedgerError};
use crate::store::StoreError;

/// Events of one batch.
const BATCH: usize = 8;

/// Claims that wait for their turn.
pub(super) struct Batch<'a> {
    ledger: &'a Ledger,
    claims: VecDeque<Claim>,
}

impl<'a> Batch<'a> {
    /// Claims what is due of this source, at most `limit`.
    pub(super) fn claim(
        ledger: &'a Ledger,
        source: &str,
        limit: usize,
    ) -> Result<Self, LedgerError> {
        let claims = ledger.claim_due(limit.min(BATCH), Some(source))?;
        let mut batch = Self {
            ledger,
            claims: claims.into(),
        };
        if let Some(at) = batch.claims.iter().position(|claim| claim.attempt() > 1)
            && let Some(alone) = batch.claims.remove(at)
        {
            batch.give_back()?;
            batch.claims.push_back(alone);
        }
        Ok(batch)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.claims.len()
    }

    /// The next one that is still ours.
    pub(super) fn next(&mut self) -> Result<Option<Claim>, LedgerError> {
        while let Some(claim) = self.claims.pop_front() {
            match self.fresh(&claim) {
                Ok(()) => return Ok(Some(claim)),
                Err(LedgerError::LeaseLost { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    fn fresh(&self, claim: &Claim) -> Result<(), LedgerError> {
        let lease = self.ledger.options().lease;
        let left_ms = claim.lease_until_ms() - self.ledger.store().now_ms()?;
        if left_ms > i64::try_from(lease.as_millis() / 2).unwrap_or(i64::MAX) {
            return Ok(());
        }
        claim.renew()
    }

    /// Gives the rest back, uncounted, in one transaction.
    pub(super) fn give_back(&mut self) -> Result<(), LedgerError> {
        let claims = std::mem::take(&mut self.claims);
        if claims.is_empty() {
            return Ok(());
        }
        Ok(self.ledger.store().atomically(&mut || {
            for claim in &claims {
                match claim.release(Duration::ZERO) {
                    // Lost: another worker has it.
                    Ok(()) | Err(LedgerError::LeaseLost { .. }) => {}
                    Err(LedgerError::Store(error)) => return Err(error),
                    Err(error) => {
                        let kind = crate::store::StoreErrorKind::Misuse;
                        return Err(StoreError::new(kind, error.to_string()));
                    }
                }
            }
            Ok(())
        })?)
    }
}
