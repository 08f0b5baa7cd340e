//! All interleavings of small cases, on the code that the stores run.
//!
//! Each worker is a thread that runs the ledger's own code on one shared store, and stops before
//! each operation of the store until it is let go. The driver lets go one worker at a time, and
//! tries every order there is (a depth-first walk over the choices, each run from the start). Time
//! is one more worker: its only step lets every lease run out. What must hold is checked from the
//! effects, which are written in the transaction that completes a claim.

use std::rc::Rc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use super::{Ledger, LedgerOptions};
use crate::idempotency::{Claim, ClaimStatus};
use crate::store::{Count, Key, Kind, MemoryStore, Query, Record, Store, StoreError, atomically};

const LEASE_MS: i64 = 100;

/// What all workers of a run share.
struct World {
    tables: Mutex<MemoryStore>,
    now_ms: AtomicI64,
    /// Effects of committed transactions.
    effects: AtomicUsize,
    /// A store that replaces whatever version is there: what these tests must find.
    is_broken: bool,
}

/// The shared store as one worker has it.
struct Stepping {
    world: Arc<World>,
    ready: Sender<usize>,
    go: Receiver<()>,
    me: usize,
    /// Inside a transaction nobody else has a turn: it is serialized, as SQLite's is.
    is_inside: std::cell::Cell<bool>,
}

impl Stepping {
    fn turn(&self) {
        if !self.is_inside.get() {
            self.ready.send(self.me).unwrap();
            // A driver that has seen enough lets nobody go any more.
            let _ = self.go.recv();
        }
    }

    fn with<T>(&self, work: impl FnOnce(&MemoryStore) -> T) -> T {
        self.turn();
        work(&self.world.tables.lock().unwrap())
    }
}

impl Store for Stepping {
    fn now_ms(&self) -> Result<i64, StoreError> {
        self.turn();
        Ok(self.world.now_ms.load(Ordering::SeqCst))
    }
    fn insert(&self, kind: Kind, record: &Record) -> Result<bool, StoreError> {
        self.with(|store| store.insert(kind, record))
    }
    fn read(&self, kind: Kind, key: &Key) -> Result<Option<Record>, StoreError> {
        self.with(|store| store.read(kind, key))
    }
    fn replace(&self, kind: Kind, record: &Record, version: i64) -> Result<bool, StoreError> {
        let is_broken = self.world.is_broken;
        self.with(|store| {
            let stored = store.read(kind, &record.key)?;
            let stored = stored.map_or(version, |stored| stored.version);
            let version = if is_broken { stored } else { version };
            store.replace(kind, record, version)
        })
    }
    fn find(&self, kind: Kind, query: &Query<'_>) -> Result<Vec<Record>, StoreError> {
        self.with(|store| store.find(kind, query))
    }
    fn count_up_to(
        &self,
        kind: Kind,
        states: &[&str],
        scope: Option<&str>,
        at_most: usize,
    ) -> Result<usize, StoreError> {
        self.with(|store| store.count_up_to(kind, states, scope, at_most))
    }
    fn counts(&self, kind: Kind) -> Result<Vec<Count>, StoreError> {
        self.with(|store| store.counts(kind))
    }
    fn delete(&self, kind: Kind, key: &Key) -> Result<bool, StoreError> {
        self.with(|store| store.delete(kind, key))
    }
    fn erase(&self, kind: Kind, keys: &[Key]) -> Result<usize, StoreError> {
        self.with(|store| store.erase(kind, keys))
    }
    fn purge(
        &self,
        kind: Kind,
        states: &[&str],
        before_ms: i64,
        limit: usize,
    ) -> Result<usize, StoreError> {
        self.with(|store| store.purge(kind, states, before_ms, limit))
    }
    fn atomically(
        &self,
        work: &mut dyn FnMut() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if self.is_inside.get() {
            return work();
        }
        self.turn();
        self.is_inside.set(true);
        let before = self.world.tables.lock().unwrap().snapshot();
        let result = work();
        if result.is_err() {
            self.world.tables.lock().unwrap().restore(before);
        }
        self.is_inside.set(false);
        result
    }
}

