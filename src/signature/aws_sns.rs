//! AWS SNS: <https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html>.
//!
//! Signed bytes: `key\nvalue\n` for Message, MessageId, Subject (if sent), Timestamp, TopicArn and
//! Type of a notification; Message, MessageId, SubscribeURL, Timestamp, Token, TopicArn and Type of
//! a (un)subscription. Only Message, which is first, may hold a line break: else a value could pose
//! as the next key. `UnsubscribeURL` is not signed. Signature: base64 of RSA PKCS#1 v1.5, with SHA-1
//! for `SignatureVersion` 1 and SHA-256 for 2; the option `version` ('1' or '2') takes one alone.
//!
//! Key: the certificate at `SigningCertURL`, which must be https on `sns.REGION.amazonaws.com` or
//! `.com.cn`, of one path segment that ends with `.pem`, judged by `certificate.rs`. SNS hands out
//! its leaf alone, so the chain that AWS asks to be checked is checked only where `ca_file` holds
//! the CA that issued the leaf; without it, trust rests on the pinned host, its TLS and the dates.
//! Revocation is not looked at. SNS signs for every customer: whoever
//! has an AWS account can send a valid delivery of a topic of their own, so name yours in
//! `topic_arns`.
//! Window: 3600 s by default, both ways. The id is MessageId, the type Type; a confirmation is an
//! event whose SubscribeURL the caller may visit.

use std::borrow::Cow;

use serde_json::{Map, Value};
use smallvec::smallvec;

use super::algorithm::{Algorithm, Key};
use super::certificate::Roots;
use super::elements::base64_signature;
use super::scheme::{Claim, Genuine, Presented, Scheme, Window, body_event};
use super::time::Stamp;
use super::{Event, Message, Refusal};
use crate::options::{Fields, OptionError};

/// A field of the body stands for a header here.
const SIGNATURE: &str = "Signature";
const NOTIFICATION: [&str; 6] = [
    "Message",
    "MessageId",
    "Subject",
    "Timestamp",
    "TopicArn",
    "Type",
];
const SUBSCRIPTION: [&str; 7] = [
    "Message",
    "MessageId",
    "SubscribeURL",
    "Timestamp",
    "Token",
    "TopicArn",
    "Type",
];

/// The scheme `aws-sns`.
pub(crate) struct AwsSns {
    topic_arns: Option<Vec<String>>,
    only: Option<Algorithm>,
    roots: Roots,
}

impl AwsSns {
    /// Takes `topic_arns`, `version` and `ca_file`.
    pub(crate) fn open(fields: &mut Fields) -> Result<Self, OptionError> {
        let versions = [("1", Algorithm::RsaSha1), ("2", Algorithm::RsaSha256)];
        Ok(Self {
            topic_arns: fields.texts("topic_arns")?,
            only: fields.one_of("version", &versions)?,
            roots: Roots::open(fields)?,
        })
    }

    fn algorithm(&self, body: &Map<String, Value>) -> Result<Algorithm, Refusal> {
        let algorithm = match text(body, "SignatureVersion")? {
            "1" => Algorithm::RsaSha1,
            "2" => Algorithm::RsaSha256,
            _ => return Err(Refusal::UnsupportedAlgorithm),
        };
        if self.only.is_some_and(|only| only != algorithm) {
            return Err(Refusal::UnsupportedAlgorithm);
        }
        Ok(algorithm)
    }
}

