//! A plain PHP site: nginx, php-fpm with four workers, and the app's commands.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::Args;
use crate::effects::EffectsLog;
use crate::failure::{Doing, Failure, Outcome};
use crate::load::Page;
use crate::processes::{Running, find_program, free_port};
use crate::server_config;
use crate::site::{Env, Site};
use crate::stage::Stage;

/// Where the app keeps its durable records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// `Causeway\Store\SqliteStore`.
    Embedded,
    /// The app's own SQLite database, through PDO.
    Pdo,
}

/// The programs that a plain PHP site consists of.
#[derive(Clone, Debug)]
pub struct Programs {
    pub php: PathBuf,
    pub php_fpm: PathBuf,
    pub nginx: PathBuf,
    pub extension: PathBuf,
    pub app: PathBuf,
}

impl Programs {
    /// Finds them, or says which one is missing and how to name it.
    pub fn find(args: &Args) -> Outcome<Self> {
        let found = |given: &Option<PathBuf>, names: &[&str], option: &str| {
            given
                .clone()
                .or_else(|| find_program(names))
                .ok_or_else(|| {
                    Failure::new(format!(
                        "{} is not on the path; name it with {option}",
                        names.join(" or ")
                    ))
                })
        };
        let php = found(&args.php, &["php"], "--php")?;
        let version = php_version(&php)?;
        let extension = std::fs::canonicalize(&args.extension).doing(format!(
            "the extension {} (make build)",
            args.extension.display()
        ))?;
        Ok(Self {
            php_fpm: found(
                &args.php_fpm,
                &[&format!("php-fpm{version}"), "php-fpm"],
                "--php-fpm",
            )?,
            nginx: found(&args.nginx, &["nginx"], "--nginx")?,
            app: std::fs::canonicalize(&args.app)
                .doing(format!("the app {}", args.app.display()))?,
            php,
            extension,
        })
    }
}

