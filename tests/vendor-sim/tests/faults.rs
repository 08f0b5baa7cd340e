//! Each fault as a client sees it on its socket.

mod common;

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use common::{Sim, read_all};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use vendor_sim::Vendor::{Catalog, Crm};

const PATH: &str = "/v1/products/42";

async fn sim_with(fault: Value) -> (Sim, String) {
    let sim = Sim::start().await;
    let token = sim.token("catalog").await;
    sim.control("/log/reset", json!({})).await;
    sim.fault(fault).await;
    (sim, token)
}

async fn last_entry(sim: &Sim) -> Value {
    let log = sim.control_get("/log?vendor=catalog").await;
    log["entries"].as_array().unwrap().last().unwrap().clone()
}

#[tokio::test]
async fn status_answers_at_once_with_retry_after() {
    let fault = json!({"vendor": "catalog", "kind": "status", "status": 502, "retry_after_s": 7});
    let (sim, token) = sim_with(fault).await;
    let reply = sim.get(Catalog, &token, PATH).await;
    assert_eq!((reply.status, reply.header("retry-after")), (502, "7"));
    let entry = last_entry(&sim).await;
    assert_eq!(
        (&entry["status"], &entry["fault"]),
        (&json!(502), &json!("status"))
    );
    let crm = sim.token("crm").await;
    assert_eq!(sim.get(Crm, &crm, "/contacts/c1").await.status, 200);
    sim.heal().await;
    assert_eq!(sim.get(Catalog, &token, PATH).await.status, 200);
}

#[tokio::test]
async fn a_share_is_met_by_some_requests_only() {
    let fault = json!({"vendor": "catalog", "kind": "status", "share": 0.5});
    let (sim, token) = sim_with(fault).await;
    let mut refused = 0;
    for _ in 0..200 {
        refused += i32::from(sim.get(Catalog, &token, PATH).await.status == 503);
    }
    // Six standard deviations.
    assert!((58..=142).contains(&refused), "{refused}");
}

#[tokio::test]
async fn latency_delays_a_whole_answer() {
    let fault = json!({"vendor": "catalog", "kind": "latency", "delay_ms": 80, "delay_max_ms": 90});
    let (sim, token) = sim_with(fault).await;
    let began = Instant::now();
    assert_eq!(sim.get(Catalog, &token, PATH).await.status, 200);
    assert!(began.elapsed() >= Duration::from_millis(80));
    assert!(last_entry(&sim).await["took_us"].as_u64().unwrap() >= 80_000);
}

#[tokio::test]
async fn reset_is_an_rst_without_a_byte() {
    let (sim, token) = sim_with(json!({"vendor": "catalog", "kind": "reset"})).await;
    let mut stream = sim.raw_get(Catalog, &token, PATH).await;
    let (text, ended) = read_all(&mut stream).await;
    assert_eq!(text, "");
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::ConnectionReset);
    let entry = last_entry(&sim).await;
    assert_eq!(
        (&entry["status"], &entry["fault"]),
        (&Value::Null, &json!("reset"))
    );
}

#[tokio::test]
async fn half_a_body_comes_with_the_whole_length_and_a_plain_end() {
    let (sim, token) = sim_with(json!({"vendor": "catalog", "kind": "half_body"})).await;
    let mut stream = sim.raw_get(Catalog, &token, PATH).await;
    let (text, ended) = read_all(&mut stream).await;
    ended.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap();
    assert_eq!(body.len(), length.parse::<usize>().unwrap() / 2);
    assert!(body.starts_with("{\"id\":42"));
}

/// What a client reads of a fault: text, and how it ended within half a second.
async fn read_fault(kind: &str) -> (String, Option<std::io::Result<()>>) {
    let (sim, token) = sim_with(json!({"vendor": "catalog", "kind": kind})).await;
    let mut stream = sim.raw_get(Catalog, &token, PATH).await;
    let mut bytes = Vec::new();
    let mut buffer = [0; 65_536];
    let half_a_second = Duration::from_millis(500);
    let ended = tokio::time::timeout(half_a_second, async {
        loop {
            match stream.read(&mut buffer).await {
                Ok(0) => return Ok(()),
                Ok(count) => bytes.extend_from_slice(&buffer[..count]),
                Err(error) => return Err(error),
            }
        }
    });
    let ended = ended.await.ok();
    assert_eq!(last_entry(&sim).await["fault"], json!(kind));
    (String::from_utf8(bytes).unwrap(), ended)
}

#[tokio::test]
async fn answers_that_are_none_end_or_stall_or_go_on() {
    let (text, ended) = read_fault("close").await;
    assert!(text.is_empty() && matches!(ended, Some(Ok(()))), "{text}");
    let (text, ended) = read_fault("garbled").await;
    assert!(text.starts_with("220 ") && matches!(ended, Some(Ok(()))));
    let (text, ended) = read_fault("half_head").await;
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && !text.contains("\r\n\r\n"));
    assert!(matches!(ended, Some(Ok(()))));
    let (text, ended) = read_fault("stalled_head").await;
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && ended.is_none());
    let (text, ended) = read_fault("endless_head").await;
    assert!(text.len() > 1 << 20 && !text.contains("\r\n\r\n") && ended.is_none());
}

