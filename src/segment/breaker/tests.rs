use std::sync::atomic::Ordering::Relaxed;

use super::*;
use crate::segment::layout::ConnectionSlot;

const START: Monotonic = Monotonic::from_millis(1_000_000_123);

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Half of 10 outcomes within 10 s; 5 s open; 3 probes with 2 s each.
fn options() -> Options {
    Options::new(0.5, 10, seconds(10), seconds(5), 3)
        .unwrap()
        .with_probe_lease(seconds(2))
}

fn sample(has_failed: bool) -> Sample {
    Sample {
        has_failed,
        is_slow: false,
    }
}

fn probe(has_failed: bool) -> Probe {
    Probe::Done(sample(has_failed))
}

fn ended(outcome: Outcome) -> (Outcome, Duration) {
    (outcome, Duration::ZERO)
}

fn outcome(letter: char) -> Outcome {
    match letter {
        'S' => Outcome::Success,
        'F' => Outcome::Failure,
        _ => Outcome::Ignored,
    }
}

/// Makes admitted attempts at one moment; false where one of them was refused.
fn drive(words: &BreakerWords, options: &Options, outcomes: &str, now: Monotonic) -> bool {
    outcomes
        .chars()
        .all(|letter| match admit(words, options, now).0 {
            Ok(permit) => {
                record(
                    words,
                    options,
                    permit,
                    (outcome(letter), Duration::ZERO),
                    now,
                );
                true
            }
            Err(_) => false,
        })
}

fn opened() -> ConnectionSlot {
    let slot = ConnectionSlot::new();
    assert!(drive(&slot.breaker, &options(), "SSSSSFFFFF", START));
    assert_eq!(phase(&slot.breaker).state, State::Open);
    slot
}

fn half_open_at() -> Monotonic {
    START.saturating_add(seconds(5))
}

#[test]
fn outcomes_at_one_moment() {
    let rows = [
        ("SSSSSFFFFF", State::Open),
        ("FFFFFFFFF", State::Closed),
        ("SSSSSSFFFF", State::Closed),
        ("FFFFFFFFFS", State::Open),
        ("FFFFFFFFFIIIII", State::Closed),
    ];
    for (outcomes, expected) in rows {
        let slot = ConnectionSlot::new();
        drive(&slot.breaker, &options(), outcomes, START);
        assert_eq!(phase(&slot.breaker).state, expected, "{outcomes}");
    }
}

#[test]
fn the_window_forgets_after_its_length() {
    // One outcome a second: the window of 10 s holds exactly the last 10, wherever it begins.
    for offset_ms in [0, 1, 50, 99, 100, 499, 999] {
        let slot = ConnectionSlot::new();
        for step in 0..40 {
            let now = START.saturating_add(Duration::from_millis(offset_ms + step * 1000));
            assert!(drive(
                &slot.breaker,
                &options(),
                if step % 10 < 4 { "F" } else { "S" },
                now
            ));
            let expected = Tally {
                total: (step + 1).min(10),
                failed: if step >= 9 { 4 } else { (step + 1).min(4) },
                slow: 0,
            };
            assert_eq!(
                tally(&slot.breaker, &options(), now),
                expected,
                "{step} of {offset_ms}"
            );
        }
    }
}

#[test]
fn an_open_breaker_refuses_until_its_time_is_over() {
    let slot = opened();
    let refused = admit(&slot.breaker, &options(), START).0.unwrap_err();
    assert!(refused.retry_after <= seconds(5) && refused.retry_after > Duration::from_millis(4990));
    assert!(admit(&slot.breaker, &options(), half_open_at()).0.is_ok());
    assert_eq!(phase(&slot.breaker).state, State::HalfOpen);
}

#[test]
fn probes_close_it_or_open_it_again() {
    let rows = [
        ("SSS", State::Closed),
        ("SFF", State::Open),
        ("FF", State::Open),
        ("SSF", State::Closed),
        ("SS", State::HalfOpen),
        ("IIIIS", State::HalfOpen),
    ];
    for (outcomes, expected) in rows {
        let slot = opened();
        assert!(
            drive(&slot.breaker, &options(), outcomes, half_open_at()),
            "{outcomes}"
        );
        assert_eq!(phase(&slot.breaker).state, expected, "{outcomes}");
    }
}

