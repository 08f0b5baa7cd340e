//! Every protocol, killed before each of its writes.
//!
//! A child of this test's binary opens the segment's file, goes through a protocol and is killed
//! before its n-th write, for every n there is. After each kill the parent goes through the same
//! protocol to its end in what the child left behind, and must find what the protocol promises.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};

use super::{write::killing, *};
use crate::{
    policy::{
        breaker::{Options, Outcome, State},
        budget, concurrency, streak, throttle,
    },
    telemetry::Counter,
};

const DIR: &str = "CAUSEWAY_TEST_KILL_DIR";
const PROTOCOL: &str = "CAUSEWAY_TEST_KILL_PROTOCOL";
const WRITE: &str = "CAUSEWAY_TEST_KILL_WRITE";
/// Far beyond the longest protocol: one that never ends is an error.
const WRITES_MAX: u32 = 500;
const KEY: [u8; 32] = [5; 32];
const LONG: Duration = Duration::from_secs(3600);

/// What a child does and the parent must be able to do after it.
struct Protocol {
    name: &'static str,
    /// What was there before.
    prepare: fn(&Segment),
    /// What is killed, and checks what it promises.
    run: fn(&Segment),
}

const PROTOCOLS: [Protocol; 14] = [
    Protocol {
        name: "claim",
        prepare: |_| {},
        run: claim,
    },
    Protocol {
        name: "take_over",
        prepare: fill_with_idle,
        run: claim,
    },
    Protocol {
        name: "open",
        prepare: |_| {},
        run: open,
    },
    Protocol {
        name: "close",
        prepare: opened,
        run: close,
    },
    Protocol {
        name: "calls",
        prepare: |_| {},
        run: calls,
    },
    Protocol {
        name: "budget",
        prepare: |_| {},
        run: budget,
    },
    Protocol {
        name: "streak",
        prepare: |_| {},
        run: streak,
    },
    Protocol {
        name: "throttle",
        prepare: |_| {},
        run: throttle,
    },
    Protocol {
        name: "place",
        prepare: |_| {},
        run: place,
    },
    Protocol {
        name: "lease",
        prepare: |_| {},
        run: lease,
    },
    Protocol {
        name: "flight",
        prepare: |_| {},
        run: flight,
    },
    Protocol {
        name: "token",
        prepare: |_| {},
        run: token,
    },
    Protocol {
        name: "post",
        prepare: |_| {},
        run: post,
    },
    Protocol {
        name: "lead",
        prepare: posted,
        run: lead,
    },
];

fn catalog(segment: &Segment) -> Connection {
    segment.connection("", "catalog")
}

fn claim(segment: &Segment) {
    let connection = segment.connection("shop", "late");
    assert!(connection.is_shared());
    assert_eq!(connection.counter(Counter::Succeeded), 0);
    connection.count(Counter::Calls, 1);
    let found = segment.connections();
    let found = found.iter().filter(|(.., name, _)| name == "late");
    assert_eq!(found.count(), 1);
}

/// Every slot is taken, and all but one may be given to another.
fn fill_with_idle(segment: &Segment) {
    for n in 0..CONNECTIONS {
        segment
            .connection("", &n.to_string())
            .count(Counter::Succeeded, 9);
    }
    for slot in segment.shared.layout().connections.iter().skip(1) {
        slot.last_used.store(0, Ordering::Relaxed);
    }
}

fn options() -> Options {
    Options::new(0.5, 2, Duration::from_secs(10), Duration::from_millis(1), 1).unwrap()
}

fn fail(connection: &Connection, options: &Options) {
    let now = clock::monotonic();
    if let Ok(permit) = connection.breaker_admit(options, now) {
        let took = Duration::from_secs(1);
        connection.breaker_record(options, permit, (Outcome::Failure, took), now);
    }
}

fn open(segment: &Segment) {
    let connection = catalog(segment);
    let patient = Options::new(0.5, 2, Duration::from_secs(10), LONG, 1).unwrap();
    let patient = patient
        .with_slow_calls(Duration::from_millis(1), 0.5)
        .unwrap();
    (0..3).for_each(|_| fail(&connection, &patient));
    assert_eq!(
        connection.breaker_state(&patient, clock::monotonic()),
        State::Open
    );
}

fn opened(segment: &Segment) {
    let connection = catalog(segment);
    (0..2).for_each(|_| fail(&connection, &options()));
}

