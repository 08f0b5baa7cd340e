use proptest::prelude::*;

use super::*;

fn options(rate: f64, min_calls: u32, probes: u32) -> Options {
    Options::new(
        rate,
        min_calls,
        Duration::from_secs(10),
        Duration::from_secs(5),
        probes,
    )
    .unwrap()
}

fn tally(total: u64, failed: u64) -> Tally {
    Tally {
        total,
        failed,
        slow: 0,
    }
}

fn phase(epoch: u16, state: State, since_ms: u64) -> Phase {
    Phase {
        epoch,
        state,
        since: Monotonic::from_millis(since_ms),
    }
}

#[test]
fn beginning_an_attempt() {
    use State::{Closed, HalfOpen, Open as Opened};
    let refuse = |ms| {
        Admission::Refuse(Open {
            retry_after: Duration::from_millis(ms),
        })
    };
    let rows = [
        (phase(0, Closed, 0), 0, Admission::Pass),
        (phase(7, Closed, 900), 99_000, Admission::Pass),
        (phase(1, Opened, 1000), 1000, refuse(5000)),
        (phase(1, Opened, 1000), 5999, refuse(1)),
        // A worker whose clock was read before the breaker opened.
        (phase(1, Opened, 1000), 999, refuse(5001)),
        (
            phase(1, Opened, 1000),
            6000,
            Admission::Turn(phase(2, HalfOpen, 6000)),
        ),
        (
            phase(u16::MAX, Opened, 1000),
            9000,
            Admission::Turn(phase(0, HalfOpen, 9000)),
        ),
        (phase(2, HalfOpen, 6000), 6000, Admission::Probe),
        (phase(2, HalfOpen, 6000), 99_000, Admission::Probe),
    ];
    for (phase, now_ms, expected) in rows {
        assert_eq!(
            admit(&options(0.5, 10, 3), phase, Monotonic::from_millis(now_ms)),
            expected,
            "{phase:?} {now_ms}"
        );
    }
}

#[test]
fn an_open_breaker_is_shown_half_open_once_its_time_is_over() {
    let opened = phase(1, State::Open, 1000);
    let rows = [(5999, State::Open), (6000, State::HalfOpen)];
    for (now_ms, expected) in rows {
        assert_eq!(
            shown(&options(0.5, 10, 3), opened, Monotonic::from_millis(now_ms)),
            expected
        );
    }
}

#[test]
fn the_window_opens_at_the_rate_and_not_below() {
    let rows = [
        (0.5, 10, 10, 5, true),
        (0.5, 10, 10, 4, false),
        (0.5, 10, 9, 9, false),
        (0.5, 10, 11, 5, false),
        (0.5, 10, 11, 6, true),
        (1.0, 10, 10, 10, true),
        (1.0, 10, 1000, 999, false),
        // 0.07 * 100 is 7.000000000000001 in binary.
        (0.07, 100, 100, 7, true),
        (0.07, 100, 100, 6, false),
        (0.000_001, 1, 1_000_000, 1, true),
        (0.5, 1, 1, 0, false),
    ];
    for (rate, min_calls, total, failed, expected) in rows {
        let window = tally(total, failed);
        assert_eq!(
            opens(&options(rate, min_calls, 3), window),
            expected,
            "{rate} {window:?}"
        );
    }
}

#[test]
fn the_probes_decide_as_soon_as_it_is_certain() {
    use State::{Closed, Open as Opened};
    let rows = [
        (0.5, 3, 0, 0, None),
        (0.5, 3, 1, 1, None),
        (0.5, 3, 2, 2, Some(Opened)),
        (0.5, 3, 3, 2, Some(Opened)),
        (0.5, 3, 2, 0, None),
        (0.5, 3, 3, 1, Some(Closed)),
        (0.5, 3, 3, 0, Some(Closed)),
        (0.5, 1, 1, 1, Some(Opened)),
        (0.5, 1, 1, 0, Some(Closed)),
        (1.0, 2, 2, 1, Some(Closed)),
        (1.0, 2, 2, 2, Some(Opened)),
        (0.000_001, 16, 1, 1, Some(Opened)),
    ];
    for (rate, wanted, total, failed, expected) in rows {
        let probes = tally(total, failed);
        assert_eq!(
            verdict(&options(rate, 10, wanted), probes),
            expected,
            "{rate} of {wanted}: {probes:?}"
        );
    }
}

