//! Where the content of a request comes from when it is streamed: a PHP stream, an iterator of
//! strings, an object with PSR-7's stream methods, or a form of several of them.
//!
//! Everything is read through PHP's own functions and methods, so that stream wrappers, filters and
//! `open_basedir` hold. A piece is at most [`PIECE_BYTES`] where we say how much we want.

use bytes::Bytes;
use ext_php_rs::types::Zval;

use super::callbacks::{function, method};
use super::iteration::Iteration;
use super::value;
use crate::http::Content;
use crate::http::multipart::{Multipart, Segment};
use crate::store::CallbackError;

/// Bytes that are asked for at a time.
const PIECE_BYTES: i64 = 64 << 10;

type Read<T> = Result<T, CallbackError>;

/// A content that is read while it is sent.
pub(super) struct Source {
    kind: Kind,
    length_bytes: Option<u64>,
    is_repeatable: bool,
}

enum Kind {
    /// A PHP stream, and where it began.
    Stream { stream: Zval, start: i64 },
    /// Strings.
    Iterator(Iteration),
    /// An object with `read()` and `eof()`, and where it began.
    Psr7 { stream: Zval, start: i64 },
    /// A form: what follows what, and the parts by number.
    Form {
        segments: Vec<Segment>,
        parts: Vec<Option<Source>>,
        at: usize,
    },
}

impl Source {
    /// A source for what PHP code gave as a body; `None` when it is nothing of the kind.
    pub(super) fn of(given: &Zval) -> Read<Option<Self>> {
        let given = given.dereference();
        if given.is_resource() {
            return Self::of_stream(given.shallow_clone()).map(Some);
        }
        if !given.is_object() {
            return Ok(None);
        }
        if let Some(iteration) = Iteration::over(given)? {
            return Ok(Some(Self {
                length_bytes: None,
                // A generator runs once; what another gives twice is its own matter.
                is_repeatable: !iteration.is_generator(),
                kind: Kind::Iterator(iteration),
            }));
        }
        if has_methods(given, &["read", "eof"])? {
            return Self::of_psr7(given.shallow_clone()).map(Some);
        }
        Ok(None)
    }

    /// A file or whatever PHP opens by that name.
    pub(super) fn of_file(path: &str) -> Read<Self> {
        let stream = function("fopen", &[&text(path), &text("rb")])?;
        if !stream.is_resource() {
            return Err(CallbackError::new("the file cannot be opened"));
        }
        Self::of_stream(stream)
    }

    /// A form of whole and streamed parts.
    pub(super) fn of_form(form: Multipart, parts: Vec<Option<Self>>) -> Self {
        let is_repeatable = parts.iter().flatten().all(|part| part.is_repeatable);
        Self {
            length_bytes: form.length_bytes,
            is_repeatable,
            kind: Kind::Form {
                segments: form.segments,
                parts,
                at: 0,
            },
        }
    }

    /// From where the stream stands to its end.
    fn of_stream(stream: Zval) -> Read<Self> {
        let meta = function("stream_get_meta_data", &[&stream])?;
        let meta = meta.array();
        let is_seekable = meta
            .and_then(|meta| meta.get("seekable"))
            .is_some_and(Zval::is_true);
        let start = match is_seekable {
            true => function("ftell", &[&stream])?.long().unwrap_or(0),
            false => 0,
        };
        let length_bytes = if is_seekable {
            size_of(&stream)?.and_then(|size| u64::try_from(size.checked_sub(start)?).ok())
        } else {
            None
        };
        Ok(Self {
            kind: Kind::Stream { stream, start },
            length_bytes,
            is_repeatable: is_seekable,
        })
    }

    fn of_psr7(stream: Zval) -> Read<Self> {
        let is_seekable = has_methods(&stream, &["isSeekable", "seek", "tell"])?
            && method(&stream, "isSeekable", &[])?.is_true();
        let start = if is_seekable {
            method(&stream, "tell", &[])?.long().unwrap_or(0)
        } else {
            0
        };
        let size = if has_methods(&stream, &["getSize"])? {
            method(&stream, "getSize", &[])?.long()
        } else {
            None
        };
        Ok(Self {
            kind: Kind::Psr7 { stream, start },
            // Where it stands is known of a seekable one alone.
            length_bytes: size
                .filter(|_| is_seekable)
                .and_then(|size| u64::try_from(size.checked_sub(start)?).ok()),
            is_repeatable: is_seekable,
        })
    }

