//! What every store promises, as a test that each store runs with a frozen clock.
//!
//! A store that another language implements is held to the same list by its own tests.

use super::{Key, Kind, Query, Record, Store, StoreError, StoreErrorKind, atomically};
use crate::clock::{self, UnixMs};

const NOW_MS: i64 = 1_700_000_000_000;

/// Runs the whole contract; `make` gives an empty store each time.
pub(crate) fn store_contract(make: impl Fn() -> Box<dyn Store>) {
    clock::freeze(UnixMs(NOW_MS));
    let checks: [fn(&dyn Store); 13] = [
        inserts_once_and_reads_back,
        replaces_only_the_version_it_names,
        finds_what_is_due_oldest_first,
        reads_payloads_only_when_asked,
        walks_on_behind_a_record,
        counts_up_to_a_bound,
        counts_by_scope_and_state,
        deletes_and_purges,
        erases_payloads_and_keeps_the_rows,
        replaces_what_it_finds,
        keys_scopes_and_states_compare_by_bytes,
        an_error_rolls_everything_back,
        nesting_joins,
    ];
    for check in checks {
        check(make().as_ref());
    }
    clock::thaw();
}

fn record(name: &str, state: &str) -> Record {
    Record::new(Key::of(&[name.as_bytes()]), "scope", name, state, NOW_MS)
}

fn inserts_once_and_reads_back(store: &dyn Store) {
    assert_eq!(store.now_ms().unwrap(), NOW_MS);
    let payload = b"\x00\xff bytes".to_vec();
    let first = Record {
        version: 7,
        lease_until_ms: 3,
        token: 4,
        attempts: 5,
        checksum: "c".to_owned(),
        detail: "{\"a\":\"\u{e9}\"}".to_owned(),
        payload: Some(payload.clone()),
        ..record("a", "pending")
    };
    assert!(store.insert(Kind::Inbox, &first).unwrap());
    let second = Record {
        payload: Some(b"other".to_vec()),
        ..record("a", "done")
    };
    assert!(
        !store.insert(Kind::Inbox, &second).unwrap(),
        "the key is taken"
    );
    let read = store.read(Kind::Inbox, &first.key).unwrap().unwrap();
    assert_eq!(
        read,
        Record {
            version: 1,
            ..first.clone()
        }
    );
    assert_eq!(
        store.read(Kind::Outbox, &first.key).unwrap(),
        None,
        "kinds are apart"
    );
    let none = record("none", "pending");
    assert!(store.insert(Kind::Inbox, &none).unwrap());
    assert_eq!(store.read(Kind::Inbox, &none.key).unwrap(), Some(none));
}

fn replaces_only_the_version_it_names(store: &dyn Store) {
    let first = Record {
        payload: Some(b"one".to_vec()),
        ..record("a", "pending")
    };
    store.insert(Kind::Snapshot, &first).unwrap();
    let next = Record {
        state: "done".to_owned(),
        scope: "elsewhere".to_owned(),
        label: "other".to_owned(),
        created_at_ms: 0,
        updated_at_ms: NOW_MS + 9,
        payload: None,
        ..first.clone()
    };
    assert!(!store.replace(Kind::Snapshot, &next, 2).unwrap());
    assert!(store.replace(Kind::Snapshot, &next, 1).unwrap());
    assert!(
        !store.replace(Kind::Snapshot, &next, 1).unwrap(),
        "the version moved on"
    );
    let read = store.read(Kind::Snapshot, &first.key).unwrap().unwrap();
    let expected = Record {
        version: 2,
        state: "done".to_owned(),
        updated_at_ms: NOW_MS + 9,
        ..first.clone()
    };
    assert_eq!(read, expected, "scope, label, creation and payload stay");
    let empty = Record {
        payload: Some(Vec::new()),
        ..read
    };
    assert!(store.replace(Kind::Snapshot, &empty, 2).unwrap());
    let read = store.read(Kind::Snapshot, &first.key).unwrap().unwrap();
    assert_eq!(
        read.payload,
        Some(Vec::new()),
        "an empty payload is a payload"
    );
    assert!(
        !store
            .replace(Kind::Snapshot, &record("absent", "x"), 1)
            .unwrap()
    );
}

