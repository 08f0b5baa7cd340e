//! HubSpot: <https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation>.
//!
//! The option `version` says which signature counts, `v3` by default; the others are never looked
//! at. Key: the app's client secret, its bytes.
//! - `v3`: base64 of HMAC-SHA256 over `method‖uri‖body‖timestamp` in `X-HubSpot-Signature-v3`, the
//!   time in `X-HubSpot-Request-Timestamp` in milliseconds; window 300 s by default, both ways (the
//!   SDK looks at the age only). Some escapes of the URI are decoded before signing; both are read.
//! - `v1`, `v2` (legacy): hex of SHA-256 over `secret‖body` and `secret‖method‖uri‖body` in
//!   `X-HubSpot-Signature`; no time. A plain hash can be extended by who never knew the secret, but
//!   its padding holds a byte 0x80: a URI of visible ASCII and a body that is one JSON text, or
//!   empty, cannot carry it. So anything else is refused.
//!
//! The body is a list of events with `eventId`; the count of attempts is not part of the checksum.

use smallvec::{SmallVec, smallvec};
use std::borrow::Cow;

use super::algorithm::{Algorithm, Key};
use super::elements::{base64_signature, hex_signature, one_signature};
use super::event::sha256_hex;
use super::scheme::{Claim, Genuine, Pieces, Presented, Scheme, Window, body_event, list_events};
use super::time::Stamp;
use super::{Event, Message, Refusal};
use crate::options::{Fields, OptionError};

const SIGNATURE: &str = "x-hubspot-signature";
const SIGNATURE_V3: &str = "x-hubspot-signature-v3";
const TIMESTAMP: &str = "x-hubspot-request-timestamp";
const VERSION: &str = "x-hubspot-signature-version";

/// What HubSpot decodes in a URI before it signs.
const DECODED: [(&str, &str); 12] = [
    ("3A", ":"),
    ("2F", "/"),
    ("3F", "?"),
    ("40", "@"),
    ("21", "!"),
    ("24", "$"),
    ("27", "'"),
    ("28", "("),
    ("29", ")"),
    ("2A", "*"),
    ("2C", ","),
    ("3B", ";"),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    V1,
    V2,
    V3,
}

/// The scheme `hubspot`.
pub(crate) struct HubSpot {
    version: Version,
}

impl HubSpot {
    /// Takes `version`.
    pub(crate) fn open(fields: &mut Fields) -> Result<Self, OptionError> {
        let versions = [
            ("v1", Version::V1),
            ("v2", Version::V2),
            ("v3", Version::V3),
        ];
        let version = fields.one_of("version", &versions)?.unwrap_or(Version::V3);
        Ok(Self { version })
    }
}

impl Scheme for HubSpot {
    fn name(&self) -> &'static str {
        "hubspot"
    }

    fn window(&self) -> Window {
        match self.version {
            Version::V1 | Version::V2 => Window::Unsigned,
            Version::V3 => Window::DefaultS(300),
        }
    }

    fn key(&self, bytes: &[u8]) -> Key {
        match self.version {
            Version::V1 | Version::V2 => Key::Prefix(bytes.to_vec()),
            Version::V3 => Key::hmac_sha256(bytes),
        }
    }

    fn read<'m>(&'m self, message: &Message<'m>) -> Result<Presented<'m>, Refusal> {
        match self.version {
            Version::V1 => legacy(message, b"v1", smallvec![Cow::Borrowed(message.body)]),
            Version::V2 => {
                let url = message.signed_url()?;
                let parts = [message.method.as_bytes(), url.as_bytes(), message.body];
                legacy(
                    message,
                    b"v2",
                    parts.map(Cow::Borrowed).into_iter().collect(),
                )
            }
            Version::V3 => v3(message),
        }
    }

    fn events(
        &self,
        message: &Genuine<'_>,
        presented: &Presented<'_>,
    ) -> Result<Vec<Event>, Refusal> {
        if !message.body.trim_ascii_start().starts_with(b"[") {
            return Ok(vec![body_event(self.name(), message, presented, |_| None)]);
        }
        let id = |event: &Event| event.pointer_id("/eventId");
        let events = list_events(self.name(), message, presented, id)?;
        Ok(events.into_iter().map(without_attempts).collect())
    }
}

