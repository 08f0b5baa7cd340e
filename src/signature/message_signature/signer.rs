//! Signing a message (RFC 9421 section 3.1).
//!
//! Options: `keys` (each with a `label` of its own, else `sig1`, `sig2`, …), `components` (by
//! default a request's `@method`, `@target-uri` and, where there is content, `content-digest`; of a
//! response `@status` and the digest), `parameters` in the order in which they are written (by
//! default `created`, `expires` and `tag` where they are set, and `keyid` where the key has one),
//! `expires_s` (from now), `tag`. Several keys sign side by side, as while a key is rolled. A
//! `Content-Digest` that is covered and not there is made, of SHA-256.

use sfv::{BareItem, DictSerializer, InnerList, Integer, Item, Key as SfKey, KeyRef, Parser};

use super::super::private_key::SigningKey;
use super::super::secrets::Resolve;
use super::super::{Headers, Message, Refusal, SignedFields, digest};
use super::component::Component;
use super::coverage::components;
use super::input::{base, text_of};
use super::keys::ConfiguredKey;
use super::{HttpMessage, HttpResponse};
use crate::clock::{self, UnixMs};
use crate::options::{Fields, OptionError, Source, Value};

const MAX_EXPIRES_S: i64 = 86_400 * 366;

/// A parameter of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parameter {
    Created,
    Expires,
    Nonce,
    Alg,
    Keyid,
    Tag,
}

const PARAMETERS: [(&str, Parameter); 6] = [
    ("created", Parameter::Created),
    ("expires", Parameter::Expires),
    ("nonce", Parameter::Nonce),
    ("alg", Parameter::Alg),
    ("keyid", Parameter::Keyid),
    ("tag", Parameter::Tag),
];

/// Signs messages under configured keys. `Debug` shows none of them.
pub struct MessageSigner {
    keys: Vec<ConfiguredKey<SigningKey>>,
    components: Option<Vec<Component>>,
    parameters: Vec<Parameter>,
    expires_s: Option<i64>,
    tag: Option<String>,
}

impl MessageSigner {
    /// Checks the options that are listed above.
    ///
    /// # Errors
    /// For an unknown option, a key that is not of its algorithm, and parameters that do not fit.
    pub fn new(options: &Value) -> Result<Self, OptionError> {
        let mut fields = Fields::open("", options.clone(), Source::Code)?;
        let signer = Self::open(&mut fields)?;
        fields.finish()?;
        Ok(signer)
    }

    /// Takes the options of a signer.
    pub(crate) fn open(fields: &mut Fields) -> Result<Self, OptionError> {
        let keys: Vec<ConfiguredKey<SigningKey>> = ConfiguredKey::take(fields)?;
        let labels: Vec<String> = (0..keys.len()).map(|at| label(&keys, at)).collect();
        if let Some(at) =
            (1..labels.len()).find(|at| labels.iter().take(*at).any(|l| Some(l) == labels.get(*at)))
        {
            let field = format!("{}.{at}.label", fields.name("keys"));
            return Err(OptionError::new(
                field,
                "a label that is taken",
                "another one",
            ));
        }
        let expires_s = fields.int("expires_s", 1..=MAX_EXPIRES_S)?;
        let tag = fields.text("tag")?;
        let parameters = match fields.texts("parameters")? {
            Some(names) => parameters(fields, &names)?,
            None => PARAMETERS
                .iter()
                .map(|(_, parameter)| *parameter)
                .filter(|parameter| match parameter {
                    Parameter::Created => true,
                    Parameter::Expires => expires_s.is_some(),
                    Parameter::Tag => tag.is_some(),
                    Parameter::Keyid => keys.iter().all(|key| key.keyid.is_some()),
                    Parameter::Nonce | Parameter::Alg => false,
                })
                .collect(),
        };
        let signer = Self {
            components: components(fields, "components")?,
            keys,
            parameters,
            expires_s,
            tag,
        };
        signer.check_parameters(fields)?;
        Ok(signer)
    }

    /// Refuses parameters that have nothing to say.
    fn check_parameters(&self, fields: &Fields) -> Result<(), OptionError> {
        for parameter in &self.parameters {
            let missing = match parameter {
                Parameter::Expires if self.expires_s.is_none() => "expires_s",
                Parameter::Tag if self.tag.is_none() => "tag",
                Parameter::Keyid if self.keys.iter().any(|key| key.keyid.is_none()) => "keyid",
                Parameter::Created
                | Parameter::Expires
                | Parameter::Nonce
                | Parameter::Alg
                | Parameter::Keyid
                | Parameter::Tag => continue,
            };
            let allowed = "set where 'parameters' has its name";
            return Err(OptionError::new(fields.name(missing), "nothing", allowed));
        }
        Ok(())
    }