type Script = fn(&Ledger, &World);

fn options() -> LedgerOptions {
    LedgerOptions {
        lease: Duration::from_millis(LEASE_MS.unsigned_abs()),
        max_attempts: 9,
        base_delay: Duration::ZERO,
        max_delay: Duration::ZERO,
    }
}

/// The effect and the mark in one transaction, as a handler does it that wants exactly once.
fn apply(ledger: &Ledger, world: &World, claim: &Claim) -> bool {
    let done = atomically(ledger.store().as_ref(), || {
        claim
            .complete(&Value::Null)
            .map_err(|_| StoreError::lost_race())
    });
    if done.is_ok() {
        world.effects.fetch_add(1, Ordering::SeqCst);
    }
    done.is_ok()
}

fn claims_and_applies(ledger: &Ledger, world: &World) {
    let claim = ledger.claim("crm", "1", b"a").unwrap();
    if claim.status() == ClaimStatus::Won {
        apply(ledger, world, &claim);
    }
}

fn renews_and_applies(ledger: &Ledger, world: &World) {
    let claim = ledger.claim("crm", "1", b"a").unwrap();
    if claim.status() == ClaimStatus::Won && claim.renew().is_ok() {
        apply(ledger, world, &claim);
    }
}

fn fails(ledger: &Ledger, _: &World) {
    let claim = ledger.claim("crm", "1", b"a").unwrap();
    if claim.status() == ClaimStatus::Won {
        let _ = claim.fail("boom");
    }
}

fn takes_what_is_due(ledger: &Ledger, world: &World) {
    for claim in ledger.claim_due(2, None).unwrap() {
        apply(ledger, world, &claim);
    }
}

fn lets_the_leases_run_out(ledger: &Ledger, world: &World) {
    // Its turn is the store's clock.
    ledger.store().now_ms().unwrap();
    world.now_ms.fetch_add(LEASE_MS, Ordering::SeqCst);
}

/// One run: the choices that were made, and how many there were at each.
fn run(scripts: &[Script], prefix: &[usize], is_broken: bool) -> (Vec<(usize, usize)>, Arc<World>) {
    let world = Arc::new(World {
        tables: Mutex::new(MemoryStore::new()),
        now_ms: AtomicI64::new(1_000),
        effects: AtomicUsize::new(0),
        is_broken,
    });
    let (ready, waiting) = channel();
    let mut gates = Vec::new();
    let threads: Vec<_> = scripts
        .iter()
        .enumerate()
        .map(|(me, script)| {
            let (open, go) = channel();
            gates.push(open);
            let (world, ready, script) = (Arc::clone(&world), ready.clone(), *script);
            std::thread::spawn(move || {
                let (ended, number) = (ready.clone(), scripts_end(me));
                let store = Stepping {
                    world: Arc::clone(&world),
                    ready,
                    go,
                    me,
                    is_inside: std::cell::Cell::new(false),
                };
                let ledger = Ledger::new(Rc::new(store), options());
                script(&ledger, &world);
                ended.send(number).unwrap();
            })
        })
        .collect();
    let choices = drive(scripts.len(), &waiting, &gates, prefix);
    for thread in threads {
        thread.join().unwrap();
    }
    (choices, world)
}

/// What a worker says when it has ended.
fn scripts_end(me: usize) -> usize {
    me + 1_000
}

