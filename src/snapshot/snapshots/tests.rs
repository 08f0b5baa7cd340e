use std::cell::{Cell, RefCell};

use super::*;
use crate::clock::{self, UnixMs};
use crate::http::{CallErrorKind, Fetch};
use crate::snapshot::testing::{NOW_MS, Script, answer, contacts};
use crate::snapshot::{Leadership, Sighting, row};
use crate::store::MemoryStore;

fn pass(seconds: u64) {
    clock::advance(Duration::from_secs(seconds));
}

fn header(request: &crate::http::Request, name: &str) -> Option<String> {
    let field = request.headers.iter().find(|(field, _)| field == name)?;
    Some(String::from_utf8(field.1.clone()).unwrap())
}

/// Premise: the clock was a day ahead when the snapshot was stored. It is not fresh for a day.
#[test]
fn what_a_clock_ahead_of_its_time_stored_is_stale_once_it_is_set_right() {
    let (_, snapshots) = contacts();
    clock::freeze(UnixMs(NOW_MS + 86_400_000));
    snapshots.put("contact", "c7", b"{}").unwrap();
    assert!(!snapshots.peek("contact", "c7").unwrap().unwrap().is_stale());
    clock::freeze(UnixMs(NOW_MS));
    let stored = snapshots.peek("contact", "c7").unwrap().unwrap();
    assert!(stored.is_stale());
    assert_eq!(stored.max_age_s(), 0);
}

