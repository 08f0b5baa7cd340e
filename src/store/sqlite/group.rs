//! Inserts of several processes in one transaction, with one sync: group commit.
//!
//! A transaction costs the same few pages, locks and one sync of the disk whether it inserts one
//! record or twenty. So whoever has the lock of the WAL (`sync.rs`) leads: it inserts its own record
//! and those that the others have posted in the segment meanwhile ([`Group`](crate::segment::Group)),
//! waits for the disk once, and tells each whether its record was inserted. One alone posts nothing.
//!
//! It is a short cut and no more: a record that is given back (too long for a post, no place left,
//! a leader that failed or was killed, another release's leader) is inserted by its own process in
//! a transaction of its own. The one thing that can be seen is what a killed leader leaves behind:
//! where it had committed but not answered, the record is found to be there already. To its owner
//! that is what a kill of its own between insert and answer would have been: a delivery is known
//! as a duplicate and answered, a claim is held until its lease ends. Nothing is inserted twice.

use std::time::Duration;

use super::handle::Opened;
use super::log::{self, Fold};
use super::sync::Lead;
use super::{Handle, Key, Kind, Record, Rows, StoreError, StoreErrorKind, parcel, transaction};
use crate::clock::{self, Monotonic};
use crate::segment::{self, Group, Outcome, POST_MAX_BYTES, Post, Taken};
use crate::testing::failpoint;

/// How long one sleeps before it looks whether the leader is gone.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// For how long nobody may take a post before its owner goes its own way: the leader may be
/// another user's, who has another segment.
const PATIENCE: Duration = Duration::from_millis(20);

/// Those who have the same file open on this host, by its device and inode.
pub(super) fn of((device, inode): (u64, u64)) -> Group {
    let parts: [&[u8]; 3] = [b"sqlite", &device.to_ne_bytes(), &inode.to_ne_bytes()];
    segment::segment().group(Key::of(&parts).as_bytes())
}

/// Inserts together with whoever else inserts now; `None` where that cannot be, and the caller
/// must do it alone. Not to be called inside a transaction.
///
/// # Errors
/// When nothing was inserted because the store failed.
pub(super) fn insert(
    handle: &Handle,
    kind: Kind,
    record: &Record,
) -> Result<Option<bool>, StoreError> {
    handle.with_opened(|opened| {
        let Some(group) = opened.group.as_ref() else {
            return Ok(None);
        };
        if let Some(lead) = try_lead(handle, opened)? {
            return lead_on(handle, opened, (lead, group), (kind, record));
        }
        let parcel = parcel::wrap(kind, record, POST_MAX_BYTES);
        let Some(post) = parcel.and_then(|bytes| group.post(&bytes)) else {
            return Ok(None);
        };
        follow(handle, opened, (group, post), (kind, record))
    })
}

/// Waits for the answer to a post, and leads where nobody else does.
fn follow(
    handle: &Handle,
    opened: &Opened,
    (group, mut post): (&Group, Post),
    (kind, record): (Kind, &Record),
) -> Result<Option<bool>, StoreError> {
    let posted_at = clock::running();
    loop {
        // The leader before may have ended between our first look and the post.
        if let Some(lead) = try_lead(handle, opened)? {
            if post.withdraw() {
                return lead_on(handle, opened, (lead, group), (kind, record));
            }
            // Answered just now; or taken by a leader that is gone, since the lock is ours.
            drop(lead);
            group.call();
            return Ok(match post.outcome() {
                Some(Outcome::Answered(is_inserted)) => Some(is_inserted),
                Some(Outcome::GivenBack) | None => None,
            });
        }
        post.wait(LOOK_EVERY);
        match post.outcome() {
            Some(Outcome::Answered(is_inserted)) => return Ok(Some(is_inserted)),
            Some(Outcome::GivenBack) => return Ok(None),
            None if is_over(posted_at) && post.withdraw() => return Ok(None),
            None => {}
        }
    }
}

fn is_over(posted_at: Monotonic) -> bool {
    clock::running().since(posted_at) > PATIENCE
}

/// Inserts our own record and all that are posted, and answers once they are on disk.
fn lead_on(
    handle: &Handle,
    opened: &Opened,
    (lead, group): (Lead<'_>, &Group),
    (kind, record): (Kind, &Record),
) -> Result<Option<bool>, StoreError> {
    let posts = group.take();
    let mut fold = Fold::Not;
    let done = insert_all(handle, opened, &posts, (kind, record)).and_then(|done| {
        fold = fold_due(opened);
        failpoint::hit("store.after_group_commit", false)?;
        lead.sync().map_err(|source| handle.unsynced(source))?;
        failpoint::hit("store.after_group_sync", false)?;
        Ok(done)
    });
    let answer = match done {
        Ok((mine, theirs)) => {
            for (post, is_inserted) in posts.into_iter().zip(theirs) {
                match is_inserted {
                    Some(is_inserted) => post.answer(is_inserted),
                    None => drop(post),
                }
            }
            Ok(Some(mine))
        }
        // Another's record may be what it failed by: each finds out by itself.
        Err(_) if !posts.is_empty() => {
            drop(posts);
            Ok(None)
        }
        Err(error) => Err(error),
    };
    drop(lead);
    group.call();
    if fold == Fold::Beside {
        log::fold_in(opened.rows().connection);
    }
    answer
}

/// Whether the log is to be folded in beside the others; where they must wait for it, it is done.
fn fold_due(opened: &Opened) -> Fold {
    let sync = opened.sync.as_ref();
    let fold = sync.map_or(Fold::Not, |sync| opened.log.fold(sync));
    if fold == Fold::Alone {
        log::fold_in(opened.rows().connection);
    }
    fold
}

/// Whether our record was inserted, and each of the others'; `None` for a post that cannot be read.
type Inserted = (bool, Vec<Option<bool>>);

fn insert_all(
    handle: &Handle,
    opened: &Opened,
    posts: &[Taken],
    (kind, record): (Kind, &Record),
) -> Result<Inserted, StoreError> {
    let records: Vec<_> = posts
        .iter()
        .map(|post| post.bytes().and_then(parcel::unwrap))
        .collect();
    let work = |rows: Rows<'_>| {
        let mine = rows.insert(kind, record)?;
        let mut theirs = Vec::with_capacity(records.len());
        for posted in &records {
            theirs.push(match posted {
                Some((kind, record)) => Some(rows.insert(*kind, record)?),
                None => None,
            });
        }
        Ok((mine, theirs))
    };
    transaction(opened.rows(), work).map_err(|source| handle.classify(source))
}

fn try_lead<'a>(handle: &Handle, opened: &'a Opened) -> Result<Option<Lead<'a>>, StoreError> {
    let Some(sync) = opened.sync.as_ref() else {
        return Ok(None);
    };
    sync.try_lead().map_err(|source| {
        let message = format!(
            "store '{}': its log ('-wal') cannot be locked",
            handle.path().display()
        );
        StoreError::new(StoreErrorKind::Unavailable, message).because(source)
    })
}

#[cfg(test)]
mod tests;
