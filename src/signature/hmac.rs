//! Any vendor's HMAC over a template, configured.
//!
//! Options: `template` says what is signed, of `{body}` (once), `{timestamp}`, `{id}`, `{method}`,
//! `{url}` and the text between them, by default `{body}`; `header` has the signature, after
//! `prefix`, in `encoding` (`hex` or `base64`), made with `algorithm` (`sha256`, `sha512`, or
//! `sha1`); with `separator`, the header has several, each after the prefix; `timestamp_header` (Unix seconds) and `id_header` go with their placeholders. Window:
//! 300 s by default, both ways, where a time is signed. The id counts only where it is signed.
//!
//! One MAC must not be cut in two ways: an id is of letters, digits, `-` and `_`; two placeholders
//! side by side are refused, but for a timestamp, which must then have ten digits, in front of a
//! body that begins with no digit.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use smallvec::smallvec;

use super::algorithm::{Algorithm, Key, Signature};
use super::elements::{base64_signature, collect_signatures, hex_signature};
use super::scheme::{Claim, Genuine, Pieces, Presented, Scheme, Signatures, Window, body_event};
use super::secrets::MAX_SECRETS;
use super::signer::{Made, Outgoing, SignedFields, Signs};
use super::time::Stamp;
use super::{Event, Message, Refusal};
use crate::options::{Fields, OptionError, Value};

/// What refusals call the configured headers.
const SIGNATURE: &str = "signature (as configured)";
const TIMESTAMP: &str = "timestamp (as configured)";
const ID: &str = "id (as configured)";
/// Parts of a template.
const MAX_PARTS: usize = 16;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Body,
    Timestamp,
    Id,
    Method,
    Url,
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Hex,
    Base64,
}

impl Encoding {
    fn decode(self, algorithm: Algorithm, text: &[u8]) -> Option<Signature> {
        match self {
            Self::Hex => hex_signature(algorithm, text),
            Self::Base64 => base64_signature(algorithm, text),
        }
    }

    fn encode(self, bytes: &[u8]) -> String {
        match self {
            Self::Hex => hex::encode(bytes),
            Self::Base64 => STANDARD.encode(bytes),
        }
    }
}

/// The scheme `hmac`.
pub(crate) struct Hmac {
    parts: Vec<Part>,
    header: String,
    prefix: String,
    separator: Option<String>,
    encoding: Encoding,
    algorithm: Algorithm,
    timestamp_header: Option<String>,
    id_header: Option<String>,
}

impl Hmac {
    /// Takes the options that are listed above.
    pub(crate) fn open(fields: &mut Fields) -> Result<Self, OptionError> {
        let template = fields.text("template")?.unwrap_or("{body}".to_owned());
        let parts = parse(&template).ok_or_else(|| {
            let allowed = "a template with {body} once, each other placeholder at most once, and text between them";
            fields.refuse("template", &Value::Str(template.into_bytes()), allowed)
        })?;
        let header = fields.text("header")?;
        let header = fields.required("header", header, "the name of the signature's header")?;
        let encodings = [("hex", Encoding::Hex), ("base64", Encoding::Base64)];
        let algorithms = [
            ("sha256", Algorithm::HmacSha256),
            ("sha512", Algorithm::HmacSha512),
            ("sha1", Algorithm::HmacSha1),
        ];
        let mut header_of = |key, part| {
            let name = fields.text(key)?;
            if parts.contains(&part) == name.is_some() {
                return Ok(name.map(|name| name.to_ascii_lowercase()));
            }
            let allowed = "set where the template has its placeholder, and only there";
            Err(OptionError::new(
                fields.name(key),
                name.map_or("nothing", |_| "a name"),
                allowed,
            ))
        };
        let timestamp_header = header_of("timestamp_header", Part::Timestamp)?;
        let id_header = header_of("id_header", Part::Id)?;
        Ok(Self {
            parts,
            header: header.to_ascii_lowercase(),
            prefix: fields.text("prefix")?.unwrap_or_default(),
            separator: fields.text("separator")?,
            encoding: fields
                .one_of("encoding", &encodings)?
                .unwrap_or(Encoding::Hex),
            algorithm: fields
                .one_of("algorithm", &algorithms)?
                .unwrap_or(Algorithm::HmacSha256),
            timestamp_header,
            id_header,
        })
    }