fn labels(store: &dyn Store, query: Query<'_>) -> Vec<String> {
    store
        .find(Kind::Inbox, &query)
        .unwrap()
        .into_iter()
        .map(|found| found.label)
        .collect()
}

fn finds_what_is_due_oldest_first(store: &dyn Store) {
    for (name, state, due_in_ms) in [
        ("late", "pending", 1),
        ("now", "pending", 0),
        ("old", "claimed", -5),
        ("done", "done", -9),
    ] {
        let due = Record {
            due_at_ms: NOW_MS + due_in_ms,
            payload: Some(vec![1]),
            ..record(name, state)
        };
        store.insert(Kind::Inbox, &due).unwrap();
    }
    let states = ["pending", "claimed"];
    let all = Query {
        states: &states,
        limit: 9,
        ..Query::default()
    };
    assert_eq!(labels(store, all), ["old", "now", "late"]);
    assert_eq!(
        labels(
            store,
            Query {
                due_until_ms: Some(NOW_MS),
                ..all
            }
        ),
        ["old", "now"]
    );
    let span = Query {
        after: Some((NOW_MS - 1, Key::LAST)),
        due_until_ms: Some(NOW_MS),
        ..all
    };
    assert_eq!(labels(store, span), ["now"]);
    assert_eq!(labels(store, Query { limit: 1, ..all }), ["old"]);
    for (scope, expected) in [(Some("scope"), 3), (Some("other"), 0)] {
        assert_eq!(labels(store, Query { scope, ..all }).len(), expected);
    }
    assert_eq!(labels(store, Query { states: &[], ..all }).len(), 0);
}

fn reads_payloads_only_when_asked(store: &dyn Store) {
    let row = Record {
        payload: Some(vec![1]),
        ..record("a", "pending")
    };
    store.insert(Kind::Inbox, &row).unwrap();
    let all = Query {
        states: &["pending"],
        limit: 9,
        ..Query::default()
    };
    assert_eq!(store.find(Kind::Inbox, &all).unwrap()[0].payload, None);
    let with_payload = Query {
        with_payload: true,
        ..all
    };
    let found = store.find(Kind::Inbox, &with_payload).unwrap();
    assert_eq!(found[0].payload, Some(vec![1]));
}

fn walks_on_behind_a_record(store: &dyn Store) {
    for number in 0..7 {
        let (due_in_ms, state) = (number / 3, ["pending", "dead"][number as usize % 2]);
        let due = Record {
            due_at_ms: NOW_MS + due_in_ms,
            scope: if number == 6 { "other" } else { "scope" }.to_owned(),
            ..record(&number.to_string(), state)
        };
        store.insert(Kind::Inbox, &due).unwrap();
    }
    for states in [&["pending"][..], &["dead", "pending"]] {
        let mut query = Query {
            states,
            scope: Some("scope"),
            limit: 99,
            ..Query::default()
        };
        let all = store.find(Kind::Inbox, &query).unwrap();
        query.limit = 2;
        let mut walked = Vec::new();
        loop {
            let chunk = store.find(Kind::Inbox, &query).unwrap();
            let Some(last) = chunk.last() else { break };
            query.after = Some((last.due_at_ms, last.key));
            walked.extend(chunk);
        }
        assert_eq!(walked, all, "each once, in order");
    }
}

fn counts_up_to_a_bound(store: &dyn Store) {
    for (name, state) in [("a", "pending"), ("b", "pending"), ("c", "claimed")] {
        store.insert(Kind::Inbox, &record(name, state)).unwrap();
    }
    for (states, scope, at_most, expected) in [
        (&["pending"][..], None, 9, 2),
        (&["pending", "claimed"], Some("scope"), 9, 3),
        (&["pending", "claimed"], None, 2, 2),
        (&["pending"], Some("other"), 9, 0),
        (&[], None, 9, 0),
        (&["pending"], None, 0, 0),
    ] {
        let counted = store.count_up_to(Kind::Inbox, states, scope, at_most);
        assert_eq!(counted.unwrap(), expected, "{states:?} {scope:?} {at_most}");
    }
}

