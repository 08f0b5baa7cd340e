//! Stripe: <https://docs.stripe.com/webhooks#verify-manually>.
//!
//! Signed bytes: `t.body`. Header: `Stripe-Signature: t=<seconds>,v1=<hex>[,v1=<hex>][,v0=<hex>]`,
//! without spaces; several `v1` while a secret is rolled, `v0` comes from test mode and is never
//! used. Key: the secret's bytes with its `whsec_`. Window: 300 s by default, both ways (Stripe's
//! own SDKs take any future time). A second `t` is refused: SDKs differ in which one they take.
//! The id is the event's own; a signed body without one gets the hash of the signed bytes.

use super::elements::TimedList;
use super::scheme::{IdAt, Pieces, Presented, Scheme, Window};
use super::signer::{Made, Outgoing, SignedFields, Signs};
use super::{Message, Refusal};

const SIGNATURE: TimedList = TimedList {
    header: "stripe-signature",
    separator: b',',
    time: b"t=",
    version: b"v1",
};

/// The scheme `stripe`.
pub(crate) struct Stripe;

impl Scheme for Stripe {
    fn name(&self) -> &'static str {
        "stripe"
    }

    fn window(&self) -> Window {
        Window::DefaultS(300)
    }

    fn read<'m>(&'m self, message: &Message<'m>) -> Result<Presented<'m>, Refusal> {
        let (time, signed_at, signatures) = SIGNATURE.read(message.headers)?;
        let signed = [time, b".", message.body];
        Ok(Presented::new(signed, signatures, Some(signed_at)))
    }

    fn id_at(&self) -> IdAt {
        IdAt::Body("/id")
    }
}

impl Signs for Stripe {
    fn signed<'o>(&'o self, outgoing: &'o Outgoing<'o>) -> Result<Pieces<'o>, Refusal> {
        let parts = [outgoing.time.as_bytes(), b".", outgoing.message.body];
        Ok(parts.into_iter().map(Into::into).collect())
    }

    fn fields(&self, outgoing: &Outgoing<'_>, made: &[Made]) -> SignedFields {
        let mut header = format!("t={}", outgoing.time);
        for one in made {
            header.push_str(",v1=");
            header.push_str(&hex::encode(&one.bytes));
        }
        vec![(SIGNATURE.header.to_owned(), header)]
    }
}
