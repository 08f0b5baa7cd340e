//! Forms that are written: fields of `name:content type`, the first line the file's name, the body
//! every part's content.

use bytes::Bytes;
use causeway::http::multipart::{Multipart, Part, PartContent, Segment};

use super::request;

/// A form holds the parts that it was made of, and no name or type breaks out of its line.
pub(crate) fn run(data: &[u8]) {
    let (filename, fields, body) = request::of(data);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let some = |bytes: &[u8]| (!bytes.is_empty()).then(|| text(bytes).replace('\u{1}', "\n"));
    let parts: Vec<_> = fields
        .into_iter()
        .map(|(name, kind)| Part {
            name: some(name).unwrap_or_default(),
            filename: some(filename),
            content_type: some(kind),
            content: PartContent::Whole(Bytes::copy_from_slice(body)),
        })
        .collect();
    let Ok(form) = Multipart::new(&parts) else {
        return;
    };
    let mut written = Vec::new();
    for segment in &form.segments {
        match segment {
            Segment::Bytes(bytes) => written.extend_from_slice(bytes),
            Segment::Part(_) => panic!("no part is streamed"),
        }
    }
    assert_eq!(form.length_bytes, Some(written.len() as u64));
    let boundary = form
        .content_type
        .split_once("boundary=")
        .expect("it has one")
        .1;
    let mark = format!("--{boundary}");
    for part in &parts {
        let begins = format!("{mark}\r\nContent-Disposition: form-data; name=\"");
        written = cut(&written, begins.as_bytes());
        let end = written.windows(4).position(|four| four == b"\r\n\r\n");
        let head = &written[..end.expect("a head ends")];
        let lines = head.split(|b| *b == b'\n').count();
        assert_eq!(lines, 1 + usize::from(part.content_type.is_some()));
        written = cut(&written[head.len()..], b"\r\n\r\n");
        written = cut(&written, body);
        written = cut(&written, b"\r\n");
    }
    assert_eq!(written, format!("{mark}--\r\n").into_bytes());
}

fn cut(bytes: &[u8], start: &[u8]) -> Vec<u8> {
    bytes
        .strip_prefix(start)
        .expect("it is in its place")
        .to_vec()
}
