//! The control API: what the drill and the tests steer the vendors with, and read them by.
//!
//! No token and no faults here, on a port of its own, so that it answers whatever a vendor does.
//! Requests are JSON with known keys only; README.md has the table.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::answer::{json_ok, json_with, not_found, parse, problem};
use crate::catalog::ProductChange;
use crate::crm::ContactChange;
use crate::faults::{Distribution, Fault, Kind};
use crate::run_options::{RunOptions, Source};
use crate::{Vendor, World, log, sender};

/// A finished answer in place of a parsed request.
type Refused = Box<Response>;

/// The control API's routes.
pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/state", get(state))
        .route("/log", get(read_log))
        .route("/log/summary", get(log_summary))
        .route("/log/reset", post(reset_log))
        .route("/tokens", get(tokens))
        .route("/tokens/lifetime", post(set_lifetime))
        .route("/tokens/revoke", post(revoke))
        .route("/fault", post(set_fault))
        .route("/catalog/update", post(update_product))
        .route("/catalog/rate-limit", post(set_rate_limit))
        .route("/catalog/products", get(products))
        .route("/crm/update", post(update_contact))
        .route("/crm/contacts", get(contacts))
        .route("/webhooks/run", post(run_webhooks))
        .route("/webhooks/progress", get(progress))
        .route("/webhooks/result", get(result))
        .fallback(|| async { not_found("no such path; see README.md") })
}

fn bad(message: &str) -> Response {
    problem(StatusCode::BAD_REQUEST, "bad_request", message)
}

/// The answer, whether it was made early or at the end.
fn either(answer: Result<Response, Refused>) -> Response {
    answer.unwrap_or_else(|early| *early)
}

