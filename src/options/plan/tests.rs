use std::time::Duration;

use super::{Plan, Source};
use crate::http::idempotency_key;
use crate::options::{OptionError, SecretRef, Value};
use crate::{auth, http as client};

fn map(entries: Vec<(&str, Value)>) -> Value {
    Value::map(entries)
}

fn parse(more: Vec<(&str, Value)>) -> Result<Plan, OptionError> {
    let mut options = vec![("base_uri", Value::from("https://api.vendor.example/v1"))];
    options.extend(more);
    Plan::parse("catalog", &map(options))
}

fn message(more: Vec<(&str, Value)>) -> String {
    parse(more).unwrap_err().to_string()
}

fn resources() -> Value {
    let product = map(vec![
        ("path", Value::from("products/{id}")),
        ("fresh_s", Value::from(60)),
        (
            "cache_tags",
            Value::list([Value::from("catalog:product:{id}")]),
        ),
    ]);
    map(vec![("product", product)])
}

#[test]
fn defaults() {
    let plan = parse(vec![]).unwrap();
    assert_eq!(plan.base_uri.as_str(), "https://api.vendor.example/v1/");
    assert_eq!(plan.timeouts.connect, Duration::from_secs(1));
    assert_eq!(plan.timeouts.attempt, Duration::from_secs(5));
    assert_eq!(plan.timeouts.total, Duration::from_secs(10));
    assert_eq!(plan.timeouts.page, Duration::from_secs(1));
    assert_eq!((plan.retry.max_attempts, plan.body_cap_bytes), (3, 8 << 20));
    assert!(plan.breaker.is_some() && plan.auth.is_none() && !plan.address.allow_private);
    assert_eq!(plan.decode_ratio, 200);
    assert_eq!(plan.idempotency, idempotency_key::Options::default());
}

#[test]
fn how_bodies_and_keys_go_may_be_said() {
    let key = map(vec![("form", Value::from("quoted"))]);
    let plan = parse(vec![("decode_ratio", Value::from(5)), ("idempotency", key)]).unwrap();
    assert_eq!(plan.decode_ratio, 5);
    assert_eq!(plan.idempotency.form, idempotency_key::Form::Quoted);
    assert_eq!(
        message(vec![("decode_ratio", Value::from(0))]),
        "option 'decode_ratio' must be an integer from 1 to 1000000, got 0"
    );
}

fn auth() -> Value {
    map(vec![
        ("type", Value::from("oauth2_client_credentials")),
        ("token_uri", Value::from("https://id.vendor.example/token")),
        ("client_id", SecretRef::new("env:ID").into()),
        ("client_secret", SecretRef::new("key:secret").into()),
        ("scopes", Value::list([Value::from("products.read")])),
        ("audience", Value::from("https://api")),
        ("style", Value::from("form")),
    ])
}

#[test]
fn everything_that_can_be_said() {
    let budget = map(vec![
        ("ratio", Value::from(0.1)),
        ("min_per_second", Value::from(2)),
    ]);
    let refetch = map(vec![
        ("resource", Value::from("product")),
        ("id", Value::from("/data/id")),
    ]);
    let webhook = map(vec![
        ("scheme", Value::from("standard-webhooks")),
        ("secrets", Value::list([Value::from("whsec_a")])),
        ("tolerance_s", Value::from(120)),
        ("refetch", refetch),
    ]);
    let plan = parse(vec![
        ("namespace", Value::from("site-a")),
        (
            "headers",
            map(vec![("Accept", Value::from("application/json"))]),
        ),
        ("timeouts", map(vec![("total_ms", Value::from(8000))])),
        (
            "retry",
            map(vec![("max_attempts", Value::from(4)), ("budget", budget)]),
        ),
        ("breaker", Value::from(false)),
        ("auth", auth()),
        ("address", map(vec![("allow_private", Value::from(true))])),
        ("tls", map(vec![("ca_file", Value::from("/etc/ca.pem"))])),
        ("resources", resources()),
        ("webhook", webhook),
    ])
    .unwrap();
    assert_eq!(
        (plan.timeouts.total, plan.retry.max_attempts),
        (Duration::from_secs(8), 4)
    );
    assert!(plan.breaker.is_none() && plan.address.allow_private);
    assert!(matches!(
        plan.auth,
        Some(auth::Options::ClientCredentials(_))
    ));
    assert_eq!(
        plan.resources["product"].cache_tags,
        ["catalog:product:{id}"]
    );
    let webhook = plan.webhook.unwrap();
    assert_eq!(webhook.refetch.unwrap().id_pointer, "/data/id");
    let kept = map(vec![
        ("secrets", Value::list([Value::from("whsec_a")])),
        ("tolerance_s", Value::from(120)),
    ]);
    assert_eq!(webhook.options, kept);
}

