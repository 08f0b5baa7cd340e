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

use super::row::{self, Entity, reshaped, standing_and_shape};
use super::{SnapshotError, Snapshots, contraction};
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
mod tests {
    use super::*;
    use crate::options;
    use crate::snapshot::testing::{Script, contacts, contacts_of};
    use crate::store::MemoryStore;

    fn shapes_of(version: u32, from: u32) -> options::Shapes {
        options::Shapes { version, from }
    }

    /// Three rows of shape 1, one of them owed, and the same store under a newer release.
    fn expanded() -> (Rc<MemoryStore>, Rc<Snapshots>, Rc<Snapshots>) {
        let (store, old) = contacts();
        for id in ["1", "2", "3"] {
            old.put("contact", id, br#"{"name":"Ann B"}"#).unwrap();
        }
        old.put("contact", "3", br#"{"name":"Cy D"}"#).unwrap();
        let new = contacts_of(store.clone(), |contact| contact.schema = shapes_of(2, 1));
        (store, old, new)
    }

    fn split(json: &[u8], _: &str, shape: u32) -> Result<Option<Vec<u8>>, CallbackError> {
        assert_eq!(shape, 1);
        let name = String::from_utf8(json.to_vec()).unwrap();
        Ok(Some(name.replace("name", "full_name").into_bytes()))
    }

    #[test]
    fn both_shapes_are_readable_side_by_side_and_old_rows_become_new_in_chunks() {
        let (_, old, new) = expanded();
        let shapes = Shapes::new(new.clone(), "contact").unwrap();
        assert!(shapes.contract().is_err());
        assert_eq!(new.peek("contact", "1").unwrap().unwrap().shape(), 1);
        let mut told = Vec::new();
        let mut tell = |done, left| {
            told.push((done, left));
            Ok(())
        };
        let first = shapes.rewrite(&mut split, Some(&mut tell), 1, 2).unwrap();
        assert_eq!((first.rewritten, first.left), (2, 1));
        assert_eq!(shapes.counts().unwrap(), [(1, 1), (2, 2)].into());
        let rest = shapes.rewrite(&mut split, Some(&mut tell), 1, 99).unwrap();
        assert_eq!((rest.rewritten, rest.left), (1, 0));
        assert_eq!(told, [(1, 2), (2, 1), (1, 0)]);
        shapes.contract().unwrap();
        let one = new.peek("contact", "1").unwrap().unwrap();
        assert_eq!(
            (one.data(), one.shape()),
            (&br#"{"full_name":"Ann B"}"#[..], 2)
        );
        // An older release beside it reads what is there, and what was owed is still paid once.
        assert_eq!(
            old.peek("contact", "1").unwrap().unwrap().data(),
            one.data()
        );
        let mut paid = Vec::new();
        let mut pay = |tags: &[String]| {
            paid.extend_from_slice(tags);
            Ok(())
        };
        assert_eq!(new.settle(&mut pay, 9).unwrap(), 1);
        assert_eq!(paid, ["crm:contact:3"]);
        assert_eq!(shapes.counts().unwrap(), [(2, 3)].into());
    }

    #[test]
    fn what_is_older_than_is_read_is_fetched_anew_without_a_validator() {
        let (store, _, _) = expanded();
        let contracted = contacts_of(store, |contact| contact.schema = shapes_of(2, 2));
        assert_eq!(contracted.peek("contact", "1").unwrap(), None);
        let vendor = Script::default().answer(200, r#"{"full_name":"Ann B"}"#);
        let got = contracted.get(&vendor, "contact", "1").unwrap();
        assert_eq!(got.shape(), 2);
        let asked = vendor.asked();
        assert!(
            asked[0]
                .headers
                .iter()
                .all(|(name, _)| name != "If-None-Match")
        );
    }

    #[test]
    fn after_a_contraction_an_old_release_reads_on_and_writes_no_more() {
        let (store, old, new) = expanded();
        let shapes = Shapes::new(new.clone(), "contact").unwrap();
        assert!(shapes.contract().is_err());
        assert_eq!(shapes.contracted().unwrap(), 0, "a refusal records nothing");
        old.put("contact", "1", b"{}").unwrap();
        shapes.rewrite(&mut split, None, 9, 99).unwrap();
        shapes.contract().unwrap();
        assert_eq!(shapes.contracted().unwrap(), 2);

        let refused = old.put("contact", "1", b"{}").unwrap_err().to_string();
        assert!(
            refused.contains("contact was contracted to shape 2, and this release writes shape 1"),
            "{refused}"
        );
        let vendor = Script::default();
        assert!(old.refresh(&vendor, "contact", "1").is_err());
        assert!(old.get(&vendor, "contact", "new").is_err());
        let ids = ["1", "new", "newer"].map(str::to_owned);
        let many = old.many(&vendor, "contact", &ids).unwrap();
        assert_eq!(many.len(), 1, "what is there is shown");
        assert!(vendor.asked().is_empty(), "nobody is asked in vain");
        assert!(old.peek("contact", "1").unwrap().is_some());
        let back = Shapes::new(old.clone(), "contact").unwrap();
        assert!(back.rewrite(&mut split, None, 9, 99).is_err());

        new.put("contact", "1", b"{}").unwrap();
        let next = contacts_of(store, |contact| contact.schema = shapes_of(3, 2));
        next.put("contact", "1", b"{}").unwrap();
        back.expand().unwrap();
        old.put("contact", "1", b"{}").unwrap();
    }

    #[test]
    fn a_failed_rewriting_leaves_its_chunk_and_a_dropped_row_is_gone() {
        let (_, _, new) = expanded();
        let shapes = Shapes::new(new.clone(), "contact").unwrap();
        let mut fail = |_: &[u8], id: &str, _| match id {
            "2" => Err(CallbackError::new("no")),
            _ => Ok(Some(b"{}".to_vec())),
        };
        assert!(shapes.rewrite(&mut fail, None, 9, 9).is_err());
        assert_eq!(shapes.counts().unwrap(), [(1, 3)].into());
        let mut drop = |_: &[u8], _: &str, _| Ok(None);
        let done = shapes.rewrite(&mut drop, None, 9, 9).unwrap();
        assert_eq!((done.dropped, done.left), (3, 0));
        assert_eq!(new.peek("contact", "1").unwrap(), None);
    }
}
