//! HTTP/1.1 answers: status line, fields, framing, chunks. The first byte says the method and into
//! how large pieces the rest is cut.

use causeway::http::parsers::answer;
use http::Method;

/// The pieces in which an answer comes do not change what it says, nor where it ends.
pub(crate) fn run(data: &[u8]) {
    let Some((number, bytes)) = data.split_first() else {
        return;
    };
    let method = if number & 1 == 0 {
        Method::GET
    } else {
        Method::HEAD
    };
    let whole = answer(bytes, bytes.len(), &method);
    let pieces = answer(bytes, usize::from(number >> 1), &method);
    assert_eq!(whole.is_err(), pieces.is_err());
    let (Ok(whole), Ok(pieces)) = (whole, pieces) else {
        return;
    };
    assert_eq!(whole, pieces);
    let Some(found) = whole else { return };
    assert!((100..600).contains(&found.status));
    assert!(found.content.len() + found.left <= bytes.len());
    for (name, value) in &found.fields {
        assert!(!name.is_empty());
        let is_line = value.iter().all(|b| !matches!(b, b'\r' | b'\n' | 0));
        assert!(is_line, "a field of two lines");
    }
    // What is behind an answer is none of it.
    let end = bytes.len() - found.left;
    if found.is_complete {
        let alone = answer(&bytes[..end], bytes.len(), &method);
        let alone = alone.expect("it was read").expect("it was whole");
        assert_eq!((alone.content, alone.left), (found.content, 0));
    }
}