fn close(segment: &Segment) {
    let (connection, options) = (catalog(segment), options());
    let until = clock::monotonic().saturating_add(Duration::from_secs(5));
    loop {
        let now = clock::monotonic();
        assert!(
            now < until,
            "it stays {:?}",
            connection.breaker_state(&options, now)
        );
        if connection.breaker_state(&options, now) == State::Closed {
            break;
        }
        if let Ok(permit) = connection.breaker_admit(&options, now) {
            let ended = (Outcome::Success, Duration::ZERO);
            connection.breaker_record(&options, permit, ended, now);
        }
    }
    // What opened it is forgotten.
    let slots = segment.shared.layout().connections.iter();
    let tallies = slots.map(|slot| breaker::tally(&slot.breaker, &options, clock::monotonic()));
    assert_eq!(tallies.map(|tally| tally.failed).sum::<u64>(), 0);
}

fn calls(segment: &Segment) {
    let connection = catalog(segment);
    let options = Options::new(0.5, 4, Duration::from_secs(10), LONG, 1).unwrap();
    let options = options.with_window_calls(8).unwrap();
    (0..8).for_each(|_| fail(&connection, &options));
    assert_eq!(
        connection.breaker_state(&options, clock::monotonic()),
        State::Open
    );
}

fn budget(segment: &Segment) {
    let connection = catalog(segment);
    let options = budget::Options::new(0.5, 0.0, 2).unwrap();
    for _ in 0..4 {
        connection.budget_deposit(&options, clock::monotonic());
    }
    assert!(connection.budget_withdraw(&options, clock::monotonic()));
    assert!(connection.budget_withdraw(&options, clock::monotonic()));
    assert!(!connection.budget_withdraw(&options, clock::monotonic()));
}

fn streak(segment: &Segment) {
    let connection = catalog(segment);
    let options = streak::Options::default();
    for _ in 0..options.limit() {
        connection.streak_failed(&options, clock::monotonic());
    }
    assert!(!connection.streak_allows_retry(&options, clock::monotonic()));
    connection.streak_ended();
    assert!(connection.streak_allows_retry(&options, clock::monotonic()));
}

fn throttle(segment: &Segment) {
    let connection = catalog(segment);
    let now = clock::monotonic();
    let rate = throttle::Rate::new(1000, Duration::from_secs(1), 1).unwrap();
    let first = connection.throttle_take(rate, now, LONG).unwrap();
    let second = connection.throttle_take(rate, now, LONG).unwrap();
    assert!(second >= first + rate.interval());
    let interval = Duration::from_secs(2);
    let announced = throttle::Announced {
        interval,
        until: now.saturating_add(LONG),
    };
    connection.throttle_announce(Some(announced), now);
    assert_eq!(connection.throttle_take_announced(now, LONG), Ok(interval));
    connection.throttle_announce(None, now);
    assert_eq!(
        connection.throttle_take_announced(now, LONG),
        Ok(Duration::ZERO)
    );
}

fn place(segment: &Segment) {
    let connection = catalog(segment);
    let options = concurrency::Options {
        max: 2,
        max_wait: Duration::ZERO,
    };
    let take = || connection.place_take(&options, LONG, clock::monotonic());
    let (one, other) = (take().unwrap(), take().unwrap());
    assert_eq!(take(), None);
    connection.place_give_back(one);
    connection.place_give_back(other);
    assert_eq!(connection.places_held(clock::monotonic()), 0);
}

fn lease(segment: &Segment) {
    let lease = segment.lease(&KEY, LONG, clock::monotonic()).unwrap();
    assert!(lease.is_shared());
    assert!(segment.lease(&KEY, LONG, clock::monotonic()).is_none());
    lease.release();
    assert!(!segment.held_by_other(&KEY, clock::monotonic()));
}

fn flight(segment: &Segment) {
    let flight = segment.flight(&KEY);
    let began = clock::monotonic();
    flight.listen(began.saturating_add(LONG));
    // Whatever a killed leader left is whole or nothing.
    if let Some(bytes) = flight.result(Monotonic::default()) {
        assert_eq!(bytes, b"0123456789");
    }
    let lease = segment.lease(&KEY, LONG, began).unwrap();
    let rings = flight.rings();
    flight.land(
        || b"0123456789".to_vec(),
        || drop(lease),
        clock::monotonic(),
    );
    assert_eq!(flight.result(began), Some(b"0123456789".to_vec()));
    assert_eq!(flight.rings(), rings + 1);
}