fn counts_by_scope_and_state(store: &dyn Store) {
    assert_eq!(store.counts(Kind::Inbox).unwrap(), []);
    for (name, scope, state, due_at_ms) in [
        ("1", "b", "done", 5),
        ("2", "a", "pending", 7),
        ("3", "a", "pending", 6),
    ] {
        let due = Record {
            scope: scope.to_owned(),
            due_at_ms,
            ..record(name, state)
        };
        store.insert(Kind::Inbox, &due).unwrap();
    }
    let counts = store.counts(Kind::Inbox).unwrap();
    let rows: Vec<_> = counts
        .iter()
        .map(|row| {
            (
                row.scope.as_str(),
                row.state.as_str(),
                row.count,
                row.oldest_due_at_ms,
            )
        })
        .collect();
    assert_eq!(rows, [("a", "pending", 2, 6), ("b", "done", 1, 5)]);
}

fn deletes_and_purges(store: &dyn Store) {
    for (name, state, due_at_ms) in [
        ("1", "done", 10),
        ("2", "done", 11),
        ("3", "done", 12),
        ("4", "dead", 1),
        ("5", "done", 9),
    ] {
        let old = Record {
            due_at_ms,
            payload: Some(vec![1]),
            ..record(name, state)
        };
        store.insert(Kind::Inbox, &old).unwrap();
    }
    let key = Key::of(&[b"5"]);
    assert!(store.delete(Kind::Inbox, &key).unwrap());
    assert!(!store.delete(Kind::Inbox, &key).unwrap());
    assert_eq!(store.read(Kind::Inbox, &key).unwrap(), None);
    assert_eq!(store.purge(Kind::Inbox, &["done"], 12, 1).unwrap(), 1);
    assert_eq!(store.purge(Kind::Inbox, &["done"], 12, 9).unwrap(), 1);
    assert_eq!(store.purge(Kind::Inbox, &["done"], 12, 9).unwrap(), 0);
    let left = Query {
        states: &["done", "dead"],
        limit: 9,
        ..Query::default()
    };
    assert_eq!(store.find(Kind::Inbox, &left).unwrap().len(), 2);
    // A payload that stayed behind would come back with a new record of the same key.
    assert!(store.insert(Kind::Inbox, &record("5", "done")).unwrap());
    assert_eq!(
        store.read(Kind::Inbox, &key).unwrap().unwrap().payload,
        None
    );
}

fn erases_payloads_and_keeps_the_rows(store: &dyn Store) {
    for name in ["1", "2", "3"] {
        let row = Record {
            payload: (name != "2").then(|| vec![1]),
            ..record(name, "done")
        };
        store.insert(Kind::Inbox, &row).unwrap();
    }
    let keys = [Key::of(&[b"1"]), Key::of(&[b"2"]), Key::of(&[b"none"])];
    assert_eq!(store.erase(Kind::Inbox, &keys).unwrap(), 1);
    assert_eq!(store.erase(Kind::Inbox, &keys).unwrap(), 0);
    assert_eq!(store.erase(Kind::Inbox, &[]).unwrap(), 0);
    let payload = |name: &str| {
        let read = store.read(Kind::Inbox, &Key::of(&[name.as_bytes()]));
        read.unwrap().unwrap().payload
    };
    assert_eq!((payload("1"), payload("3")), (None, Some(vec![1])));
}

