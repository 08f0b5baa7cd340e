use super::*;
use crate::policy::{hedge, throttle};
use crate::segment::Segment;

const NOW: Monotonic = Monotonic::from_millis(1_000_000_000);

fn later(ms: u64) -> Monotonic {
    NOW.saturating_add(Duration::from_millis(ms))
}

#[test]
fn counters_of_racing_workers_add_up() {
    let segment = Segment::in_process();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let connection = segment.connection("", "catalog");
                for _ in 0..10_000 {
                    connection.count(Counter::Attempts, 1);
                }
                connection.count(Counter::Calls, 7);
            });
        }
    });
    let connection = segment.connection("", "catalog");
    assert_eq!(
        (
            connection.counter(Counter::Attempts),
            connection.counter(Counter::Calls)
        ),
        (80_000, 56)
    );
    assert_eq!(segment.connection("", "crm").counter(Counter::Attempts), 0);
}

#[test]
fn racing_workers_take_no_token_that_is_not_there() {
    let connection = Segment::in_process().connection("", "catalog");
    let options = budget::Options::new(0.2, 0.0, 10).unwrap();
    // Ten tokens from 50 deposits on top of an empty bucket.
    assert!(!connection.budget_withdraw(&options, NOW));
    for _ in 0..50 {
        connection.budget_deposit(&options, NOW);
    }
    let taken: usize = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    (0..100)
                        .filter(|_| connection.budget_withdraw(&options, NOW))
                        .count()
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .sum()
    });
    assert_eq!(taken, 10);
}

#[test]
fn opening_is_counted() {
    let connection = Segment::in_process().connection("", "catalog");
    let options = breaker::Options::default();
    for _ in 0..20 {
        let permit = connection.breaker_admit(&options, NOW).unwrap();
        connection.breaker_record(
            &options,
            permit,
            (breaker::Outcome::Failure, Duration::ZERO),
            NOW,
        );
    }
    assert_eq!(
        connection
            .breaker_admit(&options, NOW)
            .unwrap_err()
            .retry_after,
        Duration::from_secs(5)
    );
    assert_eq!(connection.counter(Counter::BreakerOpened), 1);
    assert_eq!(connection.health(&options, NOW), Health::Down);
    assert_eq!(connection.health(&options, later(5000)), Health::Recovering);
}

#[test]
fn the_longest_hold_stands_until_it_is_over_or_released() {
    let connection = Segment::in_process().connection("", "catalog");
    assert_eq!(connection.held(NOW), None);
    connection.hold_until(later(3000));
    connection.hold_until(later(1000));
    assert_eq!(connection.held(later(2999)), Some(Duration::from_millis(1)));
    assert_eq!(connection.held(later(3000)), None);
    connection.hold_until(later(9000));
    connection.release_hold();
    assert_eq!(connection.held(NOW), None);
}

#[test]
fn switch_and_last_success_are_remembered() {
    let segment = Segment::in_process();
    let (one, other) = (
        segment.connection("", "catalog"),
        segment.connection("", "catalog"),
    );
    assert_eq!((one.last_known_paused(), one.last_success()), (false, None));
    other.set_paused(true);
    other.note_success(later(5));
    other.note_success(NOW);
    assert_eq!(
        (one.last_known_paused(), one.last_success()),
        (true, Some(later(5)))
    );
    let facts = one.facts(&breaker::Options::default(), later(8));
    assert_eq!(
        (facts.is_paused, facts.last_success_age),
        (true, Some(Duration::from_millis(3)))
    );
    other.set_paused(false);
    assert!(!one.last_known_paused());
}

#[test]
fn a_streak_of_failures_ends_retries_for_all_until_a_success() {
    let segment = Segment::in_process();
    let (one, other) = (
        segment.connection("", "catalog"),
        segment.connection("", "catalog"),
    );
    let options = streak::Options::default();
    assert!(one.streak_allows_retry(&options, NOW));
    for _ in 0..3 {
        one.streak_failed(&options, NOW);
    }
    assert!(other.streak_allows_retry(&options, NOW));
    other.streak_failed(&options, NOW);
    assert!(!one.streak_allows_retry(&options, NOW));
    one.streak_ended();
    assert!(other.streak_allows_retry(&options, NOW));
}

#[test]
fn turns_are_taken_apart_by_connection_and_route() {
    let connection = Segment::in_process().connection("", "catalog");
    let rate = throttle::Rate::new(10, Duration::from_secs(1), 1).unwrap();
    let route = throttle::Route {
        name: "search".to_owned(),
        path: Vec::new(),
        rate,
    };
    let wait = Duration::from_secs(5);
    let turns = [
        connection.throttle_take(rate, NOW, wait),
        connection.throttle_take(rate, NOW, wait),
        connection.throttle_take_route((0, &route), NOW, wait),
        connection.throttle_take_route((7, &route), NOW, wait),
        connection.throttle_take_route((0, &route), NOW, wait),
    ];
    let waits: Vec<u128> = turns.iter().map(|turn| turn.unwrap().as_millis()).collect();
    assert_eq!(waits, [0, 100, 0, 0, 100]);
    assert!(
        connection
            .throttle_take_route((0, &route), NOW, Duration::ZERO)
            .is_err()
    );
}

#[test]
fn old_latencies_lose_weight() {
    let connection = Segment::in_process().connection("", "catalog");
    let (fast, slow) = (Duration::from_millis(4), Duration::from_millis(700));
    for _ in 0..hedge::SAMPLES_MAX {
        connection.note_latency(fast);
    }
    for _ in 0..hedge::SAMPLES_MAX {
        connection.note_latency(slow);
    }
    let latencies = connection.latencies();
    assert!(latencies.iter().sum::<u64>() <= hedge::SAMPLES_MAX);
    assert!(latencies[hedge::bucket(slow)] > latencies[hedge::bucket(fast)]);
}

#[test]
fn writes_are_counted_for_all() {
    let segment = Segment::in_process();
    segment.connection("", "catalog").note_write();
    assert_eq!(segment.connection("", "catalog").writes(), 1);
}
