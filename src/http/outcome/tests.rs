//! The whole table: every status and every failure, with what it means to each policy. A changed
//! rule is a changed row.

use bytes::Bytes;
use http::{HeaderMap, StatusCode, Version};

use super::*;
use crate::http::Sent;
use crate::http::transport::{Body, Head};
use crate::policy::retry::{Attempt, Options, RetryDecision, decide};
use breaker::Outcome::{Failure as Ill, Ignored, Success as Well};

/// Whether it is retried for GET, for POST, for POST with a key; what the breaker counts.
type Verdict = (bool, bool, bool, breaker::Outcome);

fn verdict(outcome: &Outcome) -> Verdict {
    let sent = outcome
        .as_ref()
        .map_or_else(|failure| failure.sent, |_| Sent::Yes);
    let is_retried = |method_is_idempotent, has_key| {
        let attempt = Attempt {
            number: 1,
            outcome: for_retry(outcome),
            sent,
            method_is_idempotent,
            has_key,
            waited: None,
            retry_after: None,
            remaining: Duration::from_secs(9),
            random: 0.5,
        };
        matches!(
            decide(&Options::default(), &attempt),
            RetryDecision::Retry { .. }
        )
    };
    (
        is_retried(true, false),
        is_retried(false, false),
        is_retried(false, true),
        for_breaker(outcome),
    )
}

fn answered(status: u16) -> Outcome {
    let head = Head {
        status: StatusCode::from_u16(status).unwrap(),
        reason: String::new(),
        version: Version::HTTP_11,
        headers: HeaderMap::new(),
    };
    let body = Body::of_bytes(Bytes::new());
    Ok(Received { head, body })
}

#[test]
fn every_status_has_its_verdict() {
    let rows: [(u16, u16, Verdict); 16] = [
        (100, 407, (false, false, false, Well)),
        (408, 408, (true, false, true, Ill)),
        (409, 409, (false, false, true, Well)),
        (410, 424, (false, false, false, Well)),
        (425, 425, (true, false, true, Well)),
        (426, 428, (false, false, false, Well)),
        (429, 429, (true, false, true, Ill)),
        (430, 499, (false, false, false, Well)),
        (500, 500, (true, false, true, Ill)),
        (501, 501, (false, false, false, Ill)),
        (502, 502, (true, false, true, Ill)),
        (503, 503, (true, false, true, Ill)),
        (504, 504, (true, false, true, Ill)),
        (505, 510, (false, false, false, Ill)),
        (511, 511, (false, false, false, Ill)),
        (512, 599, (false, false, false, Ill)),
    ];
    let mut next = 100;
    for (first, last, expected) in rows {
        assert_eq!(first, next, "no status is left out");
        for status in first..=last {
            assert_eq!(verdict(&answered(status)), expected, "{status}");
        }
        next = last + 1;
    }
    assert_eq!(next, 600);
}

#[test]
fn every_failure_has_its_verdict() {
    use FailureKind::{
        AddressRefused, Auth, BadRequest, Connect, Interrupted, Limit, Network, Paused, Setup,
        Stray, Timeout,
    };
    let never = (false, false, false, Ignored);
    let rows = [
        // Surely not sent: safe whatever the method.
        (Connect, Sent::No, (true, true, true, Ill)),
        (Auth { transient: true }, Sent::No, (true, true, true, Ill)),
        (Network, Sent::No, (true, true, true, Ill)),
        (Timeout, Sent::No, (true, true, true, Ill)),
        // Perhaps sent, or answered in part: what may be done twice.
        (Network, Sent::Maybe, (true, false, true, Ill)),
        (Network, Sent::Yes, (true, false, true, Ill)),
        (Timeout, Sent::Maybe, (true, false, true, Ill)),
        (Timeout, Sent::Yes, (true, false, true, Ill)),
        // Would end the same way again, and says nothing about the vendor.
        (Auth { transient: false }, Sent::No, never),
        (Setup, Sent::No, never),
        (AddressRefused, Sent::No, never),
        (BadRequest, Sent::No, never),
        (Limit, Sent::Yes, never),
        (Interrupted, Sent::No, never),
        (Interrupted, Sent::Maybe, never),
        (Paused, Sent::No, never),
        (Paused, Sent::Maybe, never),
        (Stray, Sent::No, never),
    ];
    for (kind, sent, expected) in rows {
        let failure = Failure::new(kind, sent, "as the row has it");
        assert_eq!(verdict(&Err(failure)), expected, "{kind:?} {sent:?}");
    }
}
