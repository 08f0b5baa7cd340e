//! Mollie, next-generation webhooks: <https://docs.mollie.com/reference/webhooks-new>.
//!
//! Signed bytes: the body. Header: `X-Mollie-Signature`, hex of HMAC-SHA256, with or without
//! `sha256=` before it. Key: the secret's bytes. No time is signed: the ledger alone stops replays.
//! Mollie's SDK takes a delivery without the header for a legacy one; here it is refused. The id is
//! the event's own.

use super::algorithm::Algorithm;
use super::elements::{hex_signature, one_signature};
use super::scheme::{IdAt, Presented, Scheme, Window};
use super::{Message, Refusal};

const SIGNATURE: &str = "x-mollie-signature";

/// The scheme `mollie`.
pub(crate) struct Mollie;

impl Scheme for Mollie {
    fn name(&self) -> &'static str {
        "mollie"
    }

    fn window(&self) -> Window {
        Window::Unsigned
    }

    fn read<'m>(&'m self, message: &Message<'m>) -> Result<Presented<'m>, Refusal> {
        let signatures = one_signature(message.headers, SIGNATURE, b"", |text| {
            let hex = text.strip_prefix(b"sha256=").unwrap_or(text);
            hex_signature(Algorithm::HmacSha256, hex)
        })?;
        Ok(Presented::new([message.body], signatures, None))
    }

    fn id_at(&self) -> IdAt {
        IdAt::Body("/id")
    }
}
