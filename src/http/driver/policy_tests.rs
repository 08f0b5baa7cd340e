//! The policies around a call's attempts, over sockets.

use std::ops::ControlFlow;
use std::time::Duration;

use super::tests::{Frozen, client, client_on, counters, get, later};
use crate::clock;
use crate::http::scripted::{Step, Vendor, answer};
use crate::http::{Answer, CallError, CallErrorKind, Client, NoHost, Request, Sent};
use crate::options::Value;
use crate::policy::breaker::State;
use crate::policy::concurrency;
use crate::segment::Segment;
use crate::telemetry::Counter;

pub(super) fn map(entries: Vec<(&str, Value)>) -> Value {
    Value::map(entries)
}

fn waits_ms() -> Vec<u128> {
    clock::waits().iter().map(Duration::as_millis).collect()
}

pub(super) fn throttled(error: &CallError) -> bool {
    matches!(error.kind, CallErrorKind::Throttled) && error.sent == Sent::No
}

fn ok_with(fields: &'static str) -> Step {
    Step::Answer(200, fields, String::new())
}

#[test]
fn a_storm_opens_the_breaker_at_no_more_than_a_fifth_more_attempts() {
    let _frozen = Frozen::new();
    let vendor = Vendor::start(vec![answer(503)]);
    let client = client(&vendor, vec![]);
    // A connection that was quiet has its retry budget full.
    let mut calls = 0;
    let breaker = client.plan().breaker.unwrap();
    while client
        .connection()
        .breaker_state(&breaker, clock::monotonic())
        == State::Closed
    {
        get(&client).unwrap();
        calls += 1;
        assert!(calls < 100);
    }
    let attempts = vendor.received().len();
    assert_eq!((attempts, calls), (20, 18));
    assert_eq!(counters(&client, &[Counter::BreakerOpened]), [1]);
}

#[test]
fn a_single_failure_on_a_quiet_connection_is_retried() {
    let _frozen = Frozen::new();
    let vendor = Vendor::start(vec![answer(503), answer(502), answer(200)]);
    let answer = get(&client(&vendor, vec![])).unwrap();
    assert_eq!((answer.status, answer.attempts), (200, 3));
}

#[test]
fn an_exhausted_limit_is_waited_out_before_the_retry() {
    let _frozen = Frozen::new();
    let vendor = Vendor::start(vec![
        later(429, "ratelimit: \"a\";r=0;t=3\r\n"),
        answer(200),
    ]);
    assert_eq!(get(&client(&vendor, vec![])).unwrap().status, 200);
    assert_eq!(waits_ms(), [3000]);
}

#[test]
fn a_vendor_is_left_alone_no_longer_than_the_connection_allows() {
    let _frozen = Frozen::new();
    let vendor = Vendor::start(vec![later(503, "retry-after: 9999\r\n"), answer(200)]);
    let retry = map(vec![("max_hold_s", Value::from(60))]);
    let client = client(&vendor, vec![("retry", retry)]);
    let error = get(&client).unwrap_err();
    assert_eq!(error.retry_after, Some(Duration::from_secs(9999)));
    assert!(throttled(&get(&client).unwrap_err()));
    clock::advance(Duration::from_secs(60));
    assert_eq!(get(&client).unwrap().status, 200);
}

#[test]
fn calls_wait_for_their_turn() {
    let _frozen = Frozen::new();
    let vendor = Vendor::start(vec![answer(200)]);
    let throttle = map(vec![("permits", Value::from(10))]);
    let client = client(&vendor, vec![("throttle", throttle)]);
    for _ in 0..3 {
        get(&client).unwrap();
    }
    assert_eq!(waits_ms(), [100, 100]);
}

#[test]
fn a_turn_that_comes_too_late_is_refused_before_anything_is_sent() {
    let _frozen = Frozen::new();
    let vendor = Vendor::start(vec![answer(200)]);
    let throttle = map(vec![
        ("permits", Value::from(1)),
        ("per_ms", Value::from(4000)),
        ("mode", Value::from("fail")),
    ]);
    let client = client(&vendor, vec![("throttle", throttle)]);
    get(&client).unwrap();
    let error = get(&client).unwrap_err();
    assert!(throttled(&error));
    assert_eq!(error.retry_after, Some(Duration::from_secs(4)));
    assert_eq!((error.attempts, vendor.received().len()), (0, 1));
    let wanted = [Counter::RefusedByThrottle, Counter::Entered];
    assert_eq!(counters(&client, &wanted), [1, 1]);
}

#[test]
fn a_wait_leaves_the_attempt_its_time() {
    let _frozen = Frozen::new();
    let vendor = Vendor::start(vec![answer(200)]);
    let throttle = map(vec![
        ("permits", Value::from(1)),
        ("per_ms", Value::from(9800)),
    ]);
    // 10 s in all, a tenth of 5 s for the attempt.
    let client = client(&vendor, vec![("throttle", throttle)]);
    get(&client).unwrap();
    assert!(throttled(&get(&client).unwrap_err()));
}