#[test]
fn errors_name_the_field_what_came_and_what_is_allowed() {
    let retry = |key: &'static str, value: Value| vec![("retry", map(vec![(key, value)]))];
    let rows = [
        (
            retry("max_attempts", Value::from("four")),
            "option 'retry.max_attempts' must be an integer from 1 to 10, got 'four'",
        ),
        (
            retry("max_attempts", Value::from(0)),
            "option 'retry.max_attempts' must be an integer from 1 to 10, got 0",
        ),
        (
            retry("max_attemps", Value::from(4)),
            "option 'retry.max_attemps' must be one of the known options (base_delay_ms, budget, \
             errors, jitter, max_attempts, max_delay_ms, max_hold_s, statuses), got an unknown option",
        ),
        (
            retry("max_delay_ms", Value::from(1)),
            "option 'retry.max_delay_ms' must be at least base_delay_ms (100), got 1",
        ),
        (
            vec![("breaker", map(vec![("failure_rate", Value::from(1.5))]))],
            "option 'breaker.failure_rate' must be a number from 0.01 to 1, got 1.5",
        ),
        (
            vec![("timeouts", Value::from(5))],
            "option 'timeouts' must be an array with keys, got an integer",
        ),
        (
            vec![("auth", map(vec![("type", Value::from("oauth"))]))],
            "option 'auth.type' must be one of 'oauth2_client_credentials', 'bearer', 'basic', \
             'none', got 'oauth'",
        ),
        (
            vec![("address", map(vec![("allow_private", Value::from(1))]))],
            "option 'address.allow_private' must be true or false, got 1",
        ),
        (
            vec![("headers", map(vec![("Host", Value::from("x"))]))],
            "option 'headers.Host' must be a field that may be set, got its name",
        ),
    ];
    for (options, expected) in rows {
        assert_eq!(message(options), expected);
    }
}

