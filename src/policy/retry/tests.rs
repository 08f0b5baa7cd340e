use proptest::prelude::*;

use super::*;

fn failed(outcome: Outcome, sent: Sent) -> Attempt {
    Attempt {
        number: 1,
        outcome,
        sent,
        method_is_idempotent: true,
        has_key: false,
        waited: None,
        retry_after: None,
        remaining: Duration::from_secs(8),
        random: 0.5,
    }
}

fn retry(after_ms: u64) -> RetryDecision {
    RetryDecision::Retry {
        after: Duration::from_millis(after_ms),
    }
}

fn give_up(reason: GiveUp) -> RetryDecision {
    RetryDecision::GiveUp { reason }
}

#[test]
fn of_all_statuses_these_are_retried() {
    let retried: Vec<u16> = (100..=599)
        .filter(|status| {
            let attempt = failed(Outcome::Status(*status), Sent::Yes);
            decide(&Options::default(), &attempt) == retry(50)
        })
        .collect();
    assert_eq!(retried, [408, 425, 429, 500, 502, 503, 504]);
}

#[test]
fn methods_that_may_be_repeated() {
    let rows = [
        ("GET", true),
        ("HEAD", true),
        ("OPTIONS", true),
        ("TRACE", true),
        ("PUT", true),
        ("DELETE", true),
        ("POST", false),
        ("PATCH", false),
        ("CONNECT", false),
        ("PURGE", false),
        ("get", false),
    ];
    for (method, expected) in rows {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        assert_eq!(is_idempotent(&method), expected, "{method}");
    }
}

#[test]
fn safe_is_what_was_not_sent_or_may_be_repeated_or_has_a_key() {
    let rows = [
        (Sent::No, false, false, retry(50)),
        (Sent::Maybe, false, false, give_up(GiveUp::NotSafe)),
        (Sent::Yes, false, false, give_up(GiveUp::NotSafe)),
        (Sent::Maybe, true, false, retry(50)),
        (Sent::Yes, true, false, retry(50)),
        (Sent::Maybe, false, true, retry(50)),
        (Sent::Yes, false, true, retry(50)),
    ];
    for (sent, method_is_idempotent, has_key, expected) in rows {
        let attempt = Attempt {
            method_is_idempotent,
            has_key,
            ..failed(Outcome::Failed(TransportError::Network), sent)
        };
        assert_eq!(
            decide(&Options::default(), &attempt),
            expected,
            "{attempt:?}"
        );
    }
}

#[test]
fn outcomes_that_may_pass() {
    let rows = [
        (
            Outcome::Failed(TransportError::Connect),
            Sent::No,
            retry(50),
        ),
        (
            Outcome::Failed(TransportError::Network),
            Sent::Maybe,
            retry(50),
        ),
        (
            Outcome::Failed(TransportError::Timeout),
            Sent::Maybe,
            retry(50),
        ),
        (Outcome::Permanent, Sent::No, give_up(GiveUp::NotRetryable)),
        (
            Outcome::Status(404),
            Sent::Yes,
            give_up(GiveUp::NotRetryable),
        ),
        (
            Outcome::Status(200),
            Sent::Yes,
            give_up(GiveUp::NotRetryable),
        ),
    ];
    for (outcome, sent, expected) in rows {
        assert_eq!(
            decide(&Options::default(), &failed(outcome, sent)),
            expected,
            "{outcome:?}"
        );
    }
}

#[test]
fn with_a_key_409_is_waited_for_and_422_is_final() {
    let all = Options {
        statuses: vec![409, 422, 503],
        ..Options::default()
    };
    let refused = give_up(GiveUp::NotRetryable);
    let rows = [
        (Options::default(), 409, false, refused),
        (Options::default(), 409, true, retry(50)),
        (Options::default(), 422, true, refused),
        (all.clone(), 422, false, retry(50)),
        (all, 422, true, refused),
    ];
    for (options, status, has_key, expected) in rows {
        let attempt = Attempt {
            has_key,
            method_is_idempotent: true,
            ..failed(Outcome::Status(status), Sent::Yes)
        };
        assert_eq!(decide(&options, &attempt), expected, "{status} {has_key}");
    }
}

