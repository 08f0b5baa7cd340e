//! What became of a delivery: the answer to its sender. Pure.
//!
//! A sender repeats what it gets no 2xx for. So everything that is kept answers 202, also what is
//! not new; what can never be taken answers 400 or 401; what could not be stored answers 503.

use super::{PayloadError, Recorded};
use crate::signature::{Refusal, Reply};
use crate::store::{StoreError, StoreErrorKind};

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// At least one of its events is new.
    Recorded,
    /// All of its events were there.
    Duplicate,
    /// One of its events was there with another payload; both are kept.
    Conflict,
    /// Its signature does not hold.
    Refused,
    /// It could not be stored: the sender is to repeat it.
    Unavailable,
    /// It asks for an answer of its own and carries no event.
    Challenge,
}

/// The answer to a sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The HTTP status.
    pub status: u16,
    /// What became of it.
    pub verdict: Verdict,
    /// Why it was refused or not stored, a word.
    pub reason: Option<String>,
    /// Seconds for `Retry-After`.
    pub retry_after_s: Option<u32>,
    /// The body that the sender wants to see.
    pub body: Vec<u8>,
}

impl Receipt {
    /// For events that were recorded.
    pub(super) fn kept(events: &[Recorded]) -> Self {
        let verdict = if events.contains(&Recorded::Conflict) {
            Verdict::Conflict
        } else if events.contains(&Recorded::Recorded) {
            Verdict::Recorded
        } else {
            Verdict::Duplicate
        };
        Self::plain(202, verdict)
    }

    /// For a handshake: the answer that the sender waits for.
    pub(super) fn challenge(reply: Reply) -> Self {
        Self {
            body: reply.body,
            ..Self::plain(reply.status, Verdict::Challenge)
        }
    }

    /// For a delivery that was refused.
    pub(super) fn refused(refusal: &Refusal) -> Self {
        let reason = Some(refusal.reason().to_owned());
        Self {
            reason,
            ..Self::plain(refusal.status(), Verdict::Refused)
        }
    }

    /// For a delivery that could not be stored.
    pub(super) fn unavailable(error: &StoreError) -> Self {
        // A lock is soon given back; a full disk wants somebody to make room.
        let retry_after_s = match error.kind {
            StoreErrorKind::Busy | StoreErrorKind::LostRace => 1,
            StoreErrorKind::Full
            | StoreErrorKind::Unavailable
            | StoreErrorKind::Corrupt
            | StoreErrorKind::Misuse
            | StoreErrorKind::Foreign => 30,
        };
        Self {
            reason: Some(error.kind.reason().to_owned()),
            retry_after_s: Some(retry_after_s),
            ..Self::plain(503, Verdict::Unavailable)
        }
    }

    /// For a delivery to an inbox in which as many events wait as may.
    pub(super) fn full() -> Self {
        Self {
            reason: Some("inbox_full".to_owned()),
            retry_after_s: Some(10),
            ..Self::plain(503, Verdict::Unavailable)
        }
    }

    /// For a delivery whose payload cannot be sealed: somebody has to look after the key.
    pub(super) fn unsealed(error: &PayloadError) -> Self {
        let _ = error;
        Self {
            reason: Some("payload_key".to_owned()),
            retry_after_s: Some(120),
            ..Self::plain(503, Verdict::Unavailable)
        }
    }

    fn plain(status: u16, verdict: Verdict) -> Self {
        Self {
            status,
            verdict,
            reason: None,
            retry_after_s: None,
            body: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Recorded::{Conflict, Duplicate, Recorded as New};

    #[test]
    fn what_is_kept_is_accepted() {
        for (events, verdict) in [
            (vec![New], Verdict::Recorded),
            (vec![Duplicate, New], Verdict::Recorded),
            (vec![Duplicate], Verdict::Duplicate),
            (vec![New, Conflict], Verdict::Conflict),
        ] {
            let receipt = Receipt::kept(&events);
            assert_eq!(
                (receipt.status, receipt.verdict),
                (202, verdict),
                "{events:?}"
            );
        }
    }

    #[test]
    fn what_cannot_be_stored_is_to_be_repeated() {
        let full = StoreError::new(StoreErrorKind::Full, "the disk is full");
        let receipt = Receipt::unavailable(&full);
        assert_eq!((receipt.status, receipt.retry_after_s), (503, Some(30)));
        assert_eq!(receipt.reason.as_deref(), Some("full"));
    }

    #[test]
    fn a_handshake_is_answered_with_its_reply() {
        let receipt = Receipt::challenge(Reply {
            status: 200,
            content_type: "text/plain",
            body: b"pogchamp".to_vec(),
        });
        assert_eq!(
            (receipt.status, receipt.verdict, receipt.body.as_slice()),
            (200, Verdict::Challenge, b"pogchamp".as_slice())
        );
    }
}
