//! How an idempotency key goes onto the wire, by connection.
//!
//! draft-ietf-httpapi-idempotency-key-header makes the field a structured string, in quotes; most
//! vendors came before it and want the bare key, under this name or another. A key is made once for
//! an intent, and every attempt carries the same bytes.

use http::{HeaderName, HeaderValue};

use crate::clock;
use crate::options::{Fields, OptionError, Value};

/// Longer keys are refused by every vendor that says a length.
const MAX_CHARS: usize = 255;

/// The connection's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The field.
    pub header: HeaderName,
    /// What its value looks like.
    pub form: Form,
    /// The connection says how: its vendor takes keys, so a call that would not be safe to repeat
    /// gets one.
    pub is_taken: bool,
}

/// What the field's value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The key as it is.
    Bare,
    /// A structured string (RFC 9651 section 3.3.3): in quotes, `"` and `\` escaped.
    Quoted,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            header: HeaderName::from_static("idempotency-key"),
            form: Form::Bare,
            is_taken: false,
        }
    }
}

impl Options {
    /// Reads the section `idempotency`: `header` and `form`.
    ///
    /// # Errors
    /// An option that is unknown or of a wrong type.
    pub fn parse(section: Option<Fields>) -> Result<Self, OptionError> {
        let mut options = Self::default();
        let Some(mut fields) = section else {
            return Ok(options);
        };
        options.is_taken = true;
        if let Some(name) = fields.text("header")? {
            options.header = HeaderName::from_bytes(name.as_bytes())
                .ok()
                .filter(|name| !super::is_of_transport(name))
                .ok_or_else(|| {
                    fields.refuse("header", &Value::from(name), "a field that may be set")
                })?;
        }
        let forms = [("bare", Form::Bare), ("quoted", Form::Quoted)];
        options.form = fields.one_of("form", &forms)?.unwrap_or(options.form);
        fields.finish()?;
        Ok(options)
    }

    /// The field's value.
    ///
    /// # Errors
    /// Why the key cannot stand there.
    pub fn value(&self, key: &str) -> Result<HeaderValue, String> {
        // RFC 9651 section 3.3.3: strings are of visible ASCII and space.
        let is_plain = key.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if !is_plain || key.is_empty() || key.len() > MAX_CHARS {
            let wrong = "the idempotency key must be 1 to 255 characters of visible ASCII";
            return Err(wrong.to_owned());
        }
        let value = match self.form {
            Form::Bare => key.to_owned(),
            Form::Quoted => {
                let escaped = key.replace('\\', "\\\\").replace('"', "\\\"");
                format!("\"{escaped}\"")
            }
        };
        HeaderValue::try_from(value).map_err(|error| error.to_string())
    }
}

/// A new key: a random UUID (RFC 9562 section 5.4), the form that every vendor takes.
pub fn new_key() -> String {
    let mut bytes = clock::random_bytes::<16>();
    let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
    *version = (*version & 0x0f) | 0x40;
    *variant = (*variant & 0x3f) | 0x80;
    let hex = hex::encode(bytes);
    let part = |from, to| hex.get(from..to).unwrap_or_default();
    let parts = [
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32),
    ];
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(entries: &[(&str, &str)]) -> Result<Options, String> {
        let map = Value::map(
            entries
                .iter()
                .map(|(key, value)| (*key, Value::from(*value))),
        );
        let section = Fields::new(&Value::map([("idempotency", map)]))
            .unwrap()
            .section("idempotency");
        Options::parse(section.unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_key_goes_as_the_connection_wants_it() {
        let rows = [
            (&[][..], "a-1", "idempotency-key", "a-1"),
            (&[("form", "quoted")], "a-1", "idempotency-key", "\"a-1\""),
            (
                &[("form", "quoted")],
                "a\"\\",
                "idempotency-key",
                "\"a\\\"\\\\\"",
            ),
            (
                &[("header", "PayPal-Request-Id"), ("form", "bare")],
                "a 1",
                "paypal-request-id",
                "a 1",
            ),
        ];
        for (entries, key, header, value) in rows {
            let options = parsed(entries).unwrap();
            assert_eq!(options.header, header);
            assert_eq!(options.value(key).unwrap(), value);
        }
    }

    #[test]
    fn keys_that_no_vendor_takes_are_refused() {
        let long = "x".repeat(256);
        for key in ["", "a\r\nb", "é", "\0", &long] {
            assert!(Options::default().value(key).is_err(), "{key:?}");
        }
    }

    #[test]
    fn options_are_refused_by_name() {
        let rows = [
            (
                ("header", "no name"),
                "option 'idempotency.header' must be a field that may be set, got 'no name'",
            ),
            (
                ("header", "Host"),
                "option 'idempotency.header' must be a field that may be set, got 'Host'",
            ),
            (
                ("form", "sf"),
                "option 'idempotency.form' must be one of 'bare', 'quoted', got 'sf'",
            ),
            (
                ("name", "x"),
                "option 'idempotency.name' must be one of the known options (form, header), got an unknown option",
            ),
        ];
        for (entry, message) in rows {
            assert_eq!(parsed(&[entry]), Err(message.to_owned()));
        }
    }

    #[test]
    fn a_new_key_is_a_random_uuid() {
        let key = new_key();
        assert_eq!(key.len(), 36);
        assert_eq!(&key[14..15], "4");
        assert!(matches!(&key[19..20], "8" | "9" | "a" | "b"));
        assert_ne!(key, new_key());
    }
}
