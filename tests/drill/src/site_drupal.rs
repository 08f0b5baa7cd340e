//! A throw-away Drupal site with the module and its demo shop, made by `tools/drupal-site`.
//!
//! The tool knows where Drupal and its PHP are (here, or in a Debian of their own), and exec's, so
//! that a command that is killed is PHP itself. The site is removed when this is dropped.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::Args;
use crate::effects::EffectsLog;
use crate::failure::{Doing, Failure, Outcome};
use crate::load::Page;
use crate::processes::{free_port, run_well};
use crate::site::{Env, Health, InboxCounts, Site};
use crate::stage::Stage;

/// Installing takes a few seconds, in a cold Debian more.
const TOOL_LIMIT: Duration = Duration::from_secs(180);
/// A worker that waits for events does so at least this long: Drupal needs a second to start.
const LEAST_WORK_S: u64 = 4;

/// The site.
pub struct DrupalSite {
    tool: PathBuf,
    drupal_root: PathBuf,
    trixie_root: PathBuf,
    extension: PathBuf,
    state: PathBuf,
    work: PathBuf,
    port: u16,
    vendor_line: String,
}

/// The name that the tool knows it by.
const NAME: &str = "drill";

impl DrupalSite {
    /// Nothing is installed yet.
    pub fn new(args: &Args, stage: &Stage) -> Outcome<Self> {
        Ok(Self {
            tool: std::fs::canonicalize(&args.drupal_site).doing(args.drupal_site.display())?,
            drupal_root: args.drupal_root.clone(),
            trixie_root: args.trixie_root.clone(),
            extension: std::fs::canonicalize(&args.drupal_extension).doing(format!(
                "the extension for Drupal's PHP, {}",
                args.drupal_extension.display()
            ))?,
            state: stage.work.join("site"),
            work: stage.work.clone(),
            port: free_port()?,
            vendor_line: stage.vendor.ready_line.clone(),
        })
    }

    fn tool(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.tool);
        command.args(args);
        command
            .env("DRUPAL_ROOT", &self.drupal_root)
            .env("TRIXIE_ROOT", &self.trixie_root);
        command
    }

    async fn run(&self, args: &[&str]) -> Outcome<String> {
        let name = format!("drupal-site-{}", args.first().unwrap_or(&""));
        run_well(&name, &mut self.tool(args), &self.work, TOOL_LIMIT).await
    }

    /// Core's command line in the site.
    fn dr(&self, args: &[&str], env: Env) -> Command {
        let mut command = self.tool(&[&["dr", NAME], args].concat());
        command.envs(env.iter().copied());
        command
    }

    /// Both page caches of core.
    pub async fn page_cache(&self, state: &str) -> Outcome<()> {
        self.run(&["page-cache", NAME, state]).await.map(drop)
    }

    /// How long a product is fresh; read by the next request.
    pub fn products_fresh_for(&self, fresh_s: u32) -> Outcome<()> {
        let mut vendor: Value = serde_json::from_str(&self.vendor_line)?;
        let policies = json!({
            "timeouts": {"connect_ms": 200, "attempt_ms": 300, "total_ms": 1500},
            "retry": {"max_attempts": 3, "base_delay_ms": 20, "max_delay_ms": 200,
                "budget": {"ratio": 0.1, "min_per_second": 0, "max_tokens": 2}},
            "breaker": {"failure_rate": 0.5, "min_calls": 4, "window_s": 2, "open_ms": 500, "probes": 1},
        });
        vendor["connections"] = json!({"catalog": policies, "crm": policies, "pricing": policies});
        vendor["connections"]["catalog"]["resources"] = json!({"product": {"fresh_s": fresh_s}});
        let file = if self.state.exists() {
            self.state.join("vendor.json")
        } else {
            self.vendor_file()
        };
        std::fs::write(&file, vendor.to_string()).doing(format!("writing {}", file.display()))
    }

    fn vendor_file(&self) -> PathBuf {
        self.work.join("vendor.json")
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    fn database(&self) -> PathBuf {
        self.state.join("db.sqlite")
    }
}

impl Drop for DrupalSite {
    fn drop(&mut self) {
        // Nobody is left to tell when it fails; the tool says why on standard error.
        drop(self.tool(&["remove", NAME]).status());
    }
}

