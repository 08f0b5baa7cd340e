//! The simulated vendors, seen through their control API (`tests/vendor-sim/README.md`).
//!
//! What reached a vendor is counted here, from the vendor's own log, and never from Causeway's
//! counters: a call that Causeway forgot to count would otherwise go unseen.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::failure::{Doing, Failure, Outcome};
use crate::processes::Running;

/// The line that the program prints when all its ports answer.
#[derive(Clone, Debug, Deserialize)]
pub struct Ready {
    /// Base addresses, by vendor.
    pub catalog: String,
    pub crm: String,
    pub pricing: String,
    pub control: String,
    /// Where tokens come from.
    pub token_url: String,
    /// What webhooks are signed with.
    pub crm_webhook_secret: String,
    pub catalog_webhook_secret: String,
}

/// One request that reached a vendor.
#[derive(Clone, Debug, Deserialize)]
pub struct Entry {
    /// When its first byte was read, Unix milliseconds.
    pub t_ms: i64,
    pub path: String,
    /// `None` while it is not answered, and for ever after a hang.
    pub status: Option<u16>,
    /// Bytes of the bodies; `None` as long as they are not known.
    pub request_bytes: Option<u64>,
    pub response_bytes: Option<u64>,
}

/// One token that was asked for.
#[derive(Clone, Debug, Deserialize)]
pub struct TokenRequest {
    pub t_ms: i64,
    pub client_id: String,
}

/// What became of the forged deliveries of one kind.
#[derive(Clone, Debug, Deserialize)]
pub struct ForgedKind {
    pub sent: u64,
    pub expected_reason: String,
    pub reasons: Map<String, Value>,
}

/// What became of all forged deliveries.
#[derive(Clone, Debug, Deserialize)]
pub struct Forged {
    pub sent: u64,
    pub accepted: u64,
    pub by_kind: std::collections::BTreeMap<String, ForgedKind>,
}

/// The result of a run of webhooks.
#[derive(Clone, Debug, Deserialize)]
pub struct WebhookRun {
    pub events: u64,
    pub deliveries: u64,
    pub event_ids: Vec<String>,
    pub resent: u64,
    pub answers: Map<String, Value>,
    pub forged: Forged,
}

/// The vendors, running.
pub struct Vendor {
    pub ready: Ready,
    /// The line itself, for a site that reads it.
    pub ready_line: String,
    http: reqwest::Client,
    _running: Running,
}

impl Vendor {
    /// Starts the program and waits for its line.
    pub async fn start(
        program: &Path,
        token_lifetime_s: u64,
        http: &reqwest::Client,
    ) -> Outcome<Self> {
        let mut command = Command::new(program);
        command
            .arg("--stdin-lifeline")
            .args(["--token-lifetime-s", &token_lifetime_s.to_string()]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        let mut running = Running::start("vendor-sim", &mut command)?;
        let stdout = running
            .child()
            .stdout
            .take()
            .ok_or_else(|| Failure::new("vendor-sim has no stdout"))?;
        let reading = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            BufReader::new(stdout).read_line(&mut line).map(|_| line)
        });
        let line = tokio::time::timeout(Duration::from_secs(20), reading)
            .await
            .doing("waiting for vendor-sim's first line")???;
        let ready = serde_json::from_str(&line)
            .doing(format!("reading vendor-sim's first line {line:?}"))?;
        Ok(Self {
            ready,
            ready_line: line,
            http: http.clone(),
            _running: running,
        })
    }

    async fn ask<T: DeserializeOwned>(&self, path: &str, body: Option<&Value>) -> Outcome<T> {
        let url = format!("{}{path}", self.ready.control);
        let request = match body {
            Some(body) => self
                .http
                .post(&url)
                .header("content-type", "application/json")
                .body(body.to_string()),
            None => self.http.get(&url),
        };
        let answer = request
            .timeout(Duration::from_secs(120))
            .send()
            .await
            .doing(&url)?;
        let status = answer.status();
        let bytes = answer.bytes().await.doing(&url)?;
        if !status.is_success() {
            return Err(Failure::new(format!(
                "{url} answered {status}: {}",
                String::from_utf8_lossy(&bytes)
            )));
        }
        serde_json::from_slice(&bytes).doing(format!("reading the answer of {url}"))
    }

    /// Sets a fault: a JSON object as the control API describes it.
    pub async fn fault(&self, fault: Value) -> Outcome<()> {
        self.ask::<Value>("/fault", Some(&fault)).await.map(drop)
    }

    /// All vendors are healthy from now on.
    pub async fn heal(&self) -> Outcome<()> {
        self.fault(json!({"vendor": "all", "kind": "none"})).await
    }

    /// The number that the next entry of the log will have.
    pub async fn log_end(&self) -> Outcome<u64> {
        let state: Value = self.ask("/state", None).await?;
        state["log"]["next"]
            .as_u64()
            .ok_or_else(|| Failure::new("the vendors' state has no log.next"))
    }

    /// What reached one vendor from this entry of the log on, in order of arrival.
    pub async fn calls_since(&self, vendor: &str, number: u64) -> Outcome<Vec<Entry>> {
        #[derive(Deserialize)]
        struct Log {
            entries: Vec<Entry>,
        }
        let log: Log = self
            .ask(&format!("/log?since={number}&vendor={vendor}"), None)
            .await?;
        Ok(log.entries)
    }

    /// Token requests since the log was last forgotten.
    pub async fn tokens(&self) -> Outcome<Vec<TokenRequest>> {
        #[derive(Deserialize)]
        struct Tokens {
            requests: Vec<TokenRequest>,
        }
        self.ask::<Tokens>("/tokens", None)
            .await
            .map(|tokens| tokens.requests)
    }

    /// Sends a run of webhooks, telling how far it is, and returns its result.
    pub async fn webhooks(
        &self,
        mut run: Value,
        mut tell: impl FnMut(u64, u64),
    ) -> Outcome<WebhookRun> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Progress {
            running: bool,
            sent: u64,
            total: u64,
        }
        run["wait"] = Value::Bool(false);
        self.ask::<Value>("/webhooks/run", Some(&run)).await?;
        loop {
            let progress: Progress = self.ask("/webhooks/progress", None).await?;
            tell(progress.sent, progress.total);
            if !progress.running {
                return self.ask("/webhooks/result", None).await;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// All contacts of the CRM as they are now.
    pub async fn contacts(&self) -> Outcome<Vec<Value>> {
        #[derive(Deserialize)]
        struct Contacts {
            contacts: Vec<Value>,
        }
        self.ask::<Contacts>("/crm/contacts", None)
            .await
            .map(|all| all.contacts)
    }

    /// Changes one product; with a target, the vendor tells it by webhook.
    pub async fn update_product(
        &self,
        id: u32,
        price_cents: u32,
        target: Option<&str>,
    ) -> Outcome<Value> {
        let mut body = json!({"id": id, "price_cents": price_cents});
        if let Some(target) = target {
            body["webhook"] = Value::Bool(true);
            body["target"] = Value::from(target);
        }
        self.ask("/catalog/update", Some(&body)).await
    }
}
