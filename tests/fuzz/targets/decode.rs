//! Content codings. The first byte says which, the second into how large pieces the rest is cut.

use bytes::Bytes;
use causeway::http::decode::{Caps, DecodeError, Decoder};
use http::{HeaderMap, HeaderValue};

const CODINGS: [&str; 7] = [
    "gzip",
    "deflate",
    "br",
    "zstd",
    "x-gzip, br",
    "zstd, deflate",
    "gzip, gzip, gzip",
];
const CAPS: Caps = Caps {
    size_bytes: 256 * 1024,
    ratio: 100,
};

/// No more comes out than the caps allow, and the same whatever the pieces.
pub(crate) fn run(data: &[u8]) {
    let Some((&[number, piece], content)) = data.split_first_chunk::<2>() else {
        return;
    };
    let coding = CODINGS[usize::from(number) % CODINGS.len()];
    let whole = decoded(coding, content, content.len().max(1));
    let pieces = decoded(coding, content, usize::from(piece).max(1));
    assert_eq!(whole.is_err(), pieces.is_err(), "{whole:?} {pieces:?}");
    if let (Ok(whole), Ok(pieces)) = (whole, pieces) {
        assert_eq!(whole, pieces);
        assert!(whole.len() as u64 <= CAPS.size_bytes);
    }
}

fn decoded(coding: &'static str, content: &[u8], piece: usize) -> Result<Vec<u8>, DecodeError> {
    let mut fields = HeaderMap::new();
    fields.insert("content-encoding", HeaderValue::from_static(coding));
    let mut decoder = Decoder::for_fields(&fields, CAPS).expect("the codings are known");
    let mut found = Vec::new();
    for piece in content.chunks(piece) {
        let mut input = Bytes::copy_from_slice(piece);
        while !input.is_empty() {
            found.extend_from_slice(&decoder.push(&mut input)?);
        }
    }
    found.extend_from_slice(&decoder.finish()?);
    Ok(found)
}
