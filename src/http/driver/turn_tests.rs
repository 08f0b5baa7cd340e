//! What an attempt has before its turn is taken: a connection, and a place.

use std::time::Duration;

use super::policy_tests::{map, throttled};
use super::tests::{client, counters, get};
use crate::clock;
use crate::http::scripted::{Step, Vendor, answer};
use crate::http::{CallErrorKind, Host, NoHost, Request, Sent, Stop};
use crate::options::Value;
use crate::policy::concurrency;
use crate::telemetry::Counter;

/// A vendor that accepts and never shakes hands.
fn silent() -> (std::net::TcpListener, String) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("https://{}/", listener.local_addr().unwrap());
    (listener, base)
}

#[test]
fn a_turn_is_taken_when_there_is_a_connection_to_use_it() {
    let (_listener, base) = silent();
    let mut vendor = Vendor::start(vec![answer(200)]);
    vendor.base = base;
    let throttle = map(vec![
        ("permits", Value::from(1)),
        ("per_ms", Value::from(4000)),
    ]);
    let options = vec![
        ("throttle", throttle),
        (
            "retry",
            map(vec![
                ("max_attempts", Value::from(2)),
                ("base_delay_ms", Value::from(1)),
            ]),
        ),
        ("timeouts", map(vec![("connect_ms", Value::from(30))])),
    ];
    let client = client(&vendor, options);
    let error = get(&client).unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Connect), "{error:?}");
    // Both attempts are counted, neither used a turn up.
    assert_eq!((error.sent, error.attempts), (Sent::No, 2));
    let wanted = [Counter::Entered, Counter::Retries, Counter::Attempts];
    assert_eq!(counters(&client, &wanted), [1, 1, 2]);
    let rate = client.plan().throttle.as_ref().unwrap().rate.unwrap();
    let turn = client
        .connection()
        .throttle_take(rate, clock::monotonic(), Duration::ZERO);
    assert_eq!(turn, Ok(Duration::ZERO));
}

#[test]
fn calls_that_wait_for_their_turn_have_a_connection_each() {
    let vendor = Vendor::start(vec![answer(200)]);
    let throttle = map(vec![
        ("permits", Value::from(100)),
        ("per_ms", Value::from(1000)),
    ]);
    let client = client(&vendor, vec![("throttle", throttle)]);
    let requests = (0..4).map(|key| (key, Request::new(http::Method::GET, "products/42")));
    client
        .call_many(requests, 4, &NoHost, |_, answer| {
            assert_eq!(answer.unwrap().status, 200);
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    // They connected at once, before their turns came; afterwards the sockets serve again.
    assert_eq!(vendor.accepted(), 4);
    get(&client).unwrap();
    assert_eq!(vendor.accepted(), 4);
}

#[test]
fn a_place_is_had_before_a_turn_is_taken() {
    let vendor = Vendor::start(vec![answer(200)]);
    let limit = map(vec![
        ("max", Value::from(1)),
        ("max_wait_ms", Value::from(0)),
    ]);
    let throttle = map(vec![
        ("permits", Value::from(1)),
        ("per_ms", Value::from(4000)),
    ]);
    let client = client(
        &vendor,
        vec![("concurrency", limit), ("throttle", throttle)],
    );
    let options = concurrency::Options {
        max: 1,
        max_wait: Duration::ZERO,
    };
    let now = clock::monotonic();
    let place = client
        .connection()
        .place_take(&options, Duration::from_secs(9), now);
    assert!(throttled(&get(&client).unwrap_err()));
    client.connection().place_give_back(place.unwrap());
    let rate = client.plan().throttle.as_ref().unwrap().rate.unwrap();
    let turn = client.connection().throttle_take(rate, now, Duration::ZERO);
    assert_eq!(turn, Ok(Duration::ZERO));
}

/// A host that is switched off while its call waits.
struct SwitchedOff;

impl Host for SwitchedOff {
    fn before_attempt(&self) -> Result<(), Stop> {
        Ok(())
    }

    fn check(&self) -> Result<(), Stop> {
        let reason = "a test".to_owned();
        Err(Stop::Paused { reason })
    }
}

#[test]
fn a_pause_acts_while_a_connection_is_made_ahead() {
    let (_listener, base) = silent();
    let mut vendor = Vendor::start(vec![answer(200)]);
    vendor.base = base;
    let throttle = map(vec![("permits", Value::from(1))]);
    let client = client(&vendor, vec![("throttle", throttle)]);
    let started = clock::monotonic();
    let request = Request::new(http::Method::GET, "products/42");
    let error = client.call(&request, &SwitchedOff).unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Paused), "{error:?}");
    assert_eq!(error.sent, Sent::No);
    assert!(clock::monotonic().since(started) < Duration::from_millis(250));
}

#[test]
fn a_hedge_has_a_connection_of_its_own_before_it_takes_a_turn() {
    for (burst, made) in [(2, 2), (1, 1)] {
        let vendor = Vendor::start(vec![Step::Hang, answer(200)]);
        let throttle = map(vec![
            ("permits", Value::from(1)),
            ("per_ms", Value::from(60_000)),
            ("burst", Value::from(burst)),
        ]);
        let options = vec![
            ("throttle", throttle),
            ("hedge", map(vec![("after_ms", Value::from(20))])),
            ("retry", map(vec![("max_attempts", Value::from(1))])),
            ("timeouts", map(vec![("attempt_ms", Value::from(200))])),
        ];
        let client = client(&vendor, options);
        let outcome = get(&client);
        assert_eq!(outcome.is_ok(), made == 2);
        match outcome {
            Ok(answer) => assert_eq!((answer.status, answer.attempts), (200, made)),
            // Without a turn there is no second attempt: the first goes on to its end.
            Err(error) => {
                assert!(matches!(error.kind, CallErrorKind::Timeout), "{error:?}");
                assert_eq!((error.sent, error.attempts), (Sent::Maybe, made));
            }
        }
        assert_eq!(counters(&client, &[Counter::Hedges]), [u64::from(made) - 1]);
        assert_eq!(vendor.received().len(), made as usize);
        assert_eq!(vendor.accepted(), 2);
    }
}
