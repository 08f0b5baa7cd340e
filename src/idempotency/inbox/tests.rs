use std::cell::RefCell;

use super::*;
use crate::clock;
use crate::http::CallErrorKind;
use crate::idempotency::Verdict;
use crate::snapshot::testing::{NOW_MS, Script, answer, contacts};
use crate::store::{Kind, MemoryStore, Store};

const EVENT: &str = r#"{"type":"contact.updated","data":{"id":"c7"}}"#;

struct World {
    store: Rc<MemoryStore>,
    snapshots: Rc<Snapshots>,
    inbox: Inbox,
    told: RefCell<Vec<String>>,
    applied: RefCell<Vec<(String, Option<String>)>>,
}

fn world() -> World {
    let (store, snapshots) = contacts();
    let options = LedgerOptions {
        lease: Duration::from_secs(30),
        max_attempts: 2,
        base_delay: Duration::from_secs(1),
        max_delay: Duration::from_secs(1),
    };
    let refetch = Some(("contact".to_owned(), "/data/id".to_owned()));
    let inbox = Inbox::new(snapshots.clone(), refetch, options);
    World {
        store,
        snapshots,
        inbox,
        told: RefCell::default(),
        applied: RefCell::default(),
    }
}

fn event(id: &str, payload: &str) -> InboxEvent {
    InboxEvent {
        source: "crm".to_owned(),
        id: id.to_owned(),
        kind: Some("contact.updated".to_owned()),
        time_ms: Some(NOW_MS),
        payload: payload.as_bytes().to_vec(),
    }
}

impl World {
    fn receive(&self, id: &str) {
        assert_eq!(self.inbox.receive_verified(&[event(id, EVENT)]).status, 202);
    }

    fn process(&self, vendor: &Script) -> Result<Processed, LedgerError> {
        let mut tell = |tags: &[String]| {
            self.told.borrow_mut().extend_from_slice(tags);
            Ok(())
        };
        let mut apply = |event: &InboxEvent, json: Option<&[u8]>| {
            let json = json.map(|json| String::from_utf8(json.to_vec()).unwrap());
            self.applied.borrow_mut().push((event.id.clone(), json));
            Ok(())
        };
        self.inbox
            .process(vendor, 9, Some(&mut tell), Some(&mut apply))
    }

    fn states(&self, kind: Kind) -> Vec<String> {
        self.store
            .counts(kind)
            .unwrap()
            .into_iter()
            .map(|row| row.state)
            .collect()
    }

    fn applied(&self) -> Vec<String> {
        self.applied
            .borrow()
            .iter()
            .map(|(id, _)| id.clone())
            .collect()
    }
}

fn done(processed: usize) -> Processed {
    Processed {
        processed,
        ..Processed::default()
    }
}

#[test]
fn an_event_replaces_the_snapshot_runs_the_effect_and_invalidates() {
    let world = world();
    world.receive("e1");
    let vendor = Script::default().answer(200, "{\"v\":1}");
    assert_eq!(world.process(&vendor).unwrap(), done(1));
    let snapshot = world.snapshots.peek("contact", "c7").unwrap().unwrap();
    assert_eq!(
        (snapshot.data(), snapshot.cause()),
        (&b"{\"v\":1}"[..], "e1")
    );
    assert_eq!(*world.told.borrow(), ["crm:contact:c7"]);
    let applied = ("e1".to_owned(), Some("{\"v\":1}".to_owned()));
    assert_eq!(*world.applied.borrow(), [applied]);
    assert_eq!(world.states(Kind::Inbox), ["done"]);
    assert_eq!(world.states(Kind::Snapshot), ["current"]);
    world.receive("e1");
    assert_eq!(
        world.process(&vendor).unwrap(),
        done(0),
        "a duplicate has no effect"
    );
}

#[test]
fn the_effect_gets_the_event_as_it_was_recorded() {
    let world = world();
    world.receive("e1");
    let vendor = Script::default().answer(200, "1");
    let mut seen = None;
    let mut keep = |got: &InboxEvent, _: Option<&[u8]>| {
        seen = Some(got.clone());
        Ok(())
    };
    world
        .inbox
        .process(&vendor, 1, None, Some(&mut keep))
        .unwrap();
    assert_eq!(seen, Some(event("e1", EVENT)));
    assert_eq!(
        world.states(Kind::Snapshot),
        ["owed"],
        "nobody was there to be told"
    );
}

