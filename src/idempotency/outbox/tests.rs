use std::cell::RefCell;
use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::clock::{self, UnixMs};
use crate::http::{Answer, CallError, CallErrorKind, Content, Fetch, Sent};
use crate::snapshot::testing::{NOW_MS, Script, answer, call_error};
use crate::store::MemoryStore;
use crate::testing::failpoint;

pub(super) fn outbox_in(store: Rc<dyn Store>, unsure: Unsure) -> Outbox {
    clock::freeze(UnixMs(NOW_MS));
    let options = OutboxOptions {
        unsure,
        ..OutboxOptions::default()
    };
    Outbox::new(store, "crm", options)
}

pub(super) fn outbox() -> Outbox {
    outbox_in(Rc::new(MemoryStore::new()), Unsure::Repeat)
}

pub(super) fn post(body: &str) -> Request {
    Request {
        content: Content::from(body.to_owned()),
        ..Request::new(http::Method::POST, "orders?token=x")
    }
}

pub(super) fn named(id: &str) -> SendOptions {
    SendOptions {
        id: Some(id.to_owned()),
        ..SendOptions::default()
    }
}

fn ordered(id: &str) -> SendOptions {
    SendOptions {
        order: Some("o".to_owned()),
        ..named(id)
    }
}

fn bodies(vendor: &Script) -> Vec<String> {
    let body = |request: &Request| match &request.content {
        Content::Whole(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        Content::Empty | Content::Streamed { .. } => String::new(),
    };
    vendor.asked().iter().map(body).collect()
}

pub(super) fn pass(seconds: u64) {
    clock::advance(Duration::from_secs(seconds));
}

#[test]
fn a_write_is_sent_once_under_the_key_it_was_given() {
    let outbox = outbox();
    let id = outbox.send(&post("a"), &SendOptions::default()).unwrap();
    let vendor = Script::default().answer(500, "").answer(201, "");
    assert_eq!(outbox.process(&vendor, 9).unwrap().failed, 1);
    assert_eq!(outbox.process(&vendor, 9).unwrap(), Relayed::default());
    pass(2);
    assert_eq!(outbox.process(&vendor, 9).unwrap().sent, 1);
    pass(9999);
    assert_eq!(outbox.process(&vendor, 9).unwrap(), Relayed::default());
    let asked = vendor.asked();
    let key = asked[0].idempotency_key.clone().unwrap();
    assert_eq!(asked[1].idempotency_key.as_deref(), Some(&*key));
    assert_eq!(key.len(), 64);
    assert_eq!(bodies(&vendor), ["a", "a"]);
    assert!(!outbox.cancel(&id).unwrap(), "it was sent");
}

#[test]
fn the_same_id_is_recorded_once_and_another_write_under_it_is_refused() {
    let outbox = outbox();
    outbox.send(&post("a"), &named("1")).unwrap();
    assert_eq!(outbox.send(&post("a"), &named("1")).unwrap(), "1");
    let error = outbox.send(&post("b"), &named("1")).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Misuse);
    assert_eq!(outbox.counts().unwrap().pending, 1);
}

#[test]
fn a_write_belongs_to_the_callers_transaction() {
    let outbox = outbox();
    let rolled_back = atomically(outbox.store().as_ref(), || -> Result<(), StoreError> {
        outbox.send(&post("a"), &named("1"))?;
        Err(StoreError::lost_race())
    });
    assert!(rolled_back.is_err());
    assert_eq!(outbox.counts().unwrap().pending, 0);
}

#[test]
fn delay_deadline_and_cancel() {
    let outbox = outbox();
    let later = SendOptions {
        delay: Duration::from_secs(10),
        ..named("later")
    };
    outbox.send(&post("later"), &later).unwrap();
    let short = SendOptions {
        deadline: Some(Duration::from_secs(5)),
        ..named("short")
    };
    outbox.send(&post("short"), &short).unwrap();
    outbox.send(&post("gone"), &named("gone")).unwrap();
    assert!(outbox.cancel("gone").unwrap());
    assert!(!outbox.cancel("gone").unwrap());
    assert!(!outbox.cancel("never recorded").unwrap());
    let down = Script::default().answer(503, "");
    assert_eq!(outbox.process(&down, 9).unwrap().failed, 1);
    assert_eq!(down.asked()[0].total, Some(Duration::from_secs(5)));
    pass(10);
    let vendor = Script::default().answer(200, "");
    let relayed = outbox.process(&vendor, 9).unwrap();
    assert_eq!((relayed.sent, relayed.dead), (1, 1));
    assert_eq!(bodies(&vendor), ["later"]);
    let letters = outbox.dead_letters(9).unwrap();
    assert_eq!(letters[0].error, "its deadline passed before it was sent");
    assert_eq!(
        (&*letters[0].method, &*letters[0].target),
        ("POST", "orders")
    );
}

