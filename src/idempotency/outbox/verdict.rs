//! What an attempt to send came to. Pure.
//!
//! | what came | verdict |
//! |---|---|
//! | a status below 400 | sent |
//! | 409 | later: the vendor is still at work on the same key (IETF idempotency-key draft, 2.6) |
//! | 401, 403, 407, 408, 423, 425, 429, 5xx | later |
//! | any other 4xx, 422 among them (the key was used for other bytes) | never |
//! | open breaker, throttle, pause, interruption | not now: no attempt was made |
//! | no connection, or broken on the way, or too slow | later; held where its fate is unsure and the option says so |
//! | a request that cannot be sent, an address that is refused | never |
//! | an answer beyond a cap | never: it was sent, and would be answered so again |

use std::time::Duration;

use super::Unsure;
use crate::http::{Answer, CallError, CallErrorKind, Sent};
use crate::idempotency::inbox::deferred_for;
use crate::policy::retry_after;

/// What an attempt to send came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The vendor has it; its status.
    Sent(u16),
    /// It failed and may pass: again after the backoff, and not before this.
    Later(String, Option<Duration>),
    /// The connection refused the call: no attempt was made.
    NotNow(Duration),
    /// No further attempt can succeed, or may be made.
    Never(String),
    /// It did not happen, and the caller has heard so: nobody needs to look after it.
    Dropped(String),
}

/// The same for a write whose caller waits for it: what is certain ends with the caller, what is
/// not goes to the dead letters, and nothing is sent later behind the caller's back.
pub(super) fn heard(outcome: &Result<Answer, CallError>) -> Verdict {
    match (of(outcome, Unsure::Repeat), outcome) {
        (Verdict::Later(what, _), Err(error)) if error.sent == Sent::No => Verdict::Dropped(what),
        (Verdict::NotNow(_), _) => Verdict::Dropped("the connection refused the call".to_owned()),
        (Verdict::Never(what), _) => Verdict::Dropped(what),
        (Verdict::Later(what, _), _) => Verdict::Never(what),
        (verdict @ (Verdict::Sent(_) | Verdict::Dropped(_)), _) => verdict,
    }
}

/// Decides from what the call gave.
pub(super) fn of(outcome: &Result<Answer, CallError>, unsure: Unsure) -> Verdict {
    match outcome {
        Ok(answer) if answer.status < 400 => Verdict::Sent(answer.status),
        Ok(answer) => of_status(answer),
        Err(error) => of_error(error, unsure),
    }
}

fn of_status(answer: &Answer) -> Verdict {
    let what = format!("the vendor answered {}", answer.status);
    match answer.status {
        401 | 403 | 407 | 408 | 409 | 423 | 425 | 429 | 500.. => {
            let value = answer.headers.get(http::header::RETRY_AFTER);
            let wait = value
                .and_then(|value| retry_after::parse(value.as_bytes(), None, crate::clock::unix()));
            Verdict::Later(what, wait.map(|found| found.wait))
        }
        _ => Verdict::Never(what),
    }
}

fn of_error(error: &CallError, unsure: Unsure) -> Verdict {
    if let Some(delay) = deferred_for(error) {
        return Verdict::NotNow(delay);
    }
    match error.kind {
        CallErrorKind::BadRequest
        | CallErrorKind::AddressRefused
        | CallErrorKind::Limit
        | CallErrorKind::Stray => Verdict::Never(error.to_string()),
        CallErrorKind::Connect
        | CallErrorKind::Network
        | CallErrorKind::Timeout
        | CallErrorKind::Auth
        | CallErrorKind::Status(_)
        | CallErrorKind::BreakerOpen
        | CallErrorKind::Paused
        | CallErrorKind::Throttled
        | CallErrorKind::Interrupted => {
            if error.sent != Sent::No && unsure == Unsure::Hold {
                return Verdict::Never(format!("{error}; it may have been sent"));
            }
            Verdict::Later(error.to_string(), error.retry_after)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::testing::{answer, call_error};

    #[test]
    fn every_status_has_its_verdict() {
        let of = |status| of(&Ok(answer(status, "")), Unsure::Repeat);
        for status in 100..400 {
            assert_eq!(of(status), Verdict::Sent(status));
        }
        let later = [401, 403, 407, 408, 409, 423, 425, 429];
        for status in 400..600 {
            let what = format!("the vendor answered {status}");
            let expected = if later.contains(&status) || status >= 500 {
                Verdict::Later(what, None)
            } else {
                Verdict::Never(what)
            };
            assert_eq!(of(status), expected);
        }
    }

    #[test]
    fn a_write_of_unknown_fate_is_repeated_or_held_as_the_option_says() {
        for (sent, unsure, is_held) in [
            (Sent::No, Unsure::Hold, false),
            (Sent::Maybe, Unsure::Hold, true),
            (Sent::Yes, Unsure::Hold, true),
            (Sent::Maybe, Unsure::Repeat, false),
        ] {
            let error = CallError {
                sent,
                ..call_error(CallErrorKind::Timeout)
            };
            let verdict = of(&Err(error), unsure);
            assert_eq!(matches!(verdict, Verdict::Never(_)), is_held, "{verdict:?}");
        }
        let paused = of(&Err(call_error(CallErrorKind::Paused)), Unsure::Hold);
        assert_eq!(paused, Verdict::NotNow(Duration::from_secs(7)));
    }

    #[test]
    fn retry_after_is_the_earliest_next_time() {
        let mut slow = answer(429, "");
        slow.headers
            .insert("retry-after", http::HeaderValue::from_static("9"));
        let verdict = of(&Ok(slow), Unsure::Repeat);
        let what = "the vendor answered 429".to_owned();
        assert_eq!(verdict, Verdict::Later(what, Some(Duration::from_secs(9))));
    }
}