#[test]
fn receiving_answers_the_sender_and_keeps_conflicts() {
    let world = world();
    for (events, verdict) in [
        (vec![event("1", "a"), event("2", "a")], Verdict::Recorded),
        (vec![event("1", "a")], Verdict::Duplicate),
        (vec![event("2", "b"), event("3", "b")], Verdict::Conflict),
    ] {
        let receipt = world.inbox.receive_verified(&events);
        assert_eq!((receipt.status, receipt.verdict), (202, verdict));
    }
    let counts = world.inbox.ledger().counts(Some("crm")).unwrap();
    assert_eq!((counts.pending, counts.conflict), (3, 1));
}

#[test]
fn unchanged_content_touches_the_row_and_owes_nothing() {
    let world = world();
    world.receive("e1");
    world.receive("e2");
    let vendor = Script::default().answer(200, "1").answer(304, "");
    assert_eq!(world.process(&vendor).unwrap(), done(2));
    let snapshot = world.snapshots.peek("contact", "c7").unwrap().unwrap();
    // Written, paid, and written again.
    assert_eq!((snapshot.version(), snapshot.data()), (3, &b"1"[..]));
    assert_eq!(world.told.borrow().len(), 1);
    let unchanged = world.applied.borrow()[1].clone();
    assert_eq!(
        unchanged.1.as_deref(),
        Some("1"),
        "the effect gets the stored content"
    );
}

#[test]
fn a_lost_race_fetches_again_and_applies_once() {
    let world = world();
    world.receive("e1");
    let other = world.snapshots.clone();
    let vendor = Script::default()
        .then(move || {
            other.put("contact", "c7", b"\"newer\"").unwrap();
            Ok(answer(200, "\"older\""))
        })
        .answer(200, "\"newest\"");
    assert_eq!(world.process(&vendor).unwrap(), done(1));
    assert_eq!(world.applied(), ["e1"]);
    assert_eq!(
        world
            .snapshots
            .peek("contact", "c7")
            .unwrap()
            .unwrap()
            .data(),
        b"\"newest\""
    );
}

#[test]
fn races_without_end_give_the_event_back() {
    let world = world();
    world.receive("e1");
    let mut vendor = Script::default();
    for round in 0..5 {
        let other = world.snapshots.clone();
        vendor = vendor.then(move || {
            other
                .put("contact", "c7", round.to_string().as_bytes())
                .unwrap();
            Ok(answer(200, "\"old\""))
        });
    }
    let result = world.process(&vendor).unwrap();
    assert_eq!(
        result,
        Processed {
            deferred: 1,
            ..Processed::default()
        }
    );
    assert!(world.applied().is_empty());
    assert_eq!(world.states(Kind::Inbox), ["pending"]);
}

#[test]
fn a_gone_entity_is_told_as_none_and_invalidated() {
    let world = world();
    world.snapshots.put("contact", "c7", b"1").unwrap();
    world.receive("e1");
    assert_eq!(
        world.process(&Script::default().answer(404, "")).unwrap(),
        done(1)
    );
    assert_eq!(*world.applied.borrow(), [("e1".to_owned(), None)]);
    assert_eq!(*world.told.borrow(), ["crm:contact:c7"]);
    assert_eq!(world.snapshots.peek("contact", "c7").unwrap(), None);
    assert_eq!(world.states(Kind::Snapshot), ["gone"]);
}

#[test]
fn a_failing_vendor_backs_off_then_dies_and_can_be_replayed() {
    let world = world();
    world.receive("e1");
    let vendor = Script::default()
        .answer(500, "")
        .error(CallErrorKind::Timeout)
        .answer(200, "1");
    assert_eq!(world.process(&vendor).unwrap().failed, 1);
    assert_eq!(world.process(&vendor).unwrap(), done(0), "not due yet");
    clock::advance(Duration::from_millis(1250));
    assert_eq!(world.process(&vendor).unwrap().dead, 1);
    let letters = world.inbox.ledger().dead_letters(Some("crm"), 9).unwrap();
    assert_eq!(letters[0].error, "crm: scripted");
    assert!(world.inbox.ledger().replay("crm", "e1").unwrap());
    assert_eq!(world.process(&vendor).unwrap(), done(1));
}