/// A store that can tell the time only as often as it is told.
struct Clockless(MemoryStore, Cell<usize>);

impl Store for Clockless {
    fn now_ms(&self) -> Result<i64, StoreError> {
        let left = self.1.get().checked_sub(1);
        self.1.set(left.ok_or_else(StoreError::lost_race)?);
        self.0.now_ms()
    }
    fn insert(&self, kind: Kind, record: &Record) -> Result<bool, StoreError> {
        self.0.insert(kind, record)
    }
    fn read(&self, kind: Kind, key: &Key) -> Result<Option<Record>, StoreError> {
        self.0.read(kind, key)
    }
    fn replace(&self, kind: Kind, record: &Record, version: i64) -> Result<bool, StoreError> {
        self.0.replace(kind, record, version)
    }
    fn find(&self, kind: Kind, query: &Query<'_>) -> Result<Vec<Record>, StoreError> {
        self.0.find(kind, query)
    }
    fn count_up_to(
        &self,
        kind: Kind,
        states: &[&str],
        scope: Option<&str>,
        at_most: usize,
    ) -> Result<usize, StoreError> {
        self.0.count_up_to(kind, states, scope, at_most)
    }
    fn counts(&self, kind: Kind) -> Result<Vec<crate::store::Count>, StoreError> {
        self.0.counts(kind)
    }
    fn delete(&self, kind: Kind, key: &Key) -> Result<bool, StoreError> {
        self.0.delete(kind, key)
    }
    fn erase(&self, kind: Kind, keys: &[Key]) -> Result<usize, StoreError> {
        self.0.erase(kind, keys)
    }
    fn purge(
        &self,
        kind: Kind,
        states: &[&str],
        before_ms: i64,
        limit: usize,
    ) -> Result<usize, StoreError> {
        self.0.purge(kind, states, before_ms, limit)
    }
    fn atomically(
        &self,
        work: &mut dyn FnMut() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.0.atomically(work)
    }
}

#[test]
fn a_store_that_cannot_tell_the_time_is_told_and_nothing_is_sent() {
    for times in 0..4 {
        let store = Rc::new(Clockless(MemoryStore::new(), Cell::new(1)));
        let outbox = outbox_in(store.clone(), Unsure::Repeat);
        let short = SendOptions {
            deadline: Some(Duration::from_secs(5)),
            ..named("1")
        };
        outbox.send(&post("a"), &short).unwrap();
        store.1.set(times);
        // The fake would fail the test if it were asked.
        assert!(outbox.process(&Script::default(), 9).is_err(), "{times}");
    }
}

#[test]
fn order_is_kept_per_key_and_a_dead_item_blocks_it() {
    let outbox = outbox();
    for id in ["1", "2", "3", "4"] {
        outbox.send(&post(id), &ordered(id)).unwrap();
    }
    // What is due later comes later.
    pass(1);
    outbox.send(&post("free"), &named("free")).unwrap();
    assert_eq!(outbox.counts().unwrap().blocked, 3);
    let vendor = Script::default().answer(422, "").answer(200, "");
    let relayed = outbox.process(&vendor, 9).unwrap();
    assert_eq!(
        (relayed.sent, relayed.dead),
        (1, 1),
        "only the free one went"
    );
    assert!(outbox.cancel("2").unwrap(), "while it waits");
    assert!(outbox.discard("1").unwrap());
    assert!(!outbox.discard("1").unwrap());
    outbox.send(&post("5"), &ordered("5")).unwrap();
    let vendor = Script::default().answer(200, "").answer(400, "");
    outbox.process(&vendor, 9).unwrap();
    assert_eq!(bodies(&vendor), ["3", "4"]);
    assert!(outbox.replay("4").unwrap());
    let vendor = Script::default().answer(200, "").answer(200, "");
    assert_eq!(outbox.process(&vendor, 9).unwrap().sent, 2);
    assert_eq!(bodies(&vendor), ["4", "5"]);
    outbox.send(&post("6"), &ordered("6")).unwrap();
    assert_eq!(
        outbox
            .process(&Script::default().answer(200, ""), 9)
            .unwrap()
            .sent,
        1
    );
}

