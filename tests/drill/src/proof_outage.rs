//! Proof: a vendor that fails, or hangs, does not reach the visitors.
//!
//! The same product pages are asked for by the same number of visitors, first while the vendor is
//! healthy, then under the fault; pages are stale after a second, so they do meet the vendor's
//! state. Afterwards the first successful fetch is awaited and timed, and a second healthy phase
//! follows: the healthy figures are of both, so that a machine that slows down meanwhile does not
//! pass for the fault's doing. Calls are counted in the
//! vendor's log, logical calls by Causeway's counter of calls that entered the policies.

use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Value, json};

use crate::check::{Check, Checks};
use crate::failure::{Failure, Outcome};
use crate::load::{Load, Page, Sample, Visitors, durations, failed};
use crate::processes::unix_ms;
use crate::site::{Site, counters};
use crate::stage::Stage;
use crate::stats::{percentile, rounded};

/// Product ids that the visitors walk through.
pub const PRODUCTS: u32 = 200;
const PAGES: usize = 2000;
/// A phase lasts at least this long, so that freshness, breaker and probes take part.
const PHASE: Duration = Duration::from_secs(10);
const RECOVERY_LIMIT: Duration = Duration::from_secs(15);
/// The load goes on for this long after the first successful fetch.
const AFTERWARDS: Duration = Duration::from_secs(2);
pub const VISITORS: Visitors = Visitors {
    clients: 2,
    think: Duration::from_millis(2),
};

/// Which fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Every answer is 503.
    Status503,
    /// Connections are accepted and never answered.
    Hang,
}

impl Fault {
    /// The key in the report, and the name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Status503 => "outage",
            Self::Hang => "hang",
        }
    }

    fn order(self) -> Value {
        match self {
            Self::Status503 => json!({"vendor": "catalog", "kind": "status", "status": 503}),
            Self::Hang => json!({"vendor": "catalog", "kind": "hang"}),
        }
    }
}

/// What was measured.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Outage {
    pub p95_healthy_ms: f64,
    pub p95_outage_ms: f64,
    pub failed_pages: u64,
    pub vendor_calls: u64,
    pub logical_calls: u64,
    /// Pages under the fault.
    pub pages: u64,
    pub breaker_opened: u64,
    /// From the end of the fault to the first successful fetch; null when none was seen.
    pub recovered_after_ms: Option<i64>,
    pub pages_healthy: u64,
    pub p50_healthy_ms: f64,
    pub p50_outage_ms: f64,
    pub vendor_calls_healthy: u64,
    pub refused_by_breaker: u64,
    pub first_failure: Option<String>,
}

/// The pages of the load.
pub fn product_pages(site: &impl Site) -> Vec<Page> {
    (1..=PRODUCTS).map(|id| site.product_page(id)).collect()
}

/// One phase of load, noted in the timeline: at least so many pages, and so long.
async fn phase(
    stage: &Stage,
    pages: &[Page],
    name: &str,
    is_fault: bool,
    (count, span): (usize, Duration),
) -> Outcome<(Vec<Sample>, Option<String>)> {
    stage.progress.step(&format!("pages: {name}"));
    let from_ms = unix_ms();
    let load = Load::start(&stage.http, pages, VISITORS);
    load.until(count, span, |done| {
        stage.progress.at(done as u64, count as u64, "pages")
    })
    .await;
    let why = load.first_failure();
    let samples = load.stop().await?;
    stage.note_phase(name, is_fault, from_ms, &samples);
    Ok((samples, why))
}

/// Asks for every page once, so that a snapshot of each is there.
pub async fn warm(stage: &Stage, pages: &[Page]) -> Outcome<()> {
    stage.progress.step("warming the pages");
    for page in pages {
        if let (_, Some(why)) = crate::load::visit(&stage.http, page).await {
            return Err(Failure::new(format!(
                "while all vendors are healthy: {why}"
            )));
        }
    }
    Ok(())
}

