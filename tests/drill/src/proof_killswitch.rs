//! Proof: a paused vendor is left alone within a second, and pages go on.
//!
//! Visitors keep asking for pages that are stale after a second; another process pauses the
//! connection. When the last call began is read from the vendor's log.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::check::{Check, Checks};
use crate::failure::Outcome;
use crate::load::{Load, failed};
use crate::processes::{run_well, unix_ms};
use crate::proof_outage::{VISITORS, product_pages, warm};
use crate::site::Site;
use crate::stage::Stage;

/// The bound of the design.
const BOUND_MS: i64 = 1000;
const BEFORE: Duration = Duration::from_secs(3);
const PAUSED: Duration = Duration::from_secs(5);
const RESUMED: Duration = Duration::from_secs(3);

/// What was measured.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Killswitch {
    /// When the last call began, from the pause on; 0 when none began after it.
    pub off_after_ms: i64,
    /// Calls that began more than a second after the pause.
    pub calls_after: u64,
    pub calls_before: u64,
    pub calls_after_resume: u64,
    pub pages_while_paused: u64,
    pub failed_pages: u64,
}

/// Runs the proof.
pub async fn prove(stage: &Stage, site: &impl Site) -> Outcome<Killswitch> {
    let pages = product_pages(site);
    warm(stage, &pages).await?;
    stage
        .progress
        .step(&format!("{}: pause under load", site.name()));
    let (from_ms, log_from) = (unix_ms(), stage.vendor.log_end().await?);
    let load = Load::start(&stage.http, &pages, VISITORS);
    load.until(0, BEFORE, |_| ()).await;
    let paused_ms = throw(stage, site, "pause").await?.latest_ms;
    let pages_before = load.pages();
    load.until(0, PAUSED, |_| ()).await;
    let pages_while_paused = (load.pages() - pages_before) as u64;
    let resumed_ms = throw(stage, site, "resume").await?.earliest_ms;
    load.until(0, RESUMED, |_| ()).await;
    let samples = load.stop().await?;
    stage.note_phase("pause and resume", false, from_ms, &samples);
    let calls = stage.vendor.calls_since("catalog", log_from).await?;
    stage.note_calls(&calls);
    let between = |from: i64, to: i64| {
        calls
            .iter()
            .filter(move |call| (from..to).contains(&call.t_ms))
    };
    Ok(Killswitch {
        off_after_ms: between(paused_ms, resumed_ms)
            .map(|call| call.t_ms - paused_ms)
            .max()
            .unwrap_or(0),
        calls_after: between(paused_ms + BOUND_MS, resumed_ms).count() as u64,
        calls_before: between(from_ms, paused_ms).count() as u64,
        calls_after_resume: between(resumed_ms, i64::MAX).count() as u64,
        pages_while_paused,
        failed_pages: failed(&samples) as u64,
    })
}

/// When a command that throws the switch took effect, at the earliest and at the latest.
struct Thrown {
    earliest_ms: i64,
    latest_ms: i64,
}

/// Pauses or resumes the catalogue in a process of its own. The command may say when it did it;
/// else that was between its start and its end.
async fn throw(stage: &Stage, site: &impl Site, verb: &str) -> Outcome<Thrown> {
    let mut command = site.switch(verb, "catalog");
    let earliest_ms = unix_ms();
    let said = run_well(verb, &mut command, &stage.work, Duration::from_secs(20)).await?;
    let latest_ms = unix_ms();
    let said: Option<Value> = serde_json::from_str(said.trim()).ok();
    Ok(match said.and_then(|said| said["at_ms"].as_i64()) {
        Some(at_ms) => Thrown {
            earliest_ms: at_ms,
            latest_ms: at_ms,
        },
        None => Thrown {
            earliest_ms,
            latest_ms,
        },
    })
}

impl Killswitch {
    /// The rows of the table.
    pub fn checks(&self, site: &str) -> Vec<Check> {
        Checks::of(format!("{site} killswitch"))
            .at_least("calls before the pause", self.calls_before, 1)
            .row(
                format!("last call began {} ms after the pause", self.off_after_ms),
                format!("≤ {BOUND_MS} ms"),
                self.off_after_ms <= BOUND_MS,
            )
            .exactly("calls later than that", self.calls_after, 0)
            .at_least("pages while paused", self.pages_while_paused, 100)
            .exactly("failed pages", self.failed_pages, 0)
            .at_least("calls after resume", self.calls_after_resume, 1)
            .done()
    }
}
