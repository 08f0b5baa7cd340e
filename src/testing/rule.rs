//! A rule: which requests it is for, and what they meet, one after the other.
//!
//! Steps are taken in order, and the last one repeats: a vendor that is down is down for every
//! attempt. A rule may be for a number of requests alone; after them it is passed over.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::pattern::UriPattern;
use super::{Fault, Outgoing};

/// Which requests are meant.
#[derive(Clone, Debug)]
pub struct Matcher {
    /// `None` for every connection.
    pub connection: Option<String>,
    /// `None` for every method; compared without case.
    pub method: Option<String>,
    /// Which URIs.
    pub uri: UriPattern,
    /// Fields that must have these values.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Members that the JSON of the content must have; lists must be equal.
    pub json: Option<serde_json::Value>,
}

impl Matcher {
    /// Reads what a test wrote; `*` and an empty text mean any.
    ///
    /// # Errors
    /// What is wrong with the pattern.
    pub fn parse(connection: &str, method: &str, uri: &str) -> Result<Self, String> {
        let given = |text: &str| (!matches!(text, "" | "*")).then(|| text.to_owned());
        Ok(Self {
            connection: given(connection),
            method: given(method),
            uri: UriPattern::parse(uri)?,
            headers: Vec::new(),
            json: None,
        })
    }

    /// Whether it means this request.
    pub fn matches(&self, request: &Outgoing<'_>) -> bool {
        self.connection
            .as_deref()
            .is_none_or(|name| name == request.connection)
            && self
                .method
                .as_deref()
                .is_none_or(|method| method.eq_ignore_ascii_case(request.method.as_str()))
            && self.uri.matches(request.base_uri, request.url)
            && self
                .headers
                .iter()
                .all(|(name, value)| request.headers.get_all(name).iter().any(|v| v == value))
            && self.json.as_ref().is_none_or(|wanted| {
                serde_json::from_slice(request.body).is_ok_and(|given| has(&given, wanted))
            })
    }

    /// How a message names it.
    pub fn described(&self) -> String {
        let any = |text: Option<&str>| text.unwrap_or("*").to_owned();
        format!(
            "{}: {} {}",
            any(self.connection.as_deref()),
            any(self.method.as_deref()),
            any(Some(self.uri.text()).filter(|text| !text.is_empty()))
        )
    }
}

/// Whether `given` has all members of `wanted`, at every depth; anything but objects must be equal.
fn has(given: &serde_json::Value, wanted: &serde_json::Value) -> bool {
    match (given.as_object(), wanted.as_object()) {
        (Some(given), Some(wanted)) => wanted
            .iter()
            .all(|(name, value)| given.get(name).is_some_and(|found| has(found, value))),
        _ => given == wanted,
    }
}

/// A scripted answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: http::StatusCode,
    /// Its reason; `None` for the standard one.
    pub reason: Option<String>,
    /// Its fields.
    pub headers: HeaderMap,
    /// The whole content.
    pub body: Bytes,
}

/// What one request meets.
#[derive(Clone, Debug)]
pub enum Step {
    /// This answer.
    Reply(Reply),
    /// This fault.
    Fault(Fault),
}

/// A step, and how long it takes.
#[derive(Clone, Debug)]
pub struct TimedStep {
    /// What is met.
    pub step: Step,
    /// Before the first byte.
    pub delay: Duration,
    /// The content comes in so many pieces, with this pause before each.
    pub drip: Option<(u32, Duration)>,
}

impl From<Step> for TimedStep {
    fn from(step: Step) -> Self {
        Self {
            step,
            delay: Duration::ZERO,
            drip: None,
        }
    }
}

/// A matcher with its steps.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Which requests.
    pub matcher: Matcher,
    steps: Vec<TimedStep>,
    taken: u64,
    /// `None` for as many as come.
    limit: Option<u64>,
}

impl Rule {
    /// A rule without steps: what it means is answered 200 without content.
    pub fn new(matcher: Matcher) -> Self {
        Self {
            matcher,
            steps: Vec::new(),
            taken: 0,
            limit: None,
        }
    }

    /// Adds a step.
    pub fn then(&mut self, step: Step) {
        self.steps.push(step.into());
    }

    /// Changes the step that was added last, an empty answer where there is none.
    pub fn edit_last(&mut self, edit: impl FnOnce(&mut TimedStep)) {
        if self.steps.is_empty() {
            self.steps.push(empty());
        }
        if let Some(step) = self.steps.last_mut() {
            edit(step);
        }
    }

    /// Bounds how many requests it is for.
    pub fn limit(&mut self, requests: u64) {
        self.limit = Some(requests);
    }

    /// Requests that met it.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// Whether it is for one more request.
    pub fn is_open(&self) -> bool {
        self.limit.is_none_or(|limit| self.taken < limit)
    }

    /// What the next request meets.
    pub fn take(&mut self) -> TimedStep {
        let last = self.steps.len().saturating_sub(1);
        let next = usize::try_from(self.taken).unwrap_or(last).min(last);
        self.taken = self.taken.saturating_add(1);
        self.steps.get(next).cloned().unwrap_or_else(empty)
    }
}

fn empty() -> TimedStep {
    let reply = Reply {
        status: http::StatusCode::OK,
        reason: None,
        headers: HeaderMap::new(),
        body: Bytes::new(),
    };
    Step::Reply(reply).into()
}
