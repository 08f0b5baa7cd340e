//! Square: <https://developer.squareup.com/docs/webhooks/step3validate>.
//!
//! Signed bytes: `url‖body`, the URL as it is registered at Square: the option `notification_url`,
//! or the URL that the caller gives. Behind a proxy only the option is sure to be the same. Header:
//! `x-square-hmacsha256-signature`, base64 of HMAC-SHA256. Key: the signature key's bytes. An empty
//! body is refused. No time is signed: the ledger alone stops replays. The id is `event_id`.

use super::algorithm::Algorithm;
use super::elements::{base64_signature, one_signature};
use super::scheme::{IdAt, Presented, Scheme, Window};
use super::{Message, Refusal};
use crate::options::{Fields, OptionError};

const SIGNATURE: &str = "x-square-hmacsha256-signature";

/// The scheme `square`.
pub(crate) struct Square {
    notification_url: Option<String>,
}

impl Square {
    /// Takes `notification_url`.
    pub(crate) fn open(fields: &mut Fields) -> Result<Self, OptionError> {
        Ok(Self {
            notification_url: fields.text("notification_url")?,
        })
    }
}

impl Scheme for Square {
    fn name(&self) -> &'static str {
        "square"
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
        let url = match &self.notification_url {
            Some(url) => url,
            None => message.signed_url()?,
        };
        let signed = [url.as_bytes(), message.body];
        Ok(Presented::new(signed, signatures, None))
    }

    fn id_at(&self) -> IdAt {
        IdAt::Body("/event_id")
    }
}
