//! The drill: Causeway's proofs, end to end, against simulated vendors.
//!
//! Starts the vendors and a shop (plain PHP on nginx and php-fpm, or a throw-away Drupal site),
//! runs every proof, prints a table, writes `drill.json` and `drill.html`, and exits with 1 when a
//! proof fails. All of it on 127.0.0.1, on free ports, in a scratch directory under `--out`.
#![allow(
    clippy::disallowed_methods,
    reason = "the drill measures real time and waits for real processes"
)]

mod check;
mod effects;
mod failure;
mod load;
mod mode_drupal;
mod mode_php;
mod plot;
mod processes;
mod progress;
mod proof_auth;
mod proof_backfill;
mod proof_crash;
mod proof_duplicates;
mod proof_graphql;
mod proof_killswitch;
mod proof_outage;
mod proof_pagecache;
mod proofs;
mod report_html;
mod report_json;
mod server_config;
mod site;
mod site_drupal;
mod site_php;
mod stage;
mod stats;
mod table;
mod vendor;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::failure::{Doing, Failure, Outcome};
use crate::report_json::ModeReport;
use crate::stage::Timeline;

/// Which shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// Plain PHP, on the embedded store and on its own database.
    Php,
    /// A throw-away Drupal site.
    Drupal,
    /// Plain PHP, and Drupal where there is one.
    All,
}

/// Runs Causeway's proofs end to end.
#[derive(Clone, Debug, Parser)]
pub struct Args {
    /// Which shop
    #[arg(long, value_enum, default_value = "all")]
    pub mode: Mode,
    /// The extension under test
    #[arg(long, default_value = "build/causeway.so")]
    pub extension: PathBuf,
    /// The program of the simulated vendors
    #[arg(long, default_value = "target/release/vendor-sim")]
    pub vendor_sim: PathBuf,
    /// Where the results go
    #[arg(long, default_value = "build")]
    pub out: PathBuf,
    /// The plain PHP app
    #[arg(long, default_value = "tests/drill/app")]
    pub app: PathBuf,
    /// The PHP of the command line [default: php on the path]
    #[arg(long, env = "PHP")]
    pub php: Option<PathBuf>,
    /// php-fpm of the same version [default: php-fpmX.Y or php-fpm on the path]
    #[arg(long, env = "PHP_FPM")]
    pub php_fpm: Option<PathBuf>,
    /// nginx [default: nginx on the path]
    #[arg(long, env = "NGINX")]
    pub nginx: Option<PathBuf>,
    /// The tool that makes the throw-away Drupal site
    #[arg(long, default_value = "tools/drupal-site")]
    pub drupal_site: PathBuf,
    /// The extension for Drupal's PHP
    #[arg(long, default_value = "build/causeway-php8.4.so")]
    pub drupal_extension: PathBuf,
    /// Drupal's web root, for the mode drupal
    #[arg(long, env = "DRUPAL_ROOT", default_value = "/opt/drupal/web")]
    pub drupal_root: PathBuf,
    /// The Debian in which PHP 8.4 runs, for the mode drupal
    #[arg(long, env = "TRIXIE_ROOT", default_value = "/var/lib/causeway/trixie")]
    pub trixie_root: PathBuf,
    /// Only the proofs whose name contains this (for work on one of them)
    #[arg(long)]
    pub only: Option<String>,
    /// Keeps the scratch directory (server logs, stores)
    #[arg(long)]
    pub keep: bool,
}

impl Args {
    /// Whether a proof is wanted.
    pub fn wants(&self, proof: &str) -> bool {
        self.only.as_deref().is_none_or(|only| proof.contains(only))
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    // The client needs a provider when another member of the workspace switches TLS on.
    drop(rustls::crypto::ring::default_provider().install_default());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let end = runtime
        .map_err(Failure::from)
        .and_then(|runtime| runtime.block_on(interruptible(&args)));
    match end {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(failure) => {
            eprintln!("drill: {failure}");
            ExitCode::from(2)
        }
    }
}

/// The drill, dropped (with every process that it started) on Ctrl-C and SIGTERM.
async fn interruptible(args: &Args) -> Outcome<bool> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        end = drill(args) => end,
        _ = tokio::signal::ctrl_c() => Err(Failure::new("interrupted")),
        _ = terminate.recv() => Err(Failure::new("terminated")),
    }
}

/// A client of loopback addresses alone; it follows no proxy.
fn http_client() -> Outcome<reqwest::Client> {
    reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(30))
        .tls_certs_only([])
        .build()
        .doing("making the HTTP client")
}

async fn drill(args: &Args) -> Outcome<bool> {
    std::fs::create_dir_all(&args.out).doing(format!("making {}", args.out.display()))?;
    let http = http_client()?;
    let mut modes: Vec<(ModeReport, Timeline)> = Vec::new();
    if args.mode != Mode::Drupal {
        modes.push(mode_php::run(args, &http).await.doing("plain PHP")?);
    }
    let mut skipped = None;
    match (args.mode, mode_drupal::missing(args)) {
        (Mode::Php, _) => {}
        (Mode::Drupal, Some(reason)) => return Err(Failure::new(format!("no Drupal: {reason}"))),
        (_, Some(reason)) => {
            skipped = Some(format!("skipped: the drill in Drupal, because {reason}"))
        }
        (_, None) => modes.push(mode_drupal::run(args, &http).await.doing("Drupal")?),
    }
    let reports: Vec<ModeReport> = modes.iter().map(|(report, _)| report.clone()).collect();
    report_json::write(&args.out.join("drill.json"), &reports)?;
    report_html::write(&args.out.join("drill.html"), &modes)?;
    for report in &reports {
        println!(
            "\nThe drill, mode {}, {:.0} s:\n\n{}",
            report.mode,
            report.seconds,
            table::text(&report.checks)
        );
    }
    println!(
        "{} and {}",
        args.out.join("drill.json").display(),
        args.out.join("drill.html").display()
    );
    if let Some(skipped) = skipped {
        println!("{skipped}");
    }
    let passed = reports.iter().all(|report| report.passed);
    println!(
        "{}",
        if passed {
            "every proof holds"
        } else {
            "A PROOF FAILED"
        }
    );
    Ok(passed)
}
