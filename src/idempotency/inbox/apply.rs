//! The one transaction of an event, and what comes after it.
//!
//! Snapshot, effect and mark are written together or not at all. The tags that the snapshot's row
//! owes are invalidated after the commit; a kill in between leaves them owed in the row.

use std::cell::Cell;

use serde_json::Value;

use super::{Effect, Inbox, InboxEvent, pass};
use crate::idempotency::{Claim, LedgerError};
use crate::snapshot::{Fetched, Invalidate, write};
use crate::store::{CallbackError, Record, StoreError, StoreErrorKind};
use crate::testing::failpoint;

/// How the transaction of one event ended.
pub(super) enum Applied {
    Done,
    /// Another writer replaced the snapshot: fetch again.
    LostRace,
    /// Another worker has the claim by now.
    LostLease,
    /// The effect failed.
    EffectFailed(CallbackError),
}

impl Inbox {
    /// Snapshot, effect and mark: one transaction.
    pub(super) fn apply(
        &self,
        claim: &Claim,
        event: &InboxEvent,
        fetched: Option<&Fetched>,
        effect: &mut Option<&mut Effect<'_>>,
    ) -> Result<Applied, LedgerError> {
        let store = self.ledger.store().as_ref();
        let lost_race = Cell::new(false);
        let lost_lease = Cell::new(false);
        let effect_failed = Cell::new(false);
        let result = store.atomically(&mut || {
            failpoint::hit("inbox.before_effect", true)?;
            if let Some(fetched) = fetched
                && !write(store, &fetched.next)?
            {
                lost_race.set(true);
                return Err(StoreError::lost_race());
            }
            if let Some(effect) = effect.as_deref_mut() {
                let json = fetched.and_then(|fetched| fetched.json.as_deref());
                effect(event, json).inspect_err(|_| effect_failed.set(true))?;
            }
            failpoint::hit("inbox.after_effect", true)?;
            failpoint::hit("inbox.before_mark", true)?;
            match claim.complete(&Value::Null) {
                Ok(()) => Ok(()),
                Err(LedgerError::Store(error)) => Err(error),
                Err(LedgerError::Callback(error)) => Err(error.into()),
                Err(_) => {
                    lost_lease.set(true);
                    Err(StoreError::lost_race())
                }
            }
        });
        match result {
            Ok(()) => {
                pass("inbox.after_mark", false)?;
                Ok(Applied::Done)
            }
            Err(_) if lost_race.get() => Ok(Applied::LostRace),
            Err(_) if lost_lease.get() => Ok(Applied::LostLease),
            // An optimistic store says so at the commit.
            Err(error) if error.kind == StoreErrorKind::LostRace && !effect_failed.get() => {
                Ok(Applied::LostRace)
            }
            Err(error) => match (LedgerError::from(error), effect_failed.get()) {
                (LedgerError::Callback(error), true) => Ok(Applied::EffectFailed(error)),
                (error, _) => Err(error),
            },
        }
    }

    /// Invalidates what the written row owes, then clears it.
    pub(super) fn invalidate(
        &self,
        row: Option<Box<Record>>,
        invalidate: &mut Option<&mut Invalidate<'_>>,
    ) -> Result<(), LedgerError> {
        pass("inbox.before_invalidate", false)?;
        let invalidate = invalidate.as_deref_mut();
        let (Some(row), Some(invalidate)) = (row, invalidate) else {
            // Nobody to tell here: the tags stay owed until somebody settles them.
            return pass("inbox.after_invalidate", false);
        };
        let mut told = |tags: &[String]| {
            invalidate(tags)?;
            failpoint::hit("inbox.after_invalidate", false)
                .map_err(|stopped| CallbackError::new(stopped.to_string()))
        };
        self.snapshots
            .pay(&row, &mut told)
            .map_err(super::ledger_error)
    }
}
