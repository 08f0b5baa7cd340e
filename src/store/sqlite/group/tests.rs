use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::store::Store;
use crate::store::sqlite::{SqliteStore, sync::GroupSync};

/// A file that somebody keeps open, and with it its WAL and what the sidecar says about that.
struct File {
    _dir: tempfile::TempDir,
    path: PathBuf,
    store: SqliteStore,
}

fn file() -> File {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.sqlite");
    let store = SqliteStore::open(&path).unwrap();
    File {
        _dir: dir,
        path,
        store,
    }
}

fn record(name: &str) -> Record {
    Record {
        payload: Some(name.as_bytes().to_vec()),
        ..crate::store::sqlite::tests::record(name)
    }
}

fn insert(path: &Path, name: &str) -> Result<bool, StoreError> {
    SqliteStore::open(path)
        .unwrap()
        .insert(Kind::Inbox, &record(name))
}

/// How many posts there are about this file.
fn waiting(path: &Path) -> usize {
    let store = SqliteStore::open(path).unwrap();
    let waiting = |opened: &Opened| Ok(opened.group.as_ref().unwrap().waiting());
    store.handle.with_opened(waiting).unwrap()
}

fn wait_until(condition: impl Fn() -> bool) {
    let until = clock::running().saturating_add(Duration::from_secs(20));
    while !condition() {
        assert!(clock::running() < until, "it does not come to that");
        std::thread::yield_now();
    }
}

/// Inserts these from threads of their own while somebody else leads, who ends once all of them
/// are posted; what each was told.
fn insert_together(path: &Path, names: &[&str], arm: impl Fn() + Sync) -> Vec<Option<bool>> {
    let other = GroupSync::open(path).unwrap();
    let lead = other.try_lead().unwrap().unwrap();
    let arm = &arm;
    std::thread::scope(|scope| {
        let threads: Vec<_> = names
            .iter()
            .map(|name| {
                scope.spawn(move || {
                    arm();
                    insert(path, name).ok()
                })
            })
            .collect();
        wait_until(|| waiting(path) == names.len());
        drop(lead);
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}

/// Numbers of syncs so far.
fn syncs(path: &Path) -> u64 {
    GroupSync::open(path).unwrap().begun()
}

#[test]
fn those_who_wait_are_inserted_together_with_one_sync() {
    let File { path, store, _dir } = file();
    insert(&path, "there before").unwrap();
    let before = syncs(&path);
    let names = ["a", "b", "there before", "c"];
    let told = insert_together(&path, &names, || {});
    assert_eq!(told, [Some(true), Some(true), Some(false), Some(true)]);
    assert_eq!(syncs(&path) - before, 1);
    for name in names {
        let found = store.read(Kind::Inbox, &record(name).key).unwrap();
        assert_eq!(found, Some(record(name)));
    }
}

#[test]
fn of_two_that_insert_the_same_one_is_first() {
    let File {
        path,
        store: _kept,
        _dir,
    } = file();
    let mut told = insert_together(&path, &["a", "a", "a"], || {});
    told.sort_unstable();
    assert_eq!(told, [Some(false), Some(false), Some(true)]);
}

#[test]
fn what_is_too_long_for_a_post_goes_alone() {
    let File { path, store, _dir } = file();
    let long = Record {
        payload: Some(vec![b'x'; POST_MAX_BYTES]),
        ..record("long")
    };
    let other = GroupSync::open(&path).unwrap();
    let lead = other.try_lead().unwrap().unwrap();
    let group = store
        .handle
        .with_opened(|opened| Ok(opened.group.clone().unwrap()))
        .unwrap();
    assert_eq!(
        super::insert(&store.handle, Kind::Inbox, &long).unwrap(),
        None
    );
    assert_eq!(group.waiting(), 0);
    drop(lead);
    assert!(store.insert(Kind::Inbox, &long).unwrap());
}

/// Whoever leads stops at the point, as a failed disk or a kill stops it: the others go on by
/// themselves, and nothing is there twice.
#[test]
fn a_leader_that_fails_takes_nobody_with_it() {
    for point in ["store.after_group_commit", "store.after_group_sync"] {
        let File { path, store, _dir } = file();
        let names = ["a", "b", "c"];
        // Each thread is armed; the first that leads fails, and with it its turn as a leader.
        let told = insert_together(&path, &names, || failpoint::arm_to_stop(point, 1));
        for name in names {
            let found = store.read(Kind::Inbox, &record(name).key).unwrap();
            assert_eq!(found, Some(record(name)), "{point}");
        }
        // What was committed and not answered is found to be there: never told to be new twice.
        assert!(
            told.iter().all(|told| *told != Some(true)),
            "{point}: {told:?}"
        );
    }
}

#[test]
fn racing_threads_insert_each_key_once() {
    const THREADS: usize = 8;
    const KEYS: usize = 40;
    let File {
        path,
        store: _kept,
        _dir,
    } = file();
    let inserted: Vec<AtomicUsize> = (0..KEYS).map(|_| AtomicUsize::new(0)).collect();
    let barrier = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (path, inserted, barrier) = (&path, &inserted, &barrier);
            scope.spawn(move || {
                let store = SqliteStore::open(path).unwrap();
                barrier.wait();
                for step in 0..KEYS {
                    let number = (step + thread) % KEYS;
                    let record = record(&number.to_string());
                    if store.insert(Kind::Inbox, &record).unwrap() {
                        inserted[number].fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    assert!(
        inserted
            .iter()
            .all(|times| times.load(Ordering::SeqCst) == 1)
    );
    assert_eq!(waiting(&path), 0);
}
