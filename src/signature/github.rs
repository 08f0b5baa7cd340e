//! GitHub: <https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries>.
//!
//! Signed bytes: the body. Header: `X-Hub-Signature-256: sha256=<hex of HMAC-SHA256>`. Key: the
//! secret's bytes. No time is signed, so there is no window: the ledger alone stops replays.
//! `X-Hub-Signature` (SHA-1) is never looked at as a proof. The id, `X-GitHub-Delivery`, and the
//! type, `X-GitHub-Event`, are not signed: whoever captured a delivery can send it again under a
//! new id. A delivery without an id gets the hash of its body.

use smallvec::smallvec;

use super::algorithm::Algorithm;
use super::elements::hex_signature;
use super::scheme::{Genuine, Pieces, Presented, Scheme, Window, body_event};
use super::signer::{Made, Outgoing, SignedFields, Signs};
use super::{Event, Message, Refusal};

const SIGNATURE: &str = "x-hub-signature-256";
const LEGACY_SIGNATURE: &str = "x-hub-signature";
const DELIVERY: &str = "x-github-delivery";
const EVENT: &str = "x-github-event";

/// The scheme `github`.
pub(crate) struct GitHub;

impl Scheme for GitHub {
    fn name(&self) -> &'static str {
        "github"
    }

    fn window(&self) -> Window {
        Window::Unsigned
    }

    fn read<'m>(&'m self, message: &Message<'m>) -> Result<Presented<'m>, Refusal> {
        let Some(header) = message.headers.optional(SIGNATURE)? else {
            let has_legacy = message.headers.all(LEGACY_SIGNATURE).next().is_some();
            return Err(if has_legacy {
                Refusal::UnsupportedAlgorithm
            } else {
                Refusal::MissingHeader(SIGNATURE)
            });
        };
        let signature = match header.strip_prefix(b"sha256=") {
            Some(hex) => hex_signature(Algorithm::HmacSha256, hex)
                .ok_or(Refusal::MalformedHeader(SIGNATURE))?,
            None if header.starts_with(b"sha1=") => return Err(Refusal::UnsupportedAlgorithm),
            None => return Err(Refusal::MalformedHeader(SIGNATURE)),
        };
        Ok(Presented::new([message.body], smallvec![signature], None))
    }

    fn events(
        &self,
        message: &Genuine<'_>,
        presented: &Presented<'_>,
    ) -> Result<Vec<Event>, Refusal> {
        let id = message.headers.optional_token(DELIVERY)?;
        let kind = message.headers.optional_token(EVENT)?;
        let event = body_event(self.name(), message, presented, |_| id.map(str::to_owned));
        Ok(vec![event.with_kind(kind)])
    }
}

impl Signs for GitHub {
    fn room(&self) -> usize {
        1
    }

    fn signed<'o>(&'o self, outgoing: &'o Outgoing<'o>) -> Result<Pieces<'o>, Refusal> {
        Ok(smallvec![outgoing.message.body.into()])
    }

    fn fields(&self, outgoing: &Outgoing<'_>, made: &[Made]) -> SignedFields {
        let mut fields = vec![(DELIVERY.to_owned(), outgoing.id.to_owned())];
        fields.extend(made.iter().map(|one| {
            let signature = format!("sha256={}", hex::encode(&one.bytes));
            (SIGNATURE.to_owned(), signature)
        }));
        fields
    }
}
