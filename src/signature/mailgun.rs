//! Mailgun: <https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks>.
//!
//! Signed bytes: `timestamp‖token` of the JSON body's `signature`, and **nothing else**: what the
//! body says beside them is not proven by this scheme, so a handler reads the truth from the API.
//! `signature.signature` is hex of HMAC-SHA256. Key: the HTTP webhook signing key's bytes. No
//! separator stands between the two, so the timestamp must have 10 digits and the token 50
//! letters and digits. Window: 600 s by default, both ways. The id is the token, for single use: it
//! is what stops somebody who captured one signature from putting it above other events.
use smallvec::smallvec;

use super::algorithm::Algorithm;
use super::elements::hex_signature;
use super::scheme::{Claim, IdAt, Presented, Scheme, Window};
use super::time::Stamp;
use super::{Message, Refusal};
use serde::Deserialize;

/// A field of the body stands for a header here.
const SIGNATURE: &str = "signature";

#[derive(Deserialize)]
struct Body {
    signature: Signed,
}

#[derive(Deserialize)]
struct Signed {
    timestamp: String,
    token: String,
    signature: String,
}

/// The scheme `mailgun`.
pub(crate) struct Mailgun;

impl Scheme for Mailgun {
    fn name(&self) -> &'static str {
        "mailgun"
    }

    fn window(&self) -> Window {
        Window::DefaultS(600)
    }

    fn read<'m>(&'m self, message: &Message<'m>) -> Result<Presented<'m>, Refusal> {
        let body: Body =
            serde_json::from_slice(message.body).map_err(|_| Refusal::MalformedBody)?;
        let Signed {
            timestamp,
            token,
            signature,
        } = body.signature;
        if timestamp.len() != 10 {
            return Err(Refusal::MalformedTimestamp);
        }
        let signed_at = Stamp::parse(timestamp.as_bytes())?;
        if token.len() != 50 || !token.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(Refusal::MalformedBody);
        }
        let signature = hex_signature(Algorithm::HmacSha256, signature.as_bytes());
        let signature = signature.ok_or(Refusal::MalformedHeader(SIGNATURE))?;
        let pieces = smallvec![timestamp.into_bytes().into(), token.into_bytes().into()];
        Ok(Presented {
            claims: smallvec![Claim {
                readings: smallvec![pieces],
                signatures: smallvec![signature],
            }],
            signed_at: Some(signed_at),
            id: None,
        })
    }

    fn id_at(&self) -> IdAt {
        IdAt::Body("/signature/token")
    }
}
