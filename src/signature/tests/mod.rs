//! The verifier from outside: what all its tests share, and noise that must never panic.
//! `schemes.rs`, `vendors.rs` and `particulars.rs` have the mutations, over the published vectors of
//! `deliveries.rs`; `options.rs` has the options.

mod deliveries;
mod options;
mod particulars;
mod schemes;
mod signing;
mod vendors;
mod wycheproof;

use proptest::prelude::*;

use super::*;

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

fn map(entries: &[(&str, Value)]) -> Value {
    Value::Map(
        entries
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone()))
            .collect(),
    )
}

fn secrets(list: &[&str]) -> Value {
    map(&[(
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

/// The headers that the schemes read, but for the first three's.
const SIGNATURE_HEADERS: [&str; 24] = [
    "x-slack-signature",
    "x-slack-request-timestamp",
    "x-shopify-hmac-sha256",
    "twitch-eventsub-message-id",
    "twitch-eventsub-message-timestamp",
    "twitch-eventsub-message-signature",
    "paddle-signature",
    "x-square-hmacsha256-signature",
    "x-mollie-signature",
    "x-hub-signature",
    "linear-signature",
    "calendly-webhook-signature",
    "x-zm-signature",
    "x-zm-request-timestamp",
    "x-hubspot-signature-v3",
    "x-hubspot-request-timestamp",
    "x-sfmc-ens-signature",
    "hmacsignature",
    "x-twilio-signature",
    "x-signature-ed25519",
    "x-signature-timestamp",
    "x-twilio-email-event-webhook-signature",
    "signature-input",
    "signature",
];

fn any_scheme(name: &str) -> Verifier {
    let list = |value: &str| Value::List(vec![text(value)]);
    let options = match name {
        "aws-sns" => vec![],
        "paypal" => vec![("webhook_id", text("w"))],
        "discord" => vec![(
            "public_key_hex",
            text("03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"),
        )],
        "sendgrid" => vec![(
            "public_key_der_b64",
            text(
                "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==",
            ),
        )],
        "hmac" => vec![
            ("secrets", list("k")),
            ("header", text("x-mollie-signature")),
        ],
        "adyen" => vec![("secrets", list("00ff"))],
        "rfc9421" => vec![(
            "keys",
            Value::list([map(&[
                ("algorithm", text("hmac-sha256")),
                ("secret", text("k")),
            ])]),
        )],
        _ => vec![("secrets", list(STANDARD_SECRET))],
    };
    Verifier::new(name, &map(&options)).unwrap()
}

proptest! {
    #[test]
    fn no_scheme_panics_on_noise_or_accepts_it(
        values in proptest::collection::vec("(sha256=|sha1=|v0=|t=|ts=|h1=|v1=)?([0-9a-f]{0,64}|[0-9]{10}|[ -~]{0,30}|s=[(]\"@?[a-z-]{0,9}\"[)]|s=:[A-Za-z0-9]{0,44}:)", 24),
        body in "(\\{\"(signature|webhookTimestamp|event|Type|notificationItems)\":([0-9]{0,13}|\\[\\{\\}\\]|\\{\\}|\"[ -~]{0,9}\")\\}|[ -~]{0,40})",
        url in "(https://)?[ -~]{0,30}(%2F|\\?bodySHA256=[0-9a-f]{0,4})?",
        now in any::<i64>(),
    ) {
        let headers = Headers::new(SIGNATURE_HEADERS.into_iter().zip(values.iter().map(String::as_bytes)));
        let message = Message { body: body.as_bytes(), headers: &headers, method: "POST", url: &url };
        for (name, _) in registry::ALL {
            prop_assert!(any_scheme(name).verify(&message, UnixMs(now)).is_err(), "{}", name);
        }
    }

    #[test]
    fn no_header_and_no_body_makes_a_verifier_panic_or_accept(
        value in proptest::collection::vec(any::<u8>(), 0..200),
        other in "(t=[0-9]{0,18},?|v1[,=]|[ -~]{0,20}|v1,[A-Za-z0-9+/=]{0,60} ?){0,6}",
        body in proptest::collection::vec(any::<u8>(), 0..100),
        now in any::<i64>(),
    ) {
        for scheme in ["standard-webhooks", "github", "stripe"] {
            let verifier = verifier(scheme, &[STANDARD_SECRET]);
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