    /// What the request says of it; `source` is its number with the host.
    pub(super) fn content(&self, source: usize) -> Content {
        Content::Streamed {
            source,
            length_bytes: self.length_bytes,
            is_repeatable: self.is_repeatable,
        }
    }

    /// Its length, where it is known.
    pub(super) fn length_bytes(&self) -> Option<u64> {
        self.length_bytes
    }

    /// The next piece; `None` at the end.
    pub(super) fn next_chunk(&mut self) -> Read<Option<Bytes>> {
        match &mut self.kind {
            Kind::Stream { stream, .. } => read_stream(stream),
            Kind::Iterator(iteration) => read_iteration(iteration),
            Kind::Psr7 { stream, .. } => read_psr7(stream),
            Kind::Form {
                segments,
                parts,
                at,
            } => read_form(segments, parts, at),
        }
    }

    /// Back to where it began.
    pub(super) fn rewind(&mut self) -> Read<()> {
        match &mut self.kind {
            Kind::Stream { stream, start } => {
                let sought = function("fseek", &[stream, &value::int(*start)])?;
                match sought.long() {
                    Some(0) => Ok(()),
                    _ => Err(CallbackError::new("the stream cannot go back")),
                }
            }
            Kind::Iterator(iteration) => {
                iteration.restart();
                Ok(())
            }
            Kind::Psr7 { stream, start } => {
                method(stream, "seek", &[&value::int(*start)]).map(|_| ())
            }
            Kind::Form { parts, at, .. } => {
                *at = 0;
                parts.iter_mut().flatten().try_for_each(Self::rewind)
            }
        }
    }
}

fn read_stream(stream: &Zval) -> Read<Option<Bytes>> {
    let piece = function("fread", &[stream, &value::int(PIECE_BYTES)])?;
    let Some(piece) = piece.zend_str() else {
        return Err(CallbackError::new("the stream cannot be read"));
    };
    if !piece.as_bytes().is_empty() {
        return Ok(Some(Bytes::copy_from_slice(piece.as_bytes())));
    }
    if function("feof", &[stream])?.is_true() {
        return Ok(None);
    }
    Err(CallbackError::new(
        "the stream gave nothing: its read timed out, or it does not block",
    ))
}

fn read_iteration(iteration: &mut Iteration) -> Read<Option<Bytes>> {
    while let Some((_, piece)) = iteration.step()? {
        let bytes = value::scalar_bytes(&piece)
            .ok_or_else(|| CallbackError::new("the iterator gave something else than a string"))?;
        if !bytes.is_empty() {
            return Ok(Some(bytes.into()));
        }
    }
    Ok(None)
}

fn read_psr7(stream: &Zval) -> Read<Option<Bytes>> {
    loop {
        if method(stream, "eof", &[])?.is_true() {
            return Ok(None);
        }
        let piece = method(stream, "read", &[&value::int(PIECE_BYTES)])?;
        let bytes = value::scalar_bytes(&piece)
            .ok_or_else(|| CallbackError::new("read() gave something else than a string"))?;
        if !bytes.is_empty() {
            return Ok(Some(bytes.into()));
        }
    }
}

fn read_form(
    segments: &[Segment],
    parts: &mut [Option<Source>],
    at: &mut usize,
) -> Read<Option<Bytes>> {
    while let Some(segment) = segments.get(*at) {
        match segment {
            Segment::Bytes(bytes) => {
                *at += 1;
                return Ok(Some(bytes.clone()));
            }
            Segment::Part(number) => {
                let part = parts.get_mut(*number).and_then(Option::as_mut);
                if let Some(piece) = part.map_or(Ok(None), Source::next_chunk)? {
                    return Ok(Some(piece));
                }
                *at += 1;
            }
        }
    }
    Ok(None)
}

/// The size of a plain file or of memory; pipes and sockets have none.
fn size_of(stream: &Zval) -> Read<Option<i64>> {
    const REGULAR: i64 = 0o100_000;
    const KIND: i64 = 0o170_000;
    let stat = function("fstat", &[stream])?;
    let Some(stat) = stat.array() else {
        return Ok(None);
    };
    let number = |key| stat.get(key).and_then(Zval::long);
    let is_regular = number("mode").is_some_and(|mode| mode & KIND == REGULAR);
    Ok(number("size").filter(|_| is_regular))
}

fn has_methods(object: &Zval, names: &[&str]) -> Read<bool> {
    for name in names {
        if !function("method_exists", &[object, &text(name)])?.is_true() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn text(text: &str) -> Zval {
    value::bytes(text.as_bytes())
}
