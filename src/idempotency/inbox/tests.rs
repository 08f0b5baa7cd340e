use std::cell::RefCell;
use std::time::Duration;

use super::*;
use crate::clock::{self, UnixMs};
use crate::http::CallErrorKind;
use crate::idempotency::{LedgerOptions, Verdict};
use crate::options::{Embedded, PayloadKey, Refetch, SecretRef};
use crate::snapshot::testing::{NOW_MS, Script, answer, contacts, contacts_of};
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
    world_with(|_| ())
}

fn world_with(change: impl FnOnce(&mut InboxOptions)) -> World {
    let (store, snapshots) = contacts();
    world_of(store, snapshots, change)
}

fn world_of(
    store: Rc<MemoryStore>,
    snapshots: Rc<Snapshots>,
    change: impl FnOnce(&mut InboxOptions),
) -> World {
    let options = LedgerOptions {
        lease: Duration::from_secs(30),
        max_attempts: 2,
        base_delay: Duration::from_secs(1),
        max_delay: Duration::from_secs(1),
    };
    let mut options = inbox_options(options);
    change(&mut options);
    // A name of its own: the depth of an inbox is remembered by the thread.
    let namespace = format!("{:?}", std::thread::current().id());
    let inbox = Inbox::new(snapshots.clone(), &namespace, options);
    World {
        store,
        snapshots,
        inbox,
        told: RefCell::default(),
        applied: RefCell::default(),
    }
}

