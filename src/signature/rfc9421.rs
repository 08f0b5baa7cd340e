//! HTTP message signatures as a webhook scheme: RFC 9421, judged by `message_signature/`.
//!
//! Options: `keys`, `required`, `label`, `tag`, `tolerance_s` as of a message verifier, and
//! `id_header`: the field that has the sender's id, which must then be covered. Without one the id
//! is the hash of the signed base, in which `created` stands: a sender that signs a repeat anew
//! makes a new event. Window: 300 s around `created` by default, both ways.

use super::message_signature::{HttpMessage, MessageVerifier};
use super::scheme::{Presented, Scheme, Window};
use super::secrets::Resolve;
use super::{Event, Message, Refusal, Verified, event};
use crate::clock::UnixMs;
use crate::options::{Fields, OptionError, Value};

/// What refusals call the configured header.
const ID: &str = "id (as configured)";

/// The scheme `rfc9421`.
pub(crate) struct Rfc9421 {
    verifier: MessageVerifier,
    id_header: Option<String>,
}

impl Rfc9421 {
    /// Takes the options that are listed above.
    pub(crate) fn open(fields: &mut Fields) -> Result<Self, OptionError> {
        let mut verifier = MessageVerifier::open(fields)?;
        let id_header = fields
            .text("id_header")?
            .map(|name| name.to_ascii_lowercase());
        if let Some(name) = &id_header
            && !verifier.require_field(name)
        {
            let allowed = "the name of a header field";
            return Err(fields.refuse("id_header", &Value::from(name.as_str()), allowed));
        }
        Ok(Self {
            verifier,
            id_header,
        })
    }

    fn id(&self, message: &Message<'_>, base: &[u8]) -> Result<String, Refusal> {
        let Some(name) = &self.id_header else {
            return Ok(event::sha256_hex(&[base]));
        };
        let id = message
            .headers
            .single(name, ID)?
            .ok_or(Refusal::MissingHeader(ID))?;
        let id = std::str::from_utf8(id).ok();
        id.filter(|id| id.bytes().all(|b| b.is_ascii_graphic()))
            .map(str::to_owned)
            .ok_or(Refusal::MalformedHeader(ID))
    }
}

impl Scheme for Rfc9421 {
    fn name(&self) -> &'static str {
        "rfc9421"
    }

    fn window(&self) -> Window {
        Window::Unsigned
    }

    fn has_secrets(&self) -> bool {
        false
    }

    /// Never asked: [`Self::judge`] decides.
    fn read<'m>(&'m self, _message: &Message<'m>) -> Result<Presented<'m>, Refusal> {
        Err(Refusal::NoMatch)
    }

    fn judge(
        &self,
        message: &Message<'_>,
        now: UnixMs,
        resolve: Resolve<'_>,
    ) -> Option<Result<Verified, Refusal>> {
        let judged = self
            .verifier
            .verify(&HttpMessage::Request(*message), now, resolve);
        Some(judged.and_then(|signature| {
            let id = self.id(message, &signature.base)?;
            let time_ms = signature.created_s.map(|s| s.saturating_mul(1000));
            Ok(Verified {
                events: vec![Event::new(self.name(), id, message.body).with_time_ms(time_ms)],
                reply: None,
                secret_index: signature.key_index,
                scheme: self.name(),
            })
        }))
    }
}
