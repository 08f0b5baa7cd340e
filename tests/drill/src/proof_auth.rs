//! Proof: four workers share one token, and ask for one per lifetime.
//!
//! Four visitors ask for pages that call the catalogue while they wait, over more than three
//! lifetimes. The window begins with a token request, so the first lifetime is a whole one. A
//! token is replaced at nine tenths of its lifetime, which is the effective lifetime counted here.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::check::{Check, Checks};
use crate::failure::{Failure, Outcome};
use crate::load::{Load, Page, Visitors, failed};
use crate::processes::unix_ms;
use crate::proof_outage::PRODUCTS;
use crate::site::Site;
use crate::stage::Stage;

/// What the vendors are started with.
pub const LIFETIME_S: u64 = 10;
/// When the extension replaces a token.
const EFFECTIVE_MS: i64 = 9_000;
const LIFETIMES: u64 = 3;
const VISITORS: Visitors = Visitors {
    clients: 4,
    think: Duration::from_millis(5),
};

/// What was measured.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Auth {
    pub token_requests: u64,
    /// Effective lifetimes that began in the window.
    pub lifetimes: u64,
    /// Calls that reached the catalogue, each with a valid token.
    pub calls: u64,
    pub calls_refused: u64,
    pub failed_pages: u64,
    pub window_ms: i64,
    /// Between one token request and the next, milliseconds.
    pub gaps_ms: Vec<i64>,
}

/// Runs the proof.
pub async fn prove(stage: &Stage, site: &impl Site) -> Outcome<Auth> {
    stage.progress.step(&format!(
        "{}: tokens over {LIFETIMES} lifetimes",
        site.name()
    ));
    let pages: Vec<Page> = (1..=PRODUCTS).map(|id| site.live_page(id)).collect();
    let (phase_from_ms, log_from) = (unix_ms(), stage.vendor.log_end().await?);
    let load = Load::start(&stage.http, &pages, VISITORS);
    let from_ms = next_token(stage).await?;
    let window_ms = (LIFETIMES * LIFETIME_S * 1000 + 2000) as i64;
    while unix_ms() < from_ms + window_ms {
        stage
            .progress
            .at((unix_ms() - from_ms) as u64, window_ms as u64, "ms");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let to_ms = from_ms + window_ms;
    let why = load.first_failure();
    let samples = load.stop().await?;
    if let Some(why) = why {
        stage.progress.note(&format!("first wrong page: {why}"));
    }
    stage.note_phase(
        "tokens (4 visitors, each page calls)",
        false,
        phase_from_ms,
        &samples,
    );
    let mut calls = stage.vendor.calls_since("catalog", log_from).await?;
    calls.retain(|call| (from_ms..to_ms).contains(&call.t_ms));
    stage.note_calls(&calls);
    let asked = token_times(stage, from_ms, to_ms).await?;
    Ok(Auth {
        token_requests: asked.len() as u64,
        lifetimes: (window_ms as u64).div_ceil(EFFECTIVE_MS as u64),
        calls: calls.len() as u64,
        calls_refused: calls
            .iter()
            .filter(|call| matches!(call.status, Some(401 | 403)))
            .count() as u64,
        failed_pages: failed(&samples) as u64,
        window_ms,
        gaps_ms: asked
            .windows(2)
            .filter_map(|pair| Some(pair.get(1)? - pair.first()?))
            .collect(),
    })
}

/// When the catalogue's tokens were asked for in the window.
async fn token_times(stage: &Stage, from_ms: i64, to_ms: i64) -> Outcome<Vec<i64>> {
    let all = stage.vendor.tokens().await?;
    Ok(all
        .into_iter()
        .filter(|token| token.client_id == "catalog" && (from_ms..to_ms).contains(&token.t_ms))
        .map(|token| token.t_ms)
        .collect())
}

/// Waits for the next token request of the catalogue; when it was.
async fn next_token(stage: &Stage) -> Outcome<i64> {
    let since_ms = unix_ms();
    let limit = Instant::now() + Duration::from_secs(2 * LIFETIME_S);
    while Instant::now() < limit {
        if let Some(first) = token_times(stage, since_ms, i64::MAX).await?.first() {
            return Ok(*first);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(Failure::new(
        "nobody asked for a token within two lifetimes",
    ))
}

impl Auth {
    /// The rows of the table.
    pub fn checks(&self, site: &str) -> Vec<Check> {
        let whole = self.window_ms as u64 / (LIFETIME_S * 1000);
        Checks::of(format!("{site} auth"))
            .row(
                format!(
                    "token requests: {} in {} s",
                    self.token_requests,
                    self.window_ms / 1000
                ),
                format!("{whole} to {}", self.lifetimes),
                (whole..=self.lifetimes).contains(&self.token_requests),
            )
            .at_least("calls with a token", self.calls, 1000)
            .exactly("calls refused", self.calls_refused, 0)
            .exactly("failed pages", self.failed_pages, 0)
            .done()
    }
}
