use super::*;
use crate::segment::Segment;

const NOW: Monotonic = Monotonic::from_millis(1_000_000_000);
const TTL: Duration = Duration::from_secs(2);

fn key(n: u8) -> [u8; 32] {
    [n; 32]
}

/// A key of the same set with another tag.
fn neighbour(n: u8) -> [u8; 32] {
    let mut key = key(1);
    key[8] = n;
    key
}

#[test]
fn one_holds_it_until_it_is_released() {
    let segment = Segment::in_process();
    let lease = segment.lease(&key(1), TTL, NOW).unwrap();
    assert!(segment.lease(&key(1), TTL, NOW).is_none());
    assert!(segment.held_by_other(&key(1), NOW));
    assert!(!segment.held_by_other(&key(2), NOW));
    lease.release();
    assert!(!segment.held_by_other(&key(1), NOW));
    assert!(segment.lease(&key(1), TTL, NOW).is_some());
}

#[test]
fn it_ends_by_itself_and_a_late_release_does_not_end_its_successor() {
    let segment = Segment::in_process();
    let first = segment.lease(&key(1), TTL, NOW).unwrap();
    let later = NOW.saturating_add(Duration::from_millis(2033));
    let second = segment.lease(&key(1), TTL, later).unwrap();
    first.release();
    assert!(segment.held_by_other(&key(1), later));
    second.release();
    assert!(!segment.held_by_other(&key(1), later));
}

#[test]
fn a_dead_holder_holds_nothing() {
    let segment = Segment::in_process();
    let mut child = std::process::Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    let (tag, start) = position(&key(1));
    let word = words::lease(tag, Holder::new(child.id(), TTL, NOW));
    segment.shared.layout().leases[start].store(word, Ordering::Relaxed);
    assert!(!segment.held_by_other(&key(1), NOW));
    assert!(segment.lease(&key(1), TTL, NOW).unwrap().is_shared());
}

#[test]
fn a_full_set_is_counted_and_grants_to_this_process_alone() {
    let segment = Segment::in_process();
    let held: Vec<Lease> = (0..8)
        .map(|n| segment.lease(&neighbour(n), TTL, NOW).unwrap())
        .collect();
    assert!(held.iter().all(Lease::is_shared));
    let own = segment.lease(&neighbour(9), TTL, NOW).unwrap();
    assert!(!own.is_shared());
    assert!(segment.lease(&neighbour(3), TTL, NOW).is_none());
    assert_eq!(segment.status().overflowed, 1);
    drop(held);
    assert!(segment.lease(&neighbour(9), TTL, NOW).unwrap().is_shared());
}

#[test]
fn who_finds_another_beside_it_gives_way() {
    let segment = Segment::in_process();
    let (tag, start) = position(&key(1));
    let places = &segment.shared.layout().leases;
    // Both looked while the set was free; the other then took the next place, for the first one
    // belonged to a neighbour at that moment.
    let mine = words::lease(tag, Holder::new(owner::me(), TTL, NOW));
    places[start + 1].store(mine, Ordering::SeqCst);
    let free = (start, &places[start], 0);
    assert!(stand(&segment.shared, free, mine, NOW).is_none());
    assert_eq!(places[start].load(Ordering::SeqCst), 0);
    assert_eq!(places[start + 1].load(Ordering::SeqCst), mine);
    places[start + 1].store(0, Ordering::SeqCst);
    assert!(stand(&segment.shared, free, mine, NOW).is_some());
}

#[test]
fn of_racing_workers_at_most_one_holds_it() {
    let segment = Segment::in_process();
    let holders = std::sync::atomic::AtomicU32::new(0);
    let taken: u32 = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4_u8)
            .map(|worker| {
                let (segment, holders) = (&segment, &holders);
                scope.spawn(move || {
                    let mut taken = 0;
                    for round in 0..3000_u32 {
                        // Neighbours come and go, so that the free places move.
                        let other = segment.lease(&neighbour(10 + worker), TTL, NOW);
                        if let Some(lease) = segment.lease(&neighbour(1), TTL, NOW) {
                            assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0);
                            taken += 1;
                            assert_eq!(holders.fetch_sub(1, Ordering::SeqCst), 1);
                            lease.release();
                        }
                        if round % 2 == 0 {
                            drop(other);
                        }
                    }
                    taken
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .sum()
    });
    assert!(taken > 0);
    assert_eq!(segment.status().overflowed, 0);
}
