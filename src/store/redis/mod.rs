//! Records in Redis 7, for programs on more than one host.
//!
//! A record is a hash; sorted sets by due time say what is due in a state, and in a state of one
//! scope. Each write is one step of a script on the server (`apply.lua`), a transaction is
//! optimistic (`transaction.rs`), and a write whose answer was lost is known again by its writer
//! and number, so that it is neither lost nor done twice. The clock is the server's.
//!
//! What survives what is the server's setting, not ours. With `appendonly yes` and
//! `appendfsync always` what was answered is on its disk. With `everysec`, Redis's default for the
//! append-only file, a crash of the machine loses up to a second of it; without the file a restart
//! loses all since the last snapshot. A failover loses what the new master had not received yet,
//! whatever the disk setting: replication is asynchronous. Lost records of what was done mean
//! effects that are repeated; lost records of what came in mean events that are lost, unless their
//! senders repeat them. A server that evicts keys is refused: it would forget any record.

mod error;
mod link;
mod options;
mod rows;
mod transaction;
mod writes;

use std::cell::{Cell, RefCell};
use std::sync::LazyLock;
use std::time::Duration;

use redis::Script;

use super::memory::doomed;
use super::{Count, Key, Kind, Query, Record, Store, StoreError, StoreErrorKind};
use crate::clock::{self, Monotonic};
pub use link::{Link, LinkTimeouts, Repeat};
pub use options::RedisOptions;
use transaction::Transaction;
use writes::{Group, Write};

static APPLY: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("apply.lua")));
static FIND: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("find.lua")));
static COUNTS: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("counts.lua")));

/// The server is asked for its time so often; in between, the time that passed here is added. A
/// clock that is set on the server is followed within that.
const ASKED_EVERY: Duration = Duration::from_secs(1);
/// So many more than wanted are offered, where other workers may be taking some at this moment.
const SPARE: usize = 32;

/// Records on a Redis server.
#[derive(Debug)]
pub struct RedisStore {
    link: Link,
    prefix: Vec<u8>,
    /// Who writes: unlike any other writer, and made anew in a child of a fork.
    writer: RefCell<(u32, String)>,
    /// The number of this writer's last write.
    number: Cell<u64>,
    open: RefCell<Option<Transaction>>,
    /// When the server was asked for its time, and what it said.
    asked: Cell<Option<(Monotonic, i64)>>,
}

impl RedisStore {
    /// The store under this prefix on the server behind `link`.
    ///
    /// # Errors
    /// When the server cannot be reached, or is set to evict keys.
    pub fn open(link: Link, prefix: &str) -> Result<Self, StoreError> {
        refuse_eviction(&link)?;
        Ok(Self {
            link,
            prefix: format!("{{{prefix}}}").into_bytes(),
            writer: RefCell::new((0, String::new())),
            number: Cell::new(0),
            open: RefCell::new(None),
            asked: Cell::new(None),
        })
    }

    /// The store that these options name, on the server of this address.
    ///
    /// # Errors
    /// When the address cannot be read, and as [`RedisStore::open`].
    pub fn connect(url: &str, options: &RedisOptions) -> Result<Self, StoreError> {
        Self::open(Link::new(url, options.timeouts)?, &options.prefix)
    }

    /// Applies groups of writes, at most so many of them; which were.
    fn apply(&self, groups: &[Group], at_most: usize) -> Result<Vec<bool>, StoreError> {
        let writer = self.writer();
        self.number.set(self.number.get().wrapping_add(1));
        let number = self.number.get();
        let arguments = writes::arguments(groups, at_most);
        let answer: String = self.link.run(Repeat::Safe, |connection| {
            let mut call = APPLY.key(&self.prefix);
            call.arg(&writer).arg(number).arg(&arguments);
            call.invoke(connection)
        })?;
        Ok(answer.bytes().map(|byte| byte == b'1').collect())
    }

    fn apply_one(&self, group: Group) -> Result<bool, StoreError> {
        Ok(self.apply(&[group], 1)?.first() == Some(&true))
    }

    /// The writer's name.
    fn writer(&self) -> String {
        let mut writer = self.writer.borrow_mut();
        let pid = std::process::id();
        if writer.0 != pid {
            *writer = (pid, hex::encode(clock::random_bytes::<12>()));
        }
        writer.1.clone()
    }

    fn is_open(&self) -> bool {
        self.open.borrow().is_some()
    }

    /// Works on the open transaction; the default where there is none, which nobody asks for.
    fn with_open<T: Default>(&self, work: impl FnOnce(&mut Transaction) -> T) -> T {
        self.open
            .borrow_mut()
            .as_mut()
            .map_or_else(T::default, work)
    }

    /// The record as the open transaction sees it; read and remembered where it is not known.
    fn read_in_transaction(&self, kind: Kind, key: &Key) -> Result<Option<Record>, StoreError> {
        if let Some(known) = self.with_open(|it| it.known(kind, key)) {
            return Ok(known);
        }
        let found = self.read_from_server(kind, key)?;
        self.with_open(|it| it.remember(kind, *key, found.clone()));
        Ok(found)
    }

    fn read_from_server(&self, kind: Kind, key: &Key) -> Result<Option<Record>, StoreError> {
        let row = [&self.prefix, format!(":{}:r:{key}", kind.name()).as_bytes()].concat();
        let values: Vec<Option<Vec<u8>>> = self.link.run(Repeat::Safe, |connection| {
            let mut get = redis::cmd("HMGET");
            get.arg(&row).arg(&rows::COLUMNS).arg("payload");
            get.query(connection)
        })?;
        if values.iter().all(Option::is_none) {
            return Ok(None);
        }
        rows::record_of(*key, values).map(Some)
    }

    fn find_on_server(&self, kind: Kind, query: &Query<'_>) -> Result<Vec<Record>, StoreError> {
        if query.states.is_empty() || query.limit == 0 {
            return Ok(Vec::new());
        }
        let arguments = rows::find_arguments(kind.name(), query);
        let found: Vec<Vec<Option<Vec<u8>>>> = self.link.run(Repeat::Safe, |connection| {
            FIND.key(&self.prefix).arg(&arguments).invoke(connection)
        })?;
        let found: Result<Vec<Record>, StoreError> =
            found.into_iter().map(rows::found_record).collect();
        let mut found = found?;
        found.sort_by_key(|record| (record.due_at_ms, record.key));
        found.truncate(query.limit);
        Ok(found)
    }
}

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

/// How often an operation reads again when another writer was first.
const RACES_AT_MOST: usize = 8;

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

/// A server that makes room by forgetting keys keeps no record.
fn refuse_eviction(link: &Link) -> Result<(), StoreError> {
    let info: String = link.run(Repeat::Safe, |connection| {
        redis::cmd("INFO").arg("memory").query(connection)
    })?;
    let policy = info
        .lines()
        .find_map(|line| line.strip_prefix("maxmemory_policy:"))
        .map(str::trim);
    match policy {
        Some("noeviction") => Ok(()),
        other => Err(StoreError::new(
            StoreErrorKind::Misuse,
            format!(
                "store at {}: maxmemory-policy is '{}', which may forget any record; it must be \
                 'noeviction'",
                link.name(),
                other.unwrap_or("unknown")
            ),
        )),
    }
}

#[cfg(test)]
pub(crate) mod tests;