#[test]
fn attempts_end_at_their_number() {
    let options = Options {
        max_attempts: 3,
        ..Options::default()
    };
    let rows = [
        (1, retry(50)),
        (2, retry(100)),
        (3, give_up(GiveUp::Attempts)),
        (9, give_up(GiveUp::Attempts)),
    ];
    for (number, expected) in rows {
        let attempt = Attempt {
            number,
            ..failed(Outcome::Failed(TransportError::Network), Sent::Maybe)
        };
        assert_eq!(decide(&options, &attempt), expected, "{number}");
    }
    let once = Options {
        max_attempts: 1,
        ..Options::default()
    };
    assert_eq!(
        decide(
            &once,
            &failed(Outcome::Failed(TransportError::Network), Sent::No)
        ),
        give_up(GiveUp::Attempts)
    );
}

#[test]
fn what_the_vendor_asks_for_is_obeyed_within_the_deadline() {
    let come_back = |ms| {
        give_up(GiveUp::ComeBack {
            after: Duration::from_millis(ms),
        })
    };
    let rows = [
        // asked, remaining, number, expected
        (Some(2000), 8000, 1, retry(2000)),
        (Some(0), 8000, 1, retry(50)),
        (Some(7999), 8000, 1, retry(7999)),
        (Some(8000), 8000, 1, come_back(8000)),
        (Some(60_000), 8000, 1, come_back(60_000)),
        // It is told to whoever calls next, even where this call had no attempt left.
        (Some(60_000), 8000, 3, come_back(60_000)),
        (Some(2000), 8000, 3, give_up(GiveUp::Attempts)),
        (None, 51, 1, retry(50)),
        (None, 50, 1, give_up(GiveUp::Deadline)),
        (None, 0, 1, give_up(GiveUp::Deadline)),
    ];
    for (asked_ms, remaining_ms, number, expected) in rows {
        let attempt = Attempt {
            number,
            retry_after: asked_ms.map(Duration::from_millis),
            remaining: Duration::from_millis(remaining_ms),
            ..failed(Outcome::Status(503), Sent::Yes)
        };
        assert_eq!(
            decide(&Options::default(), &attempt),
            expected,
            "{attempt:?}"
        );
    }
}

#[test]
fn a_connection_chooses_its_statuses() {
    let options = Options {
        statuses: vec![418],
        ..Options::default()
    };
    assert_eq!(
        decide(&options, &failed(Outcome::Status(418), Sent::Yes)),
        retry(50)
    );
    assert_eq!(
        decide(&options, &failed(Outcome::Status(503), Sent::Yes)),
        give_up(GiveUp::NotRetryable)
    );
}

#[test]
fn a_connection_chooses_its_errors() {
    let options = Options {
        errors: vec![TransportError::Connect],
        ..Options::default()
    };
    let rows = [
        (TransportError::Connect, retry(50)),
        (TransportError::Network, give_up(GiveUp::NotRetryable)),
        (TransportError::Timeout, give_up(GiveUp::NotRetryable)),
    ];
    for (error, expected) in rows {
        let attempt = failed(Outcome::Failed(error), Sent::No);
        assert_eq!(decide(&options, &attempt), expected, "{error:?}");
    }
}

proptest! {
    #[test]
    fn a_retry_is_never_past_the_deadline_nor_earlier_than_asked(
        number in 1_u32..30, asked_ms in prop::option::of(0_u64..20_000), remaining_ms in 0_u64..10_000, random in 0.0_f64..1.0,
    ) {
        let retry_after = asked_ms.map(Duration::from_millis);
        let remaining = Duration::from_millis(remaining_ms);
        let attempt = Attempt { number, retry_after, remaining, random, ..failed(Outcome::Status(429), Sent::Yes) };
        let options = Options { max_attempts: 20, ..Options::default() };
        if let RetryDecision::Retry { after } = decide(&options, &attempt) {
            prop_assert!(after < remaining);
            prop_assert!(after >= retry_after.unwrap_or_default());
            prop_assert!(number < 20);
        }
    }
}
