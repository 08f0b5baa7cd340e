//! The verifier from outside: published vectors, one mutation a row with its exact refusal,
//! options, and noise that must never panic.

use proptest::prelude::*;

use super::*;
use crate::options::{SecretBytes, SecretError};

const STANDARD_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const STANDARD_ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const STANDARD_TIME: &str = "1614265330";
const STANDARD_SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const STANDARD_BODY: &str = r#"{"test": 2432232314}"#;
const STANDARD_NOW: UnixMs = UnixMs(1_614_265_330_000);

const GITHUB_SECRET: &str = "It's a Secret to Everybody";
const GITHUB_SIGNATURE: &str =
    "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
const GITHUB_BODY: &str = "Hello, World!";

const STRIPE_SECRET: &str = "whsec_test_secret";
const STRIPE_NOW: UnixMs = UnixMs(1_700_000_000_000);
const STRIPE_MAC: &str = "3bfab77baf5f7b6991a46c9b53b6547d7afc56148b10468fcad9f35c1992ffbd";
const STRIPE_BODY: &str = "{\n  \"id\": \"evt_test_webhook\",\n  \"object\": \"event\",\n  \"data\": { \"object\": { \"id\": \"rdr_123\", \"object\": \"terminal.reader\" } }\n}";

fn text(value: &str) -> Value {
    Value::Str(value.as_bytes().to_vec())
}

fn options(entries: &[(&str, Value)]) -> Value {
    Value::Map(
        entries
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone()))
            .collect(),
    )
}

fn secrets(list: &[&str]) -> Value {
    options(&[(
        "secrets",
        Value::List(list.iter().map(|secret| text(secret)).collect()),
    )])
}

fn verifier(scheme: &str, list: &[&str]) -> Verifier {
    Verifier::new(scheme, &secrets(list)).unwrap()
}

fn verify(
    verifier: &Verifier,
    headers: &[(&str, &str)],
    body: &str,
    now: UnixMs,
) -> Result<Verified, Refusal> {
    let headers = Headers::new(headers.iter().copied());
    verifier.verify(
        &Message {
            body: body.as_bytes(),
            headers: &headers,
            method: "POST",
            url: "",
        },
        now,
    )
}

