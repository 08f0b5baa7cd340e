//! One event of a verified delivery: what the ledger needs to know it again, and its payload.
//!
//! The id is the scheme's own where it has one. Where it has none, it is the SHA-256 of the signed
//! bytes: the same delivery sent twice has the same id, and nothing unsigned takes part in it.
//! Checksum and JSON are made when they are asked for, as a refused or repeated delivery needs
//! neither. JSON is read as PHP reads it: the last of duplicate keys counts, and 128 levels are the
//! cap.

use std::borrow::Cow;
use std::cell::OnceCell;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Payload;

/// One event. Its `Debug` shows no payload.
#[derive(Clone)]
pub struct Event {
    id: String,
    /// The type from a header; without one the payload's own counts.
    header_kind: Option<String>,
    time_ms: Option<i64>,
    source: Cow<'static, str>,
    payload: Payload,
    checksum: OnceCell<String>,
    json: OnceCell<Option<Value>>,
}

impl Event {
    /// An event of `source` as it was recorded; its type is the payload's.
    pub fn new(
        source: impl Into<Cow<'static, str>>,
        id: impl Into<String>,
        payload: impl Into<Payload>,
    ) -> Self {
        Self {
            id: id.into(),
            header_kind: None,
            time_ms: None,
            source: source.into(),
            payload: payload.into(),
            checksum: OnceCell::new(),
            json: OnceCell::new(),
        }
    }

    /// The same, of this type: what a header said.
    pub(crate) fn with_kind(mut self, kind: Option<&str>) -> Self {
        self.header_kind = kind.map(str::to_owned);
        self
    }

    /// The same, signed at this time.
    pub(crate) fn with_time_ms(mut self, time_ms: Option<i64>) -> Self {
        self.time_ms = time_ms;
        self
    }

    pub(super) fn with_id(mut self, id: String) -> Self {
        self.id = id;
        self
    }

    /// The same event with this checksum, where some of its payload changes on a mere repeat.
    pub(super) fn with_checksum(mut self, checksum: String) -> Self {
        self.checksum = OnceCell::from(checksum);
        self
    }

    /// The same event under another source, such as the connection's name.
    #[must_use]
    pub fn with_source(mut self, source: &str) -> Self {
        self.source = Cow::Owned(source.to_owned());
        self
    }

    /// The id to use against replays.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What happened, in the vendor's words: `contact.updated`.
    pub fn kind(&self) -> Option<&str> {
        self.header_kind
            .as_deref()
            .or_else(|| self.pointer("/type")?.as_str())
    }

    /// When the sender signed it, Unix milliseconds, where the scheme signs a time.
    pub fn time_ms(&self) -> Option<i64> {
        self.time_ms
    }

    /// Who sent it: the scheme's name, until [`Self::with_source`] gives a better one.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// SHA-256 of the payload, 64 hex digits.
    pub fn checksum(&self) -> &str {
        self.checksum.get_or_init(|| sha256_hex(&[&self.payload]))
    }

    /// The payload's bytes as they were sent.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The payload as JSON, or nothing where it is none.
    pub fn json(&self) -> Option<&Value> {
        self.json
            .get_or_init(|| serde_json::from_slice(&self.payload).ok())
            .as_ref()
    }

    /// What an RFC 6901 pointer such as `/data/id` points at.
    pub fn pointer(&self, pointer: &str) -> Option<&Value> {
        self.json()?.pointer(pointer)
    }

    /// An id within the payload as text: a string that is not empty, or a whole number.
    pub fn pointer_id(&self, pointer: &str) -> Option<String> {
        match self.pointer(pointer)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) if !number.is_f64() => Some(number.to_string()),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => None,
        }
    }
}

impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Event")
            .field("source", &self.source)
            .field("id", &self.id)
            .field("payload_bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}

/// SHA-256 over the parts in their order, as 64 hex digits.
pub(crate) fn sha256_hex(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_found_by_pointer_when_it_is_text_or_a_whole_number() {
        let event = Event::new("crm", "e1", br#"{"data":{"id":"c7","n":7,"big":18446744073709551615,"f":1.5,"e":"","x":null,"a/b":"s"}}"#);
        for (pointer, expected) in [
            ("/data/id", Some("c7")),
            ("/data/n", Some("7")),
            ("/data/big", Some("18446744073709551615")),
            ("/data/a~1b", Some("s")),
            ("/data/f", None),
            ("/data/e", None),
            ("/data/x", None),
            ("/data", None),
            ("/none", None),
            ("data/id", None),
        ] {
            assert_eq!(event.pointer_id(pointer).as_deref(), expected, "{pointer}");
        }
    }

    #[test]
    fn the_last_of_duplicate_keys_counts_as_in_php() {
        let event = Event::new("crm", "e1", br#"{"type":"a","type":"b"}"#);
        assert_eq!(event.kind(), Some("b"));
    }

    #[test]
    fn a_body_that_is_no_json_is_still_an_event() {
        let event = Event::new("crm", "e1", b"Hello, World!");
        assert_eq!((event.kind(), event.json()), (None, None));
        assert_eq!(
            event.checksum(),
            "dffd6021bb2bd5b0af676290809ec3a53191dd81c7f70a4b28688a362182986f"
        );
    }

    #[test]
    fn json_beyond_the_depth_cap_is_no_json() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(Event::new("crm", "e1", deep.as_bytes()).json(), None);
    }

    #[test]
    fn debug_shows_no_payload() {
        let event = Event::new("crm", "e1", b"{\"card\":\"4242\"}");
        assert!(!format!("{event:?}").contains("4242"));
    }
}
