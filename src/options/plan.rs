//! A connection's options, parsed once into a plan.
//!
//! The keys, defaults and ranges of a connection stand in this room: the top here, the policies in
//! `policies.rs`, resources and webhooks in `entities.rs`, the way there in
//! `transport.rs`, auth beside its kinds. What follows from
//! them (when to retry, when a breaker opens) is decided elsewhere. A plan is plain data and holds
//! secret references rather than values.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use url::Url;

use super::{
    Fields, OptionError, Resource, SecretRef, Value, Webhook, entities, policies, transport,
    webhook,
};
use crate::policy::{breaker, concurrency, hedge, retry, streak, throttle};
use crate::{auth, http as client};

/// Largest body that is taken when the connection does not say.
const BODY_CAP_BYTES_DEFAULT: i64 = 8 << 20;
/// Largest body that may be chosen: it is held in memory, outside PHP's `memory_limit`.
const BODY_CAP_BYTES_MAX: i64 = 1 << 30;
/// JSON of a vendor's list shrinks by ten to fifty; beyond this it is no JSON but a bomb.
const DECODE_RATIO_DEFAULT: i64 = 200;
const DECODE_RATIO_MAX: i64 = 1_000_000;
/// Names of connections end up in file names, keys and metrics.
const NAME_MAX_CHARS: usize = 64;

/// Where options were written: a file (YAML) must not hold a literal secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// PHP code: literals and references.
    Code,
    /// A file under version control: references only.
    File,
}

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Name, TCP and TLS.
    pub connect: Duration,
    /// One attempt, from connecting to the last byte of the body.
    pub attempt: Duration,
    /// The whole call: every attempt and every wait between.
    pub total: Duration,
    /// A fetch that a page waits for because there is no snapshot.
    pub page: Duration,
}

/// One connection, checked.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The connection's name; breaker, budget and counters are shared under it.
    pub name: String,
    /// Keeps equal names of two sites apart.
    pub namespace: String,
    /// Its path ends with a slash; relative targets stand below it.
    pub base_uri: Url,
    /// Sent with every request to the base URI's origin.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Bounds.
    pub timeouts: Timeouts,
    /// Attempts, waits and their budget.
    pub retry: retry::Options,
    /// When the vendor is left alone; `None` when switched off.
    pub breaker: Option<breaker::Options>,
    /// How fast the vendor is called; `None` for as fast as can be.
    pub throttle: Option<throttle::Options>,
    /// How many attempts are under way at once; `None` for as many as there are workers.
    pub concurrency: Option<concurrency::Options>,
    /// When a late attempt is joined by a second one; `None` for never.
    pub hedge: Option<hedge::Options>,
    /// Whether equal calls that are under way at once share an answer.
    pub coalesce: bool,
    /// The Redis server in which throttle and breaker hold for all hosts; `None` for this host.
    pub shared: Option<SecretRef>,
    /// Who we say we are.
    pub auth: Option<auth::Options>,
    /// Which addresses may be reached.
    pub address: client::guard::Options,
    /// Whom to trust, and who we are to the peer.
    pub tls: client::tls::Options,
    /// Which HTTP is spoken.
    pub protocol: client::Protocol,
    /// Through whom; `None` for straight there.
    pub proxy: Option<client::Proxy>,
    /// Redirects that a call follows.
    pub redirects: u32,
    /// Largest body that is taken, bytes.
    pub body_cap_bytes: usize,
    /// Largest ratio of a decoded body to its encoded bytes.
    pub decode_ratio: u32,
    /// How an idempotency key goes onto the wire.
    pub idempotency: client::idempotency_key::Options,
    /// Entities by name.
    pub resources: BTreeMap<String, Resource>,
    /// Deliveries from this vendor.
    pub webhook: Option<Webhook>,
}

impl Plan {
    /// Parses options that come from code.
    ///
    /// # Errors
    /// The first option that is unknown, missing, of a wrong type or out of range.
    pub fn parse(name: &str, options: &Value) -> Result<Self, OptionError> {
        Self::parse_from(name, options, Source::Code)
    }

    /// Parses options from `source`.
    ///
    /// # Errors
    /// As [`Plan::parse`]; from a file also a literal secret.
    pub fn parse_from(name: &str, options: &Value, source: Source) -> Result<Self, OptionError> {
        let mut fields = Fields::open("", options.clone(), source)?;
        let name = checked_name("name", name)?;
        let namespace = fields.text("namespace")?;
        let timeouts = policies::timeouts(fields.section("timeouts")?)?;
        let resources = entities::resources(&mut fields)?;
        let plan = Self {
            namespace: namespace.map_or(Ok(String::new()), |n| checked_name("namespace", &n))?,
            base_uri: base_uri(&mut fields)?,
            headers: headers(&mut fields)?,
            retry: policies::retry(fields.section("retry")?)?,
            breaker: policies::breaker(&mut fields)?,
            throttle: policies::throttle(fields.section("throttle")?, &timeouts)?,
            concurrency: policies::concurrency(fields.section("concurrency")?)?,
            hedge: policies::hedge(fields.section("hedge")?)?,
            coalesce: policies::coalesce(&mut fields)?,
            shared: policies::shared(&mut fields)?,
            auth: match fields.section("auth")? {
                Some(section) => auth::Options::parse(section)?,
                None => None,
            },
            address: transport::address(fields.section("address")?)?,
            tls: transport::tls(fields.section("tls")?)?,
            protocol: transport::protocol(&mut fields)?,
            proxy: transport::proxy(&mut fields)?,
            redirects: transport::redirects(&mut fields)?.unwrap_or(0),
            body_cap_bytes: body_cap_bytes(&mut fields)?,
            decode_ratio: decode_ratio(&mut fields)?,
            idempotency: client::idempotency_key::Options::parse(fields.section("idempotency")?)?,
            webhook: webhook::webhook(&mut fields, &resources)?,
            name,
            timeouts,
            resources,
        };
        fields.finish()?;
        Ok(plan.with_probe_lease())
    }

