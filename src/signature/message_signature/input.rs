//! `Signature-Input` and `Signature` of a message, and the signature base (RFC 9421, 2.3, 2.5, 4).
//!
//! Both are dictionaries; what has the same label in both is one signature. A label whose input has
//! an unknown component or a parameter of the wrong type is passed over: another may be ours. The
//! base ends with the input as it was parsed, written anew by the strict rules.

use sfv::{BareItem, Dictionary, FieldType as _, InnerList, ListEntry, Parser};

use super::super::Refusal;
use super::HttpMessage;
use super::component::{Component, joined};

/// The two fields.
pub(crate) const INPUT: &str = "signature-input";
pub(crate) const SIGNATURE: &str = "signature";
/// The longest value of either, in bytes.
const MAX_VALUE_BYTES: usize = 16 * 1024;
/// Signatures of one message that are looked at.
pub(crate) const MAX_SIGNATURES: usize = 10;
/// Components that one signature covers.
const MAX_COMPONENTS: usize = 64;

/// The parameters of a signature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parameters {
    pub(crate) created_s: Option<i64>,
    pub(crate) expires_s: Option<i64>,
    pub(crate) nonce: Option<String>,
    pub(crate) alg: Option<String>,
    pub(crate) keyid: Option<String>,
    pub(crate) tag: Option<String>,
}

/// One signature of a message, with what it says that it covers.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) label: String,
    pub(crate) components: Vec<Component>,
    pub(crate) parameters: Parameters,
    /// The value of `@signature-params`.
    pub(crate) text: String,
    pub(crate) signature: Vec<u8>,
}

impl Input {
    /// The signatures of a message, in order.
    pub(crate) fn all(message: &HttpMessage<'_>) -> Result<Vec<Self>, Refusal> {
        let inputs = dictionary(message, INPUT)?;
        let signatures = dictionary(message, SIGNATURE)?;
        let both = inputs.iter().filter_map(|(label, input)| {
            let ListEntry::InnerList(input) = input else {
                return None;
            };
            let ListEntry::Item(signature) = signatures.get(label)? else {
                return None;
            };
            let BareItem::ByteSequence(signature) = &signature.bare_item else {
                return None;
            };
            Self::of(label.as_str(), input, signature)
        });
        let all: Vec<Self> = both.take(MAX_SIGNATURES).collect();
        if all.is_empty() {
            return Err(Refusal::MalformedHeader(INPUT));
        }
        Ok(all)
    }

    fn of(label: &str, input: &InnerList, signature: &[u8]) -> Option<Self> {
        let components: Vec<Component> = input
            .items
            .iter()
            .take(MAX_COMPONENTS + 1)
            .map(Component::of)
            .collect::<Option<_>>()?;
        let is_twice = |at: usize, component: &Component| {
            components.iter().skip(at + 1).any(|c| c.id == component.id)
        };
        if components.len() > MAX_COMPONENTS
            || components.iter().enumerate().any(|(at, c)| is_twice(at, c))
        {
            return None;
        }
        Some(Self {
            label: label.to_owned(),
            components,
            parameters: Parameters::of(input)?,
            text: text_of(input)?,
            signature: signature.to_vec(),
        })
    }
}

impl Parameters {
    /// `None` where a parameter is unknown or of the wrong type.
    fn of(input: &InnerList) -> Option<Self> {
        let mut found = Self::default();
        for (name, value) in &input.params {
            match (name.as_str(), value) {
                ("created", BareItem::Integer(time)) => found.created_s = Some((*time).into()),
                ("expires", BareItem::Integer(time)) => found.expires_s = Some((*time).into()),
                ("nonce", BareItem::String(text)) => found.nonce = Some(text.as_str().to_owned()),
                ("alg", BareItem::String(text)) => found.alg = Some(text.as_str().to_owned()),
                ("keyid", BareItem::String(text)) => found.keyid = Some(text.as_str().to_owned()),
                ("tag", BareItem::String(text)) => found.tag = Some(text.as_str().to_owned()),
                ("created" | "expires" | "nonce" | "alg" | "keyid" | "tag", _) => return None,
                // Others are signed with the rest and mean nothing here.
                _ => {}
            }
        }
        Some(found)
    }
}

/// An inner list as it stands in the base.
pub(crate) fn text_of(input: &InnerList) -> Option<String> {
    vec![ListEntry::InnerList(input.clone())].serialize()
}

/// The signature base: a line for each component, and last the parameters.
pub(crate) fn base(
    message: &HttpMessage<'_>,
    components: &[Component],
    text: &str,
) -> Result<Vec<u8>, Refusal> {
    let mut base = String::new();
    for component in components {
        base.push_str(&component.id);
        base.push_str(": ");
        base.push_str(&component.value(message)?);
        base.push('\n');
    }
    base.push_str("\"@signature-params\": ");
    base.push_str(text);
    Ok(base.into_bytes())
}

fn dictionary(message: &HttpMessage<'_>, name: &'static str) -> Result<Dictionary, Refusal> {
    let lines: Vec<&[u8]> = message.headers().all(name).collect();
    if lines.is_empty() {
        return Err(Refusal::MissingHeader(name));
    }
    let malformed = Refusal::MalformedHeader(name);
    if lines.iter().map(|line| line.len()).sum::<usize>() > MAX_VALUE_BYTES {
        return Err(malformed);
    }
    let value = joined(&lines).ok_or(malformed.clone())?;
    Parser::new(&value)
        .parse::<Dictionary>()
        .ok()
        .filter(|members| !members.is_empty())
        .ok_or(malformed)
}
