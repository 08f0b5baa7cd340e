//! Where an answer's content ends: RFC 9112, section 6.3, for a client.
//!
//! Stricter than the RFC in two places, both known ways to make two readers see two answers: a
//! `Transfer-Encoding` beside a `Content-Length`, and any transfer coding but `chunked`, which is
//! the only one that we say we know.

use http::{HeaderMap, Method, StatusCode, Version, header};

/// The end of a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is none.
    Empty,
    /// So many bytes.
    Length(u64),
    /// In chunks, each with its length.
    Chunked,
    /// Where the connection is closed.
    UntilClose,
}

/// How the content of an answer is framed.
///
/// # Errors
/// What about it two readers could read in two ways.
pub(super) fn of(
    method: &Method,
    status: StatusCode,
    version: Version,
    headers: &HeaderMap,
) -> Result<Framing, &'static str> {
    let length = content_length(headers)?;
    let has_coding = headers.contains_key(header::TRANSFER_ENCODING);
    if has_coding && length.is_some() {
        return Err("it has both a Content-Length and a Transfer-Encoding");
    }
    if *method == Method::HEAD
        || status.is_informational()
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
    {
        return Ok(Framing::Empty);
    }
    if has_coding {
        if version == Version::HTTP_10 {
            return Err("it has a Transfer-Encoding in HTTP/1.0");
        }
        let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
        let is_chunked = codings.next().is_some_and(|coding| {
            coding
                .as_bytes()
                .trim_ascii()
                .eq_ignore_ascii_case(b"chunked")
        });
        return if is_chunked && codings.next().is_none() {
            Ok(Framing::Chunked)
        } else {
            Err("it has a Transfer-Encoding other than chunked")
        };
    }
    Ok(match length {
        Some(0) => Framing::Empty,
        Some(length) => Framing::Length(length),
        None => Framing::UntilClose,
    })
}

/// The announced length. Several equal ones are one (RFC 9110, section 8.6).
fn content_length(headers: &HeaderMap) -> Result<Option<u64>, &'static str> {
    let mut known = None;
    for value in headers.get_all(header::CONTENT_LENGTH) {
        for part in value.as_bytes().split(|byte| *byte == b',') {
            let length = digits(part.trim_ascii()).ok_or("its Content-Length is no number")?;
            if known.is_some_and(|known| known != length) {
                return Err("it has two different Content-Lengths");
            }
            known = Some(length);
        }
    }
    Ok(known)
}

/// A number of digits alone: no sign, no space, no overflow.
fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |sum, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

/// Whether the connection may be used again after this answer (RFC 9112, section 9.3).
pub(super) fn may_keep(version: Version, headers: &HeaderMap) -> bool {
    let has = |option: &str| {
        headers.get_all(header::CONNECTION).iter().any(|value| {
            value
                .as_bytes()
                .split(|byte| *byte == b',')
                .any(|part| part.trim_ascii().eq_ignore_ascii_case(option.as_bytes()))
        })
    };
    if has("close") {
        return false;
    }
    version == Version::HTTP_11 || has("keep-alive")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From lines of `name: value`.
    fn headers(lines: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines.lines() {
            let (name, value) = line.split_once(':').unwrap();
            let name: http::HeaderName = name.parse().unwrap();
            headers.append(name, value.trim().parse().unwrap());
        }
        headers
    }

    fn version(text: &str) -> Version {
        match text {
            "1.0" => Version::HTTP_10,
            _ => Version::HTTP_11,
        }
    }

    const TWO: Result<Framing, &str> = Err("it has two different Content-Lengths");
    const NO_NUMBER: Result<Framing, &str> = Err("its Content-Length is no number");
    const BOTH: Result<Framing, &str> = Err("it has both a Content-Length and a Transfer-Encoding");
    const OTHER: Result<Framing, &str> = Err("it has a Transfer-Encoding other than chunked");
    const OLD: Result<Framing, &str> = Err("it has a Transfer-Encoding in HTTP/1.0");

    #[rustfmt::skip]
    const ROWS: [(&str, &str, Result<Framing, &str>); 24] = [
        ("GET 200 1.1", "", Ok(Framing::UntilClose)),
        ("GET 200 1.1", "content-length: 5", Ok(Framing::Length(5))),
        ("GET 200 1.1", "content-length: 0", Ok(Framing::Empty)),
        ("GET 200 1.0", "content-length: 5", Ok(Framing::Length(5))),
        ("GET 200 1.1", "transfer-encoding: chunked", Ok(Framing::Chunked)),
        ("GET 200 1.1", "transfer-encoding: Chunked", Ok(Framing::Chunked)),
        ("HEAD 200 1.1", "content-length: 5", Ok(Framing::Empty)),
        ("HEAD 200 1.1", "transfer-encoding: chunked", Ok(Framing::Empty)),
        ("GET 204 1.1", "content-length: 5", Ok(Framing::Empty)),
        ("GET 304 1.1", "content-length: 5", Ok(Framing::Empty)),
        ("GET 100 1.1", "", Ok(Framing::Empty)),
        ("POST 304 1.1", "", Ok(Framing::Empty)),
        ("GET 200 1.1", "content-length: 5\ncontent-length: 5", Ok(Framing::Length(5))),
        ("GET 200 1.1", "content-length: 5, 5", Ok(Framing::Length(5))),
        ("GET 200 1.1", "content-length: 18446744073709551615", Ok(Framing::Length(u64::MAX))),
        ("GET 200 1.1", "content-length: 5\ncontent-length: 6", TWO),
        ("GET 200 1.1", "content-length: 18446744073709551616", NO_NUMBER),
        ("GET 200 1.1", "content-length: +5", NO_NUMBER),
        ("GET 200 1.1", "content-length:", NO_NUMBER),
        ("HEAD 200 1.1", "content-length: 5x", NO_NUMBER),
        ("GET 200 1.1", "content-length: 5\ntransfer-encoding: chunked", BOTH),
        ("GET 200 1.1", "transfer-encoding: gzip, chunked", OTHER),
        ("GET 200 1.1", "transfer-encoding: chunked\ntransfer-encoding: chunked", OTHER),
        ("GET 200 1.0", "transfer-encoding: chunked", OLD),
    ];

    #[test]
    fn where_a_content_ends() {
        for (line, fields, expected) in ROWS {
            let words: Vec<_> = line.split(' ').collect();
            let status = StatusCode::from_u16(words[1].parse().unwrap()).unwrap();
            let method = words[0].parse().unwrap();
            let framing = of(&method, status, version(words[2]), &headers(fields));
            assert_eq!(framing, expected, "{line} {fields:?}");
        }
    }

    #[test]
    fn when_a_connection_may_be_used_again() {
        let rows = [
            ("1.1", "", true),
            ("1.1", "connection: Close", false),
            ("1.1", "connection: x, close", false),
            ("1.0", "", false),
            ("1.0", "connection: Keep-Alive", true),
            ("1.0", "connection: keep-alive, close", false),
        ];
        for (number, fields, expected) in rows {
            assert_eq!(
                may_keep(version(number), &headers(fields)),
                expected,
                "{fields:?}"
            );
        }
    }
}
