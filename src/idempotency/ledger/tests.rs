use std::cell::RefCell;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::clock::{self, UnixMs};
use crate::idempotency::ReplayFilter;
use crate::options::Value as Option_;
use crate::store::{MemoryStore, SqliteStore, atomically};

const NOW_MS: i64 = 1_700_000_000_000;

fn options() -> LedgerOptions {
    LedgerOptions {
        lease: Duration::from_millis(100),
        max_attempts: 3,
        base_delay: Duration::from_millis(10),
        max_delay: Duration::from_millis(10),
    }
}

fn ledger() -> Ledger {
    clock::freeze(UnixMs(NOW_MS));
    Ledger::new(Rc::new(MemoryStore::new()), options())
}

fn pass(ms: u64) {
    clock::advance(Duration::from_millis(ms));
}

#[test]
fn an_event_is_recorded_once_and_another_payload_is_kept_as_a_conflict() {
    let ledger = ledger();
    assert_eq!(ledger.record("crm", "1", b"a").unwrap(), Recorded::Recorded);
    assert_eq!(
        ledger.record("crm", "1", b"a").unwrap(),
        Recorded::Duplicate
    );
    assert_eq!(ledger.record("crm", "1", b"b").unwrap(), Recorded::Conflict);
    assert_eq!(ledger.record("crm", "1", b"b").unwrap(), Recorded::Conflict);
    assert_eq!(ledger.record("erp", "1", b"b").unwrap(), Recorded::Recorded);
    let claim = ledger.claim("crm", "1", b"a").unwrap();
    assert_eq!(
        (claim.status(), claim.payload()),
        (ClaimStatus::Won, &b"a"[..])
    );
    let counts = ledger.counts(Some("crm")).unwrap();
    assert_eq!((counts.pending, counts.claimed, counts.conflict), (0, 1, 1));
}

#[test]
fn an_empty_source_or_id_is_refused() {
    let ledger = ledger();
    for (source, id) in [("", "1"), ("crm", "")] {
        let Err(LedgerError::Store(error)) = ledger.record(source, id, b"") else {
            panic!()
        };
        assert_eq!(error.kind, StoreErrorKind::Misuse);
        assert!(ledger.claim(source, id, b"").is_err());
    }
}

#[test]
fn a_duplicate_of_a_done_event_gets_its_outcome_without_an_effect() {
    let ledger = ledger();
    let mut runs = 0;
    for _ in 0..3 {
        let outcome = ledger.run("crm", "1", b"a", &mut |claim| {
            runs += 1;
            assert_eq!(claim.attempt(), 1);
            Ok(json!({"n": 1}))
        });
        assert_eq!(outcome.unwrap(), json!({"n": 1}));
    }
    assert_eq!(runs, 1);
    assert!(matches!(
        ledger.run("crm", "1", b"b", &mut |_| Ok(Value::Null)),
        Err(LedgerError::Conflict { .. })
    ));
}

#[test]
fn a_handler_that_fails_is_heard_and_ends_in_the_dead_letters() {
    let ledger = ledger();
    for _ in 0..3 {
        let failed = ledger.run("crm", "1", b"a", &mut |_| Err(CallbackError::new("boom")));
        assert!(matches!(failed, Err(LedgerError::Callback(error)) if error.message == "boom"));
    }
    let dead = ledger.run("crm", "1", b"a", &mut |_| Ok(Value::Null));
    assert!(matches!(dead, Err(LedgerError::DeadLetter { .. })));
    let letters = ledger.dead_letters(None, 9).unwrap();
    assert_eq!(
        (letters[0].event_id.as_str(), letters[0].error.as_str()),
        ("1", "boom")
    );
    assert_eq!(letters[0].attempts, 3);
    assert!(ledger.replay("crm", "1").unwrap());
    assert!(
        !ledger.replay("crm", "1").unwrap(),
        "it is not dead any more"
    );
    assert!(!ledger.replay("crm", "2").unwrap());
    assert_eq!(
        ledger.run("crm", "1", b"a", &mut |_| Ok(json!(5))).unwrap(),
        json!(5)
    );
}

