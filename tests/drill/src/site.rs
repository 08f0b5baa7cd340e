//! A shop under test: what the proofs need of it, whether it is plain PHP or Drupal.
//!
//! A site is started before its proofs and stopped when it is dropped. Commands are returned
//! unstarted: the proofs run them, kill them, and read what they say.

use std::collections::HashMap;
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;

use crate::effects::EffectsLog;
use crate::failure::Outcome;
use crate::load::Page;

/// Environment variables for a command.
pub type Env<'a> = &'a [(&'a str, &'a str)];

/// Causeway's counters for one connection, as `Causeway\Metrics::connection()` returns them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Counters {
    pub calls: u64,
    pub entered: u64,
    pub attempts: u64,
    pub refused_by_breaker: u64,
    pub refused_by_switch: u64,
    pub retries_denied: u64,
    pub breaker_opened: u64,
    pub breaker_state: String,
    pub token_requests: u64,
}

/// What the health address of a site answers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Health {
    /// Counters, by connection.
    pub connections: HashMap<String, Counters>,
    /// `Causeway\Ledger::counts()` of the inbox, by connection.
    pub inbox: HashMap<String, InboxCounts>,
}

/// Events of one connection, by state.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct InboxCounts {
    pub pending: u64,
    pub claimed: u64,
    pub done: u64,
    pub dead: u64,
    pub conflict: u64,
}

/// A shop whose pages, webhooks, workers and commands the proofs use.
pub trait Site {
    /// A short name for the table: `php`, `php-pdo`, `drupal`.
    fn name(&self) -> &str;
    /// Starts its servers and waits until they answer.
    fn start(&mut self) -> impl Future<Output = Outcome<()>>;
    /// A product's page, and the text that it must show.
    fn product_page(&self, id: u32) -> Page;
    /// A page that calls the catalogue while the visitor waits; a product's page where there is none.
    fn live_page(&self, id: u32) -> Page;
    /// A contact's page; it must show the contact's e-mail address and version.
    fn contact_page(&self, contact: &Value) -> Page;
    /// The price of a product as JSON {price, ms}, `via` `rest` or `graphql`, if the site has it.
    fn price_url(&self, id: u32, via: &str) -> Option<String>;
    /// Where the vendor of this connection sends its webhooks.
    fn webhook_url(&self, connection: &str) -> String;
    /// Health and counters as JSON.
    fn health_url(&self) -> String;
    /// Understands what the health address answers.
    fn read_health(&self, text: &str) -> Outcome<Health> {
        Ok(serde_json::from_str(text)?)
    }
    /// A worker that processes the inbox of `connection` until nothing was due for `idle_ms`.
    fn worker(&self, connection: &str, idle_ms: u64, env: Env) -> Command;
    /// A backfill of the products in chunks of `chunk` rows, which resumes where it was.
    fn backfill(&self, chunk: u32, env: Env) -> Command;
    /// Forgets the cursor of the backfill.
    fn backfill_reset(&self) -> Command;
    /// `pause` or `resume` of a connection; may print `{"at_ms":…}`, the time before it was done.
    fn switch(&self, verb: &str, connection: &str) -> Command;
    /// Where applications of events are counted.
    fn effects(&self) -> EffectsLog;
    /// Where rows of the backfill are counted.
    fn backfill_effects(&self) -> EffectsLog {
        self.effects()
    }
}

/// Reads a site's health.
pub async fn health(http: &reqwest::Client, site: &impl Site) -> Outcome<Health> {
    let text = http
        .get(site.health_url())
        .send()
        .await?
        .error_for_status()?
        .text()
        .await?;
    site.read_health(&text)
}

/// The counters of one connection.
pub async fn counters(
    http: &reqwest::Client,
    site: &impl Site,
    connection: &str,
) -> Outcome<Counters> {
    Ok(health(http, site)
        .await?
        .connections
        .remove(connection)
        .unwrap_or_default())
}