    fn signatures(&self, message: &Message<'_>) -> Result<Signatures, Refusal> {
        let text = one(message, &self.header, SIGNATURE)?;
        let malformed = Refusal::MalformedHeader(SIGNATURE);
        let signature = |text: &[u8]| {
            let text = text.strip_prefix(self.prefix.as_bytes())?;
            self.encoding.decode(self.algorithm, text)
        };
        let Some(separator) = &self.separator else {
            return signature(text).map(|one| smallvec![one]).ok_or(malformed);
        };
        let text = std::str::from_utf8(text).map_err(|_| malformed)?;
        let elements = text.split(separator.as_str()).map(str::as_bytes);
        collect_signatures(SIGNATURE, elements, |text| signature(text).into())
    }

    fn id<'m>(&self, message: &Message<'m>) -> Result<Option<&'m str>, Refusal> {
        let Some(name) = &self.id_header else {
            return Ok(None);
        };
        let id = std::str::from_utf8(one(message, name, ID)?).ok();
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        id.filter(|id| id.bytes().all(is_plain))
            .map(Some)
            .ok_or(Refusal::MalformedHeader(ID))
    }

    fn time<'m>(&self, message: &Message<'m>) -> Result<Option<(&'m [u8], Stamp)>, Refusal> {
        let Some(name) = &self.timestamp_header else {
            return Ok(None);
        };
        let time = one(message, name, TIMESTAMP)?;
        self.check_time(time, message)?;
        Ok(Some((time, Stamp::parse(time)?)))
    }

    /// A time beside the body must not run into it.
    fn check_time(&self, time: &[u8], message: &Message<'_>) -> Result<(), Refusal> {
        let is_beside_body = self
            .parts
            .windows(2)
            .any(|pair| *pair == [Part::Timestamp, Part::Body]);
        let begins_with_digit = message.body.first().is_some_and(u8::is_ascii_digit);
        if is_beside_body && (time.len() != 10 || begins_with_digit) {
            return Err(Refusal::MalformedTimestamp);
        }
        Ok(())
    }

    fn pieces<'m>(
        &'m self,
        message: &Message<'m>,
        id: &'m str,
        time: &'m [u8],
    ) -> Result<Pieces<'m>, Refusal> {
        let mut pieces = Pieces::with_capacity(self.parts.len());
        for part in &self.parts {
            pieces.push(Cow::Borrowed(match part {
                Part::Text(text) => text.as_bytes(),
                Part::Body => message.body,
                Part::Timestamp => time,
                Part::Id => id.as_bytes(),
                Part::Method => message.method.as_bytes(),
                Part::Url => message.signed_url()?.as_bytes(),
            }));
        }
        Ok(pieces)
    }
}

impl Scheme for Hmac {
    fn name(&self) -> &'static str {
        "hmac"
    }

    fn window(&self) -> Window {
        match self.timestamp_header {
            Some(_) => Window::DefaultS(300),
            None => Window::Unsigned,
        }
    }

    fn key(&self, bytes: &[u8]) -> Key {
        match self.algorithm {
            Algorithm::HmacSha1 => Key::hmac_sha1(bytes),
            Algorithm::HmacSha512 => Key::hmac_sha512(bytes),
            Algorithm::HmacSha256
            | Algorithm::Sha256OfSecretAndMessage
            | Algorithm::Ed25519
            | Algorithm::EcdsaP256Sha256
            | Algorithm::EcdsaP256Sha256Raw
            | Algorithm::EcdsaP384Sha384Raw
            | Algorithm::RsaSha1
            | Algorithm::RsaSha256
            | Algorithm::RsaPssSha256
            | Algorithm::RsaPssSha512 => Key::hmac_sha256(bytes),
        }
    }

    fn read<'m>(&'m self, message: &Message<'m>) -> Result<Presented<'m>, Refusal> {
        let signatures = self.signatures(message)?;
        let (id, time) = (self.id(message)?, self.time(message)?);
        let text = time.map_or(&b""[..], |(text, _)| text);
        let pieces = self.pieces(message, id.unwrap_or_default(), text)?;
        Ok(Presented {
            claims: smallvec![Claim {
                readings: smallvec![pieces],
                signatures,
            }],
            signed_at: time.map(|(_, stamp)| stamp),
            id: None,
        })
    }

    fn events(
        &self,
        message: &Genuine<'_>,
        presented: &Presented<'_>,
    ) -> Result<Vec<Event>, Refusal> {
        let id = self.id(message)?;
        Ok(vec![body_event(self.name(), message, presented, |_| {
            id.map(str::to_owned)
        })])
    }
}

