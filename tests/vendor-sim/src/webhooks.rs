//! Webhooks as data: secrets, signatures (Standard Webhooks 1) and forgeries.
//!
//! The signed bytes are `id.timestamp.body`. A forgery is wrong in one way only, so that the reason
//! for its refusal can be told; a receiver that gives another reason checked something else first.
//! The order of a run is in `plan.rs`, sending in `sender.rs`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How far from now an expired or future forgery is dated, in seconds.
const FORGED_AGE_S: i64 = 600;

/// A symmetric key of Standard Webhooks.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// A new one.
    pub fn random() -> Self {
        Self(rand::random::<[u8; 32]>().to_vec())
    }

    /// As receivers are given it: `whsec_` and base64.
    pub fn as_text(&self) -> String {
        format!("whsec_{}", STANDARD.encode(&self.0))
    }

    /// The value of `webhook-signature`.
    pub fn sign(&self, id: &str, timestamp_s: i64, body: &[u8]) -> String {
        // HMAC takes keys of every length, so there is no error to tell of.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return String::new();
        };
        mac.update(format!("{id}.{timestamp_s}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// A message with the headers that go with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`, in seconds.
    pub timestamp_s: i64,
    /// `webhook-signature`, if there is one.
    pub signature: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// A genuine message, signed now.
pub fn genuine(secret: &Secret, id: &str, body: &[u8], now_s: i64) -> Message {
    Message {
        id: id.to_owned(),
        timestamp_s: now_s,
        signature: Some(secret.sign(id, now_s, body)),
        body: body.to_vec(),
    }
}

/// The ways in which a message is forged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Forgery {
    /// Random bytes for a signature.
    BadSignature,
    /// Signed with a secret that nobody has.
    WrongSecret,
    /// The body was changed after signing.
    TamperedBody,
    /// No signature header.
    MissingSignature,
    /// Rightly signed, ten minutes ago.
    Expired,
    /// Rightly signed, ten minutes from now.
    Future,
}

impl Forgery {
    /// All of them, in the order in which they take turns.
    pub const ALL: [Self; 6] = [
        Self::BadSignature,
        Self::WrongSecret,
        Self::TamperedBody,
        Self::MissingSignature,
        Self::Expired,
        Self::Future,
    ];

    /// Name in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::BadSignature => "bad_signature",
            Self::WrongSecret => "wrong_secret",
            Self::TamperedBody => "tampered_body",
            Self::MissingSignature => "missing_signature",
            Self::Expired => "expired",
            Self::Future => "future",
        }
    }

    /// The reason with which a receiver should refuse it.
    pub fn expected_reason(self) -> &'static str {
        match self {
            Self::BadSignature | Self::WrongSecret | Self::TamperedBody => "no_match",
            Self::MissingSignature => "missing_header",
            Self::Expired => "timestamp_too_old",
            Self::Future => "timestamp_in_future",
        }
    }

    /// The forged message; `body` must be a body that would be believed.
    pub fn make(self, secret: &Secret, id: &str, body: &[u8], now_s: i64) -> Message {
        let mut message = genuine(secret, id, body, now_s);
        match self {
            Self::BadSignature => {
                let noise: [u8; 32] = rand::random();
                message.signature = Some(format!("v1,{}", STANDARD.encode(noise)));
            }
            Self::WrongSecret => message = genuine(&Secret::random(), id, body, now_s),
            // JSON of the same meaning: a verifier that signs what it parsed would let it pass.
            Self::TamperedBody => message.body.push(b' '),
            Self::MissingSignature => message.signature = None,
            Self::Expired => message = genuine(secret, id, body, now_s - FORGED_AGE_S),
            Self::Future => message = genuine(secret, id, body, now_s + FORGED_AGE_S),
        }
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_forgery_is_wrong_in_its_own_way_only() {
        let secret = Secret::random();
        let right = genuine(&secret, "e", b"{}", 1000);
        for forgery in Forgery::ALL {
            let forged = forgery.make(&secret, "e", b"{}", 1000);
            let resigned = secret.sign("e", forged.timestamp_s, &forged.body);
            let is_signed = forged.signature.as_deref() == Some(&resigned);
            let is_dated_now = forged.timestamp_s == right.timestamp_s;
            let (signed, dated_now) = match forgery {
                Forgery::Expired | Forgery::Future => (true, false),
                Forgery::BadSignature
                | Forgery::WrongSecret
                | Forgery::TamperedBody
                | Forgery::MissingSignature => (false, true),
            };
            assert_eq!(
                (is_signed, is_dated_now),
                (signed, dated_now),
                "{forgery:?}"
            );
        }
    }

    /// The example of the Standard Webhooks libraries.
    #[test]
    fn a_published_signature_comes_out() {
        let secret = Secret(STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap());
        assert_eq!(
            secret.sign(
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                b"{\"test\": 2432232314}"
            ),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }
}
