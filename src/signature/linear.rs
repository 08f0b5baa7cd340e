//! Linear: <https://linear.app/developers/webhooks>.
//!
//! Signed bytes: the body. Header: `Linear-Signature`, hex of HMAC-SHA256. Key: the signing
//! secret's bytes. Window: 60 s by default, both ways, around the body's own `webhookTimestamp` in
//! milliseconds, which is signed with it; the header `Linear-Timestamp` is not signed and never
//! read. The id, `Linear-Delivery`, is not signed.

use super::algorithm::Algorithm;
use super::elements::{hex_signature, one_signature};
use super::scheme::{IdAt, Presented, Scheme, Window};
use super::time::Stamp;
use super::{Message, Refusal};
use serde::Deserialize;
use serde_json::Number;

const SIGNATURE: &str = "linear-signature";
const ID: &str = "linear-delivery";

/// What is read of the body before its signature is known to hold.
#[derive(Deserialize)]
struct Timed {
    #[serde(rename = "webhookTimestamp")]
    webhook_timestamp: Number,
}

/// The scheme `linear`.
pub(crate) struct Linear;

impl Scheme for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn window(&self) -> Window {
        Window::DefaultS(60)
    }

    fn read<'m>(&'m self, message: &Message<'m>) -> Result<Presented<'m>, Refusal> {
        let signatures = one_signature(message.headers, SIGNATURE, b"", |hex| {
            hex_signature(Algorithm::HmacSha256, hex)
        })?;
        let timed: Timed =
            serde_json::from_slice(message.body).map_err(|_| Refusal::MalformedBody)?;
        let time = timed.webhook_timestamp.to_string();
        let signed_at = Stamp::parse_millis(time.as_bytes())?;
        Ok(Presented::new([message.body], signatures, Some(signed_at)))
    }

    fn id_at(&self) -> IdAt {
        IdAt::Header(ID)
    }
}