#[test]
fn a_handler_may_complete_in_its_own_transaction() {
    let ledger = ledger();
    let store = ledger.store().clone();
    let outcome = ledger.run("crm", "1", b"a", &mut |claim| {
        atomically(store.as_ref(), || {
            claim
                .complete(&json!("mine"))
                .map_err(|_| StoreError::lost_race())
        })
        .unwrap();
        Ok(json!("returned"))
    });
    assert_eq!(outcome.unwrap(), json!("mine"));
    let rolled_back = ledger.run("crm", "2", b"a", &mut |claim| {
        let _ = atomically(store.as_ref(), || -> Result<(), StoreError> {
            claim.complete(&json!("mine")).unwrap();
            Err(StoreError::lost_race())
        });
        Ok(json!("returned"))
    });
    assert_eq!(
        rolled_back.unwrap(),
        json!("returned"),
        "the store says what was completed"
    );
}

#[test]
fn a_zombie_is_fenced() {
    let ledger = ledger();
    let zombie = ledger.claim("crm", "1", b"a").unwrap();
    assert_eq!(
        ledger.claim("crm", "1", b"a").unwrap().status(),
        ClaimStatus::InProgress
    );
    pass(99);
    zombie.renew().unwrap();
    pass(99);
    assert!(ledger.claim_due(1, None).unwrap().is_empty());
    pass(1);
    assert!(matches!(
        zombie.complete(&Value::Null),
        Err(LedgerError::LeaseLost { .. })
    ));
    let next = ledger.claim_due(1, None).unwrap().pop().unwrap();
    assert!(next.token() > zombie.token());
    assert!(zombie.fail("x").is_err());
    assert!(zombie.release(Duration::ZERO).is_err());
    assert!(zombie.renew().is_err());
    next.complete(&Value::Null).unwrap();
    assert!(next.complete(&Value::Null).is_err(), "done once");
}

#[test]
fn due_events_come_oldest_first_and_released_ones_later() {
    let ledger = ledger();
    for id in ["1", "2", "3"] {
        ledger.record("crm", id, b"a").unwrap();
        pass(1);
    }
    ledger.record("erp", "x", b"a").unwrap();
    assert_eq!(ledger.counts(Some("crm")).unwrap().oldest_pending_age_ms, 3);
    let first = ledger.claim_due(1, Some("crm")).unwrap().pop().unwrap();
    assert_eq!(first.event_id(), "1");
    first.release(Duration::from_millis(50)).unwrap();
    let rest = ledger.claim_due(9, Some("crm")).unwrap();
    assert_eq!(
        rest.iter().map(Claim::event_id).collect::<Vec<_>>(),
        ["2", "3"]
    );
    pass(50);
    let again = ledger.claim_due(9, Some("crm")).unwrap().pop().unwrap();
    assert_eq!(
        (again.event_id(), again.attempt(), again.payload()),
        ("1", 1, &b"a"[..])
    );
}

#[test]
fn keys_for_a_step_are_the_same_on_every_repeat() {
    let ledger = ledger();
    let first = ledger.claim("crm", "1", b"a").unwrap();
    pass(100);
    let second = ledger.claim("crm", "1", b"a").unwrap();
    assert_eq!(first.key("pay"), second.key("pay"));
    assert_ne!(first.key("pay"), first.key("mail"));
    let other = ledger.claim("crm", "2", b"a").unwrap();
    assert_ne!(first.key("pay"), other.key("pay"));
}

#[test]
fn purging_keeps_what_is_young_or_unfinished() {
    let ledger = ledger();
    ledger
        .run("crm", "old", b"a", &mut |_| Ok(Value::Null))
        .unwrap();
    ledger.record("crm", "waiting", b"a").unwrap();
    pass(10_001);
    ledger
        .run("crm", "young", b"a", &mut |_| Ok(Value::Null))
        .unwrap();
    assert_eq!(ledger.purge(Duration::from_secs(10), 99).unwrap(), 1);
    let counts = ledger.counts(None).unwrap();
    assert_eq!((counts.done, counts.pending), (1, 1));
}

#[test]
fn options_are_checked() {
    let parse = |name: &str, value: i64| {
        LedgerOptions::parse(&Option_::Map(vec![(name.to_owned(), Option_::Int(value))]))
    };
    assert_eq!(
        LedgerOptions::parse(&Option_::Null),
        Ok(LedgerOptions::default())
    );
    assert_eq!(parse("max_attempts", 2).unwrap().max_attempts, 2);
    assert_eq!(parse("lease_ms", 0).unwrap_err().field, "lease_ms");
    assert_eq!(
        parse("base_delay_ms", 4_000_000).unwrap_err().field,
        "base_delay_ms"
    );
    assert_eq!(parse("lease", 5).unwrap_err().field, "lease");
}