fn token(segment: &Segment) {
    let slot = segment.token_slot(&KEY);
    let seal = SealKey::derive(b"secret", b"context");
    let now = clock::monotonic();
    let expires = now.saturating_add(LONG);
    if let Some(token) = slot.read(&seal, now) {
        assert_eq!(token.secret, b"a token");
    }
    let generation = slot
        .write(&seal, b"a token", expires, expires, now)
        .unwrap();
    assert_eq!(slot.read(&seal, now).unwrap().generation, generation);
    slot.clear(generation);
    assert_eq!(slot.read(&seal, now), None);
}

fn post(segment: &Segment) {
    let group = segment.group(&KEY);
    // What a killed one has posted may be worked on: it is whole, and nobody hears the answer.
    for taken in group.take() {
        assert_eq!(taken.bytes(), Some(&b"0123456789"[..]));
    }
    let post = group.post(b"0123456789").unwrap();
    let taken = group.take();
    assert_eq!(taken.len(), 1);
    taken.into_iter().for_each(|taken| taken.answer(true));
    assert_eq!(post.outcome(), Some(super::group::Outcome::Answered(true)));
    drop(post);
    let post = group.post(b"0123456789").unwrap();
    assert!(post.withdraw());
}

/// Posts of processes that wait.
fn posted(segment: &Segment) {
    let group = segment.group(&KEY);
    for _ in 0..2 {
        std::mem::forget(group.post(b"0123456789").unwrap());
    }
}

/// A leader that is killed leaves each post as it was, answered, or for the next one to give back.
fn lead(segment: &Segment) {
    let group = segment.group(&KEY);
    for taken in group.take() {
        let bytes = taken.bytes().unwrap();
        assert!([&b"0123456789"[..], b"mine"].contains(&bytes), "{bytes:?}");
        taken.answer(true);
    }
    group.call();
    assert!(group.take().is_empty());
    let post = group.post(b"mine").unwrap();
    group
        .take()
        .into_iter()
        .for_each(|taken| taken.answer(false));
    assert_eq!(post.outcome(), Some(super::group::Outcome::Answered(false)));
}

/// Not a test of its own: what the children do. Without a protocol it does nothing.
#[test]
fn a_child_that_is_killed() {
    let given = [DIR, PROTOCOL, WRITE].map(std::env::var_os);
    let [Some(dir), Some(name), Some(write)] = given else {
        return;
    };
    let write = write.to_str().unwrap().parse().unwrap();
    let segment = Segment::open(Path::new(&dir)).unwrap();
    // There before: what is killed is the protocol and not finding the connection.
    if name != "claim" && name != "take_over" {
        catalog(&segment);
    }
    let protocol = PROTOCOLS.iter().find(|known| known.name == name).unwrap();
    killing::arm(write);
    (protocol.run)(&segment);
}

fn child(dir: &Path, protocol: &Protocol, write: u32) -> ExitStatus {
    Command::new(std::env::current_exe().unwrap())
        .args(["segment::kill_tests::a_child_that_is_killed", "--exact"])
        .env(DIR, dir)
        .env(PROTOCOL, protocol.name)
        .env(WRITE, write.to_string())
        .stdout(Stdio::null())
        .status()
        .unwrap()
}

/// How many writes a protocol was killed before.
fn survived(protocol: &Protocol) -> u32 {
    for write in 1..WRITES_MAX {
        let dir = tempfile::tempdir().unwrap();
        let segment = Segment::open(dir.path()).unwrap();
        (protocol.prepare)(&segment);
        let status = child(dir.path(), protocol, write);
        if status.success() {
            return write - 1;
        }
        assert_eq!(
            status.signal(),
            Some(9),
            "{} at write {write}",
            protocol.name
        );
        (protocol.run)(&segment);
    }
    panic!("{} does not end", protocol.name);
}

#[test]
fn every_protocol_survives_a_kill_before_each_of_its_writes() {
    let writes: Vec<(&str, u32)> = PROTOCOLS
        .iter()
        .map(|protocol| (protocol.name, survived(protocol)))
        .collect();
    // Each has some, or nothing was tried.
    assert!(writes.iter().all(|(_, writes)| *writes >= 2), "{writes:?}");
}
