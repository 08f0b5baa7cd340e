//! PayPal: <https://developer.paypal.com/api/rest/webhooks/rest/#link-messagesignature>.
//!
//! Signed bytes: `transmissionId|time|webhookId|crc32`, the CRC32 of the body in decimal. Headers:
//! `PAYPAL-TRANSMISSION-ID`, `-TIME` (RFC 3339 in UTC), `-SIG` (base64 of RSA PKCS#1 v1.5 with
//! SHA-256), `-AUTH-ALGO` (`SHA256withRSA` alone) and `-CERT-URL`. The option `webhook_id` is the
//! id that PayPal gave the endpoint; it is not sent.
//!
//! Key: the certificate at the URL, https on `api.paypal.com` (with `mode` 'sandbox' on
//! `api.sandbox.paypal.com`) below `/v1/notifications/certs/`, judged by `certificate.rs`. A time is
//! signed, but repeats come for three days: a window only where `tolerance_s` is set. The id is the
//! transmission's. **A CRC32 binds no body**: whoever captured a delivery can change its body under
//! the same CRC, so act on the resource as fetched from PayPal, never on the body alone.
use smallvec::smallvec;

use super::algorithm::{Algorithm, Key};
use super::certificate::Roots;
use super::elements::{base64_signature, one_signature};
use super::scheme::{Claim, Genuine, Presented, Scheme, Window, body_event};
use super::time::Stamp;
use super::{Event, Message, Refusal};
use crate::options::{Fields, OptionError};

const ID: &str = "paypal-transmission-id";
const TIME: &str = "paypal-transmission-time";
const SIGNATURE: &str = "paypal-transmission-sig";
const ALGORITHM: &str = "paypal-auth-algo";
const CERTIFICATE: &str = "paypal-cert-url";
const PATH: &str = "/v1/notifications/certs/";

/// The scheme `paypal`.
pub(crate) struct PayPal {
    webhook_id: String,
    host: &'static str,
    roots: Roots,
}

impl PayPal {
    /// Takes `webhook_id`, `mode` and `ca_file`.
    pub(crate) fn open(fields: &mut Fields) -> Result<Self, OptionError> {
        let modes = [
            ("live", "https://api.paypal.com"),
            ("sandbox", "https://api.sandbox.paypal.com"),
        ];
        let webhook_id = fields.text("webhook_id")?;
        let allowed = "the id that PayPal shows for the webhook, without '|'";
        let webhook_id = fields.required("webhook_id", webhook_id, allowed)?;
        if webhook_id.contains('|') {
            return Err(OptionError::new(
                fields.name("webhook_id"),
                "another text",
                allowed,
            ));
        }
        Ok(Self {
            webhook_id,
            host: fields.one_of("mode", &modes)?.unwrap_or(modes[0].1),
            roots: Roots::open(fields)?,
        })
    }

    /// Whether only PayPal can have put the certificate there.
    fn is_pinned(&self, url: &str) -> bool {
        let name = url
            .strip_prefix(self.host)
            .and_then(|rest| rest.strip_prefix(PATH));
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        name.is_some_and(|name| !name.is_empty() && name.bytes().all(is_plain))
    }
}

