//! A small file outside the store that remembers how far the relay came: what a restore leaves.
//!
//! Beside a store that is one file it is kept by itself; for another store in the directory of the
//! option `mark_dir`. Three things in it give a restore away, of a backup of any age: the version
//! of the relay's record, which is lower in an older store; which file the store was, as a copy is
//! another file (inode, time of birth); and which file the mark itself was, as each is a new one,
//! so that a mark that was copied back along with the store is known too.
//!
//! A new version is written to the record before the file, so that a kill in between leaves the
//! file behind, never ahead. Each relay's record has a file of its own, named by the moment at which the record was
//! made: a store that was begun anew is no older store.
//!
//! What it cannot see: a snapshot of a whole disk or machine; a backup that is less than about a
//! second older than the crash (`BUSY_NOTED_EVERY_MS`); a store that is no file, without
//! `mark_dir`, or on a host that never relayed. There the relay's absence alone speaks.

use std::fs::{self, File, Metadata};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::store::{Key, Record, Store, StoreError, StoreErrorKind};

/// Where the marks of an outbox are.
#[derive(Clone, Debug)]
pub(super) struct Marks {
    /// Their names begin so.
    stem: PathBuf,
    /// The store, where it is one file: then nobody but it has marks here.
    store: Option<PathBuf>,
}

/// What is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// The version of the relay's record.
    pub(super) version: i64,
    /// Which file the store was.
    file: Option<FileId>,
    /// Which file this is.
    own: Option<FileId>,
}

/// Which file it is; a copy is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FileId {
    inode: u64,
    /// 0 where the file system does not say.
    born_at_ms: u64,
}

/// What a mark says about the store of today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// Nothing against it.
    Same,
    /// It is older than it was.
    Older,
    /// It is another file than it was.
    Copied,
    /// A relay was here, and its mark is not there.
    Unmarked,
}

/// What follows from the mark (and which file it is), the store's file and the record's version.
/// `was_marked`: the record says that a mark was kept beside it.
fn finding(
    mark: Option<(Mark, FileId)>,
    file: Option<FileId>,
    version: i64,
    was_marked: bool,
) -> Finding {
    let Some((mark, own)) = mark else {
        return if was_marked {
            Finding::Unmarked
        } else {
            Finding::Same
        };
    };
    let is_other = |then: Option<FileId>, now: Option<FileId>| {
        then.is_some_and(|then| now.is_some_and(|now| !then.is(now)))
    };
    if mark.version > version {
        Finding::Older
    } else if is_other(mark.file, file) || is_other(mark.own, Some(own)) {
        Finding::Copied
    } else {
        Finding::Same
    }
}

impl FileId {
    fn is(self, other: Self) -> bool {
        let is_told = self.born_at_ms != 0 && other.born_at_ms != 0;
        self.inode == other.inode && (!is_told || self.born_at_ms == other.born_at_ms)
    }

    fn of(found: &Metadata) -> Self {
        let born = found.created().ok();
        let since = born.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        Self {
            inode: found.ino(),
            born_at_ms: since.map_or(0, |it| u64::try_from(it.as_millis()).unwrap_or(0)),
        }
    }
}

impl Marks {
    /// The marks of this outbox; none where the store is no file and no directory is named.
    pub(super) fn new(store: &dyn Store, dir: Option<&Path>) -> Option<Self> {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or(path.to_owned());
        if let Some(dir) = dir {
            return Some(Self {
                stem: absolute(dir).join("causeway-relay"),
                store: None,
            });
        }
        let file = absolute(&store.file()?);
        let mut stem = file.clone().into_os_string();
        stem.push("-relay");
        Some(Self {
            stem: stem.into(),
            store: Some(file),
        })
    }

    /// Whether a mark that is missing says something: nobody else than this store has marks here.
    pub(super) fn is_beside(&self) -> bool {
        self.store.is_some()
    }

    /// Whether the relay's record has a mark.
    pub(super) fn has(&self, relay: &Record) -> bool {
        self.path(relay).exists()
    }

