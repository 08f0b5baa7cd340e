//! An answer as bytes, so that another worker can take it.
//!
//! ```text
//! version 1 | status 2 | reason | count of fields 4 | (name | value) … | content
//! ```
//!
//! Numbers are little-endian; each of reason, name, value and content stands behind its length in
//! four bytes. It is read as input: another process wrote it.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Version};

use crate::http::Answer;

/// The versions by the byte that stands for each.
const VERSIONS: [Version; 5] = [
    Version::HTTP_09,
    Version::HTTP_10,
    Version::HTTP_11,
    Version::HTTP_2,
    Version::HTTP_3,
];

/// The bytes of an answer.
pub(super) fn encode(answer: &Answer) -> Vec<u8> {
    let version = VERSIONS
        .iter()
        .position(|known| *known == answer.version)
        .and_then(|place| u8::try_from(place).ok())
        .unwrap_or(2);
    let mut bytes = vec![version];
    bytes.extend_from_slice(&answer.status.to_le_bytes());
    put(&mut bytes, answer.reason.as_bytes());
    put_length(&mut bytes, answer.headers.len());
    for (name, value) in &answer.headers {
        put(&mut bytes, name.as_str().as_bytes());
        put(&mut bytes, value.as_bytes());
    }
    put(&mut bytes, &answer.body);
    bytes
}

/// The answer for a call of its own, which made no attempt; `None` where the bytes are none.
pub(in crate::http) fn decode(
    bytes: &[u8],
    correlation_id: &str,
    elapsed: Duration,
) -> Option<Answer> {
    let (head, mut rest) = bytes.split_first_chunk::<3>()?;
    let [version, low, high] = *head;
    let reason = String::from_utf8(take(&mut rest)?.to_vec()).ok()?;
    let count = take_length(&mut rest)?;
    let mut headers = HeaderMap::new();
    for _ in 0..count {
        let name = HeaderName::from_bytes(take(&mut rest)?).ok()?;
        let value = HeaderValue::from_bytes(take(&mut rest)?).ok()?;
        headers.try_append(name, value).ok()?;
    }
    let body = Bytes::copy_from_slice(take(&mut rest)?);
    Some(Answer {
        status: u16::from_le_bytes([low, high]),
        reason,
        version: *VERSIONS.get(usize::from(version))?,
        headers,
        body,
        attempts: 0,
        elapsed,
        correlation_id: correlation_id.to_owned(),
    })
}

fn put_length(bytes: &mut Vec<u8>, length: usize) {
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&length.to_le_bytes());
}

fn put(bytes: &mut Vec<u8>, part: &[u8]) {
    put_length(bytes, part.len());
    bytes.extend_from_slice(part);
}

fn take_length(rest: &mut &[u8]) -> Option<usize> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    *rest = after;
    usize::try_from(u32::from_le_bytes(*length)).ok()
}

fn take<'bytes>(rest: &mut &'bytes [u8]) -> Option<&'bytes [u8]> {
    let length = take_length(rest)?;
    let (part, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(part)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer() -> Answer {
        let mut headers = HeaderMap::new();
        headers.append("content-type", HeaderValue::from_static("application/json"));
        headers.append("set-cookie", HeaderValue::from_static("a=1"));
        headers.append("set-cookie", HeaderValue::from_static("b=2"));
        Answer {
            status: 404,
            reason: "Not There".to_owned(),
            version: Version::HTTP_2,
            headers,
            body: Bytes::from_static(b"{\"ok\":false}"),
            attempts: 2,
            elapsed: Duration::from_secs(9),
            correlation_id: "theirs".to_owned(),
        }
    }

    #[test]
    fn an_answer_comes_through_as_it_was_but_for_what_is_the_calls_own() {
        let elapsed = Duration::from_millis(3);
        let found = decode(&encode(&answer()), "mine", elapsed).unwrap();
        assert_eq!(
            (found.status, found.reason.as_str(), found.version),
            (404, "Not There", Version::HTTP_2)
        );
        assert_eq!(
            (found.headers, found.body),
            (answer().headers, answer().body)
        );
        assert_eq!(
            (found.attempts, found.elapsed, found.correlation_id.as_str()),
            (0, elapsed, "mine")
        );
    }

    #[test]
    fn a_part_of_it_is_none() {
        let bytes = encode(&answer());
        for end in 0..bytes.len() {
            assert!(decode(&bytes[..end], "", Duration::ZERO).is_none(), "{end}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_can_do_harm(bytes: Vec<u8>) {
            let _ = decode(&bytes, "", Duration::ZERO);
        }
    }
}
