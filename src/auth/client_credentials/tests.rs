use std::sync::{Arc, Barrier};
use std::time::Duration;

use crate::clock::{self, UnixMs};
use crate::http::driver::tests::{client, client_on};
use crate::http::scripted::{Step, Vendor, answer};
use crate::http::{CallErrorKind, Client, NoHost, Request, Sent};
use crate::options::Value;
use crate::segment::Segment;
use crate::telemetry::Counter;

fn token(name: &str, lifetime_s: u64) -> Step {
    let body =
        format!(r#"{{"access_token":"{name}","token_type":"bearer","expires_in":{lifetime_s}}}"#);
    Step::Answer(200, "", body)
}

fn auth(identity: &Vendor) -> (&'static str, Value) {
    let section = Value::map([
        ("type", Value::from("oauth2_client_credentials")),
        ("token_uri", Value::from(format!("{}token", identity.base))),
        ("client_id", Value::from("shop:1")),
        ("client_secret", Value::from("s3cr t/é")),
        (
            "scopes",
            Value::list([Value::from("products.read"), Value::from("x")]),
        ),
    ]);
    ("auth", section)
}

fn get(client: &Client) -> Result<crate::http::Answer, crate::http::CallError> {
    client.call(&Request::new(http::Method::GET, "products/42"), &NoHost)
}

fn bearers(vendor: &Vendor) -> Vec<String> {
    let bearer = |request: &String| {
        let line = request
            .lines()
            .find_map(|line| line.strip_prefix("authorization: Bearer "));
        line.unwrap_or("none").to_owned()
    };
    vendor.received().iter().map(bearer).collect()
}

#[test]
fn the_request_follows_rfc_6749() {
    let (identity, vendor) = (
        Vendor::start(vec![token("t1", 3600)]),
        Vendor::start(vec![answer(200)]),
    );
    let client = client(&vendor, vec![auth(&identity)]);
    assert_eq!(get(&client).unwrap().status, 200);
    let request = &identity.received()[0];
    // base64("shop%3A1:s3cr+t%2F%C3%A9")
    assert!(request.contains("authorization: Basic c2hvcCUzQTE6czNjcit0JTJGJUMzJUE5\r\n"));
    assert!(request.ends_with("\r\n\r\ngrant_type=client_credentials&scope=products.read+x"));
    assert_eq!(bearers(&vendor), ["t1"]);
}

#[test]
fn one_token_serves_its_lifetime_and_is_renewed_before_its_end() {
    clock::freeze(UnixMs::from_secs(1_800_000_000));
    let identity = Vendor::start(vec![token("t1", 10), token("t2", 10), token("t3", 10)]);
    let vendor = Vendor::start(vec![answer(200)]);
    let client = client(&vendor, vec![auth(&identity)]);
    // 0 s, 8.9 s: the first; 9 s = 10 % before the end: the second; 30 s: expired, the third.
    for advance_ms in [0, 8900, 100, 21_000] {
        clock::advance(Duration::from_millis(advance_ms));
        assert_eq!(get(&client).unwrap().status, 200);
    }
    assert_eq!(bearers(&vendor), ["t1", "t1", "t2", "t3"]);
    assert_eq!(client.connection().counter(Counter::TokenRequests), 3);
    clock::thaw();
}

#[test]
fn a_401_drops_the_token_gets_another_and_sends_once_more() {
    let identity = Vendor::start(vec![token("old", 3600), token("new", 3600)]);
    let vendor = Vendor::start(vec![answer(401), answer(200)]);
    let client = client(&vendor, vec![auth(&identity)]);
    let answer = client
        .call(&Request::new(http::Method::POST, "orders"), &NoHost)
        .unwrap();
    assert_eq!((answer.status, answer.attempts), (200, 2));
    assert_eq!(bearers(&vendor), ["old", "new"]);
}

#[test]
fn a_second_401_is_the_answer() {
    let identity = Vendor::start(vec![token("t", 3600)]);
    let vendor = Vendor::start(vec![answer(401)]);
    let client = client(&vendor, vec![auth(&identity)]);
    let answer = get(&client).unwrap();
    assert_eq!((answer.status, answer.attempts), (401, 2));
    assert_eq!(identity.received().len(), 2);
}

#[test]
fn workers_that_come_at_once_ask_for_one_token() {
    const WORKERS: usize = 8;
    let identity = Arc::new(Vendor::start(vec![token("t1", 3600)]));
    let vendor = Arc::new(Vendor::start(vec![answer(200)]));
    let segment: &'static Segment = Box::leak(Box::new(Segment::in_process()));
    let start = Arc::new(Barrier::new(WORKERS));
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (identity, vendor) = (Arc::clone(&identity), Arc::clone(&vendor));
            let start = Arc::clone(&start);
            std::thread::spawn(move || {
                let client = client_on(segment, &vendor, vec![auth(&identity)]);
                start.wait();
                get(&client).unwrap().status
            })
        })
        .collect();
    for worker in workers {
        assert_eq!(worker.join().unwrap(), 200);
    }
    assert_eq!(identity.received().len(), 1);
    assert_eq!(vendor.received().len(), WORKERS);
}

