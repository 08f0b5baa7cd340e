//! The open file of a store: when it is opened, closed and opened anew.
//!
//! A handle belongs to one thread. Before a fork, the handles of the forking thread close; the
//! handles of other threads do not exist in the child. A process that forked without our hook is
//! known by its id: what it inherited is forgotten, never closed, as closing would touch files
//! that belong to the parent. A transaction that a fork interrupted is rolled back, and its
//! commit says so.

use std::cell::{Cell, RefCell};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::{Rc, Weak};

use rusqlite::Connection;

use super::log::{self, Fold, Log};
use super::rows::Rows;
use super::schema::Layout;
use super::sync::GroupSync;
use super::{StoreError, StoreErrorKind, error, group, schema};
use crate::segment::Group;
use crate::store::memory::doomed;

/// Statements kept prepared: every one of the five kinds.
const PREPARED_STATEMENTS: usize = 64;

/// Files that a thread keeps open from one PHP request to the next.
const KEPT_AT_MOST: usize = 8;

thread_local! {
    /// The handles of this thread, for the fork hook.
    static HANDLES: RefCell<Vec<Weak<Handle>>> = const { RefCell::new(Vec::new()) };
    /// Those that stay open when nobody uses them, the latest last: opening a file and folding its
    /// WAL in at each request would cost more than the request's own work.
    static KEPT: RefCell<Vec<Rc<Handle>>> = const { RefCell::new(Vec::new()) };
}

/// Rolls back what a request left open: to be called when it ends. A fatal error of PHP inside an
/// effect jumps over our frames, so that nothing else would end its transaction.
pub fn end_request() {
    let _ = HANDLES.try_with(|handles| {
        for handle in handles.borrow().iter().filter_map(Weak::upgrade) {
            if handle.is_in_transaction() {
                drop(Transaction { handle: &handle });
            }
        }
    });
}

/// Closes the stores of this thread. Called in the `pthread_atfork` prepare hook; each store
/// opens its file again, on both sides, when it is next used.
pub fn close_all_before_fork() {
    // A thread that is ending has no handles any more.
    let _ = HANDLES.try_with(|handles| {
        for handle in handles.borrow().iter().filter_map(Weak::upgrade) {
            handle.close();
        }
    });
}

/// A connection, and the process that opened it.
#[derive(Debug)]
pub(super) struct Opened {
    connection: Connection,
    layout: Layout,
    pub(super) log: Log,
    /// How its commits get to the disk; `None` where SQLite itself sees to it in each commit.
    pub(super) sync: Option<GroupSync>,
    /// Those who insert together; `None` where each goes alone.
    pub(super) group: Option<Group>,
    pid: u32,
    /// Device and inode, to know the file again.
    identity: Option<(u64, u64)>,
}

impl Opened {
    /// Its rows.
    pub(super) fn rows(&self) -> Rows<'_> {
        Rows {
            connection: &self.connection,
            layout: self.layout,
        }
    }
}

/// A path, and the file behind it while it is open.
#[derive(Debug)]
pub(super) struct Handle {
    path: PathBuf,
    opened: RefCell<Option<Opened>>,
    is_in_transaction: Cell<bool>,
    is_doomed: Cell<bool>,
}

impl Handle {
    /// A handle that is not open yet.
    pub(super) fn new(path: PathBuf) -> Rc<Self> {
        let handle = Rc::new(Self {
            path,
            opened: RefCell::new(None),
            is_in_transaction: Cell::new(false),
            is_doomed: Cell::new(false),
        });
        let _ = HANDLES.try_with(|handles| {
            let mut handles = handles.borrow_mut();
            handles.retain(|known| known.strong_count() > 0);
            handles.push(Rc::downgrade(&handle));
        });
        handle
    }

    /// The handle that this thread keeps for this file, or a new one that it keeps from now on.
    pub(super) fn kept(path: PathBuf) -> Rc<Self> {
        let known = KEPT.try_with(|kept| {
            let mut kept = kept.borrow_mut();
            let position = kept.iter().position(|handle| handle.path == path)?;
            let handle = kept.remove(position);
            let is_same = handle.is_of_its_path();
            is_same.then(|| {
                kept.push(Rc::clone(&handle));
                handle
            })
        });
        if let Ok(Some(handle)) = known {
            return handle;
        }
        let handle = Self::new(path);
        let _ = KEPT.try_with(|kept| {
            let mut kept = kept.borrow_mut();
            if kept.len() >= KEPT_AT_MOST {
                kept.remove(0);
            }
            kept.push(Rc::clone(&handle));
        });
        handle
    }