#[test]
fn base_uris() {
    let rows = [
        "",
        "api.vendor.example",
        "/v1/",
        "ftp://api.vendor.example/",
        "file:///etc/passwd",
        "https://user:hunter2@api.vendor.example/",
        "https://api.vendor.example/?key=hunter2",
        "https://api.vendor.example/#x",
    ];
    for base in rows {
        let error = Plan::parse("a", &map(vec![("base_uri", Value::from(base))])).unwrap_err();
        assert_eq!(error.field, "base_uri", "{base}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    assert!(
        Plan::parse("a", &map(vec![]))
            .unwrap_err()
            .to_string()
            .ends_with("got nothing")
    );
}

#[test]
fn names_are_plain() {
    for name in ["", "a b", "a/b", "ä", &"a".repeat(65)] {
        let options = map(vec![("base_uri", Value::from("https://a.example/"))]);
        assert_eq!(
            Plan::parse(name, &options).unwrap_err().field,
            "name",
            "{name}"
        );
    }
}

#[test]
fn resources_and_refetch_must_fit_together() {
    let bad_path = map(vec![(
        "product",
        map(vec![("path", Value::from("products"))]),
    )]);
    assert!(message(vec![("resources", bad_path)]).starts_with("option 'resources.product.path'"));
    let refetch = map(vec![
        ("resource", Value::from("contact")),
        ("id", Value::from("/id")),
    ]);
    let webhook = map(vec![
        ("scheme", Value::from("github")),
        ("refetch", refetch),
    ]);
    assert_eq!(
        message(vec![("resources", resources()), ("webhook", webhook)]),
        "option 'webhook.refetch.resource' must be one of the connection's resources (product), \
         got 'contact'"
    );
}

#[test]
fn a_file_holds_references_alone() {
    let parse = |client_secret: &str, webhook_secret: &str| {
        let auth = map(vec![
            ("type", Value::from("oauth2_client_credentials")),
            ("token_uri", Value::from("https://id.vendor.example/token")),
            ("client_id", Value::from("shop")),
            ("client_secret", Value::from(client_secret)),
        ]);
        let webhook = map(vec![
            ("scheme", Value::from("github")),
            ("secrets", Value::list([Value::from(webhook_secret)])),
        ]);
        let options = map(vec![
            ("base_uri", Value::from("https://api.vendor.example/")),
            ("auth", auth),
            ("webhook", webhook),
        ]);
        Plan::parse_from("catalog", &options, Source::File)
    };
    let plan = parse("env:SECRET", "key:hook").unwrap();
    let secrets = Value::list([SecretRef::new("key:hook").into()]);
    assert_eq!(
        plan.webhook.unwrap().options,
        map(vec![("secrets", secrets)])
    );
    for (client, webhook, field) in [
        ("hunter2", "key:hook", "auth.client_secret"),
        ("env:SECRET", "hunter2", "webhook.secrets.0"),
    ] {
        let error = parse(client, webhook).unwrap_err();
        assert_eq!(error.field, field);
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[test]
fn the_way_to_the_vendor_is_parsed() {
    let plan = parse(vec![]).unwrap();
    assert_eq!(
        (plan.protocol, plan.proxy, plan.redirects),
        (client::Protocol::Auto, None, 0)
    );
    let tls = map(vec![
        ("cert_file", Value::from("/both.pem")),
        ("min_version", Value::from("1.3")),
    ]);
    let plan = parse(vec![
        ("tls", tls),
        ("http", Value::from("2")),
        ("proxy", Value::from("http://user:secret@proxy:3128")),
        ("redirects", map(vec![("max", Value::from(5))])),
    ])
    .unwrap();
    assert_eq!(
        plan.tls,
        client::tls::Options {
            ca_file: None,
            client: Some(client::tls::ClientCertificate {
                cert_file: "/both.pem".into(),
                key_file: "/both.pem".into(),
            }),
            min_version: client::tls::Version::Tls13,
        }
    );
    assert_eq!(
        (plan.protocol, plan.redirects),
        (client::Protocol::Http2, 5)
    );
    assert_eq!(
        format!("{:?}", plan.proxy.unwrap()),
        "Proxy(http://proxy:3128)"
    );
}

#[test]
fn errors_about_the_way_to_the_vendor() {
    let rows = [
        (
            vec![("tls", map(vec![("min_version", Value::from("1.1"))]))],
            "option 'tls.min_version' must be one of '1.2', '1.3', got '1.1'",
        ),
        (
            vec![("tls", map(vec![("key_file", Value::from("/a.key"))]))],
            "option 'tls.cert_file' must be given with key_file, got nothing",
        ),
        (
            vec![("http", Value::from("3"))],
            "option 'http' must be one of 'auto', '1.1', '2', got '3'",
        ),
        (
            vec![("proxy", Value::from("socks5://proxy:1080"))],
            "option 'proxy' must be an http or https URL of a proxy, without path, query and \
             fragment, got another string",
        ),
        (
            vec![("redirects", map(vec![("max", Value::from(21))]))],
            "option 'redirects.max' must be an integer from 0 to 20, got 21",
        ),
    ];
    for (options, expected) in rows {
        assert_eq!(message(options), expected);
    }
}