#[test]
fn a_refusal_is_not_repeated_and_shows_its_code_alone() {
    let body = r#"{"error":"invalid_client","error_description":"s3cr t/é"}"#;
    let identity = Vendor::start(vec![Step::Answer(401, "", body.to_owned())]);
    let vendor = Vendor::start(vec![answer(200)]);
    let error = get(&client(&vendor, vec![auth(&identity)])).unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Auth));
    assert_eq!(
        error.message,
        "the identity provider answered 401 (invalid_client)"
    );
    assert_eq!((error.sent, error.attempts), (Sent::No, 0));
    assert_eq!((identity.received().len(), vendor.received().len()), (1, 0));
}

#[test]
fn an_ill_provider_is_asked_again_within_the_attempts() {
    clock::freeze(UnixMs::from_secs(1_800_000_000));
    let identity = Vendor::start(vec![answer(503)]);
    let vendor = Vendor::start(vec![answer(200)]);
    let client = client(&vendor, vec![auth(&identity)]);
    let error = get(&client).unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Auth), "{error:?}");
    assert_eq!((identity.received().len(), error.attempts), (3, 0));
    assert_eq!(client.connection().counter(Counter::Entered), 0);
    clock::thaw();
}

#[test]
fn credentials_do_not_cross_origins() {
    let identity = Vendor::start(vec![token("t", 3600)]);
    let (vendor, other) = (
        Vendor::start(vec![answer(200)]),
        Vendor::start(vec![answer(200)]),
    );
    let client = client(&vendor, vec![auth(&identity)]);
    let elsewhere = other.base.strip_prefix("http:").unwrap();
    for target in [format!("{}x", other.base), elsewhere.to_owned()] {
        let error = client
            .call(&Request::new(http::Method::GET, target), &NoHost)
            .unwrap_err();
        assert!(matches!(error.kind, CallErrorKind::BadRequest), "{error:?}");
    }
    assert_eq!((other.received().len(), identity.received().len()), (0, 0));
}

#[test]
fn a_missing_secret_is_named_and_nothing_is_sent() {
    let vendor = Vendor::start(vec![answer(200)]);
    let section = Value::map([
        ("type", Value::from("bearer")),
        (
            "token",
            crate::options::SecretRef::new("file:/nonexistent/token").into(),
        ),
    ]);
    let error = get(&client(&vendor, vec![("auth", section)])).unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Auth));
    assert!(error.message.contains("file:/nonexistent/token"), "{error}");
    assert_eq!(vendor.received().len(), 0);
}

#[test]
fn basic_and_bearer_are_sent_as_they_are() {
    let vendor = Vendor::start(vec![answer(200)]);
    let basic = Value::map([
        ("type", Value::from("basic")),
        ("username", Value::from("Aladdin")),
        ("password", Value::from("open sesame")),
    ]);
    let bearer = Value::map([
        ("type", Value::from("bearer")),
        ("token", Value::from("abc")),
    ]);
    for section in [basic, bearer] {
        assert_eq!(
            get(&client(&vendor, vec![("auth", section)]))
                .unwrap()
                .status,
            200
        );
    }
    let received = vendor.received();
    assert!(received[0].contains("authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
    assert!(received[1].contains("authorization: Bearer abc\r\n"));
}
