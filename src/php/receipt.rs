//! `Causeway\Receipt`: what became of a delivery.

use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::Zval;

use super::value;
use crate::idempotency::{Receipt, Verdict};

/// What became of a delivery, and the answer that its sender gets.
#[php_class]
#[php(name = "Causeway\\Receipt", flags = ClassFlags::Final)]
pub struct PhpReceipt {
    receipt: Receipt,
}

impl PhpReceipt {
    pub(super) fn new(receipt: Receipt) -> Self {
        Self { receipt }
    }
}

#[php_impl]
impl PhpReceipt {
    /// The HTTP status: 202 when it was recorded, is repeated or in conflict; 400 or 401 when it
    /// is refused; 503 when it could not be stored, so that the sender repeats it.
    #[php(name = "status")]
    pub fn status(&self) -> i64 {
        i64::from(self.receipt.status)
    }

    /// What happened.
    ///
    /// @return 'recorded'|'duplicate'|'conflict'|'refused'|'unavailable'|'challenge'
    #[php(name = "verdict")]
    pub fn verdict(&self) -> &'static str {
        match self.receipt.verdict {
            Verdict::Recorded => "recorded",
            Verdict::Duplicate => "duplicate",
            Verdict::Conflict => "conflict",
            Verdict::Refused => "refused",
            Verdict::Unavailable => "unavailable",
            Verdict::Challenge => "challenge",
        }
    }

    /// The reason of a refusal, a word that programs can read; else NULL.
    #[php(name = "reason")]
    pub fn reason(&self) -> Option<String> {
        self.receipt.reason.clone()
    }

    /// Seconds for the Retry-After field, or NULL.
    #[php(name = "retryAfterS")]
    pub fn retry_after_s(&self) -> Option<i64> {
        self.receipt.retry_after_s.map(i64::from)
    }

    /// The body that the sender wants to see, often empty.
    #[php(name = "body")]
    pub fn body(&self) -> Zval {
        value::bytes(&self.receipt.body)
    }
}