fn v3<'m>(message: &Message<'m>) -> Result<Presented<'m>, Refusal> {
    let time = message.headers.required(TIMESTAMP)?;
    let signatures = one_signature(message.headers, SIGNATURE_V3, b"", |text| {
        base64_signature(Algorithm::HmacSha256, text)
    })?;
    let signed_at = Stamp::parse_millis(time)?;
    let url = message.signed_url()?;
    let reading = |url: Cow<'m, [u8]>| -> Pieces<'m> {
        let method = Cow::Borrowed(message.method.as_bytes());
        smallvec![
            method,
            url,
            Cow::Borrowed(message.body),
            Cow::Borrowed(time),
        ]
    };
    let mut readings: SmallVec<[Pieces<'m>; 1]> = smallvec![reading(Cow::Borrowed(url.as_bytes()))];
    let decoded = decode(url);
    if decoded != url {
        readings.push(reading(Cow::Owned(decoded.into_bytes())));
    }
    Ok(Presented {
        claims: smallvec![Claim {
            readings,
            signatures,
        }],
        signed_at: Some(signed_at),
        id: None,
    })
}

fn legacy<'m>(
    message: &Message<'m>,
    version: &[u8],
    pieces: Pieces<'m>,
) -> Result<Presented<'m>, Refusal> {
    let said = message.headers.optional(VERSION)?;
    if said.is_some_and(|said| said != version) {
        return Err(Refusal::UnsupportedAlgorithm);
    }
    let signatures = one_signature(message.headers, SIGNATURE, b"", |hex| {
        hex_signature(Algorithm::Sha256OfSecretAndMessage, hex)
    })?;
    let is_json = || serde_json::from_slice::<serde_json::Value>(message.body).is_ok();
    let is_method = message.method.bytes().all(|b| b.is_ascii_uppercase());
    if !is_method || (!message.body.is_empty() && !is_json()) {
        return Err(Refusal::MalformedBody);
    }
    Ok(Presented {
        claims: smallvec![Claim {
            readings: smallvec![pieces],
            signatures,
        }],
        signed_at: None,
        id: None,
    })
}

/// The URI as HubSpot signs it: each escape once, in either case.
fn decode(url: &str) -> String {
    let mut parts = url.split('%');
    let mut decoded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let escape = part.get(..2).unwrap_or_default();
        let known = DECODED
            .iter()
            .find(|(code, _)| escape.eq_ignore_ascii_case(code));
        match (known, part.get(2..)) {
            (Some((_, character)), Some(rest)) => {
                decoded.push_str(character);
                decoded.push_str(rest);
            }
            _ => {
                decoded.push('%');
                decoded.push_str(part);
            }
        }
    }
    decoded
}

/// A repeat counts its attempts in the event itself; that is no other payload.
fn without_attempts(event: Event) -> Event {
    let Some(serde_json::Value::Object(fields)) = event.json() else {
        return event;
    };
    let mut fields = fields.clone();
    if fields.remove("attemptNumber").is_none() {
        return event;
    }
    let stable = serde_json::Value::Object(fields).to_string();
    event.with_checksum(sha256_hex(&[stable.as_bytes()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_listed_escapes_are_decoded_and_only_once() {
        for (url, expected) in [
            ("https://a.example/x", "https://a.example/x"),
            (
                "https://a.example/%3a%3A?q=%2Fb",
                "https://a.example/::?q=/b",
            ),
            (
                "https://a.example/%25%32%46%20%",
                "https://a.example/%25%32%46%20%",
            ),
            ("https://a.example/%252F", "https://a.example/%252F"),
        ] {
            assert_eq!(decode(url), expected);
        }
    }

    #[test]
    fn the_count_of_attempts_does_not_make_another_payload() {
        let event = |body: &[u8]| without_attempts(Event::new("hubspot", "1", body));
        let first = event(br#"{"eventId":1,"attemptNumber":0,"objectId":5}"#);
        let again = event(br#"{"eventId":1,"attemptNumber":3,"objectId":5}"#);
        let other = event(br#"{"eventId":1,"attemptNumber":0,"objectId":6}"#);
        assert_eq!(first.checksum(), again.checksum());
        assert_ne!(first.checksum(), other.checksum());
    }
}
