//! The segment's file: found, made, checked, or refused.
//!
//! `causeway-<uid>-<layout version>.seg`, mode 0600, in a directory that others may write to
//! (`/dev/shm`). So nothing about an existing file is believed: a link is not followed, and its
//! kind, owner, mode, size, magic and layout version must be right, or it is refused and the
//! caller falls back. It is never repaired or removed, with one exception: a right file whose
//! times count from an earlier boot is worth nothing, and is removed under a lock.
//!
//! A new file is filled and checked under another name and then linked to its own, which only one
//! of several makers can do: nobody ever sees half a file. Killed in between, a maker leaves its
//! temporary file behind and nothing else.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
    sync::atomic::Ordering,
};

use rustix::{
    fs::{self, FallocateFlags, FileType, FlockOperation, Mode, OFlags, Stat},
    io::Errno,
    process::geteuid,
};

use super::{
    SegmentError,
    error::Refused,
    layout::{Header, MAGIC, VERSION},
    raw::{Mapping, SIZE},
    table::word_at,
};
use crate::clock::random_bytes;

/// Rounds of finding and making; each lost one means that another process made it.
const TURNS_MAX: usize = 4;
const PRIVATE: Mode = Mode::RUSR.union(Mode::WUSR);

/// The file that this user's processes share.
pub(super) fn path(dir: &Path) -> PathBuf {
    dir.join(format!("causeway-{}-{VERSION}.seg", geteuid().as_raw()))
}

/// Maps the file in `dir`, made where there is none.
pub(super) fn open(dir: &Path) -> Result<Mapping, SegmentError> {
    let path = path(dir);
    for _ in 0..TURNS_MAX {
        match existing(&path)? {
            Some(mapping) => return Ok(mapping),
            None => make(&path)?,
        }
    }
    Err(refused(&path, Refused::Unsettled))
}

/// Writes what is checked later; the magic last.
pub(super) fn write_header(header: &Header) {
    header.version.store(u64::from(VERSION), Ordering::Relaxed);
    header.bytes.store(SIZE as u64, Ordering::Relaxed);
    header.boot.store(boot(), Ordering::Relaxed);
    header.magic.store(MAGIC, Ordering::Release);
}

/// The file that is there; `None` where there is none, or one of an earlier boot was removed.
fn existing(path: &Path) -> Result<Option<Mapping>, SegmentError> {
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = match fs::open(path, flags, Mode::empty()) {
        Ok(file) => file,
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::LOOP) => return Err(refused(path, Refused::Link)),
        Err(error) => return Err(failed("open", path, error)),
    };
    let stat = fs::fstat(&file).map_err(|error| failed("look at", path, error))?;
    check_stat(&stat).map_err(|reason| refused(path, reason))?;
    let mapping = map(&file, path)?;
    let header = &mapping.layout().header;
    check_header(header).map_err(|reason| refused(path, reason))?;
    if is_of_another_boot(header.boot.load(Ordering::Relaxed), boot()) {
        remove_stale(path, &file, &stat)?;
        return Ok(None);
    }
    Ok(Some(mapping))
}

fn check_stat(stat: &Stat) -> Result<(), Refused> {
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(Refused::Kind);
    }
    if stat.st_uid != geteuid().as_raw() {
        return Err(Refused::Owner(stat.st_uid));
    }
    if stat.st_mode & 0o7777 != 0o600 {
        return Err(Refused::Mode(stat.st_mode & 0o7777));
    }
    if u64::try_from(stat.st_size) != Ok(SIZE as u64) {
        return Err(Refused::Size);
    }
    Ok(())
}

fn check_header(header: &Header) -> Result<(), Refused> {
    if header.magic.load(Ordering::Acquire) != MAGIC {
        return Err(Refused::Magic);
    }
    let version = header.version.load(Ordering::Relaxed);
    if version != u64::from(VERSION) {
        return Err(Refused::Layout(version));
    }
    if header.bytes.load(Ordering::Relaxed) != SIZE as u64 {
        return Err(Refused::Size);
    }
    Ok(())
}

/// Makes the file; that another process was faster is no error.
fn make(path: &Path) -> Result<(), SegmentError> {
    let name = format!(".causeway-{:032x}.tmp", u128::from_le_bytes(random_bytes()));
    let temporary = Temporary(path.with_file_name(name));
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file =
        fs::open(&temporary.0, flags, PRIVATE).map_err(|error| failed("make", path, error))?;
    // The umask may have taken from the mode.
    fs::fchmod(&file, PRIVATE).map_err(|error| failed("protect", path, error))?;
    fs::fallocate(&file, FallocateFlags::empty(), 0, SIZE as u64)
        .map_err(|error| failed("allocate", path, error))?;
    write_header(&map(&file, path)?.layout().header);
    match fs::link(&temporary.0, path) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(failed("name", path, error)),
    }
}

/// Removed when its maker is done with it, whatever came of it.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // What cannot be removed stays as a file of about three megabytes that nobody reads.
        let _ = fs::unlink(&self.0);
    }
}

/// Removes the name, if it still means this very file. Whoever removes holds the file's lock, so
/// that of several that saw it stale none removes its successor.
fn remove_stale(path: &Path, file: &OwnedFd, stat: &Stat) -> Result<(), SegmentError> {
    if fs::flock(file, FlockOperation::NonBlockingLockExclusive).is_err() {
        std::thread::yield_now();
        return Ok(());
    }
    match fs::lstat(path) {
        Ok(named) if (named.st_dev, named.st_ino) == (stat.st_dev, stat.st_ino) => {
            fs::unlink(path).map_err(|error| failed("remove", path, error))
        }
        Ok(_) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(failed("look at", path, error)),
    }
}

fn is_of_another_boot(written: u64, now: u64) -> bool {
    written != 0 && now != 0 && written != now
}

/// A hash of this boot's identifier; 0 where there is none to be had.
fn boot() -> u64 {
    let Ok(id) = std::fs::read("/proc/sys/kernel/random/boot_id") else {
        return 0;
    };
    word_at(ring::digest::digest(&ring::digest::SHA256, &id).as_ref(), 0)
}

fn map(file: impl AsFd, path: &Path) -> Result<Mapping, SegmentError> {
    Mapping::of_file(file).map_err(|source| SegmentError::Io {
        action: "map",
        path: path.into(),
        source,
    })
}

fn refused(path: &Path, reason: Refused) -> SegmentError {
    SegmentError::Refused {
        path: path.into(),
        reason,
    }
}

fn failed(action: &'static str, path: &Path, error: Errno) -> SegmentError {
    SegmentError::Io {
        action,
        path: path.into(),
        source: io::Error::from(error),
    }
}

#[cfg(test)]
mod tests;
