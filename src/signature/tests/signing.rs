//! The signer: what it signs, the verifier of the same scheme takes, under each of the secrets.

use super::*;

const NOW: UnixMs = UnixMs(1_700_000_000_000);
const OLD: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const BODY: &str = "{\"id\":\"evt_1\"}";
/// RFC 8032's first test key, as Standard Webhooks writes pairs.
const PRIVATE: &str =
    "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2DXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGg==";
const PUBLIC: &str = "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

fn list(items: &[&str]) -> Value {
    Value::List(items.iter().map(|item| text(item)).collect())
}

fn sign(scheme: &str, options: &Value, id: Option<&str>) -> Result<SignedFields, Refusal> {
    let headers = Headers::default();
    let message = Message {
        body: BODY.as_bytes(),
        headers: &headers,
        method: "POST",
        url: "https://receiver.example/hook",
    };
    let signer = Signer::new(scheme, options).unwrap();
    signer.sign(&message, id, NOW, &SecretRef::resolve)
}

fn take(
    scheme: &str,
    options: &Value,
    fields: &SignedFields,
    now: UnixMs,
) -> Result<Verified, Refusal> {
    let headers = Headers::new(fields.iter().map(|(n, v)| (n.as_str(), v.as_str())));
    let message = Message {
        body: BODY.as_bytes(),
        headers: &headers,
        method: "POST",
        url: "https://receiver.example/hook",
    };
    Verifier::new(scheme, options)
        .unwrap()
        .verify(&message, now)
}

fn hmac(secrets: &[&str], separator: bool) -> Value {
    let mut options = vec![
        ("secrets", list(secrets)),
        ("template", text("{id}.{timestamp}.{body}")),
        ("header", text("X-Sig")),
        ("prefix", text("v1=")),
        ("encoding", text("base64")),
        ("algorithm", text("sha512")),
        ("timestamp_header", text("X-Time")),
        ("id_header", text("X-Id")),
    ];
    if separator {
        options.push(("separator", text(",")));
    }
    map(&options)
}

fn rfc9421(secrets: &[&str]) -> Value {
    let key = |secret: &&str| {
        map(&[
            ("algorithm", text("hmac-sha256")),
            ("secret", text(secret)),
            ("keyid", text(secret)),
        ])
    };
    map(&[("keys", Value::List(secrets.iter().map(key).collect()))])
}

