//! The switch of each connection: a durable record that every worker of every host reads.
//!
//! The record says whether a connection is paused, since when and why. How often it is read, and
//! that the last known state counts while the store cannot be read, is the caller's matter: this
//! file writes, reads, and knows when this thread last read (a PHP page makes its objects anew, and
//! must not read anew for that). Losing the store switches every connection on.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde_json::{Map, Value};

use super::decide::{detail_of, text_of};
use super::ledger::{RACES_AT_MOST, word_of};
use crate::clock::Monotonic;
use crate::store::{Key, Kind, Query, Record, Store, StoreError};

const PAUSED: &str = "paused";
const RUNNING: &str = "running";
/// No more connections are listed.
const CONNECTIONS_AT_MOST: usize = 10_000;

/// Switches whose last reading a thread knows.
const READINGS_AT_MOST: usize = 64;

/// A switch in a file, and when it was last read for a namespace's connection: what was read is
/// kept with that, in the segment.
struct Reading {
    file: PathBuf,
    namespace: String,
    connection: String,
    at: Monotonic,
}

impl Reading {
    fn is_of(&self, file: &Path, namespace: &str, connection: &str) -> bool {
        self.connection == connection && self.namespace == namespace && self.file == file
    }
}

thread_local! {
    static READINGS: RefCell<Vec<Reading>> = const { RefCell::new(Vec::new()) };
}

/// How a connection is switched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwitchState {
    /// No call may begin.
    pub is_paused: bool,
    /// Why, in the words of whoever switched.
    pub reason: String,
    /// When it was switched last, Unix milliseconds of the store's clock.
    pub since_ms: i64,
}

/// The switches of a store.
#[derive(Clone)]
pub struct Switches {
    store: Rc<dyn Store>,
}

impl Switches {
    /// The switches that this store keeps.
    pub fn new(store: Rc<dyn Store>) -> Self {
        Self { store }
    }

    /// Switches a connection off. A second pause keeps the first one's time.
    ///
    /// # Errors
    /// When the store failed: the switch is as it was.
    pub fn pause(&self, connection: &str, reason: &str) -> Result<(), StoreError> {
        self.set(connection, PAUSED, reason)
    }

    /// Switches it on again.
    ///
    /// # Errors
    /// As [`Switches::pause`].
    pub fn resume(&self, connection: &str) -> Result<(), StoreError> {
        self.set(connection, RUNNING, "")
    }

    /// Whether it is switched off; a connection that nobody switched is on.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn is_paused(&self, connection: &str) -> Result<bool, StoreError> {
        Ok(self.state(connection)?.is_some_and(|state| state.is_paused))
    }

    /// When this thread last read the switch for a namespace's connection, with any object on the
    /// same file; `None` where it is not known.
    pub fn last_read(&self, namespace: &str, connection: &str) -> Option<Monotonic> {
        let file = self.store.file()?;
        READINGS.with_borrow(|readings| {
            let is_it = |one: &&Reading| one.is_of(&file, namespace, connection);
            readings.iter().find(is_it).map(|one| one.at)
        })
    }

    /// Remembers that the switch was read.
    pub fn note_read(&self, namespace: &str, connection: &str, at: Monotonic) {
        let Some(file) = self.store.file() else {
            return;
        };
        READINGS.with_borrow_mut(|readings| {
            readings.retain(|one| !one.is_of(&file, namespace, connection));
            if readings.len() >= READINGS_AT_MOST {
                readings.remove(0);
            }
            readings.push(Reading {
                namespace: namespace.to_owned(),
                connection: connection.to_owned(),
                file,
                at,
            });
        });
    }

    fn forget_reading(&self, connection: &str) {
        let file = self.store.file();
        let is_it =
            |one: &Reading| one.connection == connection && Some(&one.file) == file.as_ref();
        READINGS.with_borrow_mut(|readings| readings.retain(|one| !is_it(one)));
    }

    /// How it is switched; `None` when nobody ever did.
    ///
    /// # Errors
    /// As [`Switches::is_paused`].
    pub fn state(&self, connection: &str) -> Result<Option<SwitchState>, StoreError> {
        Ok(self
            .store
            .read(Kind::Switch, &key_of(connection))?
            .map(|record| state_of(&record)))
    }

    /// Every connection that was ever switched.
    ///
    /// # Errors
    /// As [`Switches::is_paused`].
    pub fn all(&self) -> Result<BTreeMap<String, SwitchState>, StoreError> {
        let query = Query {
            states: &[PAUSED, RUNNING],
            limit: CONNECTIONS_AT_MOST,
            ..Query::default()
        };
        let records = self.store.find(Kind::Switch, &query)?;
        Ok(records
            .into_iter()
            .map(|it| (it.label.clone(), state_of(&it)))
            .collect())
    }

    fn set(&self, connection: &str, state: &str, reason: &str) -> Result<(), StoreError> {
        // What this thread switches it sees at once.
        self.forget_reading(connection);
        let now_ms = self.store.now_ms()?;
        let key = key_of(connection);
        let mut detail = Map::new();
        detail.insert("reason".to_owned(), Value::from(reason));
        let detail = text_of(detail);
        let fresh = Record {
            detail,
            ..Record::new(key, "", connection, state, now_ms)
        };
        if self.store.insert(Kind::Switch, &fresh)? {
            return Ok(());
        }
        for _ in 0..RACES_AT_MOST {
            let Some(stored) = self.store.read(Kind::Switch, &key)? else {
                continue;
            };
            let since_ms = if stored.state == state {
                stored.due_at_ms
            } else {
                now_ms
            };
            let next = Record {
                due_at_ms: since_ms,
                ..fresh.clone()
            };
            if self.store.replace(Kind::Switch, &next, stored.version)? {
                return Ok(());
            }
        }
        Err(StoreError::lost_race())
    }
}

