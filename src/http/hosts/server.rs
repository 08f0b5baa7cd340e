//! The Redis server that hosts share: one link for each address and process, and how it is asked.
//!
//! It is asked for no longer than [`TIMEOUTS`]; where it is away it is left alone for [`AWAY`]. A
//! script runs once: whether it ran is not known where its answer was lost. At most [`LINKS_MAX`] links
//! are kept; a fork opens its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use redis::Script;

use crate::clock::{self, Monotonic};
use crate::store::StoreError;
use crate::store::redis::{Link, LinkTimeouts, Repeat};

/// A call waits no longer than this for a server that decides about its milliseconds.
const TIMEOUTS: LinkTimeouts = LinkTimeouts {
    connect: Duration::from_millis(200),
    answer: Duration::from_millis(200),
};
/// A server that was away is asked again after so long.
const AWAY: Duration = Duration::from_secs(1);
/// Servers that a process keeps a link to.
const LINKS_MAX: usize = 16;
/// A lock that is not had in this time was held across a fork.
const LOCK_MAX: Duration = Duration::from_millis(10);

static LINKS: Mutex<Vec<(String, Arc<Server>)>> = Mutex::new(Vec::new());

/// A server, and the process's link to it.
pub(super) struct Server {
    pub(super) link: Link,
    pub(super) enter: Script,
    pub(super) record: Script,
    /// Nanoseconds since boot until which it is left alone.
    pub(super) away_until: AtomicU64,
}

impl Server {
    /// Whether it is left alone, because it was away a moment ago.
    pub(super) fn is_away(&self, now: Monotonic) -> bool {
        now < Monotonic::from_nanos(self.away_until.load(Ordering::Relaxed))
    }

    /// Runs a script once: neither permit nor turn may be taken twice where an answer was lost.
    pub(super) fn run<T: redis::FromRedisValue>(
        &self,
        script: &Script,
        fill: impl Fn(&mut redis::ScriptInvocation<'_>),
    ) -> Option<T> {
        let now = clock::monotonic();
        if self.is_away(now) {
            return None;
        }
        let answer = self.link.run(Repeat::Never, |connection| {
            let mut invocation = script.prepare_invoke();
            fill(&mut invocation);
            invocation.invoke(connection)
        });
        answer
            .inspect_err(|_| {
                let until = now.saturating_add(AWAY).as_nanos();
                self.away_until.store(until, Ordering::Relaxed);
            })
            .ok()
    }
}

/// The process's link to this server; one of its own where too many are kept.
///
/// # Errors
/// When the address cannot be read.
pub(super) fn server(url: &str) -> Result<Arc<Server>, StoreError> {
    let Some(mut links) = LINKS.try_lock_for(LOCK_MAX) else {
        return make(url);
    };
    if let Some((_, server)) = links.iter().find(|(known, _)| known == url) {
        return Ok(Arc::clone(server));
    }
    let server = make(url)?;
    if links.len() < LINKS_MAX {
        links.push((url.to_owned(), Arc::clone(&server)));
    }
    Ok(server)
}

fn make(url: &str) -> Result<Arc<Server>, StoreError> {
    Ok(Arc::new(Server {
        link: Link::new(url, TIMEOUTS)?,
        enter: Script::new(include_str!("enter.lua")),
        record: Script::new(include_str!("record.lua")),
        away_until: AtomicU64::new(0),
    }))
}