#[test]
fn racing_workers_claim_each_event_once() {
    const EVENTS: usize = 60;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.sqlite");
    let long = LedgerOptions {
        lease: Duration::from_secs(600),
        ..options()
    };
    let ledger = Ledger::new(Rc::new(SqliteStore::open(&path).unwrap()), long.clone());
    for id in 0..EVENTS {
        ledger.record("crm", &id.to_string(), b"a").unwrap();
    }
    let workers: Vec<_> = (0..3)
        .map(|_| {
            let (path, long) = (path.clone(), long.clone());
            std::thread::spawn(move || {
                let ledger = Ledger::new(Rc::new(SqliteStore::open(path).unwrap()), long);
                let mut mine = Vec::new();
                while let Some(claim) = ledger.claim_due(1, None).unwrap().pop() {
                    mine.push(claim.event_id().to_owned());
                    claim.complete(&Value::Null).unwrap();
                }
                mine
            })
        })
        .collect();
    let mut all: Vec<String> = workers
        .into_iter()
        .flat_map(|worker| worker.join().unwrap())
        .collect();
    all.sort();
    let claimed = all.len();
    all.dedup();
    assert_eq!((claimed, all.len()), (EVENTS, EVENTS));
}

/// What two workers and time may do to one event.
#[derive(Clone, Copy, Debug)]
enum Step {
    Claim(usize),
    Complete(usize),
    Fail(usize),
    Release(usize),
    Renew(usize),
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..2_usize).prop_map(Step::Claim),
        (0..2_usize).prop_map(Step::Complete),
        (0..2_usize).prop_map(Step::Fail),
        (0..2_usize).prop_map(Step::Release),
        (0..2_usize).prop_map(Step::Renew),
        (1..120_u64).prop_map(Step::Pass),
    ];
    proptest::collection::vec(step, 1..40)
}

/// The plain model: who holds until when, how many attempts count, and the end.
#[derive(Debug, Default)]
struct Model {
    holder: Option<usize>,
    until: u64,
    attempts: u32,
    end: Option<ClaimStatus>,
}

impl Model {
    fn claim(&mut self, who: usize, now: u64) -> ClaimStatus {
        if let Some(end) = self.end {
            return end;
        }
        if self.holder.is_some() && self.until > now {
            return ClaimStatus::InProgress;
        }
        if self.attempts == 3 {
            self.end = Some(ClaimStatus::Dead);
            return ClaimStatus::Dead;
        }
        *self = Self {
            holder: Some(who),
            until: now + 100,
            attempts: self.attempts + 1,
            end: None,
        };
        ClaimStatus::Won
    }

    fn ends(&mut self, who: usize, is_held: bool, end: Option<ClaimStatus>) -> bool {
        let may = self.holder == Some(who) && is_held && self.end.is_none();
        if may {
            self.holder = None;
            self.end = end;
        }
        may
    }
}

proptest! {
    #[test]
    fn the_ledger_does_what_a_plain_model_does(steps in steps()) {
        let ledger = ledger();
        let mut model = Model::default();
        let held: RefCell<[Option<Claim>; 2]> = RefCell::default();
        let mut now = 0;
        for step in steps {
            let done = |who: usize, end: &dyn Fn(&Claim) -> bool| {
                held.borrow()[who].as_ref().is_some_and(end)
            };
            match step {
                Step::Pass(ms) => {
                    now += ms;
                    pass(ms);
                }
                Step::Claim(who) => {
                    let claim = ledger.claim("crm", "1", b"a").unwrap();
                    prop_assert_eq!(claim.status(), model.claim(who, now));
                    if claim.status() == ClaimStatus::Won {
                        // A worker that claims anew knows its new token only.
                        let mut held = held.borrow_mut();
                        held[who] = Some(claim);
                    }
                }
                Step::Complete(who) => {
                    let got = done(who, &|claim| claim.complete(&Value::Null).is_ok());
                    let is_held = model.until > now;
                    prop_assert_eq!(got, model.ends(who, is_held, Some(ClaimStatus::Done)));
                }
                Step::Fail(who) => {
                    let got = done(who, &|claim| claim.fail("x").is_ok());
                    let end = (model.attempts == 3).then_some(ClaimStatus::Dead);
                    prop_assert_eq!(got, model.ends(who, true, end));
                }
                Step::Release(who) => {
                    let got = done(who, &|claim| claim.release(Duration::ZERO).is_ok());
                    let expected = model.ends(who, true, None);
                    prop_assert_eq!(got, expected);
                    model.attempts -= u32::from(expected);
                }
                Step::Renew(who) => {
                    let got = done(who, &|claim| claim.renew().is_ok());
                    let expected = model.holder == Some(who) && model.until > now;
                    prop_assert_eq!(got, expected);
                    if expected {
                        model.until = now + 100;
                    }
                }
            }
        }
        clock::thaw();
    }
}

