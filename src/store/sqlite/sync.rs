//! When a commit is on disk: one `fdatasync` of the WAL for the commits of many processes.
//!
//! SQLite's `synchronous=FULL` syncs the WAL inside each commit, while it holds the one lock of all
//! writers: no more transactions a second than the disk has syncs. So the store commits with
//! `NORMAL`, which writes the same frames in the same order, and then waits here, with the lock
//! given back, until a sync that began after its commit has ended. Whoever gets the lock of the
//! sidecar file leads: its sync covers every commit that was written before it began, and those
//! who waited meanwhile find that and go on. Nothing is answered before it is on disk; a crash in
//! between leaves less than `FULL` would have left only of what was not answered.
//!
//! Those who insert together (`group.rs`) have a leader, who holds the lock of the WAL itself.
//!
//! The sidecar (`<file>-sync`) names the WAL that its numbers are about, by device and inode, and
//! holds the number of the last sync that began, its complement (it is read without the lock), and
//! of the last one that ended; one more word says how long the WAL was when it was last folded in.
//! It may be lost or torn at any time: then somebody syncs once more.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, fdatasync, flock};
use rustix::io::Errno;

/// Device, inode, begun, its complement, ended: five words.
const WORDS: usize = 5;
const BYTES: usize = WORDS * 8;
/// Where one more word stands (`log.rs`): which WAL, and its pages.
const FOLDED_AT: u64 = BYTES as u64;

/// What the sidecar says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Numbers {
    /// Syncs of this WAL that began.
    begun: u64,
    /// The last of them that ended.
    ended: u64,
}

/// The WAL of an open store, and the file beside it that its writers meet at.
#[derive(Debug)]
pub(super) struct GroupSync {
    wal: File,
    wal_id: (u64, u64),
    sidecar: File,
}

impl GroupSync {
    /// For a store that is open in WAL mode, whose WAL therefore stays where it is. The WAL has no
    /// POSIX locks that closing this further descriptor could drop.
    pub(super) fn open(store: &Path) -> io::Result<Self> {
        let wal = OpenOptions::new()
            .read(true)
            .write(true)
            .open(beside(store, "-wal"))?;
        let found = wal.metadata()?;
        let sidecar = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(beside(store, "-sync"))?;
        if sidecar.metadata()?.len() == 0 {
            share_as(&sidecar, &found)?;
        }
        Ok(Self {
            wal,
            wal_id: (found.dev(), found.ino()),
            sidecar,
        })
    }

    /// Returns once everything that this process committed before is on disk.
    pub(super) fn wait(&self) -> io::Result<()> {
        let begun = self.numbers()?.map(|numbers| numbers.begun);
        flock(&self.sidecar, FlockOperation::LockExclusive)?;
        let synced = self.lead(begun);
        let unlocked = flock(&self.sidecar, FlockOperation::Unlock);
        synced?;
        Ok(unlocked?)
    }

    /// The number of the last sync that began.
    #[cfg(test)]
    pub(super) fn begun(&self) -> u64 {
        let numbers = self.numbers().ok().flatten();
        numbers.map_or(0, |numbers| numbers.begun)
    }

    /// The lock of those who insert together (`group.rs`), if nobody has it. It is the WAL's: those
    /// who only wait for the disk must not stand in its way.
    pub(super) fn try_lead(&self) -> io::Result<Option<Lead<'_>>> {
        match flock(&self.wal, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Lead { sync: self })),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// How many pages the WAL had when it was last folded in, since it last began anew; 0 where that
    /// is not known.
    pub(super) fn folded_at(&self) -> u32 {
        let mut word = [0; 8];
        let read = self.sidecar.read_exact_at(&mut word, FOLDED_AT);
        let [a, b, c, d, pages @ ..] = word;
        match (read, self.generation()) {
            (Ok(()), Ok(now)) if now == [a, b, c, d] => u32::from_ne_bytes(pages),
            (Ok(()) | Err(_), Ok(_) | Err(_)) => 0,
        }
    }

    /// Notes it. That it could not be noted costs a fold too many.
    pub(super) fn note_folded_at(&self, pages: u32) {
        if let Ok([a, b, c, d]) = self.generation() {
            let [e, f, g, h] = pages.to_ne_bytes();
            let word = [a, b, c, d, e, f, g, h];
            let _ = self.sidecar.write_all_at(&word, FOLDED_AT);
        }
    }

    /// What changes in the WAL's header each time it begins anew: its first salt
    /// (<https://www.sqlite.org/fileformat2.html#walformat>).
    fn generation(&self) -> io::Result<[u8; 4]> {
        let mut salt = [0; 4];
        self.wal.read_exact_at(&mut salt, 16)?;
        Ok(salt)
    }

    /// With the lock: syncs, unless a sync that began after `begun` has ended meanwhile.
    fn lead(&self, begun: Option<u64>) -> io::Result<()> {
        let known = self.numbers()?;
        if let (Some(begun), Some(known)) = (begun, known)
            && known.ended > begun
        {
            return Ok(());
        }
        let number = known.map_or(1, |known| known.begun.max(known.ended).saturating_add(1));
        let ended = known.map_or(0, |known| known.ended);
        self.tell(Numbers {
            begun: number,
            ended,
        })?;
        fdatasync(&self.wal)?;
        self.tell(Numbers {
            begun: number,
            ended: number,
        })
    }

    /// What the sidecar says about this WAL; `None` where it says nothing that can be trusted.
    fn numbers(&self) -> io::Result<Option<Numbers>> {
        let mut bytes = [0; BYTES];
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.sidecar.read_at(rest, filled as u64) {
                Ok(0) => return Ok(None),
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(understood(&bytes, self.wal_id))
    }

    fn tell(&self, numbers: Numbers) -> io::Result<()> {
        self.sidecar.write_all_at(&written(numbers, self.wal_id), 0)
    }
}

