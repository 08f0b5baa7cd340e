//! Shopify: <https://shopify.dev/docs/apps/build/webhooks/subscribe/https>.
//!
//! Signed bytes: the body, which is never empty. Header: `X-Shopify-Hmac-Sha256`, base64 of
//! HMAC-SHA256. Key: the app's client secret, its bytes. No time is signed: the ledger alone stops
//! replays. The id, `X-Shopify-Webhook-Id` (the same on every repeat), and the type,
//! `X-Shopify-Topic`, are not signed.

use super::algorithm::Algorithm;
use super::elements::{base64_signature, one_signature};
use super::scheme::{Genuine, Presented, Scheme, Window, body_event};
use super::{Event, Message, Refusal};

const SIGNATURE: &str = "x-shopify-hmac-sha256";
const ID: &str = "x-shopify-webhook-id";
const TOPIC: &str = "x-shopify-topic";

/// The scheme `shopify`.
pub(crate) struct Shopify;

impl Scheme for Shopify {
    fn name(&self) -> &'static str {
        "shopify"
    }

    fn window(&self) -> Window {
        Window::Unsigned
    }

    fn read<'m>(&'m self, message: &Message<'m>) -> Result<Presented<'m>, Refusal> {
        let signatures = one_signature(message.headers, SIGNATURE, b"", |text| {
            base64_signature(Algorithm::HmacSha256, text)
        })?;
        if message.body.is_empty() {
            return Err(Refusal::MalformedBody);
        }
        Ok(Presented::new([message.body], signatures, None))
    }

    fn events(
        &self,
        message: &Genuine<'_>,
        presented: &Presented<'_>,
    ) -> Result<Vec<Event>, Refusal> {
        let id = message.headers.optional_token(ID)?;
        let kind = message.headers.optional_token(TOPIC)?;
        let event = body_event(self.name(), message, presented, |_| id.map(str::to_owned));
        Ok(vec![event.with_kind(kind)])
    }
}
