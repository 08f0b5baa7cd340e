//! Inserts that other processes post in the segment.

use causeway::store::parsers::posted;

/// It is read or refused; what was read is posted again as it was.
pub(crate) fn run(data: &[u8]) {
    if let Some((kind, record, again)) = posted(data) {
        let same = posted(&again).expect("it was just written");
        assert_eq!(same, (kind, record, again));
    }
}
