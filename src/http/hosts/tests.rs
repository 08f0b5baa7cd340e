use std::sync::atomic::Ordering;

use super::*;
use crate::http::driver::tests::{client_on, get};
use crate::http::scripted::{Vendor, answer};
use crate::http::{CallErrorKind, Client};
use crate::options::Value;
use crate::segment::Segment;
use crate::store::redis::tests::server::Server as Redis;

/// A server, or nothing where none is installed.
pub(super) struct Shared {
    pub(super) redis: Redis,
    _dir: tempfile::TempDir,
}

impl Shared {
    pub(super) fn start() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let redis = Redis::start(dir.path(), &[])?;
        Some(Self { redis, _dir: dir })
    }

    pub(super) fn url(&self) -> String {
        format!("redis+unix://{}", self.redis.socket().display())
    }

    /// One host's part.
    pub(super) fn host(&self) -> Hosts {
        let base = ("base_uri", Value::from("http://vendor.example/"));
        let plan = Plan::parse("catalog", &Value::map([base])).unwrap();
        Hosts::new(&self.url(), &plan).unwrap()
    }
}

pub(super) fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

pub(super) fn options(open: Duration) -> Options {
    Options::new(0.5, 10, seconds(3600), open, 3).unwrap()
}

/// The connection's own queue.
pub(super) fn queue(rate: Option<Rate>) -> Queue<'static> {
    Queue {
        route: "",
        rate,
        is_announced: false,
    }
}

pub(super) fn pass(entry: Option<Entry>) -> Entered {
    match entry {
        Some(Entry::Pass(entered)) => entered,
        other => panic!("{other:?}"),
    }
}

/// Makes attempts, each on the other host; the last word.
fn drive(hosts: [&Hosts; 2], options: &Options, outcomes: &str) -> State {
    let mut state = State::Closed;
    for (host, letter) in hosts.iter().cycle().zip(outcomes.chars()) {
        let Some(Entry::Pass(entered)) = host.enter(Some(options), queue(None), Duration::ZERO)
        else {
            continue;
        };
        let outcome = match letter {
            'S' | 'L' => Outcome::Success,
            'F' => Outcome::Failure,
            _ => Outcome::Ignored,
        };
        let took = if letter == 'L' {
            seconds(9)
        } else {
            Duration::ZERO
        };
        state = host
            .record(options, &entered, (outcome, took), None)
            .unwrap()
            .state;
    }
    state
}

#[test]
fn two_hosts_share_one_rate() {
    let Some(shared) = Shared::start() else {
        return;
    };
    let (one, other) = (shared.host(), shared.host());
    let rate = Rate::new(1, seconds(60), 2).unwrap();
    let take = |host: &Hosts, max_wait| host.enter(None, queue(Some(rate)), max_wait);
    assert_eq!(pass(take(&one, Duration::ZERO)).wait, Duration::ZERO);
    assert_eq!(pass(take(&other, Duration::ZERO)).wait, Duration::ZERO);
    let Some(Entry::Throttled(after)) = take(&one, seconds(1)) else {
        panic!("the burst is used up");
    };
    assert!(after > seconds(50) && after <= seconds(60), "{after:?}");
    let waited = pass(take(&other, seconds(60))).wait;
    assert!(waited > seconds(50) && waited <= seconds(60), "{waited:?}");
    // Another route has a pace of its own.
    let route = Queue {
        route: "search",
        ..queue(Some(rate))
    };
    let route = one.enter(None, route, Duration::ZERO);
    assert_eq!(pass(route).wait, Duration::ZERO);
}

#[test]
fn outcomes_of_all_hosts_open_one_breaker() {
    let timed = options(seconds(5));
    let counted = timed.with_window_calls(10).unwrap();
    let slow = timed.with_slow_calls(seconds(1), 0.8).unwrap();
    let rows = [
        (timed, "SSSSSFFFFF", State::Open),
        (timed, "FFFFFFFFF", State::Closed),
        (timed, "FFFFFFFFFS", State::Open),
        (timed, "SSSSSSFFFF", State::Closed),
        (timed, "FFFFFFFFFIIIII", State::Closed),
        (counted, "SSSSSFFFFF", State::Open),
        (counted, "FFFFSSSSSSSSSSFFFF", State::Closed),
        (counted, "SSSSSSSSSSSSSSSFFFFF", State::Open),
        (slow, "SSLLLLLLLL", State::Open),
        (slow, "SSSLLLLLLL", State::Closed),
        (timed, "SSLLLLLLLL", State::Closed),
    ];
    for (options, outcomes, expected) in rows {
        let Some(shared) = Shared::start() else {
            return;
        };
        let (one, other) = (shared.host(), shared.host());
        assert_eq!(
            drive([&one, &other], &options, outcomes),
            expected,
            "{outcomes}"
        );
        let entry = one.enter(Some(&options), queue(None), Duration::ZERO);
        match (expected, entry) {
            (State::Open, Some(Entry::Open(left))) => assert!(left <= seconds(5)),
            (State::Closed, Some(Entry::Pass(_))) => {}
            (_, entry) => panic!("{outcomes}: {entry:?}"),
        }
    }
}

