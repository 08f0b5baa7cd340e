//! Calendly: <https://developer.calendly.com/api-docs/ZG9jOjM2MzE2MDM4-webhook-signatures>.
//!
//! Signed bytes: `t.body`. Header: `Calendly-Webhook-Signature: t=<seconds>,v1=<hex>`. Key: the
//! signing key's bytes. Window: 180 s by default, both ways. Calendly sends no id: it is the hash
//! of the signed bytes, so a repeat that is signed anew is a new event.

use super::elements::TimedList;
use super::scheme::{Presented, Scheme, Window};
use super::{Message, Refusal};

const SIGNATURE: TimedList = TimedList {
    header: "calendly-webhook-signature",
    separator: b',',
    time: b"t=",
    version: b"v1",
};

/// The scheme `calendly`.
pub(crate) struct Calendly;

impl Scheme for Calendly {
    fn name(&self) -> &'static str {
        "calendly"
    }

    fn window(&self) -> Window {
        Window::DefaultS(180)
    }

    fn read<'m>(&'m self, message: &Message<'m>) -> Result<Presented<'m>, Refusal> {
        let (time, signed_at, signatures) = SIGNATURE.read(message.headers)?;
        let signed = [time, b".", message.body];
        Ok(Presented::new(signed, signatures, Some(signed_at)))
    }
}
