//! A new shape for stored data: expand, migrate, contract.
//!
//! 1. **Expand.** A release writes shape 2 and still reads shape 1: `schema: {version: 2, from: 1}`.
//!    Both are in the store side by side, and each snapshot says which shape it has; an older
//!    release goes on beside it.
//! 2. **Migrate.** [`Shapes::rewrite`] turns old rows into the new shape in chunks, as the
//!    application says; what is fetched meanwhile comes in the new shape by itself.
//! 3. **Contract.** [`Shapes::contract`] refuses while old rows remain, and records that none may
//!    be written any more (`contraction.rs`). Then a release may say `from: 2`; what is older than
//!    `from` counts as missing and is fetched anew. [`Shapes::expand`] takes the record back, for
//!    who must return to the older release.
//!
//! Rewriting changes no content as pages see it, so it owes no tags. The shape stands in the row's
//! state, so that old rows are found and counted without reading them all.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::snapshot::row::{self, Entity, reshaped, standing_and_shape};
use crate::snapshot::{SnapshotError, Snapshots, contraction};
use crate::store::{CallbackError, Key, Kind, Query, Record, Store};

/// Gets a row's JSON, its id and its shape; `None` drops the row, so that it is fetched anew.
pub type Rewrite<'a> = dyn FnMut(&[u8], &str, u32) -> Result<Option<Vec<u8>>, CallbackError> + 'a;

/// Told after each chunk: rows that were rewritten, and old rows that are left.
pub type RewriteProgress<'a> = dyn FnMut(u64, u64) -> Result<(), CallbackError> + 'a;

/// What a rewriting came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// Rows that have the new shape now.
    pub rewritten: u64,
    /// Rows that were dropped.
    pub dropped: u64,
    /// Old rows that are left.
    pub left: u64,
}

/// The shapes of one resource's rows.
pub struct Shapes {
    snapshots: Rc<Snapshots>,
    resource: String,
    scope: String,
    version: u32,
}

impl Shapes {
    /// The shapes of this resource.
    ///
    /// # Errors
    /// An unknown resource.
    pub fn new(snapshots: Rc<Snapshots>, resource: &str) -> Result<Self, SnapshotError> {
        let entity = snapshots.entity(resource, "")?;
        let (scope, version) = (entity.scope(), entity.rule.schema.version);
        Ok(Self {
            resource: resource.to_owned(),
            scope,
            version,
            snapshots,
        })
    }

