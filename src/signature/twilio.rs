//! Twilio: <https://www.twilio.com/docs/usage/webhooks/webhooks-security>.
//!
//! Header: `X-Twilio-Signature`, base64 of HMAC-SHA1; the vendor has no other. Key: the auth
//! token's bytes. Signed bytes:
//! - a form: the URL, then each field as `name‖value`, sorted by name, the values of one name
//!   sorted and without doubles. No separator stands between them, so a field's name and value can
//!   be cut in another way: a handler must not act on names that it does not know.
//! - anything else: the URL, with `bodySHA256=<hex>` in its query, which the body must have. Without
//!   it a body that is no form is refused.
//!
//! The sender may have written the port of the scheme or not: both are read. No time is signed. The
//! id, `I-Twilio-Idempotency-Token` (the same on every repeat), is not signed.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};
use smallvec::{SmallVec, smallvec};
use url::form_urlencoded;

use super::algorithm::{Algorithm, Key};
use super::elements::{base64_signature, one_signature};
use super::scheme::{Claim, IdAt, Pieces, Presented, Scheme, Window};
use super::{Message, Refusal};

const SIGNATURE: &str = "x-twilio-signature";
const CONTENT_TYPE: &str = "content-type";
const ID: &str = "i-twilio-idempotency-token";
/// Fields of a form; PHP takes 1000 by default.
const MAX_FIELDS: usize = 1_000;

/// The scheme `twilio`.
pub(crate) struct Twilio;

impl Scheme for Twilio {
    fn name(&self) -> &'static str {
        "twilio"
    }

    fn window(&self) -> Window {
        Window::Unsigned
    }

    fn key(&self, bytes: &[u8]) -> Key {
        Key::hmac_sha1(bytes)
    }

    fn read<'m>(&'m self, message: &Message<'m>) -> Result<Presented<'m>, Refusal> {
        let signatures = one_signature(message.headers, SIGNATURE, b"", |text| {
            base64_signature(Algorithm::HmacSha1, text)
        })?;
        let url = message.signed_url()?;
        let fields = match body_hash(url) {
            Some(hash) => {
                check_body(&hash, message.body)?;
                Vec::new()
            }
            None => sorted_form(message)?,
        };
        let reading = |url: Cow<'m, str>| -> Pieces<'m> {
            smallvec![
                Cow::Owned(url.into_owned().into_bytes()),
                Cow::Owned(fields.clone()),
            ]
        };
        let mut readings: SmallVec<[Pieces<'m>; 1]> = smallvec![reading(Cow::Borrowed(url))];
        readings.extend(other_port(url).map(|url| reading(Cow::Owned(url))));
        Ok(Presented {
            claims: smallvec![Claim {
                readings,
                signatures,
            }],
            signed_at: None,
            id: None,
        })
    }

    fn id_at(&self) -> IdAt {
        IdAt::Header(ID)
    }
}

/// The value of `bodySHA256` in the query; the first, as a second one would be another's reading.
fn body_hash(url: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let query = query.split_once('#').map_or(query, |(query, _)| query);
    form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "bodySHA256")
        .map(|(_, hash)| hash.into_owned())
}

fn check_body(hash: &str, body: &[u8]) -> Result<(), Refusal> {
    let mut said = [0; 32];
    hex::decode_to_slice(hash, &mut said).map_err(|_| Refusal::MissingUrl)?;
    if Sha256::digest(body).as_slice() == said {
        Ok(())
    } else {
        Err(Refusal::NoMatch)
    }
}

/// The form as it is signed.
fn sorted_form(message: &Message<'_>) -> Result<Vec<u8>, Refusal> {
    let is_form = message.headers.optional(CONTENT_TYPE)?.is_none_or(|kind| {
        let kind = kind.split(|b| *b == b';').next().unwrap_or_default();
        kind.trim_ascii()
            .eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
    });
    if !is_form {
        return Err(Refusal::MalformedBody);
    }
    let mut fields: BTreeMap<Cow<'_, str>, BTreeSet<Cow<'_, str>>> = BTreeMap::new();
    for (at, (name, value)) in form_urlencoded::parse(message.body).enumerate() {
        if at >= MAX_FIELDS {
            return Err(Refusal::MalformedBody);
        }
        fields.entry(name).or_default().insert(value);
    }
    let pairs = fields
        .iter()
        .flat_map(|(name, values)| values.iter().map(move |value| [name, value]));
    Ok(pairs.flatten().flat_map(|text| text.bytes()).collect())
}

/// The URL with the scheme's own port where it has no port, and without its port where it has one.
fn other_port(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    if let Some((host, _)) = authority.rsplit_once(':').filter(|(_, port)| is_port(port)) {
        return Some(format!("{scheme}://{host}{path}"));
    }
    let port = match scheme {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    Some(format!("{scheme}://{authority}:{port}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_added_or_taken_off() {
        for (url, expected) in [
            ("https://a.example/x?y", "https://a.example:443/x?y"),
            ("http://a.example", "http://a.example:80"),
            ("https://a.example:8443/x", "https://a.example/x"),
            ("https://a.example?q=a:1/", "https://a.example:443?q=a:1/"),
            ("https://[::1]/", "https://[::1]:443/"),
            ("https://[::1]:443/", "https://[::1]/"),
        ] {
            assert_eq!(other_port(url).as_deref(), Some(expected));
        }
        assert_eq!(other_port("ftp://a.example/"), None);
        assert_eq!(other_port("a.example/"), None);
    }
}
