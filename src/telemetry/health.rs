//! Whether a connection is well, in one word, for a status page or a page's banner.
//!
//! Decided from what is known without asking the vendor: the switch, the breaker, a hold that the
//! vendor asked for, and the last success. The worst of them counts, in the order of [`decide`].

use std::time::Duration;

use crate::policy::breaker;

/// What is known of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Whether it is switched off.
    pub is_paused: bool,
    /// What the breaker does.
    pub breaker: breaker::State,
    /// How long the vendor wants to be left alone.
    pub held_for: Option<Duration>,
    /// Since the last success; `None` where none is known.
    pub last_success_age: Option<Duration>,
    /// Calls that got as far as the policies.
    pub entered: u64,
}

/// A connection's state, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// Calls are answered.
    Up,
    /// Nobody has called yet.
    Unknown,
    /// The vendor is being tried again after an outage.
    Recovering,
    /// The vendor asked to be left alone for a while.
    Held,
    /// Calls are refused, for the vendor does not answer.
    Down,
    /// Calls are refused, for somebody switched them off.
    Paused,
}

impl Health {
    /// `up`, `unknown`, `recovering`, `held`, `down` or `paused`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Unknown => "unknown",
            Self::Recovering => "recovering",
            Self::Held => "held",
            Self::Down => "down",
            Self::Paused => "paused",
        }
    }

    /// Whether calls are worth making.
    pub const fn is_callable(self) -> bool {
        match self {
            Self::Up | Self::Unknown | Self::Recovering => true,
            Self::Held | Self::Down | Self::Paused => false,
        }
    }

    /// The rule: the worst of what is known.
    pub const fn decide(facts: &Facts) -> Self {
        if facts.is_paused {
            return Self::Paused;
        }
        match facts.breaker {
            breaker::State::Open => return Self::Down,
            breaker::State::HalfOpen if facts.held_for.is_none() => return Self::Recovering,
            breaker::State::HalfOpen | breaker::State::Closed => {}
        }
        if facts.held_for.is_some() {
            Self::Held
        } else if facts.last_success_age.is_none() && facts.entered == 0 {
            Self::Unknown
        } else {
            Self::Up
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_fact_counts() {
        use breaker::State::{Closed, HalfOpen, Open};
        let hold = Some(Duration::from_secs(3));
        let rows = [
            (false, Closed, None, 9, Health::Up),
            (false, Closed, None, 0, Health::Unknown),
            (false, HalfOpen, None, 9, Health::Recovering),
            (false, HalfOpen, hold, 9, Health::Held),
            (false, Closed, hold, 9, Health::Held),
            (false, Open, hold, 9, Health::Down),
            (true, Open, hold, 9, Health::Paused),
            (true, Closed, None, 0, Health::Paused),
        ];
        for (is_paused, breaker, held_for, entered, expected) in rows {
            let facts = Facts {
                is_paused,
                breaker,
                held_for,
                last_success_age: None,
                entered,
            };
            let health = Health::decide(&facts);
            assert_eq!(health, expected, "{facts:?}");
            assert_eq!(health.is_callable(), health < Health::Held);
        }
    }

    #[test]
    fn a_known_success_is_enough_to_be_up() {
        let last_success_age = Some(Duration::from_secs(1));
        let facts = Facts {
            is_paused: false,
            breaker: breaker::State::Closed,
            held_for: None,
            last_success_age,
            entered: 0,
        };
        assert_eq!(Health::decide(&facts).name(), "up");
    }
}