fn inbox_options(ledger: LedgerOptions) -> InboxOptions {
    InboxOptions {
        about: About::Fetched(Refetch {
            resource: "contact".to_owned(),
            id_pointer: "/data/id".to_owned(),
        }),
        ledger,
        keys: Vec::new(),
        redact: Vec::new(),
        max_waiting: 1000,
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

#[test]
fn a_batch_is_claimed_at_once_and_given_back_when_the_round_ends() {
    let world = world();
    for id in ["e1", "e2", "e3"] {
        world.receive(id);
    }
    let vendor = Script::default()
        .answer(200, "1")
        .error(CallErrorKind::Paused);
    let result = world.process(&vendor).unwrap();
    assert_eq!((result.processed, result.deferred), (1, 1));
    let counts = world.inbox.ledger().counts(None).unwrap();
    assert_eq!((counts.done, counts.pending, counts.claimed), (1, 2, 0));
    let attempts = |id| world.inbox.look_at(id).unwrap().unwrap().attempts;
    let attempts: i64 = ["e1", "e2", "e3"].map(attempts).iter().sum();
    assert_eq!(attempts, 1, "of the one that is done");
}

#[test]
fn a_payload_that_kills_its_worker_takes_no_other_event_with_it() {
    let world = world();
    for id in ["e1", "poison", "e3"] {
        world.receive(id);
    }
    let kills = |event: &InboxEvent| event.id == "poison";
    let mut lives = 0;
    loop {
        lives += 1;
        assert!(lives < 20, "every round ends");
        let mut has_died = false;
        let mut apply = |event: &InboxEvent, _: Option<&[u8]>| {
            if kills(event) {
                has_died = true;
                failpoint::arm_to_stop("inbox.after_effect", 1);
            }
            Ok(())
        };
        let vendor = Script::default()
            .answer(200, "1")
            .answer(200, "1")
            .answer(200, "1");
        let round = world.inbox.process(&vendor, 9, None, Some(&mut apply));
        failpoint::disarm();
        clock::advance(Duration::from_secs(31));
        if round.is_ok() && !has_died {
            break;
        }
    }
    let state = |id| world.inbox.look_at(id).unwrap().unwrap().state;
    let states = ["e1", "poison", "e3"].map(state);
    assert_eq!(states, ["done", "dead", "done"], "after {lives} rounds");
}

#[test]
fn a_full_inbox_turns_deliveries_away_and_recovers() {
    let world = world_with(|options| options.max_waiting = 2);
    world.receive("e1");
    world.receive("e2");
    for id in ["e3", "e3"] {
        let receipt = world.inbox.receive_verified(&[event(id, EVENT)]);
        let reason = receipt.reason.as_deref();
        assert_eq!(
            (receipt.status, reason, receipt.retry_after_s),
            (503, Some("inbox_full"), Some(10))
        );
    }
    let vendor = Script::default().answer(200, "1").answer(304, "");
    world.process(&vendor).unwrap();
    clock::advance(Duration::from_secs(1));
    world.receive("e3");
    assert_eq!(world.inbox.ledger().counts(None).unwrap().pending, 1);
}

#[test]
fn a_sealed_payload_is_applied_shown_redacted_and_nowhere_in_the_store() {
    let key = |id: &str, byte: u8| PayloadKey {
        id: id.to_owned(),
        secret: SecretRef::literal([byte; 32]),
    };
    let world = world_with(|options| {
        options.keys = vec![key("k1", 1)];
        options.redact = vec!["/data/email".to_owned()];
    });
    let payload = r#"{"data":{"id":"c7","email":"ann@example.org"}}"#;
    let sealed = world.inbox.receive_verified(&[event("e1", payload)]);
    assert_eq!((sealed.status, sealed.verdict), (202, Verdict::Recorded));
    let again = world.inbox.receive_verified(&[event("e1", payload)]);
    assert_eq!(
        again.verdict,
        Verdict::Duplicate,
        "known by the plain payload"
    );
    let row = world.inbox.ledger().read("crm", "e1").unwrap().unwrap();
    let kept = row.payload.clone().unwrap();
    assert!(!kept.windows(3).any(|part| part == b"ann"), "sealed");
    assert!(row.detail.contains("\"key_id\":\"k1\""));
    let shown = world.inbox.look_at("e1").unwrap().unwrap();
    assert_eq!(
        shown.payload,
        r#"{"data":{"id":"c7","email":"[redacted]"}}"#
    );
    let mut seen = Vec::new();
    let mut boom = |event: &InboxEvent, _: Option<&[u8]>| {
        seen = event.payload.clone();
        Err(CallbackError::new("no mailbox ann@example.org"))
    };
    let vendor = Script::default().answer(200, "1");
    let round = world.inbox.process(&vendor, 9, None, Some(&mut boom));
    assert_eq!(round.unwrap().failed, 1);
    assert_eq!(
        seen,
        payload.as_bytes(),
        "the handler gets the whole payload"
    );
    let shown = world.inbox.look_at("e1").unwrap().unwrap();
    assert_eq!(shown.error, "no mailbox [redacted]");
    // The key was dropped too early: the event says so, and waits for it.
    let rotated = world_of(world.store.clone(), world.snapshots.clone(), |options| {
        options.keys = vec![key("k2", 2)];
    });
    clock::advance(Duration::from_secs(2));
    rotated.process(&Script::default()).unwrap();
    let letters = rotated.inbox.ledger().dead_letters(None, 9).unwrap();
    assert!(
        letters[0].error.contains("'k1', which is not configured"),
        "{letters:?}"
    );
}

#[test]
fn what_an_event_holds_is_kept_unless_it_is_older() {
    clock::freeze(UnixMs(NOW_MS));
    let store = Rc::new(MemoryStore::new());
    let snapshots = contacts_of(store.clone(), |contact| {
        contact.order = Some("/v".to_owned());
    });
    let world = world_of(store, snapshots, |options| {
        options.about = About::Embedded(Embedded {
            resource: "contact".to_owned(),
            id_pointer: "/data/id".to_owned(),
            data_pointer: "/data".to_owned(),
            gone: vec!["contact.deleted".to_owned()],
        });
    });
    let of = |id: &str, version: i64, kind: &str| InboxEvent {
        kind: Some(kind.to_owned()),
        ..event(id, &format!(r#"{{"data":{{"id":"c7","v":{version}}}}}"#))
    };
    let nobody = Script::default();
    for (id, version, kind, expected) in [
        ("e2", 2, "contact.updated", Some(2)),
        ("e1", 1, "contact.updated", Some(2)),
        ("e0", 1, "contact.deleted", Some(2)),
        ("e3", 3, "contact.deleted", None),
        ("e4", 2, "contact.updated", None),
        ("e5", 4, "contact.updated", Some(4)),
    ] {
        world.inbox.receive_verified(&[of(id, version, kind)]);
        assert_eq!(world.process(&nobody).unwrap(), done(1), "{id}");
        let stored = world.snapshots.peek("contact", "c7").unwrap();
        let stored = stored.map(|it| String::from_utf8(it.data().to_vec()).unwrap());
        let expected = expected.map(|v: i64| format!(r#"{{"id":"c7","v":{v}}}"#));
        assert_eq!(stored, expected, "{id}");
        let told = world.applied.borrow().last().unwrap().1.clone();
        assert_eq!(told, expected, "the effect gets what is stored: {id}");
    }
    world
        .inbox
        .receive_verified(&[event("e9", r#"{"data":{"id":"c7"}}"#)]);
    assert_eq!(
        world.process(&nobody).unwrap().failed,
        1,
        "no order, no writing"
    );
}
