use std::cell::Cell;
use std::time::Duration;

use crate::clock::{self, UnixMs};
use crate::http::scripted::{Step, Vendor, answer};
use crate::http::{Answer, CallError, CallErrorKind, Client, Host, NoHost, Request, Sent, Stop};
use crate::options::{Plan, Value};
use crate::segment::Segment;
use crate::telemetry::Counter;

/// A client for a scripted vendor, with a segment of its own.
pub(crate) fn client(vendor: &Vendor, more: Vec<(&str, Value)>) -> Client {
    let segment: &'static Segment = Box::leak(Box::new(Segment::in_process()));
    client_on(segment, vendor, more)
}

pub(crate) fn client_on(
    segment: &'static Segment,
    vendor: &Vendor,
    more: Vec<(&str, Value)>,
) -> Client {
    let mut options = vec![
        ("base_uri", Value::from(vendor.base.as_str())),
        (
            "address",
            Value::map([("allow_private", Value::from(true))]),
        ),
    ];
    options.extend(more);
    Client::with_segment(
        Plan::parse("catalog", &Value::map(options)).unwrap(),
        segment,
    )
}

pub(crate) fn get(client: &Client) -> Result<Answer, CallError> {
    client.call(&Request::new(http::Method::GET, "products/42"), &NoHost)
}

pub(super) fn counters(client: &Client, wanted: &[Counter]) -> Vec<u64> {
    wanted
        .iter()
        .map(|counter| client.connection().counter(*counter))
        .collect()
}

pub(super) fn later(status: u16, fields: &'static str) -> Step {
    Step::Answer(status, fields, String::new())
}

/// Freezes this thread's clock for a test.
pub(super) struct Frozen;

impl Frozen {
    pub(super) fn new() -> Self {
        clock::freeze(UnixMs::from_secs(1_800_000_000));
        Self
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        clock::thaw();
    }
}

#[test]
fn an_answer_comes_back_whole() {
    let vendor = Vendor::start(vec![answer(200)]);
    let client = client(&vendor, vec![]);
    let answer = get(&client).unwrap();
    assert_eq!(
        (answer.status, answer.reason.as_str()),
        (200, "As Scripted")
    );
    assert_eq!(&answer.body[..], b"{\"ok\":true}");
    assert_eq!((answer.attempts, answer.correlation_id.len()), (1, 32));
    let request = &vendor.received()[0];
    assert!(
        request.starts_with("GET /products/42 HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(request.contains(&format!("x-correlation-id: {}\r\n", answer.correlation_id)));
}

#[test]
fn a_503_is_retried_with_the_same_bytes_and_one_correlation_id() {
    let _frozen = Frozen::new();
    let vendor = Vendor::start(vec![answer(503), answer(503), answer(200)]);
    let client = client(&vendor, vec![]);
    let answer = get(&client).unwrap();
    assert_eq!((answer.status, answer.attempts), (200, 3));
    let received = vendor.received();
    assert_eq!(received.len(), 3);
    assert!(received.iter().all(|request| *request == received[0]));
    let waits = clock::waits();
    assert_eq!(waits.len(), 2, "{waits:?}");
    assert!(waits[0] <= Duration::from_millis(100) && waits[1] <= Duration::from_millis(200));
    use Counter::{Attempts, Calls, Entered, Failed, Retries, Succeeded};
    let wanted = [Calls, Entered, Attempts, Retries, Succeeded, Failed];
    assert_eq!(counters(&client, &wanted), [1, 1, 3, 2, 1, 0]);
}

#[test]
fn the_last_failing_answer_is_an_answer() {
    let _frozen = Frozen::new();
    let vendor = Vendor::start(vec![answer(503)]);
    let client = client(&vendor, vec![]);
    let answer = get(&client).unwrap();
    assert_eq!((answer.status, answer.attempts), (503, 3));
    let error = client.refuse_error_status(answer).unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Status(_)));
    assert_eq!(
        (error.sent, error.status, error.attempts),
        (Sent::Yes, Some(503), 3)
    );
}

