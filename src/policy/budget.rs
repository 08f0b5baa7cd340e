//! How many retries a connection may add to its own load.
//!
//! Each call deposits a fraction of a token (`ratio`), time deposits `min_per_second`, a retry
//! takes a whole one. So however many attempts a call is allowed, a vendor that fails throughout
//! sees at most `1 + ratio` attempts a call, plus the trickle that lets quiet connections retry.
//! After Finagle's and Linkerd's retry budgets; the cap (`max_tokens`, theirs is a ten seconds'
//! memory) keeps a healthy hour from buying a storm.
//!
//! [`Level`] is what the segment keeps, in thousandths of a token and in milliseconds. A level of
//! zero at time zero is what an idle connection has: the trickle since boot fills it to its cap.

use crate::clock::Monotonic;

/// The default cap, in tokens.
pub const MAX_TOKENS_DEFAULT: u32 = 10;
/// The largest cap that can be chosen, in tokens.
pub const MAX_TOKENS_LIMIT: u32 = 10_000;
/// The largest trickle that can be chosen, in tokens a second.
pub const MIN_PER_SECOND_LIMIT: f64 = 1000.0;

/// A thousandth of a token is the smallest amount.
const TOKEN: u32 = 1000;

/// Shares and caps that make sense; held in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    ratio_milli: u32,
    per_second_milli: u32,
    cap_milli: u32,
}

impl Options {
    /// `ratio` from 0 to 1, `min_per_second` from 0 to 1000, `max_tokens` from 1 to 10,000;
    /// `None` outside of these. Both are rounded to thousandths.
    pub fn new(ratio: f64, min_per_second: f64, max_tokens: u32) -> Option<Self> {
        let is_allowed = (0.0..=1.0).contains(&ratio)
            && (0.0..=MIN_PER_SECOND_LIMIT).contains(&min_per_second)
            && (1..=MAX_TOKENS_LIMIT).contains(&max_tokens);
        is_allowed.then(|| Self {
            ratio_milli: milli(ratio),
            per_second_milli: milli(min_per_second),
            cap_milli: max_tokens * TOKEN,
        })
    }
}

impl Default for Options {
    /// A fifth of the calls, one a second, ten at most.
    fn default() -> Self {
        Self {
            ratio_milli: 200,
            per_second_milli: 1000,
            cap_milli: MAX_TOKENS_DEFAULT * TOKEN,
        }
    }
}

/// What is in the bucket, and up to when the trickle is in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// Thousandths of a token.
    pub tokens_milli: u32,
    /// The trickle is paid up to here, milliseconds since boot.
    pub paid_until_ms: u64,
}

/// The level after the trickle and one call's deposit.
#[must_use]
pub fn deposit(options: &Options, level: Level, now: Monotonic) -> Level {
    let level = with_trickle(options, level, now);
    let tokens_milli = level
        .tokens_milli
        .saturating_add(options.ratio_milli)
        .min(options.cap_milli);
    Level {
        tokens_milli,
        ..level
    }
}

/// The level after a retry took its token; `None` where there was none to take.
#[must_use]
pub fn withdraw(options: &Options, level: Level, now: Monotonic) -> Option<Level> {
    let level = with_trickle(options, level, now);
    let tokens_milli = level.tokens_milli.checked_sub(TOKEN)?;
    Some(Level {
        tokens_milli,
        ..level
    })
}

/// Pays the trickle in the smallest portions that take whole milliseconds (3 thousandths each
/// 10 ms at 0.3 a second), so that no fraction is lost however often this is asked. A full bucket
/// forgets the time.
fn with_trickle(options: &Options, level: Level, now: Monotonic) -> Level {
    let now_ms = now.as_millis();
    let elapsed_ms = now_ms.saturating_sub(level.paid_until_ms);
    let common = common_divisor(options.per_second_milli, 1000);
    let (portion_milli, portion_ms) = (
        u64::from(options.per_second_milli / common),
        u64::from(1000 / common),
    );
    let portions = elapsed_ms / portion_ms;
    let earned = portions.saturating_mul(portion_milli);
    let room = u64::from(options.cap_milli.saturating_sub(level.tokens_milli));
    if earned >= room {
        // A cap that was lowered meanwhile also ends here.
        return Level {
            tokens_milli: options.cap_milli,
            paid_until_ms: level.paid_until_ms.max(now_ms),
        };
    }
    Level {
        tokens_milli: level
            .tokens_milli
            .saturating_add(u32::try_from(earned).unwrap_or(u32::MAX)),
        paid_until_ms: level.paid_until_ms.saturating_add(portions * portion_ms),
    }
}

/// Euclid's; at least 1, for the second is not zero.
const fn common_divisor(first: u32, second: u32) -> u32 {
    let (mut large, mut small) = (second, first);
    while small != 0 {
        (large, small) = (small, large % small);
    }
    large
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to lie in 0..=1,000,000"
)]
fn milli(amount: f64) -> u32 {
    (amount * 1000.0).round() as u32
}

#[cfg(test)]
mod tests;
