//! `Causeway\Response`: what a vendor answered, under PSR-7's method names.

use std::cell::OnceCell;
use std::rc::Rc;

use bytes::Bytes;
use ext_php_rs::boxed::ZBox;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendHashTable, Zval};

use super::body::PhpBody;
use super::body_state::BodyState;
use super::value::{self, ByteString};
use crate::http::Answer;

/// What a vendor answered. PSR-7's names where PSR-7 has the concept.
#[php_class]
#[php(name = "Causeway\\Response", flags = ClassFlags::Final)]
pub struct PhpResponse {
    answer: Answer,
    /// Where the content is, when it is not in the answer, and once it was asked for.
    body: OnceCell<Rc<BodyState>>,
}

impl PhpResponse {
    /// An answer with its content.
    pub(super) fn new(answer: Answer) -> Self {
        Self {
            answer,
            body: OnceCell::new(),
        }
    }

    /// An answer whose content is elsewhere.
    pub(super) fn with_body(answer: Answer, body: Rc<BodyState>) -> Self {
        Self {
            answer,
            body: OnceCell::from(body),
        }
    }

    /// The whole content, wherever it is.
    fn content(&self) -> PhpResult<Bytes> {
        match self.body.get() {
            Some(body) => body.all(),
            None => Ok(self.answer.body.clone()),
        }
    }

    fn values_of(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.answer
            .headers
            .get_all(name.to_ascii_lowercase())
            .iter()
            .map(http::HeaderValue::as_bytes)
    }
}

#[php_impl]
impl PhpResponse {
    /// The status code, 100 to 599.
    #[php(name = "getStatusCode")]
    pub fn status_code(&self) -> i64 {
        i64::from(self.answer.status)
    }

    /// The reason phrase as the vendor sent it, or the standard one.
    #[php(name = "getReasonPhrase")]
    pub fn reason_phrase(&self) -> String {
        self.answer.reason.clone()
    }

    /// '1.0', '1.1' or '2'.
    #[php(name = "getProtocolVersion")]
    pub fn protocol_version(&self) -> &'static str {
        match self.answer.version {
            http::Version::HTTP_09 | http::Version::HTTP_10 => "1.0",
            http::Version::HTTP_2 => "2",
            http::Version::HTTP_3 => "3",
            _ => "1.1",
        }
    }

    /// All fields by lower-case name.
    ///
    /// @return array<string, list<string>>
    #[php(name = "getHeaders")]
    pub fn headers(&self) -> PhpResult<ZBox<ZendHashTable>> {
        let mut fields = ZendHashTable::new();
        for name in self.answer.headers.keys() {
            fields.insert(
                name.as_str(),
                value::list(self.values_of(name.as_str()).map(value::bytes))?,
            )?;
        }
        Ok(fields)
    }

    /// Whether the field is there; names are compared without case.
    #[php(name = "hasHeader")]
    pub fn has_header(&self, name: &str) -> bool {
        self.values_of(name).next().is_some()
    }

    /// The field's values, one for each line.
    ///
    /// @return list<string>
    #[php(name = "getHeader")]
    pub fn header(&self, name: &str) -> PhpResult<ZBox<ZendHashTable>> {
        value::list(self.values_of(name).map(value::bytes))
    }

    /// The field's values joined by a comma, empty when it is not there.
    #[php(name = "getHeaderLine")]
    pub fn header_line(&self, name: &str) -> ByteString {
        let line = self.values_of(name).collect::<Vec<_>>().join(&b", "[..]);
        ByteString(line.into())
    }

    /// The body as a stream that is read once, at the end of which it stays. With the call's option
    /// 'stream' it comes from the vendor as it is read.
    #[php(name = "getBody")]
    pub fn body(&self) -> PhpBody {
        let state = || Rc::new(BodyState::whole(self.answer.body.clone()));
        PhpBody::new(Rc::clone(self.body.get_or_init(state)))
    }

    /// The whole body as bytes. Of a streamed one only while nothing was read.
    ///
    /// @throws \Causeway\Exception\CallException
    ///   When a streamed body breaks off, or went into a sink.
    #[php(name = "text")]
    pub fn text(&self) -> PhpResult<ByteString> {
        Ok(ByteString(self.content()?))
    }

    /// The body decoded as PHP's json_decode() does: arrays, the last of duplicate keys, integers
    /// beyond 64 bits as strings.
    ///
    /// @throws \JsonException
    ///   When the body is no JSON, or nested deeper than $depth.
    #[php(name = "json", defaults(depth = 128))]
    pub fn json(&self, depth: i64) -> PhpResult<Zval> {
        value::json_decode(&self.content()?, depth)
    }

    /// Attempts that were made, 1 when the first succeeded.
    #[php(name = "attempts")]
    pub fn attempts(&self) -> i64 {
        i64::from(self.answer.attempts)
    }

    /// Milliseconds from the call's start to the end of the body.
    #[php(name = "elapsedMs")]
    pub fn elapsed_ms(&self) -> f64 {
        self.answer.elapsed.as_secs_f64() * 1000.0
    }

    /// Sent to the vendor as X-Correlation-Id, and found in exceptions and logs.
    #[php(name = "correlationId")]
    pub fn correlation_id(&self) -> String {
        self.answer.correlation_id.clone()
    }
}