#[test]
fn dead_letters_are_replayed_by_source_and_span_of_time() {
    let ledger = ledger();
    let die = |source: &str, id: &str| {
        let claim = ledger.claim(source, id, b"a").unwrap();
        claim.bury("boom").unwrap();
    };
    for (source, id) in [("crm", "1"), ("erp", "2"), ("crm", "3"), ("crm", "4")] {
        die(source, id);
        pass(10);
    }
    let of = |source, from_in_ms: i64, until_in_ms: i64| ReplayFilter {
        source,
        from_ms: Some(NOW_MS + from_in_ms),
        until_ms: Some(NOW_MS + until_in_ms),
    };
    assert_eq!(ledger.replay_all(of(Some("crm"), 1, 20), 9).unwrap(), 1);
    assert_eq!(ledger.replay_all(of(None, 0, 20), 9).unwrap(), 2);
    assert_eq!(ledger.replay_all(ReplayFilter::default(), 0).unwrap(), 0);
    let left: Vec<_> = ledger.dead_letters(None, 9).unwrap();
    assert_eq!(left[0].event_id, "4");
    for id in 5..255 {
        die("crm", &id.to_string());
    }
    assert_eq!(
        ledger.replay_all(ReplayFilter::default(), 200).unwrap(),
        200
    );
    assert_eq!(ledger.replay_all(ReplayFilter::default(), 200).unwrap(), 51);
    assert_eq!(ledger.counts(None).unwrap().pending, 254);
}

#[test]
fn payloads_are_erased_in_steps_and_their_rows_still_know_a_duplicate() {
    let ledger = ledger();
    for id in 0..7 {
        let claim = ledger.claim("crm", &id.to_string(), b"a").unwrap();
        claim.complete(&Value::Null).unwrap();
        // Some are done at the same moment.
        pass(id % 2);
    }
    ledger.record("crm", "unfinished", b"a").unwrap();
    let hour = Duration::from_secs(3600);
    assert_eq!(ledger.erase_payloads(hour, 3).unwrap(), 0, "all are young");
    pass(3_600_001);
    let steps: Vec<_> = (0..4)
        .map(|_| ledger.erase_payloads(hour, 3).unwrap())
        .collect();
    assert_eq!(steps, [3, 3, 1, 0]);
    let payloads = |id: &str| {
        let read = ledger.store().read(Kind::Inbox, &key_of("crm", id));
        read.unwrap().unwrap().payload
    };
    for id in 0..7 {
        assert_eq!(payloads(&id.to_string()), None);
        let again = ledger.record("crm", &id.to_string(), b"a").unwrap();
        assert_eq!(again, Recorded::Duplicate);
    }
    assert_eq!(payloads("unfinished"), Some(b"a".to_vec()));
    assert_eq!(ledger.record("crm", "0", b"b").unwrap(), Recorded::Conflict);
}

#[test]
fn a_renewal_that_was_rolled_back_does_not_mislead_its_claim() {
    let ledger = ledger();
    let store = ledger.store().clone();
    let claim = ledger.claim("crm", "1", b"a").unwrap();
    pass(50);
    let rolled_back = atomically(store.as_ref(), || -> Result<(), StoreError> {
        claim.renew().unwrap();
        Err(StoreError::lost_race())
    });
    assert!(rolled_back.is_err());
    claim.renew().unwrap();
    pass(60);
    claim.complete(&json!(1)).unwrap();
    assert_eq!(ledger.claim("crm", "1", b"a").unwrap().outcome(), json!(1));
}

#[test]
fn a_ledger_takes_part_in_the_callers_transaction_on_every_store() {
    let dir = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::open(dir.path().join("s.sqlite")).unwrap();
    let stores: [Rc<dyn Store>; 2] = [Rc::new(MemoryStore::new()), Rc::new(sqlite)];
    for store in stores {
        takes_part_in_a_transaction(store);
    }
}

/// What is claimed and completed in a transaction holds with its commit, and never was without.
pub(crate) fn takes_part_in_a_transaction(store: Rc<dyn Store>) {
    clock::freeze(UnixMs(NOW_MS));
    let ledger = Ledger::new(store.clone(), options());
    let work = |is_committed: bool| {
        atomically(store.as_ref(), || {
            let refuse = |_| StoreError::lost_race();
            let claim = ledger.claim("crm", "1", b"a").map_err(refuse)?;
            claim.complete(&json!("mine")).map_err(refuse)?;
            is_committed.then_some(()).ok_or_else(StoreError::lost_race)
        })
    };
    assert!(work(false).is_err());
    assert_eq!(ledger.counts(None).unwrap(), LedgerCounts::default());
    work(true).unwrap();
    let again = ledger.claim("crm", "1", b"a").unwrap();
    assert_eq!(
        (again.status(), again.outcome()),
        (ClaimStatus::Done, json!("mine"))
    );
}