/// One row of the module's health address.
#[derive(Deserialize)]
struct Count {
    scope: String,
    state: String,
    count: u64,
}

impl Site for DrupalSite {
    fn name(&self) -> &'static str {
        "drupal"
    }

    async fn start(&mut self) -> Outcome<()> {
        self.products_fresh_for(300)?;
        let (port, vendor) = (self.port.to_string(), self.vendor_file());
        let (vendor, extension, state) =
            (text(&vendor)?, text(&self.extension)?, text(&self.state)?);
        let install = [
            "install",
            NAME,
            "--port",
            &port,
            "--vendor",
            vendor,
            "--extension",
            extension,
        ];
        self.run(&[&install[..], &["--state-dir", state]].concat())
            .await?;
        self.run(&["start", NAME]).await.map(drop)
    }

    fn product_page(&self, id: u32) -> Page {
        Page {
            url: self.url(&format!("shop/product/{id}")),
            must_show: format!("Product {id}<"),
        }
    }

    fn live_page(&self, id: u32) -> Page {
        self.product_page(id)
    }

    fn contact_page(&self, contact: &Value) -> Page {
        let text = |key: &str| contact[key].as_str().unwrap_or_default();
        Page {
            url: self.url(&format!("shop/contact/{}", text("id"))),
            must_show: format!("{}<", text("email")),
        }
    }

    fn price_url(&self, id: u32, via: &str) -> Option<String> {
        Some(self.url(&format!("shop/quote/{id}?via={via}")))
    }

    fn webhook_url(&self, connection: &str) -> String {
        self.url(&format!("causeway/webhook/{connection}"))
    }

    fn health_url(&self) -> String {
        self.url("shop/health")
    }

    fn read_health(&self, text: &str) -> Outcome<Health> {
        let mut parts: Map<String, Value> = serde_json::from_str(text)?;
        let counts: Vec<Count> = serde_json::from_value(parts.remove("inbox").unwrap_or_default())?;
        let mut health: Health = serde_json::from_value(Value::Object(parts))?;
        for Count {
            scope,
            state,
            count,
        } in counts
        {
            let inbox: &mut InboxCounts = health.inbox.entry(scope).or_default();
            match state.as_str() {
                "pending" => inbox.pending += count,
                "claimed" => inbox.claimed += count,
                "done" => inbox.done += count,
                "dead" => inbox.dead += count,
                "conflict" => inbox.conflict += count,
                other => {
                    return Err(Failure::new(format!(
                        "an event is in the unknown state {other:?}"
                    )));
                }
            }
        }
        Ok(health)
    }

    fn worker(&self, connection: &str, idle_ms: u64, env: Env) -> Command {
        let connection = format!("--connection={connection}");
        if idle_ms < 1000 {
            return self.dr(&["causeway:work", &connection], env);
        }
        let limit = format!("--time-limit-s={}", LEAST_WORK_S + idle_ms / 1000);
        self.dr(
            &["causeway:work", &connection, "--keep-running", &limit],
            env,
        )
    }

    fn backfill(&self, chunk: u32, env: Env) -> Command {
        self.dr(
            &[
                "causeway:backfill",
                "catalog",
                "product",
                &format!("--chunk={chunk}"),
            ],
            env,
        )
    }

    fn backfill_reset(&self) -> Command {
        self.tool(&[
            "eval",
            NAME,
            "\\Drupal::database()->delete('causeway_cursor')->execute();",
        ])
    }

    fn switch(&self, verb: &str, connection: &str) -> Command {
        self.dr(&[&format!("causeway:{verb}"), connection], &[])
    }

    fn effects(&self) -> EffectsLog {
        EffectsLog::Table {
            database: self.database(),
            table: "causeway_demo_effect".to_owned(),
            entity: "entity_id".to_owned(),
        }
    }

    fn backfill_effects(&self) -> EffectsLog {
        EffectsLog::Snapshots {
            database: self.database(),
            table: "causeway_snapshot".to_owned(),
        }
    }
}

fn text(path: &Path) -> Outcome<&str> {
    path.to_str()
        .ok_or_else(|| Failure::new(format!("{} is not UTF-8", path.display())))
}
