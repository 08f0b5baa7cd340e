//! `Causeway\Policy\RetryAfter`: what a vendor means by its Retry-After.

use ext_php_rs::binary_slice::BinarySlice;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;

use crate::clock;
use crate::policy::retry_after::{self, RetryAfter};

/// What a vendor means by its Retry-After field (RFC 9110, section 10.2.3).
#[php_class]
#[php(name = "Causeway\\Policy\\RetryAfter", flags = ClassFlags::Final)]
pub struct PhpRetryAfter {
    found: RetryAfter,
}

#[php_impl]
impl PhpRetryAfter {
    /// Reads the field's value: seconds, or one of the three HTTP dates.
    ///
    /// @param string $value
    ///   The value as it was received.
    /// @param string|null $date
    ///   The Date field of the same response, against which a date is measured, so that a vendor's
    ///   wrong clock does no harm; NULL measures against now.
    ///
    /// @return \Causeway\Policy\RetryAfter|null
    ///   NULL for what is neither, which is to be ignored.
    #[php(name = "parse")]
    pub fn parse(value: BinarySlice<u8>, date: Option<BinarySlice<u8>>) -> Option<Self> {
        let date = date.as_ref().map(|date| **date);
        retry_after::parse(&value, date, clock::unix()).map(|found| Self { found })
    }

    /// How long to stay away, whole seconds; 0 for a date that has passed, a year at most.
    #[php(name = "seconds")]
    pub fn seconds(&self) -> i64 {
        i64::try_from(self.found.wait.as_secs()).unwrap_or(i64::MAX)
    }

    /// Whether the vendor asked for more than a year, which nobody means.
    #[php(name = "wasClamped")]
    pub fn was_clamped(&self) -> bool {
        self.found.was_clamped
    }
}
