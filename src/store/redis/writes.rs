//! Writes as `apply.lua` gets them: groups of checks and changes, each applied as a whole.

use super::rows::{all_columns, changing_columns, number};
use crate::store::{Key, Kind, Record};

/// One change.
#[derive(Clone, Debug)]
pub(super) enum Write {
    /// A new record.
    Put(Box<Record>),
    /// A replacement; scope, label and creation stay.
    Set(Box<Record>),
    /// Record and payload go.
    Delete(Key),
    /// The payload goes.
    Wipe(Key),
}

/// Changes that hold together, and what must still be true for them.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    /// The version that a record must still have; 0 where it must not be there.
    pub(super) checks: Vec<(Kind, Key, i64)>,
    /// What changes then.
    pub(super) writes: Vec<(Kind, Write)>,
}

impl Group {
    /// One change under one check.
    pub(super) fn of(kind: Kind, key: Key, version: i64, write: Write) -> Self {
        Self {
            checks: vec![(kind, key, version)],
            writes: vec![(kind, write)],
        }
    }
}

/// The arguments behind the writer's own two.
pub(super) fn arguments(groups: &[Group], at_most: usize) -> Vec<Vec<u8>> {
    let count = |count: usize| count.to_string().into_bytes();
    let mut arguments = vec![count(at_most), count(groups.len())];
    for group in groups {
        arguments.push(count(group.checks.len()));
        for (kind, key, version) in &group.checks {
            arguments.extend(named(*kind, key));
            arguments.push(number(*version));
        }
        arguments.push(count(group.writes.len()));
        for (kind, write) in &group.writes {
            push_write(&mut arguments, *kind, write);
        }
    }
    arguments
}

fn push_write(arguments: &mut Vec<Vec<u8>>, kind: Kind, write: &Write) {
    match write {
        Write::Put(record) => {
            arguments.push(b"put".to_vec());
            arguments.extend(named(kind, &record.key));
            arguments.extend(all_columns(record));
            arguments.extend(payload(record));
        }
        Write::Set(record) => {
            arguments.push(b"set".to_vec());
            arguments.extend(named(kind, &record.key));
            arguments.extend(changing_columns(record));
            arguments.extend(payload(record));
        }
        Write::Delete(key) => {
            arguments.push(b"del".to_vec());
            arguments.extend(named(kind, key));
        }
        Write::Wipe(key) => {
            arguments.push(b"wipe".to_vec());
            arguments.extend(named(kind, key));
        }
    }
}

fn named(kind: Kind, key: &Key) -> [Vec<u8>; 2] {
    [
        kind.name().as_bytes().to_vec(),
        key.to_string().into_bytes(),
    ]
}

fn payload(record: &Record) -> [Vec<u8>; 2] {
    match &record.payload {
        Some(payload) => [b"1".to_vec(), payload.clone()],
        None => [b"0".to_vec(), Vec::new()],
    }
}
