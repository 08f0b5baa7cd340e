//! The webhook sender against receivers in this process.

mod common;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use common::Sim;
use hmac::{Hmac, KeyInit, Mac};
use parking_lot::Mutex;
use serde_json::{Value, json};
use sha2::Sha256;
use vendor_sim::time::now_ms;

/// A receiver that checks signatures by its own arithmetic.
#[derive(Default)]
struct Receiver {
    key: Vec<u8>,
    /// Bodies by event id, in order of arrival.
    accepted: Mutex<Vec<(String, Vec<u8>)>>,
    refused: Mutex<BTreeMap<String, u64>>,
    busy: Mutex<u32>,
    at_once: Mutex<(HashMap<String, u32>, u32)>,
    believes_all: bool,
}

fn judge(key: &[u8], headers: &HeaderMap, body: &[u8]) -> Result<String, &'static str> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let (Some(id), Some(timestamp), Some(signature)) = (
        text("webhook-id"),
        text("webhook-timestamp"),
        text("webhook-signature"),
    ) else {
        return Err("missing_header");
    };
    let age_s = now_ms() / 1000 - timestamp.parse::<i64>().unwrap();
    if age_s > 300 {
        return Err("timestamp_too_old");
    }
    if age_s < -300 {
        return Err("timestamp_in_future");
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    if expected == signature {
        Ok(id.to_owned())
    } else {
        Err("no_match")
    }
}

async fn receive(
    State(receiver): State<Arc<Receiver>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let verdict = judge(&receiver.key, &headers, &body);
    let id = match verdict {
        Ok(id) => id,
        Err(_) if receiver.believes_all => return StatusCode::OK.into_response(),
        Err(reason) => {
            *receiver
                .refused
                .lock()
                .entry(reason.to_owned())
                .or_default() += 1;
            let answer = json!({"reason": reason}).to_string();
            return (StatusCode::BAD_REQUEST, answer).into_response();
        }
    };
    {
        let mut busy = receiver.busy.lock();
        if *busy > 0 {
            *busy -= 1;
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    }
    {
        let (now, most) = &mut *receiver.at_once.lock();
        let count = now.entry(id.clone()).or_default();
        *count += 1;
        *most += u32::from(*count == 2);
    }
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    if let Some(count) = receiver.at_once.lock().0.get_mut(&id) {
        *count -= 1;
    }
    receiver.accepted.lock().push((id, body.to_vec()));
    StatusCode::ACCEPTED.into_response()
}

/// Starts a receiver, and gives its address.
async fn listen(receiver: Arc<Receiver>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().fallback(receive).with_state(receiver);
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}/hook")
}

