use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::*;
use crate::clock::{self, UnixMs};
use crate::http::{Answer, CallError, Request};
use crate::snapshot::testing::{NOW_MS, answer, call_error, contacts, list_of};
use crate::store::{MemoryStore, Query, Store};

/// A list of so many items, by pages of a cursor that is the next item's number.
struct List {
    items: u32,
    asked: RefCell<Vec<Request>>,
    pauses_at: Cell<Option<usize>>,
}

impl List {
    fn of(items: u32) -> Self {
        Self {
            items,
            asked: RefCell::default(),
            pauses_at: Cell::new(None),
        }
    }
}

impl Fetch for List {
    fn fetch(&self, request: &Request) -> Result<Answer, CallError> {
        if self.pauses_at.get() == Some(self.asked.borrow().len()) {
            return Err(call_error(CallErrorKind::Paused));
        }
        self.asked.borrow_mut().push(request.clone());
        clock::advance(Duration::from_millis(1));
        let query: BTreeMap<_, _> = request.query.iter().cloned().collect();
        let from: u32 = query
            .get("cursor")
            .map_or(0, |cursor| cursor.parse().unwrap());
        let until = (from + query["limit"].parse::<u32>().unwrap()).min(self.items);
        let items: Vec<_> = (from..until)
            .map(|n| serde_json::json!({"id": n, "price": 10 * n}))
            .collect();
        let next = (until < self.items).then(|| until.to_string());
        let body = serde_json::json!({"items": items, "next_cursor": next, "total": self.items});
        Ok(answer(200, &body.to_string()))
    }
}

fn options(page_size: u32, chunk: u32) -> BackfillOptions {
    BackfillOptions {
        list: list_of(page_size),
        chunk,
        lease: Duration::from_secs(10),
    }
}

fn backfill(chunk: u32) -> (Rc<MemoryStore>, Rc<Snapshots>, Backfill) {
    let (store, snapshots) = contacts();
    let backfill = Backfill::new(snapshots.clone(), "contact", options(2, chunk)).unwrap();
    (store, snapshots, backfill)
}

/// Every row's label and version.
fn rows(store: &MemoryStore) -> BTreeMap<String, i64> {
    let query = Query {
        states: &["current", "owed"],
        limit: 99_999,
        ..Query::default()
    };
    let rows = store.find(Kind::Snapshot, &query).unwrap();
    rows.into_iter()
        .map(|row| (row.label, row.version))
        .collect()
}

fn all_once(items: u32) -> BTreeMap<String, i64> {
    (0..items).map(|n| (n.to_string(), 1)).collect()
}

