//! When the log (the WAL) is folded into the file.
//!
//! SQLite's own rule does it inside the commit that makes the log longer than 1,000 pages: some
//! milliseconds of random writes and syncs, for which everybody waits who writes together with
//! that one. So here the one folds it in after it has answered the others, while they go on
//! writing. As the log only begins anew once nothing is left in it, it grows meanwhile; where
//! writers never pause it is folded in between two of them after 8,000 pages (33 MB), most of
//! which are in the file by then. Who writes alone does it right after its commit, as SQLite does.
//!
//! How far it was folded in is noted in the sidecar, for all who write. Losing that costs a fold
//! too many.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use rusqlite::Connection;

use super::sync::GroupSync;

/// Pages after which the log is folded in: SQLite's default.
const FOLD_PAGES: u32 = 1000;
/// Pages after which nobody writes while it is folded in, so that it begins anew.
const RESTART_PAGES: u32 = 8 * FOLD_PAGES;

/// What is to be done about a log that has grown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fold {
    Not,
    /// While others write.
    Beside,
    /// Before anybody writes again.
    Alone,
}

/// What is to be done when the log has so many pages, of which `noted` were last folded in. Pure.
fn fold(pages: u32, noted: u32) -> Fold {
    if pages < noted.saturating_add(FOLD_PAGES) {
        Fold::Not
    } else if pages < RESTART_PAGES {
        Fold::Beside
    } else {
        Fold::Alone
    }
}

/// How long the log was after this connection's last commit.
#[derive(Clone, Debug)]
pub(super) struct Log {
    pages: Arc<AtomicI32>,
}

impl Log {
    /// From now on nobody but us folds this connection's log in.
    pub(super) fn watch(connection: &mut Connection) -> rusqlite::Result<Self> {
        let pages = Arc::new(AtomicI32::new(0));
        let told = Arc::clone(&pages);
        connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
            told.store(pages, Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(Self { pages })
    }

    /// What is to be done after this connection's last commit; asked once, as it is noted as done.
    pub(super) fn fold(&self, sync: &GroupSync) -> Fold {
        let pages = u32::try_from(self.pages.swap(0, Ordering::Relaxed)).unwrap_or(0);
        if pages < FOLD_PAGES {
            return Fold::Not;
        }
        let fold = fold(pages, sync.folded_at());
        if fold != Fold::Not {
            sync.note_folded_at(pages);
        }
        fold
    }
}

/// Folds in what can be; that somebody else does it, or reads, is no error, and any other error is
/// the next writer's.
pub(super) fn fold_in(connection: &Connection) {
    let _ = connection
        .prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")
        .and_then(|mut checkpoint| checkpoint.query_row([], |_| Ok(())));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_folded_in_once_for_every_thousand_pages() {
        for (pages, noted, expected) in [
            (1000, 0, Fold::Beside),
            (1999, 1000, Fold::Not),
            (2000, 1000, Fold::Beside),
            (7999, 7000, Fold::Not),
            (8000, 7000, Fold::Alone),
            // Somebody reads an old state, and it could not begin anew.
            (8999, 8000, Fold::Not),
            (9000, 8000, Fold::Alone),
        ] {
            assert_eq!(fold(pages, noted), expected, "{pages} of {noted}");
        }
    }
}
