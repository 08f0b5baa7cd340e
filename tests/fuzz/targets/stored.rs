//! What other processes wrote: recorded writes (first byte even), answers in the segment (odd).

use causeway::http::parsers::shared_answer;
use causeway::idempotency::parsers::recorded;

/// It is read or refused; what was read is written as it was.
pub(crate) fn run(data: &[u8]) {
    let Some((kind, bytes)) = data.split_first() else {
        return;
    };
    if kind & 1 == 1 {
        if let Some(answer) = shared_answer(bytes) {
            assert!(answer.body.len() <= bytes.len());
        }
    } else if let Some((request, again)) = recorded(bytes) {
        let (same, written) = recorded(&again).expect("it was just written");
        assert_eq!(format!("{request:?}"), format!("{same:?}"));
        assert_eq!(again, written);
    }
}
