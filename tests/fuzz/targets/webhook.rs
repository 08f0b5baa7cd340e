//! Every webhook scheme: header lists, times, forms, JSON bodies, URLs. The first line is the
//! scheme's number and the URL.

use causeway::clock::UnixMs;
use causeway::options::{SecretRef, Value};
use causeway::signature::{Headers, Message, Verifier};

use super::request;

const NOW: UnixMs = UnixMs(1_700_000_000_000);
const ED25519: &str = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8";
const P256: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lfw0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==";
/// Those that sign with a secret and have no other options.
const PLAIN: [&str; 17] = [
    "standard-webhooks",
    "svix",
    "github",
    "stripe",
    "slack",
    "shopify",
    "twitch-eventsub",
    "paddle",
    "mollie",
    "intercom",
    "linear",
    "calendly",
    "zoom",
    "mailgun",
    "salesforce-mc-ens",
    "twilio",
    "square",
];

fn verifiers() -> Vec<Verifier> {
    let secret = || Value::list([Value::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]);
    let open = |scheme: &str, options: &[(&str, Value)]| {
        let options = Value::map(options.iter().map(|(k, v)| (*k, v.clone())));
        Verifier::new(scheme, &options).expect("the options are good")
    };
    let mut all: Vec<_> = PLAIN
        .iter()
        .map(|scheme| open(scheme, &[("secrets", secret())]))
        .collect();
    for version in ["v1", "v2", "v3"] {
        let version = ("version", Value::from(version));
        all.push(open("hubspot", &[("secrets", secret()), version]));
    }
    let hex = || Value::list([Value::from("00ff")]);
    all.push(open("adyen", &[("secrets", hex())]));
    let platform = ("mode", Value::from("platform"));
    all.push(open("adyen", &[("secrets", hex()), platform]));
    all.push(open("discord", &[("public_key_hex", Value::from(ED25519))]));
    all.push(open(
        "sendgrid",
        &[("public_key_der_b64", Value::from(P256))],
    ));
    all.push(open("aws-sns", &[]));
    all.push(open("paypal", &[("webhook_id", Value::from("w"))]));
    let template = [
        ("secrets", secret()),
        (
            "template",
            Value::from("{id}.{timestamp}.{method}.{url}.{body}"),
        ),
        ("header", Value::from("x-sig")),
        ("separator", Value::from(",")),
        ("timestamp_header", Value::from("x-time")),
        ("id_header", Value::from("x-id")),
    ];
    all.push(open("hmac", &template));
    let key = [("algorithm", "hmac-sha256"), ("secret", "k")];
    let key = Value::map(key.map(|(k, v)| (k, Value::from(v))));
    all.push(open("rfc9421", &[("keys", Value::list([key]))]));
    all
}

thread_local! {
    static VERIFIERS: Vec<Verifier> = verifiers();
}

/// No forgery brings an event, whatever the bytes.
pub(crate) fn run(data: &[u8]) {
    let (first, fields, body) = request::of(data);
    let (number, url) = first.split_first().unwrap_or((&0, &[]));
    let headers = Headers::new(fields);
    let url = String::from_utf8_lossy(url);
    let message = Message {
        body,
        headers: &headers,
        method: "POST",
        url: &url,
    };
    // The body is the certificate as well.
    let fetch = |_: &str| Ok(body.to_vec());
    VERIFIERS.with(|all| {
        let verifier = &all[usize::from(*number) % all.len()];
        let found = verifier.verify_fetching(&message, NOW, &SecretRef::resolve, &fetch);
        if let Ok(verified) = found {
            assert!(verified.events.is_empty(), "a forgery was accepted");
        }
    });
}