async fn state(State(world): State<Arc<World>>) -> Response {
    let (first, next, dropped) = world.log.bounds();
    let (summary, _) = world.log.summary(0, i64::MIN, i64::MAX);
    let mut vendors = Map::new();
    for vendor in Vendor::ALL {
        let open = world.gate(vendor).map_or(0, |gate| gate.open_connections());
        let known = json!({
            "url": world.urls.of(vendor),
            "fault": &*world.faults.get(vendor),
            "requests": summary.get(vendor.name()).map_or(0, log::Summary::requests),
            "open_connections": open,
        });
        vendors.insert(vendor.name().to_owned(), known);
    }
    json_ok(&json!({
        "vendors": vendors,
        "lifetime_s": world.identity.lifetime_s(),
        "rate_limit_per_s": world.catalog.rate_limit_per_s(),
        "log": {"first": first, "next": next, "dropped": dropped},
        "webhooks": world.webhooks.progress(),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogQuery {
    #[serde(default)]
    since: u64,
    limit: Option<usize>,
    vendor: Option<Vendor>,
}

async fn read_log(
    State(world): State<Arc<World>>,
    query: Result<Query<LogQuery>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let query = match query {
        Ok(Query(query)) => query,
        Err(error) => return error.into_response(),
    };
    let limit = query.limit.unwrap_or(log::CAPACITY).min(log::CAPACITY);
    let (entries, next) = world.log.since(query.since, limit, query.vendor);
    json_ok(&LogPage { entries, next })
}

#[derive(Serialize)]
struct LogPage {
    entries: Vec<log::Entry>,
    next: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SummaryQuery {
    #[serde(default)]
    since: u64,
    from_ms: Option<i64>,
    to_ms: Option<i64>,
}

async fn log_summary(
    State(world): State<Arc<World>>,
    query: Result<Query<SummaryQuery>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let query = match query {
        Ok(Query(query)) => query,
        Err(error) => return error.into_response(),
    };
    let from_ms = query.from_ms.unwrap_or(i64::MIN);
    let to_ms = query.to_ms.unwrap_or(i64::MAX);
    let (vendors, next) = world.log.summary(query.since, from_ms, to_ms);
    let total: u64 = vendors.values().map(log::Summary::requests).sum();
    json_ok(&json!({"total": total, "next": next, "vendors": vendors}))
}

async fn reset_log(State(world): State<Arc<World>>) -> Response {
    world.identity.reset_requests();
    json_ok(&json!({"next": world.log.reset()}))
}

async fn tokens(State(world): State<Arc<World>>) -> Response {
    json_ok(&json!({
        "requests": world.identity.requests(),
        "lifetime_s": world.identity.lifetime_s(),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lifetime {
    lifetime_s: u64,
}

async fn set_lifetime(State(world): State<Arc<World>>, body: Bytes) -> Response {
    either(parse(&body).map(|Lifetime { lifetime_s }| {
        if !(1..=86_400).contains(&lifetime_s) {
            return bad("lifetime_s must be from 1 to 86400");
        }
        world.identity.set_lifetime_s(lifetime_s);
        json_ok(&json!({"lifetime_s": lifetime_s}))
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Revocation {
    client_id: Option<String>,
}

async fn revoke(State(world): State<Arc<World>>, body: Bytes) -> Response {
    either(parse(&body).map(|Revocation { client_id }| {
        let revoked = world.identity.revoke(client_id.as_deref());
        json_ok(&json!({"revoked": revoked}))
    }))
}

/// [`Fault`] with the vendor that gets it; spelt out, since unknown keys cannot be refused through
/// a flattened struct.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultRequest {
    vendor: String,
    kind: Kind,
    share: Option<f64>,
    status: Option<u16>,
    retry_after_s: Option<u64>,
    delay_ms: Option<u64>,
    delay_max_ms: Option<u64>,
    #[serde(default)]
    distribution: Distribution,
}

impl FaultRequest {
    fn vendors(&self) -> Option<Vec<Vendor>> {
        match self.vendor.as_str() {
            "all" => Some(Vendor::ALL.to_vec()),
            name => Vendor::parse(name).map(|vendor| vec![vendor]),
        }
    }

    fn fault(&self) -> Fault {
        let default = Fault::default();
        Fault {
            kind: self.kind,
            share: self.share.unwrap_or(default.share),
            status: self.status.unwrap_or(default.status),
            retry_after_s: self.retry_after_s,
            delay_ms: self.delay_ms,
            delay_max_ms: self.delay_max_ms,
            distribution: self.distribution,
        }
    }
}

async fn set_fault(State(world): State<Arc<World>>, body: Bytes) -> Response {
    let request: FaultRequest = match parse(&body) {
        Ok(request) => request,
        Err(early) => return *early,
    };
    let Some(vendors) = request.vendors() else {
        return bad("vendor must be catalog, crm, pricing, identity or all");
    };
    let fault = request.fault();
    if let Err(why) = fault.check() {
        return bad(&why);
    }
    for vendor in vendors {
        world.set_fault(vendor, fault.clone()).await;
    }
    let faults: Map<_, _> = Vendor::ALL
        .into_iter()
        .map(|vendor| (vendor.name().to_owned(), json!(&*world.faults.get(vendor))))
        .collect();
    json_ok(&json!({"faults": faults}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProductUpdate {
    id: u32,
    price_cents: Option<i64>,
    name: Option<String>,
    stock: Option<i64>,
    #[serde(default)]
    webhook: bool,
    target: Option<String>,
}

async fn update_product(State(world): State<Arc<World>>, body: Bytes) -> Response {
    let update: ProductUpdate = match parse(&body) {
        Ok(update) => update,
        Err(early) => return *early,
    };
    let target = match target(update.webhook, update.target) {
        Ok(target) => target,
        Err(early) => return *early,
    };
    let change = ProductChange {
        price_cents: update.price_cents,
        name: update.name,
        stock: update.stock,
    };
    let Some(product) = world.catalog.update(update.id, change) else {
        return not_found("no such product");
    };
    let id = product.id.to_string();
    let webhook = announce(&world, Source::Catalog, target, &id, product.version).await;
    json_ok(&json!({"product": product, "webhook": webhook}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContactUpdate {
    id: String,
    name: Option<String>,
    email: Option<String>,
    #[serde(default)]
    webhook: bool,
    target: Option<String>,
}

async fn update_contact(State(world): State<Arc<World>>, body: Bytes) -> Response {
    let update: ContactUpdate = match parse(&body) {
        Ok(update) => update,
        Err(early) => return *early,
    };
    let target = match target(update.webhook, update.target) {
        Ok(target) => target,
        Err(early) => return *early,
    };
    let change = ContactChange {
        name: update.name,
        email: update.email,
    };
    let Some(contact) = world.crm.update(&update.id, change) else {
        return not_found("no such contact");
    };
    let webhook = announce(&world, Source::Crm, target, &contact.id, contact.version).await;
    json_ok(&json!({"contact": contact, "webhook": webhook}))
}

/// Where to send a webhook, if one is wanted; a wanted one needs a target.
fn target(is_wanted: bool, target: Option<String>) -> Result<Option<String>, Refused> {
    match (is_wanted, target) {
        (false, _) => Ok(None),
        (true, Some(target)) => Ok(Some(target)),
        (true, None) => Err(Box::new(bad("webhook needs a target"))),
    }
}

async fn announce(
    world: &World,
    source: Source,
    target: Option<String>,
    id: &str,
    version: u64,
) -> Value {
    match target {
        Some(target) => world.webhooks.send_one(source, &target, id, version).await,
        None => Value::Null,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RateLimit {
    per_s: Option<u32>,
}

async fn set_rate_limit(State(world): State<Arc<World>>, body: Bytes) -> Response {
    either(parse(&body).map(|RateLimit { per_s }| {
        world.catalog.set_rate_limit_per_s(per_s);
        json_ok(&json!({"per_s": per_s}))
    }))
}

async fn products(State(world): State<Arc<World>>) -> Response {
    json_ok(&json!({"products": world.catalog.products()}))
}

async fn contacts(State(world): State<Arc<World>>) -> Response {
    json_ok(&json!({"contacts": world.crm.contacts()}))
}

async fn run_webhooks(State(world): State<Arc<World>>, body: Bytes) -> Response {
    let options: RunOptions = match parse(&body) {
        Ok(options) => options,
        Err(early) => return *early,
    };
    if let Err(why) = options.check() {
        return bad(&why);
    }
    let wait = options.wait;
    let Some(run) = sender::start(&world, options) else {
        return problem(
            StatusCode::CONFLICT,
            "run_under_way",
            "one run at a time; see /webhooks/progress",
        );
    };
    if !wait {
        return json_with(StatusCode::ACCEPTED, &world.webhooks.progress());
    }
    match run.await {
        Ok(result) => json_ok(&result),
        Err(error) => problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "run_failed",
            &error.to_string(),
        ),
    }
}

async fn progress(State(world): State<Arc<World>>) -> Response {
    json_ok(&world.webhooks.progress())
}

async fn result(State(world): State<Arc<World>>) -> Response {
    match world.webhooks.last_result() {
        Some(result) => json_ok(&result),
        None => not_found("no run has ended"),
    }
}
