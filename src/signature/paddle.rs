//! Paddle Billing: <https://developer.paddle.com/webhooks/signature-verification>.
//!
//! Signed bytes: `ts:body`. Header: `Paddle-Signature: ts=<seconds>;h1=<hex>[;h1=<hex>]`, several
//! `h1` while a secret is rolled; other elements are skipped. Key: the secret's bytes with its
//! `pdl_ntf_`. Window: 5 s by default, which is Paddle's own, here both ways; a host whose clock
//! is off needs a wider one. The id is `event_id`, the same on every repeat.

use super::elements::TimedList;
use super::scheme::{IdAt, Presented, Scheme, Window};
use super::{Message, Refusal};

const SIGNATURE: TimedList = TimedList {
    header: "paddle-signature",
    separator: b';',
    time: b"ts=",
    version: b"h1",
};

/// The scheme `paddle`.
pub(crate) struct Paddle;

impl Scheme for Paddle {
    fn name(&self) -> &'static str {
        "paddle"
    }

    fn window(&self) -> Window {
        Window::DefaultS(5)
    }

    fn read<'m>(&'m self, message: &Message<'m>) -> Result<Presented<'m>, Refusal> {
        let (time, signed_at, signatures) = SIGNATURE.read(message.headers)?;
        let signed = [time, b":", message.body];
        Ok(Presented::new(signed, signatures, Some(signed_at)))
    }

    fn id_at(&self) -> IdAt {
        IdAt::Body("/event_id")
    }
}