#[test]
fn a_page_fetches_what_is_missing_once_and_within_its_deadline() {
    let (_, snapshots) = contacts();
    let vendor = Script::default().answer(200, r#"{"id":"a b"}"#);
    let first = snapshots.get(&vendor, "contact", "a b/\u{e9}").unwrap();
    assert_eq!(first.data(), br#"{"id":"a b"}"#);
    assert_eq!(
        (first.version(), first.etag(), first.is_stale()),
        (1, Some("\"e1\""), false)
    );
    assert_eq!((first.fetched_at_ms(), first.max_age_s()), (NOW_MS, 60));
    pass(59);
    let second = snapshots.get(&vendor, "contact", "a b/\u{e9}").unwrap();
    assert_eq!((second.version(), second.max_age_s()), (1, 1));
    let asked = vendor.asked();
    assert_eq!(asked[0].target, "contacts/a%20b%2F%C3%A9");
    assert_eq!(asked[0].total, Some(Duration::from_secs(1)));
    assert_eq!(header(&asked[0], "If-None-Match"), None);
}

#[test]
fn a_stale_one_is_served_and_refreshed_after_the_response() {
    let (_, snapshots) = contacts();
    let vendor = Script::default()
        .answer(200, "1")
        .answer(304, "")
        .answer(200, "2");
    snapshots.get(&vendor, "contact", "1").unwrap();
    pass(60);
    for _ in 0..2 {
        assert!(snapshots.get(&vendor, "contact", "1").unwrap().is_stale());
    }
    let told = RefCell::new(Vec::new());
    let mut tell = |tags: &[String]| {
        told.borrow_mut().extend_from_slice(tags);
        Ok(())
    };
    let done = snapshots.refresh_stale(&vendor, Some(&mut tell)).unwrap();
    assert_eq!(
        done,
        Refreshed {
            unchanged: 1,
            ..Refreshed::default()
        }
    );
    assert_eq!(
        header(&vendor.asked()[1], "If-None-Match").as_deref(),
        Some("\"e1\"")
    );
    assert!(told.borrow().is_empty(), "an unchanged answer owes nothing");
    assert!(!snapshots.get(&vendor, "contact", "1").unwrap().is_stale());
    assert_eq!(
        snapshots.refresh_stale(&vendor, None).unwrap(),
        Refreshed::default()
    );
    pass(60);
    assert_eq!(snapshots.get(&vendor, "contact", "1").unwrap().data(), b"1");
    let done = snapshots.refresh_stale(&vendor, Some(&mut tell)).unwrap();
    assert_eq!(
        done,
        Refreshed {
            refreshed: 1,
            ..Refreshed::default()
        }
    );
    assert_eq!(*told.borrow(), ["crm:contact:1"]);
    assert_eq!(
        snapshots.peek("contact", "1").unwrap().unwrap().data(),
        b"2"
    );
}

#[test]
fn an_outage_shows_only_beyond_stale_if_error() {
    let (_, snapshots) = contacts();
    let vendor = Script::default()
        .answer(200, "1")
        .answer(503, "")
        .error(CallErrorKind::BreakerOpen)
        .error(CallErrorKind::Timeout);
    snapshots.get(&vendor, "contact", "1").unwrap();
    pass(60 + 3599);
    assert!(snapshots.get(&vendor, "contact", "1").unwrap().is_stale());
    let done = snapshots.refresh_stale(&vendor, None).unwrap();
    assert_eq!(
        done,
        Refreshed {
            failed: 1,
            ..Refreshed::default()
        }
    );
    pass(1);
    let error = snapshots.get(&vendor, "contact", "1").unwrap_err();
    let SnapshotError::Missing {
        cause: Some(cause), ..
    } = error
    else {
        panic!("{error}")
    };
    assert!(matches!(cause.kind, CallErrorKind::BreakerOpen));
    assert!(snapshots.get(&vendor, "contact", "new").is_err());
    assert_eq!(vendor.left(), 0);
}

#[test]
fn the_first_failure_ends_a_round_of_refreshes() {
    let (_, snapshots) = contacts();
    let vendor = Script::default().error(CallErrorKind::Timeout);
    for id in ["1", "2", "3"] {
        snapshots.put("contact", id, b"{}").unwrap();
    }
    pass(60);
    for id in ["1", "2", "3"] {
        snapshots.get(&vendor, "contact", id).unwrap();
    }
    let done = snapshots.refresh_stale(&vendor, None).unwrap();
    assert_eq!(
        done,
        Refreshed {
            failed: 1,
            skipped: 2,
            ..Refreshed::default()
        }
    );
}

#[test]
fn a_gone_entity_is_missing_without_asking_again_while_that_is_fresh() {
    let (_, snapshots) = contacts();
    let vendor = Script::default()
        .answer(200, "1")
        .answer(410, "")
        .answer(200, "2");
    snapshots.get(&vendor, "contact", "1").unwrap();
    assert!(snapshots.refresh(&vendor, "contact", "1").is_err());
    assert_eq!(snapshots.peek("contact", "1").unwrap(), None);
    assert!(snapshots.get(&vendor, "contact", "1").is_err());
    assert_eq!(vendor.left(), 1, "known to be gone");
    pass(60);
    assert_eq!(snapshots.get(&vendor, "contact", "1").unwrap().data(), b"2");
}

#[test]
fn what_is_no_json_is_not_stored() {
    let (_, snapshots) = contacts();
    let deep = "[".repeat(200) + &"]".repeat(200);
    let vendor = Script::default().answer(200, "<html>").answer(200, &deep);
    for _ in 0..2 {
        let error = snapshots.get(&vendor, "contact", "1").unwrap_err();
        assert!(matches!(error, SnapshotError::Unusable { .. }), "{error}");
    }
    assert!(snapshots.put("contact", "1", b"\"\xff\"").is_err());
    assert_eq!(snapshots.peek("contact", "1").unwrap(), None);
}

#[test]
fn the_older_answer_loses_the_race_and_asks_again() {
    let (_, snapshots) = contacts();
    let other = snapshots.clone();
    let vendor = Script::default()
        .then(move || {
            other.put("contact", "1", b"\"newer\"").unwrap();
            Ok(answer(200, "\"older\""))
        })
        .answer(200, "\"newest\"");
    let snapshot = snapshots.get(&vendor, "contact", "1").unwrap();
    assert_eq!(
        (snapshot.data(), snapshot.version()),
        (&b"\"newest\""[..], 2)
    );
}

#[test]
fn tags_stay_owed_until_somebody_was_told() {
    let (store, snapshots) = contacts();
    snapshots.put("contact", "1", b"1").unwrap();
    snapshots.put("contact", "1", b"2").unwrap();
    let mut fail = |_: &[String]| Err(crate::store::CallbackError::new("cache is down"));
    assert!(snapshots.settle(&mut fail, 9).is_err());
    assert_eq!(store.counts(Kind::Snapshot).unwrap()[0].state, row::OWED);
    let told = RefCell::new(Vec::new());
    let mut tell = |tags: &[String]| {
        told.borrow_mut().extend_from_slice(tags);
        Ok(())
    };
    assert_eq!(snapshots.settle(&mut tell, 9).unwrap(), 1);
    assert_eq!(snapshots.settle(&mut tell, 9).unwrap(), 0);
    assert_eq!(*told.borrow(), ["crm:contact:1"]);
    assert_eq!(
        snapshots.peek("contact", "1").unwrap().unwrap().data(),
        b"2"
    );
}

#[test]
fn unknown_resources_are_named_and_forgetting_deletes() {
    let (_, snapshots) = contacts();
    let error = snapshots.peek("product", "1").unwrap_err();
    assert_eq!(
        error.to_string(),
        "crm: no resource 'product'; it has: contact"
    );
    snapshots.put("contact", "1", b"1").unwrap();
    assert!(snapshots.forget("contact", "1").unwrap());
    assert!(!snapshots.forget("contact", "1").unwrap());
}

#[test]
fn many_leaves_out_what_cannot_be_had() {
    let (_, snapshots) = contacts();
    snapshots.put("contact", "1", b"1").unwrap();
    let vendor = Script::default().answer(503, "");
    let ids = ["1".to_owned(), "2".to_owned()];
    let found = snapshots.many(&vendor, "contact", &ids).unwrap();
    assert_eq!(
        found.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(),
        ["1"]
    );
}

/// Another worker has the lead, and stores its answer while this one looks for the second time.
struct Follower {
    store: Rc<MemoryStore>,
    looks: Cell<u32>,
    stores_at: u32,
    seen: RefCell<Vec<Sighting>>,
}

impl SingleFlight for Follower {
    fn try_lead(&self, _key: &[u8; 32], _ttl: Duration) -> Option<Box<dyn Leadership>> {
        self.looks.set(self.looks.get() + 1);
        if self.looks.get() == self.stores_at {
            let leader = crate::snapshot::testing::contacts_in(self.store.clone());
            leader.put("contact", "1", b"\"theirs\"").unwrap();
        }
        None
    }

    fn note(&self, sighting: Sighting) {
        self.seen.borrow_mut().push(sighting);
    }
}

fn follower(stores_at: u32) -> (Rc<Follower>, Snapshots) {
    let (store, like) = contacts();
    let flight = Rc::new(Follower {
        store: store.clone(),
        looks: Cell::new(0),
        stores_at,
        seen: RefCell::default(),
    });
    let page = Duration::from_secs(1);
    let snapshots = Snapshots::new(store, "crm", like.resources.clone(), page, flight.clone());
    (flight, snapshots)
}

#[test]
fn a_follower_takes_the_leaders_answer() {
    let (flight, snapshots) = follower(3);
    let vendor = Script::default();
    let snapshot = snapshots.get(&vendor, "contact", "1").unwrap();
    assert_eq!(snapshot.data(), b"\"theirs\"");
    assert_eq!(
        *flight.seen.borrow(),
        [Sighting::Missing, Sighting::Coalesced]
    );
}

#[test]
fn a_follower_gives_up_at_the_pages_deadline() {
    let (_, snapshots) = follower(0);
    let vendor = Script::default();
    assert!(snapshots.get(&vendor, "contact", "1").is_err());
    let waited: Duration = clock::waits().iter().sum();
    assert_eq!(waited, Duration::from_secs(1));
    snapshots.remember_stale(&snapshots.entity("contact", "1").unwrap());
    let done = snapshots.refresh_stale(&vendor, None).unwrap();
    assert_eq!(
        done,
        Refreshed {
            skipped: 1,
            ..Refreshed::default()
        }
    );
}

/// A vendor that is asked for several at once, and how many each time.
struct Together {
    script: Script,
    sizes: RefCell<Vec<usize>>,
}

impl Fetch for Together {
    fn fetch(
        &self,
        request: &crate::http::Request,
    ) -> Result<crate::http::Answer, crate::http::CallError> {
        self.script.fetch(request)
    }

    fn fetch_many(
        &self,
        requests: Vec<crate::http::Request>,
    ) -> Result<Vec<Result<crate::http::Answer, crate::http::CallError>>, crate::http::CallError>
    {
        self.sizes.borrow_mut().push(requests.len());
        Ok(requests.iter().map(|request| self.fetch(request)).collect())
    }
}

#[test]
fn many_are_fetched_together_each_once() {
    let (_, snapshots) = contacts();
    snapshots.put("contact", "known", b"0").unwrap();
    let mut script = Script::default();
    for number in 1..=10 {
        script = script.answer(200, &number.to_string());
    }
    let vendor = Together {
        script: script.answer(503, ""),
        sizes: RefCell::default(),
    };
    let mut ids: Vec<String> = (1..=11).map(|number| number.to_string()).collect();
    ids.push("known".to_owned());
    ids.push("1".to_owned());
    let found = snapshots.many(&vendor, "contact", &ids).unwrap();
    let found: Vec<(&str, &[u8])> = found
        .iter()
        .map(|(id, it)| (id.as_str(), it.data()))
        .collect();
    assert_eq!(*vendor.sizes.borrow(), [8, 3]);
    assert_eq!(vendor.script.left(), 0, "each was asked for once");
    assert_eq!(
        found.len(),
        12,
        "all but the one that failed, the double twice"
    );
    assert_eq!(
        (found[0], found[10]),
        (("1", &b"1"[..]), ("known", &b"0"[..]))
    );
}
