//! Payloads of the inbox: the first line holds JSON pointers, split at spaces, the rest is JSON.

use causeway::idempotency::parsers::{scrubbed, shown};
use serde_json::Value;

/// Nothing that a pointer names is shown.
pub(crate) fn run(data: &[u8]) {
    let at = data.iter().position(|b| *b == b'\n').unwrap_or(data.len());
    let (pointers, payload) = data.split_at(at);
    let payload = payload.get(1..).unwrap_or_default();
    let pointers = String::from_utf8_lossy(pointers);
    let mut redact: Vec<_> = pointers.split(' ').map(str::to_owned).collect();
    redact.retain(|pointer| pointer.starts_with('/'));
    let text = shown(payload, &redact);
    let _ = scrubbed(&String::from_utf8_lossy(payload), payload, &redact);
    if redact.is_empty() {
        return;
    }
    let Ok(json) = serde_json::from_str::<Value>(&text) else {
        assert_eq!(text, "[redacted]");
        return;
    };
    for pointer in redact.iter().filter(|pointer| !pointer.contains('*')) {
        if let Some(value) = json.pointer(pointer) {
            assert_eq!(value, "[redacted]", "{pointer}");
        }
    }
    assert_eq!(shown(text.as_bytes(), &redact), text);
}