impl Scheme for PayPal {
    fn name(&self) -> &'static str {
        "paypal"
    }

    fn window(&self) -> Window {
        Window::Optional
    }

    fn has_secrets(&self) -> bool {
        false
    }

    fn read<'m>(&'m self, message: &Message<'m>) -> Result<Presented<'m>, Refusal> {
        let headers = message.headers;
        if headers.required(ALGORITHM)? != b"SHA256withRSA" {
            return Err(Refusal::UnsupportedAlgorithm);
        }
        let id = transmission_id(message)?;
        let time = headers.required(TIME)?;
        let signed_at = Stamp::parse_rfc3339(time)?;
        let signatures = one_signature(headers, SIGNATURE, b"", |text| {
            base64_signature(Algorithm::RsaSha256, text)
        })?;
        let crc = crc32fast::hash(message.body).to_string().into_bytes();
        let parts = [
            id.as_bytes(),
            b"|",
            time,
            b"|",
            self.webhook_id.as_bytes(),
            b"|",
        ];
        let pieces = parts.into_iter().map(Into::into).chain([crc.into()]);
        Ok(Presented {
            claims: smallvec![Claim {
                readings: smallvec![pieces.collect()],
                signatures,
            }],
            signed_at: Some(signed_at),
            id: None,
        })
    }

    fn events(
        &self,
        message: &Genuine<'_>,
        presented: &Presented<'_>,
    ) -> Result<Vec<Event>, Refusal> {
        let id = transmission_id(message)?;
        let event = body_event(self.name(), message, presented, |_| Some(id.to_owned()));
        let kind = event.pointer_id("/event_type");
        Ok(vec![event.with_kind(kind.as_deref())])
    }

    fn certificate_url(&self, message: &Message<'_>) -> Result<Option<String>, Refusal> {
        let url = message.headers.optional_token(CERTIFICATE)?;
        let url = url.ok_or(Refusal::MissingHeader(CERTIFICATE))?;
        if !self.is_pinned(url) {
            return Err(Refusal::MalformedHeader(CERTIFICATE));
        }
        Ok(Some(url.to_owned()))
    }

    fn certified_key(
        &self,
        _message: &Message<'_>,
        presented: &Presented<'_>,
        pem: &[u8],
    ) -> Result<Key, Refusal> {
        let key = self.roots.rsa_key(pem, presented.signed_at);
        let key = key.map_err(Refusal::Certificate)?;
        Ok(Key::Public(Algorithm::RsaSha256, key))
    }
}