    /// Whether the open file is still the one of this path: not deleted, not replaced.
    fn is_of_its_path(&self) -> bool {
        let opened = self.opened.borrow();
        opened
            .as_ref()
            .is_none_or(|it| it.identity.is_some() && it.identity == identity(&self.path))
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a transaction of `atomically` is open.
    pub(super) fn is_in_transaction(&self) -> bool {
        self.is_in_transaction.get()
    }

    /// The open transaction must not commit.
    pub(super) fn doom(&self) {
        self.is_doomed.set(true);
    }

    /// Uses the connection, which is opened where it is not. No foreign code runs inside.
    pub(super) fn with<T>(
        &self,
        work: impl FnOnce(Rows<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        self.with_opened(|it| work(it.rows()).map_err(|source| self.classify(source)))
    }

    /// The same, with what else belongs to the open file.
    pub(super) fn with_opened<T>(
        &self,
        work: impl FnOnce(&Opened) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut opened = self.opened.borrow_mut();
        let pid = std::process::id();
        if opened.as_ref().is_some_and(|it| it.pid != pid) {
            // A fork that no hook saw: the connection is the parent's.
            std::mem::forget(opened.take());
        }
        if opened.is_none() {
            if self.is_in_transaction.get() {
                return Err(interrupted(&self.path));
            }
            let (mut connection, layout, sync) = schema::open(&self.path)?;
            let log = Log::watch(&mut connection).map_err(|source| self.classify(source))?;
            connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
            let identity = identity(&self.path);
            let group = sync.as_ref().and(identity).map(group::of);
            *opened = Some(Opened {
                connection,
                layout,
                log,
                sync,
                group,
                pid,
                identity,
            });
        }
        match opened.as_ref() {
            Some(it) => work(it),
            None => Err(interrupted(&self.path)),
        }
    }

    /// What an error of SQLite means for the caller.
    pub(super) fn classify(&self, source: rusqlite::Error) -> StoreError {
        error::classify(&self.path, source)
    }

    /// The disk could not be told to keep what was written.
    pub(super) fn unsynced(&self, source: std::io::Error) -> StoreError {
        let message = format!("store '{}': the disk failed to sync", self.path.display());
        StoreError::new(StoreErrorKind::Unavailable, message).because(source)
    }

    /// Returns once what was committed is on disk. Where it cannot be said to be, the commit
    /// stands and the caller must not rely on it.
    pub(super) fn wait_for_disk(&self) -> Result<(), StoreError> {
        let opened = self.opened.borrow();
        let Some(sync) = opened.as_ref().and_then(|it| it.sync.as_ref()) else {
            return Ok(());
        };
        sync.wait().map_err(|source| self.unsynced(source))
    }

    /// Folds the log into the file where this process's last commit made it long.
    pub(super) fn fold_log(&self) {
        if let Some(opened) = self.opened.borrow().as_ref()
            && let Some(sync) = &opened.sync
            && opened.log.fold(sync) != Fold::Not
        {
            log::fold_in(&opened.connection);
        }
    }

    /// Begins the transaction of `atomically`; it rolls back when it is dropped.
    pub(super) fn begin(&self) -> Result<Transaction<'_>, StoreError> {
        self.with(|rows| {
            rows.connection
                .prepare_cached("BEGIN IMMEDIATE")?
                .execute([])
        })?;
        self.is_in_transaction.set(true);
        self.is_doomed.set(false);
        Ok(Transaction { handle: self })
    }

    fn close(&self) {
        // In use by a statement on this very thread: a fork inside SQLite, which does not happen.
        if let Ok(mut opened) = self.opened.try_borrow_mut() {
            match opened.take() {
                Some(it) if it.pid == std::process::id() => drop(it),
                inherited => std::mem::forget(inherited),
            }
        }
    }
}

/// The open transaction of a handle.
pub(super) struct Transaction<'a> {
    handle: &'a Handle,
}

impl Transaction<'_> {
    /// Makes it last.
    pub(super) fn commit(self) -> Result<(), StoreError> {
        if self.handle.is_doomed.get() {
            return Err(doomed());
        }
        self.handle.with(|rows| {
            rows.connection.prepare_cached("COMMIT")?.execute([])?;
            Ok(())
        })?;
        self.handle.wait_for_disk()?;
        self.handle.fold_log();
        Ok(())
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        // After a commit SQLite is in autocommit mode again, and there is nothing to undo. Where
        // the rollback fails, closing the file undoes it.
        let undone = self.handle.with(|rows| {
            if rows.connection.is_autocommit() {
                return Ok(());
            }
            rows.connection.execute_batch("ROLLBACK")
        });
        if undone.is_err() {
            self.handle.close();
        }
        self.handle.is_in_transaction.set(false);
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    let found = std::fs::metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

/// The file was closed by a fork while a transaction was open.
fn interrupted(path: &Path) -> StoreError {
    StoreError::new(
        StoreErrorKind::Misuse,
        format!(
            "store '{}': rolled back, the process forked inside the transaction",
            path.display()
        ),
    )
}
