//! The product catalogue: 10,000 products by id and in cursor pages, with a rate limit.
//!
//! Products come from a formula, so every start has the same ones; only the control API changes
//! them. The rate limit is a fixed window of one second, told in the `RateLimit` fields of
//! draft-ietf-httpapi-ratelimit-headers; with no limit set the fields show a nominal quota.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::{Mutex, RwLock};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::World;
use crate::answer::{json_ok, not_found, problem, tagged};
use crate::time::{ORIGIN_MS, now_ms, rfc3339};

/// Products, with ids from 1.
pub const PRODUCTS: u32 = 10_000;

/// Largest page.
const PAGE_AT_MOST: u32 = 500;

/// Page when the request names no limit.
const PAGE_DEFAULT: u32 = 100;

/// Quota shown while no limit is set.
const NOMINAL_PER_S: u32 = 10_000;

/// One product.
#[derive(Clone, Debug, Serialize)]
pub struct Product {
    /// From 1.
    pub id: u32,
    sku: String,
    name: String,
    /// Net price in cents.
    pub price_cents: i64,
    /// ISO 4217.
    pub currency: &'static str,
    stock: i64,
    updated_at: String,
    /// 1 at first, one more with each change.
    pub version: u64,
}

/// What the control API can change of a product.
#[derive(Debug, Default)]
pub struct ProductChange {
    /// New price.
    pub price_cents: Option<i64>,
    /// New name.
    pub name: Option<String>,
    /// New stock.
    pub stock: Option<i64>,
}

/// The second being counted.
#[derive(Default)]
struct Window {
    second: i64,
    used: u32,
}

/// The rate limit's view of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    per_s: u32,
    remaining: u32,
    /// Whether the request is over the limit.
    pub is_exceeded: bool,
}

/// The catalogue's state.
pub struct Catalog {
    products: RwLock<Vec<Product>>,
    per_s: Mutex<Option<u32>>,
    window: Mutex<Window>,
}

impl Default for Catalog {
    fn default() -> Self {
        Self {
            products: RwLock::new((1..=PRODUCTS).map(original).collect()),
            per_s: Mutex::default(),
            window: Mutex::default(),
        }
    }
}

fn original(id: u32) -> Product {
    Product {
        id,
        sku: format!("SKU-{id:05}"),
        name: format!("Product {id}"),
        price_cents: 199 + i64::from(id) * 37 % 9_800,
        currency: "EUR",
        stock: i64::from(id) * 7 % 120,
        updated_at: rfc3339(ORIGIN_MS),
        version: 1,
    }
}

impl Catalog {
    /// The product, if there is one of that id.
    pub fn product(&self, id: u32) -> Option<Product> {
        let index = id.checked_sub(1)? as usize;
        self.products.read().get(index).cloned()
    }

    /// All products, by id.
    pub fn products(&self) -> Vec<Product> {
        self.products.read().clone()
    }

    /// Changes a product: what is given, and always version and time.
    pub fn update(&self, id: u32, change: ProductChange) -> Option<Product> {
        let index = id.checked_sub(1)? as usize;
        let mut products = self.products.write();
        let product = products.get_mut(index)?;
        product.price_cents = change.price_cents.unwrap_or(product.price_cents);
        product.stock = change.stock.unwrap_or(product.stock);
        if let Some(name) = change.name {
            product.name = name;
        }
        product.version += 1;
        product.updated_at = rfc3339(now_ms());
        Some(product.clone())
    }

    /// A change as an event brings it: another price.
    pub fn bump(&self, id: u32) -> Option<Product> {
        let price_cents = self.product(id)?.price_cents + 1;
        self.update(
            id,
            ProductChange {
                price_cents: Some(price_cents),
                ..ProductChange::default()
            },
        )
    }

    /// The limit in requests per second.
    pub fn rate_limit_per_s(&self) -> Option<u32> {
        *self.per_s.lock()
    }

    /// Sets or lifts the limit.
    pub fn set_rate_limit_per_s(&self, per_s: Option<u32>) {
        *self.per_s.lock() = per_s;
    }

    /// Counts one request at this moment.
    pub fn count(&self, now_ms: i64) -> Quota {
        let limit = self.rate_limit_per_s();
        count(&mut self.window.lock(), limit, now_ms.div_euclid(1000))
    }

