//! What single schemes decide by themselves: bytes that could be cut in two ways, URLs, lists of
//! events, handshakes, public keys, and their own options.

use super::deliveries::*;
use super::vendors::assert_refused;
use super::*;

#[test]
fn what_mailgun_signs_cannot_be_cut_in_another_way() {
    let moved = mailgun().body.replace(
        "1770920772\", \"token\": \"e",
        "1770920772e\", \"token\": \"",
    );
    let later = mailgun().body.replace("1770920772", "1770920773");
    assert_refused(vec![
        (mailgun().body(&moved), Refusal::MalformedTimestamp),
        (mailgun().body(&later), Refusal::NoMatch),
        (mailgun().body("{}"), Refusal::MalformedBody),
        (
            mailgun().body(&mailgun().body.replace("e123\"", "e1234\"")),
            Refusal::MalformedBody,
        ),
    ]);
}

#[test]
fn what_adyen_signs_cannot_be_cut_in_another_way() {
    let item = |account: &str, reference: &str| {
        format!(
            r#"{{"notificationItems":[{{"NotificationRequestItem":{{"pspReference":"psp1","merchantAccountCode":"{account}","merchantReference":"{reference}","amount":{{"value":1130,"currency":"EUR"}},"eventCode":"AUTHORISATION","success":true,"additionalData":{{"hmacSignature":"yd3qNODSw3PZs5buXsbloG6roud8rOHGzj2x3pVKXrM="}}}}}}]}}"#
        )
    };
    let ours = || adyen().option("merchant_account", text("Acct"));
    assert_eq!(
        ours().body(&item("Acct", "order:7")).ids(),
        ["psp1:AUTHORISATION"]
    );
    assert_refused(vec![
        (
            adyen().body(&item("Acct:order", "7")),
            Refusal::MalformedBody,
        ),
        (
            ours().body(&item("Other", "order:7")),
            Refusal::OtherAccount,
        ),
        (adyen().body(&item("Acct", "order:8")), Refusal::NoMatch),
        (
            adyen().body(r#"{"notificationItems":[]}"#),
            Refusal::MalformedBody,
        ),
        (
            adyen().body(&adyen().body.replace("1130", "11.3")),
            Refusal::MalformedBody,
        ),
    ]);
    let one = item("Acct", "order:7");
    let inner = one
        .trim_start_matches(r#"{"notificationItems":["#)
        .trim_end_matches("]}");
    let forged = inner.replace("1130", "9130");
    let both = format!(r#"{{"notificationItems":[{inner},{forged}]}}"#);
    assert_refused(vec![(adyen().body(&both), Refusal::NoMatch)]);
}

#[test]
fn twilio_reads_repeated_fields_and_the_url_with_and_without_its_port() {
    for (signature, url) in [
        ("Km8iw8ZW6NQpUNICY1P4yWk8p24=", "https://a.example/x"),
        ("Km8iw8ZW6NQpUNICY1P4yWk8p24=", "https://a.example:443/x"),
        ("2TCTbIfzl3Cgub/rIOuqiKv8yCk=", "https://a.example/x"),
    ] {
        let delivery = Delivery::new(
            "twilio",
            "12345",
            &[("x-twilio-signature", signature)],
            "B=z&A=2&A=1&A=2",
        );
        assert!(delivery.called(url).verify().is_ok(), "{signature} {url}");
    }
    assert_refused(vec![(twilio_json().body(r#"{"a":2}"#), Refusal::NoMatch)]);
}

#[test]
fn hubspot_reads_the_uri_as_it_is_and_decoded() {
    let delivery = hubspot_v3()
        .header(
            "x-hubspot-signature-v3",
            "rBzELaPTo5oCDDlMeC/nEPH+wNIsh3n4EzIcPJs/BVQ=",
        )
        .called("https://www.example.com/u?q=a%3Ab");
    assert!(delivery.verify().is_ok());
    assert_refused(vec![(
        delivery.called("https://www.example.com/u?q=a%3Ac"),
        Refusal::NoMatch,
    )]);
}

#[test]
fn a_list_brings_each_of_its_items() {
    let body = r#"[{"compositeId":"1.2","eventCategoryType":"Sent"},{"compositeId":"1.2","eventCategoryType":"Open"}]"#;
    let header = [(
        "x-sfmc-ens-signature",
        "s1jWPyQ8RBpy6DU5Uf4fVDT8P2i6Jqmz7C0z3XxeZWw=",
    )];
    let delivery = Delivery::new("salesforce-mc-ens", "key", &header, body);
    assert_eq!(delivery.ids(), ["1.2:Sent", "1.2:Open"]);
    let headers = [
        (
            "x-hubspot-signature-v3",
            "qhNYmwMSeWiX7Ooa4TOcJpilRz7SRGR+f4GvuDoXD58=",
        ),
        ("x-hubspot-request-timestamp", "1700000000000"),
    ];
    let delivery = Delivery::new("hubspot", "k", &headers, r#"[{"eventId":1},{"eventId":2}]"#)
        .called("https://a.example/")
        .at(1_700_000_000_000);
    assert_eq!(delivery.ids(), ["1", "2"]);
}

fn reply(delivery: &Delivery) -> Option<(String, &'static str)> {
    let verified = delivery.verify().unwrap();
    assert!(
        verified.reply.is_none() || verified.events.is_empty(),
        "{delivery:?}"
    );
    let reply = verified.reply?;
    Some((String::from_utf8(reply.body).unwrap(), reply.content_type))
}

#[test]
fn handshakes_are_answered_and_bring_no_event() {
    let zoom_body = r#"{"payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"},"event_ts":1654503849680,"event":"endpoint.url_validation"}"#;
    let zoom_reply = r#"{"plainToken":"qgg8vlvZRS6UYooatFL8Aw","encryptedToken":"d9e0d764a78494688ba3f2d5c0ed4ca311394b4834d959759213424d2df961e3"}"#;
    let unsigned = zoom().without("x-zm-signature").body(zoom_body);
    let signed = zoom().body(zoom_body).header(
        "x-zm-signature",
        "v0=ead1c46edf58c1e9710497931b22f9ecdb85af9623f73b0ba00501ab28ef7208",
    );
    let slack = slack()
        .option("secrets", Value::List(vec![text("s")]))
        .body(r#"{"type":"url_verification","challenge":"3eZbrw1a"}"#)
        .header(
            "x-slack-signature",
            "v0=e6918e005f54b6fa8e5f773afc04e0508b734899a72adf7c5a296d9e654cae90",
        );
    let twitch = twitch()
        .header("twitch-eventsub-message-id", "idA")
        .header("twitch-eventsub-message-timestamp", "2022-10-26T22:36:43Z")
        .header(
            "twitch-eventsub-message-type",
            "webhook_callback_verification",
        )
        .header(
            "twitch-eventsub-message-signature",
            "sha256=254cdc3e4ee20dee038e94c96793454578cec5f2a9feb374d14701cf4e582662",
        )
        .body(
            r#"{"challenge":"pogchamp-kappa-360noscope","subscription":{"type":"channel.follow"}}"#,
        );
    for (delivery, body, content_type) in [
        (&unsigned, zoom_reply, "application/json"),
        (&signed, zoom_reply, "application/json"),
        (&slack, "3eZbrw1a", "text/plain"),
        (&twitch, "pogchamp-kappa-360noscope", "text/plain"),
        (&discord(), r#"{"type":1}"#, "application/json"),
    ] {
        assert_eq!(reply(delivery), Some((body.to_owned(), content_type)));
    }
    assert_eq!(reply(&zoom()), None);
    assert_refused(vec![
        (zoom().body(zoom_body), Refusal::NoMatch),
        (twitch.body("{}"), Refusal::NoMatch),
    ]);
}

#[test]
fn zoom_is_not_made_to_sign_what_it_would_itself_accept() {
    for token in ["v0:1739923528:{}", "", "a b", &"x".repeat(129)] {
        let body = serde_json::json!({"event": "endpoint.url_validation", "payload": {"plainToken": token}});
        let delivery = zoom().without("x-zm-signature").body(&body.to_string());
        assert_eq!(
            delivery.verify().err(),
            Some(Refusal::MalformedBody),
            "{token}"
        );
    }
}

#[test]
fn asymmetric_deliveries_are_refused_when_anything_is_changed() {
    let v1a = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";
    assert_refused(vec![
        (
            discord().body("example invalid body"),
            Refusal::MalformedBody,
        ),
        (discord().body("{}"), Refusal::NoMatch),
        (
            discord().header("x-signature-timestamp", "1599862914"),
            Refusal::NoMatch,
        ),
        (
            discord().header("x-signature-ed25519", "eaca"),
            Refusal::MalformedHeader("x-signature-ed25519"),
        ),
        (sendgrid().body("[]"), Refusal::NoMatch),
        (
            sendgrid().header("x-twilio-email-event-webhook-signature", "!"),
            Refusal::MalformedHeader("x-twilio-email-event-webhook-signature"),
        ),
        (standard_v1a().body("{}"), Refusal::NoMatch),
        (
            standard_v1a().header("webhook-signature", STANDARD_SIGNATURE),
            Refusal::UnsupportedAlgorithm,
        ),
        (
            svix().header("svix-signature", v1a),
            Refusal::UnsupportedAlgorithm,
        ),
    ]);
    let other = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqTxd43gyp8IOEto2LdIfjRQrIbsd4SXZkLW6jDutdhXSJCWHw8REntlo7aNDthvj+y7GjUuFDb/R1NGe1OPzpA==";
    assert_refused(vec![(
        only_public_key(sendgrid(), "public_key_der_b64", other),
        Refusal::NoMatch,
    )]);
}

/// A scheme, its options, and the field that is refused.
type Row<'r> = (&'r str, Vec<(&'r str, Value)>, &'r str);

fn assert_no_verifier(rows: Vec<Row<'_>>) {
    for (scheme, options, field) in rows {
        let error = Verifier::new(scheme, &map(&options)).unwrap_err();
        assert_eq!(error.field, field, "{scheme}: {error}");
    }
}

fn secret() -> (&'static str, Value) {
    ("secrets", Value::List(vec![text("k")]))
}

#[test]
fn keys_are_checked_at_construction() {
    assert_no_verifier(vec![
        (
            "discord",
            vec![("public_key_hex", text("00"))],
            "public_key_hex",
        ),
        (
            "discord",
            vec![("public_key_hex", text(&"00".repeat(32)))],
            "public_key_hex",
        ),
        (
            "sendgrid",
            vec![("public_key_der_b64", text("MFkw"))],
            "public_key_der_b64",
        ),
        (
            "standard-webhooks",
            vec![("public_keys", Value::List(vec![text("whpk_")]))],
            "public_keys.0",
        ),
        (
            "standard-webhooks",
            vec![(
                "secrets",
                Value::List(vec![text(
                    "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=",
                )]),
            )],
            "secrets.0",
        ),
        (
            "adyen",
            vec![("secrets", Value::List(vec![text("not hex")]))],
            "secrets.0",
        ),
    ]);
}

#[test]
fn options_of_single_schemes_are_checked_at_construction() {
    assert_no_verifier(vec![
        ("adyen", vec![secret(), ("mode", text("x"))], "mode"),
        (
            "hubspot",
            vec![secret(), ("version", text("v4"))],
            "version",
        ),
        ("square", vec![secret(), ("version", text("v1"))], "version"),
        ("hmac", vec![secret()], "header"),
        (
            "hmac",
            vec![
                secret(),
                ("header", text("x")),
                ("template", text("{body}{id}")),
            ],
            "template",
        ),
        (
            "hmac",
            vec![secret(), ("header", text("x")), ("id_header", text("i"))],
            "id_header",
        ),
    ]);
}

const SNS_BODY: &str = include_str!("../testdata/sns.json");

fn sns(options: &[(&str, Value)], body: &str, offset_ms: i64) -> Result<Verified, Refusal> {
    let verifier = Verifier::new("aws-sns", &map(options)).unwrap();
    let headers = Headers::default();
    let message = Message {
        body: body.as_bytes(),
        headers: &headers,
        method: "POST",
        url: "",
    };
    let fetch = |_: &str| Ok(include_bytes!("../testdata/sns.pem").to_vec());
    let now = UnixMs(1_659_043_438_317 + offset_ms);
    verifier.verify_fetching(&message, now, &SecretRef::resolve, &fetch)
}

#[test]
fn a_notification_of_sns_holds_under_the_fetched_certificate() {
    let verified = sns(&[], SNS_BODY, 0).unwrap();
    let event = &verified.events[0];
    assert_eq!(event.id(), "792cda85-518f-5dd3-9163-81d851212f3a");
    assert_eq!(event.kind(), Some("Notification"));
    for (offset_ms, expected) in [
        (-3_600_001, Some(Refusal::TimestampInFuture)),
        (-3_600_000, None),
        (3_600_000, None),
        (3_600_001, Some(Refusal::TimestampTooOld)),
    ] {
        assert_eq!(sns(&[], SNS_BODY, offset_ms).err(), expected, "{offset_ms}");
    }
}

#[test]
fn each_mutation_of_sns_is_refused_for_its_own_reason() {
    for (from, to, expected) in [
        ("Hello world", "Hello World", Refusal::NoMatch),
        (r#"Version": "1""#, r#"Version": "2""#, Refusal::NoMatch),
        (
            r#"Version": "1""#,
            r#"Version": "3""#,
            Refusal::UnsupportedAlgorithm,
        ),
        (
            "https://sns.us-east-2.amazonaws.com/Simple",
            "https://evil.example/Simple",
            Refusal::MalformedBody,
        ),
        (
            r#""Type": "Notification""#,
            r#""Type": "SubscriptionConfirmation""#,
            Refusal::MalformedBody,
        ),
        (
            r#""Message": "Hello world""#,
            r#""Message": "Hello world", "Subject": "x""#,
            Refusal::NoMatch,
        ),
        (
            r#""MessageId": "792"#,
            r#""MessageId": "\n792"#,
            Refusal::MalformedBody,
        ),
        ("ghtf+deO", "!", Refusal::MalformedHeader("Signature")),
        (
            "2022-07-28T21:23:58.317Z",
            "1659043438",
            Refusal::MalformedTimestamp,
        ),
    ] {
        let body = SNS_BODY.replace(from, to);
        assert_ne!(body, SNS_BODY, "{from}");
        assert_eq!(sns(&[], &body, 0).err(), Some(expected), "{to}");
    }
}

#[test]
fn sns_takes_only_the_topics_and_the_version_that_are_configured() {
    let topics = |arn| [("topic_arns", Value::List(vec![text(arn)]))];
    let ours = "arn:aws:sns:us-east-2:295079676684:publish-and-verify-892f85fe-4836-424d-8188-ab85bef0f362";
    assert!(sns(&topics(ours), SNS_BODY, 0).is_ok());
    let refusal = sns(&topics("arn:aws:sns:us-east-2:1:other"), SNS_BODY, 0).err();
    assert_eq!(refusal, Some(Refusal::OtherAccount));
    let refusal = sns(&[("version", text("2"))], SNS_BODY, 0).err();
    assert_eq!(refusal, Some(Refusal::UnsupportedAlgorithm));
    let verifier = Verifier::new("aws-sns", &map(&[])).unwrap();
    let without_fetch = verify(&verifier, &[], SNS_BODY, UnixMs(1_659_043_438_317));
    assert_eq!(without_fetch.unwrap_err().reason(), "secret_unavailable");
}
