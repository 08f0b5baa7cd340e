//! Stripe: <https://docs.stripe.com/webhooks#verify-manually>.
//!
//! Signed bytes: `t.body`. Header: `Stripe-Signature: t=<seconds>,v1=<hex>[,v1=<hex>][,v0=<hex>]`,
//! without spaces; several `v1` while a secret is rolled, `v0` comes from test mode and is never
//! used. Key: the secret's bytes with its `whsec_`. Window: 300 s by default, both ways (Stripe's
//! own SDKs take any future time). A second `t` is refused: SDKs differ in which one they take.
//! The id is the event's own; a signed body without one gets the hash of the signed bytes.

use super::event::sha256_hex;
use super::scheme::{Element, Presented, Scheme, collect_signatures, hex_mac, split_once};
use super::time::Stamp;
use super::{Event, Message, Refusal};

const SIGNATURE: &str = "stripe-signature";

/// The scheme `stripe`.
pub(crate) struct Stripe;

impl Scheme for Stripe {
    fn name(&self) -> &'static str {
        "stripe"
    }

    fn default_tolerance_s(&self) -> Option<u32> {
        Some(300)
    }

    fn read<'m>(&self, message: &Message<'m>) -> Result<Presented<'m>, Refusal> {
        let header = message.headers.required(SIGNATURE)?;
        let mut times = header
            .split(|b| *b == b',')
            .filter_map(|element| element.strip_prefix(b"t="));
        let (Some(time), None) = (times.next(), times.next()) else {
            return Err(Refusal::MalformedHeader(SIGNATURE));
        };
        let signed_at = Stamp::parse(time)?;
        let others = header
            .split(|b| *b == b',')
            .filter(|element| !element.starts_with(b"t="));
        let signatures = collect_signatures(SIGNATURE, others, element)?;
        Ok(Presented {
            signed: vec![time, b".", message.body],
            signatures,
            signed_at: Some(signed_at),
        })
    }

    fn events(
        &self,
        message: &Message<'_>,
        presented: &Presented<'_>,
    ) -> Result<Vec<Event>, Refusal> {
        let event = Event::new(self.name(), "", message.body)
            .with_time_ms(presented.signed_at.map(Stamp::as_ms));
        let id = event
            .pointer_id("/id")
            .unwrap_or_else(|| sha256_hex(&presented.signed));
        Ok(vec![event.with_id(&id)])
    }
}

/// `v1=<hex>` is ours.
fn element(text: &[u8]) -> Element {
    match split_once(text, b'=') {
        Some((b"v1", hex)) => hex_mac(hex).map_or(Element::Malformed, Element::Signature),
        Some(([b'v', ..], _)) => Element::OtherVersion,
        Some(_) | None => Element::Malformed,
    }
}