#[test]
fn a_post_is_retried_only_with_a_key() {
    let _frozen = Frozen::new();
    let vendor = Vendor::start(vec![answer(503)]);
    let client = client(&vendor, vec![]);
    let mut request = Request::new(http::Method::POST, "orders");
    request.content = "{}".into();
    assert_eq!(client.call(&request, &NoHost).unwrap().attempts, 1);
    request.idempotency_key = Some("order-7".to_owned());
    assert_eq!(client.call(&request, &NoHost).unwrap().attempts, 3);
    assert!(vendor.received()[3].contains("idempotency-key: order-7\r\n"));
}

/// Where the connection's vendor takes keys, a call gets one for its intent: the same on each
/// attempt, another for the next call; a 409 waits, a 422 is final.
#[test]
fn a_connection_that_takes_keys_makes_one_for_each_intent() {
    let _frozen = Frozen::new();
    let taken = || {
        let section = [
            ("header", Value::from("X-Key")),
            ("form", Value::from("quoted")),
        ];
        vec![("idempotency", Value::map(section))]
    };
    let key_of = |received: &str| {
        let line = received
            .lines()
            .find_map(|line| line.strip_prefix("x-key: "));
        line.map(str::to_owned)
    };
    let vendor = Vendor::start(vec![answer(503), answer(409), answer(201), answer(422)]);
    let client = client(&vendor, taken());
    let post = Request::new(http::Method::POST, "orders");
    assert_eq!(client.call(&post, &NoHost).unwrap().status, 201);
    assert_eq!(client.call(&post, &NoHost).unwrap().status, 422);
    client
        .call(&Request::new(http::Method::PUT, "x"), &NoHost)
        .unwrap();
    let keys: Vec<_> = vendor.received().iter().map(|it| key_of(it)).collect();
    let first = keys[0].clone().unwrap();
    assert_eq!(first.len(), 38, "a UUID in quotes: {first}");
    assert_eq!(keys[1..3], [Some(first.clone()), Some(first.clone())]);
    assert_ne!(keys[3], Some(first));
    assert_eq!(keys[4], None, "a PUT is safe without");
}

#[test]
fn what_a_failure_says_about_having_been_sent() {
    let refused = {
        let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/", gone.local_addr().unwrap())
    };
    let rows: [(Vec<Step>, &str, Sent); 3] = [
        (vec![Step::Reset], "Network", Sent::Maybe),
        (vec![Step::HalfBody], "Network", Sent::Yes),
        (vec![Step::Hang], "Timeout", Sent::Maybe),
    ];
    let timeouts = || Value::map([("attempt_ms", Value::from(100))]);
    let retry = || Value::map([("max_attempts", Value::from(1))]);
    for (script, kind, sent) in rows {
        let vendor = Vendor::start(script);
        let client = client(&vendor, vec![("timeouts", timeouts()), ("retry", retry())]);
        let error = get(&client).unwrap_err();
        assert_eq!(
            (format!("{:?}", error.kind).as_str(), error.sent),
            (kind, sent),
            "{error}"
        );
        assert_eq!(error.attempts, 1);
        assert!(!error.message.contains("products"), "{error}");
    }
    let mut vendor = Vendor::start(vec![answer(200)]);
    vendor.base = refused;
    let error = get(&client(&vendor, vec![("retry", retry())])).unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Connect), "{error:?}");
    assert_eq!(error.sent, Sent::No);
}

#[test]
fn a_refused_connection_is_retried_even_for_a_post() {
    let _frozen = Frozen::new();
    let mut vendor = Vendor::start(vec![answer(200)]);
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    vendor.base = format!("http://{}/", gone.local_addr().unwrap());
    drop(gone);
    let client = client(&vendor, vec![]);
    let error = client
        .call(&Request::new(http::Method::POST, "orders"), &NoHost)
        .unwrap_err();
    assert_eq!((error.attempts, error.sent), (3, Sent::No));
}

#[test]
fn a_retry_after_within_the_deadline_is_waited_for() {
    let _frozen = Frozen::new();
    let vendor = Vendor::start(vec![later(429, "retry-after: 2\r\n"), answer(200)]);
    let client = client(&vendor, vec![]);
    assert_eq!(get(&client).unwrap().attempts, 2);
    assert_eq!(clock::waits(), [Duration::from_secs(2)]);
}

