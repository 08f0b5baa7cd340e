//! Verifying a message (RFC 9421 section 3.2).
//!
//! Each signature of the message is judged as a whole, in order: is it ours (label, tag, keyid), is
//! its algorithm the key's, does it cover enough, is it within the window, does it hold, and is the
//! content what a covered `Content-Digest` says. The first that passes is the answer; if none does,
//! the last reason. `created` is asked for unless `tolerance_s` is false, and `expires` always
//! counts.

use std::time::Duration;

use super::super::digest::{self, DigestField, DigestVerdict};
use super::super::secrets::Resolve;
use super::super::time::Stamp;
use super::super::{Refusal, algorithm::Key};
use super::HttpMessage;
use super::component::{Component, Form, Kind};
use super::coverage::{Required, covers_digest};
use super::input::{Input, base};
use super::keys::ConfiguredKey;
use crate::clock::UnixMs;
use crate::options::{Fields, OptionError, Source, Value};

const DEFAULT_TOLERANCE_S: i64 = 300;
const MAX_TOLERANCE_S: i64 = 86_400;

/// Verifies messages under configured keys. `Debug` shows none of them.
pub struct MessageVerifier {
    keys: Vec<ConfiguredKey<Key>>,
    required: Required,
    label: Option<String>,
    tag: Option<String>,
    tolerance: Option<Duration>,
}

/// A signature that holds, and what it covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageSignature {
    /// Its label in the two fields.
    pub label: String,
    /// The key that the message names.
    pub keyid: Option<String>,
    /// Which of the configured keys it is under, from 0.
    pub key_index: usize,
    /// The name of its algorithm.
    pub algorithm: &'static str,
    /// The identifiers of the covered components, as they stand in the base.
    pub components: Vec<String>,
    /// When it was made, Unix seconds.
    pub created_s: Option<i64>,
    /// What makes it unique.
    pub nonce: Option<String>,
    /// What it is for.
    pub tag: Option<String>,
    /// The signed bytes.
    pub base: Vec<u8>,
}

impl MessageVerifier {
    /// Checks the options: `keys`, `required`, `label`, `tag`, `tolerance_s`.
    ///
    /// # Errors
    /// For an unknown option and a key that is not of its algorithm; never shows a key.
    pub fn new(options: &Value) -> Result<Self, OptionError> {
        let mut fields = Fields::open("", options.clone(), Source::Code)?;
        let verifier = Self::open(&mut fields)?;
        fields.finish()?;
        Ok(verifier)
    }

    /// Takes the options of a verifier.
    pub(crate) fn open(fields: &mut Fields) -> Result<Self, OptionError> {
        let tolerance = match fields.value("tolerance_s") {
            None => Some(DEFAULT_TOLERANCE_S),
            Some(Value::Bool(false)) => None,
            Some(Value::Int(s)) if (1..=MAX_TOLERANCE_S).contains(&s) => Some(s),
            Some(other) => {
                let allowed =
                    format!("an integer from 1 to {MAX_TOLERANCE_S}, or false for no window");
                return Err(fields.refuse("tolerance_s", &other, allowed));
            }
        };
        Ok(Self {
            keys: ConfiguredKey::take(fields)?,
            required: Required::open(fields)?,
            label: fields.text("label")?,
            tag: fields.text("tag")?,
            tolerance: tolerance.map(|s| Duration::from_secs(s.unsigned_abs())),
        })
    }

    /// Asks for this field to be covered as well; whether it can be one.
    pub(crate) fn require_field(&mut self, name: &str) -> bool {
        let component = Component::named(name);
        let is_field = component
            .as_ref()
            .is_some_and(|c| c.kind == Kind::Field(name.to_owned(), Form::Lines));
        component
            .into_iter()
            .for_each(|component| self.required.add(component));
        is_field
    }

    /// Verifies a message as of `now`; secrets by reference are read by `resolve`.
    ///
    /// # Errors
    /// Why it is refused. [`Refusal::SecretUnavailable`] is no verdict.
    pub fn verify(
        &self,
        message: &HttpMessage<'_>,
        now: UnixMs,
        resolve: Resolve<'_>,
    ) -> Result<MessageSignature, Refusal> {
        let mut refusal = Refusal::UnknownKey;
        for input in Input::all(message)? {
            if !self.is_for_us(&input) {
                continue;
            }
            for (index, key) in self.keys.iter().enumerate() {
                if !key.may_be(input.parameters.keyid.as_deref()) {
                    continue;
                }
                match self.judge(message, &input, key, now, resolve) {
                    Ok(base) => return Ok(signature(input, index, key, base)),
                    Err(reason) => refusal = reason,
                }
            }
        }
        Err(refusal)
    }

