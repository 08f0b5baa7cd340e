//! Bodies whose signature holds: what is read of them once a sender is known. The first byte is the
//! scheme's number, the first line the id, the rest the body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use causeway::clock::UnixMs;
use causeway::options::Value;
use causeway::signature::{Headers, Message, Verifier};
use ring::hmac::{self, Algorithm, HMAC_SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA256};

const NOW: UnixMs = UnixMs(1_700_000_000_000);
const T: &str = "1700000000";
const TWITCH: &str = "2023-11-14T22:13:20Z";
const SECRET: &str = "a secret of the fuzzer";
const URL: &str = "https://shop.example/hook?a=b%20c";

type Fields = Vec<(&'static str, String)>;
type Sign = fn(id: &str, body: &[u8]) -> Fields;

fn mac(algorithm: Algorithm, parts: &[&[u8]]) -> Vec<u8> {
    let key = hmac::Key::new(algorithm, SECRET.as_bytes());
    hmac::sign(&key, &parts.concat()).as_ref().to_vec()
}

fn hex(parts: &[&[u8]]) -> String {
    hex::encode(mac(HMAC_SHA256, parts))
}

fn base64(parts: &[&[u8]]) -> String {
    STANDARD.encode(mac(HMAC_SHA256, parts))
}

fn stamped(separator: &str, body: &[u8]) -> String {
    hex(&[T.as_bytes(), separator.as_bytes(), body])
}

/// Each scheme, and how its vendor signs.
const SCHEMES: [(&str, Sign); 17] = [
    ("github", |id, body| {
        let signature = format!("sha256={}", hex(&[body]));
        vec![
            ("x-hub-signature-256", signature),
            ("x-github-delivery", id.to_owned()),
        ]
    }),
    ("shopify", |id, body| {
        vec![
            ("x-shopify-hmac-sha256", base64(&[body])),
            ("x-shopify-event-id", id.to_owned()),
        ]
    }),
    ("mollie", |_, body| {
        vec![("x-mollie-signature", hex(&[body]))]
    }),
    ("intercom", |_, body| {
        let mac = mac(HMAC_SHA1_FOR_LEGACY_USE_ONLY, &[body]);
        vec![("x-hub-signature", format!("sha1={}", hex::encode(mac)))]
    }),
    ("linear", |id, body| {
        vec![
            ("linear-signature", hex(&[body])),
            ("linear-delivery", id.to_owned()),
        ]
    }),
    ("salesforce-mc-ens", |_, body| {
        vec![("x-sfmc-ens-signature", base64(&[body]))]
    }),
    ("calendly", |_, body| {
        let value = format!("t={T},v1={}", stamped(".", body));
        vec![("calendly-webhook-signature", value)]
    }),
    ("stripe", |_, body| {
        let value = format!("t={T},v1={}", stamped(".", body));
        vec![("stripe-signature", value)]
    }),
    ("paddle", |_, body| {
        let value = format!("ts={T};h1={}", stamped(":", body));
        vec![("paddle-signature", value)]
    }),
    ("slack", |_, body| {
        let mac = hex(&[b"v0:", T.as_bytes(), b":", body]);
        vec![
            ("x-slack-request-timestamp", T.to_owned()),
            ("x-slack-signature", format!("v0={mac}")),
        ]
    }),
    ("zoom", |_, body| {
        let mac = hex(&[b"v0:", T.as_bytes(), b":", body]);
        vec![
            ("x-zm-request-timestamp", T.to_owned()),
            ("x-zm-signature", format!("v0={mac}")),
        ]
    }),
    ("twitch-eventsub", |id, body| {
        // The last letter of the id chooses the kind.
        let kind = match id.as_bytes().last() {
            Some(b'v') => "webhook_callback_verification",
            Some(b'r') => "revocation",
            _ => "notification",
        };
        let mac = hex(&[id.as_bytes(), TWITCH.as_bytes(), body]);
        vec![
            ("twitch-eventsub-message-id", id.to_owned()),
            ("twitch-eventsub-message-timestamp", TWITCH.to_owned()),
            ("twitch-eventsub-message-type", kind.to_owned()),
            ("twitch-eventsub-message-signature", format!("sha256={mac}")),
        ]
    }),
    ("hubspot", |_, body| {
        let time = format!("{T}000");
        let mac = base64(&[b"POST", URL.as_bytes(), body, time.as_bytes()]);
        vec![
            ("x-hubspot-request-timestamp", time),
            ("x-hubspot-signature-v3", mac),
        ]
    }),
    ("square", |_, body| {
        let mac = base64(&[URL.as_bytes(), body]);
        vec![("x-square-hmacsha256-signature", mac)]
    }),
    ("standard-webhooks", |id, body| {
        let mac = base64(&[id.as_bytes(), b".", T.as_bytes(), b".", body]);
        vec![
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", T.to_owned()),
            ("webhook-signature", format!("v1,{mac}")),
        ]
    }),
    ("svix", |id, body| {
        let mac = base64(&[id.as_bytes(), b".", T.as_bytes(), b".", body]);
        vec![
            ("svix-id", id.to_owned()),
            ("svix-timestamp", T.to_owned()),
            ("svix-signature", format!("v1,{mac}")),
        ]
    }),
    ("twilio", |id, body| {
        // Right for a body without fields, and for one field: what more there is comes out refused.
        let text = String::from_utf8_lossy(body);
        let (name, value) = text.split_once('=').unwrap_or((&text, ""));
        let parts = [URL.as_bytes(), name.as_bytes(), value.as_bytes()];
        let mac = mac(HMAC_SHA1_FOR_LEGACY_USE_ONLY, &parts);
        let form = "application/x-www-form-urlencoded";
        vec![
            ("content-type", form.to_owned()),
            ("x-twilio-signature", STANDARD.encode(mac)),
            ("i-twilio-idempotency-token", id.to_owned()),
        ]
    }),
];

fn verifier(scheme: &str) -> Verifier {
    let (field, secret) = match scheme {
        "standard-webhooks" | "svix" => ("secrets_b64", STANDARD.encode(SECRET)),
        _ => ("secrets", SECRET.to_owned()),
    };
    let options = Value::map([(field, Value::list([Value::from(secret)]))]);
    Verifier::new(scheme, &options).expect("the options are good")
}

thread_local! {
    static VERIFIERS: Vec<Verifier> = SCHEMES.iter().map(|(name, _)| verifier(name)).collect();
}

/// Events have ids, come out the same again, and no refusal shows the secret.
pub(crate) fn run(data: &[u8]) {
    let at = data.iter().position(|b| *b == b'\n').unwrap_or(data.len());
    let (first, body) = data.split_at(at);
    let body = body.get(1..).unwrap_or_default();
    let (number, id) = first.split_first().unwrap_or((&0, &[]));
    let id: String = id.iter().map(|b| char::from(b'!' + b % 90)).collect();
    let place = usize::from(*number) % SCHEMES.len();
    let fields = SCHEMES[place].1(&id, body);
    let headers = Headers::new(fields.iter().map(|(name, value)| (*name, value.as_str())));
    let message = Message {
        body,
        headers: &headers,
        method: "POST",
        url: URL,
    };
    let verify = || VERIFIERS.with(|all| all[place].verify(&message, NOW));
    match (verify(), verify()) {
        (Ok(first), Ok(second)) => {
            assert!(!first.events.is_empty() || first.reply.is_some());
            assert_eq!(first.reply, second.reply);
            for (one, other) in first.events.iter().zip(&second.events) {
                assert!(!one.id().is_empty());
                assert_eq!((one.id(), one.kind()), (other.id(), other.kind()));
                assert_eq!(one.checksum(), other.checksum());
                assert_eq!(one.checksum().len(), 64);
            }
        }
        (Err(first), Err(second)) => {
            let text = first.to_string();
            assert_eq!(text, second.to_string());
            assert!(!text.contains(SECRET));
        }
        _ => panic!("the same delivery was judged in two ways"),
    }
}
