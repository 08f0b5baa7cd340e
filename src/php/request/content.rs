//! The content of a request: one of `json`, `form`, `multipart`, `body`, `file`.
//!
//! What is a string already, or small, is sent whole. A stream, an iterator, an object with PSR-7's
//! methods and a file are read while they are sent.

use bytes::Bytes;
use ext_php_rs::types::{ZendHashTable, Zval};
use url::form_urlencoded::byte_serialize;

use super::{Prepared, Refused, form, pairs};
use crate::http::{Content, Request};
use crate::options::OptionError;
use crate::php::source::Source;
use crate::php::value;

const KINDS: [&str; 5] = ["json", "form", "multipart", "body", "file"];
const READABLE: &str = "a string, a PHP stream, an iterable of strings, or an object with PSR-7's \
                        stream methods";

/// Reads the content, and its type where the call gives none.
pub(super) fn read(prepared: &mut Prepared, options: &ZendHashTable) -> Result<(), Refused> {
    let mut given = KINDS
        .iter()
        .filter_map(|kind| Some((*kind, options.get(*kind)?)))
        // The JSON of null is a content; of the others it is none.
        .filter(|(kind, value)| *kind == "json" || !value.is_null());
    let Some((kind, value)) = given.next() else {
        return Ok(());
    };
    if given.next().is_some() {
        let allowed = format!("one of {}", KINDS.join(", "));
        return Err(OptionError::new("body", "more than one of them", allowed).into());
    }
    prepared.content_field = kind;
    let request = &mut prepared.request;
    match kind {
        "json" => {
            request.content = Content::from(value::json_encode(value)?);
            set_type(request, "application/json");
        }
        "form" => {
            request.content = Content::from(encoded(&pairs("form", value)?));
            set_type(request, "application/x-www-form-urlencoded");
        }
        "multipart" => {
            let form = form::read(value)?;
            set_type(request, &form.content_type);
            set(prepared, form.body);
        }
        "file" => {
            let source = file("file", value)?;
            set(prepared, Body::Streamed(source));
        }
        _ => set(prepared, body("body", value)?),
    }
    Ok(())
}

/// A content as PHP code gives it.
pub(super) enum Body {
    /// All of it.
    Whole(Bytes),
    /// Something that is read while it is sent.
    Streamed(Source),
}

/// A string, or something that can be read.
pub(super) fn body(field: &str, given: &Zval) -> Result<Body, Refused> {
    if let Some(bytes) = value::scalar_bytes(given) {
        return Ok(Body::Whole(bytes.into()));
    }
    if let Some(items) = given.dereference().array() {
        let pieces = items.values().map(value::scalar_bytes);
        let pieces: Option<Vec<_>> = pieces.collect();
        let pieces = pieces.ok_or_else(|| OptionError::new(field, "another array", READABLE))?;
        return Ok(Body::Whole(pieces.concat().into()));
    }
    match Source::of(given) {
        Ok(Some(source)) => Ok(Body::Streamed(source)),
        Ok(None) => Err(OptionError::new(field, value::kind(given), READABLE).into()),
        Err(error) => Err(Refused::of_callback(field, error)),
    }
}

/// A file by its name.
pub(super) fn file(field: &str, given: &Zval) -> Result<Source, Refused> {
    let path = given.dereference().str().filter(|path| !path.is_empty());
    let path =
        path.ok_or_else(|| OptionError::new(field, value::kind(given), "the name of a file"))?;
    Source::of_file(path).map_err(|error| Refused::of_callback(field, error))
}

fn set(prepared: &mut Prepared, body: Body) {
    match body {
        Body::Whole(bytes) => prepared.request.content = Content::from(bytes),
        Body::Streamed(source) => prepared.source = Some(source),
    }
}

/// `application/x-www-form-urlencoded` of the URL standard, byte for byte.
fn encoded(pairs: &[(String, Vec<u8>)]) -> String {
    let mut encoded = String::new();
    for (name, value) in pairs {
        if !encoded.is_empty() {
            encoded.push('&');
        }
        encoded.extend(byte_serialize(name.as_bytes()));
        encoded.push('=');
        encoded.extend(byte_serialize(value));
    }
    encoded
}

fn set_type(request: &mut Request, content_type: &str) {
    let has_type = request
        .headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if !has_type {
        request
            .headers
            .push(("content-type".to_owned(), content_type.as_bytes().to_vec()));
    }
}
