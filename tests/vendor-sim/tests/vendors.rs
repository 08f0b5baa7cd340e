//! What the vendors serve when they are well.

mod common;

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::{Reply, Sim};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use vendor_sim::Vendor;

const QUERY: &str = "query Price($id: ID!) { product(id: $id) { id price { amount_cents currency } discount { percent label } tax { rate_percent country } } }";

#[tokio::test]
async fn every_endpoint_wants_a_valid_token_of_its_scope() {
    let sim = Sim::start().await;
    let wrong = sim.token("crm").await;
    for (vendor, path) in [
        (Vendor::Catalog, "/v1/products/1"),
        (Vendor::Catalog, "/v1/products"),
        (Vendor::Crm, "/contacts/c1"),
        (Vendor::Pricing, "/prices/1"),
        (Vendor::Pricing, "/discounts/1"),
        (Vendor::Pricing, "/taxes/1"),
    ] {
        let none = sim.send(sim.http.get(sim.url(vendor, path))).await;
        let realm = format!("Bearer realm=\"{}\"", vendor.name());
        assert_eq!(
            (none.status, none.header("www-authenticate")),
            (401, &*realm)
        );
        let forged = sim.get(vendor, "a.b.c", path).await;
        assert_eq!(forged.status, 401);
        assert!(forged.header("www-authenticate").contains("invalid_token"));
        let other = if vendor == Vendor::Crm {
            sim.token("catalog").await
        } else {
            wrong.clone()
        };
        let other = sim.get(vendor, &other, path).await;
        assert_eq!(other.status, 403, "{path}");
        assert!(other.header("www-authenticate").contains(vendor.scope()));
        let right = sim.token(vendor.name()).await;
        assert_eq!(sim.get(vendor, &right, path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn tokens_are_signed_by_the_published_key_and_counted() {
    let sim = Sim::start().await;
    let token = sim.token("catalog").await;
    let jwks = sim
        .send(
            sim.http
                .get(sim.url(Vendor::Identity, "/.well-known/jwks.json")),
        )
        .await
        .json();
    let key = &jwks["keys"][0];
    let decoding = jsonwebtoken::DecodingKey::from_rsa_components(
        key["n"].as_str().unwrap(),
        key["e"].as_str().unwrap(),
    )
    .unwrap();
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
    validation.set_issuer(&[&sim.running.world.urls.identity]);
    let claims = jsonwebtoken::decode::<Value>(&token, &decoding, &validation)
        .unwrap()
        .claims;
    assert_eq!(claims["scope"], "products.read");
    let lifetime = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert!((10..=11).contains(&lifetime));
    let header: Value = serde_json::from_slice(
        &URL_SAFE_NO_PAD
            .decode(token.split('.').next().unwrap())
            .unwrap(),
    )
    .unwrap();
    assert_eq!(header["kid"], key["kid"]);
    let tokens = sim.control_get("/tokens").await;
    assert_eq!(tokens["requests"].as_array().unwrap().len(), 1);
    assert_eq!(tokens["requests"][0]["token_id"], claims["jti"]);
    assert_eq!(tokens["lifetime_s"], 10);
}

async fn token_request(sim: &Sim, form: &'static str) -> Reply {
    let request = sim
        .http
        .post(sim.url(Vendor::Identity, "/token"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form);
    sim.send(request).await
}

#[tokio::test]
async fn token_requests_are_refused_as_the_rfc_says() {
    let sim = Sim::start().await;
    for (form, status, error) in [
        (
            "grant_type=client_credentials&client_id=crm&client_secret=crm-secret",
            200,
            Value::Null,
        ),
        (
            "grant_type=client_credentials&client_id=crm&client_secret=no",
            401,
            json!("invalid_client"),
        ),
        (
            "grant_type=client_credentials&client_id=identity&client_secret=identity-secret",
            401,
            json!("invalid_client"),
        ),
        (
            "grant_type=client_credentials",
            401,
            json!("invalid_client"),
        ),
        (
            "grant_type=password&client_id=crm&client_secret=crm-secret",
            400,
            json!("unsupported_grant_type"),
        ),
        ("client_id=crm", 400, json!("invalid_request")),
        (
            "grant_type=client_credentials&client_id=crm&client_secret=crm-secret&scope=all",
            400,
            json!("invalid_scope"),
        ),
    ] {
        let reply = token_request(&sim, form).await;
        assert_eq!(
            (reply.status, &reply.json()["error"]),
            (status, &error),
            "{form}"
        );
    }
}

#[tokio::test]
async fn revoked_tokens_are_refused() {
    let sim = Sim::start().await;
    let token = sim.token("catalog").await;
    let kept = sim.token("crm").await;
    let revoked = sim
        .control("/tokens/revoke", json!({"client_id": "catalog"}))
        .await;
    assert_eq!(revoked.json(), json!({"revoked": 1}));
    assert_eq!(
        sim.get(Vendor::Catalog, &token, "/v1/products/1")
            .await
            .status,
        401
    );
    assert_eq!(
        sim.get(Vendor::Crm, &kept, "/contacts/c1").await.status,
        200
    );
}

#[tokio::test]
async fn a_known_version_is_not_sent_again_until_it_changes() {
    let sim = Sim::start().await;
    let token = sim.token("catalog").await;
    let first = sim.get(Vendor::Catalog, &token, "/v1/products/42").await;
    assert_eq!(first.json()["id"], 42);
    let etag = first.header("etag").to_owned();
    let again = || {
        let request = sim.http.get(sim.url(Vendor::Catalog, "/v1/products/42"));
        sim.send(request.bearer_auth(&token).header("if-none-match", &etag))
    };
    let unchanged = again().await;
    assert_eq!((unchanged.status, unchanged.body.len()), (304, 0));
    assert_eq!(unchanged.header("etag"), etag);
    let update = json!({"id": 42, "price_cents": 777});
    assert_eq!(sim.control("/catalog/update", update).await.status, 200);
    let changed = again().await;
    assert_eq!(changed.status, 200);
    assert_eq!(changed.json()["price_cents"], 777);
    assert_eq!(changed.json()["version"], 2);
    assert_ne!(changed.header("etag"), etag);
}

#[tokio::test]
async fn pages_cover_every_product_once_in_order() {
    let sim = Sim::start().await;
    let token = sim.token("catalog").await;
    for limit in [500, 333] {
        let (mut cursor, mut ids) = (String::new(), Vec::new());
        loop {
            let path = format!("/v1/products?limit={limit}&cursor={cursor}");
            let page = sim.get(Vendor::Catalog, &token, &path).await.json();
            assert_eq!(page["total"], 10_000);
            let items = page["items"].as_array().unwrap();
            ids.extend(items.iter().map(|item| item["id"].as_u64().unwrap()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(ids, (1..=10_000).collect::<Vec<_>>());
    }
    for path in [
        "/v1/products?limit=0",
        "/v1/products?limit=501",
        "/v1/products?cursor=x",
    ] {
        assert_eq!(
            sim.get(Vendor::Catalog, &token, path).await.status,
            400,
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_rate_limit_is_told_and_kept() {
    let sim = Sim::start().await;
    let token = sim.token("catalog").await;
    let free = sim.get(Vendor::Catalog, &token, "/v1/products/1").await;
    assert_eq!(free.header("ratelimit-policy"), "\"default\";q=10000;w=1");
    sim.control("/catalog/rate-limit", json!({"per_s": 1}))
        .await;
    // At least two of three requests lie in one second, unless they take longer than that.
    let mut refused = 0;
    for _ in 0..3 {
        let reply = sim.get(Vendor::Catalog, &token, "/v1/products/1").await;
        if reply.status == 429 {
            refused += 1;
            assert_eq!(reply.header("retry-after"), "1");
            assert_eq!(reply.header("ratelimit"), "\"default\";r=0;t=1");
        }
    }
    assert!(refused >= 1);
}

async fn graphql(sim: &Sim, token: &str, body: Value) -> Reply {
    let request = sim.http.post(sim.url(Vendor::Pricing, "/graphql"));
    sim.send(request.bearer_auth(token).body(body.to_string()))
        .await
}

#[tokio::test]
async fn a_persisted_query_is_missed_once_then_hit_and_equals_rest() {
    let sim = Sim::start().await;
    let token = sim.token("pricing").await;
    let hash = hex::encode(Sha256::digest(QUERY));
    let extensions = json!({"persistedQuery": {"version": 1, "sha256Hash": hash}});
    let by_hash = json!({"variables": {"id": "42"}, "extensions": extensions});
    let missed = graphql(&sim, &token, by_hash.clone()).await;
    assert_eq!(missed.status, 200);
    let error = &missed.json()["errors"][0];
    assert_eq!(error["message"], "PersistedQueryNotFound");
    assert_eq!(error["extensions"]["code"], "PERSISTED_QUERY_NOT_FOUND");
    let mut with_text = by_hash.clone();
    with_text["query"] = json!(QUERY);
    let registered = graphql(&sim, &token, with_text.clone()).await.json();
    let hit = graphql(&sim, &token, by_hash).await.json();
    assert_eq!(hit, registered);
    for (path, part) in [
        ("prices", "price"),
        ("discounts", "discount"),
        ("taxes", "tax"),
    ] {
        let rest = sim
            .get(Vendor::Pricing, &token, &format!("/{path}/42"))
            .await;
        let mut rest = rest.json();
        assert_eq!(rest["id"], 42);
        rest.as_object_mut().unwrap().shift_remove("id");
        assert_eq!(hit["data"]["product"][part], rest);
    }
    with_text["query"] = json!("{ product(id: 1) { id } }");
    assert_eq!(graphql(&sim, &token, with_text).await.status, 400);
    let unknown = json!({"query": "{ product(id: 10001) { id } }"});
    let unknown = graphql(&sim, &token, unknown).await.json();
    assert_eq!(unknown, json!({"data": {"product": null}}));
}

#[tokio::test]
async fn the_log_has_each_request_with_its_token_and_correlation_id() {
    let sim = Sim::start().await;
    let token = sim.token("crm").await;
    let reset = sim.control("/log/reset", json!({})).await.json();
    let request = sim.http.get(sim.url(Vendor::Crm, "/contacts/c7?x=1"));
    let reply = sim
        .send(
            request
                .bearer_auth(&token)
                .header("x-correlation-id", "k-1"),
        )
        .await;
    assert_eq!(reply.header("x-correlation-id"), "k-1");
    let log = sim
        .control_get(&format!("/log?since={}", reset["next"]))
        .await;
    let entries = log["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 1);
    let entry = &entries[0];
    assert_eq!(entry["vendor"], "crm");
    assert_eq!(entry["path"], "/contacts/c7?x=1");
    assert_eq!(entry["status"], 200);
    assert_eq!(entry["fault"], Value::Null);
    assert_eq!(entry["correlation_id"], "k-1");
    assert_eq!(entry["response_bytes"], reply.body.len());
    assert_eq!(entry["token_id"].as_str().unwrap().len(), 24);
    let summary = sim.control_get("/log/summary").await;
    assert_eq!(summary["vendors"]["crm"]["by_status"], json!({"200": 1}));
    assert_eq!(log["next"], summary["next"]);
}

#[tokio::test]
async fn control_refuses_what_it_does_not_know() {
    let sim = Sim::start().await;
    for (path, body) in [
        ("/fault", json!({"vendor": "nobody", "kind": "none"})),
        ("/fault", json!({"vendor": "crm", "kind": "flood"})),
        (
            "/fault",
            json!({"vendor": "crm", "kind": "hang", "share": 2}),
        ),
        (
            "/fault",
            json!({"vendor": "crm", "kind": "hang", "shares": 1}),
        ),
        ("/tokens/lifetime", json!({"lifetime_s": 0})),
        ("/webhooks/run", json!({"events": 5})),
        (
            "/webhooks/run",
            json!({"target": "http://127.0.0.1:9", "events": 5, "deliveries": 4}),
        ),
        ("/catalog/update", json!({"id": 1, "webhook": true})),
    ] {
        assert_eq!(
            sim.control(path, body.clone()).await.status,
            400,
            "{path} {body}"
        );
    }
    let all = sim.control_get("/crm/contacts").await;
    let ids: HashSet<_> = all["contacts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|contact| contact["id"].to_string())
        .collect();
    assert_eq!(ids.len(), 200);
}
