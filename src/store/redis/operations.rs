//! What a store does, said to Redis.
//!
//! Outside a transaction each operation is a script of its own; inside one it reads through what
//! the transaction holds and only remembers what it would write, and the end of the outermost
//! [`Store::atomically`] sends all of it as one group.

use std::time::Duration;

use super::transaction::Transaction;
use super::writes::{Group, Write};
use super::{COUNTS, RedisStore, Repeat, rows};
use crate::clock;
use crate::store::memory::doomed;
use crate::store::{Count, Key, Kind, Query, Record, Store, StoreError};

/// The server is asked for its time so often; in between, the time that passed here is added. A
/// clock that is set on the server is followed within that.
const ASKED_EVERY: Duration = Duration::from_secs(1);
/// So many more than wanted are offered, where other workers may be taking some at this moment.
const SPARE: usize = 32;

/// How often an operation reads again when another writer was first.
const RACES_AT_MOST: usize = 8;

impl Store for RedisStore {
    fn now_ms(&self) -> Result<i64, StoreError> {
        if let Some(frozen) = clock::frozen_unix() {
            return Ok(frozen.0);
        }
        let now = clock::monotonic();
        if let Some((asked, server_ms)) = self.asked.get()
            && now.since(asked) < ASKED_EVERY
        {
            let since_ms = i64::try_from(now.since(asked).as_millis()).unwrap_or(0);
            return Ok(server_ms.saturating_add(since_ms));
        }
        let (seconds, micros): (i64, i64) = self.link.run(Repeat::Safe, |connection| {
            redis::cmd("TIME").query(connection)
        })?;
        let server_ms = seconds.saturating_mul(1000).saturating_add(micros / 1000);
        self.asked.set(Some((now, server_ms)));
        Ok(server_ms)
    }

    fn insert(&self, kind: Kind, record: &Record) -> Result<bool, StoreError> {
        let record = Record {
            version: 1,
            ..record.clone()
        };
        if self.is_open() {
            if self.read_in_transaction(kind, &record.key)?.is_some() {
                return Ok(false);
            }
            self.with_open(|it| it.insert(kind, record));
            return Ok(true);
        }
        let key = record.key;
        self.apply_one(Group::of(kind, key, 0, Write::Put(Box::new(record))))
    }

    fn read(&self, kind: Kind, key: &Key) -> Result<Option<Record>, StoreError> {
        if self.is_open() {
            return self.read_in_transaction(kind, key);
        }
        self.read_from_server(kind, key)
    }

    fn replace(&self, kind: Kind, record: &Record, version: i64) -> Result<bool, StoreError> {
        if self.is_open() {
            let stored = self.read_in_transaction(kind, &record.key)?;
            let Some(stored) = stored.filter(|stored| stored.version == version) else {
                return Ok(false);
            };
            self.with_open(|it| it.replace(kind, &stored, record));
            return Ok(true);
        }
        self.apply_one(replacement(kind, record, version))
    }

    fn find(&self, kind: Kind, query: &Query<'_>) -> Result<Vec<Record>, StoreError> {
        if !self.is_open() {
            return self.find_on_server(kind, query);
        }
        let wider = Query {
            limit: query
                .limit
                .saturating_add(self.with_open(|it| it.len_of(kind))),
            ..*query
        };
        let found = self.find_on_server(kind, &wider)?;
        Ok(self.with_open(|it| it.found(kind, query, found)))
    }

    /// Inside a transaction, as it was before it.
    fn count_up_to(
        &self,
        kind: Kind,
        states: &[&str],
        scope: Option<&str>,
        at_most: usize,
    ) -> Result<usize, StoreError> {
        let mut counted = 0_usize;
        for state in states {
            let mut list = self.prefix.clone();
            list.extend(match scope {
                Some(scope) => format!(":{}:of:{state}\0{scope}", kind.name()).into_bytes(),
                None => format!(":{}:due:{state}", kind.name()).into_bytes(),
            });
            let of_state: usize = self.link.run(Repeat::Safe, |connection| {
                redis::cmd("ZCARD").arg(&list).query(connection)
            })?;
            counted = counted.saturating_add(of_state);
        }
        Ok(counted.min(at_most))
    }

    /// Inside a transaction, as it was before it.
    fn counts(&self, kind: Kind) -> Result<Vec<Count>, StoreError> {
        let flat: Vec<redis::Value> = self.link.run(Repeat::Safe, |connection| {
            COUNTS.key(&self.prefix).arg(kind.name()).invoke(connection)
        })?;
        rows::counts_of(&flat)
    }

