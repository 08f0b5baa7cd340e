//! Proof (Drupal): a webhook reaches the page cache, and nothing else does.
//!
//! A product's page is served from core's page cache; the vendor changes the price and says so by
//! webhook; one worker process handles it. The very next request shows the new price. The same
//! again, with the same worker still running (in a long process core skips a second invalidation
//! of a tag unless its checksums are reset). Another product's page stays in the cache throughout.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::check::{Check, Checks};
use crate::failure::{Failure, Outcome};
use crate::processes::Running;
use crate::site::{Site, health};
use crate::stage::Stage;

const CHANGED: u32 = 7;
const OTHER: u32 = 8;
const PRICES_CENTS: [u32; 2] = [111_111, 222_222];
const WORK_LIMIT: Duration = Duration::from_secs(20);

/// What was measured.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PageCache {
    pub changes: u64,
    /// Whether both pages came from the cache before.
    pub was_cached: bool,
    /// Changes whose price the very next request showed.
    pub shown_at_once: u64,
    /// Changes after which the other page still came from the cache.
    pub other_still_cached: u64,
}

/// A page: its body, and whether it came from core's page cache.
async fn page(stage: &Stage, site: &impl Site, id: u32) -> Outcome<(String, bool)> {
    let answer = stage
        .http
        .get(site.product_page(id).url)
        .send()
        .await?
        .error_for_status()?;
    let is_hit = answer
        .headers()
        .get("x-drupal-cache")
        .is_some_and(|value| value.as_bytes() == b"HIT");
    Ok((answer.text().await?, is_hit))
}

/// Runs the proof on a site with the page cache on and products fresh for minutes.
pub async fn prove(stage: &Stage, site: &impl Site) -> Outcome<PageCache> {
    stage
        .progress
        .step(&format!("{}: a webhook and the page cache", site.name()));
    let mut was_cached = true;
    for id in [CHANGED, OTHER] {
        page(stage, site, id).await?;
        was_cached &= page(stage, site, id).await?.1;
    }
    let mut command = site.worker("catalog", 2 * WORK_LIMIT.as_millis() as u64, &[]);
    let log = std::fs::File::create(stage.work.join("pagecache-worker.log"))?;
    command
        .stdin(std::process::Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    let mut worker = Running::start("worker", &mut command)?;
    let mut proof = PageCache {
        was_cached,
        ..PageCache::default()
    };
    for price_cents in PRICES_CENTS {
        let done = health(&stage.http, site)
            .await?
            .inbox
            .remove("catalog")
            .unwrap_or_default()
            .done;
        stage
            .vendor
            .update_product(CHANGED, price_cents, Some(&site.webhook_url("catalog")))
            .await?;
        processed(stage, site, done + 1).await?;
        let (body, _) = page(stage, site, CHANGED).await?;
        proof.changes += 1;
        let shown = format!("{}.{:02}", price_cents / 100, price_cents % 100);
        proof.shown_at_once += u64::from(body.contains(&shown));
        proof.other_still_cached += u64::from(page(stage, site, OTHER).await?.1);
    }
    if worker.exited()?.is_some() {
        return Err(Failure::new(
            "the worker ended before the second change: it must be one process",
        ));
    }
    Ok(proof)
}

/// Waits until so many events are done, without asking for a page.
async fn processed(stage: &Stage, site: &impl Site, done: u64) -> Outcome<()> {
    let limit = Instant::now() + WORK_LIMIT;
    while Instant::now() < limit {
        let counts = health(&stage.http, site)
            .await?
            .inbox
            .remove("catalog")
            .unwrap_or_default();
        if counts.done >= done && counts.pending + counts.claimed == 0 {
            // Done is committed before the tags are invalidated, by a moment.
            tokio::time::sleep(Duration::from_millis(100)).await;
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(Failure::new(format!(
        "the worker did not process the event within {WORK_LIMIT:?}"
    )))
}

impl PageCache {
    /// The rows of the table.
    pub fn checks(&self, site: &str) -> Vec<Check> {
        Checks::of(format!("{site} page cache"))
            .row(
                format!("served from the page cache before: {}", self.was_cached),
                "true",
                self.was_cached,
            )
            .exactly(
                "changes that the very next request showed",
                self.shown_at_once,
                PRICES_CENTS.len() as u64,
            )
            .exactly(
                "other page still cached",
                self.other_still_cached,
                PRICES_CENTS.len() as u64,
            )
            .done()
    }
}
