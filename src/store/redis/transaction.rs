//! A transaction that is open: what it has read, and what it wants to write.
//!
//! Redis has no transaction that a program can look into, so this one is optimistic: reads go to
//! the server and are remembered with their versions, writes wait here and later reads see them.
//! The commit is one step on the server, which takes place only if every record that was read
//! still has its version. Else nothing is written, and the caller hears that another writer was
//! first. Pure, but for what it is given to read.

use std::collections::BTreeMap;

use super::writes::{Group, Write};
use crate::store::{Key, Kind, Query, Record};

/// Reads and writes of one transaction.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    /// The version of each record as it was read first; 0 where there was none.
    reads: BTreeMap<(Kind, Key), i64>,
    /// Records as they will be; `None` where they are deleted. Read ones too.
    seen: BTreeMap<(Kind, Key), Option<Record>>,
    writes: Vec<(Kind, Write)>,
    /// A transaction inside failed: this one cannot commit.
    pub(super) is_doomed: bool,
}

impl Transaction {
    /// The record as this transaction sees it; the outer `None` where it was not read yet.
    pub(super) fn known(&self, kind: Kind, key: &Key) -> Option<Option<Record>> {
        self.seen.get(&(kind, *key)).cloned()
    }

    /// Remembers what the server has.
    pub(super) fn remember(&mut self, kind: Kind, key: Key, record: Option<Record>) {
        let version = record.as_ref().map_or(0, |record| record.version);
        self.reads.entry((kind, key)).or_insert(version);
        self.seen.entry((kind, key)).or_insert(record);
    }

    /// Inserts a record that [`Transaction::known`] says is not there.
    pub(super) fn insert(&mut self, kind: Kind, record: Record) {
        self.seen.insert((kind, record.key), Some(record.clone()));
        self.writes.push((kind, Write::Put(Box::new(record))));
    }

    /// Replaces a known record.
    pub(super) fn replace(&mut self, kind: Kind, stored: &Record, next: &Record) {
        let next = Record {
            version: stored.version.saturating_add(1),
            ..next.clone()
        };
        let seen = Record {
            scope: stored.scope.clone(),
            label: stored.label.clone(),
            created_at_ms: stored.created_at_ms,
            payload: next.payload.clone().or_else(|| stored.payload.clone()),
            ..next.clone()
        };
        self.seen.insert((kind, next.key), Some(seen));
        self.writes.push((kind, Write::Set(Box::new(next))));
    }

    /// Deletes a known record.
    pub(super) fn delete(&mut self, kind: Kind, key: Key) {
        self.seen.insert((kind, key), None);
        self.writes.push((kind, Write::Delete(key)));
    }

    /// Erases a known record's payload.
    pub(super) fn wipe(&mut self, kind: Kind, key: Key) {
        if let Some(Some(record)) = self.seen.get_mut(&(kind, key)) {
            record.payload = None;
        }
        self.writes.push((kind, Write::Wipe(key)));
    }

    /// How many records of a kind this transaction may see otherwise than the server.
    pub(super) fn len_of(&self, kind: Kind) -> usize {
        self.seen.keys().filter(|(of, _)| *of == kind).count()
    }

    /// What the server found, as this transaction sees it.
    pub(super) fn found(&self, kind: Kind, query: &Query<'_>, found: Vec<Record>) -> Vec<Record> {
        let mut all: Vec<Record> = found
            .into_iter()
            .filter(|record| !self.seen.contains_key(&(kind, record.key)))
            .collect();
        let own = self.seen.iter().filter(|((of, _), _)| *of == kind);
        all.extend(
            own.filter_map(|(_, record)| record.clone())
                .filter(|record| query.matches(record)),
        );
        all.sort_by_key(|record| (record.due_at_ms, record.key));
        all.truncate(query.limit);
        if !query.with_payload {
            all.iter_mut().for_each(|record| record.payload = None);
        }
        all
    }

    /// The commit; `None` where there is nothing to write.
    pub(super) fn into_group(self) -> Option<Group> {
        if self.writes.is_empty() {
            return None;
        }
        let checks = self.reads.into_iter();
        Some(Group {
            checks: checks
                .map(|((kind, key), version)| (kind, key, version))
                .collect(),
            writes: self.writes,
        })
    }
}