/// Premise: the store's clock is set on by an hour while a worker holds an event. Its lease is over
/// then, another worker takes the event, and the first one commits nothing.
#[test]
fn a_clock_that_jumps_forward_costs_a_lease_and_no_event() {
    let ledger = ledger();
    let zombie = ledger.claim("crm", "1", b"a").unwrap();
    ledger.record("crm", "2", b"a").unwrap();
    clock::freeze(UnixMs(NOW_MS + 3_600_000));
    let claims = ledger.claim_due(9, None).unwrap();
    assert_eq!(claims.len(), 2, "what was held and what waited");
    assert!(matches!(
        zombie.complete(&Value::Null),
        Err(LedgerError::LeaseLost { .. })
    ));
    for claim in claims {
        claim.complete(&Value::Null).unwrap();
    }
    assert_eq!(ledger.counts(None).unwrap().done, 2);
}

/// Premise: the clock was years ahead and is set right. What it had made wait does not wait years:
/// what waited is due now, what a dead worker held after a lease from now, what was delayed on
/// purpose when it was. A worker that holds an event ends it as ever.
#[test]
fn a_clock_that_was_years_ahead_leaves_nothing_waiting_for_years() {
    let ledger = ledger();
    ledger.record("crm", "in its time", b"a").unwrap();
    let delayed = ledger.claim("crm", "delayed on purpose", b"a").unwrap();
    delayed.release(Duration::from_secs(30 * 86_400)).unwrap();
    clock::freeze(UnixMs(NOW_MS + 10 * 365 * 86_400_000));
    let held = ledger.claim("crm", "held", b"a").unwrap();
    ledger.claim("crm", "of a dead worker", b"a").unwrap();
    for event in 0..250 {
        ledger.record("crm", &format!("e{event}"), b"a").unwrap();
    }
    clock::freeze(UnixMs(NOW_MS));
    // Another process, which has not seen the clock go back.
    let after = Ledger::new(ledger.store().clone(), ledger.options().clone());
    let take = || {
        let claims = after.claim_due(999, None).unwrap();
        for claim in &claims {
            claim.complete(&Value::Null).unwrap();
        }
        claims.len()
    };
    assert_eq!(take(), 251);
    held.complete(&Value::Null).unwrap();
    assert_eq!(after.counts(None).unwrap().pending, 1);
    clock::advance(ledger.options().lease);
    assert_eq!(take(), 1, "the dead worker's");
    clock::advance(Duration::from_secs(30 * 86_400));
    assert_eq!((take(), take()), (1, 0));
    assert_eq!(after.counts(None).unwrap().done, 254);
}

/// Premise: the clock is set back by an hour. What is held can be ended by its holder, what comes
/// now is done now, and so is what waited; what a dead worker held comes after a lease from now.
/// Nobody needs to help.
#[test]
fn a_clock_that_jumps_back_loses_nothing_and_delays_by_no_more_than_a_lease() {
    let ledger = ledger();
    let held = ledger.claim("crm", "held", b"a").unwrap();
    ledger
        .claim("crm", "left by a worker that died", b"a")
        .unwrap();
    ledger.record("crm", "waited", b"a").unwrap();
    clock::freeze(UnixMs(NOW_MS - 3_600_000));
    held.renew().unwrap();
    held.complete(&Value::Null).unwrap();
    ledger.record("crm", "new", b"a").unwrap();
    let take = || {
        let claims = ledger.claim_due(9, None).unwrap();
        for claim in &claims {
            claim.complete(&Value::Null).unwrap();
        }
        claims.len()
    };
    assert_eq!((take(), take()), (2, 0), "what is new, and what waited");
    assert_eq!(ledger.erase_payloads(Duration::ZERO, 9).unwrap(), 0);
    pass(u64::try_from(options().lease.as_millis()).unwrap());
    assert_eq!((take(), take()), (1, 0), "the dead worker's");
    assert_eq!(ledger.counts(None).unwrap().done, 4);
    assert_eq!(
        ledger.record("crm", "held", b"a").unwrap(),
        Recorded::Duplicate
    );
}
