use proptest::prelude::*;

use super::*;

const EMPTY_AT_10_S: Level = Level {
    tokens_milli: 0,
    paid_until_ms: 10_000,
};

fn options(ratio: f64, min_per_second: f64, max_tokens: u32) -> Options {
    Options::new(ratio, min_per_second, max_tokens).unwrap()
}

fn at(ms: u64) -> Monotonic {
    Monotonic::from_millis(ms)
}

#[test]
fn a_connection_that_was_never_used_has_what_an_idle_one_has() {
    let level = withdraw(&Options::default(), Level::default(), at(1_000_000)).unwrap();
    assert_eq!(
        level,
        Level {
            tokens_milli: 9000,
            paid_until_ms: 1_000_000
        }
    );
}

#[test]
fn five_calls_pay_one_retry() {
    let options = options(0.2, 0.0, 10);
    let mut level = EMPTY_AT_10_S;
    for _ in 0..4 {
        level = deposit(&options, level, at(10_000));
        assert_eq!(withdraw(&options, level, at(10_000)), None);
    }
    level = deposit(&options, level, at(10_000));
    assert_eq!(
        withdraw(&options, level, at(10_000)).unwrap().tokens_milli,
        0
    );
}

#[test]
fn the_trickle_pays_at_its_rate() {
    let rows = [
        (1.0, 10_999, false),
        (1.0, 11_000, true),
        (0.5, 11_999, false),
        (0.5, 12_000, true),
        (0.0, 99_999_999, false),
    ];
    for (per_second, now_ms, expected) in rows {
        let level = withdraw(&options(0.2, per_second, 10), EMPTY_AT_10_S, at(now_ms));
        assert_eq!(
            level.is_some(),
            expected,
            "{per_second} a second, {now_ms} ms"
        );
    }
}

#[test]
fn asking_often_loses_no_fraction_of_the_trickle() {
    let options = options(0.0, 0.3, 10);
    let mut level = EMPTY_AT_10_S;
    for ms in 10_000..20_000 {
        level = deposit(&options, level, at(ms));
    }
    assert_eq!(
        withdraw(&options, level, at(20_000)).unwrap().tokens_milli,
        2000
    );
}

#[test]
fn a_healthy_hour_buys_no_storm() {
    let options = options(0.2, 1.0, 10);
    let mut level = EMPTY_AT_10_S;
    for second in 10..3610 {
        level = deposit(&options, level, at(second * 1000));
    }
    let mut retries = 0;
    while let Some(next) = withdraw(&options, level, at(3_610_000)) {
        (level, retries) = (next, retries + 1);
    }
    assert_eq!(retries, 10);
}

#[test]
fn a_lowered_cap_holds_at_once() {
    let full = Level {
        tokens_milli: 10_000,
        paid_until_ms: 10_000,
    };
    assert_eq!(
        deposit(&options(0.2, 1.0, 2), full, at(10_000)).tokens_milli,
        2000
    );
}

#[test]
fn wrong_options_cannot_be_made() {
    assert!(Options::new(0.0, 0.0, 1).is_some());
    for (ratio, per_second, cap) in [
        (-0.1, 1.0, 10),
        (1.1, 1.0, 10),
        (f64::NAN, 1.0, 10),
        (0.2, -1.0, 10),
        (0.2, 1001.0, 10),
        (0.2, 1.0, 0),
        (0.2, 1.0, 10_001),
    ] {
        assert_eq!(
            Options::new(ratio, per_second, cap),
            None,
            "{ratio} {per_second} {cap}"
        );
    }
}

proptest! {
    #[test]
    fn retries_stay_below_share_trickle_and_reserve(
        ratio in 0.0_f64..=1.0, per_second in 0.0_f64..=5.0, cap in 1_u32..=20,
        steps in prop::collection::vec((any::<bool>(), 0_u64..500), 1..400),
    ) {
        let options = options(ratio, per_second, cap);
        let (mut level, mut now_ms, mut calls, mut retries) = (Level::default(), 100_000_000_u64, 0_u32, 0_u32);
        for (is_call, later_ms) in steps {
            now_ms += later_ms;
            if is_call {
                level = deposit(&options, level, at(now_ms));
                calls += 1;
            } else if let Some(next) = withdraw(&options, level, at(now_ms)) {
                level = next;
                retries += 1;
            }
            prop_assert!(level.tokens_milli <= cap * TOKEN);
            prop_assert!(level.paid_until_ms <= now_ms);
        }
        let elapsed_s = (now_ms - 100_000_000) as f64 / 1000.0;
        // Shares are rounded to thousandths.
        let allowed = f64::from(cap) + f64::from(calls) * (ratio + 0.0005) + elapsed_s * (per_second + 0.0005) + 0.001;
        prop_assert!(f64::from(retries) <= allowed, "{retries} > {allowed}");
    }
}
