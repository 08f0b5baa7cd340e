use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::store::Key;

const NOW_MS: i64 = 1_000_000;

fn options() -> LedgerOptions {
    LedgerOptions {
        lease: Duration::from_millis(100),
        max_attempts: 3,
        base_delay: Duration::from_millis(10),
        max_delay: Duration::from_millis(35),
    }
}

fn row(state: &str, token: i64, attempts: i64, lease_until_ms: i64) -> Record {
    let record = Record::new(Key::of(&[b"e"]), "crm", "e", state, NOW_MS);
    Record {
        token,
        attempts,
        lease_until_ms,
        checksum: "c".to_owned(),
        ..record
    }
}

#[test]
fn a_claim_is_decided_by_state_lease_attempts_and_payload() {
    for (state, attempts, lease_until_ms, checksum, expected) in [
        ("pending", 0, 0, Some("c"), "win"),
        ("pending", 2, 0, None, "win"),
        ("pending", 3, 0, None, "give up"),
        ("claimed", 1, NOW_MS + 1, Some("c"), "in progress"),
        ("claimed", 1, NOW_MS, Some("c"), "win"),
        ("claimed", 3, NOW_MS, Some("c"), "give up"),
        ("claimed", 3, NOW_MS + 1, None, "in progress"),
        ("done", 1, 0, Some("c"), "done"),
        ("dead", 3, 0, Some("c"), "dead"),
        ("conflict", 0, 0, None, "conflict"),
        ("pending", 0, 0, Some("d"), "conflict"),
        ("claimed", 1, NOW_MS + 1, Some("d"), "conflict"),
        ("done", 1, 0, Some("d"), "conflict"),
    ] {
        let row = row(state, 5, attempts, lease_until_ms);
        let got = match claim(&row, checksum, NOW_MS, &options()) {
            ClaimDecision::Win(next) => {
                assert_eq!((next.state.as_str(), next.token), (CLAIMED, 6));
                assert_eq!(
                    (next.attempts, next.lease_until_ms),
                    (attempts + 1, NOW_MS + 100)
                );
                assert_eq!(
                    next.due_at_ms, next.lease_until_ms,
                    "due again when the lease ends"
                );
                "win"
            }
            ClaimDecision::GiveUp(next) => {
                assert_eq!((next.state.as_str(), next.lease_until_ms), (DEAD, 0));
                assert!(next.detail.contains("error"));
                "give up"
            }
            ClaimDecision::InProgress => "in progress",
            ClaimDecision::Done => "done",
            ClaimDecision::Dead => "dead",
            ClaimDecision::Conflict => "conflict",
        };
        assert_eq!(
            got, expected,
            "{state} {attempts} {lease_until_ms} {checksum:?}"
        );
    }
}

/// A row, a token, and whether its holder may commit, or at least give the event back.
#[rustfmt::skip]
fn holders() -> Vec<(Record, i64, bool, bool)> {
    let held = row(CLAIMED, 5, 1, NOW_MS + 1);
    let in_state = |state: &str| Record { state: state.to_owned(), ..held.clone() };
    vec![
        (held.clone(), 5, true, true),
        (held.clone(), 4, false, false),
        (held.clone(), 6, false, false),
        (Record { lease_until_ms: NOW_MS, ..held.clone() }, 5, false, true),
        (in_state(PENDING), 5, false, false),
        (in_state(DONE), 5, false, false),
        (in_state(DEAD), 5, false, false),
    ]
}

#[test]
fn only_the_holder_of_the_token_ends_a_claim() {
    let options = options();
    for (row, token, may_commit, may_give_back) in holders() {
        let name = format!("{} {token} {}", row.state, row.lease_until_ms);
        let completed = complete(&row, token, NOW_MS, &Value::Null);
        assert_eq!(completed.is_ok(), may_commit, "{name}");
        let renewed = renew(&row, token, NOW_MS, &options);
        assert_eq!(renewed.is_ok(), may_commit, "{name}");
        let failed = fail(&row, token, NOW_MS, "x", &options, 0.0);
        assert_eq!(failed.is_ok(), may_give_back, "{name}");
        let buried = bury(&row, token, NOW_MS, "x");
        assert_eq!(buried.is_ok(), may_give_back, "{name}");
        let released = release(&row, token, NOW_MS, 0);
        assert_eq!(released.is_ok(), may_give_back, "{name}");
    }
}

#[test]
fn a_failure_backs_off_and_the_last_one_is_dead() {
    let options = options();
    for (attempts, state, due_in_ms) in [(1, PENDING, 10), (2, PENDING, 20), (3, DEAD, 0)] {
        let held = row(CLAIMED, 1, attempts, NOW_MS + 1);
        let next = fail(&held, 1, NOW_MS, "boom", &options, 0.0).unwrap();
        assert_eq!(
            (next.state.as_str(), next.due_at_ms - NOW_MS),
            (state, due_in_ms)
        );
        assert_eq!(detail_of(&next)["error"], "boom");
    }
    let long = fail(
        &row(CLAIMED, 1, 1, 0),
        1,
        NOW_MS,
        &"\u{e9}".repeat(900),
        &options,
        0.0,
    );
    let error = detail_of(&long.unwrap())["error"].as_str().unwrap().len();
    assert_eq!(error, 1000, "cut between two characters");
}

#[test]
fn a_release_gives_the_attempt_back_and_success_forgets_the_error() {
    let held = row(CLAIMED, 1, 2, NOW_MS + 1);
    let next = release(&held, 1, NOW_MS, 70).unwrap();
    assert_eq!(
        (next.attempts, next.due_at_ms, next.state.as_str()),
        (1, NOW_MS + 70, PENDING)
    );
    let failed = Record {
        detail: r#"{"error":"x","type":"t"}"#.to_owned(),
        ..held
    };
    let done = complete(&failed, 1, NOW_MS, &Value::from(3)).unwrap();
    assert_eq!(done.detail, r#"{"type":"t","outcome":3}"#);
}

#[test]
fn only_the_dead_are_replayed() {
    let again = replay(&row(DEAD, 4, 3, 0), NOW_MS).unwrap();
    assert_eq!(
        (again.state.as_str(), again.attempts, again.token),
        (PENDING, 0, 4)
    );
    for state in [PENDING, CLAIMED, DONE, CONFLICT] {
        assert_eq!(replay(&row(state, 4, 3, 0), NOW_MS), None, "{state}");
    }
}

proptest! {
    #[test]
    fn backoff_grows_within_its_bounds(attempts in 1_i64..10_000, random in 0.0_f64..1.0) {
        let options = options();
        let delay_ms = backoff_ms(attempts, &options, random);
        prop_assert!((10..=35 + 35 / 4).contains(&delay_ms));
        prop_assert!(backoff_ms(attempts, &options, 0.0) <= backoff_ms(attempts + 1, &options, 0.0));
    }
}