/// The lock of a leader, which is given back when this is dropped.
#[derive(Debug)]
pub(super) struct Lead<'a> {
    sync: &'a GroupSync,
}

impl Lead<'_> {
    /// Returns once everything that this process committed before is on disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.sync.wait()
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        // Fails for a descriptor that is none, and this one is.
        let _ = flock(&self.sync.wal, FlockOperation::Unlock);
    }
}

/// Gives a new sidecar the WAL's mode and, where root made it, the WAL's owner, as SQLite does with
/// its own files: who may write the store must be able to meet here.
fn share_as(sidecar: &File, wal: &Metadata) -> io::Result<()> {
    if rustix::process::geteuid().is_root() {
        fchown(sidecar, Some(wal.uid()), Some(wal.gid()))?;
    }
    sidecar.set_permissions(Permissions::from_mode(wal.mode() & 0o666))
}

fn beside(store: &Path, suffix: &str) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn written(numbers: Numbers, (device, inode): (u64, u64)) -> [u8; BYTES] {
    let words = [device, inode, numbers.begun, !numbers.begun, numbers.ended];
    let mut bytes = [0; BYTES];
    for (place, word) in bytes.chunks_exact_mut(8).zip(words) {
        place.copy_from_slice(&word.to_ne_bytes());
    }
    bytes
}

fn understood(bytes: &[u8; BYTES], wal_id: (u64, u64)) -> Option<Numbers> {
    let mut words = [0; WORDS];
    for (word, place) in words.iter_mut().zip(bytes.chunks_exact(8)) {
        *word = u64::from_ne_bytes(place.try_into().ok()?);
    }
    let [device, inode, begun, complement, ended] = words;
    let is_whole = (device, inode) == wal_id && begun == !complement && ended <= begun;
    is_whole.then_some(Numbers { begun, ended })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store.sqlite");
        std::fs::write(beside(&path, "-wal"), b"frames").unwrap();
        (dir, path)
    }

    fn of(begun: u64, ended: u64) -> Option<Numbers> {
        Some(Numbers { begun, ended })
    }

    #[test]
    fn a_sync_that_began_before_the_commit_is_not_enough() {
        let (_dir, path) = store();
        let sync = GroupSync::open(&path).unwrap();
        sync.wait().unwrap();
        assert_eq!(sync.numbers().unwrap(), of(1, 1));
        // Number 2 began before this commit and ended while it waited: it syncs itself.
        sync.tell(Numbers { begun: 2, ended: 2 }).unwrap();
        sync.lead(Some(2)).unwrap();
        assert_eq!(sync.numbers().unwrap(), of(3, 3));
        // Number 3 began after this one.
        sync.lead(Some(2)).unwrap();
        assert_eq!(sync.numbers().unwrap(), of(3, 3));
    }

    #[test]
    fn whoever_may_write_the_wal_may_meet_at_the_sidecar() {
        let (_dir, path) = store();
        let wal = beside(&path, "-wal");
        std::fs::set_permissions(&wal, Permissions::from_mode(0o660)).unwrap();
        GroupSync::open(&path).unwrap();
        let (wal, sidecar) = (
            std::fs::metadata(&wal).unwrap(),
            std::fs::metadata(beside(&path, "-sync")).unwrap(),
        );
        assert_eq!(sidecar.mode() & 0o777, 0o660);
        assert_eq!((sidecar.uid(), sidecar.gid()), (wal.uid(), wal.gid()));
    }

    #[test]
    fn a_leader_that_died_is_no_sync() {
        let (_dir, path) = store();
        let sync = GroupSync::open(&path).unwrap();
        sync.tell(Numbers { begun: 7, ended: 5 }).unwrap();
        sync.lead(Some(6)).unwrap();
        assert_eq!(sync.numbers().unwrap(), of(8, 8));
    }

    #[test]
    fn numbers_of_another_wal_and_torn_ones_say_nothing() {
        let (_dir, path) = store();
        let sync = GroupSync::open(&path).unwrap();
        let id = sync.wal_id;
        let good = written(Numbers { begun: 4, ended: 3 }, id);
        assert_eq!(understood(&good, id), of(4, 3));
        assert_eq!(understood(&good, (id.0, id.1 + 1)), None);
        for at in 0..BYTES - 8 {
            let mut torn = good;
            if let Some(byte) = torn.get_mut(at) {
                *byte ^= 1;
            }
            assert_eq!(understood(&torn, id), None, "at {at}");
        }
        std::fs::write(beside(&path, "-sync"), b"short").unwrap();
        assert_eq!(sync.numbers().unwrap(), None);
        sync.wait().unwrap();
        assert_eq!(sync.numbers().unwrap(), of(1, 1));
    }
}