#[test]
fn a_route_has_a_pace_of_its_own() {
    let _frozen = Frozen::new();
    let vendor = Vendor::start(vec![answer(200)]);
    let products = map(vec![
        ("path", Value::from("products")),
        ("permits", Value::from(2)),
    ]);
    let throttle = map(vec![("routes", map(vec![("products", products)]))]);
    let client = client(&vendor, vec![("throttle", throttle)]);
    let other = Request::new(http::Method::GET, "orders/1");
    get(&client).unwrap();
    client.call(&other, &NoHost).unwrap();
    client.call(&other, &NoHost).unwrap();
    assert_eq!(waits_ms(), [0; 0]);
    get(&client).unwrap();
    assert_eq!(waits_ms(), [500]);
}

#[test]
fn calls_slow_down_ahead_of_an_announced_limit() {
    let _frozen = Frozen::new();
    let low = ok_with("ratelimit: \"a\";r=2;t=6\r\n");
    let plenty = ok_with("ratelimit: \"a\";r=50;t=6\r\n");
    let vendor = Vendor::start(vec![low.clone(), low, plenty]);
    let throttle = map(vec![("announced", Value::from(true))]);
    let client = client(&vendor, vec![("throttle", throttle)]);
    for _ in 0..5 {
        get(&client).unwrap();
    }
    assert_eq!(waits_ms(), [2000, 2000]);
}

#[test]
fn no_more_attempts_are_under_way_than_the_limit_allows() {
    let vendor = Vendor::start(vec![answer(200)]);
    let limit = map(vec![
        ("max", Value::from(1)),
        ("max_wait_ms", Value::from(0)),
    ]);
    let client = client(&vendor, vec![("concurrency", limit)]);
    get(&client).unwrap();
    let options = concurrency::Options {
        max: 1,
        max_wait: Duration::ZERO,
    };
    let now = clock::monotonic();
    let place = client
        .connection()
        .place_take(&options, Duration::from_secs(9), now);
    let error = get(&client).unwrap_err();
    assert!(throttled(&error), "{error:?}");
    client.connection().place_give_back(place.unwrap());
    get(&client).unwrap();
    assert_eq!(counters(&client, &[Counter::RefusedByLimit]), [1]);
    assert_eq!(client.connection().places_held(clock::monotonic()), 0);
}

fn hedged(after_ms: i64) -> Vec<(&'static str, Value)> {
    vec![("hedge", map(vec![("after_ms", Value::from(after_ms))]))]
}

#[test]
fn a_late_attempt_is_joined_by_a_second_one() {
    let vendor = Vendor::start(vec![Step::Hang, answer(200)]);
    let client = client(&vendor, hedged(20));
    let answer = get(&client).unwrap();
    assert_eq!((answer.status, answer.attempts), (200, 2));
    let wanted = [
        Counter::Hedges,
        Counter::Retries,
        Counter::Attempts,
        Counter::Entered,
    ];
    assert_eq!(counters(&client, &wanted), [1, 0, 2, 1]);
}

#[test]
fn a_hedge_takes_a_token_and_there_is_one_at_most() {
    let vendor = Vendor::start(vec![Step::Hang]);
    let budget = map(vec![
        ("ratio", Value::from(0.0)),
        ("min_per_second", Value::from(0)),
    ]);
    let mut options = hedged(20);
    options.push((
        "retry",
        map(vec![("max_attempts", Value::from(1)), ("budget", budget)]),
    ));
    options.push(("timeouts", map(vec![("attempt_ms", Value::from(150))])));
    let error = get(&client(&vendor, options.clone())).unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Timeout));
    assert_eq!((error.attempts, vendor.received().len()), (1, 1));
    let vendor = Vendor::start(vec![Step::Hang]);
    options[1] = ("retry", map(vec![("max_attempts", Value::from(1))]));
    let error = get(&client(&vendor, options)).unwrap_err();
    assert_eq!((error.attempts, vendor.received().len()), (2, 2));
}

#[test]
fn what_must_not_be_repeated_is_not_hedged() {
    let vendor = Vendor::start(vec![Step::Hang]);
    let mut options = hedged(10);
    options.push(("timeouts", map(vec![("attempt_ms", Value::from(100))])));
    let client = client(&vendor, options);
    let post = Request::new(http::Method::POST, "orders");
    assert_eq!(client.call(&post, &NoHost).unwrap_err().attempts, 1);
    assert_eq!(vendor.received().len(), 1);
}

