use std::rc::Rc;
use std::time::Duration;

use super::{MAX_POOLS, current, on_runtime};
use crate::http::run::{Asks, run};
use crate::http::transport::Key;
use crate::http::{NoHost, Protocol, guard};

fn key(connect_ms: u64) -> Key {
    Key {
        connect_timeout: Duration::from_millis(connect_ms),
        guard: guard::Options::default(),
        tls: None,
        protocol: Protocol::Auto,
        proxy: None,
    }
}

#[test]
fn a_thread_keeps_its_engine() {
    assert!(Rc::ptr_eq(&current(), &current()));
}

#[test]
fn a_library_future_runs_in_the_runtime_and_gives_it_back() {
    let asks = Asks::default();
    let engine = current();
    let spawned = run(&asks, &NoHost, async {
        on_runtime(async { tokio::spawn(async { 7 }).await.unwrap() })
            .unwrap()
            .await
    });
    assert_eq!(spawned, Ok(7));
    assert_eq!(engine.users.get(), 0);
}

#[test]
fn pools_are_shared_by_key_and_the_least_recently_used_goes() {
    let engine = current();
    for connect_ms in 1..=MAX_POOLS as u64 {
        engine.pool(&key(connect_ms)).unwrap();
    }
    engine.pool(&key(1)).unwrap();
    engine.pool(&key(99)).unwrap();
    let pools = engine.pools.borrow();
    let has = |connect_ms| pools.iter().any(|(known, _)| *known == key(connect_ms));
    assert_eq!(pools.len(), MAX_POOLS);
    assert!(has(1) && has(99) && !has(2));
}
