//! `Causeway\Testing\Rule`: which requests to a fake vendor are meant, and what they meet.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendHashTable, Zval};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::testing_fault::PhpFault;
use super::{throw, value};
use crate::options::OptionError;
use crate::testing::{Fake, Reply, Rule, Step};

/// Longest delay of a step, milliseconds.
const DELAY_MAX_MS: u64 = 86_400_000;
/// Most pieces of a body.
const PIECES_MAX: u32 = 1000;

/// Which requests are meant, and what they meet, one step after the other; the last one repeats.
/// Made by Fake::on(). Without a step they meet an empty answer of status 200.
#[php_class]
#[php(name = "Causeway\\Testing\\Rule", flags = ClassFlags::Final)]
pub struct PhpRule {
    fake: Rc<Fake>,
    number: usize,
}

impl PhpRule {
    pub(super) fn new(fake: Rc<Fake>, number: usize) -> Self {
        Self { fake, number }
    }

    fn change(&self, work: impl FnOnce(&mut Rule)) -> Self {
        self.fake.with_rule(self.number, work);
        Self::new(Rc::clone(&self.fake), self.number)
    }
}

#[php_impl]
impl PhpRule {
    /// The next step: an answer.
    ///
    /// @param mixed $body
    ///   A string is sent as it is, NULL as nothing, everything else as JSON with its Content-Type.
    /// @param array<string, string|list<string>>|null $headers
    ///   Fields of the answer.
    /// @param string|null $reason
    ///   The reason phrase; NULL for the standard one.
    #[php(name = "respond", defaults(status = 200))]
    pub fn respond(
        &self,
        status: i64,
        body: Option<&Zval>,
        headers: Option<&ZendHashTable>,
        reason: Option<String>,
    ) -> PhpResult<Self> {
        let status = u16::try_from(status)
            .ok()
            .filter(|status| (100..=599).contains(status))
            .and_then(|status| StatusCode::from_u16(status).ok())
            .ok_or_else(|| refuse("status", "another number", "100 to 599"))?;
        let mut reply = Reply {
            status,
            reason,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        };
        if let Some(body) = body.filter(|body| !body.is_null()) {
            if let Some(text) = body.dereference().zend_str() {
                reply.body = Bytes::copy_from_slice(text.as_bytes());
            } else {
                reply.body = Bytes::from(value::json_encode(body)?);
                let json = HeaderValue::from_static("application/json");
                reply.headers.insert(http::header::CONTENT_TYPE, json);
            }
        }
        for (name, value) in headers.map(value::header_fields).unwrap_or_default() {
            let (name, value) = field(&name, &value)?;
            if name == http::header::CONTENT_TYPE {
                reply.headers.remove(&name);
            }
            reply.headers.append(name, value);
        }
        Ok(self.change(|rule| rule.then(Step::Reply(reply))))
    }

    /// The next step: a fault.
    #[php(name = "fail")]
    pub fn fail(&self, fault: &PhpFault) -> Self {
        self.change(|rule| rule.then(Step::Fault(fault.fault())))
    }

    /// The step before takes so long to its first byte. Frozen time advances by it.
    #[php(name = "delay")]
    pub fn delay(&self, ms: i64) -> PhpResult<Self> {
        let delay = span(ms)?;
        Ok(self.change(|rule| rule.edit_last(|step| step.delay = delay)))
    }

    /// The body of the step before comes in so many pieces, with a pause before each.
    #[php(name = "drip")]
    pub fn drip(&self, pieces: i64, everyMs: i64) -> PhpResult<Self> {
        let pause = span(everyMs)?;
        let pieces = u32::try_from(pieces)
            .ok()
            .filter(|pieces| (1..=PIECES_MAX).contains(pieces))
            .ok_or_else(|| refuse("pieces", "another number", &format!("1 to {PIECES_MAX}")))?;
        Ok(self.change(|rule| rule.edit_last(|step| step.drip = Some((pieces, pause)))))
    }

    /// Only one request is meant; later ones are for older rules.
    #[php(name = "once")]
    pub fn once(&self) -> Self {
        self.change(|rule| rule.limit(1))
    }

    /// Only so many requests are meant; later ones are for older rules.
    #[php(name = "times")]
    pub fn times(&self, requests: i64) -> Self {
        self.change(|rule| rule.limit(u64::try_from(requests).unwrap_or(0)))
    }

    /// Only requests with this field of this value are meant.
    #[php(name = "withHeader")]
    pub fn with_header(&self, name: &str, value: &str) -> PhpResult<Self> {
        let field = field(name, value.as_bytes())?;
        Ok(self.change(|rule| rule.matcher.headers.push(field)))
    }

    /// Only requests whose body is JSON with these members, at every depth, are meant; lists must
    /// be equal.
    ///
    /// @param array<string, mixed> $members
    #[php(name = "withJson")]
    pub fn with_json(&self, members: &Zval) -> PhpResult<Self> {
        let json = value::json_encode(members)?;
        let json = serde_json::from_slice(&json)
            .map_err(|_| refuse("members", "something else", "what JSON can say"))?;
        Ok(self.change(|rule| rule.matcher.json = Some(json)))
    }

    /// Requests that met the rule so far.
    #[php(name = "hits")]
    pub fn hits(&self) -> i64 {
        let hits = self.fake.with_rule(self.number, |rule| rule.taken());
        hits.and_then(|hits| i64::try_from(hits).ok()).unwrap_or(0)
    }
}

fn field(name: &str, value: &[u8]) -> PhpResult<(HeaderName, HeaderValue)> {
    let parsed = HeaderName::from_bytes(name.as_bytes());
    let name = parsed.map_err(|_| refuse("headers", "another text", "names of fields"))?;
    let value = HeaderValue::from_bytes(value)
        .map_err(|_| refuse(&format!("headers.{name}"), "other bytes", "a field's value"))?;
    Ok((name, value))
}

fn span(ms: i64) -> PhpResult<Duration> {
    u64::try_from(ms)
        .ok()
        .filter(|ms| *ms <= DELAY_MAX_MS)
        .map(Duration::from_millis)
        .ok_or_else(|| refuse("ms", "another number", &format!("0 to {DELAY_MAX_MS}")))
}

fn refuse(field: &str, got: &str, allowed: &str) -> PhpException {
    throw::options("Rule", &OptionError::new(field, got, allowed))
}