#[test]
fn a_refusal_by_the_connection_costs_no_attempt_and_ends_the_round() {
    let kinds = [
        CallErrorKind::BreakerOpen,
        CallErrorKind::Paused,
        CallErrorKind::Throttled,
    ];
    for kind in kinds {
        let world = world();
        world.receive("e1");
        world.receive("e2");
        let vendor = Script::default()
            .error(kind)
            .answer(200, "1")
            .answer(200, "1");
        let result = world.process(&vendor).unwrap();
        assert_eq!(
            result,
            Processed {
                deferred: 1,
                ..Processed::default()
            }
        );
        assert_eq!(vendor.left(), 2, "the second event did not ask");
        clock::advance(Duration::from_secs(7));
        assert_eq!(world.process(&vendor).unwrap(), done(2));
    }
}

#[test]
fn an_effect_that_fails_rolls_the_snapshot_back() {
    let world = world();
    world.receive("e1");
    let mut boom = |_: &InboxEvent, _: Option<&[u8]>| Err(CallbackError::new("boom"));
    let vendor = Script::default().answer(200, "1");
    let result = world
        .inbox
        .process(&vendor, 9, None, Some(&mut boom))
        .unwrap();
    assert_eq!(
        result,
        Processed {
            failed: 1,
            ..Processed::default()
        }
    );
    assert_eq!(world.snapshots.peek("contact", "c7").unwrap(), None);
}

#[test]
fn an_event_without_the_entitys_id_is_given_up_at_once() {
    let world = world();
    world
        .inbox
        .receive_verified(&[event("e1", "{\"data\":{}}"), event("e2", "no json")]);
    assert_eq!(world.process(&Script::default()).unwrap().dead, 2);
    let letters = world.inbox.ledger().dead_letters(None, 9).unwrap();
    assert_eq!(
        letters[0].error,
        "the payload has no id of a contact at '/data/id'"
    );
}

#[test]
fn a_kill_at_any_step_loses_nothing_and_applies_once() {
    for (point, is_committed) in [
        ("inbox.before_claim", false),
        ("inbox.after_claim", false),
        ("inbox.before_fetch", false),
        ("inbox.after_fetch", false),
        ("inbox.before_effect", false),
        ("inbox.after_effect", false),
        ("inbox.before_mark", false),
        ("inbox.after_mark", true),
        ("inbox.before_invalidate", true),
        ("inbox.after_invalidate", true),
    ] {
        let world = world();
        world.snapshots.put("contact", "c7", b"1").unwrap();
        world.receive("e1");
        failpoint::arm_to_stop(point, 1);
        assert!(
            world.process(&Script::default().answer(200, "2")).is_err(),
            "{point}"
        );
        let is_done = world.states(Kind::Inbox) == ["done"];
        assert_eq!(is_done, is_committed, "{point}");
        if is_done {
            assert_eq!(world.states(Kind::Snapshot), ["owed"], "{point}");
        } else {
            // What the effect wrote was rolled back with the rest.
            world.applied.borrow_mut().clear();
        }
        clock::advance(Duration::from_secs(30));
        let vendor = Script::default().answer(200, "2");
        assert_eq!(
            world.process(&vendor).unwrap(),
            done(usize::from(!is_committed)),
            "{point}"
        );
        assert_eq!(world.applied(), ["e1"], "{point}");
        assert_eq!(world.states(Kind::Snapshot), ["current"], "{point}");
        assert!(!world.told.borrow().is_empty(), "{point}");
        assert_eq!(
            world
                .snapshots
                .peek("contact", "c7")
                .unwrap()
                .unwrap()
                .data(),
            b"2"
        );
    }
}

#[test]
fn a_worker_that_slept_through_its_lease_commits_nothing() {
    let world = world();
    world.receive("e1");
    let vendor = Script::default().then(|| {
        clock::advance(Duration::from_secs(31));
        Ok(answer(200, "1"))
    });
    let mut ignore = |_: &InboxEvent, _: Option<&[u8]>| Ok(());
    let result = world
        .inbox
        .process(&vendor, 1, None, Some(&mut ignore))
        .unwrap();
    assert_eq!(
        result,
        Processed {
            deferred: 1,
            ..Processed::default()
        }
    );
    assert_eq!(world.snapshots.peek("contact", "c7").unwrap(), None);
}