impl Signs for Hmac {
    fn room(&self) -> usize {
        if self.separator.is_some() {
            MAX_SECRETS
        } else {
            1
        }
    }

    fn secret_algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn signed<'o>(&'o self, outgoing: &'o Outgoing<'o>) -> Result<Pieces<'o>, Refusal> {
        let (time, id) = (outgoing.time.as_bytes(), outgoing.id);
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if self.id_header.is_some() && (id.is_empty() || !id.bytes().all(is_plain)) {
            return Err(Refusal::MalformedHeader(ID));
        }
        self.check_time(time, outgoing.message)?;
        self.pieces(outgoing.message, id, time)
    }

    fn fields(&self, outgoing: &Outgoing<'_>, made: &[Made]) -> SignedFields {
        let one = |made: &Made| format!("{}{}", self.prefix, self.encoding.encode(&made.bytes));
        let all: Vec<String> = made.iter().map(one).collect();
        let separator = self.separator.as_deref().unwrap_or_default();
        let mut fields = vec![(self.header.clone(), all.join(separator))];
        let time = self.timestamp_header.as_ref();
        fields.extend(time.map(|name| (name.clone(), outgoing.time.to_owned())));
        let id = self.id_header.as_ref();
        fields.extend(id.map(|name| (name.clone(), outgoing.id.to_owned())));
        fields
    }
}

/// The one value of a configured header.
fn one<'m>(message: &Message<'m>, name: &str, shown: &'static str) -> Result<&'m [u8], Refusal> {
    message
        .headers
        .single(name, shown)?
        .ok_or(Refusal::MissingHeader(shown))
}

/// The parts of a template, if it can be read in one way only.
fn parse(template: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((text, tail)) = rest.split_once('{') {
        let (name, tail) = tail.split_once('}')?;
        let part = match name {
            "body" => Part::Body,
            "timestamp" => Part::Timestamp,
            "id" => Part::Id,
            "method" => Part::Method,
            "url" => Part::Url,
            _ => return None,
        };
        let follows_freely = parts.is_empty()
            || !text.is_empty()
            || (parts.last() == Some(&Part::Timestamp) && part == Part::Body);
        if !follows_freely || parts.contains(&part) || parts.len() >= MAX_PARTS {
            return None;
        }
        if !text.is_empty() {
            parts.push(Part::Text(text.to_owned()));
        }
        parts.push(part);
        rest = tail;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    parts.contains(&Part::Body).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_can_be_read_in_one_way_only() {
        for template in [
            "{body}",
            "v0:{timestamp}:{body}",
            "{timestamp}{body}",
            "{id}.{timestamp}.{body}!",
        ] {
            assert!(parse(template).is_some(), "{template}");
        }
        for template in [
            "",
            "x",
            "{timestamp}",
            "{body}{body}",
            "{body}.{body}",
            "{id}{body}",
            "{body}{timestamp}",
            "{nope}.{body}",
            "{body",
            "{id}{timestamp}{body}",
        ] {
            assert!(parse(template).is_none(), "{template}");
        }
    }
}