fn key(secret: &str) -> Vec<u8> {
    STANDARD
        .decode(secret.strip_prefix("whsec_").unwrap())
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_delivers_every_event_and_its_result_is_what_the_receiver_saw() {
    let sim = Sim::start().await;
    let receiver = Arc::new(Receiver {
        key: key(&sim.running.world.urls.crm_webhook_secret),
        busy: Mutex::new(7),
        ..Receiver::default()
    });
    let target = listen(Arc::clone(&receiver)).await;
    let run = json!({"target": target, "events": 250, "deliveries": 1000, "forged": 60,
        "entities": 50, "window": 100});
    let reply = sim.control("/webhooks/run", run).await;
    let result = reply.json();
    assert_eq!(reply.status, 200, "{result}");

    let accepted = receiver.accepted.lock();
    assert_eq!(accepted.len(), 1000);
    for (field, expected) in [
        ("events", json!(250)),
        ("deliveries", json!(1000)),
        ("accepted", json!(1000)),
        ("attempts", json!(1007)),
        ("resent", json!(7)),
        ("refused", json!(0)),
        ("given_up", json!(0)),
        ("pairs", json!(50)),
        ("events_undelivered", json!([])),
        ("answers", json!({"202": 1000, "503": 7})),
        ("timed_out", json!(false)),
    ] {
        assert_eq!(result[field], expected, "{field}");
    }

    // The same id always has the same body, and every event arrived.
    let mut bodies = HashMap::new();
    for (id, body) in accepted.iter() {
        assert_eq!(
            bodies.entry(id.clone()).or_insert_with(|| body.clone()),
            body
        );
    }
    let ids: Vec<_> = result["event_ids"].as_array().unwrap().iter().collect();
    assert_eq!((ids.len(), bodies.len()), (250, 250));
    assert!(
        ids.iter()
            .all(|id| bodies.contains_key(id.as_str().unwrap()))
    );

    // Most pairs do meet; how many depends on the machine.
    let met = receiver.at_once.lock().1;
    assert!(met >= 10, "{met}");

    let forged = &result["forged"];
    assert_eq!(forged["sent"], 60);
    assert_eq!(forged["accepted"], 0);
    assert_eq!(forged["wrong_reason"], 0);
    let refused = receiver.refused.lock();
    let expected = json!({"missing_header": 10, "no_match": 30, "timestamp_in_future": 10, "timestamp_too_old": 10});
    assert_eq!(json!(*refused), expected);
    assert_eq!(
        forged["by_kind"]["expired"]["reasons"],
        json!({"timestamp_too_old": 10})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_end_at_their_newest_event_which_arrived_out_of_order() {
    let sim = Sim::start().await;
    let receiver = Arc::new(Receiver {
        key: key(&sim.running.world.urls.crm_webhook_secret),
        ..Receiver::default()
    });
    let target = listen(Arc::clone(&receiver)).await;
    let run = json!({"target": target, "events": 100, "deliveries": 400, "forged": 0,
        "entities": 10, "window": 200});
    sim.control("/webhooks/run", run).await;
    let mut newest: HashMap<String, u64> = HashMap::new();
    let mut overtaken = 0;
    for (_, body) in receiver.accepted.lock().iter() {
        let event: Value = serde_json::from_slice(body).unwrap();
        assert_eq!(event["type"], "contact.updated");
        let id = event["data"]["id"].as_str().unwrap().to_owned();
        let version = event["data"]["version"].as_u64().unwrap();
        let known = newest.entry(id).or_default();
        overtaken += u64::from(*known > version);
        *known = (*known).max(version);
    }
    assert!(overtaken > 0);
    assert_eq!(newest.len(), 10);
    for (id, version) in newest {
        assert_eq!(version, 11);
        let contact = sim.running.world.crm.contact(&id).unwrap();
        assert_eq!(
            (contact.version, contact.email),
            (11, format!("{id}.v11@example.test"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_believes_everything_is_found_out() {
    let sim = Sim::start().await;
    let receiver = Arc::new(Receiver {
        key: key(&sim.running.world.urls.crm_webhook_secret),
        believes_all: true,
        ..Receiver::default()
    });
    let target = listen(receiver).await;
    let run = json!({"target": target, "events": 6, "deliveries": 6, "forged": 6});
    let result = sim.control("/webhooks/run", run).await.json();
    assert_eq!(result["forged"]["accepted"], 6);
    assert_eq!(result["forged"]["by_kind"]["wrong_secret"]["accepted"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_never_arrive_are_named() {
    let sim = Sim::start().await;
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/", listener.local_addr().unwrap())
    };
    let run = json!({"target": closed, "events": 3, "deliveries": 3, "forged": 0, "max_tries": 2});
    let result = sim.control("/webhooks/run", run).await.json();
    assert_eq!(result["given_up"], 3);
    assert_eq!(result["events_undelivered"], result["event_ids"]);
    assert_eq!(result["answers"], json!({"connection": 6}));
    assert_eq!(sim.control_get("/webhooks/result").await, result);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_run_at_a_time_and_it_ends_in_time() {
    let sim = Sim::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}/", listener.local_addr().unwrap());
    let run = json!({"target": target, "max_seconds": 1, "wait": false});
    assert_eq!(sim.control("/webhooks/run", run.clone()).await.status, 202);
    assert_eq!(sim.control("/webhooks/run", run).await.status, 409);
    let progress = sim.control_get("/webhooks/progress").await;
    assert_eq!(
        (&progress["running"], &progress["total"]),
        (&json!(true), &json!(4200))
    );
    while sim.control_get("/webhooks/progress").await["running"] == true {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let result = sim.control_get("/webhooks/result").await;
    assert_eq!(
        (&result["timed_out"], &result["accepted"]),
        (&json!(true), &json!(0))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogue_signs_with_its_own_secret() {
    let sim = Sim::start().await;
    let receiver = Arc::new(Receiver {
        key: key(&sim.running.world.urls.catalog_webhook_secret),
        ..Receiver::default()
    });
    let target = listen(Arc::clone(&receiver)).await;
    let update = json!({"id": 42, "price_cents": 5, "webhook": true, "target": target});
    let answer = sim.control("/catalog/update", update).await.json();
    assert_eq!(answer["webhook"]["status"], 202);
    let run = json!({"target": target, "vendor": "catalog", "events": 4, "deliveries": 8,
        "entities": 2, "forged": 0});
    let result = sim.control("/webhooks/run", run).await.json();
    assert_eq!(result["accepted"], 8);
    let accepted = receiver.accepted.lock();
    let first: Value = serde_json::from_slice(&accepted[0].1).unwrap();
    assert_eq!(first["type"], "product.updated");
    assert_eq!(first["data"], json!({"id": "42", "version": 2}));
    assert_eq!(sim.running.world.catalog.product(1).unwrap().version, 3);
}
