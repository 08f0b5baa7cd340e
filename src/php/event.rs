//! `Causeway\Webhook\Event`: one event of a delivery.

use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::Zval;

use super::value;
use crate::signature::Event;

/// One event of a delivery.
#[php_class]
#[php(name = "Causeway\\Webhook\\Event", flags = ClassFlags::Final)]
pub struct PhpEvent {
    event: Event,
}

impl PhpEvent {
    pub(super) fn new(event: Event) -> Self {
        Self { event }
    }
}

#[php_impl]
impl PhpEvent {
    /// The id to use against replays: the scheme's own, or a hash of the signed bytes.
    #[php(name = "id")]
    pub fn id(&self) -> String {
        self.event.id().to_owned()
    }

    /// What happened, where the vendor says it.
    #[php(name = "type")]
    pub fn kind(&self) -> Option<String> {
        self.event.kind().map(str::to_owned)
    }

    /// When it happened, Unix milliseconds, where the vendor says it.
    #[php(name = "timeMs")]
    pub fn time_ms(&self) -> Option<i64> {
        self.event.time_ms()
    }

    /// The connection's name for an inbox's events, else the scheme's.
    #[php(name = "source")]
    pub fn source(&self) -> String {
        self.event.source().to_owned()
    }

    /// SHA-256 of the payload, 64 hex digits.
    #[php(name = "checksum")]
    pub fn checksum(&self) -> String {
        self.event.checksum().to_owned()
    }

    /// The payload, bytes.
    #[php(name = "payload")]
    pub fn payload(&self) -> Zval {
        value::bytes(self.event.payload())
    }

    /// The payload decoded as PHP's json_decode() does.
    ///
    /// @throws \JsonException
    #[php(name = "json", defaults(depth = 128))]
    pub fn json(&self, depth: i64) -> PhpResult<Zval> {
        value::json_decode(self.event.payload(), depth)
    }
}
