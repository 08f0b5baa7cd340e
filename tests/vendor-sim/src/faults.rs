//! What is wrong with a vendor at the moment, and what one request meets of it.
//!
//! One [`Fault`] for each vendor, replaced as a whole by the control API. [`decide`] is pure: from
//! the fault and two random numbers to an [`Effect`]. How an effect is done to a connection is in
//! `effect.rs`; closing a whole port (`refuse`) is in `wire.rs`.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use serde::{Deserialize, Serialize};

use crate::Vendor;
use crate::effect::Effect;
use crate::wire::Bytes;

/// Pause before each piece of a slow body when the control request names none.
const SLOW_PAUSE_MS: u64 = 200;

/// Longest delay that can be asked for, in milliseconds.
const DELAY_AT_MOST_MS: u64 = 300_000;

/// The kinds of fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Healthy.
    #[default]
    None,
    /// Answers a status of choice.
    Status,
    /// Answers late.
    Latency,
    /// RST in place of an answer.
    Reset,
    /// The connection ends in place of an answer.
    Close,
    /// Bytes that are no HTTP, then the end of the connection.
    Garbled,
    /// The beginning of a head, then the end of the connection.
    HalfHead,
    /// The beginning of a head, and nothing more.
    StalledHead,
    /// A head that does not end.
    EndlessHead,
    /// RST in the middle of the body.
    ResetInBody,
    /// Half of the body, and nothing more.
    StalledBody,
    /// A body that does not end.
    EndlessBody,
    /// A good answer, after which the connection ends unannounced.
    CloseAfter,
    /// The connection ends in the middle of the body.
    HalfBody,
    /// The body trickles.
    SlowBody,
    /// Accepts and never answers.
    Hang,
    /// The port is closed.
    Refuse,
}

impl Kind {
    /// The name in control requests and in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Status => "status",
            Self::Latency => "latency",
            Self::Reset => "reset",
            Self::Close => "close",
            Self::Garbled => "garbled",
            Self::HalfHead => "half_head",
            Self::StalledHead => "stalled_head",
            Self::EndlessHead => "endless_head",
            Self::ResetInBody => "reset_in_body",
            Self::StalledBody => "stalled_body",
            Self::EndlessBody => "endless_body",
            Self::CloseAfter => "close_after",
            Self::HalfBody => "half_body",
            Self::SlowBody => "slow_body",
            Self::Hang => "hang",
            Self::Refuse => "refuse",
        }
    }
}

/// How delays are spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// Evenly from `delay_ms` to `delay_max_ms`.
    #[default]
    Uniform,
    /// Mean `delay_ms`, cut at `delay_max_ms`.
    Exponential,
}

/// What is wrong with one vendor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fault {
    /// The kind of fault.
    pub kind: Kind,
    /// Chance for each request to meet it, 0 to 1.
    pub share: f64,
    /// Status of kind `status`.
    pub status: u16,
    /// `Retry-After` of kind `status`, in seconds.
    pub retry_after_s: Option<u64>,
    /// See the kinds in README.md.
    pub delay_ms: Option<u64>,
    /// See the kinds in README.md.
    pub delay_max_ms: Option<u64>,
    /// Spread of kind `latency`.
    pub distribution: Distribution,
}

impl Default for Fault {
    fn default() -> Self {
        Self {
            kind: Kind::None,
            share: 1.0,
            status: 503,
            retry_after_s: None,
            delay_ms: None,
            delay_max_ms: None,
            distribution: Distribution::Uniform,
        }
    }
}

impl Fault {
    /// Refuses values that no request could meet.
    ///
    /// # Errors
    /// A sentence naming the value and its range.
    pub fn check(&self) -> Result<(), String> {
        if !(0.0..=1.0).contains(&self.share) {
            return Err(format!("share must be from 0 to 1, got {}", self.share));
        }
        if !(200..=599).contains(&self.status) {
            return Err(format!(
                "status must be from 200 to 599, got {}",
                self.status
            ));
        }
        let longest = self.delay_ms.max(self.delay_max_ms).unwrap_or(0);
        if longest > DELAY_AT_MOST_MS {
            return Err(format!(
                "delays end at {DELAY_AT_MOST_MS} ms, got {longest}"
            ));
        }
        Ok(())
    }
}

