//! Intercom: <https://developers.intercom.com/docs/webhooks/webhook-notifications>.
//!
//! Signed bytes: the body. Header: `X-Hub-Signature: sha1=<hex of HMAC-SHA1>`; the vendor has no
//! other. HMAC-SHA1 is still unforgeable, unlike SHA-1 alone. Key: the app's client secret, its
//! bytes. No time is signed: the ledger alone stops replays. The id is the notification's own, the
//! type its `topic`.

use super::algorithm::{Algorithm, Key};
use super::elements::{hex_signature, one_signature};
use super::scheme::{Genuine, Presented, Scheme, Window, body_event};
use super::{Event, Message, Refusal};

const SIGNATURE: &str = "x-hub-signature";

/// The scheme `intercom`.
pub(crate) struct Intercom;

impl Scheme for Intercom {
    fn name(&self) -> &'static str {
        "intercom"
    }

    fn window(&self) -> Window {
        Window::Unsigned
    }

    fn key(&self, bytes: &[u8]) -> Key {
        Key::hmac_sha1(bytes)
    }

    fn read<'m>(&'m self, message: &Message<'m>) -> Result<Presented<'m>, Refusal> {
        let signatures = one_signature(message.headers, SIGNATURE, b"sha1=", |hex| {
            hex_signature(Algorithm::HmacSha1, hex)
        })?;
        Ok(Presented::new([message.body], signatures, None))
    }

    fn events(
        &self,
        message: &Genuine<'_>,
        presented: &Presented<'_>,
    ) -> Result<Vec<Event>, Refusal> {
        let id = |event: &Event| event.pointer_id("/id");
        let event = body_event(self.name(), message, presented, id);
        let topic = event.pointer_id("/topic");
        Ok(vec![event.with_kind(topic.as_deref())])
    }
}
