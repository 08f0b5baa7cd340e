//! Zoom: <https://developers.zoom.us/docs/api/webhooks/#verify-webhook-events>.
//!
//! Signed bytes: `v0:timestamp:body`. Headers: `x-zm-request-timestamp` (seconds) and
//! `x-zm-signature: v0=<hex of HMAC-SHA256>`. Key: the secret token's bytes. Window: 300 s by
//! default, both ways. The id is made of `event_ts` and the object's `uuid`.
//!
//! Handshake, when the endpoint is registered and every 72 h: `endpoint.url_validation` wants its
//! `plainToken` back with the hex of its HMAC. That makes the endpoint sign what it is given, and
//! unsigned validations must be answered as well: so a token with anything but letters, digits and
//! `-_+/=` gets no answer, as no bytes that Zoom signs are free of a colon.

use super::algorithm::{Algorithm, Key};
use super::elements::{hex_signature, one_signature};
use super::scheme::{Genuine, Presented, Scheme, Window, body_event};
use super::time::Stamp;
use super::{Event, Message, Refusal, Reply};

const TIMESTAMP: &str = "x-zm-request-timestamp";
const SIGNATURE: &str = "x-zm-signature";
/// Bytes of a `plainToken`; Zoom's have 22.
const MAX_TOKEN_BYTES: usize = 128;

/// The scheme `zoom`.
pub(crate) struct Zoom;

impl Scheme for Zoom {
    fn name(&self) -> &'static str {
        "zoom"
    }

    fn window(&self) -> Window {
        Window::DefaultS(300)
    }

    fn read<'m>(&'m self, message: &Message<'m>) -> Result<Presented<'m>, Refusal> {
        let time = message.headers.required(TIMESTAMP)?;
        let signatures = one_signature(message.headers, SIGNATURE, b"v0=", |hex| {
            hex_signature(Algorithm::HmacSha256, hex)
        })?;
        let signed = [b"v0:".as_slice(), time, b":", message.body];
        Ok(Presented::new(
            signed,
            signatures,
            Some(Stamp::parse(time)?),
        ))
    }

    fn events(
        &self,
        message: &Genuine<'_>,
        presented: &Presented<'_>,
    ) -> Result<Vec<Event>, Refusal> {
        let event = body_event(self.name(), message, presented, |event| {
            let time = event.pointer_id("/event_ts")?;
            let uuid = event.pointer_id("/payload/object/uuid")?;
            Some(format!("{time}:{uuid}"))
        });
        if is_handshake(&event) {
            return Ok(Vec::new());
        }
        let kind = event.pointer_id("/event");
        Ok(vec![event.with_kind(kind.as_deref())])
    }

    fn reply(&self, message: &Message<'_>, key: &Key) -> Result<Option<Reply>, Refusal> {
        let event = Event::new(self.name(), "", message.body);
        if !is_handshake(&event) {
            return Ok(None);
        }
        let reply = validation(&event, key).ok_or(Refusal::MalformedBody)?;
        Ok(Some(reply))
    }

    fn is_unsigned_handshake(&self, message: &Message<'_>) -> bool {
        let has_signature = message.headers.all(SIGNATURE).next().is_some();
        !has_signature && is_handshake(&Event::new(self.name(), "", message.body))
    }
}

fn is_handshake(event: &Event) -> bool {
    event.pointer("/event").and_then(|value| value.as_str()) == Some("endpoint.url_validation")
}

/// The proof that this endpoint has the secret.
fn validation(event: &Event, key: &Key) -> Option<Reply> {
    let token = event.pointer("/payload/plainToken")?.as_str()?;
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"-_+/=".contains(&b);
    let is_short = (1..=MAX_TOKEN_BYTES).contains(&token.len());
    if !is_short || !token.bytes().all(is_token) {
        return None;
    }
    let mac = hex::encode(key.mac(token.as_bytes())?);
    Some(Reply::json(&serde_json::json!({
        "plainToken": token,
        "encryptedToken": mac,
    })))
}
