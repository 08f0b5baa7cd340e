//! Event streams: the first byte says into how large pieces the rest is cut.

use causeway::http::sse;

/// The pieces in which a stream comes do not change its events.
pub(crate) fn run(data: &[u8]) {
    let Some((size, stream)) = data.split_first() else {
        return;
    };
    let whole = events([stream].into_iter());
    let pieces = events(stream.chunks(usize::from(*size).max(1)));
    assert_eq!(whole, pieces);
}

fn events<'s>(pieces: impl Iterator<Item = &'s [u8]>) -> Option<Vec<String>> {
    let mut parser = sse::EventStream::new(64 * 1024);
    let mut found = Vec::new();
    for piece in pieces {
        parser.push(piece).ok()?;
        while let Some(event) = parser.next_event() {
            found.push(format!("{event:?}"));
        }
    }
    Some(found)
}