    /// What the mark of the relay's record says about it.
    ///
    /// # Errors
    /// When the mark cannot be read, which is not to be taken for none.
    pub(super) fn look(&self, relay: &Record, was_marked: bool) -> Result<Finding, StoreError> {
        let path = self.path(relay);
        let mark = match read(&path) {
            Ok((bytes, own)) => serde_json::from_slice(&bytes).ok().map(|mark| (mark, own)),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(failed("cannot be read", &path, error)),
        };
        let was_marked = was_marked && self.is_beside();
        Ok(finding(mark, self.file(), relay.version, was_marked))
    }

    /// Remembers that the relay's record has this version. The old mark is there until the new one
    /// is on disk.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn set(&self, relay: &Record, version: i64) -> Result<(), StoreError> {
        let mark = Mark {
            version,
            file: self.file(),
            own: None,
        };
        let path = self.path(relay);
        let mut fresh = path.clone().into_os_string();
        // Workers of one host, threads of one worker: each writes a file of its own.
        fresh.push(format!(
            ".{}",
            hex::encode(crate::clock::random_bytes::<6>())
        ));
        let fresh = PathBuf::from(fresh);
        let written = write_synced(&fresh, mark).and_then(|()| fs::rename(&fresh, &path));
        written.map_err(|error| {
            let _ = fs::remove_file(&fresh);
            failed("cannot be written", &path, error)
        })
    }

    fn file(&self) -> Option<FileId> {
        let found = fs::metadata(self.store.as_ref()?).ok()?;
        Some(FileId::of(&found))
    }

    fn path(&self, relay: &Record) -> PathBuf {
        let made_at = relay.created_at_ms.to_be_bytes();
        let name = Key::of(&[b"mark", relay.scope.as_bytes(), &made_at]).to_string();
        let mut path = self.stem.clone().into_os_string();
        path.push(format!("-{}", name.get(..16).unwrap_or(&name)));
        path.into()
    }
}

/// What is in a file, and which file it is.
fn read(path: &Path) -> std::io::Result<(Vec<u8>, FileId)> {
    let mut file = File::open(path)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok((bytes, FileId::of(&file.metadata()?)))
}

fn write_synced(path: &Path, mark: Mark) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    let own = Some(FileId::of(&file.metadata()?));
    serde_json::to_writer(&mut file, &Mark { own, ..mark })?;
    file.sync_data()
}

fn failed(what: &str, path: &Path, error: std::io::Error) -> StoreError {
    let full = [ErrorKind::StorageFull, ErrorKind::QuotaExceeded];
    let kind = if full.contains(&error.kind()) {
        StoreErrorKind::Full
    } else {
        StoreErrorKind::Unavailable
    };
    let message = format!("the relay's mark '{}' {what}", path.display());
    StoreError::new(kind, message).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_tells_an_older_store_and_a_copied_one_from_the_same() {
        let id = |inode, born_at_ms| Some(FileId { inode, born_at_ms });
        let own = FileId {
            inode: 9,
            born_at_ms: 9,
        };
        let mark = |version, file| {
            let own_then = Some(own);
            let mark = Mark {
                version,
                file,
                own: own_then,
            };
            Some((mark, own))
        };
        for (mark, file, version, was_marked, expected) in [
            (None, id(1, 5), 1, false, Finding::Same),
            (None, id(1, 5), 1, true, Finding::Unmarked),
            (mark(7, id(1, 5)), id(1, 5), 7, true, Finding::Same),
            (mark(7, id(1, 5)), id(1, 5), 8, true, Finding::Same),
            (mark(7, id(1, 5)), id(1, 5), 6, true, Finding::Older),
            (mark(7, id(1, 5)), id(2, 5), 7, true, Finding::Copied),
            // An inode's number is given again.
            (mark(7, id(1, 5)), id(1, 6), 7, true, Finding::Copied),
            // A file system that does not say when, or learned to.
            (mark(7, id(1, 0)), id(1, 6), 7, true, Finding::Same),
            // No file.
            (mark(7, None), None, 7, true, Finding::Same),
            (mark(7, None), None, 6, true, Finding::Older),
        ] {
            assert_eq!(finding(mark, file, version, was_marked), expected);
        }
        // The mark was written over by an older one.
        let restored = mark(7, id(1, 5)).map(|(mark, own)| (mark, FileId { inode: 8, ..own }));
        assert_eq!(finding(restored, id(1, 5), 7, true), Finding::Copied);
    }
}