/// Runs the proof for one fault.
pub async fn prove(stage: &Stage, site: &impl Site, fault: Fault) -> Outcome<Outage> {
    let pages = product_pages(site);
    warm(stage, &pages).await?;
    let log_from = stage.vendor.log_end().await?;
    let before_name = format!("healthy before the {}", fault.name());
    let (mut healthy, why_before) =
        phase(stage, &pages, &before_name, false, (PAGES, PHASE)).await?;
    let before = counters(&stage.http, site, "catalog").await?;
    stage.vendor.fault(fault.order()).await?;
    let fault_from = unix_ms();
    let (faulty, why_faulty) = phase(stage, &pages, fault.name(), true, (PAGES, PHASE)).await?;
    let after = counters(&stage.http, site, "catalog").await?;
    let fault_to = unix_ms();
    let (recovered_after_ms, recovery) = recovery(stage, &pages, fault).await?;
    let after_name = format!("healthy after the {}", fault.name());
    let (again, why_after) =
        phase(stage, &pages, &after_name, false, (PAGES / 2, PHASE / 2)).await?;
    healthy.extend(again);
    let calls = stage.vendor.calls_since("catalog", log_from).await?;
    stage.note_calls(&calls);
    let (healthy_ms, faulty_ms) = (durations(&healthy), durations(&faulty));
    Ok(Outage {
        p95_healthy_ms: rounded(percentile(&healthy_ms, 0.95), 3),
        p95_outage_ms: rounded(percentile(&faulty_ms, 0.95), 3),
        failed_pages: (failed(&healthy) + failed(&faulty) + failed(&recovery)) as u64,
        vendor_calls: calls
            .iter()
            .filter(|call| (fault_from..fault_to).contains(&call.t_ms))
            .count() as u64,
        logical_calls: after.entered.saturating_sub(before.entered),
        pages: faulty.len() as u64,
        breaker_opened: after.breaker_opened.saturating_sub(before.breaker_opened),
        recovered_after_ms,
        pages_healthy: healthy.len() as u64,
        p50_healthy_ms: rounded(percentile(&healthy_ms, 0.5), 3),
        p50_outage_ms: rounded(percentile(&faulty_ms, 0.5), 3),
        vendor_calls_healthy: calls.iter().filter(|call| call.t_ms < fault_from).count() as u64,
        refused_by_breaker: after
            .refused_by_breaker
            .saturating_sub(before.refused_by_breaker),
        first_failure: why_before.or(why_faulty).or(why_after),
    })
}

/// Ends the fault and keeps the visitors coming until a fetch succeeds; when that was.
async fn recovery(
    stage: &Stage,
    pages: &[Page],
    fault: Fault,
) -> Outcome<(Option<i64>, Vec<Sample>)> {
    stage.progress.step("pages: recovery");
    let load = Load::start(&stage.http, pages, VISITORS);
    let (log_from, healed_ms) = (stage.vendor.log_end().await?, unix_ms());
    stage.vendor.heal().await?;
    let limit = Instant::now() + RECOVERY_LIMIT;
    let mut recovered = None;
    while recovered.is_none() && Instant::now() < limit {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let calls = stage.vendor.calls_since("catalog", log_from).await?;
        recovered = calls
            .iter()
            .find(|call| call.status.is_some_and(|status| status < 400))
            .map(|call| call.t_ms);
    }
    load.until(0, AFTERWARDS, |_| ()).await;
    let samples = load.stop().await?;
    stage.note_phase(
        &format!("recovery after the {}", fault.name()),
        false,
        healed_ms,
        &samples,
    );
    Ok((recovered.map(|at_ms| at_ms - healed_ms), samples))
}

impl Outage {
    /// The rows of the table.
    pub fn checks(&self, site: &str, fault: Fault) -> Vec<Check> {
        let ratio = self.p95_outage_ms / self.p95_healthy_ms.max(0.001);
        let attempts = self.vendor_calls as f64 / (self.logical_calls.max(1)) as f64;
        let recovered = match self.recovered_after_ms {
            Some(ms) => format!("first successful fetch after {ms} ms"),
            None => "no successful fetch seen".to_owned(),
        };
        Checks::of(format!("{site} {}", fault.name()))
            .at_least("pages healthy", self.pages_healthy, PAGES as u64)
            .at_least("pages under the fault", self.pages, PAGES as u64)
            .exactly("failed pages", self.failed_pages, 0)
            .row(
                format!(
                    "p95 {:.2} ms, healthy {:.2} ms: × {ratio:.2}",
                    self.p95_outage_ms, self.p95_healthy_ms
                ),
                "≤ 1.2 ×",
                ratio <= 1.2,
            )
            .row(
                format!(
                    "{} attempts, {} calls entered: {attempts:.2} each",
                    self.vendor_calls, self.logical_calls
                ),
                "≤ 1.2, and some",
                attempts <= 1.2 && self.logical_calls > 0 && self.vendor_calls > 0,
            )
            .at_least("breaker opened", self.breaker_opened, 1)
            .row(recovered, "seen", self.recovered_after_ms.is_some())
            .done()
    }
}
