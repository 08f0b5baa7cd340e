//! A store in this process's memory: for tests, and for a look at the rules without SQL.
//!
//! Losing the process loses everything, so nothing outside tests is kept in it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::{Count, Key, Kind, Query, Record, Store, StoreError, StoreErrorKind};

type Tables = BTreeMap<(Kind, Key), Record>;

/// Records in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    tables: RefCell<Tables>,
    /// The tables as they were when the outermost transaction began.
    before: RefCell<Option<Tables>>,
    /// An error went through an inner transaction: the outer one cannot commit.
    is_doomed: Cell<bool>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

#[cfg(test)]
impl MemoryStore {
    /// All that is in it, to be put back.
    pub(crate) fn snapshot(&self) -> Self {
        Self {
            tables: RefCell::new(self.tables.borrow().clone()),
            ..Self::default()
        }
    }

    /// Puts a snapshot back.
    pub(crate) fn restore(&self, before: Self) {
        *self.tables.borrow_mut() = before.tables.into_inner();
    }
}

impl Store for MemoryStore {
    fn now_ms(&self) -> Result<i64, StoreError> {
        Ok(crate::clock::unix().0)
    }

    fn insert(&self, kind: Kind, record: &Record) -> Result<bool, StoreError> {
        let mut tables = self.tables.borrow_mut();
        if tables.contains_key(&(kind, record.key)) {
            return Ok(false);
        }
        let record = Record {
            version: 1,
            ..record.clone()
        };
        tables.insert((kind, record.key), record);
        Ok(true)
    }

    fn read(&self, kind: Kind, key: &Key) -> Result<Option<Record>, StoreError> {
        Ok(self.tables.borrow().get(&(kind, *key)).cloned())
    }

    fn replace(&self, kind: Kind, record: &Record, version: i64) -> Result<bool, StoreError> {
        let mut tables = self.tables.borrow_mut();
        let Some(stored) = tables.get_mut(&(kind, record.key)) else {
            return Ok(false);
        };
        if stored.version != version {
            return Ok(false);
        }
        *stored = Record {
            version: version + 1,
            scope: stored.scope.clone(),
            label: stored.label.clone(),
            created_at_ms: stored.created_at_ms,
            payload: record.payload.clone().or_else(|| stored.payload.take()),
            ..record.clone()
        };
        Ok(true)
    }

    fn find(&self, kind: Kind, query: &Query<'_>) -> Result<Vec<Record>, StoreError> {
        let tables = self.tables.borrow();
        let mut found: Vec<Record> = tables
            .iter()
            .filter(|((of, _), _)| *of == kind)
            .map(|(_, record)| record)
            .filter(|record| query.matches(record))
            .cloned()
            .collect();
        found.sort_by_key(|record| (record.due_at_ms, record.key));
        found.truncate(query.limit);
        if !query.with_payload {
            found.iter_mut().for_each(|record| record.payload = None);
        }
        Ok(found)
    }

    fn count_up_to(
        &self,
        kind: Kind,
        states: &[&str],
        scope: Option<&str>,
        at_most: usize,
    ) -> Result<usize, StoreError> {
        let tables = self.tables.borrow();
        let is_counted = |record: &Record| {
            states.contains(&record.state.as_str())
                && scope.is_none_or(|scope| scope == record.scope)
        };
        Ok(tables
            .iter()
            .filter(|((of, _), record)| *of == kind && is_counted(record))
            .take(at_most)
            .count())
    }

    fn counts(&self, kind: Kind) -> Result<Vec<Count>, StoreError> {
        let mut counts: BTreeMap<(String, String), (i64, i64)> = BTreeMap::new();
        for ((of, _), record) in self.tables.borrow().iter() {
            if *of == kind {
                let name = (record.scope.clone(), record.state.clone());
                let entry = counts.entry(name).or_insert((0, i64::MAX));
                *entry = (entry.0 + 1, entry.1.min(record.due_at_ms));
            }
        }
        let count = |((scope, state), (count, oldest_due_at_ms))| Count {
            scope,
            state,
            count,
            oldest_due_at_ms,
        };
        Ok(counts.into_iter().map(count).collect())
    }

    fn delete(&self, kind: Kind, key: &Key) -> Result<bool, StoreError> {
        Ok(self.tables.borrow_mut().remove(&(kind, *key)).is_some())
    }

    fn erase(&self, kind: Kind, keys: &[Key]) -> Result<usize, StoreError> {
        let mut tables = self.tables.borrow_mut();
        let mut erased = 0;
        for key in keys {
            let payload = tables.get_mut(&(kind, *key)).map(|it| it.payload.take());
            erased += usize::from(payload.flatten().is_some());
        }
        Ok(erased)
    }

    fn purge(
        &self,
        kind: Kind,
        states: &[&str],
        before_ms: i64,
        limit: usize,
    ) -> Result<usize, StoreError> {
        let mut tables = self.tables.borrow_mut();
        let old: Vec<(Kind, Key)> = tables
            .iter()
            .filter(|((of, _), record)| *of == kind && states.contains(&record.state.as_str()))
            .filter(|(_, record)| record.due_at_ms < before_ms)
            .map(|(name, _)| *name)
            .take(limit)
            .collect();
        for name in &old {
            tables.remove(name);
        }
        Ok(old.len())
    }

    fn atomically(
        &self,
        work: &mut dyn FnMut() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if self.before.borrow().is_some() {
            let result = work();
            self.is_doomed.set(self.is_doomed.get() || result.is_err());
            return result;
        }
        let before = self.tables.borrow().clone();
        *self.before.borrow_mut() = Some(before);
        let result = work();
        let before = self.before.take();
        let result = match result {
            Ok(()) if self.is_doomed.get() => Err(doomed()),
            other => other,
        };
        self.is_doomed.set(false);
        if let (Err(_), Some(before)) = (&result, before) {
            *self.tables.borrow_mut() = before;
        }
        result
    }
}

/// The outer work swallowed an error of an inner transaction.
pub(super) fn doomed() -> StoreError {
    StoreError::new(
        StoreErrorKind::Misuse,
        "rolled back: a transaction inside this one failed and its error was not handed on",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::contract::store_contract;

    #[test]
    fn keeps_the_contract() {
        store_contract(|| Box::new(MemoryStore::new()));
    }
}
