//! An answer read out of bytes at hand, in pieces of any size, with the readers that the lane has.
//!
//! For the fuzz targets: a reader that says something else when the bytes come in other pieces can
//! be made to see two answers.

use http::Method;

use super::chunked::{Chunked, Step};
use super::framing::Framing;
use super::head;

/// What the bytes hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// The status.
    pub status: u16,
    /// The fields, as they came.
    pub fields: Vec<(String, Vec<u8>)>,
    /// The content, as far as it came.
    pub content: Vec<u8>,
    /// Whether all of it came; one that ends with the connection never did.
    pub is_complete: bool,
    /// Whether the connection may be used again.
    pub may_keep: bool,
    /// Bytes behind the end of the answer.
    pub left: usize,
}

/// Reads the head, then the content; `None` while the head is not complete.
///
/// # Errors
/// What is not as it should be.
pub fn read(bytes: &[u8], piece: usize, method: &Method) -> Result<Option<Whole>, String> {
    let piece = piece.max(1);
    let mut seen = 0;
    let parsed = loop {
        seen = bytes.len().min(piece.saturating_add(seen));
        let so_far = bytes.get(..seen).unwrap_or_default();
        match head::parse(so_far, method).map_err(|error| error.to_string())? {
            Some(parsed) => break parsed,
            None if seen == bytes.len() => return Ok(None),
            None => {}
        }
    };
    let rest = bytes.get(parsed.length..).unwrap_or_default();
    let (content, left) = match parsed.framing {
        Framing::Empty => (Vec::new(), Some(rest.len())),
        Framing::UntilClose => (rest.to_vec(), None),
        Framing::Length(length) => {
            let end = usize::try_from(length).map_or(rest.len(), |end| end.min(rest.len()));
            let (content, behind) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            let is_complete = content.len() as u64 == length;
            (content.to_vec(), is_complete.then_some(behind.len()))
        }
        Framing::Chunked => chunks(rest, piece)?,
    };
    let field = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.as_str().to_owned(), value.as_bytes().to_vec())
    };
    Ok(Some(Whole {
        status: parsed.head.status.as_u16(),
        fields: parsed.head.headers.iter().map(field).collect(),
        content,
        is_complete: left.is_some(),
        may_keep: parsed.may_keep,
        left: left.unwrap_or(0),
    }))
}

/// The content, and what is left behind its end; `None` before it.
fn chunks(bytes: &[u8], piece: usize) -> Result<(Vec<u8>, Option<usize>), String> {
    let mut chunked = Chunked::new();
    let mut content = Vec::new();
    let mut used: usize = 0;
    for mut rest in bytes.chunks(piece) {
        loop {
            let length = match chunked.step(rest)? {
                Step::Data { skip, length } => {
                    let end = skip.saturating_add(length);
                    content.extend_from_slice(rest.get(skip..end).unwrap_or_default());
                    end
                }
                Step::More => break,
                Step::End { length } => {
                    let used = used.saturating_add(length);
                    return Ok((content, Some(bytes.len().saturating_sub(used))));
                }
            };
            used = used.saturating_add(length);
            rest = rest.get(length..).unwrap_or_default();
        }
        used = used.saturating_add(rest.len());
    }
    Ok((content, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_of_each_framing_whatever_the_pieces() {
        let rows = [
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHT",
                "ok",
                true,
                2,
            ),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok",
                "ok",
                false,
                0,
            ),
            ("HTTP/1.1 200 OK\r\n\r\nok", "ok", false, 0),
            ("HTTP/1.1 204 No\r\n\r\nHTTP", "", true, 4),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n1\r\n!\r\n0\r\n\r\nHTT",
                "ok!",
                true,
                3,
            ),
        ];
        for (text, content, is_complete, left) in rows {
            for piece in [1, 2, 5, 1000] {
                let found = read(text.as_bytes(), piece, &Method::GET).unwrap().unwrap();
                assert_eq!(found.content, content.as_bytes(), "{text} by {piece}");
                assert_eq!(
                    (found.is_complete, found.left),
                    (is_complete, left),
                    "{text}"
                );
            }
        }
        assert_eq!(read(b"HTTP/1.1 200", 3, &Method::GET), Ok(None));
        assert!(read(b"HTTP/1.1 99 x\r\n\r\n", 3, &Method::GET).is_err());
    }
}