#[test]
fn a_refusal_by_the_connection_costs_no_attempt_and_ends_the_round() {
    let outbox = outbox();
    outbox.send(&post("a"), &named("1")).unwrap();
    outbox.send(&post("b"), &named("2")).unwrap();
    let vendor = Script::default().error(CallErrorKind::Paused);
    let relayed = outbox.process(&vendor, 9).unwrap();
    assert_eq!((relayed.deferred, relayed.failed), (1, 0));
    let item = outbox
        .store()
        .read(Kind::Outbox, &item_key("crm", "1"))
        .unwrap();
    assert_eq!(item.unwrap().attempts, 0);
}

#[test]
fn dead_writes_are_replayed_by_span_and_payloads_of_what_ended_are_erased() {
    let outbox = outbox();
    let mut vendor = Script::default();
    for number in 1..=3 {
        outbox
            .send(&post(&format!("b{number}")), &named(&number.to_string()))
            .unwrap();
        vendor = vendor.answer(422, "");
        outbox.process(&vendor, 9).unwrap();
        pass(60);
    }
    let died_ms = |number: i64| NOW_MS + (number - 1) * 60_000;
    let replayed = outbox.replay_all(Some(died_ms(2)), Some(died_ms(2)), 9);
    assert_eq!(replayed.unwrap(), 1);
    let dead = outbox.dead_letters(9).unwrap();
    assert_eq!(
        dead.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(),
        ["1", "3"]
    );
    assert_eq!(outbox.replay_all(None, None, 1).unwrap(), 1);
    assert_eq!(outbox.replay_all(None, None, 9).unwrap(), 1);
    let vendor = Script::default()
        .answer(200, "")
        .answer(200, "")
        .answer(422, "");
    assert_eq!(outbox.process(&vendor, 9).unwrap().sent, 2);
    pass(3600);
    let hour = Duration::from_secs(3600);
    assert_eq!(outbox.erase_payloads(hour, 9).unwrap(), 0, "not older");
    pass(1);
    assert_eq!(outbox.erase_payloads(hour, 1).unwrap(), 1);
    assert_eq!(outbox.erase_payloads(hour, 9).unwrap(), 1);
    assert_eq!(outbox.erase_payloads(hour, 9).unwrap(), 0);
    let has_payload = |id: &str| {
        let item = outbox
            .store()
            .read(Kind::Outbox, &item_key("crm", id))
            .unwrap()
            .unwrap();
        (item.state.clone(), item.payload.is_some())
    };
    let states: Vec<_> = ["1", "2", "3"].into_iter().map(has_payload).collect();
    let kept = states.iter().filter(|(_, has)| *has).count();
    assert_eq!(kept, 1, "what died is kept whole: {states:?}");
    assert!(states.contains(&("dead".to_owned(), true)));
    // A repeat is known without its payload.
    let sent = if states[0].0 == "done" { "1" } else { "2" };
    let body = format!("b{sent}");
    assert_eq!(outbox.send(&post(&body), &named(sent)).unwrap(), sent);
    assert_eq!(outbox.counts().unwrap().pending, 0);
}

#[test]
fn a_write_through_is_recorded_and_its_crash_is_resolved_under_the_same_key() {
    let outbox = outbox();
    let vendor = Script::default().answer(201, "made").answer(200, "");
    failpoint::arm_to_stop("outbox.after_send", 1);
    let crashed = outbox.call(&vendor, &post("a"), &named("1"));
    assert!(matches!(crashed, Err(OutboxError::Store(_))));
    assert_eq!(
        outbox.process(&vendor, 9).unwrap(),
        Relayed::default(),
        "its lease holds"
    );
    pass(121);
    assert_eq!(outbox.process(&vendor, 9).unwrap().sent, 1);
    let keys: Vec<_> = vendor
        .asked()
        .into_iter()
        .map(|it| it.idempotency_key)
        .collect();
    assert_eq!(keys[0], keys[1]);
    let vendor = Script::default().answer(200, "done");
    let done = outbox.call(&vendor, &post("b"), &named("2")).unwrap();
    assert_eq!(&done.body[..], b"done");
    assert_eq!(outbox.counts().unwrap().done, 2);
    let again = outbox.call(&vendor, &post("b"), &named("2"));
    assert!(
        matches!(again, Err(OutboxError::Store(_))),
        "not a second time"
    );
}

