//! Payloads as they are kept: sealed under a key of the connection, and shown without some fields.
//!
//! AES-256-GCM with a random nonce in front of the text. What is sealed is bound to its event
//! (source and id are authenticated), so that it cannot be read in another event's place. The id
//! of the key stands in the record's detail: the first key of the options seals, every one opens
//! what it sealed, so a key is rotated by putting the new one first, and dropped once no record
//! names it. The record's checksum is that of the plain payload, for repeats to be known by.
//!
//! Redacted fields are for people's eyes: they are replaced where a payload is shown, and their
//! values in the errors that are kept. Handlers get the whole payload.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde_json::{Map, Value};

use crate::clock;
use crate::options::{PayloadKey, SecretBytes};

/// Where the id of the key stands in a record's detail.
pub(super) const KEY_ID: &str = "key_id";
const KEY_BYTES: usize = 32;
const REDACTED: &str = "[redacted]";
/// Shorter values are found everywhere in a text, and say nothing.
const SCRUBBED_FROM_CHARS: usize = 3;

/// Why a payload could not be sealed or opened. Names the key's id, never a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// The key cannot be read, or is no key.
    #[error("the payload's key '{id}' cannot be used: {reason}")]
    Key {
        /// The key's id.
        id: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No key of this id is configured any more.
    #[error("the payload is sealed under the key '{id}', which is not configured")]
    UnknownKey {
        /// The key's id.
        id: String,
    },
    /// The stored bytes are not what the key sealed for this event.
    #[error("the payload cannot be opened with the key '{id}': it was changed, or is another's")]
    Broken {
        /// The key's id.
        id: String,
    },
}

/// Seals a payload under the first key; the bytes to keep, and the key's id.
pub(super) fn seal<'a>(
    keys: &'a [PayloadKey],
    event: (&str, &str),
    payload: &[u8],
) -> Result<Option<(Vec<u8>, &'a str)>, PayloadError> {
    let Some(key) = keys.first() else {
        return Ok(None);
    };
    let broken = |_| PayloadError::Broken { id: key.id.clone() };
    let nonce: [u8; NONCE_LEN] = clock::random_bytes();
    let mut sealed = payload.to_vec();
    let aad = Aad::from(about(event));
    cipher(key)?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed)
        .map_err(broken)?;
    let mut kept = nonce.to_vec();
    kept.append(&mut sealed);
    Ok(Some((kept, &key.id)))
}

/// Opens what the record's detail says was sealed; a plain payload is handed through.
pub(super) fn open(
    keys: &[PayloadKey],
    event: (&str, &str),
    detail: &Map<String, Value>,
    kept: &[u8],
) -> Result<Vec<u8>, PayloadError> {
    let Some(id) = detail.get(KEY_ID).and_then(Value::as_str) else {
        return Ok(kept.to_vec());
    };
    let broken = || PayloadError::Broken { id: id.to_owned() };
    let unknown = || PayloadError::UnknownKey { id: id.to_owned() };
    let key = keys.iter().find(|key| key.id == id).ok_or_else(unknown)?;
    let (nonce, sealed) = kept.split_at_checked(NONCE_LEN).ok_or_else(broken)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| broken())?;
    let mut text = sealed.to_vec();
    let opened = cipher(key)?
        .open_in_place(nonce, Aad::from(about(event)), &mut text)
        .map_err(|_| broken())?
        .len();
    text.truncate(opened);
    Ok(text)
}

/// What a sealed payload belongs to; lengths in front keep the parts apart.
fn about((source, id): (&str, &str)) -> Vec<u8> {
    let mut about = (source.len() as u64).to_be_bytes().to_vec();
    about.extend_from_slice(source.as_bytes());
    about.extend_from_slice(id.as_bytes());
    about
}

fn cipher(key: &PayloadKey) -> Result<LessSafeKey, PayloadError> {
    let refuse = |reason: String| PayloadError::Key {
        id: key.id.clone(),
        reason,
    };
    let secret = key.secret.resolve();
    let secret = secret.map_err(|error| refuse(error.to_string()))?;
    let bytes = key_bytes(&secret).ok_or_else(|| {
        refuse("it must be 32 bytes, as they are, as 64 hex digits or as base64".to_owned())
    })?;
    let key = UnboundKey::new(&AES_256_GCM, bytes.expose());
    key.map(LessSafeKey::new)
        .map_err(|_| refuse("it is no key".to_owned()))
}

fn key_bytes(secret: &SecretBytes) -> Option<SecretBytes> {
    use base64::Engine as _;
    let given = secret.expose().trim_ascii();
    let decoded = match given.len() {
        KEY_BYTES => given.to_vec(),
        64 => hex::decode(given).ok()?,
        _ => base64::engine::general_purpose::STANDARD
            .decode(given)
            .ok()?,
    };
    (decoded.len() == KEY_BYTES).then(|| SecretBytes::new(decoded))
}

/// A payload as people may see it. One that is no JSON is not shown where anything is redacted.
pub(in crate::idempotency) fn shown(payload: &[u8], redact: &[String]) -> String {
    if redact.is_empty() {
        return String::from_utf8_lossy(payload).into_owned();
    }
    let Ok(mut json) = serde_json::from_slice::<Value>(payload) else {
        return REDACTED.to_owned();
    };
    for pointer in redact {
        each_at(&mut json, &steps(pointer), &mut |value| {
            *value = Value::from(REDACTED);
        });
    }
    json.to_string()
}