/// What the fault means for a request; `chance` and `spread` are random numbers in [0, 1).
pub fn decide(fault: &Fault, chance: f64, spread: f64) -> Effect {
    if chance >= fault.share {
        return Effect::Healthy;
    }
    let delay = Duration::from_millis(fault.delay_ms.unwrap_or(0));
    match fault.kind {
        // A request that is read while its port closes is one of the last good ones.
        Kind::None | Kind::Refuse => Effect::Healthy,
        Kind::Status => Effect::Status {
            status: fault.status,
            retry_after_s: fault.retry_after_s,
            delay,
        },
        Kind::Latency => Effect::Latency(spread_delay(fault, delay, spread)),
        Kind::Reset => Effect::Reset,
        Kind::Close => Effect::Bytes(Bytes::Nothing),
        Kind::Garbled => Effect::Bytes(Bytes::Garbled),
        Kind::HalfHead => Effect::Bytes(Bytes::HalfHead),
        Kind::StalledHead => Effect::Bytes(Bytes::StalledHead),
        Kind::EndlessHead => Effect::Bytes(Bytes::EndlessHead),
        Kind::ResetInBody => Effect::ResetInBody,
        Kind::StalledBody => Effect::StalledBody,
        Kind::EndlessBody => Effect::EndlessBody,
        Kind::CloseAfter => Effect::CloseAfter,
        Kind::HalfBody => Effect::HalfBody,
        Kind::SlowBody => {
            let pause_ms = fault.delay_ms.unwrap_or(SLOW_PAUSE_MS);
            Effect::SlowBody(Duration::from_millis(pause_ms))
        }
        Kind::Hang => Effect::Hang,
    }
}

fn spread_delay(fault: &Fault, least: Duration, spread: f64) -> Duration {
    let most = fault.delay_max_ms.map(Duration::from_millis);
    match fault.distribution {
        Distribution::Uniform => {
            let width = most.unwrap_or(least).saturating_sub(least);
            least + width.mul_f64(spread)
        }
        Distribution::Exponential => {
            let most = most.unwrap_or(least * 10);
            least.mul_f64(-(1.0 - spread).ln().min(0.0)).min(most)
        }
    }
}

/// The faults of all vendors.
#[derive(Default)]
pub struct Faults {
    current: [RwLock<Arc<Fault>>; Vendor::ALL.len()],
}

impl Faults {
    /// The vendor's fault.
    pub fn get(&self, vendor: Vendor) -> Arc<Fault> {
        self.current
            .get(vendor.index())
            .map(|fault| Arc::clone(&fault.read()))
            .unwrap_or_default()
    }

    /// Replaces the vendor's fault; gives the one before.
    pub fn set(&self, vendor: Vendor, fault: Fault) -> Arc<Fault> {
        self.current
            .get(vendor.index())
            .map(|slot| std::mem::replace(&mut *slot.write(), Arc::new(fault)))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(kind: Kind) -> Fault {
        Fault {
            kind,
            share: 0.5,
            delay_ms: Some(100),
            delay_max_ms: Some(300),
            ..Fault::default()
        }
    }

    #[test]
    fn a_share_of_requests_meets_the_fault() {
        let reset = fault(Kind::Reset);
        assert_eq!(decide(&reset, 0.49, 0.0), Effect::Reset);
        assert_eq!(decide(&reset, 0.5, 0.0), Effect::Healthy);
        let never = Fault {
            share: 0.0,
            ..reset
        };
        assert_eq!(decide(&never, 0.0, 0.0), Effect::Healthy);
    }

    #[test]
    fn latency_stays_within_its_bounds() {
        let ms = Duration::from_millis;
        let uniform = fault(Kind::Latency);
        let exponential = Fault {
            distribution: Distribution::Exponential,
            ..uniform.clone()
        };
        let fixed = Fault {
            delay_max_ms: None,
            ..uniform.clone()
        };
        for (fault, spread, expected) in [
            (&uniform, 0.0, ms(100)),
            (&uniform, 0.5, ms(200)),
            (&fixed, 0.9, ms(100)),
            (&exponential, 0.0, ms(0)),
            (&exponential, 0.999_999, ms(300)),
        ] {
            assert_eq!(decide(fault, 0.0, spread), Effect::Latency(expected));
        }
        let Effect::Latency(mean) = decide(&exponential, 0.0, 1.0 - 1.0 / std::f64::consts::E)
        else {
            unreachable!("latency was asked for");
        };
        assert!(mean.abs_diff(ms(100)) < ms(1), "{mean:?}");
    }

    #[test]
    fn impossible_values_are_refused_by_name() {
        let wrong_share = Fault {
            share: 1.5,
            ..Fault::default()
        };
        let wrong_status = Fault {
            status: 99,
            ..Fault::default()
        };
        assert!(wrong_share.check().is_err_and(|why| why.contains("share")));
        assert!(
            wrong_status
                .check()
                .is_err_and(|why| why.contains("status"))
        );
        assert_eq!(Fault::default().check(), Ok(()));
    }
}