#[test]
fn a_closed_breaker_begins_with_an_empty_window() {
    let slot = opened();
    assert!(drive(&slot.breaker, &options(), "SSS", half_open_at()));
    assert_eq!(
        tally(&slot.breaker, &options(), half_open_at()),
        Tally::default()
    );
    assert!(drive(
        &slot.breaker,
        &options(),
        "FFFFFFFFF",
        half_open_at()
    ));
    assert_eq!(phase(&slot.breaker).state, State::Closed);
}

#[test]
fn half_open_admits_so_many_at_once_and_no_more() {
    let (slot, options, now) = (opened(), options(), half_open_at());
    let permits: Vec<Permit> = (0..3)
        .map(|_| admit(&slot.breaker, &options, now).0.unwrap())
        .collect();
    let refused = admit(&slot.breaker, &options, now).0.unwrap_err();
    assert!(
        refused.retry_after >= seconds(2) && refused.retry_after < seconds(3),
        "{refused:?}"
    );
    for permit in permits {
        record(
            &slot.breaker,
            &options,
            permit,
            ended(Outcome::Success),
            now,
        );
    }
    assert_eq!(phase(&slot.breaker).state, State::Closed);
}

#[test]
fn a_probe_that_never_comes_back_is_given_again_and_its_late_outcome_counts_nothing() {
    let (slot, options, now) = (opened(), options(), half_open_at());
    let lost = admit(&slot.breaker, &options, now).0.unwrap();
    assert!(drive(&slot.breaker, &options, "SS", now));
    assert!(admit(&slot.breaker, &options, now).0.is_err());
    let later = now.saturating_add(seconds(3));
    let again = admit(&slot.breaker, &options, later).0.unwrap();
    record(
        &slot.breaker,
        &options,
        lost,
        ended(Outcome::Failure),
        later,
    );
    assert_eq!(phase(&slot.breaker).state, State::HalfOpen);
    record(
        &slot.breaker,
        &options,
        again,
        ended(Outcome::Success),
        later,
    );
    assert_eq!(phase(&slot.breaker).state, State::Closed);
}

#[test]
fn a_verdict_that_its_last_probe_did_not_live_to_draw_is_drawn_by_the_next() {
    for (status, expected) in [(probe(false), State::Closed), (probe(true), State::Open)] {
        let (slot, options, now) = (opened(), options(), half_open_at());
        let permit = admit(&slot.breaker, &options, now).0.unwrap();
        for place in slot.breaker.probes.iter().take(3) {
            place.store(status.pack(permit.epoch), Relaxed);
        }
        let (next, has_opened) = admit(&slot.breaker, &options, now);
        assert_eq!(phase(&slot.breaker).state, expected);
        assert_eq!(
            (next.is_ok(), has_opened),
            (expected == State::Closed, expected == State::Open)
        );
    }
}

#[test]
fn outcomes_of_an_earlier_phase_count_nothing() {
    let (slot, options) = (ConnectionSlot::new(), options());
    let early: Vec<Permit> = (0..20)
        .map(|_| admit(&slot.breaker, &options, START).0.unwrap())
        .collect();
    assert!(drive(&slot.breaker, &options, "FFFFFFFFFF", START));
    assert!(drive(&slot.breaker, &options, "SSS", half_open_at()));
    for permit in early {
        assert!(!record(
            &slot.breaker,
            &options,
            permit,
            ended(Outcome::Failure),
            half_open_at()
        ));
    }
    assert_eq!(phase(&slot.breaker).state, State::Closed);
    assert_eq!(
        tally(&slot.breaker, &options, half_open_at()),
        Tally::default()
    );
}

#[test]
fn another_window_begins_empty_and_other_thresholds_do_not() {
    let slot = ConnectionSlot::new();
    assert!(drive(&slot.breaker, &options(), "FFFFF", START));
    let stricter = Options::new(0.5, 6, seconds(10), seconds(1), 1).unwrap();
    assert!(drive(&slot.breaker, &stricter, "F", START));
    assert_eq!(phase(&slot.breaker).state, State::Open);
    let slot = ConnectionSlot::new();
    assert!(drive(&slot.breaker, &options(), "FFFFFFFFF", START));
    let longer = Options::new(0.5, 10, seconds(20), seconds(5), 3).unwrap();
    assert!(drive(&slot.breaker, &longer, "F", START));
    assert_eq!(
        tally(&slot.breaker, &longer, START),
        Tally {
            total: 1,
            failed: 1,
            slow: 0,
        }
    );
}

