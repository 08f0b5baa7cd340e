pub(crate) mod server;

use std::cell::Cell;
use std::sync::mpsc;

use super::*;
use crate::store::Store;
use crate::store::contract::store_contract;
use server::{LossyWire, Server};

fn record(name: &str) -> Record {
    Record::new(Key::of(&[name.as_bytes()]), "scope", name, "pending", 1)
}

#[test]
fn keeps_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    let Some(server) = Server::start(dir.path(), &[]) else {
        return;
    };
    let number = Cell::new(0);
    store_contract(|| {
        number.set(number.get() + 1);
        Box::new(server.store(&number.get().to_string()))
    });
}

#[test]
fn time_comes_from_the_server_unless_it_is_frozen() {
    let dir = tempfile::tempdir().unwrap();
    let Some(server) = Server::start(dir.path(), &[]) else {
        return;
    };
    let apart_ms = server.store("s").now_ms().unwrap() - crate::clock::unix().0;
    assert!(apart_ms.abs() < 5_000, "{apart_ms} ms apart");
}

#[test]
fn a_server_that_evicts_is_refused() {
    for (policy, is_refused) in [
        ("allkeys-lru", true),
        ("volatile-ttl", true),
        ("noeviction", false),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let Some(server) = Server::start(dir.path(), &["--maxmemory-policy", policy]) else {
            return;
        };
        let opened = RedisStore::open(Server::link(&server.socket()), "s");
        assert_eq!(opened.is_err(), is_refused, "{policy}");
        if let Err(error) = opened {
            assert_eq!(error.kind, StoreErrorKind::Misuse);
            assert!(error.to_string().contains(policy), "{error}");
        }
    }
}

#[test]
fn memory_that_is_full_stores_nothing_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let Some(server) = Server::start(dir.path(), &["--maxmemory", "6mb"]) else {
        return;
    };
    let store = server.store("s");
    let big = Record {
        payload: Some(vec![7; 512 << 10]),
        ..record("big")
    };
    let full = (0..20).find_map(|number: i32| {
        let named = Record {
            key: Key::of(&[&number.to_be_bytes()]),
            ..big.clone()
        };
        store.insert(Kind::Inbox, &named).err()
    });
    let error = full.expect("6 MB do not hold 10");
    assert_eq!(error.kind, StoreErrorKind::Full, "{error}");
    let first = Key::of(&[&0_i32.to_be_bytes()]);
    assert!(store.delete(Kind::Inbox, &first).unwrap(), "room is made");
    assert!(store.insert(Kind::Inbox, &record("small")).unwrap());
}

#[test]
fn a_write_whose_answer_was_lost_is_known_again() {
    let dir = tempfile::tempdir().unwrap();
    let Some(server) = Server::start(dir.path(), &[]) else {
        return;
    };
    let wire = LossyWire::before(&server);
    let store = RedisStore::open(Server::link(&wire.socket), "s").unwrap();
    // The scripts are known to the server, so that one command is one answer.
    assert!(store.insert(Kind::Inbox, &record("first")).unwrap());
    let lost = |work: &dyn Fn() -> bool| {
        wire.lose_next(1);
        let answer = work();
        assert_eq!(wire.left_to_lose(), 0, "an answer was lost");
        answer
    };
    assert!(lost(&|| store.insert(Kind::Inbox, &record("a")).unwrap()));
    assert!(lost(&|| store
        .replace(Kind::Inbox, &record("a"), 1)
        .unwrap()));
    let read = store.read(Kind::Inbox, &record("a").key).unwrap().unwrap();
    assert_eq!(read.version, 2, "replaced once");
    assert!(lost(&|| {
        let work = || store.insert(Kind::Outbox, &record("in transaction"));
        let mut inserted = false;
        store
            .atomically(&mut || {
                // Its own look at the server comes before the commit, whose answer is lost.
                inserted = work()?;
                wire.lose_next(1);
                Ok(())
            })
            .unwrap();
        inserted
    }));
    assert!(!store.insert(Kind::Inbox, &record("a")).unwrap());
}

