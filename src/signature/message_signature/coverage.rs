//! What a signature must cover to be taken: a signature over too little proves too little.
//!
//! By default a request's method, its whole target, and the digest of its content where it has any;
//! of a response the status, and the digest of its content where it has any. The whole target is
//! `@target-uri`, or its parts: `@authority` with `@request-target`, or with `@path` and, where
//! there is one, `@query`. A component that is configured is asked for as it is.

use super::super::Refusal;
use super::HttpMessage;
use super::component::{Component, Form, Kind};
use super::target::Target;
use crate::options::{Fields, OptionError, Value};

/// What must be covered.
pub(crate) struct Required {
    /// What the header of this file says.
    is_default: bool,
    /// These, all of them.
    listed: Vec<Component>,
}

impl Required {
    /// Takes the option `required`.
    pub(crate) fn open(fields: &mut Fields) -> Result<Self, OptionError> {
        let listed = components(fields, "required")?;
        Ok(Self {
            is_default: listed.is_none(),
            listed: listed.unwrap_or_default(),
        })
    }

    /// This one as well.
    pub(crate) fn add(&mut self, component: Component) {
        self.listed.push(component);
    }

    /// Whether these components are enough.
    pub(crate) fn check(
        &self,
        message: &HttpMessage<'_>,
        covered: &[Component],
    ) -> Result<(), Refusal> {
        let is_there = |wanted: &Component| covered.iter().any(|one| one.id == wanted.id);
        let is_covered = self.listed.iter().all(is_there)
            && (!self.is_default
                || (covers_start(message, covered)? && covers_content(message, covered)));
        is_covered.then_some(()).ok_or(Refusal::NotCovered)
    }
}

fn has(covered: &[Component], kind: &Kind) -> bool {
    covered
        .iter()
        .any(|component| !component.is_of_request && component.kind == *kind)
}

fn covers_start(message: &HttpMessage<'_>, covered: &[Component]) -> Result<bool, Refusal> {
    let HttpMessage::Request(request) = message else {
        return Ok(has(covered, &Kind::Status));
    };
    let has = |kind: Kind| has(covered, &kind);
    if !has(Kind::Method) {
        return Ok(false);
    }
    if has(Kind::TargetUri) {
        return Ok(true);
    }
    let has_query = Target::of(request)?.has_query();
    let is_path = has(Kind::Path) && (has(Kind::Query) || !has_query);
    Ok(has(Kind::Authority) && (has(Kind::RequestTarget) || is_path))
}

fn covers_content(message: &HttpMessage<'_>, covered: &[Component]) -> bool {
    message.body().is_empty() || covers_digest(covered)
}

/// Whether the whole of `Content-Digest` is covered.
pub(crate) fn covers_digest(covered: &[Component]) -> bool {
    covered.iter().any(|component| {
        let is_whole = |form: &Form| !matches!(form, Form::Member(_));
        !component.is_of_request
            && matches!(&component.kind, Kind::Field(name, form) if name == "content-digest" && is_whole(form))
    })
}

/// Takes a list of components from the options.
pub(crate) fn components(
    fields: &mut Fields,
    key: &'static str,
) -> Result<Option<Vec<Component>>, OptionError> {
    let Some(texts) = fields.texts(key)? else {
        return Ok(None);
    };
    let component = |(at, text): (usize, &String)| {
        Component::named(text).ok_or_else(|| {
            let allowed =
                "a component such as '@method', 'content-digest' or '\"@query-param\";name=\"q\"'";
            let got = Value::from(text.as_str()).described();
            OptionError::new(format!("{}.{at}", fields.name(key)), got, allowed)
        })
    };
    texts
        .iter()
        .enumerate()
        .map(component)
        .collect::<Result<_, _>>()
        .map(Some)
}