impl Scheme for AwsSns {
    fn name(&self) -> &'static str {
        "aws-sns"
    }

    fn window(&self) -> Window {
        Window::DefaultS(3600)
    }

    fn has_secrets(&self) -> bool {
        false
    }

    fn read<'m>(&'m self, message: &Message<'m>) -> Result<Presented<'m>, Refusal> {
        let body = fields(message)?;
        let topic = text(&body, "TopicArn")?;
        let topics = self.topic_arns.as_ref();
        if topics.is_some_and(|ours| ours.iter().all(|arn| arn != topic)) {
            return Err(Refusal::OtherAccount);
        }
        let algorithm = self.algorithm(&body)?;
        let signature = base64_signature(algorithm, text(&body, SIGNATURE)?.as_bytes());
        let signed_at = Stamp::parse_rfc3339(text(&body, "Timestamp")?.as_bytes())?;
        Ok(Presented {
            claims: smallvec![Claim {
                readings: smallvec![smallvec![Cow::Owned(signed_text(&body)?.into_bytes())]],
                signatures: smallvec![signature.ok_or(Refusal::MalformedHeader(SIGNATURE))?],
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
        let id = |event: &Event| event.pointer_id("/MessageId");
        let event = body_event(self.name(), message, presented, id);
        let kind = event.pointer_id("/Type");
        Ok(vec![event.with_kind(kind.as_deref())])
    }

    fn certificate_url(&self, message: &Message<'_>) -> Result<Option<String>, Refusal> {
        let body = fields(message)?;
        let url = text(&body, "SigningCertURL")?;
        if !is_of_sns(url) {
            return Err(Refusal::MalformedBody);
        }
        Ok(Some(url.to_owned()))
    }

    fn certified_key(
        &self,
        message: &Message<'_>,
        presented: &Presented<'_>,
        pem: &[u8],
    ) -> Result<Key, Refusal> {
        let algorithm = self.algorithm(&fields(message)?)?;
        let key = self.roots.rsa_key(pem, presented.signed_at);
        Ok(Key::Public(algorithm, key.map_err(Refusal::Certificate)?))
    }
}

fn fields(message: &Message<'_>) -> Result<Map<String, Value>, Refusal> {
    serde_json::from_slice(message.body).map_err(|_| Refusal::MalformedBody)
}

fn text<'b>(body: &'b Map<String, Value>, name: &str) -> Result<&'b str, Refusal> {
    let value = body.get(name).and_then(Value::as_str);
    value.ok_or(Refusal::MalformedBody)
}

fn signed_text(body: &Map<String, Value>) -> Result<String, Refusal> {
    let names: &[&str] = match text(body, "Type")? {
        "Notification" => &NOTIFICATION,
        "SubscriptionConfirmation" | "UnsubscribeConfirmation" => &SUBSCRIPTION,
        _ => return Err(Refusal::MalformedBody),
    };
    let mut signed = String::new();
    for name in names {
        if *name == "Subject" && matches!(body.get("Subject"), None | Some(Value::Null)) {
            continue;
        }
        let value = text(body, name)?;
        if *name != "Message" && value.contains('\n') {
            return Err(Refusal::MalformedBody);
        }
        for part in [name, "\n", value, "\n"] {
            signed.push_str(part);
        }
    }
    Ok(signed)
}

/// Whether only AWS can have put the certificate there.
fn is_of_sns(url: &str) -> bool {
    let parts = url
        .strip_prefix("https://sns.")
        .and_then(|rest| rest.split_once('/'));
    let Some((host, path)) = parts else {
        return false;
    };
    let region = host
        .strip_suffix(".amazonaws.com")
        .or_else(|| host.strip_suffix(".amazonaws.com.cn"));
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    region.is_some_and(|region| region.len() >= 3 && region.bytes().all(is_name))
        && path
            .strip_suffix(".pem")
            .is_some_and(|name| !name.is_empty() && name.bytes().all(|b| is_name(b) || b == b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_come_from_sns_alone() {
        for url in [
            "https://sns.us-east-2.amazonaws.com/SimpleNotificationService-7ff5.pem",
            "https://sns.cn-north-1.amazonaws.com.cn/a.pem",
        ] {
            assert!(is_of_sns(url), "{url}");
        }
        for url in [
            "http://sns.us-east-2.amazonaws.com/a.pem",
            "https://sns.us-east-2.amazonaws.com.evil.example/a.pem",
            "https://sns.us-east-2.evil.example/.amazonaws.com/a.pem",
            "https://sns.us-east-2.amazonaws.com:8443/a.pem",
            "https://sns.x@evil.amazonaws.com/a.pem",
            "https://sns.evil.example#.amazonaws.com/a.pem",
            "https://sns.a.b.amazonaws.com/a.pem",
            "https://sns.us-east-2.amazonaws.com/a.pem?x",
            "https://sns.us-east-2.amazonaws.com/a/b.pem",
            "https://sns.us-east-2.amazonaws.com/../a.pem",
            "https://sns.us-east-2.amazonaws.com/.pem",
            "https://sns.us-east-2.amazonaws.com/a.txt",
            "https://s3.us-east-2.amazonaws.com/a.pem",
            "https://sns.amazonaws.com/a.pem",
        ] {
            assert!(!is_of_sns(url), "{url}");
        }
    }
}