#[tokio::test]
async fn bodies_break_off_stall_or_go_on() {
    let halved = |text: &str| {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        body.len() == length.unwrap().parse::<usize>().unwrap() / 2
    };
    let (text, ended) = read_fault("reset_in_body").await;
    assert!(halved(&text));
    let error = ended.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    let (text, ended) = read_fault("stalled_body").await;
    assert!(halved(&text) && ended.is_none());
    let (text, ended) = read_fault("endless_body").await;
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.len() > 1 << 20 && ended.is_none());
}

#[tokio::test]
async fn close_after_gives_a_whole_answer_and_ends_without_notice() {
    let (text, ended) = read_fault("close_after").await;
    assert!(
        text.ends_with('}') && !text.contains("connection:"),
        "{text}"
    );
    assert!(matches!(ended, Some(Ok(()))));
}

#[tokio::test]
async fn a_slow_body_trickles_but_is_whole() {
    let fault = json!({"vendor": "catalog", "kind": "slow_body", "delay_ms": 20});
    let (sim, token) = sim_with(fault).await;
    let mut stream = sim.raw_get(Catalog, &token, PATH).await;
    let began = Instant::now();
    let mut buffer = [0; 4096];
    let count = stream.read(&mut buffer).await.unwrap();
    let first = String::from_utf8_lossy(&buffer[..count]).into_owned();
    assert!(
        first.starts_with("HTTP/1.1 200 OK\r\n") && first.ends_with("\r\n\r\n"),
        "{first}"
    );
    drop(stream);
    let reply = sim.get(Catalog, &token, PATH).await;
    assert_eq!(reply.json()["id"], 42);
    // Sixteen pieces, less what rounding the size of a piece may save.
    assert!(began.elapsed() >= Duration::from_millis(15 * 20));
}

#[tokio::test]
async fn hang_accepts_and_logs_but_never_answers() {
    let (sim, token) = sim_with(json!({"vendor": "catalog", "kind": "hang"})).await;
    let mut stream = sim.raw_get(Catalog, &token, PATH).await;
    let mut buffer = [0; 16];
    let read = tokio::time::timeout(Duration::from_millis(300), stream.read(&mut buffer)).await;
    assert!(read.is_err(), "{read:?}");
    let entry = last_entry(&sim).await;
    assert_eq!(
        (&entry["status"], &entry["fault"]),
        (&Value::Null, &json!("hang"))
    );
    assert_eq!(entry["correlation_id"], "raw-1");
    // A client that goes away is noticed, so hanging requests do not pile up.
    drop(stream);
    let began = Instant::now();
    loop {
        let state = sim.control_get("/state").await;
        let open = state["vendors"]["catalog"]["open_connections"]
            .as_u64()
            .unwrap();
        if open == 0 {
            break;
        }
        assert!(
            began.elapsed() < Duration::from_secs(5),
            "{open} still open"
        );
    }
}

#[tokio::test]
async fn refuse_closes_the_port_resets_what_is_open_and_comes_back_on_the_same_port() {
    let sim = Sim::start().await;
    let token = sim.token("catalog").await;
    let mut idle = sim.connect(Catalog).await.unwrap();
    sim.fault(json!({"vendor": "catalog", "kind": "hang"}))
        .await;
    let mut hanging = sim.raw_get(Catalog, &token, PATH).await;
    let began = Instant::now();
    while sim.control_get("/log/summary").await["vendors"]["catalog"]["requests"] != 1 {
        assert!(began.elapsed() < Duration::from_secs(5));
    }
    for _ in 0..3 {
        sim.fault(json!({"vendor": "catalog", "kind": "refuse"}))
            .await;
        let refused = sim.connect(Catalog).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        let crm = sim.token("crm").await;
        assert_eq!(sim.get(Crm, &crm, "/contacts/c1").await.status, 200);
        sim.heal().await;
        assert_eq!(sim.get(Catalog, &token, PATH).await.status, 200);
    }
    for stream in [&mut idle, &mut hanging] {
        let (text, ended) = read_all(stream).await;
        assert_eq!(text, "");
        assert_eq!(ended.unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
}

#[tokio::test]
async fn a_fault_of_all_includes_identity() {
    let (sim, _) = sim_with(json!({"vendor": "all", "kind": "status"})).await;
    let request = sim
        .http
        .post(sim.url(vendor_sim::Vendor::Identity, "/token"));
    assert_eq!(sim.send(request).await.status, 503);
    let tokens = sim.control_get("/tokens").await;
    assert_eq!(tokens["requests"], json!([]));
}

#[tokio::test]
async fn the_time_of_a_request_is_that_of_its_first_byte() {
    use tokio::io::AsyncWriteExt;
    let sim = Sim::start().await;
    let token = sim.token("catalog").await;
    let mut stream = sim.connect(Catalog).await.unwrap();
    let head = format!("GET {PATH} HTTP/1.1\r\nHost: v\r\nAuthorization: Bearer {token}\r\n");
    let before = vendor_sim::time::now_ms();
    stream.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(600)).await;
    let end = "Connection: close\r\n\r\n";
    stream.write_all(end.as_bytes()).await.unwrap();
    read_all(&mut stream).await.1.unwrap();
    let t_ms = last_entry(&sim).await["t_ms"].as_i64().unwrap();
    assert!((before..before + 500).contains(&t_ms), "{}", t_ms - before);
}
