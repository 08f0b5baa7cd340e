//! Twitch EventSub: <https://dev.twitch.tv/docs/eventsub/handling-webhook-events>.
//!
//! Signed bytes: `id‖timestamp‖body`, the timestamp as it was written. Headers:
//! `Twitch-Eventsub-Message-Id`, `-Timestamp` (RFC 3339 in UTC, nanoseconds) and `-Signature:
//! sha256=<hex of HMAC-SHA256>`. Key: the secret's bytes. Window: 600 s by default, both ways. No
//! separator stands between the parts, so an id with a colon is refused: it could hold the true
//! time and leave a date of the body's as the time. The id is signed and the same on every repeat.
//! `webhook_callback_verification` brings no event; its challenge is echoed as plain text.

use super::algorithm::{Algorithm, Key};
use super::elements::{hex_signature, one_signature};
use super::scheme::{Genuine, Presented, Scheme, Window, body_event};
use super::time::Stamp;
use super::{Event, Message, Refusal, Reply};

const ID: &str = "twitch-eventsub-message-id";
const TIMESTAMP: &str = "twitch-eventsub-message-timestamp";
const SIGNATURE: &str = "twitch-eventsub-message-signature";
const TYPE: &str = "twitch-eventsub-message-type";

/// The scheme `twitch-eventsub`.
pub(crate) struct Twitch;

impl Scheme for Twitch {
    fn name(&self) -> &'static str {
        "twitch-eventsub"
    }

    fn window(&self) -> Window {
        Window::DefaultS(600)
    }

    fn read<'m>(&'m self, message: &Message<'m>) -> Result<Presented<'m>, Refusal> {
        let id = id(message)?;
        let time = message.headers.required(TIMESTAMP)?;
        let signed_at = Stamp::parse_rfc3339(time)?;
        let signatures = one_signature(message.headers, SIGNATURE, b"sha256=", |hex| {
            hex_signature(Algorithm::HmacSha256, hex)
        })?;
        let signed = [id.as_bytes(), time, message.body];
        Ok(Presented::new(signed, signatures, Some(signed_at)))
    }

    fn events(
        &self,
        message: &Genuine<'_>,
        presented: &Presented<'_>,
    ) -> Result<Vec<Event>, Refusal> {
        if is_handshake(message)? {
            return Ok(Vec::new());
        }
        let id = id(message)?.to_owned();
        let event = body_event(self.name(), message, presented, |_| Some(id));
        let kind = event.pointer_id("/subscription/type");
        Ok(vec![event.with_kind(kind.as_deref())])
    }

    fn reply(&self, message: &Message<'_>, _key: &Key) -> Result<Option<Reply>, Refusal> {
        if !is_handshake(message)? {
            return Ok(None);
        }
        let event = Event::new(self.name(), "", message.body);
        let challenge = event.pointer("/challenge").and_then(|value| value.as_str());
        Ok(Some(Reply::text(challenge.ok_or(Refusal::MalformedBody)?)))
    }
}

fn id<'m>(message: &Message<'m>) -> Result<&'m str, Refusal> {
    let id = message.headers.optional_token(ID)?;
    let id = id.ok_or(Refusal::MissingHeader(ID))?;
    if id.contains(':') {
        return Err(Refusal::MalformedHeader(ID));
    }
    Ok(id)
}

fn is_handshake(message: &Message<'_>) -> Result<bool, Refusal> {
    let kind = message.headers.optional_token(TYPE)?;
    Ok(kind == Some("webhook_callback_verification"))
}
