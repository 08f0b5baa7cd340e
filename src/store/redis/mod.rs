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
mod operations;
mod options;
mod rows;
mod transaction;
mod writes;

use std::cell::{Cell, RefCell};
use std::sync::LazyLock;

use redis::Script;

use super::{Key, Kind, Query, Record, StoreError, StoreErrorKind};
use crate::clock::{self, Monotonic};
pub use link::{Link, LinkTimeouts, Repeat};
pub use options::RedisOptions;
use transaction::Transaction;
use writes::Group;

static APPLY: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("apply.lua")));
static FIND: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("find.lua")));
static COUNTS: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("counts.lua")));

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