#[test]
fn a_retry_after_beyond_the_deadline_ends_the_call_and_holds_the_connection() {
    let _frozen = Frozen::new();
    let vendor = Vendor::start(vec![later(503, "retry-after: 60\r\n"), answer(200)]);
    let client = client(&vendor, vec![]);
    let error = get(&client).unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Throttled));
    assert_eq!(
        (error.attempts, error.sent, error.status),
        (1, Sent::Yes, Some(503))
    );
    assert_eq!(error.retry_after, Some(Duration::from_secs(60)));
    assert_eq!(clock::waits(), []);
    clock::advance(Duration::from_secs(20));
    let error = get(&client).unwrap_err();
    assert_eq!((error.attempts, error.sent), (0, Sent::No));
    assert_eq!(error.retry_after, Some(Duration::from_secs(40)));
    clock::advance(Duration::from_secs(40));
    assert_eq!(get(&client).unwrap().status, 200);
}

#[test]
fn a_storm_of_503_opens_the_breaker_and_spends_no_more_than_the_budget() {
    let _frozen = Frozen::new();
    let vendor = Vendor::start(vec![answer(503)]);
    let client = client(&vendor, vec![]);
    let mut refused = 0;
    for _ in 0..100 {
        match get(&client) {
            Ok(answer) => assert_eq!(answer.status, 503),
            Err(error) => {
                assert!(
                    matches!(error.kind, CallErrorKind::BreakerOpen),
                    "{error:?}"
                );
                assert_eq!((error.sent, error.attempts), (Sent::No, 0));
                assert!(
                    error
                        .retry_after
                        .is_some_and(|after| after <= Duration::from_secs(5))
                );
                refused += 1;
            }
        }
    }
    assert!(refused > 80, "{refused}");
    assert_eq!(vendor.received().len(), 20);
    assert_eq!(counters(&client, &[Counter::RefusedByBreaker]), [refused]);
    assert_eq!(counters(&client, &[Counter::BreakerOpened]), [1]);
}

#[test]
fn an_open_breaker_closes_after_its_probes() {
    let _frozen = Frozen::new();
    let mut script = vec![answer(500); 4];
    script.push(answer(200));
    let vendor = Vendor::start(script);
    let breaker = Value::map([
        ("min_calls", Value::from(4)),
        ("open_ms", Value::from(1000)),
        ("probes", Value::from(2)),
    ]);
    let retry = Value::map([("max_attempts", Value::from(1))]);
    let client = client(&vendor, vec![("breaker", breaker), ("retry", retry)]);
    for _ in 0..4 {
        assert_eq!(get(&client).unwrap().status, 500);
    }
    assert!(matches!(
        get(&client).unwrap_err().kind,
        CallErrorKind::BreakerOpen
    ));
    clock::advance(Duration::from_secs(1));
    for _ in 0..3 {
        assert_eq!(get(&client).unwrap().status, 200);
    }
}

#[test]
fn a_hanging_vendor_costs_the_attempts_timeout_and_the_host_is_asked() {
    struct Counting(Cell<u32>);
    impl Host for Counting {
        fn before_attempt(&self) -> Result<(), Stop> {
            Ok(())
        }
        fn check(&self) -> Result<(), Stop> {
            self.0.set(self.0.get() + 1);
            if self.0.get() >= 2 {
                Err(Stop::Interrupted)
            } else {
                Ok(())
            }
        }
    }
    let vendor = Vendor::start(vec![Step::Hang]);
    let client = client(&vendor, vec![]);
    let host = Counting(Cell::new(0));
    let request = Request::new(http::Method::GET, "products/42");
    let error = client.call(&request, &host).unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Interrupted));
    assert_eq!((error.sent, error.attempts), (Sent::Maybe, 1));
    assert!(
        error.elapsed < Duration::from_secs(3),
        "{:?}",
        error.elapsed
    );
}

