use std::time::Duration;

use crate::options::{OptionError, Plan, Value};
use crate::policy::{backoff, breaker, hedge, retry, throttle};

fn map(entries: Vec<(&str, Value)>) -> Value {
    Value::map(entries)
}

fn parse(more: Vec<(&str, Value)>) -> Result<Plan, OptionError> {
    let mut options = vec![("base_uri", Value::from("https://api.vendor.example/v1"))];
    options.extend(more);
    Plan::parse("catalog", &map(options))
}

fn message(section: &str, keys: Vec<(&str, Value)>) -> String {
    parse(vec![(section, map(keys))]).unwrap_err().to_string()
}

#[test]
fn retries_by_jitter_statuses_and_errors() {
    let retry = map(vec![
        ("jitter", Value::from("decorrelated")),
        (
            "statuses",
            Value::list([Value::from(429), Value::from(599)]),
        ),
        ("errors", Value::list([Value::from("connect")])),
        ("max_hold_s", Value::from(60)),
    ]);
    let retry = parse(vec![("retry", retry)]).unwrap().retry;
    assert_eq!(retry.backoff.jitter, backoff::Jitter::Decorrelated);
    assert_eq!(retry.statuses, [429, 599]);
    assert_eq!(retry.errors, [retry::TransportError::Connect]);
    assert_eq!(retry.max_hold, Duration::from_secs(60));
    let none = map(vec![
        ("statuses", Value::list([])),
        ("errors", Value::list([])),
    ]);
    let none = parse(vec![("retry", none)]).unwrap().retry;
    assert!(none.statuses.is_empty() && none.errors.is_empty());
}

#[test]
fn what_cannot_be_retried_is_refused_by_name() {
    let rows = [
        (
            vec![("statuses", Value::list([Value::from(200)]))],
            "option 'retry.statuses' must be a list of integers from 400 to 599, got 200",
        ),
        (
            vec![("errors", Value::list([Value::from("tls")]))],
            "option 'retry.errors' must be a list of 'connect', 'network', 'timeout', got 'tls'",
        ),
        (
            vec![("jitter", Value::from("some"))],
            "option 'retry.jitter' must be one of 'full', 'equal', 'decorrelated', got 'some'",
        ),
    ];
    for (keys, expected) in rows {
        assert_eq!(message("retry", keys), expected);
    }
}

#[test]
fn a_breaker_counts_time_or_calls_and_slow_ones() {
    let breaker = |keys| {
        parse(vec![("breaker", map(keys))])
            .unwrap()
            .breaker
            .unwrap()
    };
    let counted = breaker(vec![("window_calls", Value::from(50))]);
    assert_eq!(counted.window(), breaker::Window::Calls(50));
    let timed = breaker(vec![("slow_call_ms", Value::from(800))]);
    assert_eq!(
        timed.window(),
        breaker::Window::Time(Duration::from_secs(30))
    );
    assert!(timed.counts_slow_calls() && !counted.counts_slow_calls());
    assert_eq!(
        message(
            "breaker",
            vec![
                ("window_s", Value::from(5)),
                ("window_calls", Value::from(5))
            ]
        ),
        "option 'breaker.window_calls' must be left out where window_s is given, got both"
    );
    assert_eq!(
        message("breaker", vec![("slow_rate", Value::from(0.5))]),
        "option 'breaker.slow_call_ms' must be given where slow_rate is, got nothing"
    );
}

#[test]
fn a_probes_place_outlasts_all_that_its_attempt_waits_for() {
    let plan = parse(vec![
        (
            "throttle",
            map(vec![
                ("permits", Value::from(5)),
                ("max_wait_ms", Value::from(2000)),
            ]),
        ),
        (
            "concurrency",
            map(vec![
                ("max", Value::from(4)),
                ("max_wait_ms", Value::from(500)),
            ]),
        ),
    ])
    .unwrap();
    // 5 s for the attempt, 2.5 s of waits, 1 s more.
    assert_eq!(
        plan.breaker.unwrap().probe_lease(),
        Duration::from_millis(8500)
    );
}

#[test]
fn a_throttle_with_routes() {
    let search = map(vec![
        ("path", Value::from("search")),
        ("permits", Value::from(2)),
    ]);
    let stock = map(vec![
        ("path", Value::from("products/{id}/stock")),
        ("permits", Value::from(1)),
        ("per_ms", Value::from(250)),
    ]);
    let throttle = map(vec![
        ("permits", Value::from(50)),
        ("burst", Value::from(5)),
        ("mode", Value::from("fail")),
        ("routes", map(vec![("search", search), ("stock", stock)])),
    ]);
    let throttle = parse(vec![("throttle", throttle)])
        .unwrap()
        .throttle
        .unwrap();
    assert_eq!(
        throttle.rate,
        throttle::Rate::new(50, Duration::from_secs(1), 5)
    );
    assert_eq!(
        (throttle.mode, throttle.announced),
        (throttle::Mode::Fail, true)
    );
    let (place, route) = throttle.route("products/7/stock").unwrap();
    assert_eq!((place, route.name.as_str()), (1, "stock"));
    assert_eq!(route.rate.interval(), Duration::from_millis(250));
}