#[test]
fn a_transaction_that_read_what_another_replaced_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let Some(server) = Server::start(dir.path(), &[]) else {
        return;
    };
    let (store, other) = (server.store("s"), server.store("s"));
    store.insert(Kind::Inbox, &record("a")).unwrap();
    for interferes in ["replace", "insert", "delete"] {
        let error = store
            .atomically(&mut || {
                store.read(Kind::Inbox, &record("a").key)?;
                store.insert(Kind::Inbox, &record("new"))?;
                match interferes {
                    "replace" => assert!(other.replace(Kind::Inbox, &record("a"), 1).unwrap()),
                    "insert" => assert!(other.insert(Kind::Inbox, &record("new")).unwrap()),
                    _ => assert!(other.delete(Kind::Inbox, &record("a").key).unwrap()),
                }
                Ok(())
            })
            .unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::LostRace, "{interferes}");
        let is_there = store.read(Kind::Inbox, &record("new").key).unwrap();
        assert_eq!(is_there.is_some(), interferes == "insert", "{interferes}");
        store.delete(Kind::Inbox, &record("new").key).unwrap();
    }
}

#[test]
fn a_kill_in_mid_flight_loses_nothing_that_was_answered() {
    let dir = tempfile::tempdir().unwrap();
    let settings = ["--appendonly", "yes", "--appendfsync", "always"];
    let Some(mut server) = Server::start(dir.path(), &settings) else {
        return;
    };
    for round in 0..5 {
        let (told, heard) = mpsc::channel();
        let socket = server.socket();
        let writer = std::thread::spawn(move || {
            let store = RedisStore::open(Server::link(&socket), "s").unwrap();
            for number in 0.. {
                let name = format!("{round}-{number}");
                match store.insert(Kind::Inbox, &record(&name)) {
                    Ok(inserted) => told.send((name, inserted)).unwrap(),
                    Err(error) => return (error.kind, error.to_string()),
                }
            }
            unreachable!("it goes on until the server is gone")
        });
        let mut answered: Vec<(String, bool)> = heard.iter().take(200).collect();
        server.kill();
        let (kind, error) = writer.join().unwrap();
        assert_eq!(kind, StoreErrorKind::Unavailable, "{error}");
        answered.extend(heard.try_iter());
        server.start_again();
        let store = server.store("s");
        for (name, inserted) in answered {
            assert!(inserted, "{name}");
            let read = store.read(Kind::Inbox, &record(&name).key).unwrap();
            assert!(read.is_some(), "{name} was answered and is lost");
        }
    }
}

#[test]
fn a_ledger_takes_part_in_the_callers_transaction() {
    let dir = tempfile::tempdir().unwrap();
    let Some(server) = Server::start(dir.path(), &[]) else {
        return;
    };
    let store = std::rc::Rc::new(server.store("s"));
    crate::idempotency::ledger::tests::takes_part_in_a_transaction(store);
}

/// Sixteen workers on one server take batches of the same events: each is claimed once.
#[test]
fn racing_workers_claim_each_event_once() {
    let dir = tempfile::tempdir().unwrap();
    let Some(server) = Server::start(dir.path(), &[]) else {
        return;
    };
    let ledger_on = |socket: &std::path::Path| {
        let store = RedisStore::open(Server::link(socket), "s").unwrap();
        crate::idempotency::Ledger::new(std::rc::Rc::new(store), Default::default())
    };
    let ledger = ledger_on(&server.socket());
    for number in 0..1000 {
        ledger.record("crm", &number.to_string(), b"a").unwrap();
    }
    let workers: Vec<_> = (0..16)
        .map(|_| {
            let socket = server.socket();
            std::thread::spawn(move || {
                let ledger = ledger_on(&socket);
                let mut won = Vec::new();
                loop {
                    let claims = ledger.claim_due(7, Some("crm")).unwrap();
                    if claims.is_empty() {
                        return won;
                    }
                    for claim in claims {
                        claim.complete(&serde_json::Value::Null).unwrap();
                        won.push(claim.event_id().to_owned());
                    }
                }
            })
        })
        .collect();
    let mut won: Vec<String> = Vec::new();
    for worker in workers {
        won.extend(worker.join().unwrap());
    }
    assert_eq!(won.len(), 1000, "none twice");
    won.sort_unstable();
    won.dedup();
    assert_eq!(won.len(), 1000);
    assert_eq!(ledger.counts(None).unwrap().done, 1000);
}