fn replaces_what_it_finds(store: &dyn Store) {
    for (name, due_in_ms) in [("a", -3), ("b", -2), ("c", -1), ("later", 9)] {
        let row = Record {
            due_at_ms: NOW_MS + due_in_ms,
            payload: Some(name.into()),
            ..record(name, "pending")
        };
        store.insert(Kind::Inbox, &row).unwrap();
    }
    let due = Query {
        states: &["pending"],
        due_until_ms: Some(NOW_MS),
        limit: 9,
        with_payload: true,
        ..Query::default()
    };
    let mut claim = |found: &Record| {
        (found.label != "b").then(|| Record {
            state: "claimed".to_owned(),
            token: 1,
            payload: None,
            ..found.clone()
        })
    };
    let replaced = store.replace_found(Kind::Inbox, &due, &mut claim).unwrap();
    let names: Vec<_> = replaced
        .iter()
        .map(|(found, next)| {
            let payload = found.payload.as_deref();
            (found.label.as_str(), payload, next.state.as_str())
        })
        .collect();
    let claimed = [
        ("a", Some(&b"a"[..]), "claimed"),
        ("c", Some(&b"c"[..]), "claimed"),
    ];
    assert_eq!(names, claimed);
    let read = store.read(Kind::Inbox, &Key::of(&[b"a"])).unwrap().unwrap();
    assert_eq!(
        (read.state.as_str(), read.version, read.payload.as_deref()),
        ("claimed", 2, Some(&b"a"[..]))
    );
    assert_eq!(labels(store, due), ["b"]);
}

fn keys_scopes_and_states_compare_by_bytes(store: &dyn Store) {
    for name in ["evt", "EVT", "evt "] {
        let row = Record {
            scope: name.to_owned(),
            ..record(name, name)
        };
        assert!(store.insert(Kind::Inbox, &row).unwrap());
    }
    let by_state = Query {
        states: &["evt"],
        limit: 9,
        ..Query::default()
    };
    assert_eq!(labels(store, by_state), ["evt"]);
    let by_scope = Query {
        states: &["evt", "EVT", "evt "],
        scope: Some("EVT"),
        ..by_state
    };
    assert_eq!(labels(store, by_scope), ["EVT"]);
}

fn an_error_rolls_everything_back(store: &dyn Store) {
    let kept = Record {
        payload: Some(b"1".to_vec()),
        ..record("kept", "pending")
    };
    store.insert(Kind::Inbox, &kept).unwrap();
    let failed = atomically(store, || -> Result<(), StoreError> {
        assert!(
            store
                .insert(Kind::Inbox, &record("new", "pending"))
                .unwrap()
        );
        assert!(
            store
                .insert(Kind::Cursor, &record("new", "pending"))
                .unwrap()
        );
        let next = Record {
            payload: Some(b"2".to_vec()),
            ..kept.clone()
        };
        assert!(store.replace(Kind::Inbox, &next, 1).unwrap());
        Err(StoreError::lost_race())
    });
    assert_eq!(failed.unwrap_err().kind, StoreErrorKind::LostRace);
    assert_eq!(store.read(Kind::Inbox, &Key::of(&[b"new"])).unwrap(), None);
    assert_eq!(store.read(Kind::Cursor, &Key::of(&[b"new"])).unwrap(), None);
    assert_eq!(
        store.read(Kind::Inbox, &kept.key).unwrap(),
        Some(kept.clone())
    );
    let done = atomically(store, || store.insert(Kind::Inbox, &record("new", "done")));
    assert!(done.unwrap());
    assert!(
        store
            .read(Kind::Inbox, &Key::of(&[b"new"]))
            .unwrap()
            .is_some()
    );
}

fn nesting_joins(store: &dyn Store) {
    let swallowed = atomically(store, || {
        store.insert(Kind::Inbox, &record("outer", "pending"))?;
        let inner = atomically(store, || -> Result<(), StoreError> {
            store.insert(Kind::Inbox, &record("inner", "pending"))?;
            Err(StoreError::lost_race())
        });
        assert!(inner.is_err());
        Ok(())
    });
    assert!(swallowed.is_err(), "an inner failure cannot be half undone");
    assert_eq!(store.counts(Kind::Inbox).unwrap(), []);
    atomically(store, || {
        store.insert(Kind::Inbox, &record("outer", "pending"))?;
        atomically(store, || {
            store.insert(Kind::Inbox, &record("inner", "pending"))
        })
    })
    .unwrap();
    assert_eq!(store.counts(Kind::Inbox).unwrap()[0].count, 2);
}
