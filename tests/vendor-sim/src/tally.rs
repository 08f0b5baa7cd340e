//! The account of a run: what receivers answered, and what each answer means for its delivery.
//!
//! 2xx is success; 5xx, 429 and no answer are failures, which another try may mend; everything else
//! is a refusal, whose reason is counted as the receiver gave it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::webhooks::Forgery;

/// What became of one try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The receiver's status, and the `reason` of its JSON body.
    Status(u16, String),
    /// No connection, or it broke.
    Connection,
    /// No answer in time.
    Timeout,
}

impl Answer {
    /// As results name it.
    pub fn name(&self) -> String {
        match self {
            Self::Status(status, _) => status.to_string(),
            Self::Connection => "connection".to_owned(),
            Self::Timeout => "timeout".to_owned(),
        }
    }

    pub(crate) fn verdict(&self) -> Verdict {
        match self {
            Self::Status(200..=299, _) => Verdict::Accepted,
            Self::Status(429 | 500..=599, _) | Self::Connection | Self::Timeout => Verdict::Failed,
            Self::Status(_, reason) => Verdict::Refused(reason.clone()),
        }
    }
}

/// What an answer means for its delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Accepted,
    Refused(String),
    Failed,
}

/// Counts of the forgeries of one kind.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct ForgedTally {
    pub(crate) sent: u64,
    pub(crate) accepted: u64,
    pub(crate) refused: u64,
    pub(crate) given_up: u64,
    expected_reason: &'static str,
    pub(crate) reasons: BTreeMap<String, u64>,
}

/// Counts of a run.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) sent: u64,
    pub(crate) attempts: u64,
    pub(crate) resent: u64,
    pub(crate) accepted: u64,
    pub(crate) refused: u64,
    pub(crate) given_up: u64,
    pub(crate) forged_sent: u64,
    pub(crate) answers: BTreeMap<String, u64>,
    pub(crate) reasons: BTreeMap<String, u64>,
    forged: BTreeMap<Forgery, ForgedTally>,
    pub(crate) answer_ms: Vec<f64>,
    pub(crate) is_delivered: Vec<bool>,
}

impl Tally {
    pub(crate) fn genuine(&mut self, event: usize, verdict: Verdict) {
        self.sent += 1;
        match verdict {
            Verdict::Accepted => {
                self.accepted += 1;
                if let Some(is_delivered) = self.is_delivered.get_mut(event) {
                    *is_delivered = true;
                }
            }
            Verdict::Refused(reason) => {
                self.refused += 1;
                *self.reasons.entry(reason).or_default() += 1;
            }
            Verdict::Failed => self.given_up += 1,
        }
    }

    pub(crate) fn forged(&mut self, forgery: Forgery, verdict: Verdict) {
        self.forged_sent += 1;
        let tally = self.forged.entry(forgery).or_default();
        tally.sent += 1;
        match verdict {
            Verdict::Accepted => tally.accepted += 1,
            Verdict::Refused(reason) => {
                tally.refused += 1;
                *tally.reasons.entry(reason).or_default() += 1;
            }
            Verdict::Failed => tally.given_up += 1,
        }
    }

    pub(crate) fn forged_json(&self) -> Value {
        let sum = |count: fn(&ForgedTally) -> u64| self.forged.values().map(count).sum::<u64>();
        let refused = sum(|tally| tally.refused);
        let as_expected = sum(|tally| {
            let expected = tally.reasons.get(tally.expected_reason);
            expected.copied().unwrap_or(0)
        });
        let by_kind: BTreeMap<_, _> = self
            .forged
            .iter()
            .map(|(forgery, tally)| (forgery.name(), tally))
            .collect();
        json!({
            "sent": self.forged_sent,
            "accepted": sum(|tally| tally.accepted),
            "refused": refused,
            "wrong_reason": refused - as_expected,
            "given_up": sum(|tally| tally.given_up),
            "by_kind": by_kind,
        })
    }
}

/// The value below which `share` of the sorted values lie; 0 when there are none.
pub(crate) fn percentile(sorted: &[f64], share: f64) -> f64 {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    let value = sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0.0);
    (value * 1000.0).round() / 1000.0
}

impl Tally {
    /// An account of so many events.
    pub(crate) fn new(events: usize) -> Self {
        let forged = Forgery::ALL.into_iter().map(|forgery| {
            let tally = ForgedTally {
                expected_reason: forgery.expected_reason(),
                ..ForgedTally::default()
            };
            (forgery, tally)
        });
        Self {
            is_delivered: vec![false; events],
            forged: forged.collect(),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_2xx_is_success_and_only_failures_are_tried_again() {
        for (status, expected) in [
            (200, Verdict::Accepted),
            (202, Verdict::Accepted),
            (302, Verdict::Refused("r".to_owned())),
            (400, Verdict::Refused("r".to_owned())),
            (429, Verdict::Failed),
            (500, Verdict::Failed),
            (503, Verdict::Failed),
        ] {
            assert_eq!(Answer::Status(status, "r".to_owned()).verdict(), expected);
        }
        assert_eq!(Answer::Connection.verdict(), Verdict::Failed);
        assert_eq!(Answer::Timeout.verdict(), Verdict::Failed);
    }

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(percentile(&values, 0.5), 50.0);
        assert_eq!(percentile(&values, 0.95), 95.0);
        assert_eq!(percentile(&values, 1.0), 100.0);
        assert_eq!(percentile(&[], 0.5), 0.0);
    }
}
