use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::store::contract::store_contract;

pub(super) fn record(name: &str) -> Record {
    Record::new(Key::of(&[name.as_bytes()]), "scope", name, "pending", 1)
}

/// The contract, each time in a file that is opened so.
pub(super) fn keeps_the_contract_in(open: fn(&std::path::Path) -> SqliteStore) {
    let dir = tempfile::tempdir().unwrap();
    let number = std::cell::Cell::new(0);
    store_contract(|| {
        number.set(number.get() + 1);
        Box::new(open(&dir.path().join(format!("{}.sqlite", number.get()))))
    });
}

#[test]
fn keeps_the_contract() {
    keeps_the_contract_in(|path| SqliteStore::open(path).unwrap());
}

#[test]
fn time_is_the_hosts_unless_it_is_frozen() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path().join("s.sqlite")).unwrap();
    let of_sql: i64 = store
        .handle
        .with(|rows| {
            rows.connection
                .query_row("SELECT unixepoch() * 1000", [], |row| row.get(0))
        })
        .unwrap();
    let apart_ms = store.now_ms().unwrap() - of_sql;
    assert!(apart_ms.abs() < 5_000, "{apart_ms} ms apart");
    crate::clock::freeze(crate::clock::UnixMs(7_000));
    assert_eq!(store.now_ms().unwrap(), 7_000);
    crate::clock::thaw();
}

#[test]
fn records_outlive_the_handle() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.sqlite");
    SqliteStore::open(&path)
        .unwrap()
        .insert(Kind::Inbox, &record("a"))
        .unwrap();
    let again = SqliteStore::open(&path).unwrap();
    assert!(again.read(Kind::Inbox, &record("a").key).unwrap().is_some());
}

#[test]
fn a_missing_directory_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let error = SqliteStore::open(dir.path().join("none/s.sqlite")).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unavailable);
    let text = error.to_string();
    assert!(text.contains("none' does not exist"), "{text}");
}

#[test]
fn a_directory_and_a_foreign_file_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let error = SqliteStore::open(dir.path()).unwrap_err();
    assert!(error.to_string().contains("it is a directory"), "{error}");
    let path = dir.path().join("notes.txt");
    fs::write(&path, "x".repeat(4096)).unwrap();
    let error = SqliteStore::open(&path).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Corrupt);
    assert!(error.to_string().contains("no SQLite database"), "{error}");
}

#[test]
fn a_read_only_file_is_unavailable_and_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.sqlite");
    let store = SqliteStore::open(&path).unwrap();
    // What a file system mounted read-only answers, without needing one (root may write anything).
    store
        .handle
        .with(|rows| rows.connection.pragma_update(None, "query_only", true))
        .unwrap();
    let error = store.insert(Kind::Inbox, &record("a")).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unavailable);
    assert!(
        error
            .to_string()
            .contains("s.sqlite': it cannot be written"),
        "{error}"
    );
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_full_disk_stores_nothing_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path().join("s.sqlite")).unwrap();
    let pages: i64 = store
        .handle
        .with(|rows| {
            rows.connection
                .query_row("PRAGMA page_count", [], |row| row.get(0))
        })
        .unwrap();
    store
        .handle
        .with(|rows| {
            rows.connection.query_row(
                &format!("PRAGMA max_page_count = {}", pages + 1),
                [],
                |_| Ok(()),
            )
        })
        .unwrap();
    let big = Record {
        payload: Some(vec![7; 100_000]),
        ..record("big")
    };
    let error = store.insert(Kind::Inbox, &big).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Full);
    assert!(error.to_string().contains("the disk is full"), "{error}");
    assert_eq!(
        store.read(Kind::Inbox, &big.key).unwrap(),
        None,
        "no row without its payload"
    );
    let error = store
        .atomically(&mut || store.insert(Kind::Inbox, &big).map(|_| ()))
        .unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Full);
    assert!(
        store.insert(Kind::Inbox, &record("small")).unwrap(),
        "the store works on"
    );
}

#[test]
fn a_writer_that_waits_too_long_hears_busy() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.sqlite");
    let holder = SqliteStore::open(&path).unwrap();
    let other = SqliteStore::open(&path).unwrap();
    other
        .handle
        .with(|rows| rows.connection.busy_timeout(std::time::Duration::ZERO))
        .unwrap();
    holder
        .atomically(&mut || {
            let error = other.insert(Kind::Inbox, &record("a")).unwrap_err();
            assert_eq!(error.kind, StoreErrorKind::Busy);
            assert!(
                other.read(Kind::Inbox, &record("a").key).is_ok(),
                "readers go on"
            );
            Ok(())
        })
        .unwrap();
    assert!(other.insert(Kind::Inbox, &record("a")).unwrap());
}

#[test]
fn closing_before_a_fork_reopens_on_next_use() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path().join("s.sqlite")).unwrap();
    store.insert(Kind::Inbox, &record("a")).unwrap();
    close_all_before_fork();
    assert!(
        !dir.path().join("s.sqlite-wal").exists(),
        "the last close folds the log in"
    );
    assert!(store.read(Kind::Inbox, &record("a").key).unwrap().is_some());
}

#[test]
fn a_fork_inside_a_transaction_rolls_it_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path().join("s.sqlite")).unwrap();
    let error = store
        .atomically(&mut || {
            store.insert(Kind::Inbox, &record("a"))?;
            close_all_before_fork();
            Ok(())
        })
        .unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Misuse);
    assert_eq!(store.read(Kind::Inbox, &record("a").key).unwrap(), None);
    assert!(store.insert(Kind::Inbox, &record("b")).unwrap());
}

