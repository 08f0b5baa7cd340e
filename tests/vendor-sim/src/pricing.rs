//! The pricing service: price, discount and tax of a product, each over REST, all in one over
//! GraphQL with automatic persisted queries (the protocol of Apollo Server 4).
//!
//! The price is the catalogue's; discount and tax follow from the id. Known queries are kept by
//! their SHA-256, up to [`QUERIES_AT_MOST`]; after that new ones are run but not kept.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;
use parking_lot::RwLock;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::World;
use crate::answer::{json_ok, json_with, not_found, tagged};
use crate::catalog::Product;
use crate::graphql;

/// Persisted queries kept.
const QUERIES_AT_MOST: usize = 1_000;

/// The pricing service's state.
#[derive(Default)]
pub struct Pricing {
    queries: RwLock<HashMap<String, Arc<str>>>,
}

/// A part of a product's price, by the name it has in REST and GraphQL.
#[derive(Clone, Copy)]
enum Part {
    Price,
    Discount,
    Tax,
}

impl Part {
    fn of(self, product: &Product) -> Map<String, Value> {
        let id = product.id;
        let part = match self {
            Self::Price => {
                json!({"amount_cents": product.price_cents, "currency": product.currency})
            }
            Self::Discount => match id % 4 {
                0 => json!({"percent": 0, "label": "none"}),
                1 => json!({"percent": 5, "label": "spring"}),
                2 => json!({"percent": 10, "label": "volume"}),
                _ => json!({"percent": 15, "label": "clearance"}),
            },
            Self::Tax => match id % 3 {
                0 => json!({"rate_percent": 19, "country": "DE"}),
                1 => json!({"rate_percent": 20, "country": "FR"}),
                _ => json!({"rate_percent": 21, "country": "NL"}),
            },
        };
        match part {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }
}

/// The pricing service's routes.
pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/graphql", post(query))
        .route("/prices/{id}", rest(Part::Price))
        .route("/discounts/{id}", rest(Part::Discount))
        .route("/taxes/{id}", rest(Part::Tax))
}

fn rest(part: Part) -> axum::routing::MethodRouter<Arc<World>> {
    get(
        move |State(world): State<Arc<World>>, Path(id): Path<String>, headers: HeaderMap| async move {
            let product = id.parse().ok().and_then(|id| world.catalog.product(id));
            let Some(product) = product else {
                return not_found("no such product");
            };
            let mut object = Map::from_iter([("id".to_owned(), json!(product.id))]);
            object.extend(part.of(&product));
            let etag = format!("\"{}-v{}\"", product.id, product.version);
            tagged(&headers, &etag, &object)
        },
    )
}

/// The body of a GraphQL request.
#[derive(Deserialize)]
struct Request {
    query: Option<String>,
    #[serde(default)]
    variables: Option<Map<String, Value>>,
    #[serde(default)]
    extensions: Extensions,
}

#[derive(Default, Deserialize)]
struct Extensions {
    #[serde(rename = "persistedQuery")]
    persisted_query: Option<PersistedQuery>,
}

#[derive(Deserialize)]
struct PersistedQuery {
    #[serde(rename = "sha256Hash")]
    sha256_hash: String,
}

/// A refusal in GraphQL's shape.
fn failure(status: StatusCode, message: &str, code: &str) -> Response {
    let error = json!({"message": message, "extensions": {"code": code}});
    json_with(status, &json!({"errors": [error]}))
}

async fn query(State(world): State<Arc<World>>, body: Bytes) -> Response {
    let bad = StatusCode::BAD_REQUEST;
    let request: Request = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => return failure(bad, &error.to_string(), "BAD_REQUEST"),
    };
    let text = match world.pricing.text_of(&request) {
        Ok(text) => text,
        Err(answer) => return *answer,
    };
    let variables = request.variables.unwrap_or_default();
    let fields = match graphql::parse(&text, &variables) {
        Ok(fields) => fields,
        Err(why) => return failure(bad, &why, "GRAPHQL_PARSE_FAILED"),
    };
    match run(&world, &fields) {
        Ok(data) => json_ok(&json!({"data": data})),
        Err(why) => failure(bad, &why, "GRAPHQL_VALIDATION_FAILED"),
    }
}

impl Pricing {
    /// The text to run: sent, or known by its hash.
    fn text_of(&self, request: &Request) -> Result<Arc<str>, Box<Response>> {
        let hash = request
            .extensions
            .persisted_query
            .as_ref()
            .map(|persisted| persisted.sha256_hash.to_ascii_lowercase());
        match (&request.query, hash) {
            (Some(text), None) => Ok(text.as_str().into()),
            (Some(text), Some(hash)) => self.keep(text, hash),
            (None, Some(hash)) => self.queries.read().get(&hash).cloned().ok_or_else(|| {
                let code = "PERSISTED_QUERY_NOT_FOUND";
                Box::new(failure(StatusCode::OK, "PersistedQueryNotFound", code))
            }),
            (None, None) => {
                let message = "neither query nor persistedQuery";
                Err(Box::new(failure(
                    StatusCode::BAD_REQUEST,
                    message,
                    "BAD_REQUEST",
                )))
            }
        }
    }

    fn keep(&self, text: &str, hash: String) -> Result<Arc<str>, Box<Response>> {
        if hex::encode(Sha256::digest(text.as_bytes())) != hash {
            let message = "provided sha does not match query";
            let answer = failure(StatusCode::BAD_REQUEST, message, "BAD_REQUEST");
            return Err(Box::new(answer));
        }
        let text: Arc<str> = text.into();
        let mut queries = self.queries.write();
        if queries.len() < QUERIES_AT_MOST {
            queries.insert(hash, Arc::clone(&text));
        }
        Ok(text)
    }
}

fn run(world: &World, fields: &[graphql::Field]) -> Result<Value, String> {
    let mut data = Map::new();
    for field in fields {
        if field.name != "product" {
            return Err(format!("cannot query field \"{}\" on Query", field.name));
        }
        let id = match field.arguments.get("id") {
            Some(Value::String(text)) => text.parse().ok(),
            Some(Value::Number(number)) => number.as_u64().and_then(|id| id.try_into().ok()),
            _ => return Err("product needs the argument id".to_owned()),
        };
        let product = id.and_then(|id| world.catalog.product(id));
        let value = match product {
            Some(product) => graphql::select(&whole(&product), &field.fields)?,
            None => Value::Null,
        };
        data.insert(field.name.clone(), value);
    }
    Ok(Value::Object(data))
}

fn whole(product: &Product) -> Value {
    json!({
        "id": product.id.to_string(),
        "price": Part::Price.of(product),
        "discount": Part::Discount.of(product),
        "tax": Part::Tax.of(product),
    })
}