    /// The fields that sign a message as of `now`: `Signature-Input`, `Signature` and, where one is
    /// covered and not there, `Content-Digest`. `nonce` is used where `parameters` has it; without
    /// one it is made of 16 random bytes.
    ///
    /// # Errors
    /// When the message lacks a component that is covered, or a key by reference cannot be read.
    pub fn sign(
        &self,
        message: &HttpMessage<'_>,
        now: UnixMs,
        resolve: Resolve<'_>,
        nonce: Option<&str>,
    ) -> Result<SignedFields, Refusal> {
        let components = match &self.components {
            Some(components) => components.clone(),
            None => default_components(message),
        };
        let mut fields = Vec::new();
        let own_digest = own_digest(message, &components);
        let with_digest = own_digest.as_ref().map(|value| {
            fields.push(("Content-Digest".to_owned(), value.clone()));
            with_field(message.headers(), value)
        });
        let message = match &with_digest {
            Some(headers) => &with_headers(message, headers),
            None => message,
        };
        let (mut inputs, mut signatures) = (DictSerializer::new(), DictSerializer::new());
        let made = nonce.map_or_else(|| hex::encode(clock::random_bytes::<16>()), str::to_owned);
        for (at, key) in self.keys.iter().enumerate() {
            let input = self
                .input(key, &components, now, &made)
                .ok_or(Refusal::MalformedHeader("nonce"))?;
            let text = text_of(&input).ok_or(Refusal::MissingComponent)?;
            let base = base(message, &components, &text)?;
            let signed = key.with(resolve, |key| key.sign(&base));
            let signed = signed.map_err(Refusal::SecretUnavailable)?;
            let signed =
                signed.ok_or_else(|| Refusal::SecretUnavailable("no randomness".to_owned()))?;
            let label = label(&self.keys, at);
            let Ok(label) = KeyRef::from_str(&label) else {
                continue;
            };
            let mut list = inputs.inner_list(label);
            list.items(&input.items);
            let _ = list.finish().parameters(&input.params);
            let _ = signatures.bare_item(label, signed.as_slice());
        }
        let missing = || Refusal::MissingComponent;
        fields.push((
            "Signature-Input".to_owned(),
            inputs.finish().ok_or_else(missing)?,
        ));
        fields.push((
            "Signature".to_owned(),
            signatures.finish().ok_or_else(missing)?,
        ));
        Ok(fields)
    }

    /// What is written into `Signature-Input` for a key.
    fn input(
        &self,
        key: &ConfiguredKey<SigningKey>,
        components: &[Component],
        now: UnixMs,
        nonce: &str,
    ) -> Option<InnerList> {
        let now_s = now.0.div_euclid(1000);
        let integer = |number: i64| Integer::try_from(number).ok().map(BareItem::Integer);
        let string = |text: &str| {
            Some(BareItem::String(
                sfv::String::from_string(text.to_owned()).ok()?,
            ))
        };
        let mut input = InnerList::default();
        for component in components {
            input
                .items
                .push(Parser::new(&component.id).parse::<Item>().ok()?);
        }
        for parameter in &self.parameters {
            let (name, _) = PARAMETERS.iter().find(|(_, known)| known == parameter)?;
            let value = match parameter {
                Parameter::Created => integer(now_s),
                Parameter::Expires => integer(now_s.saturating_add(self.expires_s?)),
                Parameter::Nonce => string(nonce),
                Parameter::Alg => string(key.name),
                Parameter::Keyid => string(key.keyid.as_deref()?),
                Parameter::Tag => string(self.tag.as_deref()?),
            };
            let name = SfKey::from_string((*name).to_owned()).ok()?;
            input.params.insert(name, value?);
        }
        Some(input)
    }
}

impl std::fmt::Debug for MessageSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MessageSigner")
            .field("keys", &self.keys.len())
            .field("parameters", &self.parameters)
            .finish_non_exhaustive()
    }
}

fn label(keys: &[ConfiguredKey<SigningKey>], at: usize) -> String {
    let own = keys.get(at).and_then(|key| key.label.clone());
    own.unwrap_or_else(|| format!("sig{}", at + 1))
}

fn parameters(fields: &Fields, names: &[String]) -> Result<Vec<Parameter>, OptionError> {
    let mut found = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let known = PARAMETERS.iter().find(|(known, _)| known == name);
        match known {
            Some((_, parameter)) if !found.contains(parameter) => found.push(*parameter),
            Some(_) | None => {
                let known: Vec<&str> = PARAMETERS.iter().map(|(name, _)| *name).collect();
                return Err(OptionError::new(
                    format!("{}.{at}", fields.name("parameters")),
                    Value::from(name.as_str()).described(),
                    format!("one of {}, once each", known.join(", ")),
                ));
            }
        }
    }
    Ok(found)
}

fn default_components(message: &HttpMessage<'_>) -> Vec<Component> {
    let mut names = match message {
        HttpMessage::Request(_) => vec!["@method", "@target-uri"],
        HttpMessage::Response(_) => vec!["@status"],
    };
    if !message.body().is_empty() {
        names.push("content-digest");
    }
    names.into_iter().filter_map(Component::named).collect()
}

/// The digest to add: one is covered, and the message has none.
fn own_digest(message: &HttpMessage<'_>, components: &[Component]) -> Option<String> {
    let is_covered = super::coverage::covers_digest(components);
    let is_there = message.headers().all("content-digest").next().is_some();
    if !is_covered || is_there {
        return None;
    }
    digest::value_of(message.body(), &["sha-256"])
}

fn with_field<'h>(headers: &'h Headers<'h>, digest: &'h str) -> Headers<'h> {
    headers.with("content-digest", digest.as_bytes())
}

/// The same message with these fields.
fn with_headers<'m>(message: &HttpMessage<'m>, headers: &'m Headers<'m>) -> HttpMessage<'m> {
    match *message {
        HttpMessage::Request(request) => HttpMessage::Request(Message { headers, ..request }),
        HttpMessage::Response(response) => HttpMessage::Response(HttpResponse {
            headers,
            ..response
        }),
    }
}
