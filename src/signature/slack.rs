//! Slack, version `v0`: <https://docs.slack.dev/authentication/verifying-requests-from-slack>.
//!
//! Signed bytes: `v0:timestamp:body`. Headers: `X-Slack-Request-Timestamp` (seconds) and
//! `X-Slack-Signature: v0=<hex of HMAC-SHA256>`. Key: the signing secret's bytes. Window: 300 s by
//! default, both ways (Slack's own SDKs take any future time, or take the difference of a number
//! that they read leniently). The id is `event_id` of the Events API; slash commands and
//! interactions have none and get the hash of the signed bytes. The Events API's
//! `url_verification` is signed too: it brings no event, its challenge is echoed.

use super::algorithm::{Algorithm, Key};
use super::elements::{hex_signature, one_signature};
use super::scheme::{Genuine, Presented, Scheme, Window, body_event};
use super::time::Stamp;
use super::{Event, Message, Refusal, Reply};

const TIMESTAMP: &str = "x-slack-request-timestamp";
const SIGNATURE: &str = "x-slack-signature";

/// The scheme `slack`.
pub(crate) struct Slack;

impl Scheme for Slack {
    fn name(&self) -> &'static str {
        "slack"
    }

    fn window(&self) -> Window {
        Window::DefaultS(300)
    }

    fn read<'m>(&'m self, message: &Message<'m>) -> Result<Presented<'m>, Refusal> {
        let time = message.headers.required(TIMESTAMP)?;
        let signatures = one_signature(message.headers, SIGNATURE, b"v0=", |hex| {
            hex_signature(Algorithm::HmacSha256, hex)
        })?;
        let signed = [b"v0:".as_slice(), time, b":", message.body];
        Ok(Presented::new(
            signed,
            signatures,
            Some(Stamp::parse(time)?),
        ))
    }

    fn events(
        &self,
        message: &Genuine<'_>,
        presented: &Presented<'_>,
    ) -> Result<Vec<Event>, Refusal> {
        let id = |event: &Event| event.pointer_id("/event_id");
        let event = body_event(self.name(), message, presented, id);
        let is_handshake = challenge(&event).is_some();
        Ok(if is_handshake {
            Vec::new()
        } else {
            vec![event]
        })
    }

    fn reply(&self, message: &Message<'_>, _key: &Key) -> Result<Option<Reply>, Refusal> {
        let event = Event::new(self.name(), "", message.body);
        Ok(challenge(&event).map(Reply::text))
    }
}

fn challenge(event: &Event) -> Option<&str> {
    let is_handshake = event.kind() == Some("url_verification");
    event
        .pointer("/challenge")?
        .as_str()
        .filter(|_| is_handshake)
}
