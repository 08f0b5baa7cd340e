use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::store::contract::store_contract;

fn record(name: &str) -> Record {
    Record::new(Key::of(&[name.as_bytes()]), "scope", name, "pending", 1)
}

#[test]
fn keeps_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    let number = std::cell::Cell::new(0);
    store_contract(|| {
        number.set(number.get() + 1);
        let path = dir.path().join(format!("{}.sqlite", number.get()));
        Box::new(SqliteStore::open(path).unwrap())
    });
}

#[test]
fn time_is_the_hosts_unless_it_is_frozen() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path().join("s.sqlite")).unwrap();
    let of_sql: i64 = store
        .handle
        .with(|c| c.query_row("SELECT unixepoch() * 1000", [], |row| row.get(0)))
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
        .with(|connection| connection.pragma_update(None, "query_only", true))
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
        .with(|connection| connection.query_row("PRAGMA page_count", [], |row| row.get(0)))
        .unwrap();
    store
        .handle
        .with(|c| {
            c.query_row(
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
        .with(|c| c.busy_timeout(std::time::Duration::ZERO))
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

/// The tables and statements of the release before: its schema is version 1.
mod release_before {
    pub(super) const TABLE: &str = "CREATE TABLE causeway_inbox (
            key TEXT NOT NULL PRIMARY KEY, scope TEXT NOT NULL, label TEXT NOT NULL,
            state TEXT NOT NULL, version INTEGER NOT NULL, due_at_ms INTEGER NOT NULL,
            lease_until_ms INTEGER NOT NULL, token INTEGER NOT NULL, attempts INTEGER NOT NULL,
            checksum TEXT NOT NULL, created_at_ms INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL,
            detail TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE INDEX causeway_inbox_due ON causeway_inbox (state, due_at_ms);
        CREATE TABLE causeway_inbox_payload (
            key TEXT NOT NULL PRIMARY KEY, payload BLOB NOT NULL) STRICT;
        PRAGMA user_version = 1;";
    pub(super) const INSERT: &str = "INSERT INTO causeway_inbox \
        VALUES (?1, 'scope', 'a', 'pending', 1, 1, 0, 0, 0, '', 1, 1, '{}') \
        ON CONFLICT (key) DO NOTHING";
    pub(super) const CLAIM: &str = "UPDATE causeway_inbox SET state = 'claimed', \
        version = version + 1, due_at_ms = 99, lease_until_ms = 99, token = 1, attempts = 1, \
        checksum = '', updated_at_ms = 2, detail = '{}' WHERE key = ?1 AND version = ?2";
    pub(super) const FIND: &str = "SELECT count(*) FROM (SELECT * FROM causeway_inbox \
        WHERE state IN (SELECT value FROM json_each('[\"pending\",\"claimed\"]')) \
        AND due_at_ms <= 99 ORDER BY due_at_ms, key LIMIT 9)";
}

/// During a rolling deploy both releases have the file open: each sees what the other writes, and
/// of two that race on a version one is told that it was not first.
#[test]
fn a_new_release_works_beside_the_one_before() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.sqlite");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.pragma_update(None, "journal_mode", "WAL").unwrap();
    old.execute_batch(release_before::TABLE).unwrap();
    let key = record("of the old one").key.to_string();
    assert_eq!(old.execute(release_before::INSERT, [&key]).unwrap(), 1);
    let new = SqliteStore::open(&path).unwrap();
    let found = new
        .read(Kind::Inbox, &record("of the old one").key)
        .unwrap();
    assert_eq!(found.unwrap().state, "pending");
    assert!(new.insert(Kind::Outbox, &record("its own")).unwrap());
    assert!(new.insert(Kind::Inbox, &record("of the new one")).unwrap());
    let key = record("of the new one").key.to_string();
    assert_eq!(
        old.execute(release_before::INSERT, [&key]).unwrap(),
        0,
        "a duplicate"
    );
    let due: i64 = old
        .query_row(release_before::FIND, [], |row| row.get(0))
        .unwrap();
    assert_eq!(due, 2);
    assert_eq!(old.execute(release_before::CLAIM, (&key, 1)).unwrap(), 1);
    assert!(
        !new.replace(Kind::Inbox, &record("of the new one"), 1)
            .unwrap()
    );
    assert!(
        new.replace(Kind::Inbox, &record("of the new one"), 2)
            .unwrap()
    );
    assert_eq!(old.execute(release_before::CLAIM, (&key, 2)).unwrap(), 0);
    let states = ["pending"];
    let query = Query {
        states: &states,
        scope: Some("scope"),
        limit: 9,
        ..Query::default()
    };
    assert_eq!(new.find(Kind::Inbox, &query).unwrap().len(), 2);
}

/// What a worker asks for.
fn due_in(scope: Option<&str>) -> Query<'_> {
    Query {
        states: &["pending", "claimed"],
        scope,
        due_until_ms: Some(10),
        limit: 2,
        with_payload: true,
        ..Query::default()
    }
}

#[test]
fn no_statement_is_planned_anew_when_it_is_used_again() {
    use rusqlite::StatementStatus;

    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path().join("s.sqlite")).unwrap();
    let with_payload = |name: &str| Record {
        payload: Some(name.as_bytes().to_vec()),
        ..record(name)
    };
    let queries = [Some("scope"), None].map(due_in);
    for name in ["a", "b", "c", "d"] {
        let one = with_payload(name);
        assert!(store.insert(Kind::Inbox, &one).unwrap());
        assert!(store.read(Kind::Inbox, &one.key).unwrap().is_some());
        assert!(store.replace(Kind::Inbox, &one, 1).unwrap());
        for query in &queries {
            assert!(!store.find(Kind::Inbox, query).unwrap().is_empty());
            store
                .count_up_to(Kind::Inbox, query.states, query.scope, 3)
                .unwrap();
        }
        store.purge(Kind::Inbox, &["done"], 5, 1).unwrap();
        store.now_ms().unwrap();
    }
    let sql = rows::sql(Kind::Inbox);
    let mut statements = vec![sql.insert, sql.read, sql.replace, sql.purgeable]
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>();
    for query in &queries {
        statements.push(find::sql(Kind::Inbox, query));
        statements.push(find::count_sql(Kind::Inbox, query.scope));
    }
    for text in statements {
        let planned = store.handle.with(|connection| {
            let statement = connection.prepare_cached(&text)?;
            assert!(statement.get_status(StatementStatus::Run) > 0, "{text}");
            Ok(statement.get_status(StatementStatus::RePrepare))
        });
        assert_eq!(planned.unwrap(), 0, "{text}");
    }
}

#[test]
fn a_source_is_looked_through_by_its_own_index() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path().join("s.sqlite")).unwrap();
    for (scope, index) in [
        (Some("scope"), "causeway_inbox_scope"),
        (None, "causeway_inbox_due"),
    ] {
        let query = due_in(scope);
        for sql in [
            find::sql(Kind::Inbox, &query),
            find::count_sql(Kind::Inbox, scope),
        ] {
            let steps: Vec<String> = store
                .handle
                .with(|connection| {
                    let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
                    plan.raw_query().mapped(|row| row.get(3)).collect()
                })
                .unwrap();
            let searches = steps.iter().filter(|step| step.contains("causeway_inbox "));
            for step in searches {
                assert!(
                    step.starts_with("SEARCH") && step.contains(index),
                    "{sql}: {step}"
                );
            }
            assert!(steps.iter().any(|step| step.contains(index)), "{steps:?}");
        }
    }
}