#[test]
fn everyone_who_opens_a_new_file_at_once_finds_the_tables() {
    let dir = tempfile::tempdir().unwrap();
    // One file alone is made too quickly for its openers to meet.
    for round in 0..20 {
        let path = dir.path().join(format!("{round}.sqlite"));
        let gate = std::sync::Arc::new(std::sync::Barrier::new(8));
        let threads: Vec<_> = (0..8)
            .map(|number: i32| {
                let (path, gate) = (path.clone(), std::sync::Arc::clone(&gate));
                std::thread::spawn(move || {
                    gate.wait();
                    let store = SqliteStore::open(path).unwrap();
                    store
                        .insert(Kind::Inbox, &record(&number.to_string()))
                        .unwrap()
                })
            })
            .collect();
        assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
    }
}

/// Runs in a child process of the next test, which kills it.
#[test]
#[ignore = "a child process of the test below"]
fn child_that_is_killed_inside_a_transaction() {
    let path = std::env::var_os("CAUSEWAY_TEST_STORE").unwrap();
    let store = SqliteStore::open(path).unwrap();
    store.insert(Kind::Inbox, &record("before")).unwrap();
    crate::testing::failpoint::enable();
    let _ = store.atomically(&mut || {
        store.insert(Kind::Inbox, &record("inside"))?;
        crate::testing::failpoint::hit("test.inside", true)?;
        Ok(())
    });
}

#[test]
fn a_kill_leaves_what_was_committed_and_nothing_of_the_rest() {
    use std::os::unix::process::ExitStatusExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.sqlite");
    let name = "store::sqlite::tests::child_that_is_killed_inside_a_transaction";
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--ignored", "--nocapture"])
        .env("CAUSEWAY_TEST_STORE", &path)
        .env("CAUSEWAY_FAILPOINT", "test.inside:1")
        .output()
        .unwrap();
    assert_eq!(child.status.signal(), Some(9));
    let said = String::from_utf8_lossy(&child.stderr);
    assert!(
        said.contains("causeway: killed at test.inside, holding a claim"),
        "{said}"
    );
    let store = SqliteStore::open(&path).unwrap();
    let is_there = |name| {
        store
            .read(Kind::Inbox, &record(name).key)
            .unwrap()
            .is_some()
    };
    assert!(is_there("before"));
    assert!(!is_there("inside"));
}

#[test]
fn a_kept_file_stays_open_and_a_replaced_one_is_opened_anew() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kept.sqlite");
    let record = Record::new(Key::of(&[b"1"]), "s", "1", "pending", 1);
    {
        let store = SqliteStore::open_kept(&path).unwrap();
        assert!(store.insert(Kind::Inbox, &record).unwrap());
    }
    assert!(
        dir.path().join("kept.sqlite-wal").exists(),
        "closed at the end of its user"
    );
    let again = SqliteStore::open_kept(&path).unwrap();
    assert!(again.read(Kind::Inbox, &record.key).unwrap().is_some());
    drop(again);

    for name in ["kept.sqlite", "kept.sqlite-wal", "kept.sqlite-shm"] {
        std::fs::remove_file(dir.path().join(name)).unwrap();
    }
    let replaced = SqliteStore::open_kept(&path).unwrap();
    assert!(replaced.read(Kind::Inbox, &record.key).unwrap().is_none());
    assert!(path.exists());
}

#[test]
fn the_end_of_a_request_rolls_back_what_it_left_open() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("left.sqlite");
    let store = SqliteStore::open_kept(&path).unwrap();
    let record = Record::new(Key::of(&[b"1"]), "s", "1", "pending", 1);
    // As a fatal error inside an effect does: the guard's destructor never runs.
    std::mem::forget(store.handle.begin().unwrap());
    assert!(store.insert(Kind::Inbox, &record).unwrap());

    super::end_request();

    assert!(store.read(Kind::Inbox, &record.key).unwrap().is_none());
    let other = SqliteStore::open(&path).unwrap();
    assert!(
        other.insert(Kind::Inbox, &record).unwrap(),
        "no lock is left behind"
    );
}

/// Pages of the log's file.
fn log_pages(path: &std::path::Path) -> u64 {
    let log = path.with_extension("sqlite-wal");
    fs::metadata(log).unwrap().len() / 4120
}

/// Written by one alone the log begins anew after a thousand pages; by several that never pause,
/// after some thousands.
#[test]
fn the_log_does_not_grow_without_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.sqlite");
    let store = SqliteStore::open(&path).unwrap();
    let large = |number: usize| Record {
        payload: Some(vec![b'x'; 12_000]),
        ..record(&number.to_string())
    };
    for number in 0..400 {
        assert!(store.insert(Kind::Inbox, &large(number)).unwrap());
    }
    assert!(log_pages(&path) < 1_100, "{} pages", log_pages(&path));
    std::thread::scope(|scope| {
        for thread in 1..5 {
            let path = &path;
            scope.spawn(move || {
                let store = SqliteStore::open(path).unwrap();
                for number in 0..500 {
                    let record = large(thread * 1_000 + number);
                    assert!(store.insert(Kind::Inbox, &record).unwrap());
                }
            });
        }
    });
    assert!(log_pages(&path) < 8_500, "{} pages", log_pages(&path));
}
