//! Discord interactions: <https://docs.discord.com/developers/interactions/overview>.
//!
//! Signed bytes: `timestamp‖body`. Headers: `X-Signature-Ed25519` (hex, 64 bytes) and
//! `X-Signature-Timestamp` (seconds). Key: the application's public key, 32 bytes in hex, pinned by
//! the options. No separator stands between the two, so the body must begin with `{`. Window:
//! 300 s by default, both ways; Discord waits 3 s for an answer and repeats nothing. The id is the
//! interaction's. A ping (type 1) brings no event and is answered with a pong; a bad signature must
//! be answered with 401, as Discord probes for it.

use super::algorithm::{Algorithm, Key};
use super::elements::{hex_signature, one_signature};
use super::scheme::{Genuine, Presented, Scheme, Window, body_event};
use super::time::Stamp;
use super::{Event, Message, Refusal, Reply};

const SIGNATURE: &str = "x-signature-ed25519";
const TIMESTAMP: &str = "x-signature-timestamp";

/// The scheme `discord`.
pub(crate) struct Discord;

impl Scheme for Discord {
    fn name(&self) -> &'static str {
        "discord"
    }

    fn window(&self) -> Window {
        Window::DefaultS(300)
    }

    fn has_secrets(&self) -> bool {
        false
    }

    fn public_algorithm(&self) -> Option<Algorithm> {
        Some(Algorithm::Ed25519)
    }

    fn public_key(&self, written: &[u8]) -> Option<Key> {
        Key::ed25519(&hex::decode(written).ok()?)
    }

    fn read<'m>(&'m self, message: &Message<'m>) -> Result<Presented<'m>, Refusal> {
        let time = message.headers.required(TIMESTAMP)?;
        let signatures = one_signature(message.headers, SIGNATURE, b"", |hex| {
            hex_signature(Algorithm::Ed25519, hex)
        })?;
        let signed_at = Stamp::parse(time)?;
        if message.body.first() != Some(&b'{') {
            return Err(Refusal::MalformedBody);
        }
        let signed = [time, message.body];
        Ok(Presented::new(signed, signatures, Some(signed_at)))
    }

    fn events(
        &self,
        message: &Genuine<'_>,
        presented: &Presented<'_>,
    ) -> Result<Vec<Event>, Refusal> {
        let id = |event: &Event| event.pointer_id("/id");
        let event = body_event(self.name(), message, presented, id);
        let is_ping = is_ping(&event);
        Ok(if is_ping { Vec::new() } else { vec![event] })
    }

    fn reply(&self, message: &Message<'_>, _key: &Key) -> Result<Option<Reply>, Refusal> {
        let is_ping = is_ping(&Event::new(self.name(), "", message.body));
        Ok(is_ping.then(|| Reply::json(&serde_json::json!({"type": 1}))))
    }
}

fn is_ping(event: &Event) -> bool {
    event.pointer_id("/type").as_deref() == Some("1")
}
