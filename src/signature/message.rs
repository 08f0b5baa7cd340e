//! The delivery as it came: raw body, and header fields by normalised name.
//!
//! PHP has headers in three shapes: `'Name' => 'value'`, `'name' => ['value', …]` and `$_SERVER`
//! with `HTTP_NAME`. A field is asked for by its lower-case name with dashes and found in each of
//! them; names and values stay where the caller has them. Values are not trimmed or decoded: what
//! was sent is judged as it was sent.
//!
//! A field that a scheme reads must be there once. Two values for one name mean that two parties
//! may read two different ones, so such a delivery is refused.

use std::borrow::Cow;

use super::Refusal;

/// The longest value that a scheme reads, in bytes; servers cap header lines near this as well.
const MAX_VALUE_BYTES: usize = 8 * 1024;

/// One delivery, borrowed from the caller.
#[derive(Clone, Copy, Debug)]
pub struct Message<'m> {
    /// The raw bytes that were sent, before any decoding.
    pub body: &'m [u8],
    /// The header fields.
    pub headers: &'m Headers<'m>,
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

/// A field as the caller has it: its name and its value.
pub type Field<'h> = (Cow<'h, [u8]>, Cow<'h, [u8]>);

/// Header fields, found by their lower-case names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers<'h> {
    fields: Vec<Field<'h>>,
}

impl<'h> Headers<'h> {
    /// Takes fields in any of PHP's shapes; a name with several values is several pairs.
    pub fn new<N: AsRef<[u8]> + ?Sized + 'h, V: AsRef<[u8]> + ?Sized + 'h>(
        pairs: impl IntoIterator<Item = (&'h N, &'h V)>,
    ) -> Self {
        let fields = pairs
            .into_iter()
            .map(|(name, value)| (Cow::Borrowed(name.as_ref()), Cow::Borrowed(value.as_ref())));
        Self::from_fields(fields.collect())
    }

    /// The same, of fields that may be the callee's to keep.
    pub fn from_fields(fields: Vec<Field<'h>>) -> Self {
        Self { fields }
    }

    /// The same fields and one more, borrowed.
    pub(crate) fn with<'s>(&'s self, name: &'s str, value: &'s [u8]) -> Headers<'s> {
        let ours = self.fields.iter();
        let mut fields: Vec<Field<'s>> = ours
            .map(|(name, value)| (name.as_ref().into(), value.as_ref().into()))
            .collect();
        fields.push((name.as_bytes().into(), value.into()));
        Headers { fields }
    }

    /// All values of a field, `name` in lower case, in their order.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.fields
            .iter()
            .filter(move |(raw, _)| is_named(raw, name.as_bytes()))
            .map(|(_, value)| value.as_ref())
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
        let is_token = value.iter().all(u8::is_ascii_graphic);
        let text = std::str::from_utf8(value).ok().filter(|_| is_token);
        text.map(Some).ok_or(Refusal::MalformedHeader(name))
    }
}

/// Whether a name in any of PHP's shapes is this one, which is in lower case.
fn is_named(raw: &[u8], name: &[u8]) -> bool {
    if raw.len() == name.len() {
        return raw == name
            || raw.eq_ignore_ascii_case(name)
            || (matches!(raw, b"CONTENT_TYPE" | b"CONTENT_LENGTH") && is_variable_of(raw, name));
    }
    raw.len() == name.len() + 5
        && raw
            .strip_prefix(b"HTTP_")
            .is_some_and(|rest| is_variable_of(rest, name))
}

/// Whether a server variable such as `WEBHOOK_ID` stands for `webhook-id`.
fn is_variable_of(variable: &[u8], name: &[u8]) -> bool {
    variable.iter().zip(name).all(|(raw, name)| match raw {
        b'_' => *name == b'-',
        b'A'..=b'Z' => raw.to_ascii_lowercase() == *name,
        b'0'..=b'9' => raw == name,
        _ => false,
    })
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
        for (raw, name, is_it) in [
            ("CONTENT_TYPE", "content-type", true),
            ("CONTENT_LENGTH", "content-length", true),
            ("REQUEST_METHOD", "request-method", false),
            ("HTTP_X_HUB_SIGNATURE_256", "x-hub-signature-256", true),
            ("Http_Webhook_Id", "webhook-id", false),
            ("HTTP_WEBHOOK-ID", "webhook-id", false),
            ("HTTP_WEBHOOK_I", "webhook-id", false),
            ("HTTP_WEBHOOK_IDS", "webhook-id", false),
        ] {
            assert_eq!(is_named(raw.as_bytes(), name.as_bytes()), is_it, "{raw}");
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