#[test]
fn a_throttle_may_follow_the_vendor_alone() {
    let throttle = parse(vec![(
        "throttle",
        map(vec![("announced", Value::from(true))]),
    )])
    .unwrap()
    .throttle
    .unwrap();
    assert_eq!(
        (throttle.rate, throttle.mode),
        (None, throttle::Mode::Wait(Duration::from_secs(10)))
    );
}

#[test]
fn a_throttle_that_makes_no_sense_is_refused() {
    let no_path = map(vec![("r", map(vec![("permits", Value::from(1))]))]);
    let odd_path = map(vec![(
        "r",
        map(vec![
            ("path", Value::from("a?b")),
            ("permits", Value::from(1)),
        ]),
    )]);
    let no_permits = map(vec![("r", map(vec![("path", Value::from("a"))]))]);
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    let many = map(names.map(|name| (name, Value::Null)).to_vec());
    let rows = [
        (
            vec![("permits", Value::from(0))],
            "option 'throttle.permits' must be an integer from 1 to 1000000",
        ),
        (
            vec![("burst", Value::from(3))],
            "option 'throttle.permits' must be given where per_ms or burst is",
        ),
        (
            vec![("mode", Value::from("drop"))],
            "option 'throttle.mode' must be one of 'wait', 'fail'",
        ),
        (
            vec![
                ("mode", Value::from("fail")),
                ("max_wait_ms", Value::from(5)),
            ],
            "option 'throttle.max_wait_ms' must be left out",
        ),
        (
            vec![("routes", no_path)],
            "option 'throttle.routes.r.path' must be a path below base_uri",
        ),
        (
            vec![("routes", odd_path)],
            "option 'throttle.routes.r.path' must be a path below base_uri",
        ),
        (
            vec![("routes", no_permits)],
            "option 'throttle.routes.r.permits' must be an integer",
        ),
        (
            vec![("routes", many)],
            "option 'throttle.routes' must be an array of at most 8 routes",
        ),
        (
            vec![("permit", Value::from(1))],
            "option 'throttle.permit' must be one of the known options",
        ),
    ];
    for (keys, expected) in rows {
        let message = message("throttle", keys);
        assert!(message.starts_with(expected), "{message}");
    }
}

#[test]
fn limits_of_their_own() {
    let plan = parse(vec![
        ("concurrency", map(vec![("max", Value::from(8))])),
        ("hedge", map(vec![("percentile", Value::from(0.95))])),
        ("coalesce", Value::from(true)),
    ])
    .unwrap();
    let limit = plan.concurrency.unwrap();
    assert_eq!((limit.max, limit.max_wait), (8, Duration::from_secs(1)));
    assert_eq!(plan.hedge, Some(hedge::Options::Percentile(950)));
    assert!(plan.coalesce);
    let plain = parse(vec![]).unwrap();
    assert!(
        plain.throttle.is_none()
            && plain.concurrency.is_none()
            && plain.hedge.is_none()
            && !plain.coalesce
    );
    assert!(
        message("concurrency", vec![("max", Value::from(65))])
            .starts_with("option 'concurrency.max' must be an integer from 1 to 64")
    );
    assert!(
        message("concurrency", vec![]).starts_with("option 'concurrency.max' must be an integer")
    );
    assert!(message("hedge", vec![]).ends_with("got nothing"));
    let both = vec![
        ("after_ms", Value::from(5)),
        ("percentile", Value::from(0.9)),
    ];
    assert!(message("hedge", both).ends_with("got both"));
}

#[test]
fn the_server_of_all_hosts_is_an_address_or_a_secret() {
    use crate::options::{SecretRef, Source};
    let shared = |value: Value, source| {
        let options = map(vec![
            ("base_uri", Value::from("https://api.vendor.example/")),
            ("shared", value),
        ]);
        Plan::parse_from("catalog", &options, source).map(|plan| plan.shared)
    };
    let plain = "redis://cache.example:6379/1";
    assert!(shared(Value::from(plain), Source::Code).unwrap().is_some());
    assert!(shared(Value::from(plain), Source::File).unwrap().is_some());
    let reference = || Value::from(SecretRef::new("env:REDIS"));
    assert!(shared(reference(), Source::Code).unwrap().is_some());
    assert!(
        shared(Value::from("env:REDIS"), Source::File)
            .unwrap()
            .is_some()
    );
    let hidden = "redis://:hush@cache.example/";
    assert!(shared(Value::from(hidden), Source::Code).unwrap().is_some());
    for (value, source) in [
        (Value::from(hidden), Source::File),
        (Value::from("memcached://hush"), Source::Code),
        (Value::from("hush"), Source::File),
        (Value::from(7), Source::Code),
    ] {
        let error = shared(value, source).unwrap_err();
        assert_eq!(error.field, "shared");
        assert!(!error.to_string().contains("hush"), "{error}");
    }
}