#[test]
fn a_write_through_of_unknown_fate_is_held_where_the_vendor_takes_no_keys() {
    let outbox = outbox_in(Rc::new(MemoryStore::new()), Unsure::Hold);
    failpoint::arm_to_stop("outbox.after_send", 1);
    let vendor = Script::default().answer(201, "");
    outbox.call(&vendor, &post("a"), &named("1")).unwrap_err();
    pass(121);
    assert_eq!(outbox.process(&Script::default(), 9).unwrap().dead, 1);
    assert!(
        outbox.dead_letters(9).unwrap()[0]
            .error
            .contains("may have been sent")
    );
}

#[test]
fn a_failure_that_the_caller_heard_is_not_sent_later() {
    let of = |sent| CallError {
        sent,
        ..call_error(CallErrorKind::Timeout)
    };
    let outcomes: [(Result<Answer, CallError>, i64); 5] = [
        (Ok(answer(422, "")), 0),
        (Ok(answer(503, "")), 1),
        (Err(of(Sent::No)), 0),
        (Err(of(Sent::Maybe)), 1),
        (Err(call_error(CallErrorKind::BreakerOpen)), 0),
    ];
    for (outcome, dead) in outcomes {
        let outbox = outbox();
        let vendor = Script::default().then(move || outcome);
        outbox.call(&vendor, &post("a"), &named("1")).unwrap_err();
        pass(3600);
        assert_eq!(
            outbox.process(&Script::default(), 9).unwrap(),
            Relayed::default()
        );
        assert_eq!(outbox.counts().unwrap().dead, dead);
    }
}

#[test]
fn a_kill_at_any_step_loses_nothing_and_keeps_the_key() {
    let steps = [
        "outbox.before_claim",
        "outbox.after_claim",
        "outbox.before_send",
        "outbox.after_send",
        "outbox.before_commit",
        "outbox.after_commit",
    ];
    for step in steps {
        let outbox = outbox();
        outbox.send(&post("1"), &ordered("1")).unwrap();
        outbox.send(&post("2"), &ordered("2")).unwrap();
        let vendor = (0..4).fold(Script::default(), |vendor, _| vendor.answer(200, ""));
        failpoint::arm_to_stop(step, 1);
        assert!(outbox.process(&vendor, 9).is_err(), "{step}");
        pass(121);
        outbox.process(&vendor, 9).unwrap();
        assert_eq!(outbox.counts().unwrap().done, 2, "{step}");
        let mut keys = BTreeMap::new();
        for (request, body) in vendor.asked().into_iter().zip(bodies(&vendor)) {
            let key = request.idempotency_key.unwrap();
            assert_eq!(keys.entry(body).or_insert(key.clone()), &key, "{step}");
        }
        assert_eq!(keys.len(), 2, "{step}");
    }
}

#[test]
fn purging_keeps_what_is_not_ended_and_the_order_of_its_key() {
    let outbox = outbox();
    for id in ["1", "2", "3"] {
        outbox.send(&post(id), &ordered(id)).unwrap();
    }
    let vendor = Script::default().answer(200, "").answer(400, "");
    outbox.process(&vendor, 9).unwrap();
    pass(3600);
    assert_eq!(outbox.purge(Duration::from_secs(60), 99).unwrap(), 1);
    outbox.send(&post("4"), &ordered("4")).unwrap();
    assert_eq!(outbox.counts().unwrap().blocked, 2, "behind the dead one");
    assert!(outbox.discard("2").unwrap());
    let vendor = Script::default().answer(200, "").answer(200, "");
    outbox.process(&vendor, 9).unwrap();
    assert_eq!(bodies(&vendor), ["3", "4"]);
    pass(3600);
    assert_eq!(outbox.purge(Duration::from_secs(60), 99).unwrap(), 3);
    let counts = outbox.store().counts(Kind::Outbox).unwrap();
    let states: Vec<_> = counts.iter().map(|row| row.state.as_str()).collect();
    assert_eq!(states, ["relay"], "the lane went too");
}

