use proptest::prelude::*;

use super::*;

fn at(ms: u64) -> Monotonic {
    Monotonic::from_millis(ms)
}

fn rate(permits: u32, per_ms: u64, burst: u32) -> Rate {
    Rate::new(permits, Duration::from_millis(per_ms), burst).unwrap()
}

#[test]
fn a_burst_passes_at_once_and_then_one_each_interval() {
    let rate = rate(10, 1000, 3);
    let mut next = Monotonic::default();
    let waits: Vec<u128> = (0..6)
        .map(|_| {
            let turn = take(rate, next, at(5000), Duration::MAX).unwrap();
            next = turn.next;
            turn.wait.as_millis()
        })
        .collect();
    assert_eq!(waits, [0, 0, 0, 100, 200, 300]);
}

#[test]
fn a_place_beyond_the_longest_wait_is_refused_and_says_when() {
    let rate = rate(10, 1000, 1);
    let next = take(rate, Monotonic::default(), at(5000), Duration::ZERO)
        .unwrap()
        .next;
    let rows = [(0, None), (99, None), (100, Some(100))];
    for (max_wait_ms, wait_ms) in rows {
        let turn = take(rate, next, at(5000), Duration::from_millis(max_wait_ms));
        match (turn, wait_ms) {
            (Ok(turn), Some(ms)) => assert_eq!(turn.wait, Duration::from_millis(ms)),
            (Err(refused), None) => {
                assert_eq!(refused.retry_after, Duration::from_millis(100));
            }
            (turn, _) => panic!("{max_wait_ms}: {turn:?}"),
        }
    }
}

#[test]
fn an_idle_hour_saves_up_no_more_than_the_burst() {
    let rate = rate(10, 1000, 2);
    let mut next = take(rate, Monotonic::default(), at(1000), Duration::ZERO)
        .unwrap()
        .next;
    let passed = (0..5)
        .filter(|_| match take(rate, next, at(3_601_000), Duration::ZERO) {
            Ok(turn) => {
                next = turn.next;
                true
            }
            Err(_) => false,
        })
        .count();
    assert_eq!(passed, 2);
}

#[test]
fn what_is_left_of_an_announced_limit_is_spread() {
    let now = at(1000);
    let rows = [
        // remaining, limit, reset in s, interval in ms
        (50, Some(100), 30, None),
        (11, Some(100), 30, None),
        (10, Some(100), 33, Some(3000)),
        (1, Some(100), 30, Some(15_000)),
        (0, Some(100), 30, Some(30_000)),
        (1, Some(5), 30, Some(15_000)),
        (2, Some(5), 30, None),
        (11, None, 30, None),
        (9, None, 30, Some(3000)),
        (0, None, 30, Some(30_000)),
        (0, None, 0, None),
        (0, None, 999_999, Some(86_400_000)),
        (u64::MAX, None, 30, None),
    ];
    for (remaining, limit, reset_s, interval_ms) in rows {
        let found = announced(remaining, limit, Duration::from_secs(reset_s), now);
        assert_eq!(
            found.map(|found| found.interval),
            interval_ms.map(Duration::from_millis),
            "{remaining} of {limit:?} for {reset_s} s"
        );
    }
}

#[test]
fn the_longest_route_wins() {
    let route = |name: &str, path: &str| Route {
        name: name.to_owned(),
        path: path
            .split('/')
            .map(|part| (part != "{id}").then(|| part.to_owned()))
            .collect(),
        rate: rate(1, 1000, 1),
    };
    let options = Options {
        rate: None,
        mode: Mode::Fail,
        announced: true,
        routes: vec![
            route("search", "search"),
            route("stock", "products/{id}/stock"),
            route("products", "products"),
        ],
    };
    let rows = [
        ("search", Some("search")),
        ("search/x/y", Some("search")),
        ("searching", None),
        ("products/42", Some("products")),
        ("products/42/stock", Some("stock")),
        ("products//stock", Some("products")),
        ("", None),
    ];
    for (path, expected) in rows {
        let found = options.route(path).map(|(_, route)| route.name.as_str());
        assert_eq!(found, expected, "{path}");
    }
}

#[test]
fn wrong_rates_cannot_be_made() {
    let second = Duration::from_secs(1);
    assert!(Rate::new(1, second, 1).is_some());
    for (permits, per, burst) in [
        (0, second, 1),
        (1_000_001, second, 1),
        (1, Duration::ZERO, 1),
        (1, Duration::from_secs(86_401), 1),
        (1, second, 0),
        (1, second, 100_001),
    ] {
        assert_eq!(
            Rate::new(permits, per, burst),
            None,
            "{permits} {per:?} {burst}"
        );
    }
}

proptest! {
    /// Callers that come when they like and wait for their place.
    #[test]
    fn in_any_time_no_more_than_rate_and_burst_begin(
        permits in 1_u32..200, per_ms in 1_u64..2000, burst in 1_u32..10,
        gaps_us in prop::collection::vec(0_u64..100_000, 1..200),
    ) {
        let rate = rate(permits, per_ms, burst);
        let (mut next, mut now) = (Monotonic::default(), at(1_000_000));
        let mut starts = Vec::new();
        for gap_us in gaps_us {
            now = now.saturating_add(Duration::from_micros(gap_us));
            let turn = take(rate, next, now, Duration::MAX).unwrap();
            next = turn.next;
            starts.push(now.saturating_add(turn.wait));
        }
        for (first, start) in starts.iter().enumerate() {
            for (last, end) in starts.iter().enumerate().skip(first) {
                let beyond_burst = (last - first + 1).saturating_sub(burst as usize);
                let needed = rate.interval().saturating_mul(u32::try_from(beyond_burst).unwrap());
                prop_assert!(end.since(*start) >= needed);
            }
        }
    }

    /// No moment is lost while somebody waits.
    #[test]
    fn a_queue_that_is_never_empty_uses_the_whole_rate(permits in 1_u32..200, per_ms in 1_u64..2000, callers in 1_u32..100) {
        let rate = rate(permits, per_ms, 1);
        let mut next = Monotonic::default();
        for place in 0..callers {
            let turn = take(rate, next, at(1000), Duration::MAX).unwrap();
            prop_assert_eq!(turn.wait, rate.interval().saturating_mul(place));
            next = turn.next;
        }
    }

    #[test]
    fn the_announced_wait_is_exact(permits in 1_u32..200, per_ms in 1_u64..2000, burst in 1_u32..10, ahead_ms in 0_u64..5000) {
        let rate = rate(permits, per_ms, burst);
        let (now, next) = (at(10_000), at(10_000 + ahead_ms));
        if let Err(refused) = take(rate, next, now, Duration::ZERO) {
            let then = now.saturating_add(refused.retry_after);
            prop_assert!(take(rate, next, then, Duration::ZERO).is_ok());
            let just_before = then.saturating_sub(Duration::from_nanos(1));
            prop_assert!(take(rate, next, just_before, Duration::ZERO).is_err());
        }
    }
}
