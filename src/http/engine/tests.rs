use std::rc::Rc;
use std::time::Duration;

use super::{MAX_POOLS, Slice, current};
use crate::http::{guard, transport};

fn key(connect_ms: u64) -> transport::Key {
    transport::Key {
        connect_timeout: Duration::from_millis(connect_ms),
        guard: guard::Options::default(),
        tls: None,
    }
}

#[test]
fn a_thread_keeps_its_engine() {
    let (first, second) = (current().unwrap(), current().unwrap());
    assert!(Rc::ptr_eq(&first, &second));
}

#[test]
fn a_future_runs_in_slices() {
    let engine = current().unwrap();
    let mut never = Box::pin(std::future::pending::<()>());
    assert!(matches!(
        engine.run(&mut never, Duration::from_millis(5)),
        Slice::Waiting
    ));
    let mut ready = Box::pin(async { 7 });
    assert!(matches!(
        engine.run(&mut ready, Duration::from_millis(5)),
        Slice::Done(7)
    ));
}

#[test]
fn pools_are_shared_by_key_and_the_least_recently_used_goes() {
    let engine = current().unwrap();
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
