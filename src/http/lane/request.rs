//! The bytes of a request: RFC 9112, section 3, and how its content is sent.

use std::cell::Cell;

use http::{HeaderMap, Method, header};
use url::{Position, Url};

use super::LaneError;
use super::socket::{Flow, Socket};
use crate::http::run::Asks;
use crate::http::transport::Wire;
use crate::http::{Content, Sent};

/// A content up to this size travels with the head in one piece.
const WITH_HEAD_BYTES: usize = 16 * 1024;

/// Sends head and content.
///
/// # Errors
/// When the connection breaks or the caller's content does.
pub(super) async fn send(
    socket: &mut Socket,
    wire: &Wire,
    asks: &Asks,
    sent: &Cell<Sent>,
) -> Result<Flow, LaneError> {
    let begun = || sent.set(Sent::Maybe);
    let mut bytes = Vec::with_capacity(1024);
    write_head(&mut bytes, wire);
    match &wire.content {
        Content::Empty => {}
        Content::Whole(content) if content.len() <= WITH_HEAD_BYTES => {
            bytes.extend_from_slice(content);
        }
        Content::Whole(content) => {
            let flow = socket.send(&bytes, begun).await;
            if flow.map_err(LaneError::Broken)? == Flow::Answered {
                return Ok(Flow::Answered);
            }
            return socket.send(content, begun).await.map_err(LaneError::Broken);
        }
        Content::Streamed {
            source,
            length_bytes,
            ..
        } => {
            let flow = socket.send(&bytes, begun).await;
            if flow.map_err(LaneError::Broken)? == Flow::Answered {
                return Ok(Flow::Answered);
            }
            return stream(socket, asks, *source, *length_bytes).await;
        }
    }
    socket.send(&bytes, begun).await.map_err(LaneError::Broken)
}

/// Sends the pieces as the caller's side gives them, in chunks where their length is not known.
async fn stream(
    socket: &mut Socket,
    asks: &Asks,
    source: usize,
    length_bytes: Option<u64>,
) -> Result<Flow, LaneError> {
    let wrong = || LaneError::Source("it has another length than was announced".to_owned());
    let mut left = length_bytes;
    let mut framed = Vec::new();
    while let Some(piece) = asks.next_chunk(source).await.map_err(LaneError::Source)? {
        if piece.is_empty() {
            continue;
        }
        let bytes: &[u8] = match &mut left {
            Some(left) => {
                *left = left.checked_sub(piece.len() as u64).ok_or_else(wrong)?;
                &piece
            }
            None => {
                framed.clear();
                framed.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
                framed.extend_from_slice(&piece);
                framed.extend_from_slice(b"\r\n");
                &framed
            }
        };
        let flow = socket.send(bytes, || ()).await;
        if flow.map_err(LaneError::Broken)? == Flow::Answered {
            return Ok(Flow::Answered);
        }
    }
    match left {
        Some(0) => Ok(Flow::Done),
        Some(_) => Err(wrong()),
        None => socket
            .send(b"0\r\n\r\n", || ())
            .await
            .map_err(LaneError::Broken),
    }
}

/// Writes the head; the fields were checked when they were made.
fn write_head(bytes: &mut Vec<u8>, wire: &Wire) {
    let mut put = |parts: &[&[u8]]| parts.iter().for_each(|part| bytes.extend_from_slice(part));
    let target = &wire.url[Position::BeforePath..Position::AfterQuery];
    put(&[
        wire.method.as_str().as_bytes(),
        b" ",
        target.as_bytes(),
        b" HTTP/1.1\r\nhost: ",
    ]);
    put(&[host(&wire.url).as_bytes(), b"\r\n"]);
    if !wire.headers.contains_key(header::ACCEPT) {
        put(&[b"accept: */*\r\n"]);
    }
    for (name, value) in &wire.headers {
        if name != header::CONTENT_LENGTH {
            put(&[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"]);
        }
    }
    match wire.content.length_bytes() {
        Some(0) if !announces_nothing(&wire.method, &wire.headers) => {}
        Some(length) => put(&[b"content-length: ", length.to_string().as_bytes(), b"\r\n"]),
        None => put(&[b"transfer-encoding: chunked\r\n"]),
    }
    put(&[b"\r\n"]);
}

/// Whether a missing content is said: for methods that want one (RFC 9110, section 8.6), and where
/// the caller says so.
fn announces_nothing(method: &Method, headers: &HeaderMap) -> bool {
    [Method::POST, Method::PUT, Method::PATCH].contains(method)
        || headers.contains_key(header::CONTENT_LENGTH)
}

/// Host and, where it is not the scheme's, the port.
fn host(url: &Url) -> &str {
    &url[Position::BeforeHost..Position::AfterPort]
}

/// Whether the request says that the connection ends with it.
pub(super) fn closes(headers: &HeaderMap) -> bool {
    headers.get(header::CONNECTION).is_some_and(|value| {
        let mut options = value.as_bytes().split(|byte| *byte == b',');
        options.any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(method: &str, url: &str, fields: &[(&'static str, &str)], content: Content) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        let wire = Wire {
            method: method.parse().unwrap(),
            url: url.parse().unwrap(),
            headers,
            content,
            decodes: false,
        };
        let mut bytes = Vec::new();
        write_head(&mut bytes, &wire);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn heads() {
        let streamed = |length_bytes| Content::Streamed {
            source: 0,
            length_bytes,
            is_repeatable: false,
        };
        let rows: [(String, &str); 8] = [
            (
                head("GET", "http://a.example/b?c=d%20e", &[], Content::Empty),
                "GET /b?c=d%20e HTTP/1.1\r\nhost: a.example\r\naccept: */*\r\n\r\n",
            ),
            (
                head(
                    "GET",
                    "https://a.example:8443/",
                    &[("accept", "x"), ("b", "1"), ("b", "2")],
                    Content::Empty,
                ),
                "GET / HTTP/1.1\r\nhost: a.example:8443\r\naccept: x\r\nb: 1\r\nb: 2\r\n\r\n",
            ),
            (
                head(
                    "GET",
                    "http://[::1]:80/",
                    &[("accept", "x")],
                    Content::Empty,
                ),
                "GET / HTTP/1.1\r\nhost: [::1]\r\naccept: x\r\n\r\n",
            ),
            (
                head("POST", "http://a/", &[("accept", "x")], Content::Empty),
                "POST / HTTP/1.1\r\nhost: a\r\naccept: x\r\ncontent-length: 0\r\n\r\n",
            ),
            (
                head(
                    "DELETE",
                    "http://a/",
                    &[("accept", "x"), ("content-length", "0")],
                    Content::Empty,
                ),
                "DELETE / HTTP/1.1\r\nhost: a\r\naccept: x\r\ncontent-length: 0\r\n\r\n",
            ),
            (
                head(
                    "GET",
                    "http://a/",
                    &[("accept", "x"), ("content-length", "2")],
                    "ok".into(),
                ),
                "GET / HTTP/1.1\r\nhost: a\r\naccept: x\r\ncontent-length: 2\r\n\r\n",
            ),
            (
                head("PUT", "http://a/", &[("accept", "x")], streamed(Some(0))),
                "PUT / HTTP/1.1\r\nhost: a\r\naccept: x\r\ncontent-length: 0\r\n\r\n",
            ),
            (
                head("PUT", "http://a/", &[("accept", "x")], streamed(None)),
                "PUT / HTTP/1.1\r\nhost: a\r\naccept: x\r\ntransfer-encoding: chunked\r\n\r\n",
            ),
        ];
        for (head, expected) in rows {
            assert_eq!(head, expected);
        }
    }
}