#[test]
fn a_full_bucket_is_halved_and_keeps_its_rate() {
    let (slot, options) = (ConnectionSlot::new(), options());
    add(&slot.breaker, &options, sample(false), START);
    let number = number_of(seconds(10), START);
    let full = Bucket {
        number,
        tally: Tally {
            total: Bucket::FULL,
            failed: Bucket::FULL / 4,
            slow: 0,
        },
    };
    for word in slot
        .breaker
        .buckets
        .iter()
        .filter(|word| word.load(Relaxed) != 0)
    {
        word.store(full.pack(), Relaxed);
    }
    add(&slot.breaker, &options, sample(true), START);
    let halved = Tally {
        total: Bucket::FULL / 2 + 1,
        failed: Bucket::FULL / 4 / 2 + 1,
        slow: 0,
    };
    assert_eq!(tally(&slot.breaker, &options, START), halved);
}

#[test]
fn a_bucket_left_alone_for_half_its_numbers_is_not_taken_for_one_ahead() {
    let options = Options::new(0.5, 10, seconds(1), seconds(5), 3).unwrap();
    let slot = ConnectionSlot::new();
    add(&slot.breaker, &options, sample(true), START);
    // 100 · 1,342,178 buckets of 10 ms: the same place, a little more than 2^27 numbers later.
    let later = START.saturating_add(Duration::from_millis(10 * 100 * 1_342_178));
    add(&slot.breaker, &options, sample(false), later);
    assert_eq!(
        tally(&slot.breaker, &options, later),
        Tally {
            total: 1,
            failed: 0,
            slow: 0,
        }
    );
}

#[test]
fn a_window_of_calls_holds_the_last_so_many() {
    let options = options().with_window_calls(10).unwrap();
    let rows = [
        ("SSSSSFFFFF", State::Open),
        ("FFFFFFFFF", State::Closed),
        ("FFFFSSSSSSSSSSFFFF", State::Closed),
        ("SSSSSSSSSSSSSSSFFFFF", State::Open),
        ("FFFFSSSSSSF", State::Closed),
        ("FFFFSSSSSSIIIIII", State::Closed),
    ];
    for (outcomes, expected) in rows {
        let slot = ConnectionSlot::new();
        // However long it takes.
        for (hours, letter) in outcomes.chars().enumerate() {
            let now = START.saturating_add(seconds(3600 * hours as u64));
            drive(&slot.breaker, &options, &letter.to_string(), now);
        }
        assert_eq!(phase(&slot.breaker).state, expected, "{outcomes}");
    }
}

#[test]
fn windows_of_calls_of_every_size_forget_the_oldest() {
    for size in [1_u32, 2, 63, 64, 65, 1024] {
        let slot = ConnectionSlot::new();
        let options = Options::new(1.0, 1, seconds(10), seconds(5), 1).unwrap();
        let options = options.with_window_calls(size).unwrap();
        for step in 0..3 * size {
            add(&slot.breaker, &options, sample(step % 3 == 0), START);
            let counted = tally(&slot.breaker, &options, START);
            let last = (step + 1).saturating_sub(size)..=step;
            let failed = last.filter(|step| step % 3 == 0).count() as u64;
            assert_eq!(
                (counted.total, counted.failed),
                (u64::from((step + 1).min(size)), failed),
                "{step} of {size}"
            );
        }
    }
}

#[test]
fn slow_calls_open_it_and_slow_probes_do() {
    let options = options()
        .with_slow_calls(Duration::from_millis(800), 0.5)
        .unwrap();
    for options in [options, options.with_window_calls(10).unwrap()] {
        let slot = ConnectionSlot::new();
        let call = |took_ms, now| {
            let permit = admit(&slot.breaker, &options, now).0.unwrap();
            let ended = (Outcome::Success, Duration::from_millis(took_ms));
            record(&slot.breaker, &options, permit, ended, now)
        };
        for _ in 0..5 {
            assert!(!call(800, START));
        }
        for _ in 0..4 {
            assert!(!call(801, START));
        }
        assert!(call(900, START));
        assert_eq!(tally(&slot.breaker, &options, START).slow, 5);
        assert!(!call(801, half_open_at()));
        assert!(call(801, half_open_at()));
        assert_eq!(phase(&slot.breaker).state, State::Open);
    }
}

