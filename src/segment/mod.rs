//! The shared memory that all workers of a host see: breakers, budgets, leases, tokens, counters.
//!
//! It is, in this order: a file of the user that PHP runs as (`file.rs`), made on first use, when
//! FPM has dropped its privileges; where that is refused, an anonymous mapping that [`configure`]
//! made before the workers were forked; where nobody configured anything, this process's own
//! memory. [`Segment::status`] says which, and why not the better one.
//!
//! All of it may vanish at any time (a reboot, a removed file, another layout version); losing it
//! costs speed, never correctness. Nothing in it is locked: every change is a compare-and-swap or
//! an addition on one word, so that a process killed anywhere leaves nothing behind but leases
//! that end. Every table is bounded; what does not fit is counted and kept in this process.
//!
//! `layout.rs` draws the bytes, `words.rs` what a word holds, `raw.rs` has the only `unsafe`. The
//! rules are in [`policy`](crate::policy); here they are run.

mod breaker;
mod connection;
mod error;
mod file;
mod flight;
mod group;
mod layout;
mod lease;
mod owner;
mod place;
mod raw;
mod seal;
mod status;
mod table;
mod throttle;
mod token;
mod words;
mod write;

pub use connection::Connection;
pub use error::{Refused, SegmentError};
pub use flight::{Flight, RESULT_MAX_BYTES};
pub use group::{Group, Outcome, POST_MAX_BYTES, Post, Taken};
pub use lease::Lease;
pub use place::Place;
pub use seal::{SealKey, TOKEN_SECRET_MAX_BYTES};
pub use status::{Kind, SegmentStatus};
pub use token::{Token, TokenSlot};

use std::{
    cell::Cell,
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock, atomic::Ordering},
    time::Duration,
};

use parking_lot::Mutex;

use self::{
    layout::{CONNECTIONS, ConnectionSlot, Layout, TokenCell, VERSION},
    raw::Mapping,
};
use crate::clock::{self, Monotonic};

/// Where the file is by default.
pub const DIR_DEFAULT: &str = "/dev/shm";
/// What a full table's overflow keeps in this process; beyond it, state lives as long as a handle.
const OWN_MAX: usize = 256;
/// A lock that is not had in this time was held across a fork.
const OWN_LOCK_MAX: Duration = Duration::from_millis(10);

/// Where the process-wide segment is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SegmentOptions {
    /// The file's directory; `None` for [`DIR_DEFAULT`].
    pub dir: Option<PathBuf>,
}

struct Configured {
    options: SegmentOptions,
    /// Made before the workers are forked, so that they share it.
    fallback: Segment,
}

static CONFIGURED: Mutex<Option<Configured>> = Mutex::new(None);

/// Says where the process-wide segment is to be, before its first use and before workers are
/// forked. Later calls change nothing once it is in use.
pub fn configure(options: SegmentOptions) {
    let mut configured = CONFIGURED.lock();
    let fallback = configured
        .take()
        .map_or_else(Segment::anonymous, |before| before.fallback);
    *configured = Some(Configured { options, fallback });
}

thread_local! {
    /// What a test of this thread has in the place of the process-wide segment.
    static ISOLATED: Cell<Option<&'static Segment>> = const { Cell::new(None) };
}

/// Gives this thread a fresh segment of its own, for a test: no breaker, token or counter of another
/// test is in it, and no worker sees it. It stays mapped until the process ends, because clients
/// that were made meanwhile go on with it; of its memory only what is used is taken.
pub fn isolate() {
    ISOLATED.set(Some(Box::leak(Box::new(Segment::anonymous()))));
}

/// Ends [`isolate`] for what is made from now on.
pub fn rejoin() {
    ISOLATED.set(None);
}

/// The process-wide segment, made on first use, or this thread's own in a test. Where nobody
/// configured it, it is this process's own memory: a library does not make files that nobody asked
/// for.
pub fn segment() -> &'static Segment {
    if let Some(isolated) = ISOLATED.get() {
        return isolated;
    }
    static SEGMENT: OnceLock<Segment> = OnceLock::new();
    SEGMENT.get_or_init(|| match &*CONFIGURED.lock() {
        None => Segment::in_process(),
        Some(configured) => {
            let dir = configured
                .options
                .dir
                .as_deref()
                .unwrap_or(Path::new(DIR_DEFAULT));
            Segment::open(dir).unwrap_or_else(|error| configured.fallback.because(&error))
        }
    })
}

/// A segment; a handle is cheap, and the last one unmaps it.
#[derive(Clone)]
pub struct Segment {
    shared: Arc<Shared>,
    kind: Kind,
    path: Option<PathBuf>,
    refused: Option<String>,
}

/// The memory, and what did not fit into it.
struct Shared {
    mapping: Mapping,
    own_connections: Mutex<HashMap<(String, String), Arc<ConnectionSlot>>>,
    own_tokens: Mutex<HashMap<[u8; 32], Arc<TokenCell>>>,
}

impl Shared {
    fn new(mapping: Mapping) -> Arc<Self> {
        let own_connections = Mutex::new(HashMap::new());
        Arc::new(Self {
            mapping,
            own_connections,
            own_tokens: Mutex::new(HashMap::new()),
        })
    }