    /// The base of the signature with this label, or of the first: what the other side should have
    /// signed. It holds what the components hold, an Authorization field too if it is covered.
    ///
    /// # Errors
    /// When there is no such signature, or the message lacks a component.
    pub fn base(message: &HttpMessage<'_>, label: Option<&str>) -> Result<Vec<u8>, Refusal> {
        let all = Input::all(message)?;
        let input = all
            .iter()
            .find(|input| label.is_none_or(|label| label == input.label));
        let input = input.ok_or(Refusal::MalformedHeader(super::input::INPUT))?;
        base(message, &input.components, &input.text)
    }

    fn is_for_us(&self, input: &Input) -> bool {
        let is_label = self.label.as_ref().is_none_or(|ours| *ours == input.label);
        let is_tag = self.tag.is_none() || self.tag == input.parameters.tag;
        is_label && is_tag
    }

    /// The base of a signature that holds.
    fn judge(
        &self,
        message: &HttpMessage<'_>,
        input: &Input,
        key: &ConfiguredKey<Key>,
        now: UnixMs,
        resolve: Resolve<'_>,
    ) -> Result<Vec<u8>, Refusal> {
        let parameters = &input.parameters;
        if !key.suits(parameters.alg.as_deref()) {
            return Err(Refusal::UnsupportedAlgorithm);
        }
        self.required.check(message, &input.components)?;
        self.check_window(parameters.created_s, parameters.expires_s, now)?;
        let base = base(message, &input.components, &input.text)?;
        let signature = key.algorithm.signature(input.signature.clone());
        let signature = signature.ok_or(Refusal::NoMatch)?;
        let holds = key.with(resolve, |key| key.holds(&[&base], &[signature]));
        if !holds.map_err(Refusal::SecretUnavailable)? {
            return Err(Refusal::NoMatch);
        }
        if covers_digest(&input.components) {
            check_digest(message)?;
        }
        Ok(base)
    }

    fn check_window(
        &self,
        created_s: Option<i64>,
        expires_s: Option<i64>,
        now: UnixMs,
    ) -> Result<(), Refusal> {
        if expires_s.is_some_and(|at_s| now.0 > at_s.saturating_mul(1000)) {
            return Err(Refusal::TimestampTooOld);
        }
        let Some(tolerance) = self.tolerance else {
            return Ok(());
        };
        let created_s = created_s.ok_or(Refusal::MalformedTimestamp)?;
        Stamp::of_seconds(created_s)?.check(tolerance, now)
    }
}

impl std::fmt::Debug for MessageVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MessageVerifier")
            .field("keys", &self.keys.len())
            .field("tolerance", &self.tolerance)
            .finish_non_exhaustive()
    }
}

/// Whether the content is what the covered `Content-Digest` says.
fn check_digest(message: &HttpMessage<'_>) -> Result<(), Refusal> {
    let lines: Vec<&[u8]> = message.headers().all("content-digest").collect();
    let value = lines.join(&b", "[..]);
    match digest::check(
        DigestField::Content,
        &value,
        message.body(),
        message.status(),
    ) {
        DigestVerdict::Match => Ok(()),
        DigestVerdict::Mismatch
        | DigestVerdict::Malformed
        | DigestVerdict::Unverifiable
        | DigestVerdict::NotCheckable => Err(Refusal::DigestMismatch),
    }
}

fn signature(
    input: Input,
    key_index: usize,
    key: &ConfiguredKey<Key>,
    base: Vec<u8>,
) -> MessageSignature {
    MessageSignature {
        label: input.label,
        keyid: input.parameters.keyid,
        key_index,
        algorithm: key.name,
        components: input.components.into_iter().map(|c| c.id).collect(),
        created_s: input.parameters.created_s,
        nonce: input.parameters.nonce,
        tag: input.parameters.tag,
        base,
    }
}