/// What a test does next to an outbox of three keys.
#[derive(Clone, Debug)]
enum Step {
    Send(u8),
    Process(usize, Vec<u16>),
    Cancel(usize),
    Discard(usize),
    Replay(usize),
    Pass(u64),
    Purge,
}

fn step() -> impl Strategy<Value = Step> {
    let status = prop_oneof![4 => Just(200_u16), 1 => Just(500), 1 => Just(422)];
    prop_oneof![
        4 => (0..3_u8).prop_map(Step::Send),
        4 => (1..4_usize, proptest::collection::vec(status, 4)).prop_map(|(n, s)| Step::Process(n, s)),
        1 => (0..20_usize).prop_map(Step::Cancel),
        1 => (0..20_usize).prop_map(Step::Discard),
        1 => (0..20_usize).prop_map(Step::Replay),
        1 => (1..400_u64).prop_map(Step::Pass),
        1 => Just(Step::Purge),
    ]
}

/// A vendor that answers by a list, and remembers what it took, by key and in order.
struct Vendor {
    statuses: RefCell<Vec<u16>>,
    taken: RefCell<Vec<String>>,
}

impl Fetch for Vendor {
    fn fetch(&self, request: &Request) -> Result<Answer, CallError> {
        let status = self.statuses.borrow_mut().pop().unwrap_or(200);
        if status == 200
            && let Content::Whole(body) = &request.content
        {
            let body = String::from_utf8(body.to_vec()).unwrap();
            self.taken.borrow_mut().push(body);
        }
        Ok(answer(status, ""))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    /// Whatever fails, is cancelled, discarded, replayed or purged: what the vendor took of a key
    /// is in the order of recording, nothing twice; and what was neither taken nor taken back is
    /// still there.
    #[test]
    fn order_holds_and_nothing_is_lost_or_sent_twice(
        steps in proptest::collection::vec(step(), 1..60)
    ) {
        let outbox = outbox();
        let vendor = Vendor { statuses: RefCell::default(), taken: RefCell::default() };
        let mut sent = 0_usize;
        let mut given_up = std::collections::BTreeSet::new();
        for step in steps {
            match step {
                Step::Send(order) => {
                    let options = SendOptions { order: Some(order.to_string()), ..named(&sent.to_string()) };
                    outbox.send(&post(&format!("{order}:{sent:03}")), &options).unwrap();
                    sent += 1;
                }
                Step::Process(limit, statuses) => {
                    *vendor.statuses.borrow_mut() = statuses;
                    outbox.process(&vendor, limit).unwrap();
                }
                Step::Cancel(id) => if outbox.cancel(&id.to_string()).unwrap() { given_up.insert(id); },
                Step::Discard(id) => if outbox.discard(&id.to_string()).unwrap() { given_up.insert(id); },
                Step::Replay(id) => { outbox.replay(&id.to_string()).unwrap(); }
                Step::Pass(seconds) => pass(seconds),
                Step::Purge => { outbox.purge(Duration::from_secs(100), 99).unwrap(); }
            }
        }
        // The vendor is well from now on, and somebody replays whatever died.
        vendor.statuses.borrow_mut().clear();
        for _ in 0..=sent {
            for letter in outbox.dead_letters(99).unwrap() {
                outbox.replay(&letter.id).unwrap();
            }
            pass(4600);
            outbox.process(&vendor, 99).unwrap();
        }
        let taken = vendor.taken.borrow();
        for order in 0..3 {
            let of_key: Vec<_> = taken.iter().filter(|it| it.starts_with(&format!("{order}:"))).collect();
            prop_assert!(of_key.is_sorted(), "{of_key:?}");
        }
        let mut all: Vec<usize> = taken.iter().map(|it| it[2..].parse().unwrap()).collect();
        all.extend(given_up);
        all.sort_unstable();
        prop_assert_eq!(all, (0..sent).collect::<Vec<_>>());
    }
}
