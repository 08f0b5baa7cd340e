//! What a vendor announced to one host, on the others.

use super::tests::{Shared, client, options, pass, queue, seconds};
use super::*;
use crate::http::CallErrorKind;
use crate::http::driver::tests::get;
use crate::http::scripted::{Step, Vendor};
use crate::options::Value;

#[test]
fn what_the_vendor_announced_to_one_host_paces_all() {
    for with_breaker in [true, false] {
        let Some(shared) = Shared::start() else {
            return;
        };
        let (one, other) = (shared.host(), shared.host());
        let breaker = options(seconds(5));
        let tell = |host: &Hosts, entered: &Entered, word: Word| {
            if with_breaker {
                let ended = (Outcome::Success, Duration::ZERO);
                host.record(&breaker, entered, ended, Some(word)).unwrap();
            } else {
                host.note(entered, word);
            }
        };
        let rate = Rate::new(1, seconds(5), 1).unwrap();
        let paced = |host: &Hosts, rate, max_wait_s| {
            let queue = Queue {
                is_announced: true,
                ..queue(rate)
            };
            host.enter(None, queue, seconds(max_wait_s))
        };
        let first = pass(paced(&one, None, 0));
        assert_eq!((first.wait, first.is_paced), (Duration::ZERO, false));
        let announced = Announced {
            interval: seconds(20),
            until: clock::monotonic().saturating_add(seconds(300)),
        };
        tell(&one, &first, Some(announced));
        // A refusal takes no turn; each turn that is taken moves the pace of all on.
        assert!(matches!(paced(&other, None, 10), Some(Entry::Throttled(_))));
        for (host, about_s) in [(&other, 20), (&one, 40)] {
            let entered = pass(paced(host, None, 60));
            assert!(entered.is_paced);
            let span = seconds(about_s - 5)..=seconds(about_s);
            assert!(span.contains(&entered.wait), "{entered:?}");
        }
        // The slower of the two paces counts, and the own rate goes on from there.
        assert!(pass(paced(&other, Some(rate), 90)).wait > seconds(50));
        let own = pass(one.enter(None, queue(Some(rate)), seconds(90))).wait;
        assert!(own > seconds(55) && own <= seconds(65), "{own:?}");
        // Who does not ask for it is not paced; plenty left is plenty for all.
        assert_eq!(
            pass(other.enter(None, queue(None), Duration::ZERO)).wait,
            Duration::ZERO
        );
        let seen = pass(paced(&one, None, 600));
        tell(&one, &seen, None);
        let last = pass(paced(&other, None, 0));
        assert_eq!((last.wait, last.is_paced), (Duration::ZERO, false));
        // Until it is over.
        let over = Announced {
            interval: seconds(20),
            until: clock::monotonic(),
        };
        tell(&one, &last, Some(over));
        assert_eq!(pass(paced(&other, None, 0)).wait, Duration::ZERO);
    }
}

/// Scripts that the server ran so far.
fn scripts_run(shared: &Shared) -> u64 {
    let client = redis::Client::open(shared.url()).unwrap();
    let mut connection = client.get_connection().unwrap();
    let info: String = redis::cmd("INFO")
        .arg("commandstats")
        .query(&mut connection)
        .unwrap();
    let calls = |line: &str| {
        let rest = line.strip_prefix("cmdstat_evalsha:calls=")?;
        rest.split(',').next()?.parse().ok()
    };
    info.lines().find_map(calls).unwrap_or(0)
}

#[test]
fn a_limit_that_was_announced_to_one_host_slows_the_other_and_costs_no_more_questions() {
    let low = || Step::Answer(200, "ratelimit: \"a\";r=0;t=60\r\n", "{}".to_owned());
    let plenty = || Step::Answer(200, "ratelimit: \"a\";r=50;t=60\r\n", "{}".to_owned());
    for (has_breaker, questions) in [(true, 2), (false, 1)] {
        let Some(shared) = Shared::start() else {
            return;
        };
        let vendor = Vendor::start(vec![plenty(), plenty(), plenty(), low()]);
        let more = || {
            let throttle = Value::map([("mode", Value::from("fail"))]);
            let mut more = vec![("throttle", throttle)];
            if !has_breaker {
                more.push(("breaker", Value::from(false)));
            }
            more
        };
        let (one, other) = (
            client(&shared, &vendor, more()),
            client(&shared, &vendor, more()),
        );
        get(&one).unwrap();
        let before = scripts_run(&shared);
        get(&one).unwrap();
        get(&other).unwrap();
        assert_eq!(scripts_run(&shared) - before, 2 * questions);
        get(&one).unwrap();
        // It has never heard of the limit itself.
        let error = get(&other).unwrap_err();
        assert!(matches!(error.kind, CallErrorKind::Throttled), "{error:?}");
        let after = error.retry_after.unwrap();
        assert!(after > seconds(50) && after <= seconds(60), "{after:?}");
        assert_eq!(vendor.received().len(), 4);
    }
}

#[test]
fn without_its_server_a_host_goes_by_what_it_was_announced_itself() {
    let Some(mut shared) = Shared::start() else {
        return;
    };
    let low = Step::Answer(200, "ratelimit: \"a\";r=0;t=60\r\n", "{}".to_owned());
    let vendor = Vendor::start(vec![low]);
    let throttle = Value::map([("mode", Value::from("fail"))]);
    let client = client(&shared, &vendor, vec![("throttle", throttle)]);
    get(&client).unwrap();
    shared.redis.kill();
    // One attempt finds out that the server is away.
    let _ = get(&client);
    let error = get(&client).unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Throttled), "{error:?}");
}
