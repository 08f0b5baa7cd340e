//! Proof: one persisted GraphQL query in place of three REST calls.
//!
//! The same price page is made both ways, in turn. Requests and bytes are counted in the vendor's
//! log; the time is what the page measured around its calls, the median of all repetitions.

use serde::{Deserialize, Serialize};

use crate::check::{Check, Checks};
use crate::failure::{Doing, Failure, Outcome};
use crate::site::Site;
use crate::stage::Stage;
use crate::stats::{median, rounded};
use crate::vendor::Entry;

const RUNS: u32 = 50;

/// What was measured, per price page.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Graphql {
    pub rest_requests: f64,
    pub graphql_requests: f64,
    pub rest_bytes: f64,
    pub graphql_bytes: f64,
    pub rest_ms: f64,
    pub graphql_ms: f64,
    /// Pages whose two prices differ.
    pub differing: u64,
}

/// What the price address answers.
#[derive(Deserialize)]
struct Price {
    ms: f64,
    price: serde_json::Value,
}

async fn price(stage: &Stage, site: &impl Site, id: u32, via: &str) -> Outcome<Price> {
    let url = site
        .price_url(id, via)
        .ok_or_else(|| Failure::new("the site has no price by GraphQL"))?;
    let url = url.as_str();
    let text = stage
        .http
        .get(url)
        .send()
        .await?
        .error_for_status()?
        .text()
        .await?;
    serde_json::from_str(&text).doing(format!("reading {url}: {text}"))
}

/// Runs the proof.
pub async fn prove(stage: &Stage, site: &impl Site) -> Outcome<Graphql> {
    stage
        .progress
        .step(&format!("{}: a price by REST and by GraphQL", site.name()));
    // The first ones pay for the token, the connection, and the registration of the query.
    for id in 1..=8 {
        price(stage, site, id, "rest").await?;
        price(stage, site, id, "graphql").await?;
    }
    let log_from = stage.vendor.log_end().await?;
    let (mut rest, mut graphql, mut differing) = (Vec::new(), Vec::new(), 0);
    for id in 1..=RUNS {
        let by_rest = price(stage, site, id, "rest").await?;
        let by_graphql = price(stage, site, id, "graphql").await?;
        differing += u64::from(by_rest.price != by_graphql.price);
        rest.push(by_rest.ms);
        graphql.push(by_graphql.ms);
    }
    let calls = stage.vendor.calls_since("pricing", log_from).await?;
    let (queries, reads): (Vec<Entry>, Vec<Entry>) = calls
        .into_iter()
        .partition(|call| call.path.starts_with("/graphql"));
    let each = |count: u64| rounded(count as f64 / f64::from(RUNS), 2);
    let bytes = |calls: &[Entry]| {
        each(
            calls
                .iter()
                .map(|call| call.request_bytes.unwrap_or(0) + call.response_bytes.unwrap_or(0))
                .sum(),
        )
    };
    Ok(Graphql {
        rest_requests: each(reads.len() as u64),
        graphql_requests: each(queries.len() as u64),
        rest_bytes: bytes(&reads),
        graphql_bytes: bytes(&queries),
        rest_ms: rounded(median(&rest), 3),
        graphql_ms: rounded(median(&graphql), 3),
        differing,
    })
}

impl Graphql {
    /// The rows of the table.
    pub fn checks(&self, site: &str) -> Vec<Check> {
        Checks::of(format!("{site} graphql"))
            .row(
                format!(
                    "requests: {} in place of {}",
                    self.graphql_requests, self.rest_requests
                ),
                "1 in place of 3",
                self.graphql_requests == 1.0 && self.rest_requests == 3.0,
            )
            .row(
                format!(
                    "bytes of bodies: {} in place of {}",
                    self.graphql_bytes, self.rest_bytes
                ),
                "told",
                true,
            )
            .row(
                format!(
                    "time: {:.2} ms in place of {:.2} ms",
                    self.graphql_ms, self.rest_ms
                ),
                "told",
                true,
            )
            .exactly("prices that differ", self.differing, 0)
            .done()
    }
}
