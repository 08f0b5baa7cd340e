//! A connection's options: lines of `path.to.key:value`. `#` begins a secret reference, `[` a list
//! split at commas.

use causeway::options::{Plan, SecretRef, Source, Value};

/// Stands in secrets alone, so that a refusal which has it shows one.
const CANARY: &str = "Z9canary";
/// What is a secret wherever its value is written out.
const SECRETS: [&str; 5] = [
    "auth.client_secret",
    "auth.password",
    "auth.token",
    "webhook.secrets",
    "webhook.encrypt.k",
];

/// Options are taken or refused, and a refusal shows no secret.
pub(crate) fn run(data: &[u8]) {
    let mut options = Vec::new();
    let mut is_shown = false;
    for line in data.split(|b| *b == b'\n') {
        let line = String::from_utf8_lossy(line);
        let (path, value) = line.split_once(':').unwrap_or((&line, ""));
        is_shown |= line.contains(CANARY) && (!SECRETS.contains(&path) || path.contains(CANARY));
        put(&mut options, path, value);
    }
    let options = Value::Map(options);
    for source in [Source::Code, Source::File] {
        if let Err(refusal) = Plan::parse_from("shop", &options, source) {
            let text = refusal.to_string();
            assert!(!text.is_empty());
            assert!(is_shown || !text.contains(CANARY), "{text}");
        }
    }
}

fn put(entries: &mut Vec<(String, Value)>, path: &str, value: &str) {
    let (key, rest) = match path.split_once('.') {
        Some((key, rest)) => (key, Some(rest)),
        None => (path, None),
    };
    let place = entries.iter().position(|(known, _)| known == key);
    let place = place.unwrap_or_else(|| {
        entries.push((key.to_owned(), Value::Null));
        entries.len() - 1
    });
    let slot = &mut entries[place].1;
    let Some(rest) = rest else {
        *slot = of(value);
        return;
    };
    if !matches!(slot, Value::Map(_)) {
        *slot = Value::Map(Vec::new());
    }
    if let Value::Map(inner) = slot {
        put(inner, rest, value);
    }
}

fn of(text: &str) -> Value {
    if let Some(items) = text.strip_prefix('[') {
        return Value::list(items.split(',').map(of));
    }
    if let Some(reference) = text.strip_prefix('#') {
        return Value::Secret(SecretRef::new(reference));
    }
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => match (text.parse(), text.parse()) {
            (Ok(number), _) => Value::Int(number),
            (_, Ok(number)) => Value::Float(number),
            _ => Value::from(text),
        },
    }
}