/// It stands beside a separator, so it is of letters, digits and dashes.
fn transmission_id<'m>(message: &Message<'m>) -> Result<&'m str, Refusal> {
    let id = message.headers.optional_token(ID)?;
    let id = id.ok_or(Refusal::MissingHeader(ID))?;
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    id.bytes()
        .all(is_plain)
        .then_some(id)
        .ok_or(Refusal::MalformedHeader(ID))
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};

    use super::super::{Headers, Verified, Verifier, pem};
    use super::*;
    use crate::clock::UnixMs;
    use crate::options::{SecretRef, Value};

    const CHAIN: &str = concat!(
        include_str!("testdata/certificates/leaf.pem"),
        include_str!("testdata/certificates/intermediate.pem")
    );
    const BODY: &str = r#"{"id":"WH-1","event_type":"PAYMENT.SALE.COMPLETED"}"#;
    const URL: &str = "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594";
    const NOW: UnixMs = UnixMs(1_800_000_000_000);

    fn options(extra: &[(&str, Value)]) -> Value {
        let ca = format!(
            "{}/src/signature/testdata/certificates/ca.pem",
            env!("CARGO_MANIFEST_DIR")
        );
        let base = [
            ("webhook_id", Value::from("WH-2W")),
            ("ca_file", Value::from(ca)),
        ];
        let entries = base.into_iter().chain(extra.iter().cloned());
        Value::map(entries)
    }

    fn signature(text: &str) -> String {
        use base64::Engine as _;
        let key = include_bytes!("testdata/certificates/leaf.key");
        let (_, der) = pem::first(key).unwrap();
        let pair = RsaKeyPair::from_pkcs8(&der).unwrap();
        let mut bytes = vec![0; pair.public().modulus_len()];
        let random = SystemRandom::new();
        pair.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut bytes)
            .unwrap();
        base64::engine::general_purpose::STANDARD.encode(bytes)
    }

    fn verify(
        options: &Value,
        changes: &[(&str, &str)],
        body: &str,
        chain: &str,
    ) -> Result<Verified, Refusal> {
        let crc = crc32fast::hash(BODY.as_bytes());
        let signed = signature(&format!("69cd13f0-d67a|2027-01-15T08:00:00Z|WH-2W|{crc}"));
        let fields = [
            ("PAYPAL-TRANSMISSION-ID", "69cd13f0-d67a"),
            ("PAYPAL-TRANSMISSION-TIME", "2027-01-15T08:00:00Z"),
            ("PAYPAL-TRANSMISSION-SIG", signed.as_str()),
            ("PAYPAL-AUTH-ALGO", "SHA256withRSA"),
            ("PAYPAL-CERT-URL", URL),
        ];
        let fields = fields.map(|(name, value)| {
            let change = changes.iter().find(|(changed, _)| *changed == name);
            (name, change.map_or(value, |(_, value)| *value))
        });
        let headers = Headers::new(fields);
        let message = Message {
            body: body.as_bytes(),
            headers: &headers,
            method: "POST",
            url: "",
        };
        let verifier = Verifier::new("paypal", options).unwrap();
        let fetch = |_: &str| Ok(chain.as_bytes().to_vec());
        verifier.verify_fetching(&message, NOW, &SecretRef::resolve, &fetch)
    }

    #[test]
    fn a_delivery_holds_under_its_certificate() {
        let verified = verify(&options(&[]), &[], BODY, CHAIN).unwrap();
        let event = &verified.events[0];
        assert_eq!(
            (event.id(), event.kind()),
            ("69cd13f0-d67a", Some("PAYMENT.SALE.COMPLETED"))
        );
        assert_eq!(event.time_ms(), Some(1_800_000_000_000));
    }

    #[test]
    fn each_mutation_is_refused_for_its_reason() {
        for (name, value, expected) in [
            ("PAYPAL-TRANSMISSION-ID", "69cd13f0-d67b", Refusal::NoMatch),
            (
                "PAYPAL-TRANSMISSION-ID",
                "a|b",
                Refusal::MalformedHeader(ID),
            ),
            (
                "PAYPAL-TRANSMISSION-TIME",
                "2027-01-15T08:00:01Z",
                Refusal::NoMatch,
            ),
            (
                "PAYPAL-TRANSMISSION-TIME",
                "2027-01-15",
                Refusal::MalformedTimestamp,
            ),
            ("PAYPAL-TRANSMISSION-SIG", "AAAA", Refusal::NoMatch),
            (
                "PAYPAL-TRANSMISSION-SIG",
                "%",
                Refusal::MalformedHeader(SIGNATURE),
            ),
            (
                "PAYPAL-AUTH-ALGO",
                "SHA1withRSA",
                Refusal::UnsupportedAlgorithm,
            ),
            (
                "PAYPAL-CERT-URL",
                "https://evil.example/v1/notifications/certs/CERT-1",
                Refusal::MalformedHeader(CERTIFICATE),
            ),
        ] {
            let refused = verify(&options(&[]), &[(name, value)], BODY, CHAIN).unwrap_err();
            assert_eq!(refused, expected, "{name} {value}");
        }
        let other = verify(&options(&[]), &[], "{}", CHAIN).unwrap_err();
        assert_eq!(other, Refusal::NoMatch);
        let late = options(&[("tolerance_s", Value::Int(60))]);
        assert!(verify(&late, &[], BODY, CHAIN).is_ok());
        let leaf = include_str!("testdata/certificates/leaf.pem");
        let alone = verify(&options(&[]), &[], BODY, leaf).unwrap_err();
        assert_eq!(alone.reason(), "certificate");
    }

    #[test]
    fn certificates_come_from_paypal_alone() {
        let open = |mode: &str| {
            let options = options(&[("mode", Value::from(mode))]);
            PayPal::open(&mut Fields::new(&options).unwrap()).unwrap()
        };
        let (live, sandbox) = (open("live"), open("sandbox"));
        let in_sandbox = "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1";
        assert!(live.is_pinned(URL) && sandbox.is_pinned(in_sandbox));
        assert!(!live.is_pinned(in_sandbox) && !sandbox.is_pinned(URL));
        for url in [
            "http://api.paypal.com/v1/notifications/certs/CERT-1",
            "https://api.paypal.com.evil.example/v1/notifications/certs/CERT-1",
            "https://api.paypal.com@evil.example/v1/notifications/certs/CERT-1",
            "https://api.paypal.com:8443/v1/notifications/certs/CERT-1",
            "https://api.paypal.com/v1/notifications/certs/../CERT-1",
            "https://api.paypal.com/v1/notifications/certs/CERT-1?x",
            "https://api.paypal.com/v1/notifications/certs/",
            "https://api.paypal.com/other/CERT-1",
        ] {
            assert!(!live.is_pinned(url), "{url}");
        }
    }

    #[test]
    fn the_webhooks_id_is_asked_for() {
        for (options, field) in [
            (Value::map::<&str>([]), "webhook_id"),
            (
                Value::map([("webhook_id", Value::from("a|b"))]),
                "webhook_id",
            ),
            (options(&[("mode", Value::from("test"))]), "mode"),
        ] {
            assert_eq!(Verifier::new("paypal", &options).unwrap_err().field, field);
        }
    }
}