#[test]
fn it_follows_what_all_hosts_know() {
    let (slot, options) = (ConnectionSlot::new(), options());
    let known = |state, left_s| follow(&slot.breaker, &options, (state, seconds(left_s)), START);
    known(State::Open, 2);
    let refused = admit(&slot.breaker, &options, START).0.unwrap_err();
    assert!(refused.retry_after <= seconds(2) && refused.retry_after > Duration::from_millis(1990));
    known(State::HalfOpen, 0);
    assert_eq!(state(&slot.breaker, &options, START), State::Open);
    known(State::Closed, 0);
    assert!(admit(&slot.breaker, &options, START).0.is_ok());
    assert_eq!(tally(&slot.breaker, &options, START), Tally::default());
}

#[test]
fn racing_workers_lose_no_outcome() {
    let slot = ConnectionSlot::new();
    let options = Options::new(1.0, 10, seconds(10), seconds(5), 3).unwrap();
    std::thread::scope(|scope| {
        for worker in 0..8 {
            let (words, options) = (&slot.breaker, &options);
            scope.spawn(move || {
                for step in 0..5000_u64 {
                    let now = START.saturating_add(Duration::from_micros(step * 100));
                    let permit = admit(words, options, now).0.unwrap();
                    let outcome = if worker % 2 == 0 {
                        Outcome::Failure
                    } else {
                        Outcome::Success
                    };
                    // The first outcomes may be failures alone; then it would open.
                    if step == 0 {
                        record(words, options, permit, ended(Outcome::Success), now);
                    } else {
                        record(words, options, permit, ended(outcome), now);
                    }
                }
            });
        }
    });
    let end = START.saturating_add(Duration::from_millis(500));
    assert_eq!(
        tally(&slot.breaker, &options, end),
        Tally {
            total: 40_000,
            failed: 4 * 4999,
            slow: 0,
        }
    );
}

#[test]
fn racing_workers_open_it_once_and_get_no_more_probes_than_there_are() {
    for _ in 0..50 {
        let (slot, options) = (ConnectionSlot::new(), options());
        let race = |now: Monotonic, outcome: Option<Outcome>| -> (usize, usize) {
            let workers: Vec<(bool, bool)> = std::thread::scope(|scope| {
                let started: Vec<_> = (0..16)
                    .map(|_| {
                        scope.spawn(|| match admit(&slot.breaker, &options, now) {
                            (Ok(permit), _) => match outcome {
                                Some(outcome) => (
                                    true,
                                    record(&slot.breaker, &options, permit, ended(outcome), now),
                                ),
                                None => (true, false),
                            },
                            (Err(_), has_opened) => (false, has_opened),
                        })
                    })
                    .collect();
                started
                    .into_iter()
                    .map(|worker| worker.join().unwrap())
                    .collect()
            });
            let count = |pick: fn(&(bool, bool)) -> bool| {
                workers.iter().filter(|worker| pick(worker)).count()
            };
            (count(|worker| worker.0), count(|worker| worker.1))
        };
        let (admitted, has_opened) = race(START, Some(Outcome::Failure));
        assert!(admitted >= 10);
        assert_eq!((has_opened, phase(&slot.breaker).state), (1, State::Open));
        assert_eq!(race(half_open_at(), None), (3, 0));
    }
}

#[test]
fn words_that_nobody_wrote_do_no_harm() {
    let (slot, options) = (ConnectionSlot::new(), options());
    for garbage in [
        u64::MAX,
        1,
        1 << 63,
        0x5555_5555_5555_5555,
        0xaaaa_aaaa_aaaa_aaaa,
    ] {
        slot.breaker.phase.store(garbage, Relaxed);
        for word in slot.breaker.buckets.iter().chain(&slot.breaker.probes) {
            word.store(garbage, Relaxed);
        }
        drive(&slot.breaker, &options, "SFSFSFSFI", START);
        let _ = state(&slot.breaker, &options, START);
    }
}
