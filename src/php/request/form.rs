//! The option `multipart`: fields and files of a form.
//!
//! | entry | field |
//! |---|---|
//! | `'name' => 'text'` (or a number) | a value |
//! | `'name' => $stream` | a file that is streamed |
//! | `'name' => ['file' => path]` | a file by its name, streamed |
//! | `'name' => ['content' => …, 'filename' => …, 'type' => …]` | either, with its own name and type |
//! | `'name' => [entry, entry]` | the name several times |
//! | `['name' => 'name', 'content' => …]` in a list | the same, in the caller's order |

use ext_php_rs::types::{ArrayKey, ZendHashTable, Zval};

use super::Refused;
use super::content::{Body, body, file};
use crate::http::multipart::{Multipart, Part, PartContent, Segment};
use crate::options::OptionError;
use crate::php::source::Source;
use crate::php::value;

/// Fields of one form.
const MAX_PARTS: usize = 10_000;
const PART: &str = "a string, a stream, or an array with one of content and file, and name, \
                    filename, type";

/// A form that can be sent.
pub(super) struct Form {
    pub(super) content_type: String,
    pub(super) body: Body,
}

/// Reads the form.
pub(super) fn read(given: &Zval) -> Result<Form, Refused> {
    let Some(entries) = given.dereference().array() else {
        let kind = value::kind(given);
        return Err(OptionError::new("multipart", kind, "an array of fields").into());
    };
    let mut parts = Parts::default();
    for (key, entry) in entries.iter() {
        match entry.dereference().array() {
            Some(list) if list.has_sequential_keys() => {
                for (_, entry) in list.iter() {
                    parts.add(&key, entry)?;
                }
            }
            Some(_) | None => parts.add(&key, entry)?,
        }
    }
    let form = Multipart::new(&parts.parts)
        .map_err(|error| OptionError::new("multipart", error.to_string(), "fields of one line"))?;
    let content_type = form.content_type.clone();
    let body = match form.segments.as_slice() {
        [Segment::Bytes(whole)] => Body::Whole(whole.clone()),
        _ => Body::Streamed(Source::of_form(form, parts.sources)),
    };
    Ok(Form { content_type, body })
}

#[derive(Default)]
struct Parts {
    parts: Vec<Part>,
    /// By the part's number; `None` where it is whole.
    sources: Vec<Option<Source>>,
}

impl Parts {
    /// Adds an entry; its key is the field's name, but for the numbers of a list.
    fn add(&mut self, key: &ArrayKey<'_>, entry: &Zval) -> Result<(), Refused> {
        let is_name = !matches!(key, ArrayKey::Long(_));
        let key = &key.to_string();
        let field = &format!("multipart.{key}");
        if self.parts.len() >= MAX_PARTS {
            let allowed = format!("{MAX_PARTS} fields at most");
            return Err(OptionError::new("multipart", "more", allowed).into());
        }
        let entry = entry.dereference();
        let described = entry.array();
        let name = match described {
            Some(described) => text(field, described, "name")?,
            None => None,
        };
        let name = name.or_else(|| is_name.then(|| key.to_owned()));
        let name = name.ok_or_else(|| {
            let field = format!("{field}.name");
            OptionError::new(
                field,
                "nothing",
                "the field's name, as in a list it has no other",
            )
        })?;
        let mut part = Part {
            name,
            filename: None,
            content_type: None,
            content: PartContent::Streamed { length_bytes: None },
        };
        let content = match described {
            Some(described) => of_description(field, described, &mut part)?,
            None => body(field, entry)?,
        };
        let source = match content {
            Body::Whole(bytes) => {
                part.content = PartContent::Whole(bytes);
                None
            }
            Body::Streamed(source) => {
                let length_bytes = source.length_bytes();
                part.content = PartContent::Streamed { length_bytes };
                // What is streamed is a file; vendors tell files by their names.
                let name = part.name.clone();
                part.filename.get_or_insert(name);
                Some(source)
            }
        };
        self.parts.push(part);
        self.sources.push(source);
        Ok(())
    }
}

/// Reads an array that describes a part.
fn of_description(
    field: &str,
    described: &ZendHashTable,
    part: &mut Part,
) -> Result<Body, Refused> {
    for (key, _) in described.iter() {
        let key = key.to_string();
        if !["name", "content", "file", "filename", "type"].contains(&key.as_str()) {
            let field = format!("{field}.{key}");
            let allowed = "one of the known options (content, file, filename, name, type)";
            return Err(OptionError::new(field, "an unknown option", allowed).into());
        }
    }
    part.filename = text(field, described, "filename")?;
    part.content_type = text(field, described, "type")?;
    let given = |key| described.get(key).filter(|value| !value.is_null());
    match (given("content"), given("file")) {
        (Some(content), None) => body(&format!("{field}.content"), content),
        (None, Some(path)) => {
            let source = file(&format!("{field}.file"), path)?;
            let name = path.dereference().str().unwrap_or_default();
            let name = name.rsplit('/').next().unwrap_or_default();
            part.filename.get_or_insert_with(|| name.to_owned());
            Ok(Body::Streamed(source))
        }
        (Some(_), Some(_)) | (None, None) => {
            Err(OptionError::new(field, "another array", PART).into())
        }
    }
}

fn text(field: &str, described: &ZendHashTable, key: &str) -> Result<Option<String>, OptionError> {
    let Some(value) = described.get(key).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let text = value.dereference().str().map(str::to_owned);
    let refuse = || OptionError::new(format!("{field}.{key}"), value::kind(value), "a string");
    text.map(Some).ok_or_else(refuse)
}
