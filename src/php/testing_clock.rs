//! `Causeway\Testing\Clock`: tests freeze and advance the time.

use std::time::Duration;

use ext_php_rs::boxed::ZBox;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::ZendHashTable;

use super::exception_classes::ExceptionClass;
use super::{ini, throw, value};
use crate::clock::{self, UnixMs};

/// The clock of tests. Needs the ini setting causeway.testing=1 and the command line: a web
/// request can never freeze time. Backoff, breaker windows, leases, freshness and token lifetimes
/// obey it.
#[php_class]
#[php(name = "Causeway\\Testing\\Clock", flags = ClassFlags::Final)]
pub struct PhpClock;

#[php_impl]
impl PhpClock {
    /// Stops time at this moment, Unix milliseconds.
    ///
    /// @throws \Causeway\Exception\OptionsException
    ///   When testing is not switched on.
    #[php(name = "freeze")]
    pub fn freeze(unixMs: i64) -> PhpResult<()> {
        require_testing()?;
        clock::freeze(UnixMs(unixMs));
        Ok(())
    }

    /// Moves the frozen time on.
    #[php(name = "advance")]
    pub fn advance(ms: i64) -> PhpResult<()> {
        require_testing()?;
        clock::advance(Duration::from_millis(u64::try_from(ms).unwrap_or(0)));
        Ok(())
    }

    /// Lets time run again, and jitter be random.
    #[php(name = "thaw")]
    pub fn thaw() {
        clock::thaw();
        clock::pin_unit(None);
    }

    /// Whether time stands still.
    #[php(name = "isFrozen")]
    pub fn is_frozen() -> bool {
        clock::is_frozen()
    }

    /// Now as Causeway sees it, frozen or not: Unix milliseconds.
    #[php(name = "nowMs")]
    pub fn now_ms() -> i64 {
        clock::unix().0
    }

    /// Pins the random part of waits until thaw(): 0.0 draws the shortest, 1.0 the longest, so that
    /// a test knows each wait.
    #[php(name = "pinJitter")]
    pub fn pin_jitter(draw: f64) -> PhpResult<()> {
        require_testing()?;
        clock::pin_unit(Some(draw));
        Ok(())
    }

    /// Waits that the frozen clock skipped, milliseconds.
    ///
    /// @return list<int>
    #[php(name = "waits")]
    pub fn waits() -> PhpResult<ZBox<ZendHashTable>> {
        let waits = clock::waits();
        value::list(
            waits
                .iter()
                .map(|wait| value::int(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX))),
        )
    }
}

pub(super) fn require_testing() -> PhpResult<()> {
    if ini::is_testing() {
        return Ok(());
    }
    let message = "tests can fake vendors and freeze time only on the command line, with \
                   causeway.testing=1 in the ini settings";
    let field = ("field", value::bytes(b"causeway.testing"));
    Err(throw::exception(ExceptionClass::Options, message, [field]))
}
