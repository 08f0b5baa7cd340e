//! A connection's options, parsed once into a plan.
//!
//! Every default and range of a connection stands in this room; what follows from them (when to
//! retry, when a breaker opens) is decided in `policy`. A plan is plain data: cheap to keep,
//! compared by nobody, and holds secret references rather than values.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use url::Url;

use super::{Fields, OptionError, Value};

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

/// A kind of remote entity that snapshots are kept of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Template below the base URI: `products/{id}`.
    pub path: String,
    /// How long a snapshot counts as fresh.
    pub fresh: Duration,
    /// How long after that a stale one may stand in for a failed fetch; `None` is without end.
    pub stale_if_error: Option<Duration>,
    /// Templates of cache tags: `catalog:product:{id}`.
    pub cache_tags: Vec<String>,
}

/// What an event names, so that it can be fetched anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refetch {
    /// The resource's name.
    pub resource: String,
    /// JSON pointer to the id in the event: `/data/id`.
    pub id_pointer: String,
}

/// How deliveries of this vendor are verified and what they set off.
#[derive(Clone, Debug, PartialEq)]
pub struct Webhook {
    /// The signature scheme's name.
    pub scheme: String,
    /// The scheme's own options, a map that the signature room reads.
    pub options: Value,
    /// What is fetched for an event; nothing when the event speaks for itself.
    pub refetch: Option<Refetch>,
}

/// One connection, checked.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The connection's name; breaker, budget and counters are shared under it.
    pub name: String,
    /// Keeps equal names of two sites apart.
    pub namespace: String,
    /// Ends with a slash; relative targets stand below it.
    pub base_uri: Url,
    /// Sent with every request.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Bounds.
    pub timeouts: Timeouts,
    /// Largest body that is taken, bytes.
    pub body_cap_bytes: usize,
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
        let base_uri = fields.text("base_uri")?;
        let base_uri = fields.required("base_uri", base_uri, "an absolute http or https URL")?;
        let base_uri = Url::parse(&base_uri)
            .map_err(|_| OptionError::new("base_uri", "no URL", "an absolute http or https URL"))?;
        fields.finish()?;
        Ok(Self {
            name: name.to_owned(),
            namespace: String::new(),
            base_uri,
            headers: Vec::new(),
            timeouts: Timeouts {
                connect: Duration::from_millis(1000),
                attempt: Duration::from_millis(5000),
                total: Duration::from_millis(10_000),
                page: Duration::from_millis(1000),
            },
            body_cap_bytes: 8 << 20,
            resources: BTreeMap::new(),
            webhook: None,
        })
    }
}