fn php_version(php: &Path) -> Outcome<String> {
    let output = Command::new(php)
        .args([
            "-n",
            "-r",
            "echo PHP_MAJOR_VERSION, '.', PHP_MINOR_VERSION;",
        ])
        .output()
        .doing(format!("running {}", php.display()))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// One site in a directory of its own.
pub struct PhpSite {
    name: String,
    kind: StoreKind,
    programs: Programs,
    dir: PathBuf,
    port: u16,
    http: reqwest::Client,
    servers: Vec<Running>,
}

impl PhpSite {
    /// Writes the site's configuration; nothing runs yet.
    pub fn new(name: &str, kind: StoreKind, programs: &Programs, stage: &Stage) -> Outcome<Self> {
        let dir = stage.work.join(name);
        for sub in ["segment", "secrets", "temp"] {
            std::fs::create_dir_all(dir.join(sub))?;
        }
        let ready = &stage.vendor.ready;
        for (file, secret) in [
            ("catalog", "catalog-secret"),
            ("crm", "crm-secret"),
            ("pricing", "pricing-secret"),
            ("catalog-webhook", &ready.catalog_webhook_secret),
            ("crm-webhook", &ready.crm_webhook_secret),
        ] {
            std::fs::write(dir.join("secrets").join(file), secret)?;
        }
        let config = json!({
            "catalog": ready.catalog, "crm": ready.crm, "pricing": ready.pricing, "token_uri": ready.token_url,
            "secrets": dir.join("secrets"),
            "store": if kind == StoreKind::Embedded { "embedded" } else { "pdo" },
            "database": dir.join("store.sqlite"),
        });
        std::fs::write(
            dir.join("config.json"),
            serde_json::to_string_pretty(&config)?,
        )?;
        Ok(Self {
            name: name.to_owned(),
            kind,
            programs: programs.clone(),
            dir,
            port: 0,
            http: stage.http.clone(),
            servers: Vec::new(),
        })
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// `-d name=value` for both PHPs.
    fn settings(&self) -> [String; 3] {
        [
            format!("-dextension={}", self.programs.extension.display()),
            format!(
                "-dcauseway.segment_dir={}",
                self.dir.join("segment").display()
            ),
            "-dmemory_limit=256M".to_owned(),
        ]
    }

    /// One of the app's commands.
    fn command(&self, script: &str, args: &[&str], env: Env) -> Command {
        let mut command = Command::new(&self.programs.php);
        command
            .args(self.settings())
            .arg("-dcauseway.testing=1")
            .arg(self.programs.app.join(script))
            .args(args);
        command
            .env("DRILL_CONFIG", self.dir.join("config.json"))
            .envs(env.iter().copied());
        command
    }

    fn serve(&mut self, name: &str, mut command: Command) -> Outcome<()> {
        let log = std::fs::File::create(self.dir.join(format!("{name}.log")))?;
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        self.servers.push(Running::start(name, &mut command)?);
        Ok(())
    }

    async fn wait_until_healthy(&mut self) -> Outcome<()> {
        let mut last = String::new();
        for _ in 0..100 {
            for server in &mut self.servers {
                if let Some(status) = server.exited()? {
                    return Err(Failure::new(format!(
                        "a server ended with {status}; see {}",
                        self.dir.display()
                    )));
                }
            }
            match self.http.get(self.health_url()).send().await {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                Ok(answer) => {
                    last = format!(
                        "{} {}",
                        answer.status(),
                        answer.text().await.unwrap_or_default()
                    )
                }
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(Failure::new(format!(
            "{} is not healthy: {last}; see {}",
            self.name,
            self.dir.display()
        )))
    }
}

impl Site for PhpSite {
    fn name(&self) -> &str {
        &self.name
    }

    async fn start(&mut self) -> Outcome<()> {
        self.port = free_port()?;
        let files = server_config::write(&self.dir, self.port, &self.programs.app)?;
        let mut fpm = Command::new(&self.programs.php_fpm);
        fpm.args(self.settings())
            .args(["-F", "-R", "-y"])
            .arg(&files.fpm);
        self.serve("php-fpm", fpm)?;
        let mut nginx = Command::new(&self.programs.nginx);
        nginx
            .arg("-p")
            .arg(&self.dir)
            .arg("-e")
            .arg(self.dir.join("nginx-error.log"))
            .arg("-c")
            .arg(&files.nginx);
        self.serve("nginx", nginx)?;
        self.wait_until_healthy().await
    }

    fn product_page(&self, id: u32) -> Page {
        Page {
            url: self.url(&format!("product/{id}")),
            must_show: format!("data-product=\"{id}\""),
        }
    }

    fn live_page(&self, id: u32) -> Page {
        Page {
            url: self.url(&format!("live/product/{id}")),
            must_show: format!("\"id\":{id},"),
        }
    }

    fn contact_page(&self, contact: &Value) -> Page {
        let text = |key: &str| contact[key].as_str().unwrap_or_default();
        Page {
            url: self.url(&format!("contact/{}", text("id"))),
            must_show: format!("{} (version {})", text("email"), contact["version"]),
        }
    }

    fn price_url(&self, id: u32, via: &str) -> Option<String> {
        Some(self.url(&format!("price/{id}?via={via}")))
    }

    fn webhook_url(&self, connection: &str) -> String {
        self.url(&format!("webhook/{connection}"))
    }

    fn health_url(&self) -> String {
        self.url("health")
    }

    fn worker(&self, connection: &str, idle_ms: u64, env: Env) -> Command {
        self.command("worker.php", &[connection, &idle_ms.to_string()], env)
    }

    fn backfill(&self, chunk: u32, env: Env) -> Command {
        self.command("backfill.php", &["run", &chunk.to_string()], env)
    }

    fn backfill_reset(&self) -> Command {
        self.command("backfill.php", &["reset"], &[])
    }

    fn switch(&self, verb: &str, connection: &str) -> Command {
        self.command("switch.php", &[verb, connection], &[])
    }

    fn effects(&self) -> EffectsLog {
        let database = self.dir.join("store.sqlite");
        match self.kind {
            StoreKind::Embedded => EffectsLog::Snapshots {
                database,
                table: "causeway_snapshot".to_owned(),
            },
            StoreKind::Pdo => EffectsLog::Table {
                database,
                table: "effects".to_owned(),
                entity: "contact_id".to_owned(),
            },
        }
    }
}