#[test]
fn a_paused_connection_sends_nothing() {
    struct Paused;
    impl Host for Paused {
        fn before_attempt(&self) -> Result<(), Stop> {
            Err(Stop::Paused {
                reason: "maintenance".to_owned(),
            })
        }
        fn check(&self) -> Result<(), Stop> {
            Ok(())
        }
    }
    let vendor = Vendor::start(vec![answer(200)]);
    let client = client(&vendor, vec![]);
    let error = client
        .call(&Request::new(http::Method::GET, "a"), &Paused)
        .unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Paused));
    assert!(error.message.contains("maintenance"));
    assert_eq!(vendor.received().len(), 0);
    use Counter::{Calls, Entered, RefusedBySwitch};
    assert_eq!(
        counters(&client, &[Calls, Entered, RefusedBySwitch]),
        [1, 0, 1]
    );
}

#[test]
fn a_body_beyond_the_cap_is_no_answer() {
    let vendor = Vendor::start(vec![Step::Answer(200, "", "x".repeat(101))]);
    let client = client(&vendor, vec![("body_cap_bytes", Value::from(100))]);
    let error = get(&client).unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Limit), "{error:?}");
    assert_eq!((error.sent, error.attempts), (Sent::Yes, 1));
}

#[test]
fn a_kept_socket_that_the_vendor_closed_is_noticed() {
    let vendor = Vendor::start(vec![Step::AnswerAndClose(200)]);
    let retry = Value::map([("max_attempts", Value::from(1))]);
    let client = client(&vendor, vec![("retry", retry)]);
    for _ in 0..10 {
        assert_eq!(get(&client).unwrap().status, 200);
        vendor.wait_for_close();
    }
    assert_eq!(vendor.received().len(), 10);
}

#[test]
fn redirects_and_error_statuses_are_answers() {
    let vendor = Vendor::start(vec![
        later(302, "location: http://example.com/\r\n"),
        later(404, ""),
    ]);
    let client = client(&vendor, vec![]);
    assert_eq!(get(&client).unwrap().status, 302);
    assert_eq!(get(&client).unwrap().status, 404);
    assert_eq!(
        counters(&client, &[Counter::Succeeded, Counter::Failed]),
        [2, 0]
    );
}

#[test]
fn private_addresses_are_refused_unless_allowed() {
    let vendor = Vendor::start(vec![answer(200)]);
    let by_name = vendor.base.replace("127.0.0.1", "localhost");
    for base in [
        vendor.base.as_str(),
        by_name.as_str(),
        "http://2130706433/",
        "http://0x7f.1/",
    ] {
        let options = Value::map([("base_uri", Value::from(base))]);
        let segment: &'static Segment = Box::leak(Box::new(Segment::in_process()));
        let client = Client::with_segment(Plan::parse("catalog", &options).unwrap(), segment);
        let error = get(&client).unwrap_err();
        assert!(
            matches!(error.kind, CallErrorKind::AddressRefused),
            "{base}: {error:?}"
        );
        assert_eq!(error.sent, Sent::No);
    }
    assert_eq!(vendor.received().len(), 0);
}

#[test]
fn trust_that_cannot_be_set_up_says_why_and_is_not_tried_again() {
    let tls = Value::map([("ca_file", Value::from("/nonexistent/ca.pem"))]);
    let mut vendor = Vendor::start(vec![answer(200)]);
    vendor.base = vendor.base.replace("http:", "https:");
    let error = get(&client(&vendor, vec![("tls", tls)])).unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Connect), "{error:?}");
    assert!(error.message.contains("/nonexistent/ca.pem"), "{error}");
    assert_eq!((error.sent, error.attempts), (Sent::No, 1));
}

#[test]
fn https_to_a_server_without_tls_is_no_connection() {
    let mut vendor = Vendor::start(vec![Step::Reset]);
    vendor.base = vendor.base.replace("http:", "https:");
    let retry = Value::map([("max_attempts", Value::from(1))]);
    let error = get(&client(&vendor, vec![("retry", retry)])).unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Connect), "{error:?}");
    assert_eq!(error.sent, Sent::No);
}
