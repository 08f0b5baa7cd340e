//! The delivery as it came: raw body, and header fields by normalised name.
//!
//! PHP has headers in three shapes: `'Name' => 'value'`, `'name' => ['value', …]` and `$_SERVER`
//! with `HTTP_NAME`. All become lower-case names with dashes and values as bytes, in the order in
//! which they came. Values are not trimmed or decoded: what was sent is judged as it was sent.
//!
//! A field that a scheme reads must be there once. Two values for one name mean that two parties
//! may read two different ones, so such a delivery is refused.

use super::Refusal;

/// The longest value that a scheme reads, in bytes; servers cap header lines near this as well.
const MAX_VALUE_BYTES: usize = 8 * 1024;

/// One delivery, borrowed from the caller.
#[derive(Clone, Copy, Debug)]
pub struct Message<'m> {
    /// The raw bytes that were sent, before any decoding.
    pub body: &'m [u8],
    /// The header fields.
    pub headers: &'m Headers,
    /// The request's method, for schemes that sign it.
    pub method: &'m str,
    /// The full URL that the sender called, for schemes that sign it; may be empty otherwise.
    pub url: &'m str,
}

impl<'m> Message<'m> {
    /// The URL, for a scheme that signs it: visible ASCII, as it came over the wire.
    pub(crate) fn signed_url(&self) -> Result<&'m str, Refusal> {
        let is_url = !self.url.is_empty() && self.url.bytes().all(|b| b.is_ascii_graphic());
        is_url.then_some(self.url).ok_or(Refusal::MissingUrl)
    }
}

/// Header fields by lower-case name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    fields: Vec<(String, Vec<u8>)>,
}

impl Headers {
    /// Takes fields in any of PHP's shapes; a name with several values is several pairs.
    pub fn new<N: AsRef<str>, V: Into<Vec<u8>>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let fields = pairs
            .into_iter()
            .map(|(name, value)| (normalise(name.as_ref()), value.into()));
        Self {
            fields: fields.collect(),
        }
    }

    /// All values of a field, `name` in lower case, in their order.
    pub fn all<'h>(&'h self, name: &str) -> impl Iterator<Item = &'h [u8]> {
        self.fields
            .iter()
            .filter(move |(n, _)| n == name)
            .map(|(_, value)| value.as_slice())
    }

    /// The one value of a field that may be absent; refuses an empty, repeated or overlong one.
    pub(crate) fn optional(&self, name: &'static str) -> Result<Option<&[u8]>, Refusal> {
        self.single(name, name)
    }

    /// As [`Self::optional`], for a name that is configured; refusals call it `shown`.
    pub(crate) fn single(&self, name: &str, shown: &'static str) -> Result<Option<&[u8]>, Refusal> {
        let mut values = self.all(name);
        let Some(value) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() || value.is_empty() || value.len() > MAX_VALUE_BYTES {
            return Err(Refusal::MalformedHeader(shown));
        }
        Ok(Some(value))
    }

    /// The one value of a field that must be there.
    pub(crate) fn required(&self, name: &'static str) -> Result<&[u8], Refusal> {
        self.optional(name)?.ok_or(Refusal::MissingHeader(name))
    }

    /// As [`Self::optional`], for an id: visible ASCII alone, so that it can be stored and shown.
    pub(crate) fn optional_token(&self, name: &'static str) -> Result<Option<&str>, Refusal> {
        let Some(value) = self.optional(name)? else {
            return Ok(None);
        };
        let text = std::str::from_utf8(value)
            .ok()
            .filter(|t| t.bytes().all(|b| b.is_ascii_graphic()));
        text.map(Some).ok_or(Refusal::MalformedHeader(name))
    }
}

/// `HTTP_WEBHOOK_ID` and `Webhook-Id` become `webhook-id`.
fn normalise(name: &str) -> String {
    let is_server_variable = name
        .bytes()
        .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    match name.strip_prefix("HTTP_") {
        Some(rest) if is_server_variable => rest.replace('_', "-").to_ascii_lowercase(),
        _ if matches!(name, "CONTENT_TYPE" | "CONTENT_LENGTH") => {
            name.replace('_', "-").to_ascii_lowercase()
        }
        _ => name.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_of_php_gives_the_same_names() {
        for name in ["Webhook-Id", "webhook-id", "WEBHOOK-ID", "HTTP_WEBHOOK_ID"] {
            assert_eq!(
                Headers::new([(name, "x")]).required("webhook-id"),
                Ok(&b"x"[..]),
                "{name}"
            );
        }
        for (name, expected) in [
            ("CONTENT_TYPE", "content-type"),
            ("REQUEST_METHOD", "request_method"),
            ("Http_Webhook_Id", "http_webhook_id"),
            ("HTTP_X_HUB_SIGNATURE_256", "x-hub-signature-256"),
        ] {
            assert_eq!(normalise(name), expected);
        }
    }

    #[test]
    fn a_field_must_be_there_once_with_a_value_of_bounded_length() {
        let long = "x".repeat(MAX_VALUE_BYTES + 1);
        let headers = Headers::new([
            ("a", "1"),
            ("A", "1"),
            ("empty", ""),
            ("long", long.as_str()),
        ]);
        assert_eq!(headers.required("a"), Err(Refusal::MalformedHeader("a")));
        assert_eq!(
            headers.required("empty"),
            Err(Refusal::MalformedHeader("empty"))
        );
        assert_eq!(
            headers.required("long"),
            Err(Refusal::MalformedHeader("long"))
        );
        assert_eq!(
            headers.required("gone"),
            Err(Refusal::MissingHeader("gone"))
        );
        assert_eq!(headers.optional("gone"), Ok(None));
    }

    #[test]
    fn an_id_is_visible_ascii() {
        for bad in ["a b", "a\u{e9}", "a\n"] {
            let headers = Headers::new([("id", bad)]);
            assert_eq!(
                headers.optional_token("id"),
                Err(Refusal::MalformedHeader("id")),
                "{bad:?}"
            );
        }
    }
}
