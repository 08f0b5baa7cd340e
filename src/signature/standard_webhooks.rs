//! Standard Webhooks, version `v1`: <https://github.com/standard-webhooks/standard-webhooks>.
//!
//! Signed bytes: `id.timestamp.body`. Headers: `webhook-id`, `webhook-timestamp` (seconds) and
//! `webhook-signature`, a list of `v1,<base64 of HMAC-SHA256>` separated by spaces, several while a
//! secret is rolled; elements of other versions are skipped. Key: base64, after `whsec_` is taken
//! off. Window: 300 s by default, both ways. The id is signed and the same on every repeat. An id
//! with a dot is refused: `id.timestamp` could then be cut in two ways.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose};

use super::scheme::{Element, Presented, Scheme, collect_signatures, split_once};
use super::time::Stamp;
use super::{Event, Message, Refusal};

const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";

/// Secrets are copied by hand: their padding may be gone.
const SECRET_BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The scheme `standard-webhooks`.
pub(crate) struct StandardWebhooks;

impl Scheme for StandardWebhooks {
    fn name(&self) -> &'static str {
        "standard-webhooks"
    }

    fn default_tolerance_s(&self) -> Option<u32> {
        Some(300)
    }

    fn key_bytes(&self, written: &[u8]) -> Option<Vec<u8>> {
        SECRET_BASE64
            .decode(written.strip_prefix(b"whsec_").unwrap_or(written))
            .ok()
    }

    fn read<'m>(&self, message: &Message<'m>) -> Result<Presented<'m>, Refusal> {
        let id = message
            .headers
            .optional_token(ID)?
            .ok_or(Refusal::MissingHeader(ID))?;
        let time = message.headers.required(TIMESTAMP)?;
        let header = message.headers.required(SIGNATURE)?;
        if id.contains('.') {
            return Err(Refusal::MalformedHeader(ID));
        }
        let signed_at = Stamp::parse(time)?;
        let signatures = collect_signatures(SIGNATURE, header.split(|b| *b == b' '), element)?;
        let signed = vec![id.as_bytes(), b".", time, b".", message.body];
        Ok(Presented {
            signed,
            signatures,
            signed_at: Some(signed_at),
        })
    }

    fn events(
        &self,
        message: &Message<'_>,
        presented: &Presented<'_>,
    ) -> Result<Vec<Event>, Refusal> {
        let id = message
            .headers
            .optional_token(ID)?
            .ok_or(Refusal::MissingHeader(ID))?;
        let time_ms = presented.signed_at.map(Stamp::as_ms);
        Ok(vec![
            Event::new(self.name(), id, message.body).with_time_ms(time_ms),
        ])
    }
}

/// `v1,<base64>` is ours; the base64 is padded and canonical.
fn element(text: &[u8]) -> Element {
    match split_once(text, b',') {
        Some((b"v1", signature)) => {
            base64_mac(signature).map_or(Element::Malformed, Element::Signature)
        }
        Some(([b'v', _, ..], _)) => Element::OtherVersion,
        Some(_) | None => Element::Malformed,
    }
}

fn base64_mac(text: &[u8]) -> Option<[u8; 32]> {
    general_purpose::STANDARD.decode(text).ok()?.try_into().ok()
}
