use super::Layout;
use crate::store::sqlite::tests::{keeps_the_contract_in, record};
use crate::store::sqlite::{SqliteStore, find, statements};
use crate::store::{Kind, Query, Record, Store};

/// A file of the release before, with all its tables.
fn by_key(path: &std::path::Path) -> SqliteStore {
    let old = rusqlite::Connection::open(path).unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    drop(old);
    let store = SqliteStore::open(path).unwrap();
    let layout = store.handle.with(|rows| Ok(rows.layout)).unwrap();
    assert_eq!(layout, Layout::ByKey);
    store
}

#[test]
fn keeps_the_contract_in_a_file_of_the_release_before() {
    keeps_the_contract_in(by_key);
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
    let sql = statements::sql(Layout::ById, Kind::Inbox);
    let mut statements = vec![sql.insert, sql.read, sql.replace, sql.purgeable]
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>();
    for query in &queries {
        statements.push(find::sql(Layout::ById, Kind::Inbox, query));
        statements.push(find::count_sql(Kind::Inbox, query.scope));
    }
    for text in statements {
        let planned = store.handle.with(|rows| {
            let statement = rows.connection.prepare_cached(&text)?;
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
            find::sql(Layout::ById, Kind::Inbox, &query),
            find::count_sql(Kind::Inbox, scope),
        ] {
            let steps: Vec<String> = store
                .handle
                .with(|rows| {
                    let mut plan = rows
                        .connection
                        .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
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