fn key_of(connection: &str) -> Key {
    Key::of(&[b"switch", connection.as_bytes()])
}

/// The time of the switch is in `due_at_ms`, which nothing else uses here.
fn state_of(record: &Record) -> SwitchState {
    SwitchState {
        is_paused: record.state == PAUSED,
        reason: word_of(&detail_of(record), "reason"),
        since_ms: record.due_at_ms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{self, UnixMs};
    use crate::store::{MemoryStore, SqliteStore};
    use std::time::Duration;

    #[test]
    fn a_pause_is_seen_by_everyone_and_resume_ends_it() {
        clock::freeze(UnixMs(1000));
        let store = Rc::new(MemoryStore::new());
        let (here, there) = (Switches::new(store.clone()), Switches::new(store));
        assert!(!there.is_paused("crm").unwrap());
        here.pause("crm", "vendor asked").unwrap();
        assert!(there.is_paused("crm").unwrap());
        assert!(!there.is_paused("CRM").unwrap());
        clock::advance(Duration::from_millis(5));
        here.pause("crm", "still").unwrap();
        let paused = SwitchState {
            is_paused: true,
            reason: "still".to_owned(),
            since_ms: 1000,
        };
        assert_eq!(
            there.all().unwrap(),
            BTreeMap::from([("crm".to_owned(), paused)])
        );
        here.resume("crm").unwrap();
        let state = there.state("crm").unwrap().unwrap();
        assert_eq!((state.is_paused, state.since_ms), (false, 1005));
        clock::thaw();
    }

    #[test]
    fn a_reading_is_known_to_all_objects_on_one_file_until_the_switch_is_set() {
        let dir = tempfile::tempdir().unwrap();
        let on = |name: &str| {
            let store = SqliteStore::open(dir.path().join(name)).unwrap();
            Switches::new(Rc::new(store))
        };
        let at = clock::monotonic();
        on("a").note_read("site", "crm", at);
        on("a").note_read("site", "crm", at);
        assert_eq!(on("a").last_read("site", "crm"), Some(at));
        assert_eq!(on("a").last_read("site", "erp"), None);
        assert_eq!(on("a").last_read("other", "crm"), None);
        assert_eq!(on("b").last_read("site", "crm"), None);
        on("a").pause("crm", "").unwrap();
        assert_eq!(on("a").last_read("site", "crm"), None);
        let in_memory = Switches::new(Rc::new(MemoryStore::new()));
        in_memory.note_read("site", "crm", at);
        assert_eq!(in_memory.last_read("site", "crm"), None);
    }
}