fn drive(
    workers: usize,
    waiting: &Receiver<usize>,
    gates: &[Sender<()>],
    prefix: &[usize],
) -> Vec<(usize, usize)> {
    let mut ready = std::collections::BTreeSet::new();
    let mut running = workers;
    let mut choices = Vec::new();
    loop {
        // Everybody stands before an operation, or has ended: the run is the same each time.
        while running > 0 {
            match waiting.recv().unwrap() {
                me if me < 1_000 => {
                    ready.insert(me);
                }
                _ => {}
            }
            running -= 1;
        }
        if ready.is_empty() {
            return choices;
        }
        let chosen = prefix.get(choices.len()).copied().unwrap_or(0);
        let me = *ready.iter().nth(chosen).unwrap();
        choices.push((chosen, ready.len()));
        ready.remove(&me);
        running = 1;
        gates[me].send(()).unwrap();
    }
}

/// Walks through every order; how many there were.
fn every_order(scripts: &[Script], holds: impl Fn(&World, &[usize])) -> usize {
    every_order_on(false, scripts, holds)
}

fn every_order_on(is_broken: bool, scripts: &[Script], holds: impl Fn(&World, &[usize])) -> usize {
    let mut prefix = Vec::new();
    let mut runs = 0;
    loop {
        let (choices, world) = run(scripts, &prefix, is_broken);
        runs += 1;
        let made: Vec<usize> = choices.iter().map(|(chosen, _)| *chosen).collect();
        holds(&world, &made);
        // The last choice that has another one left.
        let Some(at) = choices.iter().rposition(|(chosen, of)| chosen + 1 < *of) else {
            return runs;
        };
        prefix = made[..at].to_vec();
        prefix.push(made[at] + 1);
    }
}

/// The row of the one event that all scripts are about.
fn row(world: &World) -> Record {
    let store = world.tables.lock().unwrap();
    let key = super::key_of("crm", "1");
    store.read(Kind::Inbox, &key).unwrap().unwrap()
}

fn effect_and_mark_agree(world: &World, order: &[usize]) {
    let effects = world.effects.load(Ordering::SeqCst);
    let is_done = row(world).state == "done";
    assert_eq!(effects, usize::from(is_done), "in the order {order:?}");
}

#[test]
fn two_workers_and_time_apply_once_in_every_order() {
    let scripts: [Script; 3] = [
        claims_and_applies,
        claims_and_applies,
        lets_the_leases_run_out,
    ];
    let runs = every_order(&scripts, effect_and_mark_agree);
    assert!(runs > 200, "{runs}");
}

#[test]
fn a_renewal_and_a_batch_and_time_apply_once_in_every_order() {
    let scripts: [Script; 3] = [
        renews_and_applies,
        takes_what_is_due,
        lets_the_leases_run_out,
    ];
    let runs = every_order(&scripts, effect_and_mark_agree);
    assert!(runs > 100, "{runs}");
}

#[test]
fn a_zombies_failure_takes_nothing_from_its_successor() {
    let scripts: [Script; 3] = [fails, claims_and_applies, lets_the_leases_run_out];
    let runs = every_order(&scripts, |world, order| {
        effect_and_mark_agree(world, order);
        let row = row(world);
        // The token rose with each claim, and whoever ended it was its holder.
        assert!((1..=2).contains(&row.token), "{row:?} in {order:?}");
    });
    assert!(runs > 500, "{runs}");
}

#[test]
fn a_store_that_ignores_versions_is_found_out() {
    let scripts: [Script; 3] = [
        claims_and_applies,
        claims_and_applies,
        lets_the_leases_run_out,
    ];
    let twice = std::cell::Cell::new(0);
    every_order_on(true, &scripts, |world, _| {
        let is_twice = world.effects.load(Ordering::SeqCst) > 1;
        twice.set(twice.get() + usize::from(is_twice));
    });
    assert!(twice.get() > 0);
}

#[test]
fn without_time_somebody_always_applies() {
    let scripts: [Script; 2] = [claims_and_applies, renews_and_applies];
    let runs = every_order(&scripts, |world, order| {
        effect_and_mark_agree(world, order);
        assert_eq!(row(world).state, "done", "in the order {order:?}");
    });
    assert!(runs > 50, "{runs}");
}
