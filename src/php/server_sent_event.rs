//! `Causeway\ServerSentEvent`: one event of a stream.

use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::Zval;

use super::value;
use crate::http::sse::Event;

/// One server-sent event.
#[php_class]
#[php(name = "Causeway\\ServerSentEvent", flags = ClassFlags::Final)]
pub struct PhpServerSentEvent {
    event: Event,
}

impl PhpServerSentEvent {
    pub(super) fn new(event: Event) -> Self {
        Self { event }
    }
}

#[php_impl]
impl PhpServerSentEvent {
    /// The event's type; 'message' where the stream gives none.
    #[php(name = "type")]
    pub fn kind(&self) -> String {
        self.event.event.clone()
    }

    /// Its data lines, joined by line feeds.
    #[php(name = "data")]
    pub fn data(&self) -> String {
        self.event.data.clone()
    }

    /// The data decoded as Response::json() does.
    ///
    /// @throws \JsonException
    ///   When the data is no JSON, or nested deeper than $depth.
    #[php(name = "json", defaults(depth = 128))]
    pub fn json(&self, depth: i64) -> PhpResult<Zval> {
        value::json_decode(self.event.data.as_bytes(), depth)
    }

    /// The last id that the stream gave, '' for none: what Last-Event-ID says when a program
    /// connects again.
    #[php(name = "id")]
    pub fn id(&self) -> String {
        self.event.id.clone()
    }

    /// How long to wait before connecting again, where the stream said it.
    #[php(name = "retryMs")]
    pub fn retry_ms(&self) -> Option<i64> {
        let retry = self.event.retry?;
        i64::try_from(retry.as_millis()).ok()
    }
}
