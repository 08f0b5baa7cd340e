//! The head of an answer: RFC 9112, sections 4 and 5, read by `httparse`.
//!
//! A folded line is joined with a space, as section 5.2 asks of a user agent; a space before a
//! colon and a bare CR are refused.

use std::mem::MaybeUninit;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
use httparse::{ParserConfig, Status};

use super::LaneError;
use super::framing::{self, Framing};
use crate::http::transport::Head;

/// The largest head that is taken.
pub(super) const MAX_BYTES: usize = 64 * 1024;
/// Fields in a head.
const MAX_FIELDS: usize = 100;

/// A head that is complete.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) head: Head,
    pub(super) framing: Framing,
    /// The connection may be used again when the content was read to its end.
    pub(super) may_keep: bool,
    /// Bytes of it.
    pub(super) length: usize,
}

/// Reads a head; `None` while it is not complete.
///
/// # Errors
/// When it never can be one, or is too large.
pub(super) fn parse(bytes: &[u8], method: &Method) -> Result<Option<Parsed>, LaneError> {
    let mut config = ParserConfig::default();
    config.allow_obsolete_multiline_headers_in_responses(true);
    let mut fields = [const { MaybeUninit::uninit() }; MAX_FIELDS];
    let mut response = httparse::Response::new(&mut []);
    let status = config.parse_response_with_uninit_headers(&mut response, bytes, &mut fields);
    let length = match status {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(LaneError::HeadTooLarge),
        Err(error) => return Err(LaneError::Malformed(said(error))),
    };
    if length > MAX_BYTES {
        return Err(LaneError::HeadTooLarge);
    }
    let status = response
        .code
        .and_then(|code| StatusCode::from_u16(code).ok())
        .filter(|status| status.as_u16() < 600)
        .ok_or(LaneError::Malformed("its status is none"))?;
    let version = match response.version {
        Some(0) => Version::HTTP_10,
        Some(_) | None => Version::HTTP_11,
    };
    let headers = headers(response.headers)?;
    let framing = framing::of(method, status, version, &headers).map_err(LaneError::Malformed)?;
    let reason = match response.reason {
        Some(reason) if !reason.is_empty() => reason,
        Some(_) | None => status.canonical_reason().unwrap_or_default(),
    };
    Ok(Some(Parsed {
        framing,
        may_keep: framing::may_keep(version, &headers),
        head: Head {
            status,
            reason: reason.to_owned(),
            version,
            headers,
        },
        length,
    }))
}

fn headers(fields: &[httparse::Header<'_>]) -> Result<HeaderMap, LaneError> {
    let mut headers = HeaderMap::with_capacity(fields.len());
    for field in fields {
        let name = HeaderName::from_bytes(field.name.as_bytes())
            .map_err(|_| LaneError::Malformed("a field has no name"))?;
        let value = HeaderValue::from_bytes(field.value)
            .or_else(|_| HeaderValue::from_bytes(&unfolded(field.value)))
            .map_err(|_| LaneError::Malformed("a field holds bytes that no field may hold"))?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// Each fold becomes a single space.
fn unfolded(value: &[u8]) -> Vec<u8> {
    let lines = value.split(|byte| matches!(byte, b'\r' | b'\n'));
    let parts: Vec<&[u8]> = lines
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty())
        .collect();
    parts.join(&b' ')
}

fn said(error: httparse::Error) -> &'static str {
    match error {
        httparse::Error::HeaderName => "a field's name is none",
        httparse::Error::HeaderValue => "a field's value is none",
        httparse::Error::NewLine => "a line ends as none may",
        httparse::Error::Status => "its status line is none",
        httparse::Error::Token => "it holds bytes that no head may hold",
        httparse::Error::TooManyHeaders => "it has too many fields",
        httparse::Error::Version => "its version is none",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(text: &str) -> Result<Option<Parsed>, LaneError> {
        parse(text.as_bytes(), &Method::GET)
    }

    #[test]
    fn a_head_is_read_whole_or_not_at_all() {
        let text = "HTTP/1.1 200 Fine by me\r\nContent-Length: 2\r\nSet-Cookie: a\r\nset-cookie: b\r\n\r\nok";
        for end in 0..text.len() - 2 {
            assert!(matches!(get(&text[..end]), Ok(None)), "{end}");
        }
        let parsed = get(text).unwrap().unwrap();
        assert_eq!(
            (parsed.head.status.as_u16(), parsed.head.reason.as_str()),
            (200, "Fine by me")
        );
        assert_eq!(
            (parsed.framing, parsed.may_keep, parsed.length),
            (Framing::Length(2), true, text.len() - 2)
        );
        let cookies: Vec<_> = parsed.head.headers.get_all("set-cookie").iter().collect();
        assert_eq!(cookies, ["a", "b"]);
    }

    #[test]
    fn what_is_odd_and_what_is_refused() {
        let rows: [(&str, Result<&str, &str>); 14] = [
            ("HTTP/1.1 200\r\na: b\r\n\r\n", Ok("b")),
            ("HTTP/1.0 200 OK\r\na: b\r\n\r\n", Ok("b")),
            ("HTTP/1.1 200 OK\na: b\n\n", Ok("b")),
            ("HTTP/1.1 200 OK\r\na: b\r\n c\r\n\t d\r\n\r\n", Ok("b c d")),
            ("HTTP/1.1 200 OK\r\na:   b  \r\n\r\n", Ok("b")),
            (
                "HTTP/1.1 200 OK\r\na : b\r\n\r\n",
                Err("a field's name is none"),
            ),
            (
                "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
                Err("a field's name is none"),
            ),
            (
                "HTTP/1.1 200 OK\r\na: b\rc\r\n\r\n",
                Err("a field's value is none"),
            ),
            (
                "HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n",
                Err("a field's value is none"),
            ),
            ("HTTP/1.1 999 OK\r\na: b\r\n\r\n", Err("its status is none")),
            ("HTTP/1.1 099 OK\r\na: b\r\n\r\n", Err("its status is none")),
            (
                "HTTP/1.1 20 OK\r\na: b\r\n\r\n",
                Err("its status line is none"),
            ),
            (
                "HTTP/2.0 200 OK\r\na: b\r\n\r\n",
                Err("its version is none"),
            ),
            ("<html>not http</html>\r\n\r\n", Err("its version is none")),
        ];
        for (text, expected) in rows {
            match (get(text), expected) {
                (Ok(Some(parsed)), Ok(value)) => {
                    assert_eq!(parsed.head.headers["a"], value, "{text:?}")
                }
                (Err(LaneError::Malformed(reason)), Err(expected)) => {
                    assert_eq!(reason, expected, "{text:?}")
                }
                (other, expected) => panic!("{text:?}: {other:?} is not {expected:?}"),
            }
        }
    }

    #[test]
    fn too_many_fields_are_too_large_a_head() {
        let fields = "a: b\r\n".repeat(MAX_FIELDS + 1);
        let text = format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
        assert!(matches!(get(&text), Err(LaneError::HeadTooLarge)));
    }
}