#[test]
fn half_open_lets_through_its_probes_over_all_hosts() {
    for (probes, expected) in [
        ("SSS", State::Closed),
        ("SFF", State::Open),
        ("FF", State::Open),
    ] {
        let Some(shared) = Shared::start() else {
            return;
        };
        let (one, other) = (shared.host(), shared.host());
        // Over before the next question.
        let options = options(Duration::from_millis(1)).with_probe_lease(seconds(60));
        drive([&one, &other], &options, "FFFFFFFFFF");
        let mut taken = Vec::new();
        for host in [&one, &other].into_iter().cycle() {
            match host.enter(Some(&options), queue(None), Duration::ZERO) {
                Some(Entry::Pass(entered)) => taken.push(entered),
                Some(Entry::Probing(left)) => {
                    assert!(left <= seconds(60));
                    break;
                }
                Some(Entry::Open(_)) => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(taken.len(), 3);
        let mut state = State::HalfOpen;
        for (entered, letter) in taken.iter().zip(probes.chars()) {
            let outcome = if letter == 'S' {
                Outcome::Success
            } else {
                Outcome::Failure
            };
            state = other
                .record(&options, entered, (outcome, Duration::ZERO), None)
                .unwrap()
                .state;
        }
        assert_eq!(state, expected, "{probes}");
    }
}

#[test]
fn a_server_that_is_away_is_left_alone_for_a_while() {
    let Some(mut shared) = Shared::start() else {
        return;
    };
    let host = shared.host();
    let options = options(seconds(5));
    assert!(
        host.enter(Some(&options), queue(None), Duration::ZERO)
            .is_some()
    );
    shared.redis.kill();
    assert_eq!(
        host.enter(Some(&options), queue(None), Duration::ZERO),
        None
    );
    assert!(host.server.away_until.load(Ordering::Relaxed) > clock::monotonic().as_nanos());
    assert_eq!(
        host.enter(Some(&options), queue(None), Duration::ZERO),
        None
    );
}

/// A client of a host of its own.
pub(super) fn client(shared: &Shared, vendor: &Vendor, more: Vec<(&str, Value)>) -> Client {
    let segment: &'static Segment = Box::leak(Box::new(Segment::in_process()));
    let mut options = vec![("shared", Value::from(shared.url()))];
    options.extend(more);
    client_on(segment, vendor, options)
}

#[test]
fn what_one_host_finds_out_keeps_the_other_from_calling() {
    let Some(mut shared) = Shared::start() else {
        return;
    };
    let vendor = Vendor::start(vec![answer(503)]);
    let once = || {
        let attempts = Value::map([("max_attempts", Value::from(1))]);
        let breaker = Value::map([("min_calls", Value::from(4))]);
        vec![("retry", attempts), ("breaker", breaker)]
    };
    let (one, other) = (
        client(&shared, &vendor, once()),
        client(&shared, &vendor, once()),
    );
    for _ in 0..4 {
        get(&one).unwrap();
    }
    let refused = get(&other).unwrap_err();
    assert!(
        matches!(refused.kind, CallErrorKind::BreakerOpen),
        "{refused:?}"
    );
    assert!(refused.retry_after.unwrap() > seconds(3));
    assert_eq!(vendor.received().len(), 4);
    // The other host's segment knows it now, and asks nobody.
    shared.redis.kill();
    assert!(matches!(
        get(&other).unwrap_err().kind,
        CallErrorKind::BreakerOpen
    ));
}

#[test]
fn without_its_server_a_host_goes_on_by_itself() {
    let Some(mut shared) = Shared::start() else {
        return;
    };
    shared.redis.kill();
    let vendor = Vendor::start(vec![answer(200)]);
    let throttle = Value::map([
        ("permits", Value::from(1)),
        ("per_ms", Value::from(60_000)),
        ("mode", Value::from("fail")),
    ]);
    let client = client(&shared, &vendor, vec![("throttle", throttle)]);
    assert_eq!(get(&client).unwrap().status, 200);
    assert!(matches!(
        get(&client).unwrap_err().kind,
        CallErrorKind::Throttled
    ));
}
