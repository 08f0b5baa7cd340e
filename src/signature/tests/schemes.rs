//! Each scheme: published vectors, and one mutation a row with its exact refusal.

use super::*;

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
    use Refusal::{
        MalformedHeader, MalformedTimestamp, MissingHeader, NoMatch, TimestampInFuture,
        TimestampTooOld, UnsupportedAlgorithm,
    };
    let rows: [(_, &[&str], _); 14] = [
        ("body", &[r#"{"test": 2432232315}"#, ""], NoMatch),
        ("id", &["msg_p5jXN8AQM9LWM0D4loKWxJeK"], NoMatch),
        (
            "id",
            &["msg.p5jX", "a b", ""],
            MalformedHeader("webhook-id"),
        ),
        ("id", &["(absent)"], MissingHeader("webhook-id")),
        ("time", &["1614265331"], NoMatch),
        ("time", &["1614265029", "1"], TimestampTooOld),
        ("time", &["1614265631"], TimestampInFuture),
        ("time", &["+1614265330", "1614265330 "], MalformedTimestamp),
        ("time", &[""], MalformedHeader("webhook-timestamp")),
        ("time", &["(absent)"], MissingHeader("webhook-timestamp")),
        (
            "signature",
            &["(absent)"],
            MissingHeader("webhook-signature"),
        ),
        (
            "signature",
            &[
                "",
                "v1,",
                "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
                "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE",
                "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF=",
                "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ",
            ],
            MalformedHeader("webhook-signature"),
        ),
        (
            "signature",
            &["v1,h0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="],
            NoMatch,
        ),
        (
            "signature",
            &[
                "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
                "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            ],
            UnsupportedAlgorithm,
        ),
    ];
    for (change, values, expected) in rows {
        for value in values {
            let refusal = standard(&[(change, value)]).err();
            assert_eq!(refusal.as_ref(), Some(&expected), "{change} = {value:?}");
        }
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