    /// A probe's place outlasts its attempt and what the attempt may wait for.
    fn with_probe_lease(mut self) -> Self {
        const EXTRA: Duration = Duration::from_secs(1);
        let waits = self
            .throttle
            .as_ref()
            .map_or(Duration::ZERO, |throttle| throttle.mode.max_wait())
            .saturating_add(
                self.concurrency
                    .map_or(Duration::ZERO, |limit| limit.max_wait),
            );
        let lease = self
            .timeouts
            .attempt
            .saturating_add(waits.min(self.timeouts.total))
            .saturating_add(EXTRA);
        self.breaker = self.breaker.map(|breaker| breaker.with_probe_lease(lease));
        self
    }

    /// From which streak of failures on nothing is retried.
    pub fn streak(&self) -> streak::Options {
        let Some(breaker) = self.breaker else {
            return streak::Options::default();
        };
        streak::Options::for_breaker(breaker.min_calls(), breaker.window())
    }
}

fn checked_name(field: &str, name: &str) -> Result<String, OptionError> {
    let is_name = !name.is_empty()
        && name.len() <= NAME_MAX_CHARS
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    if is_name {
        return Ok(name.to_owned());
    }
    let allowed = format!("1 to {NAME_MAX_CHARS} letters, digits, '_', '-' or '.'");
    Err(OptionError::new(
        field,
        Value::from(name).described(),
        allowed,
    ))
}

fn base_uri(fields: &mut Fields) -> Result<Url, OptionError> {
    const ALLOWED: &str =
        "an absolute http or https URL without user, password, query and fragment";
    let text = fields.text("base_uri")?;
    let text = fields.required("base_uri", text, ALLOWED)?;
    let mut url = Url::parse(&text)
        .ok()
        .filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none()
        })
        // Not shown: what does not fit may hold a password.
        .ok_or_else(|| OptionError::new("base_uri", "another string", ALLOWED))?;
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

fn headers(fields: &mut Fields) -> Result<Vec<(HeaderName, HeaderValue)>, OptionError> {
    const ALLOWED: &str = "an array of field names with string values";
    let is_file = fields.source() == Source::File;
    let entries = match fields.value("headers") {
        None => return Ok(Vec::new()),
        Some(Value::Map(entries)) => entries,
        Some(Value::List(items)) if items.is_empty() => return Ok(Vec::new()),
        Some(other) => return Err(OptionError::new("headers", other.kind(), ALLOWED)),
    };
    let mut headers = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let field = format!("headers.{key}");
        let name = HeaderName::from_bytes(key.as_bytes())
            .ok()
            .filter(|name| !client::is_of_transport(name))
            .ok_or_else(|| OptionError::new(&field, "its name", "a field that may be set"))?;
        if is_file && matches!(name, http::header::AUTHORIZATION | http::header::COOKIE) {
            return Err(OptionError::new(
                &field,
                "a literal",
                "left to the option 'auth'",
            ));
        }
        let value = match value {
            Value::Str(bytes) => HeaderValue::from_bytes(&bytes).ok(),
            Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Secret(_)
            | Value::List(_)
            | Value::Map(_) => None,
        };
        let mut value = value
            .ok_or_else(|| OptionError::new(&field, "another value", "a string of one line"))?;
        value.set_sensitive(true);
        headers.push((name, value));
    }
    Ok(headers)
}

fn body_cap_bytes(fields: &mut Fields) -> Result<usize, OptionError> {
    let cap = fields
        .int("body_cap_bytes", 1..=BODY_CAP_BYTES_MAX)?
        .unwrap_or(BODY_CAP_BYTES_DEFAULT);
    Ok(usize::try_from(cap).unwrap_or(usize::MAX))
}

fn decode_ratio(fields: &mut Fields) -> Result<u32, OptionError> {
    let ratio = fields
        .int("decode_ratio", 1..=DECODE_RATIO_MAX)?
        .unwrap_or(DECODE_RATIO_DEFAULT);
    Ok(u32::try_from(ratio).unwrap_or(u32::MAX))
}

mod kept;
#[cfg(test)]
mod tests;