fn standard(changes: &[(&'static str, &str)]) -> Result<Verified, Refusal> {
    let of = |name, otherwise| {
        changes
            .iter()
            .find(|(n, _)| *n == name)
            .map_or(otherwise, |(_, value)| *value)
    };
    let fields = [
        ("Webhook-Id", of("id", STANDARD_ID)),
        ("Webhook-Timestamp", of("time", STANDARD_TIME)),
        ("Webhook-Signature", of("signature", STANDARD_SIGNATURE)),
    ];
    let sent: Vec<_> = fields
        .into_iter()
        .filter(|(_, value)| *value != "(absent)")
        .collect();
    verify(
        &verifier("standard-webhooks", &[STANDARD_SECRET]),
        &sent,
        of("body", STANDARD_BODY),
        STANDARD_NOW,
    )
}

fn stripe_header(header: &str) -> Result<Verified, Refusal> {
    verify(
        &verifier("stripe", &[STRIPE_SECRET]),
        &[("Stripe-Signature", header)],
        STRIPE_BODY,
        STRIPE_NOW,
    )
}

fn github(headers: &[(&str, &str)], body: &str) -> Result<Verified, Refusal> {
    verify(
        &verifier("github", &[GITHUB_SECRET]),
        headers,
        body,
        UnixMs(0),
    )
}

#[test]
fn published_vectors_of_standard_webhooks_hold() {
    let verified = standard(&[]).unwrap();
    let event = &verified.events[0];
    assert_eq!(
        (event.id(), event.time_ms(), event.source()),
        (STANDARD_ID, Some(1_614_265_330_000), "standard-webhooks")
    );

    let second = [
        ("webhook-id", "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk"),
        ("webhook-timestamp", "1649367553"),
        (
            "webhook-signature",
            "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
        ),
    ];
    let body = r#"{"email":"test@example.com","username":"test_user"}"#;
    let verifier = verifier(
        "standard-webhooks",
        &["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"],
    );
    verify(&verifier, &second, body, UnixMs(1_649_367_553_000)).unwrap();
}

#[test]
fn published_vectors_of_github_hold() {
    let headers = [
        ("X-Hub-Signature-256", GITHUB_SIGNATURE),
        ("X-GitHub-Delivery", "72d3162e"),
        ("X-GitHub-Event", "push"),
    ];
    let verified = github(&headers, GITHUB_BODY).unwrap();
    let event = &verified.events[0];
    assert_eq!(
        (event.id(), event.kind(), event.time_ms()),
        ("72d3162e", Some("push"), None)
    );

    let octokit = [(
        "x-hub-signature-256",
        "sha256=4864d2759938a15468b5df9ade20bf161da9b4f737ea61794142f3484236bda3",
    )];
    verify(
        &verifier("github", &["mysecret"]),
        &octokit,
        r#"{"foo":"bar"}"#,
        UnixMs(0),
    )
    .unwrap();
}

#[test]
fn a_delivery_without_an_id_gets_the_hash_of_the_signed_bytes() {
    let verified = github(&[("X-Hub-Signature-256", GITHUB_SIGNATURE)], GITHUB_BODY).unwrap();
    assert_eq!(
        verified.events[0].id(),
        "dffd6021bb2bd5b0af676290809ec3a53191dd81c7f70a4b28688a362182986f"
    );
}

#[test]
fn a_delivery_of_stripe_brings_the_event_of_its_body() {
    let verified = stripe_header(&format!("t=1700000000,v1={STRIPE_MAC}")).unwrap();
    let event = &verified.events[0];
    assert_eq!(
        (event.id(), event.time_ms()),
        ("evt_test_webhook", Some(1_700_000_000_000))
    );
    assert_eq!(
        event.pointer_id("/data/object/id").as_deref(),
        Some("rdr_123")
    );
}

#[test]
fn each_mutation_of_standard_webhooks_is_refused_for_its_own_reason() {
    let signature = Refusal::MalformedHeader("webhook-signature");
    for (change, value, expected) in [
        ("body", r#"{"test": 2432232315}"#, Refusal::NoMatch),
        ("body", "", Refusal::NoMatch),
        ("id", "msg_p5jXN8AQM9LWM0D4loKWxJeK", Refusal::NoMatch),
        ("id", "msg.p5jX", Refusal::MalformedHeader("webhook-id")),
        ("id", "msg p5jX", Refusal::MalformedHeader("webhook-id")),
        ("id", "", Refusal::MalformedHeader("webhook-id")),
        ("id", "(absent)", Refusal::MissingHeader("webhook-id")),
        ("time", "1614265331", Refusal::NoMatch),
        ("time", "1614265029", Refusal::TimestampTooOld),
        ("time", "1614265631", Refusal::TimestampInFuture),
        ("time", "+1614265330", Refusal::MalformedTimestamp),
        ("time", "1614265330 ", Refusal::MalformedTimestamp),
        ("time", "1614265330.5", Refusal::MalformedTimestamp),
        ("time", "", Refusal::MalformedHeader("webhook-timestamp")),
        (
            "time",
            "(absent)",
            Refusal::MissingHeader("webhook-timestamp"),
        ),
        (
            "signature",
            "(absent)",
            Refusal::MissingHeader("webhook-signature"),
        ),
        ("signature", "", signature.clone()),
        (
            "signature",
            "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            signature.clone(),
        ),
        ("signature", "v1,", signature.clone()),
        (
            "signature",
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE",
            signature.clone(),
        ),
        (
            "signature",
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF=",
            signature.clone(),
        ),
        (
            "signature",
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ",
            signature.clone(),
        ),
        (
            "signature",
            "v1,h0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            Refusal::NoMatch,
        ),
        (
            "signature",
            "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            Refusal::UnsupportedAlgorithm,
        ),
        (
            "signature",
            "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            Refusal::UnsupportedAlgorithm,
        ),
    ] {
        assert_eq!(
            standard(&[(change, value)]).err(),
            Some(expected),
            "{change} = {value:?}"
        );
    }
}

#[test]
fn elements_that_are_not_ours_do_not_hide_one_that_is() {
    for header in [
        format!("v1a,AAAA {STANDARD_SIGNATURE}"),
        format!("nonsense v1,%%% , {STANDARD_SIGNATURE}"),
        format!("{STANDARD_SIGNATURE} v9,x"),
        format!("v1,h0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= {STANDARD_SIGNATURE}"),
    ] {
        assert!(standard(&[("signature", &header)]).is_ok(), "{header}");
    }
}

#[test]
fn the_eleventh_signature_is_not_looked_at() {
    let wrong = "v1,h0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= ";
    let tenth = format!("{}{STANDARD_SIGNATURE}", wrong.repeat(9));
    let eleventh = format!("{}{STANDARD_SIGNATURE}", wrong.repeat(10));
    assert!(standard(&[("signature", &tenth)]).is_ok());
    assert_eq!(
        standard(&[("signature", &eleventh)]).err(),
        Some(Refusal::NoMatch)
    );
}

#[test]
fn each_mutation_of_stripe_is_refused_for_its_own_reason() {
    let malformed = Refusal::MalformedHeader("stripe-signature");
    for (header, expected) in [
        (
            format!("t=1700000000,v0={STRIPE_MAC}"),
            Refusal::UnsupportedAlgorithm,
        ),
        (format!("t=1700000001,v1={STRIPE_MAC}"), Refusal::NoMatch),
        (
            format!("t=1699999699,v1={STRIPE_MAC}"),
            Refusal::TimestampTooOld,
        ),
        (
            format!("t=1700000301,v1={STRIPE_MAC}"),
            Refusal::TimestampInFuture,
        ),
        (
            format!("t=1.7e9,v1={STRIPE_MAC}"),
            Refusal::MalformedTimestamp,
        ),
        (format!("t=,v1={STRIPE_MAC}"), Refusal::MalformedTimestamp),
        (format!("v1={STRIPE_MAC}"), malformed.clone()),
        (
            format!("t=1700000000,t=1700000000,v1={STRIPE_MAC}"),
            malformed.clone(),
        ),
        (format!("t=1700000000, v1={STRIPE_MAC}"), malformed.clone()),
        ("t=1700000000".to_owned(), malformed.clone()),
        ("t=1700000000,v1=".to_owned(), malformed.clone()),
        ("t=1700000000,v1=3bfab77b".to_owned(), malformed.clone()),
        (String::new(), malformed.clone()),
        (
            format!("t=1700000000,v1={}", STRIPE_MAC.replace("3bfa", "3bfb")),
            Refusal::NoMatch,
        ),
    ] {
        assert_eq!(stripe_header(&header).err(), Some(expected), "{header}");
    }
    let rolled = format!(
        "t=1700000000,v1={},v1={STRIPE_MAC}",
        STRIPE_MAC.replace("3bfa", "3bfb")
    );
    assert!(stripe_header(&rolled).is_ok());
}

#[test]
fn each_mutation_of_github_is_refused_for_its_own_reason() {
    const NAME: &str = "x-hub-signature-256";
    let malformed = Refusal::MalformedHeader(NAME);
    let sha1 = "sha1=757107ea0eb2509fc211221cce984b8a37570b6d";
    for (headers, expected) in [
        (vec![], Refusal::MissingHeader(NAME)),
        (
            vec![("X-Hub-Signature", sha1)],
            Refusal::UnsupportedAlgorithm,
        ),
        (vec![(NAME, sha1)], Refusal::UnsupportedAlgorithm),
        (
            vec![(NAME, GITHUB_SIGNATURE.trim_start_matches("sha256="))],
            malformed.clone(),
        ),
        (vec![(NAME, "sha256=757107ea")], malformed.clone()),
        (vec![(NAME, "sha256=")], malformed.clone()),
        (
            vec![(NAME, GITHUB_SIGNATURE), (NAME, GITHUB_SIGNATURE)],
            malformed.clone(),
        ),
        (
            vec![(NAME, GITHUB_SIGNATURE), ("x-github-delivery", "")],
            Refusal::MalformedHeader("x-github-delivery"),
        ),
    ] {
        assert_eq!(
            github(&headers, GITHUB_BODY).err(),
            Some(expected),
            "{headers:?}"
        );
    }
    assert_eq!(
        github(&[(NAME, GITHUB_SIGNATURE)], "Hello, World?").err(),
        Some(Refusal::NoMatch)
    );
}

#[test]
fn both_edges_of_the_window_are_taken_and_the_next_millisecond_is_not() {
    let sent = [
        ("webhook-id", STANDARD_ID),
        ("webhook-timestamp", STANDARD_TIME),
        ("webhook-signature", STANDARD_SIGNATURE),
    ];
    let verifier = verifier("standard-webhooks", &[STANDARD_SECRET]);
    for (offset_ms, expected) in [
        (-300_001, Some(Refusal::TimestampInFuture)),
        (-300_000, None),
        (300_000, None),
        (300_001, Some(Refusal::TimestampTooOld)),
    ] {
        let now = UnixMs(STANDARD_NOW.0 + offset_ms);
        assert_eq!(
            verify(&verifier, &sent, STANDARD_BODY, now).err(),
            expected,
            "{offset_ms}"
        );
    }
}

#[test]
fn the_window_can_be_narrowed_or_switched_off() {
    let with = |tolerance: Value| {
        let options = options(&[
            ("secrets", Value::List(vec![text(STRIPE_SECRET)])),
            ("tolerance_s", tolerance),
        ]);
        let header = format!("t=1700000000,v1={STRIPE_MAC}");
        let late = UnixMs(STRIPE_NOW.0 + 2_000);
        verify(
            &Verifier::new("stripe", &options).unwrap(),
            &[("stripe-signature", &header)],
            STRIPE_BODY,
            late,
        )
        .err()
    };
    assert_eq!(with(Value::Int(2)), None);
    assert_eq!(with(Value::Int(1)), Some(Refusal::TimestampTooOld));
    assert_eq!(with(Value::Null), None);
    assert_eq!(with(Value::Bool(false)), None);
}

#[test]
fn the_secret_that_matched_is_told_over_all_three_lists() {
    let options = options(&[
        (
            "secrets",
            Value::List(vec![text("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]),
        ),
        ("secrets_hex", Value::List(vec![text("00ff")])),
        (
            "secrets_b64",
            Value::List(vec![text("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]),
        ),
    ]);
    let sent = [
        ("webhook-id", STANDARD_ID),
        ("webhook-timestamp", STANDARD_TIME),
        ("webhook-signature", STANDARD_SIGNATURE),
    ];
    let verified = verify(
        &Verifier::new("standard-webhooks", &options).unwrap(),
        &sent,
        STANDARD_BODY,
        STANDARD_NOW,
    )
    .unwrap();
    assert_eq!(verified.secret_index, 2);
}

#[test]
fn bad_options_are_refused_and_name_their_field() {
    let list = |values: &[&str]| Value::List(values.iter().map(|v| text(v)).collect());
    let good = || ("secrets", list(&[STANDARD_SECRET]));
    for (scheme, entries, field) in [
        ("standard", vec![good()], "scheme"),
        ("standard-webhooks", vec![], "secrets"),
        ("standard-webhooks", vec![("secrets", list(&[]))], "secrets"),
        (
            "standard-webhooks",
            vec![("secrets", text(STANDARD_SECRET))],
            "secrets",
        ),
        (
            "standard-webhooks",
            vec![("secrets", list(&[STANDARD_SECRET; 6]))],
            "secrets",
        ),
        (
            "standard-webhooks",
            vec![("secrets", list(&[""]))],
            "secrets.0",
        ),
        (
            "standard-webhooks",
            vec![("secrets", list(&[STANDARD_SECRET, "whsec_"]))],
            "secrets.1",
        ),
        (
            "standard-webhooks",
            vec![("secrets", list(&["whsec_not base64!"]))],
            "secrets.0",
        ),
        (
            "standard-webhooks",
            vec![good(), ("secrets_hex", list(&["0"]))],
            "secrets_hex.0",
        ),
        (
            "standard-webhooks",
            vec![good(), ("secrets_b64", list(&["%"]))],
            "secrets_b64.0",
        ),
        (
            "standard-webhooks",
            vec![good(), ("tolerance_s", Value::Int(0))],
            "tolerance_s",
        ),
        (
            "standard-webhooks",
            vec![good(), ("tolerance_s", Value::Int(86_401))],
            "tolerance_s",
        ),
        (
            "standard-webhooks",
            vec![good(), ("tolerance_s", text("300"))],
            "tolerance_s",
        ),
        (
            "standard-webhooks",
            vec![good(), ("tolerance", Value::Int(300))],
            "tolerance",
        ),
        ("github", vec![("secrets", list(&[""]))], "secrets.0"),
        (
            "github",
            vec![("secrets", list(&["x"])), ("tolerance_s", Value::Int(300))],
            "tolerance_s",
        ),
        (
            "stripe",
            vec![("secrets", Value::List(vec![Value::Int(5)]))],
            "secrets.0",
        ),
    ] {
        let error = Verifier::new(scheme, &options(&entries)).unwrap_err();
        assert_eq!(error.field, field, "{scheme} {entries:?}: {error}");
        assert!(!error.to_string().contains("MfKQ9r8GKYqr"), "{error}");
    }
}

#[test]
fn references_are_read_at_each_verification() {
    let by_reference = Value::List(vec![
        Value::Secret(SecretRef::new("key:old")),
        Value::Secret(SecretRef::new("key:new")),
    ]);
    let verifier = Verifier::new("github", &options(&[("secrets", by_reference)])).unwrap();
    let headers = Headers::new([("x-hub-signature-256", GITHUB_SIGNATURE)]);
    let message = Message {
        body: GITHUB_BODY.as_bytes(),
        headers: &headers,
        method: "POST",
        url: "",
    };
    let missing = |reference: &SecretRef| {
        Err(SecretError {
            reference: reference.reference().to_owned(),
            reason: "gone".to_owned(),
        })
    };
    let with = |old: Option<&str>, new: Option<&str>| {
        let resolve = |reference: &SecretRef| {
            let value = if reference.reference() == "key:old" {
                old
            } else {
                new
            };
            value.map_or_else(|| missing(reference), |v| Ok(SecretBytes::new(v.into())))
        };
        verifier
            .verify_with(&message, UnixMs(0), &resolve)
            .map(|verified| verified.secret_index)
    };
    assert_eq!(with(Some("other"), Some(GITHUB_SECRET)), Ok(1));
    assert_eq!(with(None, Some(GITHUB_SECRET)), Ok(1));
    assert_eq!(with(Some("other"), Some("another")), Err(Refusal::NoMatch));
    let unavailable = with(None, Some("another")).unwrap_err();
    assert_eq!(
        (unavailable.reason(), unavailable.status()),
        ("secret_unavailable", 503)
    );
    assert_eq!(
        with(Some(""), Some("another")).unwrap_err().reason(),
        "secret_unavailable"
    );
}

#[test]
fn nothing_shows_a_secret() {
    let verifier = verifier("github", &[GITHUB_SECRET]);
    assert!(!format!("{verifier:?}").contains("Everybody"));
}

proptest! {
    #[test]
    fn no_header_and_no_body_makes_a_verifier_panic_or_accept(
        value in proptest::collection::vec(any::<u8>(), 0..200),
        other in "(t=[0-9]{0,18},?|v1[,=]|[ -~]{0,20}|v1,[A-Za-z0-9+/=]{0,60} ?){0,6}",
        body in proptest::collection::vec(any::<u8>(), 0..100),
        now in any::<i64>(),
    ) {
        for scheme in scheme::all() {
            let verifier = verifier(scheme.name(), &[STANDARD_SECRET]);
            for (first, second) in [(value.as_slice(), other.as_bytes()), (other.as_bytes(), value.as_slice())] {
                let headers = Headers::new([
                    ("webhook-id", b"msg_1".as_slice()), ("webhook-timestamp", b"1614265330"), ("webhook-signature", first),
                    ("stripe-signature", first), ("x-hub-signature-256", first), ("x-github-delivery", second),
                ]);
                let message = Message { body: &body, headers: &headers, method: "POST", url: "" };
                prop_assert!(verifier.verify(&message, UnixMs(now)).is_err());
            }
        }
    }
}