    /// How many rows have which shape; those that are gone have none.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn counts(&self) -> Result<BTreeMap<u32, u64>, SnapshotError> {
        let mut counts = BTreeMap::new();
        for row in self.snapshots.store().counts(Kind::Snapshot)? {
            let (standing, shape) = standing_and_shape(&row.state);
            if row.scope == self.scope && standing != row::GONE {
                *counts.entry(shape).or_default() += row.count.unsigned_abs();
            }
        }
        Ok(counts)
    }

    /// Rewrites old rows, `chunk` a transaction, at most `limit` of them. A row that another
    /// writer is at meanwhile is left to the next round, or has the new shape by then.
    ///
    /// # Errors
    /// The store's error; the callbacks', at which the chunk at hand stays as it was.
    pub fn rewrite(
        &self,
        rewrite: &mut Rewrite<'_>,
        mut progress: Option<&mut RewriteProgress<'_>>,
        chunk: usize,
        limit: u64,
    ) -> Result<Rewritten, SnapshotError> {
        contraction::check(self.store(), &self.entity()?)?;
        let mut sum = Rewritten::default();
        for standing in [row::CURRENT, row::OWED] {
            for state in row::states_up_to(standing, self.version.saturating_sub(1)) {
                let mut after = None;
                while sum.rewritten + sum.dropped < limit {
                    let rows = self.old_rows(&state, after, chunk)?;
                    let Some(last) = rows.last() else { break };
                    after = Some((last.due_at_ms, last.key));
                    self.rewrite_chunk(&rows, rewrite, &mut sum)?;
                    if let Some(progress) = progress.as_deref_mut() {
                        progress(sum.rewritten, self.left()?)?;
                    }
                }
            }
        }
        sum.left = self.left()?;
        Ok(sum)
    }

    /// Says that no old row remains, so that the next release need not read them any more, and
    /// records that no older shape may be written from now on.
    ///
    /// # Errors
    /// When old rows remain, with their number: then nothing is recorded. The store's error.
    pub fn contract(&self) -> Result<(), SnapshotError> {
        let entity = self.entity()?;
        let before = self.contracted()?;
        self.refuse_old_rows()?;
        if before >= self.version {
            return Ok(());
        }
        contraction::set(self.store(), &entity, self.version)?;
        // A writer that was at it between the look and the record.
        self.refuse_old_rows().or_else(|refusal| {
            contraction::set(self.store(), &entity, before)?;
            Err(refusal)
        })
    }

    /// Takes a contraction back: older releases may write their shapes again.
    ///
    /// # Errors
    /// When the store failed.
    pub fn expand(&self) -> Result<(), SnapshotError> {
        Ok(contraction::set(self.store(), &self.entity()?, 0)?)
    }

    /// The oldest shape that may be written; 0 where the resource was never contracted.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn contracted(&self) -> Result<u32, SnapshotError> {
        Ok(contraction::version(self.store(), &self.entity()?)?)
    }

    fn refuse_old_rows(&self) -> Result<(), SnapshotError> {
        let left = self.left()?;
        if left == 0 {
            return Ok(());
        }
        Err(SnapshotError::OldShapes {
            connection: self.snapshots.connection().to_owned(),
            resource: self.resource.clone(),
            left,
            version: self.version,
        })
    }

    fn store(&self) -> &dyn Store {
        self.snapshots.store().as_ref()
    }

    fn entity(&self) -> Result<Entity<'_>, SnapshotError> {
        self.snapshots.entity(&self.resource, "")
    }

    fn left(&self) -> Result<u64, SnapshotError> {
        Ok(self
            .counts()?
            .range(..self.version)
            .map(|(_, rows)| rows)
            .sum())
    }

    fn old_rows(
        &self,
        state: &str,
        after: Option<(i64, Key)>,
        limit: usize,
    ) -> Result<Vec<Record>, SnapshotError> {
        let query = Query {
            states: &[state],
            scope: Some(&self.scope),
            after,
            limit,
            with_payload: true,
            ..Query::default()
        };
        Ok(self.snapshots.store().find(Kind::Snapshot, &query)?)
    }

    /// The application's code runs before the transaction, not in it.
    fn rewrite_chunk(
        &self,
        rows: &[Record],
        rewrite: &mut Rewrite<'_>,
        sum: &mut Rewritten,
    ) -> Result<(), SnapshotError> {
        let store = self.snapshots.store();
        let now_ms = store.now_ms()?;
        let mut next = Vec::new();
        for row in rows {
            let payload = row.payload.as_deref().unwrap_or_default();
            let shape = standing_and_shape(&row.state).1;
            let json = rewrite(payload, &row.label, shape)?;
            let json = json.map(|json| reshaped(row, json, self.version, now_ms));
            next.push((row, json));
        }
        let (mut rewritten, mut dropped) = (0, 0);
        store.atomically(&mut || {
            (rewritten, dropped) = (0, 0);
            for (row, next) in &next {
                match next {
                    Some(next) => {
                        let stood = store.replace(Kind::Snapshot, next, row.version)?;
                        rewritten += u64::from(stood);
                    }
                    None => dropped += u64::from(store.delete(Kind::Snapshot, &row.key)?),
                }
            }
            Ok(())
        })?;
        sum.rewritten += rewritten;
        sum.dropped += dropped;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