    fn delete(&self, kind: Kind, key: &Key) -> Result<bool, StoreError> {
        for _ in 0..RACES_AT_MOST {
            let Some(stored) = self.read(kind, key)? else {
                return Ok(false);
            };
            if self.is_open() {
                self.with_open(|it| it.delete(kind, *key));
                return Ok(true);
            }
            if self.apply_one(Group::of(kind, *key, stored.version, Write::Delete(*key)))? {
                return Ok(true);
            }
        }
        Err(StoreError::lost_race())
    }

    fn erase(&self, kind: Kind, keys: &[Key]) -> Result<usize, StoreError> {
        let mut groups = Vec::new();
        for key in keys {
            let stored = self.read(kind, key)?;
            let Some(stored) = stored.filter(|stored| stored.payload.is_some()) else {
                continue;
            };
            if self.is_open() {
                self.with_open(|it| it.wipe(kind, *key));
            }
            groups.push(Group::of(kind, *key, stored.version, Write::Wipe(*key)));
        }
        if self.is_open() || groups.is_empty() {
            return Ok(groups.len());
        }
        let erased = self.apply(&groups, groups.len())?;
        Ok(erased.into_iter().filter(|is_erased| *is_erased).count())
    }

    fn purge(
        &self,
        kind: Kind,
        states: &[&str],
        before_ms: i64,
        limit: usize,
    ) -> Result<usize, StoreError> {
        let query = Query {
            states,
            due_until_ms: Some(before_ms.saturating_sub(1)),
            limit,
            ..Query::default()
        };
        let old = self.find(kind, &query)?;
        if self.is_open() {
            for record in &old {
                self.delete(kind, &record.key)?;
            }
            return Ok(old.len());
        }
        let groups: Vec<Group> = old
            .iter()
            .map(|it| Group::of(kind, it.key, it.version, Write::Delete(it.key)))
            .collect();
        if groups.is_empty() {
            return Ok(0);
        }
        let purged = self.apply(&groups, groups.len())?;
        Ok(purged.into_iter().filter(|is_purged| *is_purged).count())
    }

    /// Optimistic: where another writer replaced a record that was read inside, the commit fails
    /// with [`StoreErrorKind::LostRace`] and nothing is written.
    fn atomically(
        &self,
        work: &mut dyn FnMut() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if self.is_open() {
            let result = work();
            if result.is_err() {
                self.with_open(|it| it.is_doomed = true);
            }
            return result;
        }
        *self.open.borrow_mut() = Some(Transaction::default());
        // Whatever way the work ends, a panic too, nothing of it stays open.
        let ended = Ended(self);
        let result = work();
        let transaction = ended.0.open.take();
        result?;
        let Some(transaction) = transaction.filter(|it| !it.is_doomed) else {
            return Err(doomed());
        };
        let Some(group) = transaction.into_group() else {
            return Ok(());
        };
        if self.apply_one(group)? {
            Ok(())
        } else {
            Err(StoreError::lost_race())
        }
    }

    fn replace_found(
        &self,
        kind: Kind,
        query: &Query<'_>,
        next: &mut dyn FnMut(&Record) -> Option<Record>,
    ) -> Result<Vec<(Record, Record)>, StoreError> {
        let wider = Query {
            limit: query.limit.saturating_add(SPARE),
            ..*query
        };
        let found = if self.is_open() {
            self.find(kind, query)?
        } else {
            self.find_on_server(kind, &wider)?
        };
        let wanted: Vec<(Record, Record)> = found
            .into_iter()
            .filter_map(|found| next(&found).map(|next| (found, next)))
            .collect();
        if wanted.is_empty() {
            return Ok(wanted);
        }
        if self.is_open() {
            for (found, next) in &wanted {
                self.replace(kind, next, found.version)?;
            }
            return Ok(wanted);
        }
        let groups: Vec<Group> = wanted
            .iter()
            .map(|(found, next)| replacement(kind, next, found.version))
            .collect();
        let applied = self.apply(&groups, query.limit)?;
        let applied = wanted.into_iter().zip(applied);
        Ok(applied
            .filter(|(_, is_applied)| *is_applied)
            .map(|(both, _)| both)
            .collect())
    }
}

/// Ends the open transaction of a store when it goes.
struct Ended<'a>(&'a RedisStore);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.open.take();
    }
}

fn replacement(kind: Kind, record: &Record, version: i64) -> Group {
    let next = Record {
        version: version.saturating_add(1),
        ..record.clone()
    };
    Group::of(kind, record.key, version, Write::Set(Box::new(next)))
}
