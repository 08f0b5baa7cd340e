//! What a verifier is made of: options, windows, secrets by value and by reference.

use super::*;
use crate::options::{SecretBytes, SecretError};

#[test]
fn the_window_can_be_narrowed_or_switched_off() {
    let with = |tolerance: Value| {
        let options = map(&[
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
    let options = map(&[
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

fn list(values: &[&str]) -> Value {
    Value::List(values.iter().map(|value| text(value)).collect())
}

fn assert_refused(scheme: &str, entries: &[(&str, Value)], field: &str) {
    let error = Verifier::new(scheme, &map(entries)).unwrap_err();
    assert_eq!(error.field, field, "{scheme} {entries:?}: {error}");
    assert!(!error.to_string().contains("MfKQ9r8GKYqr"), "{error}");
}

#[test]
fn secrets_that_are_missing_empty_or_not_decodable_are_refused_by_their_place() {
    for (scheme, secrets, field) in [
        ("standard-webhooks", list(&[]), "secrets"),
        ("standard-webhooks", text(STANDARD_SECRET), "secrets"),
        ("standard-webhooks", list(&[STANDARD_SECRET; 6]), "secrets"),
        ("standard-webhooks", list(&[""]), "secrets.0"),
        (
            "standard-webhooks",
            list(&[STANDARD_SECRET, "whsec_"]),
            "secrets.1",
        ),
        (
            "standard-webhooks",
            list(&["whsec_not base64!"]),
            "secrets.0",
        ),
        ("github", list(&[""]), "secrets.0"),
        ("stripe", Value::List(vec![Value::Int(5)]), "secrets.0"),
        ("standard", list(&[STANDARD_SECRET]), "scheme"),
    ] {
        assert_refused(scheme, &[("secrets", secrets)], field);
    }
    assert_refused("standard-webhooks", &[], "secrets");
}

#[test]
fn options_beside_the_secrets_are_checked_too() {
    for (key, value, field) in [
        ("secrets_hex", list(&["0"]), "secrets_hex.0"),
        ("secrets_b64", list(&["%"]), "secrets_b64.0"),
        ("tolerance_s", Value::Int(0), "tolerance_s"),
        ("tolerance_s", Value::Int(86_401), "tolerance_s"),
        ("tolerance_s", text("300"), "tolerance_s"),
        ("tolerance_s", Value::Bool(true), "tolerance_s"),
        ("tolerance", Value::Int(300), "tolerance"),
    ] {
        let entries = [("secrets", list(&[STANDARD_SECRET])), (key, value)];
        assert_refused("standard-webhooks", &entries, field);
    }
    let timeless = [("secrets", list(&["x"])), ("tolerance_s", Value::Int(300))];
    assert_refused("github", &timeless, "tolerance_s");
}

#[test]
fn from_a_file_only_references_are_taken() {
    let literal = map(&[("secrets", list(&["plain"]))]);
    let error = Verifier::at("webhook", "github", &literal, Source::File).unwrap_err();
    assert_eq!(error.field, "webhook.secrets.0");
    let reference = map(&[("secrets", list(&["env:GITHUB_SECRET"]))]);
    assert!(Verifier::at("webhook", "github", &reference, Source::File).is_ok());
}

#[test]
fn references_are_read_at_each_verification() {
    let by_reference = Value::List(vec![
        Value::Secret(SecretRef::new("key:old")),
        Value::Secret(SecretRef::new("key:new")),
    ]);
    let verifier = Verifier::new("github", &map(&[("secrets", by_reference)])).unwrap();
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