#[test]
fn both_signatures_stand_side_by_side_while_a_secret_is_rolled() {
    let plain = |secrets: &[&str]| map(&[("secrets", list(secrets))]);
    type Options<'o> = &'o dyn Fn(&[&str]) -> Value;
    let cases: [(&str, Options<'_>); 4] = [
        ("standard-webhooks", &plain),
        ("stripe", &plain),
        ("hmac", &|secrets| hmac(secrets, true)),
        ("rfc9421", &rfc9421),
    ];
    for (scheme, options) in cases {
        let fields = sign(scheme, &options(&[STANDARD_SECRET, OLD]), None).unwrap();
        for secret in [STANDARD_SECRET, OLD] {
            let taken = take(scheme, &options(&[secret]), &fields, NOW);
            assert!(taken.is_ok(), "{scheme} {secret}: {taken:?}");
        }
        let strange = take(scheme, &options(&["whsec_c3RyYW5nZQ=="]), &fields, NOW);
        assert!(strange.is_err(), "{scheme}");
        let late = take(scheme, &options(&[OLD]), &fields, UnixMs(NOW.0 + 300_001));
        assert_eq!(late.unwrap_err(), Refusal::TimestampTooOld, "{scheme}");
    }
}

#[test]
fn the_published_vectors_come_out() {
    let headers = Headers::default();
    let sign = |scheme: &str, options: &Value, body: &str, id: &str| {
        let message = Message {
            body: body.as_bytes(),
            headers: &headers,
            method: "POST",
            url: "",
        };
        let signer = Signer::new(scheme, options).unwrap();
        signer
            .sign(&message, Some(id), STANDARD_NOW, &SecretRef::resolve)
            .unwrap()
    };
    let standard = map(&[
        ("secrets", list(&[STANDARD_SECRET])),
        ("private_keys", list(&[PRIVATE])),
    ]);
    let fields = sign("standard-webhooks", &standard, STANDARD_BODY, STANDARD_ID);
    assert_eq!(fields[0], ("webhook-id".to_owned(), STANDARD_ID.to_owned()));
    assert_eq!(
        fields[1],
        ("webhook-timestamp".to_owned(), STANDARD_TIME.to_owned())
    );
    assert!(
        fields[2]
            .1
            .starts_with(&format!("{STANDARD_SIGNATURE} v1a,"))
    );
    let github = secrets(&[GITHUB_SECRET]);
    let fields = sign("github", &github, GITHUB_BODY, "d1");
    let expected = (
        "x-hub-signature-256".to_owned(),
        GITHUB_SIGNATURE.to_owned(),
    );
    assert!(fields.contains(&expected));
    assert!(fields.contains(&("x-github-delivery".to_owned(), "d1".to_owned())));
}

#[test]
fn an_ed25519_pair_signs_what_its_public_half_takes() {
    let options = map(&[("private_keys", list(&[PRIVATE]))]);
    let fields = sign("standard-webhooks", &options, Some("msg_1")).unwrap();
    let receiver = map(&[("public_keys", list(&[PUBLIC]))]);
    let taken = take("standard-webhooks", &receiver, &fields, NOW).unwrap();
    assert_eq!(taken.events[0].id(), "msg_1");
}

#[test]
fn an_id_is_made_once_and_checked() {
    let made = sign("standard-webhooks", &secrets(&[OLD]), None).unwrap();
    assert!(made[0].1.starts_with("msg_") && made[0].1.len() == 36);
    for bad in ["", "a.b", "a b"] {
        let refused = sign("standard-webhooks", &secrets(&[OLD]), Some(bad));
        assert_eq!(refused, Err(Refusal::MalformedHeader("webhook-id")));
        assert!(sign("hmac", &hmac(&["k"], false), Some(bad)).is_err());
    }
}

#[test]
fn options_that_cannot_be_signed_with_are_refused() {
    for (scheme, options, field) in [
        ("slack", secrets(&["k"]), "scheme"),
        ("github", secrets(&["new", "old"]), "secrets"),
        ("hmac", hmac(&["new", "old"], false), "secrets"),
        ("stripe", map(&[]), "secrets"),
        ("standard-webhooks", secrets(&["whsec_%"]), "secrets.0"),
        (
            "standard-webhooks",
            map(&[("private_keys", list(&["whsk_AAAA"]))]),
            "private_keys.0",
        ),
        ("rfc9421", map(&[]), "keys"),
    ] {
        let error = Signer::new(scheme, &options).unwrap_err();
        assert_eq!(error.field, field, "{scheme}");
    }
}

#[test]
fn a_secret_that_cannot_be_read_sends_nothing() {
    let options = map(&[(
        "secrets",
        Value::List(vec![text("k"), Value::Secret(SecretRef::new("vault:gone"))]),
    )]);
    let refused = sign("stripe", &options, None).unwrap_err();
    assert!(matches!(refused, Refusal::SecretUnavailable(_)));
}

#[test]
fn the_id_of_a_message_signature_is_a_covered_field_or_the_hash_of_the_base() {
    let key = map(&[("algorithm", text("hmac-sha256")), ("secret", text("k"))]);
    let with = |extra: &[(&str, Value)]| {
        let keys = ("keys", Value::List(vec![key.clone()]));
        let entries: Vec<_> = [keys].into_iter().chain(extra.iter().cloned()).collect();
        map(&entries)
    };
    let headers = Headers::new([("Event-Id", "e7")]);
    let message = Message {
        body: BODY.as_bytes(),
        headers: &headers,
        method: "POST",
        url: "https://receiver.example/hook",
    };
    let components = ["@method", "@target-uri", "content-digest", "event-id"];
    let signer = Signer::new("rfc9421", &with(&[("components", list(&components))])).unwrap();
    let mut fields = signer
        .sign(&message, None, NOW, &SecretRef::resolve)
        .unwrap();
    fields.push(("Event-Id".to_owned(), "e7".to_owned()));
    let receiver = with(&[("id_header", text("Event-Id"))]);
    let taken = take("rfc9421", &receiver, &fields, NOW).unwrap();
    assert_eq!(taken.events[0].id(), "e7");
    let taken = take("rfc9421", &with(&[]), &fields, NOW).unwrap();
    assert_eq!(taken.events[0].id().len(), 64);
    let uncovered = sign("rfc9421", &with(&[]), None).unwrap();
    let refused = take("rfc9421", &receiver, &uncovered, NOW).unwrap_err();
    assert_eq!(refused, Refusal::NotCovered);
    let error = Verifier::new("rfc9421", &with(&[("id_header", text("@method"))])).unwrap_err();
    assert_eq!(error.field, "id_header");
}
