//! SendGrid's event webhook:
//! <https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features>.
//!
//! Signed bytes: `timestamp‖body`, the body with its last CRLF. Headers:
//! `X-Twilio-Email-Event-Webhook-Signature`, base64 of ECDSA on P-256 over SHA-256 in strict DER,
//! and `-Timestamp` (seconds). Key: base64 of its SubjectPublicKeyInfo, pinned by the options. No
//! separator stands between the two, so the body must begin with `[`. The vendor keeps no window
//! and repeats for 24 h: one is checked only where `tolerance_s` is set. The body is a list; each
//! event's id is its `sg_event_id`, its type its `event`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::algorithm::{Algorithm, Key};
use super::elements::{base64_signature, one_signature};
use super::scheme::{Genuine, Presented, Scheme, Window, list_events};
use super::secrets::spki_key;
use super::time::Stamp;
use super::{Event, Message, Refusal};

const SIGNATURE: &str = "x-twilio-email-event-webhook-signature";
const TIMESTAMP: &str = "x-twilio-email-event-webhook-timestamp";

/// The scheme `sendgrid`.
pub(crate) struct SendGrid;

impl Scheme for SendGrid {
    fn name(&self) -> &'static str {
        "sendgrid"
    }

    fn window(&self) -> Window {
        Window::Optional
    }

    fn has_secrets(&self) -> bool {
        false
    }

    fn public_algorithm(&self) -> Option<Algorithm> {
        Some(Algorithm::EcdsaP256Sha256)
    }

    fn public_key(&self, written: &[u8]) -> Option<Key> {
        let der = STANDARD.decode(written).ok()?;
        Key::p256(spki_key(Algorithm::EcdsaP256Sha256, &der)?)
    }

    fn read<'m>(&'m self, message: &Message<'m>) -> Result<Presented<'m>, Refusal> {
        let time = message.headers.required(TIMESTAMP)?;
        let signatures = one_signature(message.headers, SIGNATURE, b"", |text| {
            base64_signature(Algorithm::EcdsaP256Sha256, text)
        })?;
        let signed_at = Stamp::parse(time)?;
        if message.body.first() != Some(&b'[') {
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
        let id = |event: &Event| event.pointer_id("/sg_event_id");
        let events = list_events(self.name(), message, presented, id)?;
        let typed = events.into_iter().map(|event| {
            let kind = event.pointer_id("/event");
            event.with_kind(kind.as_deref())
        });
        Ok(typed.collect())
    }
}
