//! The drill in a throw-away Drupal site.
//!
//! First with core's page caches on (a webhook must reach them, and an outage must not), then with
//! both off, so that every page of the load meets the vendor's state.

use std::process::{Command, Stdio};
use std::time::Instant;

use parking_lot::Mutex;

use crate::failure::Outcome;
use crate::mode_php::scratch;
use crate::progress::Progress;
use crate::proof_outage::{self, Fault};
use crate::report_json::ModeReport;
use crate::site::Site;
use crate::site_drupal::DrupalSite;
use crate::stage::{Stage, Timeline};
use crate::vendor::Vendor;
use crate::{Args, proof_auth, proof_pagecache, proofs};

/// The name of the site while core's page caches are on.
const SITE_CACHED: &str = "drupal with page caches";

/// Why the mode cannot run here, if it cannot: the tool that makes the site knows.
pub fn missing(args: &Args) -> Option<String> {
    let mut command = Command::new(&args.drupal_site);
    command
        .arg("where")
        .env("DRUPAL_ROOT", &args.drupal_root)
        .env("TRIXIE_ROOT", &args.trixie_root);
    match command.stdin(Stdio::null()).output() {
        Err(error) => Some(format!("{}: {error}", args.drupal_site.display())),
        Ok(output) if output.status.success() && args.drupal_extension.is_file() => None,
        Ok(output) if output.status.success() => Some(format!(
            "there is no extension for its PHP at {}",
            args.drupal_extension.display()
        )),
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}

/// Runs every proof on the Drupal site.
pub async fn run(args: &Args, http: &reqwest::Client) -> Outcome<(ModeReport, Timeline)> {
    let begun = Instant::now();
    let stage = Stage {
        http: http.clone(),
        vendor: Vendor::start(&args.vendor_sim, proof_auth::LIFETIME_S, http).await?,
        work: scratch(&args.out, "drill-drupal")?,
        progress: Progress::new(),
        timeline: Mutex::default(),
    };
    let mut report = ModeReport {
        mode: "drupal".to_owned(),
        ..ModeReport::default()
    };
    stage.progress.step("drupal: installing a throw-away site");
    let mut site = DrupalSite::new(args, &stage)?;
    site.start().await?;
    if args.wants("pagecache") {
        let proof = proof_pagecache::prove(&stage, &site).await;
        let page_cache = proofs::measured(&stage, &mut report, "drupal", "page cache", proof);
        report.tell(&page_cache, |proof| proof.checks("drupal"));
        report.page_cache = page_cache;
    }
    site.products_fresh_for(1)?;
    if args.wants("outage") {
        let cached = proof_outage::prove(&stage, &site, Fault::Status503).await;
        let cached = proofs::measured(&stage, &mut report, SITE_CACHED, "outage", cached);
        stage.vendor.heal().await?;
        report.tell(&cached, |proof| proof.checks(SITE_CACHED, Fault::Status503));
        report.outage_cached = cached;
    }
    site.page_cache("off").await?;
    proofs::pages(args, &stage, &site, &mut report).await?;
    proofs::durable(args, &stage, &site, &mut report).await?;
    stage.progress.finish();
    report.close(begun.elapsed().as_secs_f64());
    Ok((report, stage.timeline.into_inner()))
}
