//! The whole table: every status and every failure, with what it means to each policy. A changed
//! rule is a changed row.

use bytes::Bytes;
use http::{HeaderMap, StatusCode, Version};

use super::*;
use crate::http::Sent;
use crate::http::guard::Refused;
use crate::http::lane::LaneError;
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

/// Names the next error of the lane, so that none can be left out of the table below.
fn after(error: &LaneError) -> Option<LaneError> {
    use std::io::{Error, ErrorKind};
    let broken = || Error::from(ErrorKind::ConnectionReset);
    Some(match error {
        LaneError::Refused(_) => LaneError::Setup(String::new()),
        LaneError::Setup(_) => LaneError::Resolve(broken()),
        LaneError::Resolve(_) => LaneError::Connect(broken()),
        LaneError::Connect(_) => LaneError::ConnectTimeout,
        LaneError::ConnectTimeout => LaneError::Tls(broken()),
        LaneError::Tls(_) => LaneError::SpeaksHttp2,
        LaneError::SpeaksHttp2 => LaneError::Source(String::new()),
        LaneError::Source(_) => LaneError::Broken(broken()),
        LaneError::Broken(_) => LaneError::Closed { is_first: true },
        LaneError::Closed { is_first: true } => LaneError::Closed { is_first: false },
        LaneError::Closed { is_first: false } => LaneError::Malformed(""),
        LaneError::Malformed(_) => LaneError::HeadTooLarge,
        LaneError::HeadTooLarge => LaneError::Body(broken()),
        LaneError::Body(_) => LaneError::BodyMalformed(""),
        LaneError::BodyMalformed(_) => return None,
    })
}

#[test]
fn every_error_on_the_way_has_its_verdict() {
    use FailureKind::{AddressRefused, BadRequest, Connect, Limit, Network, Setup};
    use Sent::{Maybe, No, Yes};
    let never = (false, false, false, Ignored);
    let unsent = (true, true, true, Ill);
    let doubtful = (true, false, true, Ill);
    // In the order of the phases: what is known of the request then, what it is, what is said.
    let rows = [
        (No, AddressRefused, No, never),
        (No, Setup, No, never),
        (No, Connect, No, unsent),
        (No, Connect, No, unsent),
        (No, Connect, No, unsent),
        (No, Connect, No, unsent),
        (No, Connect, No, unsent),
        (Maybe, BadRequest, Maybe, never),
        (Maybe, Network, Maybe, doubtful),
        (Maybe, Network, Maybe, doubtful),
        (Maybe, Network, Yes, doubtful),
        (Maybe, Network, Yes, doubtful),
        (Maybe, Limit, Yes, never),
        (Maybe, Network, Yes, doubtful),
        (Maybe, Network, Yes, doubtful),
    ];
    let refused = Refused {
        host: "vendor.example".to_owned(),
        address: std::net::Ipv4Addr::LOCALHOST.into(),
    };
    let mut next = Some(LaneError::Refused(refused));
    for (so_far, kind, sent, expected) in rows {
        let error = next.take().unwrap();
        next = after(&error);
        let words = error.to_string();
        let failure = Failure::of_lane(error, so_far);
        assert_eq!((failure.kind, failure.sent), (kind, sent), "{words}");
        assert_eq!(verdict(&Err(failure)), expected, "{words}");
    }
    assert!(next.is_none(), "no error is left out");
    // A socket that broke before a byte of the request was taken.
    for error in [
        LaneError::Broken(std::io::ErrorKind::BrokenPipe.into()),
        LaneError::Closed { is_first: true },
    ] {
        let failure = Failure::of_lane(error, No);
        assert_eq!(verdict(&Err(failure)), unsent);
    }
}