/// An error without the values of redacted fields.
pub(in crate::idempotency) fn scrubbed(error: &str, payload: &[u8], redact: &[String]) -> String {
    let mut error = error.to_owned();
    let Ok(mut json) = serde_json::from_slice::<Value>(payload) else {
        return error;
    };
    for pointer in redact {
        each_at(&mut json, &steps(pointer), &mut |value| {
            for text in texts_in(value) {
                if text.chars().count() >= SCRUBBED_FROM_CHARS {
                    error = error.replace(&text, REDACTED);
                }
            }
        });
    }
    error
}

fn steps(pointer: &str) -> Vec<String> {
    let unescaped = |step: &str| step.replace("~1", "/").replace("~0", "~");
    pointer.split('/').skip(1).map(unescaped).collect()
}

/// Visits what a pointer names, `*` being any key or number.
fn each_at(value: &mut Value, steps: &[String], visit: &mut dyn FnMut(&mut Value)) {
    let Some((step, rest)) = steps.split_first() else {
        visit(value);
        return;
    };
    match value {
        Value::Object(object) => {
            for (key, inner) in object.iter_mut() {
                if step == "*" || step == key {
                    each_at(inner, rest, visit);
                }
            }
        }
        Value::Array(items) => {
            for (at, inner) in items.iter_mut().enumerate() {
                if step == "*" || *step == at.to_string() {
                    each_at(inner, rest, visit);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn texts_in(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Number(number) => vec![number.to_string()],
        Value::Array(items) => items.iter().flat_map(texts_in).collect(),
        Value::Object(object) => object.values().flat_map(texts_in).collect(),
        Value::Null | Value::Bool(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::SecretRef;

    const EVENT: (&str, &str) = ("crm", "e1");

    fn key(id: &str, secret: &[u8]) -> PayloadKey {
        PayloadKey {
            id: id.to_owned(),
            secret: SecretRef::literal(secret),
        }
    }

    fn detail(id: &str) -> Map<String, Value> {
        [(KEY_ID.to_owned(), Value::from(id))].into_iter().collect()
    }

    #[test]
    fn the_first_key_seals_and_each_opens_what_it_sealed() {
        let old = key("k1", &[1; 32]);
        let new = key("k2", hex::encode([2; 32]).as_bytes());
        let alone = [old.clone()];
        let (kept, id) = seal(&alone, EVENT, b"secret").unwrap().unwrap();
        assert_eq!(id, "k1");
        assert!(!kept.windows(6).any(|part| part == b"secret"));
        let rotated = [new, old];
        assert_eq!(
            open(&rotated, EVENT, &detail("k1"), &kept).unwrap(),
            b"secret"
        );
        let (again, id) = seal(&rotated, EVENT, b"secret").unwrap().unwrap();
        assert_eq!(id, "k2");
        assert_eq!(
            open(&rotated, EVENT, &detail("k2"), &again).unwrap(),
            b"secret"
        );
        let (other, _) = seal(&rotated, EVENT, b"secret").unwrap().unwrap();
        assert_ne!(again, other, "nonces differ");
        assert_eq!(open(&[], EVENT, &Map::new(), b"plain").unwrap(), b"plain");
    }

    #[test]
    fn what_was_changed_or_is_anothers_is_not_opened() {
        let keys = [key("k1", &[1; 32])];
        let (kept, _) = seal(&keys, EVENT, b"secret").unwrap().unwrap();
        let broken = Err(PayloadError::Broken {
            id: "k1".to_owned(),
        });
        for at in 0..kept.len() {
            let mut changed = kept.clone();
            changed[at] ^= 1;
            assert_eq!(open(&keys, EVENT, &detail("k1"), &changed), broken, "{at}");
        }
        assert_eq!(open(&keys, ("crm", "e2"), &detail("k1"), &kept), broken);
        assert_eq!(open(&keys, EVENT, &detail("k1"), b"short"), broken);
        let unknown = Err(PayloadError::UnknownKey {
            id: "k0".to_owned(),
        });
        assert_eq!(open(&keys, EVENT, &detail("k0"), &kept), unknown);
        let wrong = seal(&[key("k1", b"too short")], EVENT, b"x").unwrap_err();
        assert!(wrong.to_string().contains("must be 32 bytes"), "{wrong}");
    }

    #[test]
    fn redacted_fields_are_not_shown_and_not_in_errors() {
        let payload = br#"{"id":7,"to":[{"email":"ann@example.org","n":1},{"email":"bob@example.org"}],"a/b":"slash"}"#;
        let redact = [
            "/to/*/email".to_owned(),
            "/a~1b".to_owned(),
            "/none".to_owned(),
        ];
        assert_eq!(
            shown(payload, &redact),
            r#"{"id":7,"to":[{"email":"[redacted]","n":1},{"email":"[redacted]"}],"a/b":"[redacted]"}"#
        );
        assert_eq!(shown(b"to=ann", &redact), "[redacted]");
        assert_eq!(shown(b"to=ann", &[]), "to=ann");
        assert_eq!(
            scrubbed("no mailbox bob@example.org (slash)", payload, &redact),
            "no mailbox [redacted] ([redacted])"
        );
    }
}
