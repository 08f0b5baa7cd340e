//! A fork shares no socket and no runtime with its parent.
//!
//! In a program of its own, with one test: the generation is the process's, and a fork takes the
//! forking thread alone with it.

#![expect(unsafe_code, reason = "forking has no safe form")]
#![expect(clippy::unwrap_used, reason = "a test")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use causeway::http::{Client, NoHost, Request, engine};
use causeway::options::{Plan, Value};

/// Answers every request with the number of its connection.
fn vendor(connections: Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let number = connections.fetch_add(1, Ordering::SeqCst);
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut buffer = [0; 4096];
                // Requests are small and come whole.
                while stream.read(&mut buffer).is_ok_and(|bytes| bytes > 0) {
                    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{number}");
                    if stream.write_all(answer.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    base
}

fn body(client: &Client) -> Option<u8> {
    let answer = client
        .call(&Request::new(http::Method::GET, "x"), &NoHost)
        .ok()?;
    answer.body.first().copied()
}

#[test]
fn parent_and_child_go_on_over_sockets_of_their_own() {
    let base = vendor(Arc::new(AtomicUsize::new(0)));
    let options = Value::map([
        ("base_uri", Value::from(base)),
        (
            "address",
            Value::map([("allow_private", Value::from(true))]),
        ),
    ]);
    let client = Client::new(Plan::parse("catalog", &options).unwrap());
    assert_eq!((body(&client), body(&client)), (Some(b'0'), Some(b'0')));
    // SAFETY: the child makes calls and leaves by _exit; no lock is held by another thread that
    // it needs, as the vendor's threads hold none across their reads.
    match unsafe { libc::fork() } {
        0 => {
            engine::forked();
            let is_own = (body(&client), body(&client)) == (Some(b'1'), Some(b'1'));
            // SAFETY: leaves without running the parent's exit handlers.
            unsafe { libc::_exit(i32::from(!is_own)) }
        }
        -1 => panic!("no fork"),
        child => {
            let mut status = -1;
            // SAFETY: `child` is our child and `status` a valid place.
            assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
            assert_eq!(status, 0, "the child's calls");
        }
    }
    assert_eq!((body(&client), body(&client)), (Some(b'0'), Some(b'0')));
}