    fn page(&self, after_id: u32, limit: u32) -> Vec<Product> {
        let products = self.products.read();
        let page = products.iter().skip(after_id as usize);
        page.take(limit as usize).cloned().collect()
    }
}

fn count(window: &mut Window, limit: Option<u32>, second: i64) -> Quota {
    if window.second != second {
        *window = Window { second, used: 0 };
    }
    window.used = window.used.saturating_add(1);
    let per_s = limit.unwrap_or(NOMINAL_PER_S);
    Quota {
        per_s,
        remaining: per_s.saturating_sub(window.used),
        is_exceeded: limit.is_some_and(|limit| window.used > limit),
    }
}

impl Quota {
    /// Writes the fields of the draft into an answer.
    pub fn write_to(self, headers: &mut HeaderMap) {
        let policy = format!("\"default\";q={};w=1", self.per_s);
        let limit = format!("\"default\";r={};t=1", self.remaining);
        for (name, text) in [("ratelimit-policy", policy), ("ratelimit", limit)] {
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

/// The answer to a request over the limit.
pub fn too_many() -> Response {
    let mut answer = problem(
        StatusCode::TOO_MANY_REQUESTS,
        "rate_limited",
        "the rate limit is exceeded",
    );
    let headers = answer.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    answer
}

/// The catalogue's routes.
pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/v1/products", get(list))
        .route("/v1/products/{id}", get(one))
}

async fn one(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let product = id.parse().ok().and_then(|id| world.catalog.product(id));
    let Some(product) = product else {
        return not_found("no such product");
    };
    let etag = format!("\"p{}-v{}\"", product.id, product.version);
    tagged(&headers, &etag, &product)
}

/// The query of a list request.
#[derive(Deserialize)]
struct PageRequest {
    cursor: Option<String>,
    limit: Option<u32>,
}

async fn list(
    State(world): State<Arc<World>>,
    query: Result<Query<PageRequest>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let Query(page) = match query {
        Ok(page) => page,
        Err(error) => return error.into_response(),
    };
    let limit = page.limit.unwrap_or(PAGE_DEFAULT);
    if !(1..=PAGE_AT_MOST).contains(&limit) {
        return problem(
            StatusCode::BAD_REQUEST,
            "invalid_limit",
            "limit must be from 1 to 500",
        );
    }
    let cursor = page.cursor.unwrap_or_default();
    let Some(after_id) = after_id(&cursor) else {
        return problem(
            StatusCode::BAD_REQUEST,
            "invalid_cursor",
            "not a cursor of this list",
        );
    };
    let items = world.catalog.page(after_id, limit);
    let last_id = items.last().map_or(PRODUCTS, |last| last.id);
    let next_cursor = (last_id < PRODUCTS).then(|| cursor_after(last_id));
    json_ok(&json!({"items": items, "next_cursor": next_cursor, "total": PRODUCTS}))
}

fn cursor_after(id: u32) -> String {
    URL_SAFE_NO_PAD.encode(format!("after:{id}"))
}

/// The id that the cursor stands behind; 0 for the empty cursor.
fn after_id(cursor: &str) -> Option<u32> {
    if cursor.is_empty() {
        return Some(0);
    }
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    text.strip_prefix("after:")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_opaque_and_come_back() {
        assert_eq!(after_id(&cursor_after(500)), Some(500));
        assert_eq!(after_id(""), Some(0));
        assert_eq!(after_id("500"), None);
    }

    #[test]
    fn the_limit_counts_each_second_anew() {
        let mut window = Window::default();
        let seen: Vec<_> = [1, 1, 1, 2]
            .map(|second| count(&mut window, Some(2), second))
            .map(|quota| (quota.remaining, quota.is_exceeded))
            .into();
        assert_eq!(seen, [(1, false), (0, false), (0, true), (1, false)]);
        assert!(!count(&mut window, None, 2).is_exceeded);
    }

    #[test]
    fn an_update_bumps_the_version_and_keeps_the_rest() {
        let catalog = Catalog::default();
        let before = catalog.product(42).unwrap();
        let after = catalog.bump(42).unwrap();
        assert_eq!(after.version, before.version + 1);
        assert_eq!(after.price_cents, before.price_cents + 1);
        assert_eq!(after.name, before.name);
        assert!(catalog.bump(0).is_none() && catalog.bump(PRODUCTS + 1).is_none());
    }
}