#[test]
fn a_walk_writes_every_row_once_in_chunks_of_whole_pages() {
    let (store, snapshots, backfill) = backfill(3);
    let list = List::of(9);
    let told = RefCell::new(Vec::new());
    let mut tell = |rows, total| {
        told.borrow_mut().push((rows, total));
        Ok(())
    };
    let report = backfill.run(&list, Some(&mut tell), None).unwrap();
    assert_eq!(
        report,
        BackfillReport {
            rows: 9,
            chunks: 3,
            is_done: true
        }
    );
    assert_eq!(*told.borrow(), [(4, Some(9)), (8, Some(9)), (9, Some(9))]);
    assert_eq!(rows(&store), all_once(9));
    let snapshot = snapshots.peek("contact", "7").unwrap().unwrap();
    assert_eq!(
        (snapshot.data(), snapshot.cause()),
        (&br#"{"id":7,"price":70}"#[..], "backfill")
    );
    assert_eq!(
        list.asked.borrow()[1].query[1],
        ("cursor".to_owned(), "2".to_owned())
    );
    let again = backfill.run(&list, None, None).unwrap();
    assert_eq!(
        again,
        BackfillReport {
            rows: 0,
            chunks: 0,
            is_done: true
        },
        "done stays done"
    );
    backfill.reset().unwrap();
    assert_eq!(backfill.state().unwrap().rows, 0);
    assert_eq!(backfill.run(&list, None, Some(1)).unwrap().rows, 4);
}

#[test]
fn a_run_that_is_killed_anywhere_goes_on_without_a_gap_or_a_double() {
    let points = ["before_chunk", "after_rows", "after_cursor", "after_commit"];
    for point in points.map(|point| format!("backfill.{point}")) {
        for hit in 1..=3 {
            let (store, _, backfill) = backfill(2);
            let list = List::of(6);
            failpoint::arm_to_stop(&point, hit);
            assert!(backfill.run(&list, None, None).is_err(), "{point}:{hit}");
            assert_eq!(
                rows(&store).len() as u64,
                backfill.state().unwrap().rows,
                "{point}:{hit}"
            );
            assert!(
                backfill.run(&list, None, None).unwrap().is_done,
                "{point}:{hit}"
            );
            assert_eq!(rows(&store), all_once(6), "{point}:{hit}");
            assert_eq!(backfill.state().unwrap().rows, 6, "{point}:{hit}");
        }
    }
}

#[test]
fn a_dead_runners_lease_is_waited_for_and_a_living_one_is_left_alone() {
    let (_, _, backfill) = backfill(2);
    let dead = backfill.cursor.claim().unwrap().unwrap();
    assert!(backfill.run(&List::of(2), None, None).unwrap().is_done);
    assert_eq!(
        clock::waits().iter().sum::<Duration>(),
        Duration::from_secs(10)
    );
    assert!(
        backfill.cursor.renew(&dead).unwrap().is_none(),
        "the dead one is fenced"
    );
    backfill.reset().unwrap();
    // A runner that died under a clock that was set back by a day since.
    clock::freeze(UnixMs(NOW_MS + 86_400_000));
    backfill.cursor.claim().unwrap().unwrap();
    clock::freeze(UnixMs(NOW_MS));
    assert!(backfill.run(&List::of(2), None, None).unwrap().is_done);
    backfill.reset().unwrap();
    // A living runner renews while this one waits: its lease reaches beyond the patience.
    let minute = Duration::from_secs(60);
    let living = Cursor::new(&backfill.snapshots, b"cursor", "contact", minute).unwrap();
    living.claim().unwrap().unwrap();
    let refused = backfill.run(&List::of(2), None, None);
    assert!(matches!(refused, Err(BackfillError::InProgress { scope }) if scope == "crm/contact"));
}

#[test]
fn a_pause_ends_the_run_in_peace_and_the_next_one_goes_on() {
    let (store, _, backfill) = backfill(2);
    let list = List::of(6);
    list.pauses_at.set(Some(2));
    let report = backfill.run(&list, None, None).unwrap();
    assert_eq!(
        report,
        BackfillReport {
            rows: 4,
            chunks: 2,
            is_done: false
        }
    );
    assert_eq!(backfill.state().unwrap().cursor.as_deref(), Some("4"));
    list.pauses_at.set(None);
    assert_eq!(backfill.run(&list, None, None).unwrap().rows, 2);
    assert_eq!(rows(&store), all_once(6));
}

#[test]
fn a_row_never_undoes_what_was_fetched_later_and_owes_what_it_changed() {
    let (_, snapshots, backfill) = backfill(2);
    snapshots.put("contact", "0", b"\"older\"").unwrap();
    clock::advance(Duration::from_millis(1));
    let later = snapshots.clone();
    let list = List::of(2);
    // Put after the page was asked for: the list's own clock moves on by 1 ms.
    let between = Between {
        list,
        put: RefCell::new(Some(Box::new(move || {
            later.put("contact", "1", b"\"later\"").unwrap();
        }))),
    };
    assert!(backfill.run(&between, None, None).unwrap().is_done);
    assert_eq!(
        snapshots.peek("contact", "1").unwrap().unwrap().data(),
        b"\"later\""
    );
    assert_eq!(
        snapshots.peek("contact", "0").unwrap().unwrap().data(),
        br#"{"id":0,"price":0}"#
    );
    let told = RefCell::new(Vec::new());
    let mut tell = |tags: &[String]| {
        told.borrow_mut().extend_from_slice(tags);
        Ok(())
    };
    snapshots.settle(&mut tell, 9).unwrap();
    assert_eq!(*told.borrow(), ["crm:contact:0"]);
}

/// A list, and what happens while it answers.
struct Between {
    list: List,
    put: RefCell<Option<Box<dyn FnOnce()>>>,
}

impl Fetch for Between {
    fn fetch(&self, request: &Request) -> Result<Answer, CallError> {
        let answer = self.list.fetch(request);
        if let Some(put) = self.put.borrow_mut().take() {
            put();
        }
        answer
    }
}

#[test]
fn a_list_that_cannot_be_walked_is_told() {
    for (body, message) in [
        ("<html>", "a page that is no JSON"),
        (r#"{"rows":[]}"#, "a page without a list of items"),
        (r#"{"items":[{"name":"x"}]}"#, "an item without an id"),
        (
            r#"{"items":[],"next_cursor":"1"}"#,
            "an empty page that is not the last",
        ),
    ] {
        let (_, _, backfill) = backfill(2);
        let vendor = crate::snapshot::testing::Script::default().answer(200, body);
        let error = backfill.run(&vendor, None, None).unwrap_err();
        assert!(error.to_string().ends_with(message), "{error}");
    }
    let (_, _, backfill) = backfill(2);
    let page = r#"{"items":[{"id":1}],"next_cursor":"1"}"#;
    let vendor = crate::snapshot::testing::Script::default()
        .answer(200, page)
        .answer(200, page);
    let error = backfill.run(&vendor, None, None).unwrap_err();
    assert!(error.to_string().ends_with("the cursor repeats"), "{error}");
    clock::freeze(UnixMs(0));
}
