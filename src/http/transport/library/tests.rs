//! HTTP/2 and proxies against servers in this process.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use h2::Reason;
use h2::server::SendResponse;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::http::{Answer, CallError, CallErrorKind, Client, NoHost, Request, Sent};
use crate::options::{Plan, Value};
use crate::segment::Segment;

/// What the server does with the request of this number, from 0.
#[derive(Clone, Copy)]
enum Deed {
    Answer,
    Refuse,
    Cancel,
    GoAway,
}

fn answer(respond: &mut SendResponse<Bytes>) {
    let response = http::Response::builder().status(200).body(()).unwrap();
    let mut body = respond.send_response(response, false).unwrap();
    body.send_data(Bytes::from_static(b"ok"), true).unwrap();
}

async fn serve(stream: tokio::net::TcpStream, script: Vec<Deed>, count: Arc<AtomicU32>) {
    let mut connection = h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((_request, mut respond))) = connection.accept().await {
        let number = count.fetch_add(1, Ordering::SeqCst) as usize;
        match script[number.min(script.len() - 1)] {
            Deed::Answer => answer(&mut respond),
            Deed::Refuse => respond.send_reset(Reason::REFUSED_STREAM),
            Deed::Cancel => respond.send_reset(Reason::CANCEL),
            Deed::GoAway => unreachable!("it is done before a request is taken"),
        }
    }
}

/// Reads up to a request and leaves without having looked at it: GOAWAY with no stream taken.
async fn go_away(mut stream: tokio::net::TcpStream) {
    const PREFACE_BYTES: usize = 24;
    const FRAME_HEAD_BYTES: usize = 9;
    const HEADERS: u8 = 1;
    let mut heard = Vec::new();
    let mut at = PREFACE_BYTES;
    loop {
        while heard.len() < at + FRAME_HEAD_BYTES {
            assert!(stream.read_buf(&mut heard).await.unwrap() > 0);
        }
        if heard[at + 3] == HEADERS {
            break;
        }
        let length = usize::from(heard[at + 1]) << 8 | usize::from(heard[at + 2]);
        at += FRAME_HEAD_BYTES + length;
    }
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let goaway = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    stream.write_all(&settings).await.unwrap();
    stream.write_all(&goaway).await.unwrap();
    // Until the client has heard it.
    while stream.read_buf(&mut heard).await.is_ok_and(|read| read > 0) {}
}

/// A server without TLS; its URL, and how many requests it had.
fn server(mut script: Vec<Deed>) -> (String, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap());
    let count = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&count);
    listener.set_nonblocking(true).unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                if let Some(Deed::GoAway) = script.first() {
                    script.remove(0);
                    tokio::spawn(go_away(stream));
                } else {
                    tokio::spawn(serve(stream, script.clone(), Arc::clone(&counted)));
                }
            }
        });
    });
    (base, count)
}

fn client(base: &str, more: Vec<(&str, Value)>) -> Client {
    let mut options = vec![
        ("base_uri", Value::from(base)),
        (
            "retry",
            Value::map([
                ("max_attempts", Value::from(2)),
                ("base_delay_ms", Value::from(1)),
            ]),
        ),
    ];
    let is_straight = !more.iter().any(|(key, _)| *key == "proxy");
    // A proxy's own address is its operator's choice, and needs no leave.
    let address = Value::map([("allow_private", Value::from(is_straight))]);
    options.push(("address", address));
    options.extend(more);
    let segment: &'static Segment = Box::leak(Box::new(Segment::in_process()));
    Client::with_segment(
        Plan::parse("catalog", &Value::map(options)).unwrap(),
        segment,
    )
}

fn post(client: &Client) -> Result<Answer, CallError> {
    client.call(&Request::new(http::Method::POST, "a"), &NoHost)
}

#[test]
fn http2_by_prior_knowledge() {
    let (base, count) = server(vec![Deed::Answer]);
    let client = client(&base, vec![("http", Value::from("2"))]);
    for _ in 0..3 {
        let answer = post(&client).unwrap();
        assert_eq!(
            (answer.version, &answer.body[..]),
            (http::Version::HTTP_2, &b"ok"[..])
        );
    }
    assert_eq!(count.load(Ordering::SeqCst), 3);
}

#[test]
fn a_refused_stream_and_a_goaway_were_not_sent_and_a_post_goes_again() {
    for (deed, requests) in [(Deed::Refuse, 2), (Deed::GoAway, 1)] {
        let (base, count) = server(vec![deed, Deed::Answer]);
        let client = client(&base, vec![("http", Value::from("2"))]);
        let answer = post(&client).unwrap();
        assert_eq!((answer.status, answer.attempts), (200, 2));
        assert_eq!(count.load(Ordering::SeqCst), requests);
    }
}

#[test]
fn a_cancelled_stream_may_have_been_sent_and_a_post_stays() {
    let (base, count) = server(vec![Deed::Cancel, Deed::Answer]);
    let error = post(&client(&base, vec![("http", Value::from("2"))])).unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Network), "{error:?}");
    assert_eq!((error.sent, error.attempts), (Sent::Maybe, 1));
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[test]
fn many_calls_share_one_http2_connection() {
    let (base, count) = server(vec![Deed::Answer]);
    let client = client(&base, vec![("http", Value::from("2"))]);
    let requests = (0..40).map(|key| (key, Request::new(http::Method::GET, "a")));
    let mut done = 0;
    client
        .call_many(requests, 10, &NoHost, |_, outcome| {
            done += u32::from(outcome.is_ok_and(|answer| answer.status == 200));
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!((done, count.load(Ordering::SeqCst)), (40, 40));
}

#[test]
fn a_proxy_gets_the_whole_target_and_its_name_is_not_resolved_here() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    let heard = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            .unwrap();
        String::from_utf8(head).unwrap()
    });
    let options = vec![("proxy", Value::from(proxy.as_str()))];
    let answer = post(&client("http://vendor.invalid/v1/", options)).unwrap();
    assert_eq!(&answer.body[..], b"ok");
    let heard = heard.join().unwrap();
    assert!(
        heard.starts_with("POST http://vendor.invalid/v1/a HTTP/1.1\r\n"),
        "{heard}"
    );
}

#[test]
fn a_head_that_is_too_large_is_a_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // An answer before the request would be another error.
        assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
        stream.write_all(b"HTTP/1.1 200 OK\r\n").unwrap();
        while stream.write_all(b"more: of the same\r\n").is_ok() {}
    });
    let options = vec![("proxy", Value::from(proxy.as_str()))];
    let error = post(&client("http://vendor.invalid/v1/", options)).unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Limit), "{error:?}");
    assert_eq!((error.sent, error.attempts), (Sent::Yes, 1));
}