#[test]
fn the_first_answer_of_a_hedged_call_may_be_a_failure_and_the_other_still_counts() {
    let vendor = Vendor::start(vec![Step::Hang, answer(503)]);
    let mut options = hedged(10);
    options.push(("timeouts", map(vec![("attempt_ms", Value::from(200))])));
    options.push(("retry", map(vec![("max_attempts", Value::from(1))])));
    // The hedge fails at once, the first in the end: the last word counts.
    let error = get(&client(&vendor, options)).unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Timeout), "{error:?}");
    assert_eq!(error.attempts, 2);
}

fn coalescing(vendor: &Vendor) -> Client {
    let segment: &'static Segment = Box::leak(Box::new(Segment::in_process()));
    client_on(segment, vendor, vec![("coalesce", Value::from(true))])
}

fn bodies(client: &Client, requests: Vec<Request>) -> Vec<Vec<u8>> {
    let mut bodies = vec![Vec::new(); requests.len()];
    let each = |key: usize, answer: Result<Answer, CallError>| {
        bodies[key] = answer.unwrap().body.to_vec();
        ControlFlow::Continue(())
    };
    let requests = requests.into_iter().enumerate();
    client.call_many(requests, 16, &NoHost, each).unwrap();
    bodies
}

#[test]
fn equal_calls_that_are_under_way_at_once_are_one() {
    let vendor = Vendor::start(vec![Step::Answer(
        200,
        "x-part: 1\r\n",
        "shared".to_owned(),
    )]);
    let client = coalescing(&vendor);
    let requests = vec![Request::new(http::Method::GET, "products/42"); 10];
    assert_eq!(bodies(&client, requests), vec![b"shared".to_vec(); 10]);
    assert_eq!(vendor.received().len(), 1);
    let wanted = [Counter::Coalesced, Counter::Succeeded, Counter::Attempts];
    assert_eq!(counters(&client, &wanted), [9, 10, 1]);
    // One after another they are not: this is no cache.
    get(&client).unwrap();
    assert_eq!(vendor.received().len(), 2);
}

#[test]
fn calls_of_other_threads_share_too() {
    let vendor = Vendor::start(vec![Step::Hang, answer(200)]);
    let client = coalescing(&vendor);
    let retry = map(vec![("max_attempts", Value::from(2))]);
    let timeouts = map(vec![("attempt_ms", Value::from(300))]);
    let segment: &'static Segment = Box::leak(Box::new(Segment::in_process()));
    let options = vec![
        ("coalesce", Value::from(true)),
        ("retry", retry),
        ("timeouts", timeouts),
    ];
    let slow = client_on(segment, &vendor, options);
    drop(client);
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..6)
            .map(|_| scope.spawn(|| get(&slow).unwrap()))
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .collect()
    });
    assert!(answers.iter().all(|answer| answer.status == 200));
    // The leader's two attempts.
    assert_eq!(vendor.received().len(), 2);
}

#[test]
fn different_calls_and_larger_answers_are_not_shared() {
    let large = "x".repeat(70_000);
    let vendor = Vendor::start(vec![Step::Answer(200, "", large.clone())]);
    let client = coalescing(&vendor);
    let requests = vec![Request::new(http::Method::GET, "products/42"); 3];
    assert_eq!(bodies(&client, requests), vec![large.into_bytes(); 3]);
    assert_eq!(vendor.received().len(), 3);
    let vendor = Vendor::start(vec![answer(200)]);
    let client = coalescing(&vendor);
    let mut other = Request::new(http::Method::GET, "products/42");
    other
        .headers
        .push(("accept-language".to_owned(), b"de".to_vec()));
    let requests = vec![Request::new(http::Method::GET, "products/42"), other];
    bodies(&client, requests);
    assert_eq!(vendor.received().len(), 2);
}

#[test]
fn a_leader_that_fails_fails_alone() {
    let vendor = Vendor::start(vec![Step::Reset, answer(200)]);
    let segment: &'static Segment = Box::leak(Box::new(Segment::in_process()));
    let retry = map(vec![("max_attempts", Value::from(1))]);
    let options = vec![("coalesce", Value::from(true)), ("retry", retry)];
    let client = client_on(segment, &vendor, options);
    let mut answered = 0;
    let each = |_: usize, answer: Result<Answer, CallError>| {
        answered += usize::from(answer.is_ok());
        ControlFlow::Continue(())
    };
    let requests = (0..3).map(|key| (key, Request::new(http::Method::GET, "products/42")));
    client.call_many(requests, 3, &NoHost, each).unwrap();
    assert_eq!(answered, 2);
}

#[test]
fn who_wrote_is_not_handed_what_was_under_way_before() {
    let vendor = Vendor::start(vec![answer(200)]);
    let client = coalescing(&vendor);
    let before = client.connection().writes();
    client
        .call(&Request::new(http::Method::POST, "products"), &NoHost)
        .unwrap();
    assert_eq!(client.connection().writes(), before + 2);
}
