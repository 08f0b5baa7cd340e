//! What programs configure: templates, components, secrets in all their encodings. Lines of
//! `key:value`; the first line is the scheme's number.

use causeway::options::Value;
use causeway::signature::message_signature::MessageSigner;
use causeway::signature::{Signer, Verifier};

use super::request;

const SCHEMES: [&str; 8] = [
    "standard-webhooks",
    "hmac",
    "rfc9421",
    "discord",
    "sendgrid",
    "adyen",
    "aws-sns",
    "hubspot",
];
/// Options that are lists.
const LISTS: [&str; 8] = [
    "secrets",
    "secrets_hex",
    "secrets_b64",
    "public_keys",
    "private_keys",
    "required",
    "components",
    "parameters",
];

/// Stands in secrets alone, so that a refusal which has it shows one.
const CANARY: &[u8] = b"Z9canary";

fn has_canary(bytes: &[u8]) -> bool {
    bytes.windows(CANARY.len()).any(|part| part == CANARY)
}

/// Options are taken or refused, and no refusal shows a secret.
pub(crate) fn run(data: &[u8]) {
    let (number, fields, _) = request::of(data);
    let scheme = SCHEMES[usize::from(number.first().copied().unwrap_or(0)) % SCHEMES.len()];
    let mut options: Vec<(String, Value)> = Vec::new();
    // An option without a name is refused without one.
    let fields: Vec<_> = fields
        .into_iter()
        .filter(|(key, _)| !key.is_empty())
        .collect();
    let is_secret = |key: &[u8]| key.starts_with(b"secret") || key.starts_with(b"private");
    let shown = fields
        .iter()
        .any(|(key, value)| has_canary(key) || (!is_secret(key) && has_canary(value)));
    for (key, value) in fields {
        let key = String::from_utf8_lossy(key).into_owned();
        let value = match std::str::from_utf8(value).ok().and_then(|v| v.parse().ok()) {
            Some(number) => Value::Int(number),
            None => Value::Str(value.to_vec()),
        };
        let is_list = LISTS.contains(&key.as_str());
        options.push((key, if is_list { Value::list([value]) } else { value }));
    }
    let key = [("algorithm", "hmac-sha256"), ("secret", "k")];
    let key = Value::map(key.map(|(k, v)| (k, Value::from(v))));
    let mut with_keys = options.clone();
    with_keys.push(("keys".to_owned(), Value::list([key])));
    let (options, with_keys) = (Value::map(options), Value::map(with_keys));
    for options in [&options, &with_keys] {
        let refusals = [
            Verifier::new(scheme, options).err(),
            Signer::new(scheme, options).err(),
            MessageSigner::new(options).err(),
        ];
        for refusal in refusals.into_iter().flatten() {
            assert!(!refusal.field.is_empty());
            assert!(
                shown || !has_canary(refusal.to_string().as_bytes()),
                "{refusal}"
            );
        }
    }
}
