//! Standard Webhooks: <https://github.com/standard-webhooks/standard-webhooks>.
//!
//! Signed bytes: `id.timestamp.body`. Headers: `webhook-id`, `webhook-timestamp` (seconds) and
//! `webhook-signature`, a list separated by spaces of `v1,<base64 of HMAC-SHA256>` and
//! `v1a,<base64 of Ed25519>`, several while a secret is rolled; elements of other versions are
//! skipped. Keys: for `v1` base64 after `whsec_`, for `v1a` base64 of 32 bytes after `whpk_`,
//! pinned by the options. Window: 300 s by default, both ways. The id is signed and the same on
//! every repeat. An id with a dot is refused: `id.timestamp` could then be cut in two ways.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::STANDARD as SIGNATURE_BASE64;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::algorithm::{Algorithm, Key};
use super::elements::{Element, base64_signature, collect_signatures, split, split_once};
use super::scheme::{Pieces, Presented, Scheme, Window};
use super::signer::{Made, Outgoing, SignedFields, Signs};
use super::time::Stamp;
use super::{Message, Refusal};

/// The names of the three headers.
pub(super) struct Names {
    pub(super) id: &'static str,
    pub(super) timestamp: &'static str,
    pub(super) signature: &'static str,
}

/// The standard's own.
pub(super) const NAMES: Names = Names {
    id: "webhook-id",
    timestamp: "webhook-timestamp",
    signature: "webhook-signature",
};

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

    fn window(&self) -> Window {
        Window::DefaultS(300)
    }

    fn secret_bytes(&self, written: &[u8]) -> Option<Vec<u8>> {
        secret_bytes(written)
    }

    fn public_algorithm(&self) -> Option<Algorithm> {
        Some(Algorithm::Ed25519)
    }

    fn public_key(&self, written: &[u8]) -> Option<Key> {
        public_key(written)
    }

    fn read<'m>(&'m self, message: &Message<'m>) -> Result<Presented<'m>, Refusal> {
        read(&NAMES, message)
    }
}

impl Signs for StandardWebhooks {
    fn signed<'o>(&'o self, outgoing: &'o Outgoing<'o>) -> Result<Pieces<'o>, Refusal> {
        let id = outgoing.id;
        if id.is_empty() || id.contains('.') || !id.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Refusal::MalformedHeader(NAMES.id));
        }
        let parts = [id, ".", outgoing.time, "."].map(str::as_bytes);
        let parts = parts.into_iter().chain([outgoing.message.body]);
        Ok(parts.map(Cow::Borrowed).collect())
    }

    fn fields(&self, outgoing: &Outgoing<'_>, made: &[Made]) -> SignedFields {
        let signature = |one: &Made| {
            let version = if one.algorithm == Algorithm::Ed25519 {
                "v1a"
            } else {
                "v1"
            };
            format!("{version},{}", SIGNATURE_BASE64.encode(&one.bytes))
        };
        let signatures: Vec<String> = made.iter().map(signature).collect();
        vec![
            (NAMES.id.to_owned(), outgoing.id.to_owned()),
            (NAMES.timestamp.to_owned(), outgoing.time.to_owned()),
            (NAMES.signature.to_owned(), signatures.join(" ")),
        ]
    }
}

/// Of `whsec_<base64>`.
pub(super) fn secret_bytes(written: &[u8]) -> Option<Vec<u8>> {
    SECRET_BASE64
        .decode(written.strip_prefix(b"whsec_").unwrap_or(written))
        .ok()
}

/// Of `whpk_<base64>`.
pub(super) fn public_key(written: &[u8]) -> Option<Key> {
    let text = written.strip_prefix(b"whpk_").unwrap_or(written);
    Key::ed25519(&SECRET_BASE64.decode(text).ok()?)
}

pub(super) fn read<'m>(names: &Names, message: &Message<'m>) -> Result<Presented<'m>, Refusal> {
    let id = id(names, message)?;
    let time = message.headers.required(names.timestamp)?;
    let header = message.headers.required(names.signature)?;
    let signed_at = Stamp::parse(time)?;
    let elements = split(header, b' ');
    let signatures = collect_signatures(names.signature, elements, element)?;
    let signed = [id.as_bytes(), b".", time, b".", message.body];
    Ok(Presented::new(signed, signatures, Some(signed_at)).with_id(id))
}

fn id<'m>(names: &Names, message: &Message<'m>) -> Result<&'m str, Refusal> {
    let id = message.headers.optional_token(names.id)?;
    let id = id.ok_or(Refusal::MissingHeader(names.id))?;
    if id.contains('.') {
        return Err(Refusal::MalformedHeader(names.id));
    }
    Ok(id)
}

/// `v1,<base64>` and `v1a,<base64>`, padded and canonical.
fn element(text: &[u8]) -> Element {
    match split_once(text, b',') {
        Some((b"v1", signature)) => base64_signature(Algorithm::HmacSha256, signature).into(),
        Some((b"v1a", signature)) => base64_signature(Algorithm::Ed25519, signature)
            .map_or(Element::OtherVersion, Element::Signature),
        Some(([b'v', _, ..], _)) => Element::OtherVersion,
        Some(_) | None => Element::Malformed,
    }
}