#[test]
fn slow_calls_open_at_their_own_rate() {
    let over = Duration::from_millis(800);
    let options = options(0.5, 10, 3).with_slow_calls(over, 0.8).unwrap();
    let rows = [
        (10, 0, 8, true),
        (10, 0, 7, false),
        (10, 4, 7, false),
        (10, 5, 0, true),
        (9, 0, 9, false),
    ];
    for (total, failed, slow, expected) in rows {
        let window = Tally {
            total,
            failed,
            slow,
        };
        assert_eq!(opens(&options, window), expected, "{window:?}");
    }
    let slow_probes = |slow| Tally {
        total: slow,
        failed: 0,
        slow,
    };
    assert_eq!(verdict(&options, slow_probes(2)), None);
    assert_eq!(verdict(&options, slow_probes(3)), Some(State::Open));
}

#[test]
fn what_an_outcome_counts_as() {
    let over = Duration::from_millis(800);
    let slow = options(0.5, 10, 3).with_slow_calls(over, 0.8).unwrap();
    let later = over + Duration::from_nanos(1);
    let sample = |has_failed, is_slow| {
        Some(Sample {
            has_failed,
            is_slow,
        })
    };
    let rows = [
        (slow, Outcome::Success, over, sample(false, false)),
        (slow, Outcome::Success, later, sample(false, true)),
        (slow, Outcome::Failure, later, sample(true, true)),
        (slow, Outcome::Ignored, later, None),
        (
            options(0.5, 10, 3),
            Outcome::Success,
            later,
            sample(false, false),
        ),
    ];
    for (options, outcome, took, expected) in rows {
        assert_eq!(
            options.sample(outcome, took),
            expected,
            "{outcome:?} {took:?}"
        );
    }
}

#[test]
fn a_window_of_calls_never_waits_for_more_than_it_holds() {
    let counted = options(0.5, 10, 3).with_window_calls(4).unwrap();
    assert_eq!(
        (counted.window(), counted.min_calls()),
        (Window::Calls(4), 4)
    );
    assert!(opens(&counted, tally(4, 2)));
    assert_eq!(options(0.5, 10, 3).with_window_calls(1025), None);
    assert_eq!(options(0.5, 10, 3).with_window_calls(0), None);
}

#[test]
fn wrong_options_cannot_be_made() {
    let second = Duration::from_secs(1);
    let make = |rate, min_calls, window, open, probes| {
        Options::new(rate, min_calls, window, open, probes).is_some()
    };
    assert!(make(1.0, 1, second, Duration::from_millis(1), 1));
    let refused = [
        make(0.0, 1, second, second, 1),
        make(-0.1, 1, second, second, 1),
        make(1.1, 1, second, second, 1),
        make(f64::NAN, 1, second, second, 1),
        make(0.5, 0, second, second, 1),
        make(0.5, 100_001, second, second, 1),
        make(0.5, 1, Duration::from_millis(999), second, 1),
        make(0.5, 1, Duration::from_secs(3601), second, 1),
        make(0.5, 1, second, Duration::ZERO, 1),
        make(0.5, 1, second, second, 0),
        make(0.5, 1, second, second, 17),
    ];
    assert_eq!(refused, [false; 11]);
}

proptest! {
    #[test]
    fn the_announced_wait_is_exact(since_ms in 0_u64..1 << 40, later_ms in 0_u64..5000) {
        let options = options(0.5, 10, 3);
        let opened = phase(1, State::Open, since_ms);
        let now = Monotonic::from_millis(since_ms + later_ms);
        let Admission::Refuse(open) = admit(&options, opened, now) else { panic!("refused until then") };
        let just_before = now.saturating_add(open.retry_after).saturating_sub(Duration::from_nanos(1));
        prop_assert!(matches!(admit(&options, opened, just_before), Admission::Refuse(_)));
        let then = now.saturating_add(open.retry_after);
        prop_assert!(matches!(admit(&options, opened, then), Admission::Turn(_)));
    }

    #[test]
    fn all_probes_back_always_decide(rate in 0.000_001_f64..=1.0, wanted in 1_u32..=16, failed in 0_u64..=16) {
        let probes = tally(u64::from(wanted), failed.min(u64::from(wanted)));
        prop_assert!(verdict(&options(rate, 10, wanted), probes).is_some());
    }

    #[test]
    fn an_early_verdict_is_the_one_that_all_probes_would_have_given(rate in 0.000_001_f64..=1.0, outcomes in prop::collection::vec(any::<bool>(), 1..=16)) {
        let options = options(rate, 10, u32::try_from(outcomes.len()).unwrap());
        let counted = |some: &[bool]| tally(
            some.len() as u64,
            some.iter().filter(|has_failed| **has_failed).count() as u64,
        );
        let last = verdict(&options, counted(&outcomes));
        for end in 0..outcomes.len() {
            let early = verdict(&options, counted(&outcomes[..end]));
            prop_assert!(early.is_none() || early == last);
        }
    }
}