    fn layout(&self) -> &Layout {
        self.mapping.layout()
    }

    /// This process's slot for a connection that found no place.
    fn own_connection(&self, namespace: &str, name: &str) -> Arc<ConnectionSlot> {
        let fresh = || Arc::new(ConnectionSlot::new());
        let Some(mut own) = self.own_connections.try_lock_for(OWN_LOCK_MAX) else {
            return fresh();
        };
        let key = (namespace.to_owned(), name.to_owned());
        if own.len() >= OWN_MAX && !own.contains_key(&key) {
            return fresh();
        }
        Arc::clone(own.entry(key).or_insert_with(fresh))
    }

    /// This process's place for a token that found none; made only for a write.
    fn own_token(&self, key: &[u8; 32], may_make: bool) -> Option<Arc<TokenCell>> {
        let mut own = self.own_tokens.try_lock_for(OWN_LOCK_MAX)?;
        if !own.contains_key(key) && (!may_make || own.len() >= OWN_MAX) {
            return None;
        }
        Some(Arc::clone(
            own.entry(*key)
                .or_insert_with(|| Arc::new(TokenCell::new())),
        ))
    }
}

impl Segment {
    /// The file in `dir` that this user's processes share, made where there is none.
    ///
    /// # Errors
    /// When it cannot be made, or the one that is there must not be trusted.
    pub fn open(dir: &Path) -> Result<Self, SegmentError> {
        let mapping = file::open(dir)?;
        let path = Some(file::path(dir));
        Ok(Self {
            shared: Shared::new(mapping),
            kind: Kind::File,
            path,
            refused: None,
        })
    }

    /// Memory that processes forked from this one share; this process's own where even that fails.
    pub fn anonymous() -> Self {
        match Mapping::anonymous() {
            Ok(mapping) => Self::without_file(mapping, Kind::Anonymous),
            Err(error) => Self::in_process().because(&error),
        }
    }

    /// This process's own memory.
    pub fn in_process() -> Self {
        Self::without_file(Mapping::own(), Kind::Process)
    }

    fn without_file(mapping: Mapping, kind: Kind) -> Self {
        file::write_header(&mapping.layout().header);
        Self {
            shared: Shared::new(mapping),
            kind,
            path: None,
            refused: None,
        }
    }

    fn because(&self, error: &dyn std::error::Error) -> Self {
        Self {
            refused: Some(error.to_string()),
            ..self.clone()
        }
    }

    /// The state of a connection, shared by all who use its names; this process's own where the
    /// table is full, which is counted.
    pub fn connection(&self, namespace: &str, name: &str) -> Connection {
        let connection = Connection::new(Arc::clone(&self.shared), namespace, name);
        connection.note_use(clock::monotonic());
        connection
    }

    /// All connections that have a slot, by namespace and name, in no order.
    pub fn connections(&self) -> Vec<(String, String, Connection)> {
        let slots = self.shared.layout().connections.iter();
        slots
            .filter_map(table::names)
            .map(|(namespace, name)| {
                // Looking at it is no use of it.
                let connection = Connection::new(Arc::clone(&self.shared), &namespace, &name);
                (namespace, name, connection)
            })
            .collect()
    }

    /// A short lease on a key (a hash), so that one worker does what the others wait for; `None`
    /// while somebody holds it, in this process or another. At most an hour.
    pub fn lease(&self, key: &[u8; 32], ttl: Duration, now: Monotonic) -> Option<Lease> {
        lease::take(&self.shared, key, ttl, now)
    }

    /// Whether somebody holds the key's lease: what a caller without it waits for.
    pub fn held_by_other(&self, key: &[u8; 32], now: Monotonic) -> bool {
        lease::is_held(&self.shared, key, now)
    }

    /// What the calls share that ask for the same at the same time, by a hash of what they ask.
    pub fn flight(&self, key: &[u8; 32]) -> Flight {
        Flight::new(Arc::clone(&self.shared), *key)
    }

    /// Those who work on the same thing, by a hash that names it.
    pub fn group(&self, key: &[u8; 32]) -> Group {
        Group::new(Arc::clone(&self.shared), key)
    }

    /// The place of a token, by a hash of what it is for.
    pub fn token_slot(&self, key: &[u8; 32]) -> TokenSlot {
        TokenSlot::new(Arc::clone(&self.shared), *key)
    }

    /// What an operator is told.
    pub fn status(&self) -> SegmentStatus {
        let layout = self.shared.layout();
        let header = &layout.header;
        let overflowed = [
            &header.overflowed_connections,
            &header.overflowed_leases,
            &header.overflowed_tokens,
        ];
        SegmentStatus {
            kind: self.kind,
            path: self.path.clone(),
            refused: self.refused.clone(),
            layout: VERSION,
            connections: layout
                .connections
                .iter()
                .filter(|slot| table::names(slot).is_some())
                .count(),
            capacity: CONNECTIONS,
            overflowed: overflowed
                .iter()
                .map(|word| word.load(Ordering::Relaxed))
                .sum(),
        }
    }
}

impl fmt::Debug for Segment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Segment")
            .field("kind", &self.kind)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod kill_tests;
#[cfg(test)]
mod tests;
